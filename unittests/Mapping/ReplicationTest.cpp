//===- ReplicationTest.cpp - Tests of copying weights ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies fit the machine, help as much as they say, and are as good as the exact optimum where
// units serve one stage each.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Mapping/Replication.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

using namespace cimc;
using namespace cimc::mapping;

namespace {

/// A stage alone in `arrays` arrays from number `first` on.
ReplicaStage stageOf(int64_t positions, double arrayNs, double digitalNs, int64_t first,
                     int64_t arrays) {
  ReplicaStage stage{"s" + std::to_string(first), positions, {}, digitalNs};
  for (int64_t array = first; array < first + arrays; ++array)
    stage.work.push_back({array, arrayNs});
  return stage;
}

/// The busiest unit, added up position by position: each copy gets its own arrays and core.
double slowBusiest(const ReplicationProblem &problem, const std::vector<int64_t> &copies) {
  std::map<int64_t, double> arrays, digital;
  double most = 0;
  for (size_t s = 0; s < problem.stages.size(); ++s) {
    const ReplicaStage &stage = problem.stages[s];
    std::vector<int64_t> shares(size_t(copies[s]), 0);
    for (int64_t position = 0; position < stage.positions; ++position)
      ++shares[size_t(position % copies[s])];
    double share = double(shares[0]) / double(stage.positions);
    for (const ArrayWork &work : stage.work) {
      arrays[work.array] += work.ns * share;
      most = std::max(most, arrays[work.array]);
    }
    double &unit = digital[stage.work.front().array];
    unit += stage.digitalNs * share;
    most = std::max(most, unit);
  }
  return most;
}

/// The least busy busiest unit of all numbers of copies that fit.
double exact(const ReplicationProblem &problem, std::vector<int64_t> &copies, size_t stage) {
  if (arraysUsed(problem, copies) > problem.arrays)
    return 1e300;
  if (stage == copies.size())
    return slowBusiest(problem, copies);
  double best = 1e300;
  for (copies[stage] = 1; copies[stage] <= problem.stages[stage].positions; ++copies[stage])
    best = std::min(best, exact(problem, copies, stage + 1));
  copies[stage] = 1;
  return best;
}

double exact(const ReplicationProblem &problem) {
  std::vector<int64_t> copies(problem.stages.size(), 1);
  return exact(problem, copies, 0);
}

Replication mustReplicate(const ReplicationProblem &problem) {
  Result<Replication> result = replicate(problem);
  EXPECT_TRUE(result) << result.error().message;
  if (!result)
    return {};
  EXPECT_EQ(result->arraysUsed, arraysUsed(problem, result->copies));
  EXPECT_LE(result->arraysUsed, problem.arrays);
  EXPECT_NEAR(result->busiestNs, slowBusiest(problem, result->copies), 1e-6);
  EXPECT_GE(result->busiestNs * (1 + 1e-9), result->boundNs);
  return *result;
}

TEST(Replication, BusiestStageGetsWhatIsLeft) {
  ReplicationProblem problem{{stageOf(32, 1000, 100, 0, 1), stageOf(32, 100, 10, 1, 1)}, 5, 1};
  Replication result = mustReplicate(problem);
  EXPECT_EQ(result.copies, (std::vector<int64_t>{4, 1}));
  EXPECT_DOUBLE_EQ(result.busiestNs, 250);
  EXPECT_DOUBLE_EQ(result.boundNs, 220);
}

TEST(Replication, StepsThatDoNotHelpAreSkipped) {
  // 4 positions: three copies are no faster than two.
  ReplicationProblem problem{{stageOf(4, 100, 0, 0, 1)}, 3, 1};
  EXPECT_EQ(mustReplicate(problem).copies, (std::vector<int64_t>{2}));
  problem.arrays = 9;
  EXPECT_EQ(mustReplicate(problem).copies, (std::vector<int64_t>{4}));
}

TEST(Replication, DigitalUnitsCount) {
  ReplicationProblem problem{{stageOf(16, 100, 50, 0, 1), stageOf(16, 10, 400, 1, 1)}, 4, 1};
  EXPECT_EQ(mustReplicate(problem).copies, (std::vector<int64_t>{1, 3}));
}

TEST(Replication, OnePositionStaysSingle) {
  ReplicationProblem problem{{stageOf(1, 100, 0, 0, 2), stageOf(8, 50, 0, 2, 1)}, 64, 1};
  Replication result = mustReplicate(problem);
  EXPECT_EQ(result.copies, (std::vector<int64_t>{1, 1}));
  EXPECT_DOUBLE_EQ(result.boundNs, 100);
}

TEST(Replication, SharedArrays) {
  // Both stages lie in array 0; the one that needs fewer arrays per copy is copied first.
  ReplicationProblem problem{{stageOf(8, 100, 0, 0, 2), stageOf(8, 100, 0, 0, 1)}, 4, 1};
  Replication result = mustReplicate(problem);
  EXPECT_EQ(result.copies[0], 1);
  EXPECT_EQ(result.copies[1], 3);
}

TEST(Replication, CopiesOnOneCoreShareItsDigitalUnit) {
  ReplicationProblem problem{{stageOf(8, 10, 100, 0, 1)}, 3, 2};
  // Two further copies lie on one core: its digital unit does two thirds.
  std::vector<int64_t> copies{3};
  EXPECT_DOUBLE_EQ(busiestNs(problem, copies), 100 * 2 * 3.0 / 8);
}

TEST(Replication, OptimalWhereUnitsServeOneStage) {
  std::mt19937 engine(5);
  for (int round = 0; round < 200; ++round) {
    ReplicationProblem problem;
    int64_t next = 0, stages = 1 + int64_t(engine() % 3);
    for (int64_t s = 0; s < stages; ++s) {
      int64_t arrays = 1 + int64_t(engine() % 3);
      problem.stages.push_back(stageOf(1 + int64_t(engine() % 9), double(engine() % 500),
                                       double(engine() % 300), next, arrays));
      next += arrays;
    }
    problem.arrays = next + int64_t(engine() % 12);
    EXPECT_NEAR(mustReplicate(problem).busiestNs, exact(problem), 1e-6) << "round " << round;
  }
}

TEST(Replication, NearOptimalWhereStagesShareArrays) {
  std::mt19937 engine(6);
  double worst = 1;
  for (int round = 0; round < 200; ++round) {
    ReplicationProblem problem;
    int64_t arrays = 2 + int64_t(engine() % 2);
    for (int64_t s = 0; s < 4; ++s)
      problem.stages.push_back(stageOf(1 + int64_t(engine() % 6), 1 + double(engine() % 500), 0,
                                       int64_t(engine() % uint32_t(arrays)), 1));
    problem.arrays = arrays + int64_t(engine() % 7);
    double best = exact(problem);
    worst = std::max(worst, mustReplicate(problem).busiestNs / best);
  }
  EXPECT_LT(worst, 2);
}

TEST(Replication, BadProblems) {
  ReplicationProblem problem{{stageOf(0, 100, 0, 0, 1)}, 4, 1};
  EXPECT_EQ(replicate(problem).error().message, "stage 's0' must have positions, has 0");
  problem = {{stageOf(4, 100, 0, 3, 2)}, 4, 1};
  EXPECT_EQ(replicate(problem).error().message, "stage 's3' lies in array 4, the machine has 4");
  problem = {{}, 4, 0};
  EXPECT_EQ(replicate(problem).error().message, "cores must have arrays, have 0");
}

} // namespace
