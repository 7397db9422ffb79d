//===- EnginePacking.cpp - Filling the weight memories of engines ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One pass over the matrices in order. Neighbouring layers share an engine that way, and only the
// matrix that meets an engine's end is cut.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Mapping/EnginePacking.h"

#include <algorithm>

namespace cimc::mapping {
namespace {

class Filler {
public:
  explicit Filler(const PackingProblem &problem)
      : problem(problem), reads(static_cast<size_t>(std::max<int64_t>(problem.arrays, 1))) {}

  Result<Packing> fill() {
    int64_t bytes = 0;
    for (const Matrix &matrix : problem.matrices)
      bytes += matrix.groups * matrix.rows * matrix.cols;
    result.arraysBound = (bytes + problem.arrayRows - 1) / problem.arrayRows;
    if (result.arraysBound > problem.arrays)
      return tooLarge(bytes);
    for (size_t number = 0; number < problem.matrices.size(); ++number)
      for (int64_t group = 0; group < problem.matrices[number].groups; ++group)
        if (!place(static_cast<int64_t>(number), group))
          return tooLarge(bytes);
    result.arraysUsed = problem.matrices.empty() ? 0 : engine + 1;
    result.arraysTileByTile = static_cast<int64_t>(result.tiles.size());
    result.busiestReads = *std::max_element(reads.begin(), reads.end());
    return std::move(result);
  }

private:
  int64_t longestColumn() const {
    int64_t most = 0;
    for (const Matrix &matrix : problem.matrices)
      most = std::max(most, matrix.rows);
    return most;
  }

  Error tooLarge(int64_t bytes) const {
    return Error{"the weights take " + std::to_string(bytes) + " bytes, the target has " +
                 std::to_string(problem.arrays) + " engines of " +
                 std::to_string(problem.arrayRows) + " bytes" +
                 (bytes <= problem.arrays * problem.arrayRows
                      ? ", which hold whole output channels, the largest of " +
                            std::to_string(longestColumn()) + " bytes"
                      : "")};
  }

  /// Places the columns of one group, in as few tiles as memory and the limit on widths allow.
  bool place(int64_t number, int64_t group) {
    const Matrix &matrix = problem.matrices[static_cast<size_t>(number)];
    for (int64_t col = 0; col < matrix.cols;) {
      int64_t wanted = matrix.cols - col, cols = (problem.arrayRows - used) / matrix.rows;
      if (matrix.maxCols > 0)
        wanted = std::min(wanted, matrix.maxCols);
      if (matrix.allRows > 0 && problem.arrays > 1) { // as many as where the other rows are
        wanted = std::min(wanted, std::max<int64_t>(problem.arrayRows / matrix.allRows, 1));
        cols = cols < wanted ? 0 : cols;
      }
      cols = std::min(cols, wanted);
      if (cols <= 0) {
        used = 0;
        if (++engine == problem.arrays || matrix.rows > problem.arrayRows)
          return false;
        continue;
      }
      Tile tile;
      tile.matrix = number;
      tile.group = group;
      tile.rows = matrix.rows;
      tile.col = col;
      tile.cols = cols;
      tile.array = engine;
      tile.arrayRow = used;
      result.tiles.push_back(tile);
      reads[static_cast<size_t>(engine)] += matrix.reads;
      used += matrix.rows * cols;
      col += cols;
    }
    return true;
  }

  const PackingProblem &problem;
  Packing result;
  std::vector<int64_t> reads; ///< by engine
  int64_t engine = 0, used = 0;
};

} // namespace

Result<Packing> packEngines(const PackingProblem &problem) { return Filler(problem).fill(); }

} // namespace cimc::mapping
