//===- CimIsaDialect.cpp - The instruction-set dialect --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers the ops and attributes that are generated from CimIsaOps.td.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/CimIsa/IR/CimIsa.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace cimc::isa;

#include "cimc/Dialect/CimIsa/IR/CimIsaDialect.cpp.inc"
#include "cimc/Dialect/CimIsa/IR/CimIsaEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "cimc/Dialect/CimIsa/IR/CimIsaAttributes.cpp.inc"

#define GET_OP_CLASSES
#include "cimc/Dialect/CimIsa/IR/CimIsaOps.cpp.inc"

void CimIsaDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "cimc/Dialect/CimIsa/IR/CimIsaAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "cimc/Dialect/CimIsa/IR/CimIsaOps.cpp.inc"
      >();
}

uint32_t cimc::isa::getElementBytes(attr::Format format) {
  static constexpr uint32_t bytes[] = {1, 4, 4, 8};
  return bytes[static_cast<uint32_t>(format)];
}
