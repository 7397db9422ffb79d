//===- Elementwise.h - What counts as an elementwise op -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one definition that the passes and the conversion to dialect cim go by.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TRANSFORMS_ELEMENTWISE_H
#define CIMC_TRANSFORMS_ELEMENTWISE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace cimc {

/// Whether `op` combines its operands element by element: all iterators parallel, one result with
/// the identity map, the output operand not read. How the inputs are read does not matter here.
inline bool isElementwiseGeneric(mlir::linalg::GenericOp op) {
  return op.getNumParallelLoops() == op.getNumLoops() && op.getNumDpsInits() == 1 &&
         op->getNumResults() == 1 &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() &&
         !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0));
}

/// Whether `op` only repeats its one input along dimensions where the input has size 1 or none: the
/// body yields the input, whose map has a constant 0 or nothing there and the others in order.
inline bool isBroadcast(mlir::linalg::GenericOp op) {
  if (!isElementwiseGeneric(op) || op.getNumDpsInputs() != 1 ||
      op.getBody()->getTerminator()->getOperand(0) != op.getBody()->getArgument(0))
    return false;
  int64_t last = -1;
  for (mlir::AffineExpr expr : op.getIndexingMapsArray().front().getResults()) {
    if (auto constant = llvm::dyn_cast<mlir::AffineConstantExpr>(expr)) {
      if (constant.getValue() != 0)
        return false;
      continue;
    }
    auto dim = llvm::dyn_cast<mlir::AffineDimExpr>(expr);
    if (!dim || static_cast<int64_t>(dim.getPosition()) <= last)
      return false;
    last = dim.getPosition();
  }
  return true;
}

} // namespace cimc

#endif // CIMC_TRANSFORMS_ELEMENTWISE_H
