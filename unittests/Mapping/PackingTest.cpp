//===- PackingTest.cpp - Tests of array packing ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every packing must cover every weight once, stay inside the arrays, and keep the bounds; small
// instances are compared with the exact optimum; networks with published numbers must reach them.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Mapping/Packing.h"
#include "cimc/Mapping/EnginePacking.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <random>
#include <set>

using namespace cimc;
using namespace cimc::mapping;

namespace {

int64_t height(const Tile &tile) { return tile.groups * tile.rows; }
int64_t width(const Tile &tile) { return tile.groups * tile.cols; }

/// The parts of one matrix must be a grid that covers it: every combination of a group, row and
/// column part once, in each slice.
void expectGrid(const Matrix &matrix, const std::vector<Tile> &tiles) {
  std::map<int64_t, int64_t> groups, rows, cols;
  std::set<std::tuple<int64_t, int64_t, int64_t, int64_t>> seen;
  for (const Tile &tile : tiles) {
    groups[tile.group] = tile.groups;
    rows[tile.row] = tile.rows;
    cols[tile.col] = tile.cols;
    EXPECT_TRUE(seen.emplace(tile.slice, tile.group, tile.row, tile.col).second);
    EXPECT_TRUE(tile.slice >= 0 && tile.slice < matrix.slices);
    EXPECT_TRUE(tile.groups == 1 || (tile.rows == matrix.rows && tile.cols == matrix.cols));
    EXPECT_TRUE(matrix.maxRows == 0 || tile.rows <= matrix.maxRows);
  }
  EXPECT_EQ(seen.size(), size_t(matrix.slices) * groups.size() * rows.size() * cols.size());
  auto expectCovers = [](const std::map<int64_t, int64_t> &parts, int64_t length) {
    int64_t next = 0;
    for (auto [start, size] : parts) {
      EXPECT_EQ(start, next);
      EXPECT_GT(size, 0);
      next += size;
    }
    EXPECT_EQ(next, length);
  };
  expectCovers(groups, matrix.groups);
  expectCovers(rows, matrix.rows);
  expectCovers(cols, matrix.cols);
}

/// Checks all that a packing promises.
void expectValid(const PackingProblem &problem, const Packing &packing) {
  std::map<int64_t, std::vector<Tile>> byMatrix, byArray;
  for (const Tile &tile : packing.tiles) {
    byMatrix[tile.matrix].push_back(tile);
    byArray[tile.array].push_back(tile);
  }
  ASSERT_EQ(byMatrix.size(), problem.matrices.size());
  for (auto &[index, tiles] : byMatrix)
    expectGrid(problem.matrices[size_t(index)], tiles);
  EXPECT_EQ(int64_t(byArray.size()), packing.arraysUsed);
  int64_t busiest = 0;
  for (auto &[array, tiles] : byArray) {
    EXPECT_LT(array, packing.arraysUsed);
    int64_t reads = 0;
    for (size_t i = 0; i < tiles.size(); ++i) {
      const Tile &a = tiles[i];
      reads += problem.matrices[size_t(a.matrix)].reads;
      EXPECT_TRUE(a.arrayRow >= 0 && a.arrayCol >= 0 &&
                  a.arrayRow + height(a) <= problem.arrayRows &&
                  a.arrayCol + width(a) <= problem.arrayCols);
      for (size_t j = 0; j < i; ++j) {
        const Tile &b = tiles[j];
        EXPECT_FALSE(a.arrayRow < b.arrayRow + height(b) && b.arrayRow < a.arrayRow + height(a) &&
                     a.arrayCol < b.arrayCol + width(b) && b.arrayCol < a.arrayCol + width(a));
      }
    }
    busiest = std::max(busiest, reads);
  }
  EXPECT_EQ(busiest, packing.busiestReads);
  EXPECT_LE(packing.arraysBound, packing.arraysUsed);
  EXPECT_LE(packing.arraysUsed, packing.arraysTileByTile);
  EXPECT_LE(packing.arraysUsed, problem.arrays);
  EXPECT_TRUE(
      std::is_sorted(packing.tiles.begin(), packing.tiles.end(), [](const Tile &a, const Tile &b) {
        return std::tuple(a.matrix, a.slice, a.group, a.row, a.col) <
               std::tuple(b.matrix, b.slice, b.group, b.row, b.col);
      }));
}

Packing mustPack(const PackingProblem &problem, PackPolicy policy) {
  Result<Packing> packing = pack(problem, policy);
  EXPECT_TRUE(packing) << packing.error().message;
  if (!packing)
    return {};
  expectValid(problem, *packing);
  return *packing;
}

Matrix layer(const std::string &name, int64_t rows, int64_t cols, int64_t reads) {
  return {name, 1, rows, cols, reads};
}

/// ResNet-20 for CIFAR-10 with projections in its two shortcuts or without.
PackingProblem resnet20(int64_t arrays, bool projections) {
  PackingProblem problem;
  problem.arrays = arrays;
  problem.matrices.push_back(layer("conv1", 27, 16, 1024));
  for (int64_t stage = 0, width = 16, reads = 1024; stage < 3; ++stage, width *= 2, reads /= 4)
    for (int64_t i = 0; i < 6; ++i) {
      int64_t inputs = i == 0 && stage > 0 ? width / 2 : width;
      problem.matrices.push_back(layer("stage" + std::to_string(stage) + "." + std::to_string(i),
                                       9 * inputs, width, reads));
      if (projections && i == 0 && stage > 0)
        problem.matrices.push_back(layer("shortcut" + std::to_string(stage), inputs, width, reads));
    }
  problem.matrices.push_back(layer("fc", 64, 10, 1));
  return problem;
}

/// The ResNet-9 that was shown on HERMES.
PackingProblem resnet9(int64_t arrays) {
  PackingProblem problem;
  problem.arrays = arrays;
  problem.matrices = {layer("conv0", 27, 56, 1024),   layer("conv1", 504, 112, 1024),
                      layer("conv2", 1008, 112, 256), layer("conv3", 1008, 112, 256),
                      layer("conv4", 1008, 224, 256), layer("conv5", 2016, 224, 64),
                      layer("conv6", 2016, 224, 16),  layer("conv7", 2016, 224, 16),
                      layer("dense", 224, 10, 1)};
  return problem;
}

TEST(Packing, CutsAreBalanced) {
  PackingProblem problem;
  problem.arrays = 2;
  problem.matrices = {layer("conv1", 504, 112, 1)};
  Packing packing = mustPack(problem, PackPolicy::Never);
  ASSERT_EQ(packing.tiles.size(), 2u);
  EXPECT_EQ(packing.tiles[0].rows, 252);
  EXPECT_EQ(packing.tiles[1].rows, 252);
}

TEST(Packing, HermesResNet9) {
  Packing separate = mustPack(resnet9(64), PackPolicy::Never);
  EXPECT_EQ(separate.arraysUsed, 40);
  EXPECT_EQ(separate.arraysBound, (1866536 + 65535) / 65536);
  Packing shared = mustPack(resnet9(64), PackPolicy::Auto);
  EXPECT_LE(shared.arraysUsed, 40);
  EXPECT_LE(shared.busiestReads, 1024);
}

TEST(Packing, ResNet20OnSevenArrays) {
  for (bool projections : {false, true}) {
    Packing free = mustPack(resnet20(64, projections), PackPolicy::Auto);
    EXPECT_EQ(free.busiestReads, 1024);
    EXPECT_EQ(free.arraysTileByTile, projections ? 38 : 36);
    EXPECT_EQ(free.arraysBound, 5);
    EXPECT_LE(free.arraysUsed, 14);
    Packing seven = mustPack(resnet20(7, projections), PackPolicy::Auto);
    EXPECT_LE(seven.arraysUsed, 7);
    Packing dense = mustPack(resnet20(64, projections), PackPolicy::Dense);
    EXPECT_EQ(dense.arraysUsed, 5);
  }
}

TEST(Packing, FewerArraysMeanMoreReads) {
  int64_t last = 0;
  for (int64_t arrays : {64, 20, 12, 10, 8, 7}) {
    Packing packing = mustPack(resnet20(arrays, false), PackPolicy::Auto);
    EXPECT_GE(packing.busiestReads, last);
    last = packing.busiestReads;
  }
}

TEST(Packing, DepthwiseGroupsShareATile) {
  PackingProblem problem;
  problem.arrays = 8;
  problem.matrices = {{"depthwise", 64, 9, 1, 100}};
  Packing packing = mustPack(problem, PackPolicy::Never);
  // 28 groups of 9 rows fit; three tiles, equal within one.
  ASSERT_EQ(packing.arraysUsed, 3);
  EXPECT_EQ(packing.tiles[0].groups, 22);
  EXPECT_EQ(packing.tiles[2].groups, 21);
}

TEST(Packing, LargeGroupsAreCutAlone) {
  PackingProblem problem;
  problem.arrays = 100;
  problem.matrices = {{"grouped", 3, 300, 200, 5}};
  Packing packing = mustPack(problem, PackPolicy::Never);
  EXPECT_EQ(packing.arraysUsed, 6);
  EXPECT_EQ(packing.tiles[1].row, 150);
  EXPECT_EQ(packing.tiles[2].group, 1);
}

TEST(Packing, TilesHaveNoMoreRowsThanAllowed) {
  PackingProblem problem;
  problem.arrays = 100;
  problem.matrices = {layer("short", 300, 100, 10), layer("grouped", 9, 1, 10)};
  problem.matrices[0].maxRows = 64;
  problem.matrices[1].groups = 28;
  problem.matrices[1].maxRows = 9; // of each group
  Packing packing = mustPack(problem, PackPolicy::Never);
  ASSERT_EQ(packing.arraysUsed, 6);
  for (size_t i = 0; i < 5; ++i)
    EXPECT_EQ(packing.tiles[i].rows, 60);
  EXPECT_EQ(packing.tiles[5].groups, 28);
  problem.matrices[1].maxRows = 8;
  EXPECT_EQ(mustPack(problem, PackPolicy::Never).arraysUsed, 5 + 2 * 28);
}

// Found where a layer was cut by rows for two chips: scarce arrays led to other columns on one.
TEST(Packing, SomeRowsHaveTheColumnsOfTheOthers) {
  PackingProblem problem;
  problem.arrayRows = problem.arrayCols = 32;
  problem.arrays = 12;
  problem.matrices = {{"rows", 1, 1134, 10, 1}};
  problem.matrices.front().allRows = 1161;
  for (PackPolicy policy : {PackPolicy::Auto, PackPolicy::Dense}) {
    Result<Packing> packing = pack(problem, policy);
    ASSERT_TRUE(packing);
    for (const Tile &tile : packing->tiles)
      EXPECT_EQ(tile.cols, 10);
  }
}

TEST(Packing, EnginesWithSomeRowsHaveTheColumnsOfTheOthers) {
  PackingProblem problem;
  problem.arrayRows = 250;
  problem.arrays = 3;
  problem.matrices = {{"before", 1, 40, 1, 1}, {"rows", 1, 40, 6, 1}};
  problem.matrices.back().allRows = 100;
  Result<Packing> packing = packEngines(problem);
  ASSERT_TRUE(packing);
  ASSERT_EQ(packing->tiles.size(), 4u);
  for (size_t i = 1; i < 4; ++i)
    EXPECT_EQ(packing->tiles[i].cols, 2);
}

TEST(Packing, NothingToPack) {
  Packing packing = mustPack({}, PackPolicy::Auto);
  EXPECT_EQ(packing.arraysUsed, 0);
}

TEST(Packing, SlicesHaveTilesOfTheirOwn) {
  PackingProblem problem;
  problem.arrays = 8;
  problem.matrices = {layer("conv", 300, 100, 10)};
  problem.matrices[0].slices = 3;
  // Six tiles that are read at the same time; as many arrays as their cells need when they share.
  Packing apart = mustPack(problem, PackPolicy::Auto);
  EXPECT_EQ(apart.tiles.size(), 6u);
  EXPECT_EQ(apart.arraysUsed, 6);
  EXPECT_EQ(apart.arraysBound, 2);
  EXPECT_EQ(apart.busiestReads, 10);
  Packing together = mustPack(problem, PackPolicy::Dense);
  EXPECT_EQ(together.arraysUsed, 2);
  // Depthwise, several groups to a tile.
  problem.matrices[0] = layer("depthwise", 9, 1, 10);
  problem.matrices[0].groups = 40;
  problem.matrices[0].slices = 4;
  EXPECT_EQ(mustPack(problem, PackPolicy::Never).arraysUsed, 8);
}

TEST(PackingInvalid, Slices) {
  PackingProblem problem;
  problem.matrices = {layer("conv", 200, 200, 10)};
  problem.matrices[0].slices = 0;
  EXPECT_EQ(pack(problem, PackPolicy::Auto).error().message,
            "layer 'conv' must have between 1 and 64 slices, but has 0");
  problem.matrices[0].slices = 2;
  EXPECT_EQ(pack(problem, PackPolicy::Auto).error().message,
            "the layers need 2 arrays of 256 x 256 (at least 2 by area), the target has 1; the "
            "largest layer is 'conv' with 200 x 200 weights in 2 slices");
}

TEST(PackingInvalid, TooFewArrays) {
  Result<Packing> packing = pack(resnet20(4, false), PackPolicy::Auto);
  ASSERT_FALSE(packing);
  EXPECT_EQ(packing.error().message, "the layers need 5 arrays of 256 x 256 (at least 5 by area), "
                                     "the target has 4; the largest layer is "
                                     "'stage2.1' with 576 x 64 weights");
  packing = pack(resnet20(20, true), PackPolicy::Never);
  ASSERT_FALSE(packing);
  EXPECT_EQ(packing.error().message,
            "the layers need 38 arrays of 256 x 256 (one tile per array), the target has 20; the "
            "largest layer is 'stage2.1' with 576 x 64 weights");
}

TEST(PackingInvalid, HugeAndNegativeNumbers) {
  PackingProblem problem;
  problem.matrices = {layer("huge", INT64_MAX, INT64_MAX, 1)};
  EXPECT_EQ(pack(problem, PackPolicy::Auto).error().message,
            "layer 'huge' has more than 2^63 weights");
  problem.matrices = {layer("negative", -1, 5, 1)};
  EXPECT_FALSE(pack(problem, PackPolicy::Auto));
  problem.matrices = {layer("reads", 1, 5, INT64_MAX)};
  EXPECT_FALSE(pack(problem, PackPolicy::Auto));
  problem.matrices = {layer("wide", 1, INT64_MAX, 1)};
  EXPECT_FALSE(pack(problem, PackPolicy::Auto));
  problem.arrays = INT64_MAX;
  EXPECT_FALSE(pack(problem, PackPolicy::Auto));
  problem.arrayRows = 0;
  EXPECT_FALSE(pack(problem, PackPolicy::Auto));
}

/// The exact optimum for tiles that are not cut: fewest bins of a small grid, by trying every cell
/// for every tile.
class Exhaustive {
public:
  Exhaustive(const PackingProblem &problem, int64_t readBound)
      : problem(problem), readBound(readBound) {}

  int64_t fewestArrays() {
    for (int64_t arrays = 1;; ++arrays) {
      bins.assign(size_t(arrays), {});
      if (placeFrom(0))
        return arrays;
    }
  }

private:
  struct BinState {
    std::vector<uint32_t> rows = std::vector<uint32_t>(16, 0);
    int64_t reads = 0;
  };
  const PackingProblem &problem;
  int64_t readBound;
  std::vector<BinState> bins;

  bool placeFrom(size_t index) {
    if (index == problem.matrices.size())
      return true;
    const Matrix &m = problem.matrices[index];
    for (size_t b = 0; b < bins.size(); ++b) {
      if (bins[b].reads + m.reads > readBound)
        continue;
      bool empty = bins[b].reads == 0;
      for (int64_t row = 0; row + m.rows <= problem.arrayRows; ++row)
        for (int64_t col = 0; col + m.cols <= problem.arrayCols; ++col)
          if (tryAt(index, b, row, col))
            return true;
      if (empty)
        break; // all empty bins are alike
    }
    return false;
  }

  bool tryAt(size_t index, size_t b, int64_t row, int64_t col) {
    const Matrix &m = problem.matrices[index];
    uint32_t mask = ((1u << m.cols) - 1) << col;
    for (int64_t r = row; r < row + m.rows; ++r)
      if (bins[b].rows[size_t(r)] & mask)
        return false;
    toggle(b, row, m, mask);
    bins[b].reads += m.reads;
    if (placeFrom(index + 1))
      return true;
    toggle(b, row, m, mask);
    bins[b].reads -= m.reads;
    return false;
  }

  void toggle(size_t b, int64_t row, const Matrix &m, uint32_t mask) {
    for (int64_t r = row; r < row + m.rows; ++r)
      bins[b].rows[size_t(r)] ^= mask;
  }
};

TEST(Packing, SmallInstancesAgainstTheOptimum) {
  std::mt19937 engine(7);
  int optimal = 0, count = 300;
  for (int i = 0; i < count; ++i) {
    PackingProblem problem;
    problem.arrayRows = problem.arrayCols = 6;
    problem.arrays = 100;
    size_t tiles = 2 + engine() % 5;
    int64_t most = 0;
    for (size_t t = 0; t < tiles; ++t) {
      problem.matrices.push_back(layer("m", 1 + engine() % 6, 1 + engine() % 6, 1 + engine() % 8));
      most = std::max(most, problem.matrices.back().reads);
    }
    Packing packing = mustPack(problem, PackPolicy::Auto);
    int64_t best = Exhaustive(problem, most).fewestArrays();
    EXPECT_GE(packing.arraysUsed, best);
    EXPECT_LE(packing.arraysUsed, best + 1);
    EXPECT_LE(packing.busiestReads, most);
    optimal += packing.arraysUsed == best;
  }
  EXPECT_GE(optimal, count * 97 / 100);
}

PackingProblem randomProblem(std::mt19937 &engine, size_t layers, int64_t largest) {
  PackingProblem problem;
  problem.arrays = 1 << 30;
  for (size_t i = 0; i < layers; ++i) {
    Matrix matrix = layer("m" + std::to_string(i), 1 + engine() % largest, 1 + engine() % largest,
                          1 + engine() % 1000);
    matrix.groups = engine() % 4 ? 1 : 1 + engine() % 40;
    matrix.maxRows = engine() % 3 ? 0 : 1 + engine() % 100;
    problem.matrices.push_back(matrix);
  }
  return problem;
}

TEST(Packing, RandomProblemsAreValidUnderEveryPolicy) {
  std::mt19937 engine(11);
  for (int i = 0; i < 12; ++i) {
    PackingProblem problem = randomProblem(engine, 1 + engine() % 20, i % 2 ? 400 : 60);
    Packing separate = mustPack(problem, PackPolicy::Never);
    Packing shared = mustPack(problem, PackPolicy::Auto);
    EXPECT_LE(shared.busiestReads, separate.busiestReads);
    Packing dense = mustPack(problem, PackPolicy::Dense);
    EXPECT_LE(dense.arraysUsed, shared.arraysUsed);
    // With exactly as many arrays as the densest packing needs, `Auto` must find a way too.
    problem.arrays = dense.arraysUsed;
    mustPack(problem, PackPolicy::Auto);
  }
}

TEST(Packing, IsDeterministic) {
  std::mt19937 engine(13);
  PackingProblem problem = randomProblem(engine, 30, 600);
  Packing first = mustPack(problem, PackPolicy::Dense),
          second = mustPack(problem, PackPolicy::Dense);
  ASSERT_EQ(first.tiles.size(), second.tiles.size());
  for (size_t i = 0; i < first.tiles.size(); ++i)
    EXPECT_EQ(
        std::tuple(first.tiles[i].array, first.tiles[i].arrayRow, first.tiles[i].arrayCol),
        std::tuple(second.tiles[i].array, second.tiles[i].arrayRow, second.tiles[i].arrayCol));
}

TEST(Packing, ThousandsOfTilesAreFast) {
  std::mt19937 engine(17);
  PackingProblem problem = randomProblem(engine, 600, 900);
  for (PackPolicy policy : {PackPolicy::Auto, PackPolicy::Dense}) {
    auto start = std::chrono::steady_clock::now();
    Result<Packing> packing = pack(problem, policy);
    double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    ASSERT_TRUE(packing);
    // A wide margin, for slow and busy machines.
    EXPECT_LT(ms, 2000);
  }
}

} // namespace
