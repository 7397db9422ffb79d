//===- PartitionExact.h - Optimal partitions and bounds --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What integer programming says of a partition problem: the optimum of small ones, and a lower
// bound for larger ones. docs/partitioning.md has the programs.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_MAPPING_PARTITIONEXACT_H
#define CIMC_MAPPING_PARTITIONEXACT_H

#include "cimc/Mapping/Partition.h"

namespace cimc::mapping {

struct ExactOptions {
  int64_t nodes = 200'000; ///< of the search tree; the search gives up behind them
};

/// An optimal partition, and whether it was proved to be one: the search may end at its limit with
/// the best that was found. Nodes are cut along their outputs. Deterministic. Fails as partition
/// does.
struct ExactPartition {
  Partition partition;
  bool proved = false;
  int64_t bound = 0; ///< no partition has fewer bytes
};
Result<ExactPartition> partitionExactly(const PartitionProblem &problem,
                                        const ExactOptions &options = {});

struct BoundOptions {
  int64_t rounds = 40; ///< of the improvement of prices
};

/// Bytes between chips that every partition has at least; `known` is what some partition has.
/// Deterministic. Rounded down; 0 where everything may fit one chip, or where nodes may be cut
/// along their inputs.
int64_t interchipBound(const PartitionProblem &problem, int64_t known,
                       const BoundOptions &options = {});

} // namespace cimc::mapping

#endif // CIMC_MAPPING_PARTITIONEXACT_H
