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

#include "MatrixUnit.h"
#include "PairKernel.h"
#include "ReadPlan.h"

#include "cimc/Devices/Random.h"
#include "cimc/Devices/Weights.h"

#include <array>

namespace cimc::executor {

/// The weights that take part in a conversion, as integers: a column's weight is an integer times
/// the column's unit, a power of two, so that weights without deviations are exact. The unit is as
/// fine as 16 bits, and sums that fit 32 bits, allow: with 256 rows at most 1/16384 of the largest
/// weight. Variances are bytes, of which the largest of a column is 255 (less from 513 rows on, so
/// that sums of squares fit 32 bits): a cell's is wrong by 1/510 of the largest at most.
struct AnalogMatrix {
  PairMatrix weights, variances;
  std::vector<float> unit, varianceUnit; ///< by column, to a multiple of 16
  UnitMatrix weightBytes, varianceBytes; ///< the same for the matrix unit, if there is one
};

/// One tile at one time after programming.
class AnalogTile {
public:
  /// Programs the tile's cells. Columns have scales of their own unless `options.scaling` says
  /// otherwise: a percentile of the magnitudes of each, usually the largest, is g_max. A tile that
  /// is read transposed has one scale, since currents of cells of different columns add up there.
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
  /// What is added to each result then, in integer units; none without Compensation::Affine.
  const std::vector<float> &offsets(program::Direction direction) const {
    return sides[static_cast<size_t>(direction)].offsets;
  }
  bool isNoisy() const { return noisy; }

private:
  /// What reads in one direction need.
  struct Side {
    std::array<AnalogMatrix, 3> matrices; ///< by target::WeightPart; only those of conversions
    std::vector<float> factors, offsets;
  };
  std::array<Side, 2> sides; ///< by program::Direction; transposed only where there are such reads
  bool noisy = false;
};

/// The tile, programmed when it is first asked for.
std::shared_ptr<const AnalogTile> analogTileOf(const CoreContext &context, uint32_t tile);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_ANALOGTILE_H
