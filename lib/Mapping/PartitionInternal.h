//===- PartitionInternal.h - Shares of nodes on chips ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Solvers count units of nodes on chips; which units they are does not matter for the bytes.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_MAPPING_PARTITIONINTERNAL_H
#define CIMC_LIB_MAPPING_PARTITIONINTERNAL_H

#include "cimc/Mapping/Partition.h"

namespace cimc::mapping {

/// The graph of a problem in the form that counting wants.
struct PartitionGraph {
  explicit PartitionGraph(const PartitionProblem &problem);

  const PartitionProblem &problem;
  std::vector<std::vector<int64_t>> reads; ///< values that nodes make, by node that reads
  std::vector<int64_t> turn;               ///< by node: the work of all nodes before it
};

/// How much of a node lies on a chip.
struct Share {
  int64_t node = 0, units = 0;
};

/// Nodes on chips in units. A node is cut along its outputs or along its inputs.
class Shares {
public:
  explicit Shares(const PartitionGraph &graph);

  const PartitionGraph *graph;
  std::vector<std::vector<Share>> chips; ///< by chip, by node ascending
  std::vector<bool> byInputs;            ///< by node
  std::vector<int64_t> finisher;         ///< by node: chip of the first piece; -1: not known

  int64_t unitsOf(int64_t node) const;
  int64_t on(int64_t chip, int64_t node) const;
  void add(int64_t chip, int64_t node, int64_t units);
  /// Room that `units` of a node take, rounded up.
  int64_t roomFor(int64_t node, int64_t units) const;
  int64_t roomUsed(int64_t chip) const;
  int64_t memoryUsed(int64_t chip) const;
  int64_t workOn(int64_t chip) const;
  /// Work that passes between the chip's first node and its last and is not its own.
  int64_t waitingOn(int64_t chip) const;
  /// What a solver minimises: bytes, and what waiting is worth.
  double totalCost() const;
  /// Bytes that a chip receives from others.
  int64_t received(int64_t chip) const;
  int64_t totalReceived() const;

  std::vector<Piece> pieces() const;

private:
  mutable std::vector<int64_t> stamp; ///< by value, the call that counted it last
  mutable int64_t stampNow = 0;
};

Result<Shares> solveGreedily(const PartitionGraph &graph);
/// Largest layers first, each where it leaves least room, cut along outputs only where it must be:
/// a start for networks that do not fit one behind the other.
Result<Shares> solveLargestFirst(const PartitionGraph &graph);
/// Improves `start` by `moves` random moves (simulated annealing) and a descent. The result is
/// never worse.
Shares improve(const Shares &start, int64_t moves, uint32_t seed);

} // namespace cimc::mapping

#endif // CIMC_LIB_MAPPING_PARTITIONINTERNAL_H
