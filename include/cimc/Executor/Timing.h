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
  double network = 0; ///< bytes over links of a chip
  double links = 0;   ///< bytes over links between chips
  double host = 0;    ///< bytes over the host link
  double wake = 0;    ///< chips that wake and shut down, their idle power meanwhile included
  double idle = 0;    ///< idle power of chips that are on, and of their cores with a program
  double gated = 0;   ///< chips that are off, and cores without a program

  double total() const {
    return array + digital + memory + network + links + host + wake + idle + gated;
  }
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
    {"links", &EnergyParts::links},   {"host", &EnergyParts::host},
    {"wake", &EnergyParts::wake},     {"idle", &EnergyParts::idle},
    {"gated", &EnergyParts::gated}};

/// A state of a chip's power.
enum class PowerState : uint8_t { Off, Waking, On, ShuttingDown };

/// What one core did in one inference that has the machine for itself.
struct CoreTiming {
  uint32_t core = 0; ///< number in the program
  uint32_t chip = 0;
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
  double energyPj = 0; ///< without host, wake, idle and gated parts
};

/// How a chip spent its time, in one inference alone or in the mean of those at the full rate. It
/// is off for the rest.
struct ChipStates {
  double onNs = 0, wakingNs = 0, shuttingDownNs = 0;
  double wakes = 0;    ///< how often it woke
  double energyPj = 0; ///< of the instructions of its cores, and of its power
};

struct ChipTiming {
  uint32_t chip = 0;
  uint32_t cores = 0;  ///< with a program
  uint64_t epochs = 0; ///< in one inference; 0: it is on all the time, or has no program
  ChipStates alone, steady;
  double waitingNs = 0; ///< one inference alone: on, and no unit of its cores works
};

/// What one inference sends from cores of a chip to cores of another.
struct ChipTraffic {
  uint32_t from = 0, to = 0;
  uint32_t links = 0;               ///< that a message takes
  uint64_t messages = 0, bytes = 0; ///< payload, whatever the number of links
};

struct TimingReport {
  std::string program, target;
  double latencyNs =
      0; ///< from the first byte leaving the host to the last result, nothing else running
  double intervalNs = 0; ///< between results when inferences follow each other
  double restNs = 0;  ///< the inference that `latencyNs` times, until chips that shut down are off
  EnergyParts energy; ///< of the inference that `latencyNs` times
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
  double busiestLinkUtilisation = 0; ///< of one link of a chip, when inferences follow each other
  double busiestChipLinkUtilisation = 0;                ///< of one link between chips, likewise
  double hostInUtilisation = 0, hostOutUtilisation = 0; ///< likewise
  /// What the same runs would take if no chip and no core were ever off.
  double ungatedPj = 0, steadyUngatedPj = 0;
  std::vector<CoreTiming> cores;
  std::vector<LayerTiming> layers;  ///< in order of appearance
  std::vector<ChipTiming> chips;    ///< of the machine, also those without a program
  std::vector<ChipTraffic> traffic; ///< by pair of chips; pairs that exchange nothing are left out

  double inferencesPerSecond() const { return intervalNs > 0 ? 1e9 / intervalNs : 0; }
  /// Two operations per multiply-accumulate in arrays, at the steady rate.
  double arrayTops() const {
    return intervalNs > 0 ? 2e-3 * static_cast<double>(arrayMacs) / intervalNs : 0;
  }
  /// The same operations over the energy of the arrays, and over all energy at the steady rate;
  /// operations per picojoule, which are TOPS per watt.
  double arrayTopsPerWatt() const { return operationsPer(steadyEnergy.array); }
  double topsPerWatt() const { return operationsPer(steadyEnergy.total()); }
  /// Payload of the messages between chips in one inference.
  uint64_t interchipBytes() const;
  /// Energy if nothing were ever off over the energy that was taken, alone and at the full rate.
  double gatingEnergyRatio() const { return ratio(ungatedPj, energy.total()); }
  double steadyGatingEnergyRatio() const { return ratio(steadyUngatedPj, steadyEnergy.total()); }
  /// Is there more than one chip, or one that shuts down?
  bool concernsChips() const;

private:
  static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }
  double operationsPer(double pj) const {
    return pj > 0 ? 2 * static_cast<double>(arrayMacs) / pj : 0;
  }
};

struct TimingOptions {
  /// Inferences that follow each other in the run that finds the interval; the first half is left
  /// out as start-up. At least 2.
  uint32_t steadyInferences = 6;
  /// For comparison with a machine that is one chip: messages between chips take no time, energy or
  /// place on links between chips.
  bool freeLinks = false;
  /// Likewise: chips wake and shut down in no time and at no energy.
  bool freeWaking = false;
};

/// Simulates the program on its embedded target. Deterministic. Fails if the program is too large
/// to time.
Result<TimingReport> simulateTiming(const program::ValidatedProgram &program,
                                    const TimingOptions &options = {});

/// The report as a table for people, with aligned columns.
std::string formatTiming(const TimingReport &report);

/// The report as one JSON object; key names carry units. `indent` spaces before each line but the
/// first.
std::string timingToJson(const TimingReport &report, unsigned indent = 0);

} // namespace cimc::executor

#endif // CIMC_EXECUTOR_TIMING_H
