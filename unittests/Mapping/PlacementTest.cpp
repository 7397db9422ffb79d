//===- PlacementTest.cpp - Tests of placing arrays on the grid -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Placements are valid and deterministic; chains lie along the grid; small instances are compared
// with the exact optimum.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Mapping/Placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>
#include <set>

using namespace cimc;
using namespace cimc::mapping;

namespace {

int64_t costOf(const PlacementProblem &problem, const std::vector<int64_t> &coreOfNode) {
  auto core = [&](int64_t node) { return node == kHostNode ? 0 : coreOfNode[size_t(node)]; };
  int64_t sum = 0;
  for (const Traffic &traffic : problem.traffic)
    sum += traffic.bytes * hops(core(traffic.from), core(traffic.to), problem.gridColumns);
  return sum;
}

Placement mustPlace(const PlacementProblem &problem) {
  Result<Placement> placement = place(problem);
  EXPECT_TRUE(placement) << placement.error().message;
  if (!placement)
    return {};
  EXPECT_EQ(int64_t(placement->coreOfNode.size()), problem.nodes);
  std::set<int64_t> used;
  for (int64_t core : placement->coreOfNode) {
    EXPECT_TRUE(core >= 0 && core < problem.cores);
    EXPECT_TRUE(used.insert(core).second) << "two nodes on core " << core;
  }
  EXPECT_EQ(placement->byteHops, costOf(problem, placement->coreOfNode));
  return *placement;
}

/// Host to node 0 to node 1 and so on, and back to the host.
PlacementProblem chain(int64_t nodes, int64_t cores, int64_t columns) {
  PlacementProblem problem{nodes, cores, columns, {}};
  problem.traffic.push_back({kHostNode, 0, 10});
  for (int64_t i = 0; i + 1 < nodes; ++i)
    problem.traffic.push_back({i, i + 1, 10});
  return problem;
}

PlacementProblem randomProblem(std::mt19937 &engine, int64_t nodes, int64_t cores, int64_t columns,
                               int64_t edges) {
  PlacementProblem problem{nodes, cores, columns, {}};
  for (int64_t i = 0; i < edges; ++i)
    problem.traffic.push_back({int64_t(engine() % uint32_t(nodes + 1)) - 1,
                               int64_t(engine() % uint32_t(nodes + 1)) - 1,
                               int64_t(engine() % 100)});
  return problem;
}

/// Tries every assignment.
int64_t fewestByteHops(const PlacementProblem &problem) {
  std::vector<int64_t> cores(size_t(problem.cores));
  std::iota(cores.begin(), cores.end(), 0);
  int64_t best = INT64_MAX;
  do
    best = std::min(best, costOf(problem, cores));
  while (std::next_permutation(cores.begin(), cores.end()));
  return best;
}

TEST(Placement, HopsGoAlongTheGrid) {
  EXPECT_EQ(hops(0, 0, 8), 0);
  EXPECT_EQ(hops(0, 7, 8), 7);
  EXPECT_EQ(hops(0, 63, 8), 14);
  EXPECT_EQ(hops(9, 2, 8), 2);
}

TEST(Placement, ShortChainsHaveNoDetours) {
  for (int64_t nodes : {1, 2, 5, 8, 16}) {
    Placement placement = mustPlace(chain(nodes, 64, 8));
    EXPECT_EQ(placement.byteHops, 10 * (nodes - 1)) << nodes << " nodes";
    EXPECT_EQ(placement.coreOfNode[0], 0);
  }
}

TEST(Placement, NodesWithoutTraffic) {
  Placement placement = mustPlace({7, 7, 7, {}});
  EXPECT_EQ(placement.byteHops, 0);
  mustPlace({0, 4, 2, {}});
}

TEST(Placement, SmallInstancesAgainstTheOptimum) {
  std::mt19937 engine(3);
  int64_t sum = 0, optimum = 0;
  for (int i = 0; i < 60; ++i) {
    PlacementProblem problem = randomProblem(engine, 2 + i % 5, 6, 3, 3 + i % 9);
    int64_t found = mustPlace(problem).byteHops, best = fewestByteHops(problem);
    EXPECT_GE(found, best);
    sum += found;
    optimum += best;
  }
  // All together within 3 % of the best.
  EXPECT_LE(sum * 100, optimum * 103) << sum << " against " << optimum;
}

TEST(Placement, FullGridsAreDeterministicAndBetterThanInOrder) {
  std::mt19937 engine(5);
  PlacementProblem problem = randomProblem(engine, 64, 64, 8, 120);
  Placement placement = mustPlace(problem);
  EXPECT_EQ(placement.coreOfNode, mustPlace(problem).coreOfNode);
  std::vector<int64_t> inOrder(64);
  std::iota(inOrder.begin(), inOrder.end(), 0);
  EXPECT_LT(placement.byteHops, costOf(problem, inOrder) * 3 / 4);
}

TEST(Placement, LargeGridsAreFast) {
  for (int64_t side : {32, 200}) {
    auto start = std::chrono::steady_clock::now();
    mustPlace(chain(side * side, side * side, side));
    double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    // A wide margin, for slow and busy machines.
    EXPECT_LT(ms, 3000) << side;
  }
}

TEST(PlacementInvalid, TooManyNodes) {
  Result<Placement> placement = place({5, 4, 2, {}});
  ASSERT_FALSE(placement);
  EXPECT_EQ(placement.error().message, "the network needs 5 cores, the target has 4");
}

TEST(PlacementInvalid, BadNumbers) {
  EXPECT_FALSE(place({1, 0, 1, {}}));
  EXPECT_FALSE(place({1, 1, 0, {}}));
  EXPECT_FALSE(place({-1, 1, 1, {}}));
  EXPECT_EQ(place({2, 4, 2, {{0, 2, 5}}}).error().message,
            "traffic must be between nodes below 2, but names node 2");
  EXPECT_FALSE(place({2, 4, 2, {{0, 1, -5}}}));
  EXPECT_FALSE(place({2, 4, 2, {{0, 1, INT64_MAX}}}));
}

} // namespace
