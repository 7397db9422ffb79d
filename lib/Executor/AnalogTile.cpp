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

AnalogMatrix partOf(const devices::WeightArray &array, const AnalogOptions &options,
                    target::WeightPart part) {
  const devices::MappedWeights &mapped = array.mapped();
  std::vector<double> weights(size_t{mapped.rows} * mapped.cols), variances(weights.size());
  array.weightsAt(options.timeNs, weights, part);
  if (options.readNoise)
    array.readVariancesAt(options.timeNs, variances, part);
  AnalogMatrix matrix{mapped.rows, (mapped.cols + 15) / 16 * 16, {}, {}};
  matrix.weights.assign(size_t{matrix.rows} * matrix.pitch, 0.0f);
  matrix.variances = matrix.weights;
  for (size_t row = 0; row < mapped.rows; ++row)
    for (size_t col = 0; col < mapped.cols; ++col) {
      matrix.weights[row * matrix.pitch + col] =
          static_cast<float>(weights[row * mapped.cols + col]);
      matrix.variances[row * matrix.pitch + col] =
          static_cast<float>(variances[row * mapped.cols + col]);
    }
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
  if (options.compensation == Compensation::Column)
    devices::columnCompensations(before, now, mapped.limits, factors);
  else if (limit > 0)
    std::fill(factors.begin(), factors.end(), devices::globalCompensation(before, now, limit));
  return factors;
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
    if (AnalogMatrix &matrix = matrices[static_cast<size_t>(conversion.weights)]; matrix.rows == 0)
      matrix = partOf(programmed, options, conversion.weights);
  for (const AnalogMatrix &matrix : matrices)
    noisy |= std::any_of(matrix.variances.begin(), matrix.variances.end(),
                         [](float variance) { return variance > 0; });
  for (double factor : compensationOf(programmed, options))
    columnFactors.push_back(static_cast<float>(factor));
}

std::shared_ptr<const AnalogTile> executor::analogTileOf(const CoreContext &context,
                                                         uint32_t tile) {
  std::shared_ptr<const AnalogTile> &found = (*context.analog)[tile];
  if (!found)
    found = std::make_shared<AnalogTile>(*context.program, tile, context.model.analog);
  return found;
}
