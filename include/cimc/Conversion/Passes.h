//===- Passes.h - Passes between dialects ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the quantised level to dialect cim, and from there to the instruction set.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_CONVERSION_PASSES_H
#define CIMC_CONVERSION_PASSES_H

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Dialect/CimIsa/IR/CimIsa.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace cimc {

#define GEN_PASS_DECL
#include "cimc/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "cimc/Conversion/Passes.h.inc"

} // namespace cimc

#endif // CIMC_CONVERSION_PASSES_H
