//===- Diagnostics.h - Messages of the compiler as users read them ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef CIMC_TOOLS_CIMC_DIAGNOSTICS_H
#define CIMC_TOOLS_CIMC_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"

#include <string>

namespace cimc {

/// Prints every diagnostic of a context to standard error as `cimc: error: FILE: at 'node':
/// message`, notes below it.
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext *context, std::string input);

  unsigned errors() const { return errorCount; }

private:
  std::string input;
  unsigned errorCount = 0;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace cimc

#endif // CIMC_TOOLS_CIMC_DIAGNOSTICS_H
