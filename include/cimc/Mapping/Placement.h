//===- Placement.h - Putting arrays on the grid of cores --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which core holds which array: minimise bytes times hops.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_MAPPING_PLACEMENT_H
#define CIMC_MAPPING_PLACEMENT_H

#include "cimc/Support/Result.h"

#include <cstdint>
#include <vector>

namespace cimc::mapping {

/// Bytes per inference between two groups of arrays that must share a core (or are one array each).
struct Traffic {
  int64_t from = 0, to = 0; ///< node numbers; kHostNode for the host, which enters at core 0
  int64_t bytes = 0;
};
inline constexpr int64_t kHostNode = -1;

struct PlacementProblem {
  int64_t nodes = 0; ///< things to place, one core each
  int64_t cores = 0, gridColumns = 1;
  std::vector<Traffic> traffic;
};

struct Placement {
  std::vector<int64_t> coreOfNode;
  int64_t byteHops = 0;
};

/// Hops between two cores of the grid, dimension-ordered.
int64_t hops(int64_t coreA, int64_t coreB, int64_t gridColumns);

/// Solves the problem by a greedy start and local search. Deterministic.
Result<Placement> place(const PlacementProblem &problem);

} // namespace cimc::mapping

#endif // CIMC_MAPPING_PLACEMENT_H
