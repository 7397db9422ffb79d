//===- RegistrationUpstream.cpp - MLIR's dialects and passes --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything that mlir-opt knows, for tools that a developer uses. It stands alone because its
// headers take long to compile.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Pipelines/Registration.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"

void cimc::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerDialects(registry);
}

void cimc::registerAllPasses() {
  mlir::registerAllPasses();
  registerPasses();
}
