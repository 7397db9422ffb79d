//===- Passes.h - Passes on dialect cimisa --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes on finished programs.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIMISA_TRANSFORMS_PASSES_H
#define CIMC_DIALECT_CIMISA_TRANSFORMS_PASSES_H

#include "cimc/Dialect/CimIsa/IR/CimIsa.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace cimc::isa {

#define GEN_PASS_DECL
#include "cimc/Dialect/CimIsa/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "cimc/Dialect/CimIsa/Transforms/Passes.h.inc"

} // namespace cimc::isa

#endif // CIMC_DIALECT_CIMISA_TRANSFORMS_PASSES_H
