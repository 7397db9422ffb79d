//===- QdqMotion.cpp - Moving quantisation through data movement ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Moving is exact: a dequantised element is the same number before and after it moved, and the
// largest element of a window stays the largest, since scales are positive. A padded value moves
// only if it is a number that the 8-bit type has.
//
//===--------------------------------------------------------------------------===//

#include "QdqMotion.h"

#include "UnaryChain.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Elementwise.h"
#include "cimc/Transforms/Loops.h"
#include "cimc/Transforms/QuantizedForms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <cmath>

using namespace mlir;

namespace cimc {
namespace {

/// An op that only moves or compares elements of its first operand.
bool isMovement(Operation *op) {
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return isBroadcast(generic);
  return isa<tosa::ReshapeOp, tosa::TransposeOp, tosa::PadOp, tosa::MaxPool2dOp, tosa::ReduceMaxOp,
             tosa::ReduceMinOp, tensor::ExtractSliceOp>(op);
}

/// The dequantise of an activation with one scale.
std::optional<DequantizeForm> activationDequantize(Value value) {
  std::optional<DequantizeForm> form = matchDequantize(value);
  if (!form || !form->scale.isPerTensor() || isConstantTensor(form->input) ||
      !cast<RankedTensorType>(form->input.getType()).getElementType().isInteger(8))
    return std::nullopt;
  return form;
}

/// The integer that dequantises to exactly `value`.
std::optional<int> exactInteger(float value, float scale, int zeroPoint) {
  float q = std::nearbyint(value / scale);
  if (!(std::fabs(q) <= 255.0f) || q * scale != value || q + zeroPoint < -128 ||
      q + zeroPoint > 127)
    return std::nullopt;
  return static_cast<int>(q) + zeroPoint;
}

Type withElement(Type type, Type element) { return cast<RankedTensorType>(type).clone(element); }

/// `op` on other operands, with another element type.
Value cloneWith(OpBuilder &builder, Operation *op, ArrayRef<Value> operands, Type element) {
  Operation *clone = builder.clone(*op);
  for (auto [i, operand] : llvm::enumerate(operands))
    clone->setOperand(i, operand);
  clone->getResult(0).setType(withElement(op->getResult(0).getType(), element));
  if (auto generic = dyn_cast<linalg::GenericOp>(clone)) { // a broadcast: its body yields its input
    Value init = tensor::EmptyOp::create(
        builder, op->getLoc(), cast<RankedTensorType>(generic.getResult(0).getType()).getShape(),
        element);
    init.getDefiningOp()->moveBefore(clone);
    generic.getDpsInitsMutable()[0].set(init);
    for (BlockArgument argument : generic.getBody()->getArguments())
      argument.setType(element);
  }
  clone->removeAttr("cim.range");
  return clone->getResult(0);
}

/// movement(dequantise(x)) -> dequantise(movement(x))
bool moveDequantizeDown(Operation *op) {
  std::optional<DequantizeForm> form =
      isMovement(op) ? activationDequantize(op->getOperand(0)) : std::nullopt;
  if (!form)
    return false;
  OpBuilder builder(op);
  Value padValue;
  if (auto pad = dyn_cast<tosa::PadOp>(op)) {
    std::optional<float> value = getSplatFloat(pad.getPadConst());
    std::optional<int> integer =
        value ? exactInteger(*value, form->scale.at(0), form->zeroPoint) : std::nullopt;
    if (!integer)
      return false;
    padValue = makeScalar(builder, op->getLoc(), builder.getI8Type(), *integer);
  }
  Value moved = cloneWith(builder, op, {form->input}, builder.getI8Type());
  if (padValue)
    cast<tosa::PadOp>(moved.getDefiningOp()).getPadConstMutable().assign(padValue);
  op->getResult(0).replaceAllUsesWith(
      buildDequantize(builder, op->getLoc(), moved, form->scale, form->zeroPoint));
  op->erase();
  return true;
}

/// The same for a concatenation whose inputs all have one scale.
bool moveConcatDown(tosa::ConcatOp op) {
  SmallVector<Value> inputs;
  std::optional<DequantizeForm> first;
  for (Value input : op.getInput1()) {
    std::optional<DequantizeForm> form = activationDequantize(input);
    if (!form || (first && (form->scale != first->scale || form->zeroPoint != first->zeroPoint)))
      return false;
    first = form;
    inputs.push_back(form->input);
  }
  OpBuilder builder(op);
  Value moved = cloneWith(builder, op, inputs, builder.getI8Type());
  op.getResult().replaceAllUsesWith(
      buildDequantize(builder, op.getLoc(), moved, first->scale, first->zeroPoint));
  op.erase();
  return true;
}

/// quantise(movement(x)) -> movement(quantise(x)), so that the quantise reaches the op that makes
/// x.
bool moveQuantizeUp(linalg::GenericOp op) {
  std::optional<QuantizeForm> form = matchQuantize(op);
  Operation *source = form ? form->input.getDefiningOp() : nullptr;
  // What stands before a loop stays there: the loop would do it again at every step.
  if (!source || source->getBlock() != op->getBlock() || !source->hasOneUse() ||
      isa<tosa::PadOp>(source) || !(isMovement(source) || isa<tosa::ConcatOp>(source)))
    return false;
  OpBuilder builder(op);
  SmallVector<Value> inputs;
  unsigned count = isa<tosa::ConcatOp>(source) ? source->getNumOperands() : 1;
  for (Value input : source->getOperands().take_front(count))
    inputs.push_back(buildQuantize(builder, op.getLoc(), input, form->scale, form->zeroPoint,
                                   form->lo, form->hi));
  op.getResult(0).replaceAllUsesWith(cloneWith(builder, source, inputs, builder.getI8Type()));
  op.erase();
  source->erase();
  return true;
}

/// quantise(dequantise(x)) -> x
bool cancelPair(linalg::GenericOp op) {
  std::optional<QuantizeForm> quantize = matchQuantize(op);
  std::optional<DequantizeForm> dequantize =
      quantize ? activationDequantize(quantize->input) : std::nullopt;
  if (!dequantize || dequantize->scale.at(0) != quantize->scale ||
      dequantize->zeroPoint != quantize->zeroPoint || quantize->lo != -128 || quantize->hi != 127)
    return false;
  op.getResult(0).replaceAllUsesWith(dequantize->input);
  op.erase();
  return true;
}

bool moveOne(Operation *op) {
  if (auto concat = dyn_cast<tosa::ConcatOp>(op))
    return moveConcatDown(concat);
  if (auto generic = dyn_cast<linalg::GenericOp>(op))
    return cancelPair(generic) || moveQuantizeUp(generic) || moveDequantizeDown(op);
  return moveDequantizeDown(op);
}

/// A dequantised constant as floats.
Value floatsOf(OpBuilder &builder, const DequantizeForm &form) {
  auto type = cast<RankedTensorType>(form.input.getType());
  SmallVector<int64_t> values = *getInts(form.input);
  int64_t inner = 1;
  for (int64_t i = form.scale.axis + 1; !form.scale.isPerTensor() && i < type.getRank(); ++i)
    inner *= type.getDimSize(i);
  ConstantWriter writer(type.clone(builder.getF32Type()), "dequantized");
  MutableArrayRef<float> out = writer.data<float>();
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    float scale = form.scale.isPerTensor()
                      ? form.scale.at(0)
                      : form.scale.at(i / inner % type.getDimSize(form.scale.axis));
    out[i] = static_cast<float>(static_cast<int32_t>(values[i] - form.zeroPoint)) * scale;
  }
  return writer.finish(builder, form.input.getLoc());
}

} // namespace

void eraseDeadOps(func::FuncOp function) {
  SmallVector<Operation *> ops = networkOps(function);
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
}

void foldDequantizedConstants(func::FuncOp function) {
  for (Operation *candidate : networkOps(function)) {
    auto op = dyn_cast<linalg::GenericOp>(candidate);
    std::optional<DequantizeForm> form = op ? matchDequantize(op) : std::nullopt;
    if (!form || !isConstantTensor(form->input))
      continue;
    auto isElementwiseUse = [](OpOperand &use) { return isa<linalg::GenericOp>(use.getOwner()); };
    if (llvm::none_of(op->getUses(), isElementwiseUse))
      continue;
    OpBuilder builder(op);
    op.getResult(0).replaceUsesWithIf(floatsOf(builder, *form), isElementwiseUse);
  }
}

void moveQdq(func::FuncOp function) {
  for (bool changed = true; changed;) {
    changed = hoistOverReshapes(function);
    // A rewrite erases its op and ops before it, never one that comes later.
    for (Block *block : networkBlocks(function))
      for (Operation &op : llvm::make_early_inc_range(*block))
        changed |= moveOne(&op);
    eraseDeadOps(function);
  }
}

} // namespace cimc
