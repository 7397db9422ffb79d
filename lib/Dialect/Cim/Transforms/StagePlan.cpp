//===- StagePlan.cpp - What a stage keeps in its core's memory -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lists, op by op, the constants and the scratch areas of a stage. The scheduler needs their sizes,
// the conversion to `cimisa` refers to them by name:
//
//   forward      bias<k>, scale<k>, acc<k> of column k; partial: a received partial sum; weights:
//   in the digital unit requantize   bias0, scale0 lookup       table elementwise  operand<i>:
//   constant operand i; c<i>: constant of body op i; t<slot>: intermediate rows
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

void planForward(ForwardOp op, Stage &stage) {
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
    if (!column.partialStreams.empty())
      partialBytes = std::max(partialBytes, bytes);
  }
  if (partialBytes > 0)
    stage.scratch.push_back({"partial", partialBytes});
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
  stage.columns.push_back({0, channels, {}, {}});
  stage.constants.push_back({"weights", depthwiseWeights(weight)});
  planForward(op, stage);
  return success();
}

void planElementwise(ElementwiseOp op, Stage &stage) {
  for (auto [index, operand] : llvm::enumerate(op.getInputs()))
    if (auto constant = operand.getDefiningOp<ConstantOp>())
      stage.constants.push_back({numbered("operand", index), constant.getValue()});
  for (auto [index, inner] : llvm::enumerate(op.getBody().front().without_terminator()))
    if (auto constant = dyn_cast<arith::ConstantOp>(inner)) {
      auto type = RankedTensorType::get({1}, constant.getType());
      stage.constants.push_back(
          {numbered("c", index), DenseElementsAttr::get(type, constant.getValue())});
    }
  llvm::SmallVector<int64_t> slots = elementwiseSlots(op);
  int64_t count = slots.empty() ? 0 : *llvm::max_element(slots) + 1;
  for (int64_t slot = 0; slot < count; ++slot)
    stage.scratch.push_back({numbered("t", slot), getRowElements(op.getType()) * 4});
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

LogicalResult planStage(Stage &stage) {
  if (stage.kind == Stage::Kind::PartialSum)
    return success();
  if (auto op = dyn_cast<ForwardOp>(stage.op)) {
    if (stage.columns.empty())
      return planDigitalForward(op, stage);
    planForward(op, stage);
  } else if (auto op = dyn_cast<RequantizeOp>(stage.op)) {
    int64_t channels = cast<RankedTensorType>(op.getType()).getShape().back();
    stage.constants.push_back({"bias0", channelSlice(op.getBias(), op.getContext(), 0, channels)});
    stage.constants.push_back(
        {"scale0", channelSlice(op.getScale(), op.getContext(), 0, channels)});
  } else if (auto op = dyn_cast<LookupOp>(stage.op)) {
    stage.constants.push_back({"table", op.getTable()});
  } else if (auto op = dyn_cast<ElementwiseOp>(stage.op)) {
    planElementwise(op, stage);
  }
  return success();
}

} // namespace cimc::cim
