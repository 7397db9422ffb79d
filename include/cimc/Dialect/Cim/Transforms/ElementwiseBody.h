//===- ElementwiseBody.h - What scalar bodies keep in memory --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the body of an elementwise stage is computed row by row: which scratch area holds each value,
// and what comparisons are made of. The planner reserves what the block that is written later uses;
// both ask here.
//
// Truth values are 0 or 1 in f32. Those of the stage's operands and result, which are bytes in
// streams, are converted in scratch `truth<operand>` and `truth`.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIM_TRANSFORMS_ELEMENTWISEBODY_H
#define CIMC_DIALECT_CIM_TRANSFORMS_ELEMENTWISEBODY_H

#include "cimc/Dialect/Cim/IR/Cim.h"

namespace cimc::cim {

/// A comparison in terms of those that a digital unit has: equal, less, less or equal.
struct Comparison {
  enum Kind { Equal, Less, LessOrEqual } kind;
  bool swap = false;   ///< operands change sides
  bool negate = false; ///< the result is turned round: 1 - x
  enum {
    Once,
    BothWays, ///< true if it holds for (a, b) or for (b, a)
    OfEach,   ///< true if it holds for (a, a) and for (b, b)
  } times = Once;
};

/// The comparison that `op` is; none if it is no comparison, or one of unsigned integers.
std::optional<Comparison> comparisonOf(mlir::Operation &op);

/// For each op of the body, in order, the scratch area `t<slot>` that holds its result; -1 for
/// constants and for the op whose result is yielded.
llvm::SmallVector<int64_t> elementwiseSlots(ElementwiseOp op);

/// Whether some comparison of the body needs the constant `one`.
bool usesOne(ElementwiseOp op);
/// Bytes of an element of scratch `aside`, where comparisons of integers and of f16 and the parts
/// of double ones are made; 0 if the body has none.
int64_t asideBytes(ElementwiseOp op);

} // namespace cimc::cim

#endif // CIMC_DIALECT_CIM_TRANSFORMS_ELEMENTWISEBODY_H
