//===- ElementwiseFusion.h - One generic from a chain of them -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Upstream's fusion keeps a producer's result alive if it has other users and refuses broadcasts by
// a constant index. Elementwise ops of the input contract have identity output maps, so that fusing
// is composing the producer's maps with the consumer's and joining the bodies.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_TRANSFORMS_ELEMENTWISEFUSION_H
#define CIMC_LIB_TRANSFORMS_ELEMENTWISEFUSION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace cimc {

/// Replaces `consumer` by a generic that computes the producer of input `operand` in its own body;
/// other uses of the producer stay. Equal inputs are joined, splat constants become literals.
/// Requires: both are elementwise (`isElementwiseGeneric`). Gives the new op.
mlir::linalg::GenericOp fuseProducer(mlir::linalg::GenericOp consumer, mlir::OpOperand *operand);

} // namespace cimc

#endif // CIMC_LIB_TRANSFORMS_ELEMENTWISEFUSION_H
