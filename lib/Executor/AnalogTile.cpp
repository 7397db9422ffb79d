//===- AnalogTile.cpp - A tile as its cells hold it -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AnalogTile.h"

#include "Numbers.h"

#include <algorithm>

using namespace cimc;
using namespace cimc::executor;

namespace {

CIMC_VECTORIZE void addRow(float x, const float *row, float *sums, size_t count) {
  for (size_t i = 0; i < count; ++i)
    sums[i] += x * row[i];
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
  std::vector<double> weights(size_t{mapped.rows} * mapped.cols), variances(weights.size());
  array.weightsAt(options.timeNs, weights, part);
  if (options.readNoise)
    array.readVariancesAt(options.timeNs, variances, part);
  weights = oriented(std::move(weights), mapped, direction);
  variances = oriented(std::move(variances), mapped, direction);
  auto [rows, cols] = sizesOf(mapped, direction);
  AnalogMatrix matrix{rows, (cols + 15) / 16 * 16, {}, {}};
  matrix.weights.assign(size_t{matrix.rows} * matrix.pitch, 0.0f);
  matrix.variances = matrix.weights;
  for (size_t row = 0; row < rows; ++row)
    for (size_t col = 0; col < cols; ++col) {
      matrix.weights[row * matrix.pitch + col] = static_cast<float>(weights[row * cols + col]);
      matrix.variances[row * matrix.pitch + col] = static_cast<float>(variances[row * cols + col]);
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
    if (options.compensation == Compensation::Column)
      devices::columnCompensations(before, now, limits, factors);
    else
      std::fill(factors.begin(), factors.end(), devices::globalCompensation(before, now, limit));
  }
  return {factors.begin(), factors.end()};
}

} // namespace

void executor::multiplyAnalog(const AnalogMatrix &matrix, const int8_t *const *vectors,
                              size_t count, float *sums, float *variances) {
  std::fill_n(sums, count * matrix.pitch, 0.0f);
  if (variances)
    std::fill_n(variances, count * matrix.pitch, 0.0f);
  // A row of weights stays in the first-level cache for all vectors.
  for (size_t row = 0; row < matrix.rows; ++row)
    for (size_t i = 0; i < count; ++i) {
      if (vectors[i][row] == 0)
        continue;
      auto x = static_cast<float>(vectors[i][row]);
      addRow(x, matrix.weights.data() + row * matrix.pitch, sums + i * matrix.pitch, matrix.pitch);
      if (variances)
        addRow(x * x, matrix.variances.data() + row * matrix.pitch, variances + i * matrix.pitch,
               matrix.pitch);
    }
}

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
  mapping.scaling = transposed ? devices::Scaling::PerArray : devices::Scaling::PerColumn;
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
          matrix.rows == 0)
        matrix = partOf(programmed, options, direction, conversion.weights);
    for (const AnalogMatrix &matrix : side.matrices)
      noisy |= std::any_of(matrix.variances.begin(), matrix.variances.end(),
                           [](float variance) { return variance > 0; });
    side.factors = compensationOf(programmed, options, direction);
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
