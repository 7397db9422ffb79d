//===- Registration.cpp - All dialects and passes of cimc -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cimc's own dialects and passes. MLIR's are in RegistrationUpstream.cpp, since they take long to
// compile.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Pipelines/Registration.h"

#include "cimc/Conversion/Passes.h"
#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Dialect/CimIsa/IR/CimIsa.h"
#include "cimc/Dialect/CimIsa/Transforms/Passes.h"
#include "cimc/Transforms/Passes.h"

void cimc::registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<cim::CimDialect, isa::CimIsaDialect>();
}

void cimc::registerPasses() {
  registerTransformsPasses();
  cim::registerCimTransformsPasses();
  isa::registerCimIsaTransformsPasses();
  registerConversionPasses();
}
