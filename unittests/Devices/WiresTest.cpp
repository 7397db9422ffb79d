//===- WiresTest.cpp - Wires against networks of resistors ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "cimc/Devices/Wires.h"
#include "cimc/Devices/Weights.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace cimc::devices;

namespace {

/// Solves a * x = b by elimination; `a` is row by row.
std::vector<double> solve(std::vector<double> a, std::vector<double> b) {
  size_t n = b.size();
  for (size_t k = 0; k < n; ++k)
    for (size_t i = k + 1; i < n; ++i) {
      double factor = a[i * n + k] / a[k * n + k];
      for (size_t j = k; j < n; ++j)
        a[i * n + j] -= factor * a[k * n + j];
      b[i] -= factor * b[k];
    }
  for (size_t k = n; k-- > 0;) {
    for (size_t j = k + 1; j < n; ++j)
      b[k] -= a[k * n + j] * b[j];
    b[k] /= a[k * n + k];
  }
  return b;
}

/// What the cell at (row, col) of an array seems to conduct: current at the end of column `col` for
/// one volt at the end of row `row` and none elsewhere, from the voltages of all nodes. Segments of
/// `ohm[0]` along rows and `ohm[1]` along columns.
double seemsToConduct(const std::vector<double> &cells, size_t rows, size_t cols,
                      const double (&ohm)[2], size_t row, size_t col) {
  size_t nodes = 2 * rows * cols; // of rows, then of columns
  std::vector<double> matrix(nodes * nodes), currents(nodes);
  auto join = [&](size_t a, size_t b, double siemens) {
    matrix[a * nodes + a] += siemens;
    matrix[b * nodes + b] += siemens;
    matrix[a * nodes + b] -= siemens;
    matrix[b * nodes + a] -= siemens;
  };
  double along = 1 / (ohm[0] * 1e-6), down = 1 / (ohm[1] * 1e-6); // uS
  for (size_t i = 0; i < rows; ++i)
    for (size_t j = 0; j < cols; ++j) {
      size_t ofRow = i * cols + j, ofCol = rows * cols + ofRow;
      join(ofRow, ofCol, cells[ofRow]);
      if (j + 1 < cols)
        join(ofRow, ofRow + 1, along);
      if (i + 1 < rows)
        join(ofCol, ofCol + cols, down);
    }
  for (size_t i = 0; i < rows; ++i) // ends of rows: one volt or none behind a segment
    matrix[i * cols * nodes + i * cols] += along;
  for (size_t j = 0; j < cols; ++j) // ends of columns
    matrix[(rows * cols + j) * nodes + rows * cols + j] += down;
  currents[row * cols] = along;
  return solve(matrix, currents)[rows * cols + col] * down;
}

std::vector<double> randomCells(size_t count, uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<double> cells(count);
  for (double &cell : cells)
    cell = double(engine() % 1000) / 40 + 0.1;
  return cells;
}

TEST(Wires, ASingleLadderIsExact) {
  // Two cells of 1 S behind 1 Ohm each: 1 + 1 || 1 = 1.5 S behind the first segment.
  std::vector<double> loads = {1e6, 1e6}, shares(2);
  wireShares(loads, 1, shares);
  EXPECT_DOUBLE_EQ(shares[0], 0.4);
  EXPECT_DOUBLE_EQ(shares[1], 0.2);
  wireShares(loads, 0, shares);
  EXPECT_EQ(shares, (std::vector<double>{1, 1}));
}

/// An array in which cells of both polarities lie beside each other along rows, or along columns.
void compareWithNetwork(Pairing pairing) {
  constexpr uint32_t kRows = 7, kCols = 5;
  constexpr double kOhm = 150;
  std::vector<double> positive = randomCells(kRows * kCols, 1),
                      negative = randomCells(kRows * kCols, 2);
  bool inColumns = pairing == Pairing::Columns;
  size_t wide = inColumns ? 2 * kCols : kCols, high = inColumns ? kRows : 2 * kRows;
  std::vector<double> cells(wide * high);
  auto place = [&](size_t row, size_t col, size_t polarity) {
    return inColumns ? std::pair(row, 2 * col + polarity) : std::pair(2 * row + polarity, col);
  };
  for (size_t row = 0; row < kRows; ++row)
    for (size_t col = 0; col < kCols; ++col)
      for (size_t polarity : {0, 1}) {
        auto [i, j] = place(row, col, polarity);
        cells[i * wide + j] = (polarity ? negative : positive)[row * kCols + col];
      }
  CellShares shares = cellShares(positive, negative, kRows, kCols, pairing, kOhm);
  double missed = 0, lost = 0;
  for (size_t row = 0; row < kRows; ++row)
    for (size_t col = 0; col < kCols; ++col) {
      auto [i, j] = place(row, col, 0);
      double cell = positive[row * kCols + col];
      double exact = seemsToConduct(cells, high, wide, {kOhm, kOhm}, i, j);
      missed = std::max(missed, std::fabs(cell * shares.positive[row * kCols + col] - exact));
      lost = std::max(lost, cell - exact);
    }
  EXPECT_GT(lost, 1.5);           // uS, of at most 25
  EXPECT_LT(missed, 0.15 * lost); // the product of two ladders misses little of it
}

TEST(Wires, PlacesBeforeAPartAreWireAlone) {
  // A part at row 2, column 3 conducts as in a whole array whose other cells conduct nothing.
  constexpr uint32_t kRows = 4, kCols = 3, kAtRow = 2, kAtCol = 3, kWide = kCols + kAtCol;
  std::vector<double> positive = randomCells(kRows * kCols, 3),
                      negative = randomCells(kRows * kCols, 4);
  std::vector<double> all[2];
  for (std::vector<double> &cells : all)
    cells.resize((kRows + kAtRow) * kWide);
  auto placed = [&](size_t row, size_t col) { return (row + kAtRow) * kWide + col + kAtCol; };
  for (size_t row = 0; row < kRows; ++row)
    for (size_t col = 0; col < kCols; ++col) {
      all[0][placed(row, col)] = positive[row * kCols + col];
      all[1][placed(row, col)] = negative[row * kCols + col];
    }
  for (Pairing pairing : {Pairing::Columns, Pairing::Rows}) {
    CellShares part = cellShares(positive, negative, kRows, kCols, pairing, 100, {kAtRow, kAtCol});
    CellShares whole = cellShares(all[0], all[1], kRows + kAtRow, kWide, pairing, 100);
    CellShares atOrigin = cellShares(positive, negative, kRows, kCols, pairing, 100);
    for (size_t row = 0; row < kRows; ++row)
      for (size_t col = 0; col < kCols; ++col) {
        size_t i = row * kCols + col;
        EXPECT_NEAR(part.positive[i], whole.positive[placed(row, col)], 1e-12);
        EXPECT_NEAR(part.negative[i], whole.negative[placed(row, col)], 1e-12);
        EXPECT_LT(part.positive[i], atOrigin.positive[i]);
      }
  }
}

TEST(Wires, AgreeWithNetworksOfResistors) {
  compareWithNetwork(Pairing::Columns);
  compareWithNetwork(Pairing::Rows);
}

TEST(Wires, OfOneKindAreExact) {
  constexpr size_t kRows = 6, kCols = 4;
  std::vector<double> cells = randomCells(kRows * kCols, 3), loads(kRows), shares(kRows);
  for (size_t col = 0; col < kCols; ++col) {
    for (size_t row = 0; row < kRows; ++row)
      loads[row] = cells[row * kCols + col];
    wireShares(loads, 2000, shares);
    for (size_t row = 0; row < kRows; ++row)
      EXPECT_NEAR(seemsToConduct(cells, kRows, kCols, {1e-6, 2000}, row, col),
                  loads[row] * shares[row], 1e-4);
  }
}

TEST(Wires, MakeFarWeightsSmaller) {
  cimc::target::Device device;
  device.gMaxUs = 20;
  device.wireOhm = 5;
  std::vector<float> weights(64 * 8, 100.0f);
  WeightArray array(device, mapWeights(device, weights, 64, 8), 1, 0);
  std::vector<double> seen(weights.size());
  array.weightsAt(0, seen);
  EXPECT_LT(seen.front(), 100);
  EXPECT_GT(seen.front(), 99);
  EXPECT_LT(seen.back(), 0.9 * seen.front());
}

} // namespace
