//===- cimc-opt.cpp - Runs passes on MLIR text ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mlir-opt with cimc's dialects and passes added.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Pipelines/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  cimc::registerAllDialects(registry);
  cimc::registerAllPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "cimc optimizer driver\n", registry));
}
