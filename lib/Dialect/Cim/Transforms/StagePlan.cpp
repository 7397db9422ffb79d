//===- StagePlan.cpp - What a stage keeps in its core's memory -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lists, op by op, the constants and the scratch areas of a stage. The scheduler needs their sizes,
// the conversion to `cimisa` refers to them by name:
//
//   forward      bias<k>, scale<k>, acc<k> of column k; partial, a received partial sum (also of a
//                stage that sends its own on); slice, the sums of a slice of the weights (also of
//                such a stage); weights, in the digital unit
//   requantize   bias0, scale0
//   quantize     wide: the operand in f32, if it is f16; dequantize: the same of the result
//   lookup       table
//   pad          row0: a row of the operand, where rows and inner dimensions are added
//   elementwise  operand<i>, constant operand i; c<i>, constant of body op i; t<slot>,
//                intermediate rows
//
// Constants of hand-written text may lack their data or hold it in a form that is not written out,
// so each is looked at before it is read.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/Transforms/ElementwiseBody.h"
#include "cimc/Dialect/Cim/Transforms/StageGraph.h"

#include "cimc/Support/ElementsBytes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

#include "llvm/ADT/STLExtras.h"

#include <cstring>

using namespace mlir;

namespace cimc::cim {

namespace {

/// `count` zeros of type i32.
ElementsAttr zeroBias(MLIRContext *context, int64_t count) {
  auto type = RankedTensorType::get({count}, IntegerType::get(context, 32));
  return DenseElementsAttr::get(type, static_cast<int32_t>(0));
}

/// Channels [channel, channel + count) of a per-channel attribute that may be absent or hold one
/// element for all.
ElementsAttr channelSlice(std::optional<ElementsAttr> attr, MLIRContext *context, int64_t channel,
                          int64_t count) {
  if (!attr)
    return zeroBias(context, count);
  if (attr->getNumElements() > 1 || count == 1)
    return sliceElements(*attr, attr->getNumElements() > 1 ? channel : 0, count);
  llvm::SmallVector<char> storage, repeated;
  llvm::ArrayRef<char> one = elementsBytes(*attr, storage);
  for (int64_t i = 0; i < count; ++i)
    repeated.append(one.begin(), one.end());
  auto type = RankedTensorType::get({count}, attr->getShapedType().getElementType());
  return DenseElementsAttr::getFromRawBuffer(type, repeated);
}

Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

std::string numbered(llvm::StringRef name, int64_t index) {
  return name.str() + std::to_string(index);
}

/// Checks that the data of a constant can be read as bytes.
LogicalResult checkData(Operation *op, llvm::StringRef name, ElementsAttr value) {
  if (!value)
    return success();
  if (value.getShapedType().getElementType().isInteger(1))
    return op->emitOpError() << name << " holds truth values, which no core keeps";
  llvm::SmallVector<char> storage;
  int64_t needed = value.getNumElements() * elementBytes(value.getShapedType().getElementType());
  auto found = static_cast<int64_t>(elementsBytes(value, storage).size());
  if (found != needed)
    return op->emitOpError() << name << " must have " << needed << " bytes of data, has " << found;
  return success();
}

template <typename T> llvm::SmallVector<T> valuesOf(ElementsAttr value) {
  llvm::SmallVector<char> storage;
  llvm::ArrayRef<char> bytes = elementsBytes(value, storage);
  llvm::SmallVector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// The scale and bias where sums come `instances` times: the sum of equal integers is that multiple
/// of one of them, and a power of two passes through the product in f32 unchanged, so results are
/// the same bits as those of one instance.
ElementsAttr scaleFor(ElementsAttr scale, int64_t instances) {
  if (instances == 1)
    return scale;
  auto values = valuesOf<float>(scale);
  for (float &value : values)
    value /= static_cast<float>(instances);
  return DenseElementsAttr::get(scale.getShapedType(), llvm::ArrayRef(values));
}

FailureOr<ElementsAttr> biasFor(ForwardOp op, ElementsAttr bias, int64_t instances) {
  if (instances == 1)
    return bias;
  auto values = valuesOf<int32_t>(bias);
  for (int32_t &value : values)
    if (__builtin_mul_overflow(value, static_cast<int32_t>(instances), &value))
      return op.emitOpError() << "has a bias that leaves 32 bits where " << instances
                              << " instances are added";
  return ElementsAttr(DenseElementsAttr::get(bias.getShapedType(), llvm::ArrayRef(values)));
}

LogicalResult planForward(ForwardOp op, Stage &stage) {
  if (failed(checkData(op, "bias", op.getBiasAttr())) ||
      failed(checkData(op, "scale", op.getScaleAttr())))
    return failure();
  int64_t positions = stage.positions.count;
  int64_t partialBytes = 0, sliceBytes = 0;
  auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, op.getWeightAttr());
  int64_t instances = weight.getInstances();
  for (auto [index, column] : llvm::enumerate(stage.columns)) {
    int64_t bytes = positions * column.channels * 4;
    FailureOr<ElementsAttr> bias =
        biasFor(op, channelSlice(op.getBias(), op.getContext(), column.channel, column.channels),
                instances);
    if (failed(bias))
      return failure();
    stage.constants.push_back({numbered("bias", index), *bias});
    if (op.getScale())
      stage.constants.push_back(
          {numbered("scale", index),
           scaleFor(channelSlice(op.getScale(), op.getContext(), column.channel, column.channels),
                    instances)});
    stage.scratch.push_back({numbered("acc", index), bytes});
    if (!column.partialStreams.empty() && !column.receivesFirst)
      partialBytes = std::max(partialBytes, bytes);
    if (column.readsAside())
      sliceBytes = std::max(sliceBytes, bytes);
  }
  if (partialBytes > 0)
    stage.scratch.push_back({"partial", partialBytes});
  if (sliceBytes > 0)
    stage.scratch.push_back({"slice", sliceBytes});
  return success();
}

/// Weights `groups x (kh * kw) x multiplier` as the digital unit reads them, `(kh * kw) x groups x
/// multiplier`.
ElementsAttr depthwiseWeights(WeightOp weight) {
  auto type = cast<RankedTensorType>(weight.getValue().getType());
  int64_t groups = type.getShape()[0], rows = type.getShape()[1], cols = type.getShape()[2];
  llvm::SmallVector<char> storage, ordered(static_cast<size_t>(groups * rows * cols));
  llvm::ArrayRef<char> bytes = elementsBytes(weight.getValue(), storage);
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < cols; ++c)
        ordered[(r * groups + g) * cols + c] = bytes[(g * rows + r) * cols + c];
  return DenseElementsAttr::getFromRawBuffer(
      RankedTensorType::get({rows, groups, cols}, type.getElementType()), ordered);
}

/// A layer that stays float keeps its weight as it is, and its bias if it has one.
LogicalResult planFloatForward(ForwardOp op, WeightOp weight, Stage &stage) {
  stage.constants.push_back({"weights", weight.getValue()});
  if (op.getBiasAttr())
    stage.constants.push_back({"bias", op.getBiasAttr()});
  return success(succeeded(checkData(weight, "value", weight.getValue())) &&
                 succeeded(checkData(op, "bias", op.getBiasAttr())));
}

LogicalResult planDigitalForward(ForwardOp op, Stage &stage) {
  auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, op.getWeightAttr());
  if (isDigitalFloat(weight.getValue().getElementType()))
    return planFloatForward(op, weight, stage);
  int64_t channels = cast<RankedTensorType>(op.getType()).getShape().back();
  int64_t inputChannels = cast<RankedTensorType>(op.getInput().getType()).getShape().back();
  bool isDepthwise = cast<ShapedType>(weight.getValue().getType()).getShape()[0] == inputChannels;
  if (failed(checkData(weight, "value", weight.getValue())))
    return failure();
  stage.columns.push_back({0, channels, {}, {}});
  stage.constants.push_back(
      {"weights", isDepthwise ? depthwiseWeights(weight) : weight.getValue()});
  return planForward(op, stage);
}

/// Checks that the values of a body are numbers that a row can hold. Truth values are kept as 0 or
/// 1: in f32 inside the body, in 8 bits in a stream.
LogicalResult checkBody(ElementwiseOp op) {
  auto isNumber = [](Type type) {
    return isDigitalFloat(type) || type.isInteger(1) || type.isInteger(8) || type.isInteger(32) ||
           type.isInteger(64);
  };
  auto wrong = [&](Operation &inner, Type type) {
    return op.emitOpError("body uses ")
           << type << " in '" << inner.getName() << "', which the digital unit cannot";
  };
  for (Operation &inner : op.getBody().front()) {
    for (Value operand : inner.getOperands())
      if (!isNumber(operand.getType()))
        return wrong(inner, operand.getType());
    if (inner.getNumResults() > 1 || inner.getNumRegions() > 0)
      return op.emitOpError("body holds '")
             << inner.getName() << "', which the digital unit cannot compute";
    for (Type type : inner.getResultTypes())
      if (!isNumber(type))
        return wrong(inner, type);
  }
  return success();
}

/// Whether every firing of `op` sees all of its constant operand `index`.
bool isReadWhole(Operation *op, size_t index) {
  if (auto product = dyn_cast<MatmulOp>(op))
    return index == 1 && product.readsWholeRhs();
  return isa<GatherOp>(op) && index == 0;
}

/// Truth values as bytes, which is how memory holds them; other elements as they are.
ElementsAttr bytesOfTruth(ElementsAttr value) {
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense || !dense.getElementType().isInteger(1))
    return value;
  auto values = dense.getValues<bool>();
  llvm::SmallVector<int8_t> bytes(values.begin(), values.end());
  auto type =
      RankedTensorType::get(dense.getType().getShape(), IntegerType::get(value.getContext(), 8));
  return DenseElementsAttr::get(type, llvm::ArrayRef<int8_t>(bytes));
}

/// Adds the operands of a stage that are constants. Firing r sees row r of a constant that has as
/// many rows as the stage fires, and all of any other.
LogicalResult planConstantOperands(Operation *op, Stage &stage) {
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    if (isRowTensor(operand.getType()))
      continue;
    auto constant = operand.getDefiningOp<ConstantOp>();
    std::string name = numbered("operand", index);
    if (!constant)
      return op->emitOpError() << name << " has no rows and is no cim.constant";
    ElementsAttr value = bytesOfTruth(constant.getValue());
    if (failed(checkData(constant, "value", value)))
      return failure();
    int64_t axis = getRowAxis(op->getResult(0).getType());
    llvm::ArrayRef<int64_t> shape = value.getShapedType().getShape();
    bool whole = axis >= static_cast<int64_t>(shape.size()) || isReadWhole(op, index);
    stage.constants.push_back({name, value, whole ? 1 : shape[axis]});
  }
  return success();
}

ElementsAttr oneElement(TypedAttr value) {
  return DenseElementsAttr::get(RankedTensorType::get({1}, value.getType()), Attribute(value));
}

/// The value of a constant in a body; truth values as 0 or 1 in f32.
ElementsAttr scalarConstant(arith::ConstantOp op) {
  auto value = cast<TypedAttr>(op.getValue());
  if (!value.getType().isInteger(1))
    return oneElement(value);
  bool isTrue = cast<IntegerAttr>(value).getValue().getBoolValue();
  return oneElement(FloatAttr::get(Float32Type::get(op.getContext()), isTrue ? 1.0 : 0.0));
}

LogicalResult planElementwise(ElementwiseOp op, Stage &stage) {
  if (failed(checkBody(op)) || failed(planConstantOperands(op, stage)))
    return failure();
  Block &body = op.getBody().front();
  int64_t width = 2, elements = getRowElements(op.getType());
  for (auto [index, inner] : llvm::enumerate(body.without_terminator())) {
    Type type = inner.getResult(0).getType(); // truth values take the bytes of f32
    width = std::max<int64_t>(width, type.isF16() ? 2 : std::max<int64_t>(4, elementBytes(type)));
    if (auto constant = dyn_cast<arith::ConstantOp>(inner))
      stage.constants.push_back({numbered("c", index), scalarConstant(constant)});
  }
  if (usesOne(op))
    stage.constants.push_back(
        {"one", oneElement(FloatAttr::get(Float32Type::get(op.getContext()), 1.0))});
  for (BlockArgument arg : body.getArguments())
    if (arg.getType().isInteger(1))
      stage.scratch.push_back({numbered("truth", arg.getArgNumber()), elements * 4});
  if (elementOf(op).isInteger(1))
    stage.scratch.push_back({"truth", elements * 4});
  if (int64_t bytes = asideBytes(op))
    stage.scratch.push_back({"aside", elements * bytes});
  llvm::SmallVector<int64_t> slots = elementwiseSlots(op);
  int64_t count = slots.empty() ? 0 : *llvm::max_element(slots) + 1;
  for (int64_t slot = 0; slot < count; ++slot)
    stage.scratch.push_back({numbered("t", slot), elements * width});
  return success();
}

/// A first state that is constant, unless it is 0.
LogicalResult planDelay(DelayOp op, Stage &stage) {
  if (isRowTensor(op.getInitial().getType()))
    return success();
  auto constant = op.getInitial().getDefiningOp<ConstantOp>();
  if (!constant)
    return op.emitOpError("initial has no rows and is no cim.constant");
  if (matchPattern(op.getInitial(), m_Zero()) || matchPattern(op.getInitial(), m_PosZeroFloat()))
    return success();
  stage.constants.push_back({"initial", constant.getValue()});
  return checkData(constant, "value", constant.getValue());
}

} // namespace

bool padsRows(PadOp op) {
  int64_t axis = getRowAxis(op.getType());
  return op.getLow()[axis] != 0 || op.getHigh()[axis] != 0;
}

std::optional<int64_t> unfoldedPadding(PadOp op) {
  llvm::ArrayRef<int64_t> shape = getRowShape(op.getInput().getType());
  std::optional<int64_t> padded;
  bool first = true; // no dimension of more than one element before
  for (int64_t dim = 0, axis = getRowAxis(op.getType()) + 1;
       dim < static_cast<int64_t>(shape.size()); ++dim) {
    if (op.getLow()[axis + dim] != 0 || op.getHigh()[axis + dim] != 0) {
      if (padded || !first)
        return std::nullopt;
      padded = dim;
    }
    first &= shape[dim] == 1;
  }
  return padded.value_or(-1);
}

LogicalResult planStage(Stage &stage) {
  if (stage.kind == Stage::Kind::PartialSum) {
    const Column &column = stage.columns.front();
    int64_t bytes = stage.positions.count * column.channels * 4;
    if (!column.partialStreams.empty() && !column.receivesFirst)
      stage.scratch.push_back({"partial", bytes});
    if (column.readsAside())
      stage.scratch.push_back({"slice", bytes});
    return success();
  }
  if (auto op = dyn_cast<ForwardOp>(stage.op))
    return stage.columns.empty() ? planDigitalForward(op, stage) : planForward(op, stage);
  if (auto op = dyn_cast<RequantizeOp>(stage.op)) {
    if (failed(checkData(op, "bias", op.getBiasAttr())) ||
        failed(checkData(op, "scale", op.getScale())))
      return failure();
    int64_t channels = cast<RankedTensorType>(op.getType()).getShape().back();
    stage.constants.push_back({"bias0", channelSlice(op.getBias(), op.getContext(), 0, channels)});
    stage.constants.push_back(
        {"scale0", channelSlice(op.getScale(), op.getContext(), 0, channels)});
    return success();
  }
  if (auto op = dyn_cast<LookupOp>(stage.op)) {
    stage.constants.push_back({"table", op.getTable()});
    return checkData(op, "table", op.getTable());
  }
  if (auto op = dyn_cast<ElementwiseOp>(stage.op))
    return planElementwise(op, stage);
  if (auto op = dyn_cast<DelayOp>(stage.op))
    return planDelay(op, stage);
  if (auto op = dyn_cast<PadOp>(stage.op))
    if (padsRows(op) && !unfoldedPadding(op))
      stage.scratch.push_back({"row0", getRowBytes(op.getInput().getType())});
  if (isa<QuantizeOp, DequantizeOp>(stage.op) &&
      (elementOf(stage.op->getOperand(0)).isF16() || elementOf(stage.op->getResult(0)).isF16()))
    stage.scratch.push_back({"wide", getRowElements(stage.op->getResult(0).getType()) * 4});
  if (isa<MatmulOp, GatherOp>(stage.op))
    return planConstantOperands(stage.op, stage);
  return success();
}

} // namespace cimc::cim
