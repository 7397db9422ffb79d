//===- cimc-lsp-server.cpp - Language server for cimc's MLIR --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gives editors completion, definitions and diagnostics in `.mlir` files with cimc's dialects.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Pipelines/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  cimc::registerAllDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
