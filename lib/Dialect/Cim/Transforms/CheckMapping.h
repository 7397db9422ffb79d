//===- CheckMapping.h - What tiled and placed levels promise --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The post-conditions of tiling and placement.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_DIALECT_CIM_TRANSFORMS_CHECKMAPPING_H
#define CIMC_LIB_DIALECT_CIM_TRANSFORMS_CHECKMAPPING_H

#include "cimc/Dialect/Cim/IR/Cim.h"

namespace cimc::cim {

/// Bits of the widest value of an i8 weight. Fails, without a message, if its data is missing.
mlir::FailureOr<int64_t> bitsOf(WeightOp weight);

/// Checks every weight's tiles: they fit an array, cover each slice of the weight exactly once,
/// have cells that hold the slice's bits, are disjoint in each array, and their arrays are among
/// those of the machine. Emits an error at each weight that fails, with a note at the other one of
/// two that overlap.
mlir::LogicalResult checkTiles(mlir::ModuleOp module, const target::Target &target);

/// Checks that every stage has a core of the machine.
mlir::LogicalResult checkCores(mlir::ModuleOp module, const target::Target &target);

} // namespace cimc::cim

#endif // CIMC_LIB_DIALECT_CIM_TRANSFORMS_CHECKMAPPING_H
