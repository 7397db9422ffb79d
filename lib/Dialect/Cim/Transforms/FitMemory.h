//===- FitMemory.h - Digital ops where memory suffices --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Translates between a placed function and the problem of Mapping/Homes.h.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_DIALECT_CIM_TRANSFORMS_FITMEMORY_H
#define CIMC_LIB_DIALECT_CIM_TRANSFORMS_FITMEMORY_H

#include "cimc/Target/Target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace cimc::cim {

/// Moves digital ops of a placed function, whose cores are numbered as the arrays are (places on
/// the grid come later), to other cores until every core's memory suffices, as far as that can be
/// reached. Cores without arrays are used where need be. Where memory suffices nothing moves. Fails
/// if the stage graph cannot be built, with its message; memory that does not suffice is left to
/// the scheduler to report.
mlir::LogicalResult moveToFitMemory(mlir::func::FuncOp function, const target::Target &target);

} // namespace cimc::cim

#endif // CIMC_LIB_DIALECT_CIM_TRANSFORMS_FITMEMORY_H
