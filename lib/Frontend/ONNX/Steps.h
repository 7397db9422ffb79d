//===- Steps.h - Loops over time steps at the entry level ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recurrent layers, Scan and Loop come down to one form (docs/input-contract.md): an `scf.for` that
// counts steps, whose iteration arguments are the states and the sequences that it fills row by
// row. A single step needs no loop.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_STEPS_H
#define CIMC_LIB_FRONTEND_ONNX_STEPS_H

#include "ImportContext.h"

namespace cimc::frontend {

/// The step that a loop's body computes.
struct CurrentStep {
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Value index; ///< null if there is only one step

  /// The part of `sequence` that belongs to this step, without dimension `axis`, along which the
  /// sequence has one entry per step.
  mlir::Value slice(mlir::Value sequence, int64_t axis) const;
};

/// What one step makes: every state's next value, and an entry for every sequence to be filled.
struct StepResults {
  llvm::SmallVector<mlir::Value> states, entries;
};

using StepBody =
    llvm::function_ref<mlir::FailureOr<StepResults>(const CurrentStep &, mlir::ValueRange states)>;

/// Builds `steps` (at least 1) steps, the first from `initial`. The states of the result are those
/// after the last step, its entries the whole sequences; `axes` says, for each, which of their
/// dimensions counts the steps. Fails if `body` fails.
mlir::FailureOr<StepResults> buildSteps(mlir::OpBuilder &builder, mlir::Location loc, int64_t steps,
                                        mlir::ValueRange initial, llvm::ArrayRef<int64_t> axes,
                                        StepBody body);

/// `sequence` from its last entry along `axis` to its first.
mlir::Value buildReverse(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value sequence,
                         int64_t axis);

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_STEPS_H
