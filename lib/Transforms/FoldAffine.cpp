//===- FoldAffine.cpp - Fold scales and shifts into weights ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A generic whose body is `a * x + b` per channel and whose input is the only use of a float layer
// becomes part of that layer: weights times `a`, bias times `a` plus `b`. The same before a layer:
// weights times `a` of their input channel, and `b` times the sum of the channel's weights into the
// bias, unless padding would have to be `-b / a`. New weights are computed in double precision and
// rounded once.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Transforms/Passes.h"

#include "QdqMotion.h"
#include "UnaryChain.h"
#include "WeightedLayer.h"

#include "cimc/Transforms/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

namespace cimc {
#define GEN_PASS_DEF_FOLDAFFINE
#include "cimc/Transforms/Passes.h.inc"
} // namespace cimc

using namespace mlir;

namespace cimc {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// `scale * x + shift`, one per channel.
struct Affine {
  SmallVector<double> scale, shift;
  bool hasScale() const {
    return llvm::any_of(scale, [](double s) { return s != 1.0; });
  }
  bool hasShift() const {
    return llvm::any_of(shift, [](double s) { return s != 0.0; });
  }
};

/// The chain as an affine function of `channels` channels on the last axis, if it is one.
std::optional<Affine> affineOf(const UnaryChain &chain, int64_t channels, int64_t axis) {
  Affine affine{SmallVector<double>(channels, 1.0), SmallVector<double>(channels, 0.0)};
  for (const ChainStep &step : chain.steps) {
    if (step.value.values.size() != 1 && step.value.axis != axis)
      return std::nullopt;
    for (int64_t i = 0; i < channels; ++i) {
      double v = step.value.at(i), &scale = affine.scale[i], &shift = affine.shift[i];
      switch (step.kind) {
      case ChainStep::Add:
        shift += v;
        break;
      case ChainStep::Subtract:
        shift -= v;
        break;
      case ChainStep::ReverseSubtract:
        scale = -scale, shift = v - shift;
        break;
      case ChainStep::Multiply:
        scale *= v, shift *= v;
        break;
      case ChainStep::Divide:
        scale /= v, shift /= v;
        break;
      default:
        return std::nullopt;
      }
      if (!std::isfinite(scale) || !std::isfinite(shift))
        return std::nullopt;
    }
  }
  return affine;
}

/// A float layer with constant float weights, laid out as they are used.
std::optional<WeightedLayer> foldableLayer(Operation *op) {
  std::optional<WeightedLayer> layer = op ? matchWeightedLayer(op) : std::nullopt;
  if (!layer || !layer->isFloat() || !getFloats(layer->weights->get()))
    return std::nullopt;
  if (layer->bias && !getFloats(layer->bias->get()))
    return std::nullopt;
  return layer;
}

/// Weights with `factor(element)` multiplied in.
template <typename Fn>
Value scaledWeights(OpBuilder &builder, const WeightedLayer &layer, Fn factor) {
  SmallVector<float> old = *getFloats(layer.weights->get());
  ConstantWriter writer(typeOf(layer.weights->get()), "weights");
  for (auto [i, out] : llvm::enumerate(writer.data<float>()))
    out = static_cast<float>(old[i] * factor(i));
  return writer.finish(builder, layer.weights->get().getLoc());
}

SmallVector<double> biasOf(const WeightedLayer &layer) {
  SmallVector<double> bias(layer.outChannels, 0.0);
  SmallVector<float> old = *getFloats(layer.bias->get());
  for (auto [i, value] : llvm::enumerate(bias))
    value = old[old.size() == 1 ? 0 : i];
  return bias;
}

void setBias(OpBuilder &builder, const WeightedLayer &layer, ArrayRef<double> bias) {
  SmallVector<float> rounded(bias.begin(), bias.end());
  layer.bias->set(
      makeFloats(builder, layer.bias->get().getLoc(), {layer.outChannels}, rounded, "bias"));
}

/// The shift as an op of its own, for layers without a bias operand.
Value addShift(OpBuilder &builder, Location loc, Value value, ArrayRef<double> shift) {
  int64_t rank = typeOf(value).getRank();
  SmallVector<float> rounded(shift.begin(), shift.end());
  Value constant = makeFloats(builder, loc, {static_cast<int64_t>(shift.size())}, rounded, "bias");
  SmallVector<AffineMap> maps = {builder.getMultiDimIdentityMap(rank),
                                 AffineMap::get(rank, 0, builder.getAffineDimExpr(rank - 1)),
                                 builder.getMultiDimIdentityMap(rank)};
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  Value init =
      tensor::EmptyOp::create(builder, loc, typeOf(value).getShape(), builder.getF32Type());
  auto add = linalg::GenericOp::create(
      builder, loc, value.getType(), ValueRange{value, constant}, init, maps, iterators,
      [](OpBuilder &b, Location at, ValueRange args) {
        linalg::YieldOp::create(b, at, arith::AddFOp::create(b, at, args[0], args[1]).getResult());
      });
  return add.getResult(0);
}

/// The layer behind a value that is used once, seen through the reshape that merges groups.
std::optional<WeightedLayer> layerBehind(Value value) {
  if (!value.hasOneUse())
    return std::nullopt;
  if (auto reshape = value.getDefiningOp<tosa::ReshapeOp>();
      reshape && typeOf(reshape.getInput1()).getRank() == 5 && reshape.getInput1().hasOneUse()) {
    std::optional<WeightedLayer> layer = foldableLayer(reshape.getInput1().getDefiningOp());
    return layer && typeOf(value).getShape().back() == layer->outChannels ? layer : std::nullopt;
  }
  return foldableLayer(value.getDefiningOp());
}

/// layer -> affine becomes a layer with other weights.
bool foldBehind(linalg::GenericOp op) {
  std::optional<UnaryChain> chain = matchUnaryChain(op);
  std::optional<WeightedLayer> layer = chain ? layerBehind(chain->input->get()) : std::nullopt;
  if (!layer)
    return false;
  Value value = chain->input->get();
  std::optional<Affine> affine = affineOf(*chain, layer->outChannels, typeOf(value).getRank() - 1);
  if (!affine || (!layer->bias && !affine->hasScale()))
    return false;
  OpBuilder builder(layer->op);
  if (affine->hasScale())
    layer->weights->set(scaledWeights(
        builder, *layer, [&](int64_t i) { return affine->scale[layer->channelOf(i)]; }));
  Value result = value;
  if (layer->bias) {
    SmallVector<double> bias = biasOf(*layer);
    for (auto [i, b] : llvm::enumerate(bias))
      b = b * affine->scale[i] + affine->shift[i];
    setBias(builder, *layer, bias);
  } else if (affine->hasShift()) {
    builder.setInsertionPoint(op);
    result = addShift(builder, op.getLoc(), value, affine->shift);
  }
  op.getResult(0).replaceAllUsesWith(result);
  op.erase();
  return true;
}

/// The input channel of each weight, for layers whose every output channel reads every input
/// channel.
int64_t inputChannelOf(const WeightedLayer &layer, int64_t element, int64_t channels) {
  return layer.channelOuter ? element % channels : element / layer.outChannels % channels;
}

/// affine -> layer becomes a layer with other weights.
bool foldBefore(linalg::GenericOp op) {
  std::optional<UnaryChain> chain = op->hasOneUse() ? matchUnaryChain(op) : std::nullopt;
  std::optional<WeightedLayer> layer = chain ? foldableLayer(*op->user_begin()) : std::nullopt;
  if (!layer || !layer->bias || layer->input->get() != op.getResult(0) ||
      !isa<tosa::Conv2DOp>(layer->op))
    return false;
  int64_t channels = typeOf(op.getResult(0)).getShape().back();
  std::optional<Affine> affine = affineOf(*chain, channels, typeOf(op.getResult(0)).getRank() - 1);
  if (!affine || (layer->padded && affine->hasShift()))
    return false;
  OpBuilder builder(layer->op);
  SmallVector<float> old = *getFloats(layer->weights->get());
  SmallVector<double> bias = biasOf(*layer);
  for (auto [i, weight] : llvm::enumerate(old))
    bias[layer->channelOf(i)] += weight * affine->shift[inputChannelOf(*layer, i, channels)];
  layer->weights->set(scaledWeights(builder, *layer, [&](int64_t i) {
    return affine->scale[inputChannelOf(*layer, i, channels)];
  }));
  setBias(builder, *layer, bias);
  layer->input->set(chain->input->get());
  op.erase();
  return true;
}

struct FoldAffine : impl::FoldAffineBase<FoldAffine> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    hoistOverReshapes(function);
    for (bool changed = true; changed;) {
      changed = false;
      for (auto op : llvm::make_early_inc_range(function.front().getOps<linalg::GenericOp>()))
        if (foldBehind(op) || foldBefore(op)) {
          ++numFolded;
          changed = true;
        }
    }
    eraseDeadOps(function);
  }
};

} // namespace
} // namespace cimc
