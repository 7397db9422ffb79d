//===- ChipPower.h - Chips that wake and shut down ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When a chip is on follows from two times for each epoch: when the epoch before ended, and when
// the chip was asked to be on for this one. docs/timing.md has the rule.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_CHIPPOWER_H
#define CIMC_LIB_EXECUTOR_CHIPPOWER_H

#include "PowerMeter.h"

#include "cimc/Executor/Trace.h"
#include "cimc/Target/Target.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace cimc::executor::timing {

/// A state of a chip from when to when; between spans it is off.
struct PowerSpan {
  PowerState state = PowerState::On;
  double startNs = 0, endNs = 0;
};

/// What `cores` of a chip's cores with a program make it take.
ChipPowerLevels powerLevels(const target::Chip &chip, uint32_t cores);

/// The power of one span, without what flows for its switching.
EnergyParts powerOf(const ChipPowerLevels &levels, PowerState state);

/// What a chip takes from `fromNs` to `toNs`: parts `idle`, `wake` and `gated`. The energy of
/// switching flows evenly while the chip switches.
EnergyParts powerEnergy(const ChipPowerLevels &levels, const std::vector<PowerSpan> &spans,
                        double fromNs, double toNs);

/// The same, over the time from 0 to `endNs`.
void addChipPower(const ChipPowerLevels &levels, const std::vector<PowerSpan> &spans, double endNs,
                  PowerMeter &meter);

/// How much of the span lies in [fromNs, toNs).
double overlap(const PowerSpan &span, double fromNs, double toNs);

/// A chip that shuts down, while it is simulated. Epochs are counted over all inferences.
class EpochClock {
public:
  /// `cores` of its cores end each epoch together.
  EpochClock(const target::Gating &gating, uint32_t cores);

  /// The chip is asked at `timeNs` to be on for `epoch`. True if it is now known when that begins.
  bool wake(uint64_t epoch, double timeNs);
  /// One core ends its epoch. True if it is now known when the next one begins.
  bool endEpoch(double timeNs);
  /// From when on the chip is on for `epoch`, if that is known. Past epochs have begun at 0.
  std::optional<double> onFrom(uint64_t epoch) const;

  /// The end of the last epoch that ended, with shutting down, unless another has begun since.
  std::optional<double> restNs() const;
  /// The spans so far; the chip stays as it is until `endNs`.
  std::vector<PowerSpan> take(double endNs);

private:
  bool begin();
  void shutDown();

  double wakeNs, shutdownNs;
  uint32_t cores, coresLeft;
  uint64_t epoch = 0;               ///< the one that has begun, or is to begin
  bool hasBegun = false;            ///< is the chip on for it, or will it be?
  double onNs = 0;                  ///< if it has begun: since when
  std::optional<double> endedNs;    ///< of the epoch before
  double lastEndNs = 0;             ///< of cores, in the epoch that is going on
  std::map<uint64_t, double> wakes; ///< of epochs that have not begun
  std::vector<PowerSpan> spans;
};

} // namespace cimc::executor::timing

#endif // CIMC_LIB_EXECUTOR_CHIPPOWER_H
