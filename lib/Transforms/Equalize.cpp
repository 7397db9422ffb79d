//===- Equalize.cpp - Even out the channels of a layer's input ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One scale for a tensor wastes bits on its small channels, and one scale for an output channel of
// weights wastes them on its small inputs. If channel k of a tensor is divided by s and the weights
// that read it are multiplied by s, the layer's result stays. With a and w the largest magnitudes
// of the channel and of its weights (as fractions of the largest weight of their output channel),
// s = sqrt(a / w) would make both equally large. Its root goes half the way: it gains most of the
// steps, keeps room in channels that the samples hardly moved, and leaves the weights' own scales
// nearly as good as they were. The division goes into the layer that makes the tensor,
// if only bounds at zero lie between, or into the elementwise op that makes it.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Transforms/Passes.h"

#include "LayerTail.h"
#include "QdqMotion.h"
#include "UnaryChain.h"
#include "WeightedLayer.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Loops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include "llvm/ADT/MapVector.h"

#include <cmath>

#define DEBUG_TYPE "cim-equalize"

namespace cimc {
#define GEN_PASS_DEF_EQUALIZE
#include "cimc/Transforms/Passes.h.inc"
} // namespace cimc

using namespace mlir;

namespace cimc {
namespace {

/// Channels and weights below this share of the largest count as much as that, so that factors stay
/// moderate and channels that the samples hardly moved have room.
constexpr float kLeast = 1.0f / 1024;

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
int64_t channelsOf(Value value) { return typeOf(value).getShape().back(); }

/// A float layer whose input and output channels can be scaled through its weights.
std::optional<WeightedLayer> scalableLayer(Operation *op) {
  if (!isa_and_nonnull<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, tosa::MatMulOp>(op))
    return std::nullopt;
  std::optional<WeightedLayer> layer = matchWeightedLayer(op);
  if (!layer || !layer->isFloat() || (layer->bias && !getFloats(layer->bias->get())))
    return std::nullopt;
  ElementsAttr weights = getConstantElements(layer->weights->get());
  if (!weights || !getRawBytes(weights))
    return std::nullopt;
  return layer;
}

/// What the channels of a layer are multiplied by: those it reads and those it makes; empty for 1.
struct Factors {
  SmallVector<double> in, out;
};

/// The weights as they lie in memory: all, or one for all.
ArrayRef<float> weightsOf(const WeightedLayer &layer) {
  ArrayRef<char> bytes = *getRawBytes(getConstantElements(layer.weights->get()));
  return {reinterpret_cast<const float *>(bytes.data()), bytes.size() / sizeof(float)};
}

void scaleWeights(const WeightedLayer &layer, const Factors &factors) {
  OpBuilder builder(layer.op);
  ArrayRef<float> old = weightsOf(layer);
  Value before = layer.weights->get();
  ConstantWriter writer(typeOf(before), "weights");
  MutableArrayRef<float> scaled = writer.data<float>();
  auto inputs = static_cast<int64_t>(factors.in.size());
  layer.forEachWeight(inputs ? inputs : layer.outChannels, [&](int64_t i, int64_t out, int64_t in) {
    double weight = old[old.size() == 1 ? 0 : i];
    weight *= (factors.out.empty() ? 1.0 : factors.out[out]) * (inputs ? factors.in[in] : 1.0);
    scaled[i] = static_cast<float>(weight);
  });
  layer.weights->set(writer.finish(builder, before.getLoc()));
  eraseUnusedConstant(before);
}

void scaleBias(const WeightedLayer &layer, ArrayRef<double> factors) {
  OpBuilder builder(layer.op);
  SmallVector<float> old = *getFloats(layer.bias->get()), scaled;
  for (auto [i, factor] : llvm::enumerate(factors))
    scaled.push_back(static_cast<float>(old[old.size() == 1 ? 0 : i] * factor));
  layer.bias->set(
      makeFloats(builder, layer.bias->get().getLoc(), {layer.outChannels}, scaled, "bias"));
}

/// Whether a positive factor per channel may be moved from an op's result to its operand 0.
bool commutesWithFactors(Operation *op) {
  Value result = op->getResult(0), input = op->getOperand(0);
  if (isa<tosa::ReshapeOp>(op))
    return channelsOf(result) == channelsOf(input);
  if (auto pad = dyn_cast<tosa::PadOp>(op))
    return getSplatFloat(pad.getPadConst()) == 0.0f && channelsOf(result) == channelsOf(input);
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    std::optional<UnaryChain> chain = matchUnaryChain(generic);
    return chain && chain->input == &op->getOpOperand(0) &&
           llvm::all_of(chain->steps, [](const ChainStep &step) {
             bool bound = step.kind == ChainStep::Maximum || step.kind == ChainStep::Minimum;
             return bound && llvm::all_of(step.value.values,
                                          [](double v) { return v == 0.0 || std::isinf(v); });
           });
  }
  return isa<tosa::MaxPool2dOp, tosa::AvgPool2dOp>(op);
}

/// Adds the tensors that a chain of elementwise ops starts from.
void addRoots(linalg::GenericOp op, SmallPtrSetImpl<void *> &roots) {
  for (OpOperand *operand : op.getDpsInputOperands()) {
    auto before = operand->get().getDefiningOp<linalg::GenericOp>();
    if (before && isElementwiseGeneric(before) && before->hasOneUse())
      addRoots(before, roots);
    else if (!isConstantTensor(operand->get()))
      roots.insert(operand->get().getAsOpaquePointer());
  }
}

/// An elementwise op that computes with floats whatever becomes of its inputs: a function of one
/// tensor may become a table, and a sum may add bytes.
bool computesFloats(linalg::GenericOp op) {
  if (!isElementwiseGeneric(op) || isStep(op) || isSum(op) || onlyVariableInput(op))
    return false;
  SmallPtrSet<void *, 4> roots;
  addRoots(op, roots);
  return roots.size() > 1;
}

/// `value` with channel k multiplied by `factors[k]`.
Value multiply(Value value, ArrayRef<double> factors) {
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  Location loc = value.getLoc();
  SmallVector<float> rounded(factors.begin(), factors.end());
  auto type = typeOf(value);
  Value constant =
      makeFloats(builder, loc, {static_cast<int64_t>(rounded.size())}, rounded, "factors");
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  AffineMap all = builder.getMultiDimIdentityMap(static_cast<unsigned>(type.getRank()));
  auto product = linalg::GenericOp::create(
      builder, loc, type, ValueRange{value, constant}, empty,
      ArrayRef<AffineMap>{all, all.getMinorSubMap(1), all},
      SmallVector<utils::IteratorType>(type.getRank(), utils::IteratorType::parallel),
      [](OpBuilder &inner, Location at, ValueRange args) {
        Value result = arith::MulFOp::create(inner, at, args[0], args[1]);
        linalg::YieldOp::create(inner, at, result);
      });
  value.replaceAllUsesExcept(product.getResult(0), product);
  return product.getResult(0);
}

/// Where the factors of a tensor can go: back over ops that they commute with to a layer, or to an
/// elementwise op whose result they become a part of. Null if there is no such place.
Operation *makerOf(Value value) {
  Operation *op = value.getDefiningOp();
  while (op && op->getNumResults() == 1 && commutesWithFactors(op)) {
    value = op->getOperand(0);
    if (!value.hasOneUse())
      return nullptr;
    op = value.getDefiningOp();
  }
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (generic && generic->getNumResults() == 1)
    return computesFloats(generic) ? op : nullptr;
  std::optional<WeightedLayer> layer = scalableLayer(op);
  bool hasFactors = layer && layer->outChannels == channelsOf(value);
  return hasFactors ? op : nullptr;
}

struct Equalize : impl::EqualizeBase<Equalize> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    for (Operation *op : networkOps(function))
      if (op->getNumResults() == 1 && op->hasAttr("cim.largest"))
        if (failed(equalize(op->getResult(0))))
          return signalPassFailure();
    for (auto &[op, layer] : factors) {
      WeightedLayer scaled = *scalableLayer(op);
      scaleWeights(scaled, layer);
      if (scaled.bias && !layer.out.empty())
        scaleBias(scaled, layer.out);
    }
    factors.clear();
    function.walk([](Operation *op) { op->removeAttr("cim.largest"); });
    eraseDeadOps(function);
  }

  LogicalResult equalize(Value value) {
    Operation *op = value.getDefiningOp();
    auto attr = op->getAttrOfType<DenseF32ArrayAttr>("cim.largest");
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!attr || !type || type.getRank() == 0 || attr.size() != channelsOf(value))
      return op->emitError() << "cim.largest must be an array of 32-bit floats, one for each of "
                                "the channels of "
                             << value.getType() << ", is " << op->getAttr("cim.largest");
    SmallVector<WeightedLayer> readers;
    for (OpOperand &use : value.getUses()) {
      std::optional<WeightedLayer> layer = scalableLayer(use.getOwner());
      if (!layer || layer->input != &use)
        return success();
      readers.push_back(*layer);
    }
    Operation *maker = makerOf(value);
    if (!maker || readers.empty())
      return success();
    SmallVector<double> scales = choose(attr, readers), inverse;
    for (double scale : scales)
      inverse.push_back(1.0 / scale);
    for (const WeightedLayer &reader : readers)
      factors[reader.op].in = scales;
    if (isa<linalg::GenericOp>(maker))
      multiply(maker->getResult(0), inverse);
    else
      factors[maker].out = inverse;
    ++numTensors;
    return success();
  }

  /// The fourth root of a / w per channel.
  static SmallVector<double> choose(ArrayRef<float> largest, ArrayRef<WeightedLayer> readers) {
    auto channels = static_cast<int64_t>(largest.size());
    SmallVector<float> weights(channels, kLeast);
    for (const WeightedLayer &reader : readers) {
      ArrayRef<float> all = weightsOf(reader);
      auto at = [&](int64_t i) { return std::fabs(all[all.size() == 1 ? 0 : i]); };
      SmallVector<float> top(reader.outChannels, 1e-30f);
      reader.forEachWeight([&](int64_t i, int64_t out) { top[out] = std::max(top[out], at(i)); });
      reader.forEachWeight(channels, [&](int64_t i, int64_t out, int64_t in) {
        weights[in] = std::max(weights[in], at(i) / top[out]);
      });
    }
    float most = *std::max_element(largest.begin(), largest.end());
    SmallVector<double> scales(channels, 1.0);
    if (!(most > 1e-30f) || !std::isfinite(most))
      return scales;
    for (auto [i, scale] : llvm::enumerate(scales))
      scale = std::sqrt(std::sqrt(std::max(largest[i] / most, kLeast) / weights[i]));
    return scales;
  }

  /// By layer, so that each is written once.
  llvm::MapVector<Operation *, Factors> factors;
};

} // namespace
} // namespace cimc
