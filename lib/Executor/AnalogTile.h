//===- AnalogTile.h - A tile as its cells hold it ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The weights of a tile become conductances, which deviate, drift and are read with noise
// (docs/devices.md). What a read needs of them is drawn once, when the program is loaded: the
// weight that each pair of cells stands for, and the variance of its reads. The noise of a column
// in one conversion is one normal number with the variance sum x_i^2 * variance_i, which has the
// same distribution as noise of each cell.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_ANALOGTILE_H
#define CIMC_LIB_EXECUTOR_ANALOGTILE_H

#include "ReadPlan.h"

#include "cimc/Devices/Random.h"
#include "cimc/Devices/Weights.h"

#include <array>

namespace cimc::executor {

/// Row by row, rows of inputs; rows are padded with zeros to a multiple of 16 columns.
struct AnalogMatrix {
  uint32_t rows = 0, pitch = 0;
  std::vector<float> weights, variances; ///< in units of the tile's integer weights
};

/// The product of each vector with the weights, and with `variances`, if not null, of its squares
/// with the variances. The order of additions is that of the rows, whatever `count` is.
void multiplyAnalog(const AnalogMatrix &matrix, const int8_t *const *vectors, size_t count,
                    float *sums, float *variances);

/// One tile at one time after programming.
class AnalogTile {
public:
  /// Programs the tile's cells. Columns have scales of their own: the largest weight of each is
  /// g_max. A tile that is read transposed has one scale, since currents of cells of different
  /// columns add up there.
  AnalogTile(const program::Program &program, uint32_t tile, bool transposed,
             const AnalogOptions &options);

  /// The matrix of the weights that take part in a conversion. Both directions are the same cells.
  const AnalogMatrix &matrix(program::Direction direction, target::WeightPart part) const {
    return sides[static_cast<size_t>(direction)].matrices[static_cast<size_t>(part)];
  }
  /// What each result of a read is multiplied by to make drift good.
  const std::vector<float> &factors(program::Direction direction) const {
    return sides[static_cast<size_t>(direction)].factors;
  }
  bool isNoisy() const { return noisy; }

private:
  /// What reads in one direction need.
  struct Side {
    std::array<AnalogMatrix, 3> matrices; ///< by target::WeightPart; only those of conversions
    std::vector<float> factors;
  };
  std::array<Side, 2> sides; ///< by program::Direction; transposed only where there are such reads
  bool noisy = false;
};

/// The tile, programmed when it is first asked for.
std::shared_ptr<const AnalogTile> analogTileOf(const CoreContext &context, uint32_t tile);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_ANALOGTILE_H
