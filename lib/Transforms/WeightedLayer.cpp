//===- WeightedLayer.cpp - One view of all layers with weights ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===--------------------------------------------------------------------------===//

#include "WeightedLayer.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Loops.h"
#include "cimc/Transforms/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <map>

using namespace mlir;

namespace cimc {
namespace {

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

template <typename OpTy> WeightedLayer tosaConvolution(OpTy op, int64_t channels, bool outer) {
  WeightedLayer layer;
  layer.op = op;
  layer.input = &op.getInputMutable();
  layer.weights = &op.getWeightMutable();
  layer.bias = &op.getBiasMutable();
  layer.outChannels = channels;
  layer.channelOuter = outer;
  layer.padded = llvm::any_of(op.getPad(), [](int64_t pad) { return pad != 0; });
  return layer;
}

std::optional<WeightedLayer> describe(Operation *op) {
  if (auto conv = dyn_cast<tosa::Conv2DOp>(op))
    return tosaConvolution(conv, shapeOf(conv.getWeight())[0], true);
  if (auto conv = dyn_cast<tosa::DepthwiseConv2DOp>(op))
    return tosaConvolution(conv, shapeOf(conv.getWeight())[2] * shapeOf(conv.getWeight())[3],
                           false);
  WeightedLayer layer;
  layer.op = op;
  if (auto matmul = dyn_cast<tosa::MatMulOp>(op)) {
    if (shapeOf(matmul.getB())[0] != 1)
      return std::nullopt;
    layer.input = &matmul.getAMutable();
    layer.weights = &matmul.getBMutable();
    layer.outChannels = shapeOf(matmul.getB())[2];
    return layer;
  }
  if (isa<linalg::Conv2DNhwgcGfhwcOp, linalg::Conv2DNhwgcGfhwcQOp>(op)) {
    layer.input = &op->getOpOperand(0);
    layer.weights = &op->getOpOperand(1);
    ArrayRef<int64_t> shape = shapeOf(op->getOperand(1));
    layer.outChannels = shape[0] * shape[1];
    layer.channelOuter = true;
    return layer;
  }
  return std::nullopt;
}

} // namespace

std::optional<WeightSource> findWeights(Value operand) {
  WeightSource source;
  while (Operation *def = operand.getDefiningOp()) {
    if (isConstantTensor(operand)) {
      source.constant = operand;
      std::reverse(source.moves.begin(), source.moves.end());
      return source;
    }
    if (isa<tosa::ReshapeOp, tosa::TransposeOp>(def)) {
      source.moves.push_back(def);
      operand = def->getOperand(0);
      continue;
    }
    std::optional<DequantizeForm> form =
        source.dequantize ? std::nullopt : matchDequantize(operand);
    if (!form || !isConstantTensor(form->input))
      return std::nullopt;
    source.dequantize = form;
    operand = form->input;
  }
  return std::nullopt;
}

std::optional<WeightedLayer> matchWeightedLayer(Operation *op) {
  std::optional<WeightedLayer> layer = describe(op);
  if (!layer || !findWeights(layer->weights->get()))
    return std::nullopt;
  return layer;
}

template <typename T>
SmallVector<T> applyMoves(ArrayRef<T> elements, RankedTensorType from,
                          ArrayRef<Operation *> moves) {
  SmallVector<T> current(elements);
  SmallVector<int64_t> shape(from.getShape());
  for (Operation *move : moves) {
    ArrayRef<int64_t> next = shapeOf(move->getResult(0));
    if (auto transpose = dyn_cast<tosa::TransposeOp>(move)) {
      SmallVector<int64_t> strides(shape.size(), 1), index(shape.size(), 0);
      for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
        strides[i] = strides[i + 1] * shape[i + 1];
      SmallVector<T> moved;
      moved.reserve(current.size());
      while (moved.size() < current.size()) {
        int64_t offset = 0;
        for (auto [i, dim] : llvm::enumerate(transpose.getPerms()))
          offset += index[i] * strides[dim];
        moved.push_back(current[offset]);
        for (int64_t i = static_cast<int64_t>(index.size()) - 1; i >= 0 && ++index[i] == next[i];
             --i)
          index[i] = 0;
      }
      current = std::move(moved);
    }
    shape.assign(next.begin(), next.end());
  }
  return current;
}

template SmallVector<int8_t> applyMoves<int8_t>(ArrayRef<int8_t>, RankedTensorType,
                                                ArrayRef<Operation *>);
template SmallVector<float> applyMoves<float>(ArrayRef<float>, RankedTensorType,
                                              ArrayRef<Operation *>);

Value channelsLastResult(OpBuilder &builder, const WeightedLayer &layer) {
  Value result = layer.result();
  ArrayRef<int64_t> shape = shapeOf(result);
  if (shape.size() != 5)
    return result;
  SmallVector<int64_t> merged = {shape[0], shape[1], shape[2], shape[3] * shape[4]};
  if (result.hasOneUse())
    if (auto reshape = dyn_cast<tosa::ReshapeOp>(*result.user_begin()))
      if (shapeOf(reshape.getOutput()) == ArrayRef(merged))
        return reshape.getOutput();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfter(layer.op);
  Location loc = layer.op->getLoc();
  auto type = cast<RankedTensorType>(result.getType());
  auto down = tosa::ReshapeOp::create(builder, loc, type.clone(merged), result,
                                      makeShape(builder, loc, merged));
  auto up = tosa::ReshapeOp::create(builder, loc, type, down, makeShape(builder, loc, shape));
  result.replaceAllUsesExcept(up, down);
  return down;
}

bool hasUnquantizedLayer(func::FuncOp function) {
  for (Operation *op : networkOps(function)) {
    std::optional<WeightedLayer> layer = matchWeightedLayer(op);
    if (!layer || !layer->isFloat())
      continue;
    Value input = layer->input->get();
    while (isa_and_nonnull<tosa::ReshapeOp, tosa::TransposeOp, tosa::PadOp, tosa::MaxPool2dOp,
                           tosa::ConcatOp, tensor::ExtractSliceOp>(input.getDefiningOp()))
      input = input.getDefiningOp()->getOperand(0);
    if (!findWeights(layer->weights->get())->dequantize || !matchDequantize(input))
      return true;
  }
  return false;
}

std::string layerName(Operation *op) {
  Location loc = op->getLoc();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (isa<NameLoc>(part))
        loc = part;
  if (auto name = dyn_cast<NameLoc>(loc))
    return "'" + name.getName().str() + "'";
  return "'" + op->getName().getStringRef().str() + "'";
}

namespace {

/// A float matrix of inputs by outputs.
struct FloatMatrix {
  Operation *op;
  SmallVector<float> values; ///< in the layer's own order
  int64_t inputs, outputs;
  bool channelOuter;

  float at(int64_t input, int64_t output) const {
    return values[channelOuter ? output * inputs + input : input * outputs + output];
  }
  bool isTransposeOf(const FloatMatrix &other) const {
    if (inputs != other.outputs || outputs != other.inputs)
      return false;
    for (int64_t input = 0; input < inputs; ++input)
      for (int64_t output = 0; output < outputs; ++output)
        if (at(input, output) != other.at(output, input))
          return false;
    return true;
  }
};

std::optional<FloatMatrix> floatMatrixOf(Operation *op) {
  std::optional<WeightedLayer> layer = matchWeightedLayer(op);
  if (!layer || !layer->isFloat() || !isa<tosa::MatMulOp, tosa::Conv2DOp>(op))
    return std::nullopt;
  WeightSource source = *findWeights(layer->weights->get());
  std::optional<SmallVector<float>> values = getFloats(source.constant);
  if (source.dequantize || !values || static_cast<int64_t>(values->size()) != layer->weightCount())
    return std::nullopt;
  return FloatMatrix{
      op,
      applyMoves<float>(*values, cast<RankedTensorType>(source.constant.getType()), source.moves),
      layer->weightCount() / layer->outChannels, layer->outChannels, layer->channelOuter};
}

} // namespace

llvm::DenseSet<Operation *> findTransposedPairs(func::FuncOp function) {
  // Values are fetched for layers that have a partner of the right sizes alone.
  std::map<std::pair<int64_t, int64_t>, SmallVector<Operation *>> bySizes;
  for (Operation *op : networkOps(function))
    if (std::optional<WeightedLayer> layer = matchWeightedLayer(op))
      bySizes[{layer->weightCount() / layer->outChannels, layer->outChannels}].push_back(op);
  llvm::DenseSet<Operation *> pairs;
  for (const auto &[sizes, ops] : bySizes) {
    auto partners = bySizes.find({sizes.second, sizes.first});
    if (partners == bySizes.end() || sizes.first < sizes.second)
      continue;
    SmallVector<FloatMatrix> others;
    for (Operation *op : partners->second)
      if (std::optional<FloatMatrix> matrix = floatMatrixOf(op))
        others.push_back(std::move(*matrix));
    for (Operation *op : ops)
      if (std::optional<FloatMatrix> matrix = floatMatrixOf(op))
        for (const FloatMatrix &other : others)
          if (op != other.op && matrix->isTransposeOf(other)) {
            pairs.insert(op);
            pairs.insert(other.op);
          }
  }
  return pairs;
}

bool usesTransposedWeights(ModuleOp module) {
  return llvm::any_of(module.getOps<func::FuncOp>(), [](func::FuncOp function) {
    return !function.isExternal() && !findTransposedPairs(function).empty();
  });
}

} // namespace cimc
