//===- PartitionExactTest.cpp - The search against the optimum ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A hundred random networks that are small enough to be solved exactly, and the bound.
//
//===--------------------------------------------------------------------------===//

#include "PartitionSamples.h"

#include "cimc/Mapping/PartitionExact.h"

#include <gtest/gtest.h>

using namespace cimc;
using namespace cimc::mapping;

namespace {

TEST(PartitionExact, SearchIsNearTheOptimum) {
  double sum = 0, worst = 1;
  int solved = 0;
  for (uint32_t seed = 0; solved < 100; ++seed) {
    PartitionProblem problem = randomPartitionProblem(seed, 4 + seed % 4, 2 + seed % 2);
    Result<Partition> found = partition(problem, {PartitionSolver::Auto, 1, 20'000});
    if (!found)
      continue; // units too coarse for the chips
    Result<ExactPartition> exact = partitionExactly(problem);
    ASSERT_TRUE(exact) << exact.error().message;
    ASSERT_TRUE(exact->proved) << seed;
    EXPECT_TRUE(checkPartition(problem, exact->partition.pieces));
    EXPECT_LE(exact->partition.interchipBytes, found->interchipBytes);
    int64_t bound = interchipBound(problem, found->interchipBytes, {10});
    EXPECT_LE(bound, exact->partition.interchipBytes) << seed;
    double ratio = exact->partition.interchipBytes == 0
                       ? (found->interchipBytes == 0 ? 1 : 2)
                       : double(found->interchipBytes) / double(exact->partition.interchipBytes);
    sum += ratio;
    worst = std::max(worst, ratio);
    ++solved;
  }
  std::printf("search against optimum on %d networks: mean %.4f, worst %.4f\n", solved,
              sum / solved, worst);
  EXPECT_LE(sum / solved, 1.05);
  EXPECT_LE(worst, 1.2);
}

TEST(PartitionExact, BoundsResNet18) {
  PartitionProblem problem = resNet18(6, 2 << 20);
  EXPECT_EQ(interchipBound(problem, 1'000'000), 0); // layers may be cut along their inputs
  for (PartitionNode &node : problem.nodes)
    node.inputUnits = 1;
  Result<Partition> found = partition(problem);
  ASSERT_TRUE(found);
  int64_t bound = interchipBound(problem, found->interchipBytes);
  std::printf("ResNet-18 on 6 chips: %ld bytes, at least %ld\n", long(found->interchipBytes),
              long(bound));
  EXPECT_GT(bound, found->interchipBytes / 2);
  EXPECT_LE(bound, found->interchipBytes);
}

} // namespace
