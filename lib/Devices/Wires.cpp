//===- Wires.cpp - The voltage that wires take -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A wire with cells is a ladder: from its far end on, what the rest of it conducts is known, and
// from its near end on, how much voltage each segment takes.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Devices/Wires.h"

namespace cimc::devices {

void wireShares(std::span<const double> loadsUs, double wireOhm, std::span<double> shares,
                uint32_t before) {
  double ohm = wireOhm * 1e-6; // per microsiemens
  // At first, what conducts behind the segment that leads to each cell, with the cell.
  double behind = 0;
  for (size_t i = loadsUs.size(); i-- > 0;) {
    behind = loadsUs[i] + behind / (1 + ohm * behind);
    shares[i] = behind;
  }
  double voltage = 1, segments = before + 1.0;
  for (double &share : shares) {
    share = voltage /= 1 + segments * ohm * share;
    segments = 1;
  }
}

CellShares cellShares(std::span<const double> positiveUs, std::span<const double> negativeUs,
                      uint32_t rows, uint32_t cols, Pairing pairing, double wireOhm, Place at) {
  // The array as it is laid out, the cells of a weight beside each other.
  bool inColumns = pairing == Pairing::Columns;
  uint32_t before[] = {at.col * (inColumns ? 2 : 1), at.row * (inColumns ? 1 : 2)};
  size_t wide = size_t{cols} * (inColumns ? 2 : 1), high = size_t{rows} * (inColumns ? 1 : 2);
  auto place = [&](size_t row, size_t col, size_t polarity) {
    return inColumns ? row * wide + 2 * col + polarity : (2 * row + polarity) * wide + col;
  };
  std::vector<double> cells(wide * high), shares(wide * high);
  for (size_t row = 0; row < rows; ++row)
    for (size_t col = 0; col < cols; ++col) {
      cells[place(row, col, 0)] = positiveUs[row * cols + col];
      cells[place(row, col, 1)] = negativeUs[row * cols + col];
    }
  for (size_t row = 0; row < high; ++row)
    wireShares(std::span(cells).subspan(row * wide, wide), wireOhm,
               std::span(shares).subspan(row * wide, wide), before[0]);
  std::vector<double> loads(high), along(high);
  for (size_t col = 0; col < wide; ++col) {
    for (size_t row = 0; row < high; ++row)
      loads[row] = cells[row * wide + col];
    wireShares(loads, wireOhm, along, before[1]);
    for (size_t row = 0; row < high; ++row)
      shares[row * wide + col] *= along[row];
  }
  CellShares found;
  for (size_t row = 0; row < rows; ++row)
    for (size_t col = 0; col < cols; ++col) {
      found.positive.push_back(shares[place(row, col, 0)]);
      found.negative.push_back(shares[place(row, col, 1)]);
    }
  return found;
}

} // namespace cimc::devices
