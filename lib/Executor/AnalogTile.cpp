//===- AnalogTile.cpp - A tile as its cells hold it -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AnalogTile.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace cimc;
using namespace cimc::executor;

namespace {

/// The largest magnitude that drives a row.
constexpr double kMostInput = 128;

/// The finest unit, a power of two, in which no number leaves 16 bits and no sum `mostSum`.
double weightUnit(double largest, double sum, double mostSum) {
  constexpr double kLargest = std::numeric_limits<int16_t>::max();
  int exponent = 0; // of the next power of two, or of the number itself if it is one
  double fraction = std::frexp(std::max(largest / kLargest, sum / mostSum), &exponent);
  return std::ldexp(1.0, fraction == 0.5 ? exponent - 1 : exponent);
}

/// The finest unit in which no number leaves a byte and no sum `mostSum`.
double varianceUnit(double largest, double sum, double mostSum) {
  constexpr double kLargest = std::numeric_limits<uint8_t>::max();
  return static_cast<float>(std::max(largest / kLargest, sum / mostSum));
}

/// Numbers of a tile, row by row, as integers. `mostInput` is the largest magnitude that they are
/// multiplied with.
template <typename UnitOf>
PairMatrix toIntegers(const std::vector<double> &numbers, size_t rows, size_t cols,
                      double mostInput, UnitOf unitOf, std::vector<float> &units) {
  // Rounding may add half to each number.
  double mostSum = double(std::numeric_limits<int32_t>::max()) / mostInput - double(rows) / 2;
  PairMatrix matrix(rows, cols);
  units.assign((cols + PairMatrix::kBlock - 1) / PairMatrix::kBlock * PairMatrix::kBlock, 1.0f);
  for (size_t col = 0; col < cols; ++col) {
    double largest = 0, sum = 0;
    for (size_t row = 0; row < rows; ++row) {
      double magnitude = std::fabs(numbers[row * cols + col]);
      largest = std::max(largest, magnitude);
      sum += magnitude;
    }
    double unit = largest > 0 ? unitOf(largest, sum, mostSum) : 1;
    units[col] = static_cast<float>(unit);
    for (size_t row = 0; row < rows; ++row)
      matrix.at(row, col) = static_cast<int16_t>(std::lrint(numbers[row * cols + col] / unit));
  }
  return matrix;
}

using program::Direction;

/// Values of the tile, row by row, with rows and columns exchanged for transposed reads.
std::vector<double> oriented(std::vector<double> values, const devices::MappedWeights &mapped,
                             Direction direction) {
  if (direction == Direction::Forward)
    return values;
  std::vector<double> exchanged(values.size());
  for (size_t row = 0; row < mapped.rows; ++row)
    for (size_t col = 0; col < mapped.cols; ++col)
      exchanged[col * mapped.rows + row] = values[row * mapped.cols + col];
  return exchanged;
}

/// Inputs and results of a read.
std::pair<uint32_t, uint32_t> sizesOf(const devices::MappedWeights &mapped, Direction direction) {
  return direction == Direction::Forward ? std::pair(mapped.rows, mapped.cols)
                                         : std::pair(mapped.cols, mapped.rows);
}

AnalogMatrix partOf(const devices::WeightArray &array, const AnalogOptions &options,
                    Direction direction, target::WeightPart part) {
  const devices::MappedWeights &mapped = array.mapped();
  auto [rows, cols] = sizesOf(mapped, direction);
  std::vector<double> numbers(size_t{mapped.rows} * mapped.cols);
  AnalogMatrix matrix;
  array.weightsAt(options.timeNs, numbers, part);
  matrix.weights = toIntegers(oriented(numbers, mapped, direction), rows, cols, kMostInput,
                              weightUnit, matrix.unit);
  std::fill(numbers.begin(), numbers.end(), 0.0);
  if (options.readNoise)
    array.readVariancesAt(options.timeNs, numbers, part);
  matrix.variances = toIntegers(oriented(numbers, mapped, direction), rows, cols,
                                kMostInput * kMostInput, varianceUnit, matrix.varianceUnit);
  if (hasMatrixUnit()) {
    matrix.weightBytes = UnitMatrix(matrix.weights, 2);
    matrix.varianceBytes = UnitMatrix(matrix.variances, 1);
  }
  return matrix;
}

/// Factors that bring the tile's weights back to what they were at the time of programming.
std::vector<float> compensationOf(const devices::WeightArray &array, const AnalogOptions &options,
                                  Direction direction) {
  const devices::MappedWeights &mapped = array.mapped();
  std::vector<double> factors(sizesOf(mapped, direction).second, 1.0);
  double limit = *std::max_element(mapped.limits.begin(), mapped.limits.end());
  if (options.compensation != Compensation::None && limit > 0) {
    std::vector<double> before(size_t{mapped.rows} * mapped.cols), now(before.size());
    array.weightsAt(0, before);
    array.weightsAt(options.timeNs, now);
    before = oriented(std::move(before), mapped, direction);
    now = oriented(std::move(now), mapped, direction);
    // Transposed, all results have the one scale of the tile.
    std::vector<double> limits(mapped.limits);
    if (direction == Direction::Transposed)
      limits.assign(factors.size(), limit);
    if (options.compensation != Compensation::Global)
      devices::columnCompensations(before, now, limits, factors);
    else
      std::fill(factors.begin(), factors.end(), devices::globalCompensation(before, now, limit));
  }
  return {factors.begin(), factors.end()};
}

/// What results are less than they were meant to be, on average over inputs with these means.
std::vector<float> offsetsOf(const devices::WeightArray &array, const AnalogOptions &options,
                             Direction direction, std::span<const float> weights,
                             std::span<const float> factors, std::span<const float> means) {
  const devices::MappedWeights &mapped = array.mapped();
  auto [rows, cols] = sizesOf(mapped, direction);
  std::vector<double> now(size_t{mapped.rows} * mapped.cols), offsets(cols);
  array.weightsAt(options.timeNs, now);
  now = oriented(std::move(now), mapped, direction);
  std::vector<double> meant =
      oriented(std::vector<double>(weights.begin(), weights.end()), mapped, direction);
  for (size_t row = 0; row < rows; ++row)
    for (size_t col = 0; col < cols; ++col) {
      size_t i = row * cols + col;
      offsets[col] += double(means[row]) * (meant[i] - double(factors[col]) * now[i]);
    }
  return {offsets.begin(), offsets.end()};
}

} // namespace

AnalogTile::AnalogTile(const program::Program &program, uint32_t number, bool transposed,
                       const AnalogOptions &options) {
  const program::Tile &tile = program.tiles[number];
  const target::Array &array = program.target.chip.core.array;
  const auto *cells =
      reinterpret_cast<const int8_t *>(program.data[tile.data].data() + tile.offset);
  std::vector<float> weights;
  for (size_t row = 0; row < tile.rows; ++row)
    for (size_t col = 0; col < tile.cols; ++col)
      weights.push_back(cells[row * tile.pitch + col]);
  devices::MappingOptions mapping;
  mapping.pairing = array.rowsPerWeight > 1 ? devices::Pairing::Rows : devices::Pairing::Columns;
  mapping.place = {tile.row, tile.col};
  bool whole = transposed || options.scaling == WeightScaling::Tile;
  mapping.scaling = whole ? devices::Scaling::PerArray : devices::Scaling::PerColumn;
  mapping.clipPercentile = options.clipPercentile;
  // Tiles that share an array have cells of their own, so they are told apart by their number.
  devices::WeightArray programmed(
      array.device, devices::mapWeights(array.device, weights, tile.rows, tile.cols, mapping),
      options.seed, number);
  for (Direction direction : {Direction::Forward, Direction::Transposed}) {
    if (direction == Direction::Transposed && !transposed)
      continue;
    Side &side = sides[static_cast<size_t>(direction)];
    for (const target::Conversion &conversion : target::conversionsOf(array))
      if (AnalogMatrix &matrix = side.matrices[static_cast<size_t>(conversion.weights)];
          matrix.weights.rows == 0)
        matrix = partOf(programmed, options, direction, conversion.weights);
    for (const AnalogMatrix &matrix : side.matrices)
      noisy |= std::ranges::any_of(matrix.variances.numbers, [](int16_t v) { return v != 0; });
    side.factors = compensationOf(programmed, options, direction);
    if (options.compensation == Compensation::Affine && options.meanInputs)
      side.offsets = offsetsOf(programmed, options, direction, weights, side.factors,
                               (*options.meanInputs)[number][static_cast<size_t>(direction)]);
  }
}

std::shared_ptr<const AnalogTile> executor::analogTileOf(const CoreContext &context,
                                                         uint32_t tile) {
  std::shared_ptr<const AnalogTile> &found = (*context.analog)[tile];
  if (!found)
    found = std::make_shared<AnalogTile>(
        *context.program, tile, context.transposedTiles->contains(tile), context.model.analog);
  return found;
}
