//===- PartitionProblem.h - A network as a partition problem ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Translates between the logical level and mapping::PartitionProblem.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_DIALECT_CIM_TRANSFORMS_PARTITIONPROBLEM_H
#define CIMC_LIB_DIALECT_CIM_TRANSFORMS_PARTITIONPROBLEM_H

#include "WeightStore.h"
#include "WeightUses.h"

#include "cimc/Mapping/Partition.h"

namespace cimc::cim {

/// Nodes are the weights in arrays, whose layers go where they are, and all other stages and
/// outputs.
class PartitionTranslation {
public:
  /// `alongInputs`: layers may be cut along their inputs. `fill`: share of the room that is used.
  /// `memory`: bytes of activations that a chip may keep, 0: any number.
  PartitionTranslation(mlir::ModuleOp module, llvm::ArrayRef<WeightUse> uses,
                       const target::Target &target, bool alongInputs, double fill,
                       int64_t memory);

  mapping::PartitionProblem problem;

  /// Writes pieces and chips into the module; chip c of the partition is chip chipOf[c].
  void write(const mapping::Partition &partition, llvm::ArrayRef<int64_t> chipOf) const;

private:
  mapping::PartitionNode describe(const WeightUse &use, bool alongInputs) const;
  mapping::PartitionNode describe(mlir::Operation *op) const;
  void addValues();
  /// What chips keep for each node.
  void addMemory();
  PieceAttr pieceOf(const WeightUse &use, const mapping::Piece &piece, int64_t chip) const;

  mlir::ModuleOp module;
  WeightStore store;
  llvm::SmallVector<mlir::Operation *> keys;          ///< by node: its weight, or its op
  llvm::SmallVector<WeightUse> users;                 ///< by node, for weights
  llvm::DenseMap<mlir::Operation *, int64_t> nodes;   ///< by weight or op
  llvm::DenseMap<mlir::Operation *, int64_t> aliases; ///< by op: its node
};

} // namespace cimc::cim

#endif // CIMC_LIB_DIALECT_CIM_TRANSFORMS_PARTITIONPROBLEM_H
