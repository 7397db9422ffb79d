//===- Wires.h - The voltage that wires take -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The drop of voltage (IR drop) along the wires of an array. A read is linear in its inputs, with
// wires as without, so wires change what each cell seems to conduct, and nothing else.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DEVICES_WIRES_H
#define CIMC_DEVICES_WIRES_H

#include <cstdint>
#include <span>
#include <vector>

namespace cimc::devices {

/// Where the two cells of a weight lie: on two wires of results in the same row, or on two wires of
/// inputs in the same column.
enum class Pairing : uint8_t { Columns, Rows };

/// The row and the column of an array, counted in weights, where a part of it begins.
struct Place {
  uint32_t row = 0, col = 0;
};

/// The share of the voltage at the end of a wire that is left at each of its cells, the nearest
/// first, with segments of `wireOhm` from the end to the first cell and from each to the next, and
/// nothing but cells of `loadsUs` to ground. Exact. Requires: as many shares as loads, which are
/// microsiemens and not negative, as is wireOhm. The first cell may lie behind `before` places
/// without cells.
void wireShares(std::span<const double> loadsUs, double wireOhm, std::span<double> shares,
                uint32_t before = 0);

/// For each cell of both polarities, what its current is multiplied by, in (0, 1].
struct CellShares {
  std::vector<double> positive, negative;
};

/// The shares of cells whose rows are driven, and whose columns are read, at their ends beside row
/// and column 0: the share of the row's voltage that reaches the cell times the share of its
/// current that reaches the end of the column, which by reciprocity is the share of a voltage there
/// that would reach the cell. Each factor is exact where the other wire has no resistance; that
/// the drops of rows and columns act on each other is left out. The same for reads of both
/// directions. The first weight lies at `at`, with nothing before it. Requires: as many cells as
/// rows times cols in both polarities, row by row.
CellShares cellShares(std::span<const double> positiveUs, std::span<const double> negativeUs,
                      uint32_t rows, uint32_t cols, Pairing pairing, double wireOhm, Place at = {});

} // namespace cimc::devices

#endif // CIMC_DEVICES_WIRES_H
