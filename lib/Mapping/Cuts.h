//===- Cuts.h - Cutting weight matrices into tiles -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cut of a matrix is a grid: its rows, its columns or its groups in parts. All cuts of a packing
// are made from a few ways to cut.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_MAPPING_CUTS_H
#define CIMC_LIB_MAPPING_CUTS_H

#include "cimc/Mapping/Packing.h"

namespace cimc::mapping {

/// The parts of one matrix. Either `groupParts` are numbers of whole groups per tile and rows and
/// columns have one part each, or every group is cut alone.
struct Cut {
  std::vector<int64_t> groupParts, rowParts, colParts; ///< of one slice
  int64_t slices = 1;                                  ///< each is cut so
  int64_t tiles() const {
    return slices * int64_t(groupParts.size() * rowParts.size() * colParts.size());
  }
};

/// One way to cut a length: into `extra` more equal parts than needed, or (`step` > 0) into parts
/// of array length / step and a rest.
struct CutRule {
  int64_t extra = 0, step = 0;
  bool operator==(const CutRule &) const = default;
};

/// How a matrix is cut in both directions; whole groups per tile are `groupDivisor` times fewer
/// than fit.
struct CutStyle {
  CutRule rows, cols;
  int64_t groupDivisor = 1;
};

/// The way that makes the fewest tiles, of equal size.
inline constexpr CutStyle kBalanced = {};

/// Other ways, which may pack better.
const std::vector<CutStyle> &denseStyles();

/// Cuts a matrix. Every tile fits an array.
Cut cutMatrix(const Matrix &matrix, const PackingProblem &problem, const CutStyle &style);

/// How many tiles cutMatrix with kBalanced makes, without making them.
__int128 countBalancedTiles(const Matrix &matrix, const PackingProblem &problem);

/// Appends the tiles of matrix number `index`, without places.
void appendTiles(int64_t index, const Cut &cut, std::vector<Tile> &tiles);

} // namespace cimc::mapping

#endif // CIMC_LIB_MAPPING_CUTS_H
