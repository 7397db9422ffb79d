//===- HeldDiagnostics.h - Messages of what is only tried -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef CIMC_LIB_PIPELINES_HELDDIAGNOSTICS_H
#define CIMC_LIB_PIPELINES_HELDDIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"

#include <utility>
#include <vector>

namespace cimc {

/// Keeps diagnostics back, to be shown or dropped.
class HeldDiagnostics {
public:
  explicit HeldDiagnostics(mlir::MLIRContext *context)
      : handler(context, [this](mlir::Diagnostic &diagnostic) {
          kept.push_back(std::move(diagnostic));
          return mlir::success();
        }) {}

  std::vector<mlir::Diagnostic> take() { return std::exchange(kept, {}); }

private:
  std::vector<mlir::Diagnostic> kept;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace cimc

#endif // CIMC_LIB_PIPELINES_HELDDIAGNOSTICS_H
