//===- WeightUses.h - How a network uses its weights -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What tiling and partitioning must know of a weight: how often it is read, and which unit computes
// with it.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_DIALECT_CIM_TRANSFORMS_WEIGHTUSES_H
#define CIMC_LIB_DIALECT_CIM_TRANSFORMS_WEIGHTUSES_H

#include "cimc/Dialect/Cim/IR/Cim.h"

namespace cimc::cim {

/// How a network uses a weight.
struct WeightUse {
  WeightOp weight;
  int64_t reads = 0;       ///< vectors per inference, passes counted
  int64_t positions = 0;   ///< output positions per inference
  int64_t width = 1;       ///< output positions of the widest row
  int64_t channels = 1;    ///< of the inputs
  int64_t slices = 1;      ///< cells that a weight takes
  bool depthwise = true;   ///< every use has one channel per group
  bool transposed = false; ///< some use reads it transposed

  llvm::ArrayRef<int64_t> shape() const {
    return WeightOp(weight).getValue().getShapedType().getShape();
  }
  /// Layers that stay float are the digital unit's already.
  bool isFloat() const { return WeightOp(weight).getValue().getElementType().isF32(); }
  /// Matrices of the weight's size that take cells: slices of all instances.
  int64_t matrices() const { return slices * WeightOp(weight).getInstances(); }
  bool isDepthwise() const { return depthwise && shape()[0] > 1; }
  bool inArrays() const { return WeightOp(weight).getUnit() == Unit::Array; }
};

/// The uses of every weight, in the order of the module. Erases weights without, and counts the
/// slices of those with more bits than a cell.
mlir::FailureOr<llvm::SmallVector<WeightUse>> collectWeightUses(mlir::ModuleOp module,
                                                                const target::Target &target);

/// Lets the digital unit compute depthwise layers where that costs less than arrays (`unit`); those
/// that it has already stay there. With `report`, remarks say what each candidate costs.
void chooseUnits(llvm::ArrayRef<WeightUse> uses, const target::Target &target, bool report);

/// Leaves every depthwise layer to the digital unit. Returns whether that changed anything.
bool leaveArrays(llvm::ArrayRef<WeightUse> uses, const target::Target &target);

} // namespace cimc::cim

#endif // CIMC_LIB_DIALECT_CIM_TRANSFORMS_WEIGHTUSES_H
