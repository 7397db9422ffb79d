//===- Passes.h - Passes of the mapping dialect --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Declared in Passes.td, one source file each.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIM_TRANSFORMS_PASSES_H
#define CIMC_DIALECT_CIM_TRANSFORMS_PASSES_H

#include "cimc/Dialect/Cim/IR/Cim.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace cimc::cim {

#define GEN_PASS_DECL
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"

} // namespace cimc::cim

#endif // CIMC_DIALECT_CIM_TRANSFORMS_PASSES_H
