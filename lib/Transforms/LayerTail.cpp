//===- LayerTail.cpp - What a requantisation takes over -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===--------------------------------------------------------------------------===//

#include "LayerTail.h"

#include "UnaryChain.h"

#include "cimc/Transforms/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace cimc {
namespace {

/// Adds a chain's steps to the tail; false if they cannot all go into a requantisation.
bool absorb(const UnaryChain &chain, int64_t channelAxis, Tail &tail) {
  for (const ChainStep &step : chain.steps) {
    bool bounded = std::isfinite(tail.low) || std::isfinite(tail.high);
    bool perTensor = step.value.values.size() == 1;
    if (step.kind == ChainStep::Add && !bounded && (perTensor || step.value.axis == channelAxis))
      tail.added.push_back(step.value);
    else if (step.kind == ChainStep::Maximum && perTensor)
      tail.low = std::max<float>(tail.low, step.value.at(0)),
      tail.high = std::max(tail.high, tail.low);
    else if (step.kind == ChainStep::Minimum && perTensor)
      tail.high = std::min<float>(tail.high, step.value.at(0)),
      tail.low = std::min(tail.low, tail.high);
    else
      return false;
  }
  return true;
}

/// Takes one more op into the tail; false if there is none, or it does not belong there, or is a
/// quantise (which is then recorded).
bool takeNext(Tail &tail, int64_t channelAxis) {
  if (!tail.floatEnd.hasOneUse())
    return false;
  auto user = dyn_cast<linalg::GenericOp>(*tail.floatEnd.user_begin());
  if (!user)
    return false;
  if (std::optional<QuantizeForm> form = matchQuantize(user)) {
    tail.quantize = form;
    tail.quantized = user.getResult(0);
    return false;
  }
  std::optional<UnaryChain> chain = matchUnaryChain(user);
  Tail longer = tail;
  if (!chain || !absorb(*chain, channelAxis, longer))
    return false;
  tail = longer;
  tail.floatEnd = user.getResult(0);
  return true;
}

int64_t lastAxis(Value value) { return cast<RankedTensorType>(value.getType()).getRank() - 1; }

} // namespace

Tail followTail(Value start) {
  Tail current, best;
  current.floatEnd = best.floatEnd = start;
  while (takeNext(current, lastAxis(start)))
    if (!std::isfinite(current.low) && !std::isfinite(current.high))
      best = current;
  return current.quantize ? current : best;
}

Value tailEnd(Value start) {
  Tail tail;
  tail.floatEnd = start;
  while (takeNext(tail, lastAxis(start)))
    ;
  return tail.floatEnd;
}

bool isStep(linalg::GenericOp op) {
  if (llvm::any_of(op.getDpsInputOperands(), [](OpOperand *operand) {
        return cast<ShapedType>(operand->get().getType()).getElementType().isInteger(1);
      }))
    return true;
  return llvm::any_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return isa<math::RoundEvenOp, math::FloorOp, math::CeilOp>(inner);
  });
}

bool isSum(linalg::GenericOp op) {
  int64_t sums = 0;
  bool others = llvm::any_of(op.getBody()->without_terminator(), [&](Operation &inner) {
    sums += isa<arith::AddFOp, arith::SubFOp>(inner);
    return !isa<arith::AddFOp, arith::SubFOp, arith::MaximumFOp, arith::MinimumFOp,
                arith::ConstantOp>(inner);
  });
  return !others && sums == 1;
}

bool leadsToStep(Value start) {
  while (start.hasOneUse()) {
    auto user = dyn_cast<linalg::GenericOp>(*start.user_begin());
    if (!user || !isElementwiseGeneric(user) || matchQuantize(user))
      return false;
    if (isStep(user))
      return true;
    start = user.getResult(0);
  }
  return false;
}

Value addPerChannel(OpBuilder &builder, Location loc, Value tensor, ArrayRef<float> values) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Value constant = makeFloats(builder, loc, {static_cast<int64_t>(values.size())}, values, "bias");
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  AffineMap all = builder.getMultiDimIdentityMap(static_cast<unsigned>(type.getRank()));
  auto add = linalg::GenericOp::create(
      builder, loc, type, ValueRange{tensor, constant}, empty,
      ArrayRef<AffineMap>{all, all.getMinorSubMap(1), all},
      SmallVector<utils::IteratorType>(type.getRank(), utils::IteratorType::parallel),
      [](OpBuilder &inner, Location at, ValueRange args) {
        Value sum = arith::AddFOp::create(inner, at, args[0], args[1]);
        linalg::YieldOp::create(inner, at, sum);
      });
  return add.getResult(0);
}

} // namespace cimc
