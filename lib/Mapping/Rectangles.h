//===- Rectangles.h - Packing rectangles into equal bins -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The geometric core of array packing: rectangles go into as few bins as possible, disjoint, not
// rotated, and the loads (reads) of the rectangles of a bin add up to at most a bound.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_MAPPING_RECTANGLES_H
#define CIMC_LIB_MAPPING_RECTANGLES_H

#include <cstdint>
#include <vector>

namespace cimc::mapping {

struct Rectangle {
  int64_t rows = 0, cols = 0;
  int64_t load = 0;
};

struct RectangleProblem {
  std::vector<Rectangle> rectangles; ///< each fits into an empty bin
  int64_t binRows = 0, binCols = 0;
  int64_t loadBound = 0; ///< at least the largest load of one rectangle
};

struct RectanglePlace {
  int64_t bin = 0, row = 0, col = 0;
};

struct RectanglePacking {
  std::vector<RectanglePlace> places; ///< by rectangle
  int64_t bins = 0;
  int64_t busiestLoad = 0;
};

/// A lower bound on the bins: by area and by load.
int64_t binsBound(const RectangleProblem &problem);

/// Packs by several heuristics and returns the result with the fewest bins, then the smallest
/// busiest load. Deterministic. `budget` counts elementary steps and is lowered by those taken; the
/// first heuristic always runs (in a hurry once the budget is gone), further ones only while some
/// is left and the bound has not been reached.
RectanglePacking packRectangles(const RectangleProblem &problem, int64_t &budget);

} // namespace cimc::mapping

#endif // CIMC_LIB_MAPPING_RECTANGLES_H
