//===- HomesTest.cpp - Tests of which node computes which stage ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stages move only where memory does not suffice, and then to where few bytes travel; small random
// instances are compared with all other homes.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Mapping/Homes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

using namespace cimc;
using namespace cimc::mapping;

namespace {

Homes mustFind(const HomeProblem &problem) {
  Result<Homes> homes = findHomes(problem);
  EXPECT_TRUE(homes) << homes.error().message;
  if (!homes)
    return {};
  int64_t overflow = 0;
  for (int64_t node = 0; node < problem.nodes; ++node)
    overflow +=
        std::max<int64_t>(0, nodeMemory(problem, homes->nodeOfStage, node) - problem.memoryBytes);
  EXPECT_EQ(homes->overflowBytes, overflow);
  EXPECT_GE(homes->trafficBytes, homes->trafficBound);
  for (size_t s = 0; s < problem.stages.size(); ++s)
    if (!problem.stages[s].movable) {
      EXPECT_EQ(homes->nodeOfStage[s], problem.stages[s].node);
    }
  return *homes;
}

/// A layer on node 0, a pool behind it that keeps `window` rows, a layer on node 1.
HomeProblem layerPoolLayer(int64_t memory, int64_t window) {
  HomeProblem problem{3, memory, {}, {}};
  problem.stages = {{0, false, 0, 64}, {0, true, 0, 32}, {1, false, 0, 64}};
  problem.values = {{16, {{0, 80}}, {1}, window, 1, false}, {8, {{1, 40}}, {2}, 1, 1, false}};
  return problem;
}

TEST(Homes, LeaveStagesWhereMemorySuffices) {
  Homes homes = mustFind(layerPoolLayer(1000, 4));
  EXPECT_EQ(homes.nodeOfStage, (std::vector<int64_t>{0, 0, 1}));
  EXPECT_EQ(homes.trafficBytes, 8 * 40);
  EXPECT_EQ(homes.overflowBytes, 0);
}

TEST(Homes, CountWhatANodeKeeps) {
  HomeProblem problem = layerPoolLayer(1000, 4);
  // Shared scratch, four rows for the pool, and the pool's row, which is only sent.
  EXPECT_EQ(nodeMemory(problem, {0, 0, 1}, 0), 64 + 4 * 80 + 40);
  // Scratch, a row and a message.
  EXPECT_EQ(nodeMemory(problem, {0, 0, 1}, 1), 64 + 40 + 40);
  // Behind a channel: four rows and a message, the row that is made, scratch.
  EXPECT_EQ(nodeMemory(problem, {0, 2, 1}, 2), 4 * 80 + 80 + 40 + 32);
  // Partial sums go straight into scratch memory.
  problem.values[1].direct = true;
  EXPECT_EQ(nodeMemory(problem, {0, 0, 1}, 1), 64 + 40);
}

TEST(Homes, MoveAStageWhereMemoryDoesNotSuffice) {
  // A layer and its pool need 424 bytes. Beside the other layer the pool needs 576, alone 472.
  EXPECT_EQ(mustFind(layerPoolLayer(424, 4)).nodeOfStage, (std::vector<int64_t>{0, 0, 1}));
  Homes homes = mustFind(layerPoolLayer(423, 4));
  EXPECT_EQ(homes.nodeOfStage, (std::vector<int64_t>{0, 0, 1})); // elsewhere more would be missing
  EXPECT_EQ(homes.overflowBytes, 1);
  HomeProblem problem = layerPoolLayer(472, 4);
  problem.stages[0].constantBytes = 100;
  homes = mustFind(problem);
  EXPECT_EQ(homes.nodeOfStage, (std::vector<int64_t>{0, 2, 1}));
  EXPECT_EQ(homes.overflowBytes, 0);
  EXPECT_EQ(homes.trafficBytes, 16 * 80 + 8 * 40);
  EXPECT_EQ(homes.trafficBound, 0);
}

TEST(Homes, MoveStagesWithTheirFollowers) {
  // The wide value between the two movable stages fits a node once, not its sender and its receiver
  // beside others.
  HomeProblem problem{3, 1000, {}, {}};
  problem.stages = {{0, false, 200, 0}, {0, true, 0, 0}, {0, true, 0, 0}, {1, false, 900, 0}};
  problem.values = {{1, {{0, 40}}, {1}, 1, 1, false},
                    {1, {{1, 800}}, {2}, 1, 1, false},
                    {1, {{2, 40}}, {3}, 1, 1, false}};
  Homes homes = mustFind(problem);
  EXPECT_EQ(homes.nodeOfStage, (std::vector<int64_t>{0, 2, 2, 1}));
  EXPECT_EQ(homes.overflowBytes, 0);
}

HomeProblem randomProblem(std::mt19937 &engine) {
  auto draw = [&](int64_t low, int64_t high) {
    return low + int64_t(engine() % uint32_t(high - low + 1));
  };
  HomeProblem problem{draw(2, 4), draw(20, 60) * 8, {}, {}};
  int64_t stages = draw(3, 7);
  problem.stages.push_back({kHostNode, false, 0, 0});
  for (int64_t s = 1; s < stages; ++s)
    problem.stages.push_back({draw(0, 1), draw(0, 2) > 0, 8 * draw(0, 4), 8 * draw(0, 10)});
  for (int64_t s = 0; s + 1 < stages; ++s) {
    HomeValue value{draw(1, 4), {{s, 8 * draw(1, 8)}}, {}, draw(1, 4), draw(1, 2), false};
    for (int64_t reader = s + 1; reader < stages; ++reader)
      if (reader == s + 1 || draw(0, 3) == 0)
        value.readers.push_back(reader);
    problem.values.push_back(value);
  }
  return problem;
}

/// The least overflow of all homes.
int64_t leastOverflow(const HomeProblem &problem) {
  std::vector<int64_t> home;
  for (const HomeStage &stage : problem.stages)
    home.push_back(stage.movable ? 0 : stage.node);
  int64_t least = INT64_MAX;
  while (true) {
    int64_t overflow = 0;
    for (int64_t node = 0; node < problem.nodes; ++node)
      overflow += std::max<int64_t>(0, nodeMemory(problem, home, node) - problem.memoryBytes);
    least = std::min(least, overflow);
    size_t s = 0;
    for (; s < home.size(); ++s) {
      if (!problem.stages[s].movable)
        continue;
      if (++home[s] < problem.nodes)
        break;
      home[s] = 0;
    }
    if (s == home.size())
      return least;
  }
}

TEST(Homes, AreMostlyAsGoodAsAnyOnSmallNetworks) {
  std::mt19937 engine(7);
  int64_t feasible = 0, found = 0;
  for (int round = 0; round < 400; ++round) {
    HomeProblem problem = randomProblem(engine);
    Homes homes = mustFind(problem);
    int64_t least = leastOverflow(problem);
    EXPECT_GE(homes.overflowBytes, least);
    feasible += least == 0;
    found += homes.overflowBytes == 0;
  }
  EXPECT_GT(feasible, 100);
  EXPECT_GE(found * 100, feasible * 97) << found << " of " << feasible;
}

TEST(Homes, RefuseWhatDoesNotExist) {
  HomeProblem problem = layerPoolLayer(100, 1);
  problem.values[0].readers.push_back(9);
  EXPECT_EQ(findHomes(problem).error().message,
            "a value must be read by some of 3 stages, but names stage 9");
  problem = layerPoolLayer(100, 1);
  problem.values[0].parts[0].stage = -1;
  EXPECT_EQ(findHomes(problem).error().message,
            "a value must be made by one of 3 stages, but names stage -1");
  problem = layerPoolLayer(100, 1);
  problem.stages[1].node = 3;
  EXPECT_EQ(findHomes(problem).error().message,
            "a stage must lie on one of 3 nodes, or stay at the host, but is on node 3");
}

} // namespace
