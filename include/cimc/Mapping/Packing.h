//===- Packing.h - Cutting weight matrices and packing them into arrays -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tiling and packing problem: cut every weight matrix into tiles that fit an array, and put the
// tiles into as few arrays as possible so that no array is read more often than a bound allows.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_MAPPING_PACKING_H
#define CIMC_MAPPING_PACKING_H

#include "cimc/Support/Result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cimc::mapping {

/// A weight matrix. A grouped layer (depthwise included) is block diagonal: `groups` blocks of
/// `rows x cols` each, of which a tile holds whole groups (`groupsPerTile` of them, as a dense
/// rectangle with zeros) or a part of one group.
struct Matrix {
  std::string name;
  int64_t groups = 1;
  int64_t rows = 0, cols = 0; ///< of one group
  int64_t reads = 1;          ///< vectors multiplied per inference
  int64_t maxCols = 0;        ///< of one tile, where rows of results must not be wider; 0: any
  int64_t slices = 1;         ///< of a weight, each a matrix of this size, all cut alike
  /// Rows of the whole weight if the others are another problem's, as on another chip; else 0.
  /// Partial sums are added across them, so columns are cut by this number and not by what packs
  /// well here.
  int64_t allRows = 0;
  int64_t maxRows = 0; ///< of a group in one tile, where sums of fewer rows are better; 0: any
};

struct PackingProblem {
  std::vector<Matrix> matrices;
  int64_t arrayRows = 256, arrayCols = 256;
  int64_t arrays = 1; ///< how many the machine has
  /// Reads of one array that cost no time even where no single matrix is read as often: those of a
  /// recurrent loop, whose arrays wait for the digital unit most of a step.
  int64_t freeReads = 0;
};

/// How the compiler trades arrays against reads.
enum class PackPolicy {
  Auto,   ///< share arrays only while the busiest array is read no more often than it would be tile
          ///< by tile, or than `freeReads`; more only if needed to fit
  Never,  ///< one tile per array
  Dense,  ///< as few arrays as possible, whatever the reads
  Spread, ///< one tile per array if the machine has so many, else as `Auto`
};

/// One tile of slice `slice`: groups [group, group + groups) and rows/cols [row, row + rows), [col,
/// col + cols) of each group, at (arrayRow, arrayCol) of array `array`. With groups > 1 the tile
/// occupies groups * rows x groups * cols cells. The tiles of one matrix are a grid: every part of
/// its groups, of its rows and of its columns meets every other once, in each slice.
struct Tile {
  int64_t matrix = 0;
  int64_t group = 0, groups = 1, row = 0, rows = 0, col = 0, cols = 0;
  int64_t array = 0, arrayRow = 0, arrayCol = 0;
  int64_t slice = 0;
};

struct Packing {
  std::vector<Tile> tiles; ///< by matrix, slice, group, row, col
  int64_t arraysUsed = 0;
  int64_t arraysTileByTile = 0; ///< one tile per array
  int64_t arraysBound = 0;      ///< ceil(total cells / cells of an array)
  int64_t busiestReads = 0;     ///< reads per inference of the busiest array
};

/// Solves the problem. Deterministic. Fails, with needed and available arrays and the largest
/// layer, if the tiles do not fit.
Result<Packing> pack(const PackingProblem &problem, PackPolicy policy);

} // namespace cimc::mapping

#endif // CIMC_MAPPING_PACKING_H
