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

} // namespace cimc

#endif // CIMC_TRANSFORMS_ELEMENTWISE_H
