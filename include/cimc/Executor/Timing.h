//===- Timing.h - Time and energy of a program ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The timing engine: a program's schedule does not depend on the data, so its time and energy are
// simulated once, as discrete events over the same instructions that the executor runs.
// docs/timing.md has the model, formula by formula.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_EXECUTOR_TIMING_H
#define CIMC_EXECUTOR_TIMING_H

#include "cimc/Program/Validator.h"
#include "cimc/Support/Result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cimc::executor {

/// Energy by where it goes, in picojoules.
struct EnergyParts {
  double array = 0;   ///< reads of arrays, converters included
  double digital = 0; ///< elements in digital units
  double memory = 0;  ///< bytes to and from core memories
  double network = 0; ///< bytes over links of the chip
  double host = 0;    ///< bytes over the host link
  double idle = 0;    ///< idle power of the cores in use and of the chip, all the time
  double gated = 0;   ///< cores without a program

  double total() const { return array + digital + memory + network + host + idle + gated; }
  EnergyParts &operator+=(const EnergyParts &other);
  EnergyParts scaled(double factor) const;
};

/// The parts of an energy by name, in the order in which they are shown.
struct EnergyPart {
  const char *name;
  double EnergyParts::*value;
};
inline constexpr EnergyPart kEnergyParts[] = {
    {"array", &EnergyParts::array},   {"digital", &EnergyParts::digital},
    {"memory", &EnergyParts::memory}, {"network", &EnergyParts::network},
    {"host", &EnergyParts::host},     {"idle", &EnergyParts::idle},
    {"gated", &EnergyParts::gated}};

/// What one core did in one inference that has the machine for itself.
struct CoreTiming {
  uint32_t core = 0;      ///< number in the program
  uint32_t index = 0;     ///< place in the chip's grid
  uint32_t arrays = 0;    ///< with weights
  double arrayBusyNs = 0; ///< summed over the core's arrays
  double digitalBusyNs = 0, sendBusyNs = 0, receiveBusyNs = 0;
  /// Busy time over the latency of one inference, and over the interval between inferences that
  /// follow each other. Per array.
  double arrayUtilisation = 0, digitalUtilisation = 0, steadyArrayUtilisation = 0,
         steadyDigitalUtilisation = 0;
};

/// What one layer (a tile's layer, or a block's name where no array is read) took in one inference,
/// summed over cores.
struct LayerTiming {
  std::string name;
  uint32_t arrays = 0;    ///< that hold weights of it
  uint64_t reads = 0;     ///< vectors multiplied, passes included
  uint64_t sentBytes = 0; ///< payload of its messages, to other cores and the host
  double arrayBusyNs = 0, digitalBusyNs = 0, linkBusyNs = 0;
  double energyPj = 0; ///< without host, idle and gated parts
};

struct TimingReport {
  std::string program, target;
  double latencyNs =
      0; ///< from the first byte leaving the host to the last result, nothing else running
  double intervalNs = 0;    ///< between results when inferences follow each other
  EnergyParts energy;       ///< of the inference that `latencyNs` times
  EnergyParts steadyEnergy; ///< per inference when inferences follow each other
  double programmingNs =
      0; ///< writing all weights once: cores at the same time, rows of a core one after the other
  double programmingPj = 0;
  uint32_t coresUsed = 0, coresTotal = 0, arraysUsed = 0;
  uint64_t instructions = 0; ///< executed per inference
  uint64_t reads = 0;        ///< vectors multiplied per inference
  uint64_t arrayMacs =
      0; ///< multiply-accumulates in arrays per inference, over the rows and columns of tiles
  /// Means over the arrays that hold weights, and over the cores in use: alone, and at the full
  /// rate.
  double arrayUtilisation = 0, steadyArrayUtilisation = 0, digitalUtilisation = 0,
         steadyDigitalUtilisation = 0;
  double busiestLinkUtilisation = 0; ///< of one link of the chip, when inferences follow each other
  double hostInUtilisation = 0, hostOutUtilisation = 0; ///< likewise
  std::vector<CoreTiming> cores;
  std::vector<LayerTiming> layers; ///< in order of appearance

  double inferencesPerSecond() const { return intervalNs > 0 ? 1e9 / intervalNs : 0; }
  /// Two operations per multiply-accumulate in arrays, at the steady rate.
  double arrayTops() const {
    return intervalNs > 0 ? 2e-3 * static_cast<double>(arrayMacs) / intervalNs : 0;
  }
  /// The same operations over the energy of the arrays, and over all energy at the steady rate;
  /// operations per picojoule, which are TOPS per watt.
  double arrayTopsPerWatt() const { return operationsPer(steadyEnergy.array); }
  double topsPerWatt() const { return operationsPer(steadyEnergy.total()); }

private:
  double operationsPer(double pj) const {
    return pj > 0 ? 2 * static_cast<double>(arrayMacs) / pj : 0;
  }
};

struct TimingOptions {
  /// Inferences that follow each other in the run that finds the interval; the first half is left
  /// out as start-up. At least 2.
  uint32_t steadyInferences = 6;
};

/// Simulates the program on its embedded target. Deterministic. Fails if the program uses more than
/// one chip, or is too large to time.
Result<TimingReport> simulateTiming(const program::ValidatedProgram &program,
                                    const TimingOptions &options = {});

/// The report as a table for people, with aligned columns.
std::string formatTiming(const TimingReport &report);

/// The report as one JSON object; key names carry units. `indent` spaces before each line but the
/// first.
std::string timingToJson(const TimingReport &report, unsigned indent = 0);

} // namespace cimc::executor

#endif // CIMC_EXECUTOR_TIMING_H
