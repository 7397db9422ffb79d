//===- LiveRows.h - Memory of streams before there are cores ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the activations of a logical network take where its rows stream through one large memory,
// for those who decide which chip computes what before stages are known.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_DIALECT_CIM_TRANSFORMS_LIVEROWS_H
#define CIMC_LIB_DIALECT_CIM_TRANSFORMS_LIVEROWS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "llvm/ADT/DenseMap.h"

namespace cimc::cim {

/// For each value that is a stream of rows, the rows of it that live at once in the firing sequence
/// that mapping::schedule finds for the whole function on one core, at least 1. Rows are made as
/// late as readers allow, so this is what a schedule on any cores needs at least about. Empty where
/// the function has no schedule, of which later passes tell the reason.
llvm::DenseMap<mlir::Value, int64_t> countLiveRows(mlir::func::FuncOp function);

} // namespace cimc::cim

#endif // CIMC_LIB_DIALECT_CIM_TRANSFORMS_LIVEROWS_H
