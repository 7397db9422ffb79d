//===- PartitionExactTest.cpp - The search against the optimum ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A hundred random networks that are small enough to be solved exactly, and the bound.
//
//===--------------------------------------------------------------------------===//

#include "PartitionSamples.h"

#include "cimc/Mapping/PartitionExact.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

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

/// Every way to divide `units` among three chips.
std::vector<std::array<int64_t, 3>> divisions(int64_t units) {
  std::vector<std::array<int64_t, 3>> all;
  for (int64_t a = 0; a <= units; ++a)
    for (int64_t b = 0; a + b <= units; ++b)
      all.push_back({a, b, units - a - b});
  return all;
}

/// The least bytes between three chips of a chain of three layers, by trying every partition.
int64_t leastBytesOfChain(const PartitionProblem &problem) {
  int64_t least = std::numeric_limits<int64_t>::max();
  std::array<std::vector<std::array<int64_t, 3>>, 3> ways;
  for (size_t node = 0; node < 3; ++node)
    ways[node] = divisions(problem.nodes[node].outputUnits);
  for (const auto &first : ways[0])
    for (const auto &second : ways[1])
      for (const auto &third : ways[2]) {
        std::vector<Piece> pieces;
        const std::array<int64_t, 3> *amounts[] = {&first, &second, &third};
        for (int64_t node = 0; node < 3; ++node) {
          int64_t begin = 0;
          for (int64_t chip = 0; chip < 3; ++chip) {
            int64_t end = begin + (*amounts[node])[size_t(chip)];
            if (end > begin)
              pieces.push_back({node, chip, begin, end, false});
            begin = end;
          }
        }
        if (checkPartition(problem, pieces))
          least = std::min(least, interchipBytes(problem, pieces));
      }
  return least;
}

// Layers that are larger than a chip are taken apart first, in every way up to the chips' numbers.
TEST(PartitionExact, SolvesLayersLargerThanAChip) {
  std::mt19937 random(7);
  auto pick = [&](int64_t low, int64_t high) { return low + int64_t(random()) % (high - low + 1); };
  int64_t larger = 0;
  for (int sample = 0; sample < 12; ++sample) {
    PartitionProblem problem;
    problem.chips = 3;
    for (int64_t node = 0; node < 3; ++node) {
      PartitionNode layer;
      layer.name = "layer" + std::to_string(node);
      layer.outputUnits = pick(5, 7);
      layer.capacity = layer.outputUnits * pick(8, 20);
      problem.nodes.push_back(layer);
      problem.values.push_back({node - 1, 5 * 6 * 7 * pick(1, 9), {node}});
    }
    // The first layer is read by the last one too.
    problem.values[1].readers.push_back(2);
    int64_t room = 0, unit = 0;
    for (const PartitionNode &layer : problem.nodes) {
      room += layer.capacity;
      unit = std::max(unit, layer.capacity / layer.outputUnits);
    }
    problem.chipCapacity = room / 3 + unit;
    for (const PartitionNode &layer : problem.nodes)
      larger += layer.capacity > problem.chipCapacity;
    Result<ExactPartition> exact = partitionExactly(problem);
    ASSERT_TRUE(exact) << exact.error().message;
    EXPECT_TRUE(exact->proved) << sample;
    EXPECT_TRUE(checkPartition(problem, exact->partition.pieces)) << sample;
    EXPECT_EQ(exact->partition.interchipBytes, leastBytesOfChain(problem)) << sample;
    EXPECT_EQ(exact->bound, exact->partition.interchipBytes) << sample;
  }
  EXPECT_GT(larger, 2); // or the samples are of no use
}

TEST(PartitionExact, GivesUpWithABound) {
  PartitionProblem problem = resNet18(6, 2 << 20);
  for (PartitionNode &node : problem.nodes)
    node.inputUnits = 1;
  Result<ExactPartition> exact = partitionExactly(problem, {5});
  ASSERT_TRUE(exact) << exact.error().message;
  EXPECT_FALSE(exact->proved);
  EXPECT_LE(exact->bound, exact->partition.interchipBytes);
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
