//===- Cuts.cpp - Cutting weight matrices into tiles -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Equal parts keep the analog partial sums alike and leave no tiny rests. Parts of a whole, a half
// or a quarter of an array and a rest stack without gaps, which matters when arrays are scarce.
//
//===--------------------------------------------------------------------------===//

#include "Cuts.h"

#include <algorithm>

namespace cimc::mapping {
namespace {

int64_t ceilDiv(int64_t value, int64_t by) { return value / by + (value % by != 0); }

/// `count` parts that differ by at most one, larger ones first.
std::vector<int64_t> equalParts(int64_t length, int64_t count) {
  std::vector<int64_t> parts(size_t(count), length / count);
  for (int64_t i = 0; i < length % count; ++i)
    ++parts[size_t(i)];
  return parts;
}

/// Parts of `size` and a rest.
std::vector<int64_t> fullParts(int64_t length, int64_t size) {
  std::vector<int64_t> parts(size_t(length / size), size);
  if (length % size)
    parts.push_back(length % size);
  return parts;
}

std::vector<int64_t> cutLength(int64_t length, int64_t limit, const CutRule &rule) {
  if (rule.step > 0)
    return fullParts(length, std::max<int64_t>(1, limit / rule.step));
  return equalParts(length, std::min(length, ceilDiv(length, limit) + rule.extra));
}

/// Columns that a tile may have.
int64_t colLimit(const Matrix &matrix, const PackingProblem &problem) {
  return matrix.maxCols > 0 ? std::min(matrix.maxCols, problem.arrayCols) : problem.arrayCols;
}

/// Rows of a group that a tile may have.
int64_t rowLimit(const Matrix &matrix, const PackingProblem &problem) {
  return matrix.maxRows > 0 ? std::min(matrix.maxRows, problem.arrayRows) : problem.arrayRows;
}

/// How many whole groups fit block-diagonally; 0 if not even one does.
int64_t groupsThatFit(const Matrix &matrix, const PackingProblem &problem) {
  if (matrix.rows > rowLimit(matrix, problem))
    return 0;
  return std::min(
      {matrix.groups, problem.arrayRows / matrix.rows, colLimit(matrix, problem) / matrix.cols});
}

} // namespace

const std::vector<CutStyle> &denseStyles() {
  static const std::vector<CutStyle> list = {
      {{0, 1}, {0, 0}, 1}, {{0, 1}, {0, 1}, 1}, {{0, 2}, {0, 0}, 1}, {{1, 0}, {0, 0}, 2},
      {{0, 0}, {1, 0}, 2}, {{0, 2}, {0, 2}, 2}, {{0, 4}, {0, 1}, 4}, {{0, 4}, {0, 4}, 4},
  };
  return list;
}

Cut cutMatrix(const Matrix &matrix, const PackingProblem &problem, const CutStyle &style) {
  int64_t fitting = groupsThatFit(matrix, problem);
  if (fitting > 1) {
    int64_t perTile = std::max<int64_t>(1, fitting / style.groupDivisor);
    return {equalParts(matrix.groups, ceilDiv(matrix.groups, perTile)),
            {matrix.rows},
            {matrix.cols},
            matrix.slices};
  }
  return {std::vector<int64_t>(size_t(matrix.groups), 1),
          cutLength(matrix.rows, rowLimit(matrix, problem), style.rows),
          cutLength(matrix.cols, colLimit(matrix, problem),
                    matrix.allRows > 0 ? kBalanced.cols : style.cols),
          matrix.slices};
}

__int128 countBalancedTiles(const Matrix &matrix, const PackingProblem &problem) {
  int64_t fitting = groupsThatFit(matrix, problem);
  if (fitting > 1)
    return __int128(ceilDiv(matrix.groups, fitting)) * matrix.slices;
  __int128 perGroup = __int128(ceilDiv(matrix.rows, rowLimit(matrix, problem))) *
                      ceilDiv(matrix.cols, colLimit(matrix, problem));
  // More factors may exceed 128 bits; more than 2^63 tiles are too many anyhow.
  __int128 perSlice = std::min<__int128>(perGroup, INT64_MAX) * matrix.groups;
  return std::min<__int128>(perSlice, INT64_MAX) * matrix.slices;
}

/// The tiles of one slice.
static void appendSlice(int64_t index, int64_t slice, const Cut &cut, std::vector<Tile> &tiles) {
  int64_t group = 0;
  for (int64_t groups : cut.groupParts) {
    int64_t row = 0;
    for (int64_t rows : cut.rowParts) {
      int64_t col = 0;
      for (int64_t cols : cut.colParts) {
        tiles.push_back({index, group, groups, row, rows, col, cols, 0, 0, 0, slice});
        col += cols;
      }
      row += rows;
    }
    group += groups;
  }
}

void appendTiles(int64_t index, const Cut &cut, std::vector<Tile> &tiles) {
  for (int64_t slice = 0; slice < cut.slices; ++slice)
    appendSlice(index, slice, cut, tiles);
}

} // namespace cimc::mapping
