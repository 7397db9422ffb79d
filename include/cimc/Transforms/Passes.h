//===- Passes.h - Passes from the entry to the quantised level ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes on upstream dialects: clean-up of imported models, the check of the input contract, and
// quantisation.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TRANSFORMS_PASSES_H
#define CIMC_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace cimc {

#define GEN_PASS_DECL
#include "cimc/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "cimc/Transforms/Passes.h.inc"

/// Whether a float layer of `module` has the transpose of the weights of another one.
bool usesTransposedWeights(mlir::ModuleOp module);

} // namespace cimc

#endif // CIMC_TRANSFORMS_PASSES_H
