//===- Registration.cpp - All dialects and passes of cimc -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cimc's own dialects and passes. MLIR's are in RegistrationUpstream.cpp, since they take long to compile.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Pipelines/Registration.h"

#include "cimc/Dialect/CimIsa/IR/CimIsa.h"
#ifdef CIMC_HAVE_CimcCimDialect
#include "cimc/Dialect/Cim/IR/Cim.h"
#endif
#ifdef CIMC_HAVE_CimcTransforms
#include "cimc/Transforms/Passes.h"
#endif
#ifdef CIMC_HAVE_CimcCimTransforms
#include "cimc/Dialect/Cim/Transforms/Passes.h"
#endif
#ifdef CIMC_HAVE_CimcConversion
#include "cimc/Conversion/Passes.h"
#endif

void cimc::registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<isa::CimIsaDialect>();
#ifdef CIMC_HAVE_CimcCimDialect
  registry.insert<cim::CimDialect>();
#endif
}

void cimc::registerPasses() {
#ifdef CIMC_HAVE_CimcTransforms
  registerTransformsPasses();
#endif
#ifdef CIMC_HAVE_CimcCimTransforms
  cim::registerCimTransformsPasses();
#endif
#ifdef CIMC_HAVE_CimcConversion
  registerConversionPasses();
#endif
}
