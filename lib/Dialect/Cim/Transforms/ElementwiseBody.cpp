//===- ElementwiseBody.cpp - What scalar bodies keep in memory ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ElementwiseBody.h.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/Transforms/ElementwiseBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace cimc::cim {

/// "Unordered or" is the opposite of the ordered comparison the other way.
static std::optional<Comparison> comparisonOf(arith::CmpFPredicate predicate) {
  using Predicate = arith::CmpFPredicate;
  switch (predicate) {
  case Predicate::OEQ:
    return Comparison{Comparison::Equal};
  case Predicate::OLT:
    return Comparison{Comparison::Less};
  case Predicate::OLE:
    return Comparison{Comparison::LessOrEqual};
  case Predicate::OGT:
    return Comparison{Comparison::Less, /*swap=*/true};
  case Predicate::OGE:
    return Comparison{Comparison::LessOrEqual, /*swap=*/true};
  case Predicate::UNE:
    return Comparison{Comparison::Equal, false, /*negate=*/true};
  case Predicate::UGE:
    return Comparison{Comparison::Less, false, /*negate=*/true};
  case Predicate::UGT:
    return Comparison{Comparison::LessOrEqual, false, /*negate=*/true};
  case Predicate::ULE:
    return Comparison{Comparison::Less, /*swap=*/true, /*negate=*/true};
  case Predicate::ULT:
    return Comparison{Comparison::LessOrEqual, /*swap=*/true, /*negate=*/true};
  case Predicate::ONE:
    return Comparison{Comparison::Less, false, false, Comparison::BothWays};
  case Predicate::UEQ:
    return Comparison{Comparison::Less, false, /*negate=*/true, Comparison::BothWays};
  case Predicate::ORD:
    return Comparison{Comparison::Equal, false, false, Comparison::OfEach};
  case Predicate::UNO:
    return Comparison{Comparison::Equal, false, /*negate=*/true, Comparison::OfEach};
  default:
    return std::nullopt;
  }
}

static std::optional<Comparison> comparisonOf(arith::CmpIPredicate predicate) {
  using Predicate = arith::CmpIPredicate;
  switch (predicate) {
  case Predicate::eq:
    return Comparison{Comparison::Equal};
  case Predicate::ne:
    return Comparison{Comparison::Equal, false, /*negate=*/true};
  case Predicate::slt:
    return Comparison{Comparison::Less};
  case Predicate::sle:
    return Comparison{Comparison::LessOrEqual};
  case Predicate::sgt:
    return Comparison{Comparison::Less, /*swap=*/true};
  case Predicate::sge:
    return Comparison{Comparison::LessOrEqual, /*swap=*/true};
  default:
    return std::nullopt;
  }
}

std::optional<Comparison> comparisonOf(Operation &op) {
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return comparisonOf(compare.getPredicate());
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return comparisonOf(compare.getPredicate());
  return std::nullopt;
}

bool usesOne(ElementwiseOp op) {
  return llvm::any_of(op.getBody().front(), [](Operation &inner) {
    std::optional<Comparison> comparison = comparisonOf(inner);
    return comparison && comparison->negate;
  });
}

int64_t asideBytes(ElementwiseOp op) {
  int64_t bytes = 0;
  for (Operation &inner : op.getBody().front()) {
    std::optional<Comparison> comparison = comparisonOf(inner);
    bool half = comparison && inner.getOperand(0).getType().isF16();
    if (comparison &&
        (isa<arith::CmpIOp>(inner) || (half && comparison->times == Comparison::Once)))
      bytes = std::max(bytes, getElementBytes(inner.getOperand(0).getType()));
    else if (comparison && comparison->times != Comparison::Once)
      bytes = std::max<int64_t>(bytes, 4);
  }
  return bytes;
}

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

} // namespace cimc::cim
