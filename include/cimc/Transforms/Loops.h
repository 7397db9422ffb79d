//===- Loops.h - Loops over time steps in a network ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The entry level and the quantised level have one kind of control flow, an `scf.for` over time
// steps (docs/input-contract.md). Passes that look at every op of a network see those in bodies of
// loops through these functions.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TRANSFORMS_LOOPS_H
#define CIMC_TRANSFORMS_LOOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <optional>

namespace cimc {

/// The function's block and those of its loops, a loop's before the blocks of loops inside it.
llvm::SmallVector<mlir::Block *> networkBlocks(mlir::func::FuncOp function);

/// All ops of the function and of its loops' bodies in program order, a loop before its body.
llvm::SmallVector<mlir::Operation *> networkOps(mlir::func::FuncOp function);

/// The number of steps of a loop that counts from 0 by 1 to a constant; none for other loops.
std::optional<int64_t> stepsOf(mlir::scf::ForOp loop);

/// The dimension along which a slice lies at the step that `loop` counts, one entry long and whole
/// in every other dimension; none if the slice lies elsewhere.
std::optional<int64_t> stepAxis(mlir::OffsetSizeAndStrideOpInterface slice,
                                mlir::RankedTensorType whole, mlir::scf::ForOp loop);

/// Whether iteration argument `argument` of a loop is a sequence that an insert_slice at the step
/// fills: nothing else reads it, and its next value is what the insert_slice makes. Gives that op.
mlir::tensor::InsertSliceOp sequenceInsertion(mlir::scf::ForOp loop, unsigned argument);

} // namespace cimc

#endif // CIMC_TRANSFORMS_LOOPS_H
