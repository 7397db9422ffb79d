//===- Partition.h - Which chip holds which part of a network --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A network on several equal chips: weighted layers take room for their weights and can be cut,
// other ops go whole. Find a home for every part such that weights and activations fit, with as few
// bytes between chips as possible. docs/partitioning.md explains solvers and bound.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_MAPPING_PARTITION_H
#define CIMC_MAPPING_PARTITION_H

#include "cimc/Support/Result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cimc::mapping {

/// Stands for the host where a node is asked for. What it makes and reads is not between chips.
inline constexpr int64_t kHostReader = -1;

/// A weighted layer or a digital op.
struct PartitionNode {
  std::string name;
  int64_t capacity = 0;    ///< room that its weights take on chips; 0 for digital ops
  int64_t outputUnits = 1; ///< equal parts into which it can be cut along its outputs
  int64_t inputUnits = 1;  ///< likewise along its inputs
  int64_t sumBytes = 0;    ///< partial sums that a part of a layer cut along its inputs sends
  int64_t work = 0;        ///< time that it takes where it is whole, in any unit
  int64_t memoryBytes = 0; ///< activations that every chip with a part of it keeps
};

/// What a node (or the host) makes in one inference, and who reads it.
struct PartitionValue {
  int64_t producer = kHostReader;
  int64_t bytes = 0;
  std::vector<int64_t> readers; ///< nodes or the host
};

/// Nodes stand in an order in which they can be computed.
struct PartitionProblem {
  std::vector<PartitionNode> nodes;
  std::vector<PartitionValue> values;
  int64_t chips = 1;
  int64_t chipCapacity = 0; ///< for weights
  int64_t chipMemory = 0;   ///< for activations; 0: not limited
  /// Bytes that a unit of work is worth for which a chip is on and waits: from its first node's
  /// turn to its last node's, one node after the other, without its own work. 0: waiting costs
  /// nothing.
  double bytesPerWait = 0;
};

/// Units [begin, end) of a node, of its outputs or of its inputs, on a chip.
struct Piece {
  int64_t node = 0, chip = 0, begin = 0, end = 0;
  bool byInputs = false;
};

/// Bytes between chips with these pieces, the one count that every solver and report uses: for each
/// chip and each value that a piece there reads, what is not made there. A node cut along its
/// outputs makes its pieces' shares where they are. One cut along its inputs is finished on the
/// chip of its first piece, to which the others send partial sums. Requires: pieces cover every
/// node once.
int64_t interchipBytes(const PartitionProblem &problem, const std::vector<Piece> &pieces);

enum class PartitionSolver {
  Auto,   ///< local search from several starts; never worse than Greedy
  Greedy, ///< fill one chip after the other in the order of the nodes
};
std::optional<PartitionSolver> parsePartitionSolver(std::string_view name);

struct PartitionOptions {
  PartitionSolver solver = PartitionSolver::Auto;
  uint32_t seed = 1;
  int64_t moves = 600'000; ///< that the search tries, over all starts
};

struct Partition {
  std::vector<Piece> pieces; ///< by node, then unit
  int64_t interchipBytes = 0;
  int64_t chipsUsed = 0;
  int64_t workOfBusiest = 0;   ///< of one chip, pieces by their share
  int64_t waiting = 0;         ///< work that chips wait for, over all of them
  int64_t memoryOfFullest = 0; ///< activations of one chip
};

/// Solves the problem. Deterministic. Fails, with the node or the shortfall, where weights or
/// activations do not fit.
Result<Partition> partition(const PartitionProblem &problem, const PartitionOptions &options = {});

/// The figures of pieces that checkPartition accepts.
Partition partitionOf(const PartitionProblem &problem, const std::vector<Piece> &pieces);

/// Checks pieces independently of how they were found: every unit of every node lies on one chip of
/// the machine, a node is cut in one way, and each chip's weights and activations fit.
Status checkPartition(const PartitionProblem &problem, const std::vector<Piece> &pieces);

/// The least number of chips that could hold the weights, by capacity alone.
int64_t leastChips(const PartitionProblem &problem);

} // namespace cimc::mapping

#endif // CIMC_MAPPING_PARTITION_H
