//===- PartitionTest.cpp - Tests of partitions across chips ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The count is checked by hand, the greedy rule against its table for ResNet-18, and the search
// against the exact solver and the bound.
//
//===--------------------------------------------------------------------------===//

#include "PartitionSamples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

using namespace cimc;
using namespace cimc::mapping;

namespace {

Partition mustSolve(const PartitionProblem &problem, PartitionSolver solver) {
  PartitionOptions options;
  options.solver = solver;
  Result<Partition> result = partition(problem, options);
  EXPECT_TRUE(result) << result.error().message;
  if (!result)
    return {};
  Status status = checkPartition(problem, result->pieces);
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_EQ(result->interchipBytes, interchipBytes(problem, result->pieces));
  return *result;
}

std::string failureOf(const PartitionProblem &problem) {
  Result<Partition> result = partition(problem);
  return result ? "no error" : result.error().message;
}

/// Two layers of 10 outputs and a sum; the first layer's value goes to both.
PartitionProblem smallProblem() {
  PartitionProblem problem;
  problem.nodes = {
      {"a", 10, 10, 4, 400, 5, 0}, {"b", 10, 10, 4, 400, 5, 0}, {"sum", 0, 1, 1, 0, 1, 0}};
  problem.values = {
      {kHostReader, 50, {0}}, {0, 100, {1, 2}}, {1, 100, {2}}, {2, 100, {kHostReader}}};
  problem.chips = 3;
  problem.chipCapacity = 12;
  return problem;
}

TEST(Partition, CountsWhatChipsReceive) {
  PartitionProblem problem = smallProblem();
  // Everything together.
  EXPECT_EQ(interchipBytes(problem, {{0, 0, 0, 10}, {1, 0, 0, 10}, {2, 0, 0, 1}}), 0);
  // a on 0, the rest on 1: one value once, though two nodes read it.
  EXPECT_EQ(interchipBytes(problem, {{0, 0, 0, 10}, {1, 1, 0, 10}, {2, 1, 0, 1}}), 100);
  // a is cut 3 to 7: b on 1 receives 3 tenths, the sum on 2 receives all of a and of b.
  EXPECT_EQ(interchipBytes(problem, {{0, 0, 0, 3}, {0, 1, 3, 10}, {1, 1, 0, 10}, {2, 2, 0, 1}}),
            30 + 100 + 100);
  // b is cut along its inputs: both parts read a, one sends sums, and the result is where b is
  // finished.
  EXPECT_EQ(interchipBytes(problem,
                           {{0, 0, 0, 10}, {1, 1, 0, 1, true}, {1, 2, 1, 4, true}, {2, 1, 0, 1}}),
            100 + 100 + 400);
}

TEST(Partition, ChecksPieces) {
  PartitionProblem problem = smallProblem();
  auto failureOf = [&](std::vector<Piece> pieces) {
    Status status = checkPartition(problem, pieces);
    return status ? "no error" : status.error().message;
  };
  EXPECT_EQ(failureOf({{0, 0, 0, 10}, {1, 1, 0, 10}, {2, 1, 0, 1}}), "no error");
  EXPECT_EQ(failureOf({{0, 0, 0, 10}, {1, 0, 0, 10}, {2, 1, 0, 1}}),
            "chip 0 holds weights of 20, its capacity is 12");
  EXPECT_EQ(failureOf({{0, 0, 0, 9}, {1, 1, 0, 10}, {2, 1, 0, 1}}),
            "'a' has pieces for 9 of 10 units");
  EXPECT_EQ(failureOf({{0, 0, 0, 5}, {0, 1, 6, 10}, {1, 1, 0, 10}, {2, 1, 0, 1}}),
            "'a' must have a piece that begins at unit 5, the next begins at 6");
  EXPECT_EQ(failureOf({{0, 3, 0, 10}, {1, 1, 0, 10}, {2, 1, 0, 1}}),
            "'a' lies on chip 3, there are 3");
  EXPECT_EQ(failureOf({{0, 0, 0, 5}, {0, 1, 5, 10, true}, {1, 1, 0, 10}, {2, 1, 0, 1}}),
            "'a' is cut along inputs and outputs");
  EXPECT_EQ(failureOf({{0, 0, 0, 10}, {1, 1, 0, 10}, {2, 1, 0, 1}, {3, 1, 0, 1}}),
            "a piece belongs to node 3, there are 3");
  problem.chipMemory = 10;
  problem.nodes[1].memoryBytes = problem.nodes[2].memoryBytes = 6;
  EXPECT_EQ(failureOf({{0, 0, 0, 10}, {1, 1, 0, 10}, {2, 1, 0, 1}}),
            "chip 1 keeps 12 bytes of activations, it has 10");
}

TEST(PartitionInvalid, WhatNothingCanSolve) {
  PartitionProblem problem = smallProblem();
  problem.chips = 1;
  EXPECT_EQ(failureOf(problem),
            "the weights take 20, 1 chips of 12 hold 12; at least 2 chips are needed");
  problem = smallProblem();
  problem.nodes[0].outputUnits = problem.nodes[0].inputUnits = 1;
  problem.nodes[0].capacity = 13;
  EXPECT_EQ(failureOf(problem),
            "'a' has weights that no cut lets fit: its smallest part takes 13, a chip holds 12");
  problem = smallProblem();
  problem.chipMemory = 5;
  problem.nodes[2].memoryBytes = 6;
  EXPECT_EQ(failureOf(problem), "'sum' keeps 6 bytes of activations, a chip has 5");
}

TEST(Partition, GreedyFollowsTheIllusionRule) {
  PartitionProblem problem = resNet18(6, 2 << 20);
  EXPECT_EQ(leastChips(problem), 6);
  Partition result = mustSolve(problem, PartitionSolver::Greedy);
  EXPECT_EQ(result.chipsUsed, 6);
  std::map<std::string, std::vector<std::pair<int64_t, int64_t>>> cut; // chip and its units
  for (const Piece &piece : result.pieces)
    if (problem.nodes[size_t(piece.node)].capacity > 0)
      cut[problem.nodes[size_t(piece.node)].name].push_back({piece.chip, piece.end});
  using Cuts = std::vector<std::pair<int64_t, int64_t>>;
  EXPECT_EQ(cut["layer3.1.conv1"], (Cuts{{0, 216}, {1, 256}}));
  EXPECT_EQ(cut["layer3.1.conv2"], (Cuts{{1, 256}}));
  EXPECT_EQ(cut["layer4.0.conv1"], (Cuts{{1, 512}}));
  EXPECT_EQ(cut["layer4.0.conv2"], (Cuts{{1, 51}, {2, 506}, {3, 512}}));
  EXPECT_EQ(cut["layer4.0.downsample"], (Cuts{{3, 512}}));
  EXPECT_EQ(cut["layer4.1.conv1"], (Cuts{{3, 420}, {4, 512}}));
  EXPECT_EQ(cut["layer4.1.conv2"], (Cuts{{4, 363}, {5, 512}}));
  EXPECT_EQ(cut["fc"], (Cuts{{5, 1000}}));
  std::printf("greedy: %ld bytes between chips\n", long(result.interchipBytes));
}

TEST(Partition, ResNet18NeedsFewBytes) {
  PartitionProblem problem = resNet18(6, 2 << 20);
  Partition greedy = mustSolve(problem, PartitionSolver::Greedy);
  Partition found = mustSolve(problem, PartitionSolver::Auto);
  std::printf("ResNet-18 on 6 chips: %ld bytes, greedy %ld\n", long(found.interchipBytes),
              long(greedy.interchipBytes));
  EXPECT_LT(found.interchipBytes, greedy.interchipBytes);
  // Four chips that together just hold it.
  problem = resNet18(4, (11678912 / 4) * 101 / 100);
  found = mustSolve(problem, PartitionSolver::Auto);
  std::printf("ResNet-18 on 4 chips: %ld bytes\n", long(found.interchipBytes));
  EXPECT_LT(found.interchipBytes, 500'000);
}

TEST(Partition, IsDeterministic) {
  PartitionProblem problem = randomPartitionProblem(7, 12, 4);
  auto key = [](const Piece &piece) {
    return std::tuple(piece.node, piece.chip, piece.begin, piece.end);
  };
  Partition a = mustSolve(problem, PartitionSolver::Auto),
            b = mustSolve(problem, PartitionSolver::Auto);
  ASSERT_EQ(a.pieces.size(), b.pieces.size());
  for (size_t i = 0; i < a.pieces.size(); ++i)
    EXPECT_EQ(key(a.pieces[i]), key(b.pieces[i]));
}

TEST(Partition, IsNeverWorseThanGreedy) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    PartitionProblem problem = randomPartitionProblem(seed, 4 + seed % 12, 2 + seed % 4);
    PartitionOptions options{PartitionSolver::Auto, 1, 4000};
    Result<Partition> found = partition(problem, options);
    options.solver = PartitionSolver::Greedy;
    Result<Partition> greedy = partition(problem, options);
    ASSERT_TRUE(found.ok() || !greedy.ok()) << seed;
    if (!greedy)
      continue;
    EXPECT_TRUE(checkPartition(problem, found->pieces));
    EXPECT_LE(found->interchipBytes, greedy->interchipBytes) << seed;
  }
}

} // namespace
