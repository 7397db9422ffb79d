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
double unitOf(double largest, double sum, double mostSum) {
  constexpr double kLargest = std::numeric_limits<int16_t>::max();
  if (largest == 0)
    return 1;
  return std::exp2(std::ceil(std::log2(std::max(largest / kLargest, sum / mostSum))));
}

/// Numbers of a tile, row by row, as integers. `mostInput` is the largest magnitude that they are
/// multiplied with.
PairMatrix toIntegers(const std::vector<double> &numbers, size_t rows, size_t cols,
                      double mostInput, std::vector<float> &units) {
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
    double unit = unitOf(largest, sum, mostSum);
    units[col] = static_cast<float>(unit);
    for (size_t row = 0; row < rows; ++row)
      matrix.at(row, col) = static_cast<int16_t>(std::lrint(numbers[row * cols + col] / unit));
  }
  return matrix;
}

AnalogMatrix partOf(const devices::WeightArray &array, const AnalogOptions &options,
                    target::WeightPart part) {
  const devices::MappedWeights &mapped = array.mapped();
  std::vector<double> numbers(size_t{mapped.rows} * mapped.cols);
  AnalogMatrix matrix;
  array.weightsAt(options.timeNs, numbers, part);
  matrix.weights = toIntegers(numbers, mapped.rows, mapped.cols, kMostInput, matrix.unit);
  std::fill(numbers.begin(), numbers.end(), 0.0);
  if (options.readNoise)
    array.readVariancesAt(options.timeNs, numbers, part);
  matrix.variances =
      toIntegers(numbers, mapped.rows, mapped.cols, kMostInput * kMostInput, matrix.varianceUnit);
  return matrix;
}

/// Factors that bring the tile's weights back to what they were at the time of programming.
std::vector<double> compensationOf(const devices::WeightArray &array,
                                   const AnalogOptions &options) {
  const devices::MappedWeights &mapped = array.mapped();
  std::vector<double> factors(mapped.cols, 1.0);
  if (options.compensation == Compensation::None)
    return factors;
  std::vector<double> before(size_t{mapped.rows} * mapped.cols), now(before.size());
  array.weightsAt(0, before);
  array.weightsAt(options.timeNs, now);
  double limit = *std::max_element(mapped.limits.begin(), mapped.limits.end());
  if (options.compensation != Compensation::Global)
    devices::columnCompensations(before, now, mapped.limits, factors);
  else if (limit > 0)
    std::fill(factors.begin(), factors.end(), devices::globalCompensation(before, now, limit));
  return factors;
}

/// What columns give less than they were meant to, on average over inputs with these means.
std::vector<float> offsetsOf(const devices::WeightArray &array, const AnalogOptions &options,
                             std::span<const float> weights, std::span<const double> factors,
                             std::span<const float> means) {
  const devices::MappedWeights &mapped = array.mapped();
  std::vector<double> now(size_t{mapped.rows} * mapped.cols), offsets(mapped.cols);
  array.weightsAt(options.timeNs, now);
  for (size_t row = 0; row < mapped.rows; ++row)
    for (size_t col = 0; col < mapped.cols; ++col) {
      size_t i = row * mapped.cols + col;
      offsets[col] += double(means[row]) * (double(weights[i]) - factors[col] * now[i]);
    }
  return {offsets.begin(), offsets.end()};
}

} // namespace

AnalogTile::AnalogTile(const program::Program &program, uint32_t number,
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
  mapping.scaling = devices::Scaling::PerColumn;
  // Tiles that share an array have cells of their own, so they are told apart by their number.
  devices::WeightArray programmed(
      array.device, devices::mapWeights(array.device, weights, tile.rows, tile.cols, mapping),
      options.seed, number);
  for (const target::Conversion &conversion : target::conversionsOf(array))
    if (AnalogMatrix &matrix = matrices[static_cast<size_t>(conversion.weights)];
        matrix.weights.rows == 0)
      matrix = partOf(programmed, options, conversion.weights);
  for (const AnalogMatrix &matrix : matrices)
    noisy |= std::ranges::any_of(matrix.variances.numbers, [](int16_t v) { return v != 0; });
  std::vector<double> factors = compensationOf(programmed, options);
  columnFactors.assign(factors.begin(), factors.end());
  if (options.compensation == Compensation::Affine && options.meanInputs)
    columnOffsets =
        offsetsOf(programmed, options, weights, factors, options.meanInputs->at(number));
}

std::shared_ptr<const AnalogTile> executor::analogTileOf(const CoreContext &context,
                                                         uint32_t tile) {
  std::shared_ptr<const AnalogTile> &found = (*context.analog)[tile];
  if (!found)
    found = std::make_shared<AnalogTile>(*context.program, tile, context.model.analog);
  return found;
}
