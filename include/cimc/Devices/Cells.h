//===- Cells.h - What the cells of an array conduct ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs cells and says what they conduct later, by the functions of a target::Device
// (docs/devices.md). All conductances are microsiemens, all times nanoseconds since programming.
// Every result depends on the device, the cell's target and its key alone.
//
// The names below are those of a *plane*: cells of one array that are programmed together, of one
// polarity. Weights.h joins planes to weights.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DEVICES_CELLS_H
#define CIMC_DEVICES_CELLS_H

#include "cimc/Target/Device.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cimc::devices {

/// Names cells: those of a plane from number `first` on.
struct CellKey {
  uint64_t seed = 0;
  uint64_t array = 0; ///< number of the array in the machine
  uint32_t plane = 0;
  uint64_t first = 0;
};

/// Why a cell cannot be programmed.
enum class Fault : uint8_t { None, StuckLow, StuckHigh, Unformed };

/// Cells after programming. All vectors have one element per cell; those of properties that the
/// device does not have are empty.
struct Cells {
  std::vector<double> targets;    ///< what was asked for
  std::vector<double> programmed; ///< what they conduct right after programming
  std::vector<double> deviates;   ///< standard normal: where a cell lies in every deviation from
                                  ///< its target; of devices that relax
  std::vector<double> exponents;  ///< of drift
  std::vector<double> decays;     ///< standard normal: where a cell lies in the spread of decay
  std::vector<Fault> faults;
};

/// Programs cells: max(0, target + deviation(target) * N), or what their fault leaves. Requires:
/// findProblem(device) finds nothing; targets are finite and not negative.
Cells program(const target::Device &device, std::span<const double> targets, const CellKey &key);

/// The exponents of drift of cells with these targets, |mean + deviation * N|: what program draws.
/// Requires: as of program; as many exponents as targets.
void driftExponents(const target::Device &device, std::span<const double> targets,
                    const CellKey &key, std::span<double> exponents);

/// Which cells have faults: what program draws.
void drawFaults(const target::Device &device, const CellKey &key, std::span<Fault> faults);

/// What the cells conduct at a time, without the noise of reads. Of a device that relaxes, a cell
/// keeps its place in the distribution: the deviation changes, the deviate stays. Requires: time >=
/// 0; as many conductances as cells.
void conductancesAt(const target::Device &device, const Cells &cells, double timeNs,
                    std::span<double> conductances);

/// The deviation of one read of each cell, given what it conducts at that time. The noise of cells
/// is independent, so a column that reads inputs x_i has the variance sum x_i^2 * deviation_i^2.
/// Requires: as of conductancesAt.
void readDeviations(const target::Device &device, const Cells &cells, double timeNs,
                    std::span<const double> conductances, std::span<double> deviations);

/// The deviation from the target at a time, of a device that relaxes, for the target g. At and
/// after the last time of the table it is the last; between two times it is interpolated in the
/// logarithm of time; before the first it is that of programming, or the first if there is none.
double relaxationAt(const target::Device &device, double targetUs, double timeNs);

/// A sentence for the user if the model is not defined at this time and what conductancesAt gives
/// is interpolated or held, or if deviating cells have no model of time; nothing if it is defined.
std::optional<std::string> remarkOn(const target::Device &device, double timeNs);

} // namespace cimc::devices

#endif // CIMC_DEVICES_CELLS_H
