//===- StagePlan.cpp - What a stage keeps in its core's memory -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lists, op by op, the constants and the scratch areas of a stage. The scheduler needs their sizes,
// the conversion to `cimisa` refers to them by name:
//
//   forward      bias<k>, scale<k>, acc<k> of column k; partial, a received partial sum (also of a
//                stage that sends its own on); weights, in the digital unit
//   requantize   bias0, scale0
//   lookup       table
//   pad          row0: a row of the operand, where rows and inner dimensions are added
//   elementwise  operand<i>, constant operand i; c<i>, constant of body op i; t<slot>,
//                intermediate rows
//
// Constants of hand-written text may lack their data or hold it in a form that is not written out,
// so each is looked at before it is read.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/Transforms/StageGraph.h"

#include "cimc/Support/ElementsBytes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/ADT/STLExtras.h"

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

std::string numbered(llvm::StringRef name, int64_t index) {
  return name.str() + std::to_string(index);
}

int64_t positionsOf(Value value) {
  return getRowElements(value.getType()) /
         cast<RankedTensorType>(value.getType()).getShape().back();
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

LogicalResult planForward(ForwardOp op, Stage &stage) {
  if (failed(checkData(op, "bias", op.getBiasAttr())) ||
      failed(checkData(op, "scale", op.getScaleAttr())))
    return failure();
  int64_t positions = positionsOf(op.getResult());
  int64_t partialBytes = 0;
  for (auto [index, column] : llvm::enumerate(stage.columns)) {
    int64_t bytes = positions * column.channels * 4;
    stage.constants.push_back(
        {numbered("bias", index),
         channelSlice(op.getBias(), op.getContext(), column.channel, column.channels)});
    if (op.getScale())
      stage.constants.push_back(
          {numbered("scale", index),
           channelSlice(op.getScale(), op.getContext(), column.channel, column.channels)});
    stage.scratch.push_back({numbered("acc", index), bytes});
    if (!column.partialStreams.empty() && !column.receivesFirst)
      partialBytes = std::max(partialBytes, bytes);
  }
  if (partialBytes > 0)
    stage.scratch.push_back({"partial", partialBytes});
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

LogicalResult planDigitalForward(ForwardOp op, Stage &stage) {
  auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, op.getWeightAttr());
  int64_t channels = cast<RankedTensorType>(op.getType()).getShape().back();
  int64_t inputChannels = cast<RankedTensorType>(op.getInput().getType()).getShape().back();
  if (cast<ShapedType>(weight.getValue().getType()).getShape()[0] != inputChannels)
    return op.emitOpError("computes in the digital unit, which must be depthwise: ")
           << inputChannels << " input channels, but weight '" << weight.getSymName() << "' has "
           << cast<ShapedType>(weight.getValue().getType()).getShape()[0] << " groups";
  if (failed(checkData(weight, "value", weight.getValue())))
    return failure();
  stage.columns.push_back({0, channels, {}, {}});
  stage.constants.push_back({"weights", depthwiseWeights(weight)});
  return planForward(op, stage);
}

/// A truth value lives as 0 or 1 in f32 between a comparison and the op that uses it, and nowhere
/// else.
bool usesTruth(Operation &op, Value operand) {
  return (isa<arith::SelectOp>(op) && operand == op.getOperand(0)) || isa<arith::UIToFPOp>(op);
}

/// Checks that the values of a body are numbers that a row can hold.
LogicalResult checkBody(ElementwiseOp op) {
  auto isNumber = [](Type type) {
    return type.isF32() || type.isInteger(8) || type.isInteger(32) || type.isInteger(64);
  };
  auto wrong = [&](Operation &inner, Type type) {
    return op.emitOpError("body uses ")
           << type << " in '" << inner.getName() << "', which the digital unit cannot";
  };
  for (Operation &inner : op.getBody().front()) {
    for (Value operand : inner.getOperands()) {
      bool compared = operand.getDefiningOp<arith::CmpFOp>() != nullptr;
      if (!isNumber(operand.getType()) && !(compared && usesTruth(inner, operand)))
        return wrong(inner, operand.getType());
    }
    if (inner.getNumResults() > 1 || inner.getNumRegions() > 0)
      return op.emitOpError("body holds '")
             << inner.getName() << "', which the digital unit cannot compute";
    for (Type type : inner.getResultTypes())
      if (!isNumber(type) && !isa<arith::CmpFOp>(inner))
        return wrong(inner, type);
  }
  return success();
}

LogicalResult planElementwise(ElementwiseOp op, Stage &stage) {
  if (failed(checkBody(op)))
    return failure();
  for (auto [index, operand] : llvm::enumerate(op.getInputs())) {
    if (isRowTensor(operand.getType()))
      continue;
    auto constant = operand.getDefiningOp<ConstantOp>();
    std::string name = numbered("operand", index);
    if (!constant)
      return op.emitOpError() << name << " has no rows and is no cim.constant";
    if (failed(checkData(constant, "value", constant.getValue())))
      return failure();
    int64_t axis = getRowAxis(op.getType());
    llvm::ArrayRef<int64_t> shape = constant.getValue().getShapedType().getShape();
    stage.constants.push_back(
        {name, constant.getValue(), axis < static_cast<int64_t>(shape.size()) ? shape[axis] : 1});
  }
  int64_t width = 4;
  for (auto [index, inner] : llvm::enumerate(op.getBody().front().without_terminator())) {
    width = std::max(width, elementBytes(inner.getResult(0).getType()));
    if (auto constant = dyn_cast<arith::ConstantOp>(inner)) {
      auto type = RankedTensorType::get({1}, constant.getType());
      stage.constants.push_back(
          {numbered("c", index), DenseElementsAttr::get(type, constant.getValue())});
    }
  }
  llvm::SmallVector<int64_t> slots = elementwiseSlots(op);
  int64_t count = slots.empty() ? 0 : *llvm::max_element(slots) + 1;
  for (int64_t slot = 0; slot < count; ++slot)
    stage.scratch.push_back({numbered("t", slot), getRowElements(op.getType()) * width});
  return success();
}

} // namespace

llvm::SmallVector<int64_t> elementwiseSlots(ElementwiseOp op) {
  Block &body = op.getBody().front();
  Value yielded = body.getTerminator()->getOperand(0);
  llvm::DenseMap<Value, int64_t> slotOf;
  llvm::SmallVector<bool> busy;
  llvm::SmallVector<int64_t> slots;
  for (Operation &inner : body.without_terminator()) {
    Value result = inner.getResult(0);
    int64_t slot = -1;
    if (!isa<arith::ConstantOp>(inner) && result != yielded) {
      // Taken before the operands are released, so that no op writes where it reads.
      slot = llvm::find(busy, false) - busy.begin();
      if (slot == static_cast<int64_t>(busy.size()))
        busy.push_back(true);
      busy[slot] = true;
      slotOf[result] = slot;
    }
    slots.push_back(slot);
    for (Value operand : inner.getOperands()) {
      auto held = slotOf.find(operand);
      bool last = llvm::none_of(operand.getUsers(),
                                [&](Operation *user) { return inner.isBeforeInBlock(user); });
      if (held != slotOf.end() && last)
        busy[held->second] = false;
    }
  }
  return slots;
}

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
    if (!column.partialStreams.empty() && !column.receivesFirst)
      stage.scratch.push_back({"partial", positionsOf(stage.value) * column.channels * 4});
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
  if (auto op = dyn_cast<PadOp>(stage.op))
    if (padsRows(op) && !unfoldedPadding(op))
      stage.scratch.push_back({"row0", getRowBytes(op.getInput().getType())});
  return success();
}

} // namespace cimc::cim
