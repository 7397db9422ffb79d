//===- Weights.h - Weights as conductances and back ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A weight is the difference of two polarities: w > 0 raises the positive one, w < 0 the negative
// one, by |w| / limit of the range of conductance; the other stays at g_min. Matrices are row by
// row, rows of inputs, columns of results.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DEVICES_WEIGHTS_H
#define CIMC_DEVICES_WEIGHTS_H

#include "cimc/Devices/Cells.h"
#include "cimc/Devices/Wires.h"
#include "cimc/Target/Converters.h"

namespace cimc::devices {

/// Which weights share a scale.
enum class Scaling : uint8_t { PerArray, PerColumn };

/// How weights become conductances.
struct MappingOptions {
  Scaling scaling = Scaling::PerArray;
  /// The percentile of |w| that becomes g_max; larger weights are clipped. In (0, 100]; between two
  /// weights it is interpolated linearly, and where it is 0 the largest weight counts.
  double clipPercentile = 100;
  Pairing pairing = Pairing::Columns; ///< matters where wires have resistance, as does
  Place place = {};                   ///< of the first weight in its array
};

/// The targets of the cells of an array, for one cell per polarity.
struct MappedWeights {
  uint32_t rows = 0, cols = 0;
  std::vector<double> positive, negative; ///< uS, row by row
  std::vector<double> limits;             ///< the weight that g_max stands for, of each column
  Pairing pairing = Pairing::Columns;
  Place place = {};
};

/// Maps a matrix to conductances, rounded to the device's levels if it has any: level k of n is
/// g_min + k * (g_max - g_min) / (n - 1). Columns (arrays) whose weights are all 0 have the limit
/// 0. Requires: weights.size() == rows * cols, all finite; options in their ranges.
MappedWeights mapWeights(const target::Device &device, std::span<const float> weights,
                         uint32_t rows, uint32_t cols, const MappingOptions &options = {});

/// An array that holds weights: the planes of both polarities, `cellsPerPolarity` each, programmed
/// to the same targets with deviations of their own. The mapping back divides by their number.
class WeightArray {
public:
  /// Requires: findProblem(device) finds nothing; `array` is the array's number in the machine.
  WeightArray(const target::Device &device, MappedWeights mapped, uint64_t seed, uint64_t array);

  /// The weights that the array multiplies with at a time, without the noise of reads, row by row.
  /// Of one polarity: what its cells conduct beyond g_min, with the polarity's sign. Wires count
  /// (Wires.h).
  void weightsAt(double timeNs, std::span<double> weights,
                 target::WeightPart part = target::WeightPart::All) const;

  /// The variance of each weight in one read at a time. A column that reads inputs x_i has the
  /// variance sum x_i^2 * variance_i.
  void readVariancesAt(double timeNs, std::span<double> variances,
                       target::WeightPart part = target::WeightPart::All) const;

  const MappedWeights &mapped() const { return targets; }
  /// The planes: the positive ones first.
  std::span<const Cells> planes() const { return cells; }

private:
  /// What wires leave of the currents of cells that conduct what they do at a time; empty without
  /// resistance.
  CellShares sharesAt(double timeNs) const;

  target::Device device;
  MappedWeights targets;
  std::vector<Cells> cells;
};

/// What a result is multiplied by so that drift is made good: reference / now, both the mean
/// magnitude of the results of one-hot inputs, that is of the weights, at the time of calibration
/// and now. Both are at least 1e-4 of `limit`, the weight of g_max. Requires: as many weights as in
/// the reference; limit > 0.
double globalCompensation(std::span<const double> reference, std::span<const double> now,
                          double limit);

/// The same for each column by itself. Requires: also, as many limits and factors as columns;
/// columns whose limit is 0 get the factor 1.
void columnCompensations(std::span<const double> reference, std::span<const double> now,
                         std::span<const double> limits, std::span<double> factors);

} // namespace cimc::devices

#endif // CIMC_DEVICES_WEIGHTS_H
