//===- CimIsa.h - The instruction-set dialect -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dialect `cimisa`: a program in binary form in another notation. Everything here is generated from
// CimIsaOps.td except the few functions at the end.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIMISA_IR_CIMISA_H
#define CIMC_DIALECT_CIMISA_IR_CIMISA_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"

#include "cimc/Dialect/CimIsa/IR/CimIsaDialect.h.inc"
#include "cimc/Dialect/CimIsa/IR/CimIsaEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "cimc/Dialect/CimIsa/IR/CimIsaAttributes.h.inc"

#define GET_OP_CLASSES
#include "cimc/Dialect/CimIsa/IR/CimIsaOps.h.inc"

namespace cimc::isa {

/// Core number of a channel's end that is the host.
inline constexpr uint32_t kHostCore = 0xffffffffu;

/// Bytes of one element.
uint32_t getElementBytes(attr::Format format);

} // namespace cimc::isa

#endif // CIMC_DIALECT_CIMISA_IR_CIMISA_H
