//===- Packing.cpp - Cutting and packing weight matrices -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The solver works in three steps. (1) Cut every matrix into the fewest equal tiles. (2) Pack the
// tiles so that no array is read more often than the bound. (3) If arrays are scarce (or `Dense`
// asks for it) look for cuts that pack better, first one style for all matrices, then matrix by
// matrix, and lower the bound on reads by binary search as far as the arrays allow.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Mapping/Packing.h"

#include "Cuts.h"
#include "Rectangles.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace cimc::mapping {
namespace {

/// Limits that keep every product and sum below in 64 bits.
constexpr int64_t kMaxArraySide = 1 << 20;
constexpr int64_t kMaxTiles = 1 << 22;
constexpr int64_t kMaxReads = int64_t(1) << 36;
constexpr int64_t kMaxSlices = 64;

/// Cuts into more tiles than this are not tried, only needed.
constexpr int64_t kMaxTriedTiles = 50'000;

/// A bound on reads that no array can reach: more than the reads of all tiles together.
constexpr int64_t kAnyReads = int64_t(1) << 62;

/// Elementary packing steps for a first answer, and for the attempts to improve it.
constexpr int64_t kFirstBudget = 4'000'000, kImproveBudget = 4'000'000;

/// Cuts of all matrices, packed.
struct Solution {
  std::vector<Cut> cuts;
  RectanglePacking packing;
  int64_t tiles = 0;

  /// Fewer arrays, then fewer tiles (each is a read of its own), then the smaller busiest array.
  bool betterThan(const Solution &other) const {
    return std::tuple(packing.bins, tiles, packing.busiestLoad) <
           std::tuple(other.packing.bins, other.tiles, other.packing.busiestLoad);
  }
};

class Packer {
public:
  Packer(const PackingProblem &problem, PackPolicy policy) : problem(problem), policy(policy) {}

  Result<Packing> solve() {
    if (Status status = measure(); !status)
      return status.error();
    if (policy == PackPolicy::Spread)
      policy = tileByTile > problem.arrays ? PackPolicy::Auto : PackPolicy::Never;
    if (bound > problem.arrays || (policy == PackPolicy::Never && tileByTile > problem.arrays))
      return tooLarge(policy == PackPolicy::Never ? tileByTile : bound);
    Solution solution = policy == PackPolicy::Never   ? separate()
                        : policy == PackPolicy::Dense ? dense()
                                                      : shared();
    if (solution.packing.bins > problem.arrays)
      return tooLarge(solution.packing.bins);
    return finish(solution);
  }

private:
  const PackingProblem &problem;
  PackPolicy policy;
  int64_t bound = 0, tileByTile = 0; ///< arrays
  int64_t mostReads = 0;             ///< of one tile

  Status measure();
  Status measureMatrix(const Matrix &matrix, __int128 &cells, __int128 &tiles);
  Error tooLarge(int64_t needed) const;

  std::vector<Cut> cutAll(const CutStyle &style) const;
  RectangleProblem rectangles(const std::vector<Cut> &cuts, int64_t loadBound) const;
  Solution packCuts(std::vector<Cut> cuts, int64_t loadBound, int64_t &budget) const;
  void tryCuts(std::vector<Cut> cuts, Solution &best, int64_t &budget) const;

  Solution separate() const;
  Solution shared() const;
  Solution dense() const;
  void improveCuts(Solution &best, int64_t &budget) const;
  void lowerReads(Solution &best, int64_t arrays) const;
  Solution lowered(Solution solution) const {
    lowerReads(solution, problem.arrays);
    return solution;
  }
  Packing finish(const Solution &solution) const;
};

/// Checks one matrix and adds to the sums.
Status Packer::measureMatrix(const Matrix &matrix, __int128 &cells, __int128 &tiles) {
  auto fail = [&](const std::string &what) { return Error{"layer '" + matrix.name + "' " + what}; };
  if (matrix.groups < 1 || matrix.rows < 1 || matrix.cols < 1)
    return fail("must have at least one group, row and column, but has " +
                std::to_string(matrix.groups) + " groups of " + std::to_string(matrix.rows) +
                " x " + std::to_string(matrix.cols));
  if (matrix.reads < 0 || matrix.reads > kMaxReads)
    return fail("must be read between 0 and " + std::to_string(kMaxReads) +
                " times per inference, but is read " + std::to_string(matrix.reads) + " times");
  if (matrix.slices < 1 || matrix.slices > kMaxSlices)
    return fail("must have between 1 and " + std::to_string(kMaxSlices) + " slices, but has " +
                std::to_string(matrix.slices));
  int64_t size = 0;
  if (__builtin_mul_overflow(matrix.groups, matrix.rows, &size) ||
      __builtin_mul_overflow(size, matrix.cols, &size))
    return fail("has more than 2^63 weights");
  cells += __int128(size) * matrix.slices;
  tiles += countBalancedTiles(matrix, problem);
  mostReads = std::max(mostReads, matrix.reads);
  return Status::success();
}

Status Packer::measure() {
  if (problem.arrayRows < 1 || problem.arrayCols < 1 || problem.arrayRows > kMaxArraySide ||
      problem.arrayCols > kMaxArraySide)
    return Error{"an array must have between 1 and " + std::to_string(kMaxArraySide) +
                 " rows and columns, but has " + std::to_string(problem.arrayRows) + " x " +
                 std::to_string(problem.arrayCols)};
  __int128 cells = 0, tiles = 0;
  for (const Matrix &matrix : problem.matrices)
    if (Status status = measureMatrix(matrix, cells, tiles); !status)
      return status;
  mostReads = std::max(mostReads, std::min(problem.freeReads, kMaxReads));
  __int128 size = __int128(problem.arrayRows) * problem.arrayCols;
  bound = int64_t(std::min<__int128>((cells + size - 1) / size, INT64_MAX));
  tileByTile = int64_t(std::min<__int128>(tiles, INT64_MAX));
  if (bound <= problem.arrays && tiles > kMaxTiles)
    return Error{"the layers need " + std::to_string(tileByTile) + " tiles of at most " +
                 std::to_string(problem.arrayRows) + " x " + std::to_string(problem.arrayCols) +
                 " weights, the limit is " + std::to_string(kMaxTiles)};
  return Status::success();
}

/// Says what is needed and available, and which layer is the largest.
Error Packer::tooLarge(int64_t needed) const {
  auto weights = [](const Matrix &m) { return m.groups * m.rows * m.cols; };
  const Matrix &largest =
      *std::max_element(problem.matrices.begin(), problem.matrices.end(),
                        [&](const Matrix &a, const Matrix &b) { return weights(a) < weights(b); });
  std::string groups = largest.groups > 1 ? std::to_string(largest.groups) + " groups of " : "";
  std::string how = policy == PackPolicy::Never ? "one tile per array"
                                                : "at least " + std::to_string(bound) + " by area";
  return Error{"the layers need " + std::to_string(needed) + " arrays of " +
               std::to_string(problem.arrayRows) + " x " + std::to_string(problem.arrayCols) +
               " (" + how + "), the target has " + std::to_string(problem.arrays) +
               "; the largest layer is '" + largest.name + "' with " + groups +
               std::to_string(largest.rows) + " x " + std::to_string(largest.cols) + " weights" +
               (largest.slices > 1 ? " in " + std::to_string(largest.slices) + " slices" : "")};
}

std::vector<Cut> Packer::cutAll(const CutStyle &style) const {
  std::vector<Cut> cuts;
  for (const Matrix &matrix : problem.matrices)
    cuts.push_back(cutMatrix(matrix, problem, style));
  return cuts;
}

RectangleProblem Packer::rectangles(const std::vector<Cut> &cuts, int64_t loadBound) const {
  RectangleProblem result{
      {}, problem.arrayRows, problem.arrayCols, std::max<int64_t>(1, loadBound)};
  for (size_t i = 0; i < cuts.size(); ++i)
    for (int64_t slice = 0; slice < cuts[i].slices; ++slice)
      for (int64_t groups : cuts[i].groupParts)
        for (int64_t rows : cuts[i].rowParts)
          for (int64_t cols : cuts[i].colParts)
            result.rectangles.push_back({groups * rows, groups * cols, problem.matrices[i].reads});
  return result;
}

Solution Packer::packCuts(std::vector<Cut> cuts, int64_t loadBound, int64_t &budget) const {
  Solution solution;
  solution.packing = packRectangles(rectangles(cuts, loadBound), budget);
  solution.tiles = int64_t(solution.packing.places.size());
  solution.cuts = std::move(cuts);
  return solution;
}

/// Replaces the best solution if these cuts are better.
void Packer::tryCuts(std::vector<Cut> cuts, Solution &best, int64_t &budget) const {
  int64_t tiles = 0;
  for (const Cut &cut : cuts)
    tiles += cut.tiles();
  if (tiles > kMaxTriedTiles)
    return;
  Solution candidate = packCuts(std::move(cuts), kAnyReads, budget);
  if (candidate.betterThan(best))
    best = std::move(candidate);
}

/// `Never`: tile i in array i.
Solution Packer::separate() const {
  Solution solution;
  solution.cuts = cutAll(kBalanced);
  for (int64_t i = 0; i < tileByTile; ++i)
    solution.packing.places.push_back({i, 0, 0});
  solution.tiles = solution.packing.bins = tileByTile;
  solution.packing.busiestLoad = mostReads;
  return solution;
}

/// `Auto`: share while it costs no time, else the smallest bound on reads that fits.
Solution Packer::shared() const {
  int64_t budget = kFirstBudget;
  Solution best = packCuts(cutAll(kBalanced), mostReads, budget);
  if (best.packing.bins <= problem.arrays)
    return best;
  budget = kFirstBudget;
  best = packCuts(std::move(best.cuts), kAnyReads, budget);
  Solution recut = dense();
  if (recut.packing.bins > problem.arrays)
    return best.packing.bins <= problem.arrays ? lowered(best) : recut;
  recut = lowered(recut);
  if (best.packing.bins > problem.arrays)
    return recut;
  best = lowered(best);
  return recut.packing.busiestLoad < best.packing.busiestLoad ? recut : best;
}

/// `Dense`: the fewest arrays over all ways to cut.
Solution Packer::dense() const {
  int64_t budget = kFirstBudget + kImproveBudget;
  Solution best = packCuts(cutAll(kBalanced), kAnyReads, budget);
  for (const CutStyle &style : denseStyles()) {
    if (best.packing.bins == bound || budget <= 0)
      break;
    tryCuts(cutAll(style), best, budget);
  }
  improveCuts(best, budget);
  lowerReads(best, best.packing.bins);
  return best;
}

/// Tries every style on one matrix after another, the largest first, and keeps what is better.
void Packer::improveCuts(Solution &best, int64_t &budget) const {
  std::vector<size_t> order(problem.matrices.size());
  std::iota(order.begin(), order.end(), 0);
  auto weights = [&](size_t i) {
    return problem.matrices[i].groups * problem.matrices[i].rows * problem.matrices[i].cols;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return weights(a) > weights(b); });
  std::vector<CutStyle> styles = denseStyles();
  styles.insert(styles.begin(), kBalanced);
  for (size_t index : order)
    for (const CutStyle &style : styles) {
      if (best.packing.bins == bound || budget <= 0)
        return;
      std::vector<Cut> cuts = best.cuts;
      cuts[index] = cutMatrix(problem.matrices[index], problem, style);
      tryCuts(std::move(cuts), best, budget);
    }
}

/// Finds the smallest bound on reads with which the same cuts still fit `arrays`, by binary search.
void Packer::lowerReads(Solution &best, int64_t arrays) const {
  int64_t low = mostReads, high = best.packing.busiestLoad;
  // A step may take a part of the budget, so that several steps are made whatever the size.
  int64_t budget = 2 * kImproveBudget;
  while (low < high && budget > 0) {
    int64_t middle = low + (high - low) / 2, allowed = budget / 6, left = allowed;
    Solution candidate = packCuts(best.cuts, middle, left);
    budget -= allowed - left;
    if (candidate.packing.bins <= arrays) {
      high = candidate.packing.busiestLoad;
      best = std::move(candidate);
    } else {
      low = middle + 1;
    }
  }
}

/// Lists the tiles; arrays are numbered in the order in which the layers first use them.
Packing Packer::finish(const Solution &solution) const {
  Packing result;
  result.arraysBound = bound;
  result.arraysTileByTile = tileByTile;
  result.arraysUsed = solution.packing.bins;
  result.busiestReads = solution.packing.busiestLoad;
  for (size_t i = 0; i < solution.cuts.size(); ++i)
    appendTiles(int64_t(i), solution.cuts[i], result.tiles);
  std::vector<int64_t> number(size_t(solution.packing.bins), -1);
  int64_t next = 0;
  for (size_t i = 0; i < result.tiles.size(); ++i) {
    const RectanglePlace &place = solution.packing.places[i];
    int64_t &array = number[size_t(place.bin)];
    if (array < 0)
      array = next++;
    result.tiles[i].array = array;
    result.tiles[i].arrayRow = place.row;
    result.tiles[i].arrayCol = place.col;
  }
  return result;
}

} // namespace

Result<Packing> pack(const PackingProblem &problem, PackPolicy policy) {
  return Packer(problem, policy).solve();
}

} // namespace cimc::mapping
