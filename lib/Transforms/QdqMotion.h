//===- QdqMotion.h - Moving quantisation through data movement ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Data movement and maximum pools commute with quantisation. These rewrites move dequantisations
// down and quantisations up until they meet, or stand at the layers they belong to.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_TRANSFORMS_QDQMOTION_H
#define CIMC_LIB_TRANSFORMS_QDQMOTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cimc {

/// Moves until nothing moves, then removes what became dead. A quantise of a dequantise with the
/// same scale, zero point and full range disappears.
void moveQdq(mlir::func::FuncOp function);

/// Replaces dequantised constants that elementwise ops read by float constants.
void foldDequantizedConstants(mlir::func::FuncOp function);

/// Erases ops without effects whose results nobody uses.
void eraseDeadOps(mlir::func::FuncOp function);

} // namespace cimc

#endif // CIMC_LIB_TRANSFORMS_QDQMOTION_H
