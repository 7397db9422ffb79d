//===- Registration.h - All dialects and passes of cimc -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one place that knows every dialect and every pass; the tools call it and nothing else.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PIPELINES_REGISTRATION_H
#define CIMC_PIPELINES_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace cimc {

/// Adds cimc's dialects.
void registerDialects(mlir::DialectRegistry &registry);

/// Adds MLIR's dialects with their extensions, and cimc's.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Makes cimc's passes known to the textual pass pipeline. Requires: called at most once.
void registerPasses();

/// The same for MLIR's passes and cimc's. Requires: called at most once.
void registerAllPasses();

} // namespace cimc

#endif // CIMC_PIPELINES_REGISTRATION_H
