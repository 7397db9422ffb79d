//===- TimingChips.cpp - Figures about chips --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Power is summed over the states of each chip: of one inference alone until the machine is at
// rest, at the full rate between the ends of the inferences that count.
//
//===--------------------------------------------------------------------------===//

#include "TimingChips.h"

#include <map>

namespace cimc::executor {

uint64_t TimingReport::interchipBytes() const {
  uint64_t bytes = 0;
  for (const ChipTraffic &pair : traffic)
    bytes += pair.bytes;
  return bytes;
}

bool TimingReport::concernsChips() const {
  return chips.size() > 1 || (chips.size() == 1 && chips.front().epochs > 0);
}

namespace timing {
namespace {

/// Adds a chip's states and power in [fromNs, toNs), which is `inferences` inferences.
EnergyParts addStates(const ChipModel &chip, const std::vector<PowerSpan> &spans, double fromNs,
                      double toNs, double inferences, ChipStates &states) {
  double on = 0, waking = 0, shuttingDown = 0, wakes = 0;
  for (const PowerSpan &span : spans) {
    double time = overlap(span, fromNs, toNs);
    if (span.state == PowerState::On)
      on += time;
    else if (span.state == PowerState::Waking)
      waking += time;
    else
      shuttingDown += time;
    wakes += span.state == PowerState::Waking && span.startNs >= fromNs && span.startNs < toNs;
  }
  states.onNs = on / inferences;
  states.wakingNs = waking / inferences;
  states.shuttingDownNs = shuttingDown / inferences;
  states.wakes = wakes / inferences;
  EnergyParts energy = powerEnergy(chip.power, spans, fromNs, toNs).scaled(1 / inferences);
  states.energyPj += energy.total();
  return energy;
}

} // namespace

void addPower(const Model &model, const Run &single, const Run &steady, TimingReport &report) {
  size_t last = steady.finish.size() - 1, middle = last / 2;
  for (size_t i = 0; i < model.chips.size(); ++i) {
    ChipTiming &chip = report.chips[i];
    report.energy += addStates(model.chips[i], single.power[i], 0, report.restNs, 1, chip.alone);
    report.steadyEnergy +=
        addStates(model.chips[i], steady.power[i], steady.finish[middle], steady.finish[last],
                  static_cast<double>(last - middle), chip.steady);
  }
}

void addUngated(const Model &model, TimingReport &report) {
  const target::Chip &chip = model.target.chip;
  double mw = model.target.chips * (chip.idleMw + chip.cores * chip.core.idleMw);
  auto ungated = [&](const EnergyParts &energy, double timeNs) {
    return energy.total() - energy.idle - energy.gated - energy.wake + mw * timeNs;
  };
  report.ungatedPj = ungated(report.energy, report.latencyNs);
  report.steadyUngatedPj = ungated(report.steadyEnergy, report.intervalNs);
}

void addTraffic(const program::Program &program, const Model &model, const Run &single,
                TimingReport &report) {
  std::map<std::pair<uint32_t, uint32_t>, ChipTraffic> pairs;
  for (size_t core = 0; core < model.cores.size(); ++core)
    for (size_t i = 0; i < model.cores[core].works.size(); ++i) {
      const Work &work = model.cores[core].works[i];
      const uint64_t messages = single.runs[core][i];
      if (work.unit != UnitKind::Send || messages == 0)
        continue;
      const ChannelModel &channel = model.channels[work.channel];
      if (!channel.joinsChips())
        continue;
      ChipTraffic &pair = pairs[{channel.sourceChip, channel.targetChip}];
      pair.from = channel.sourceChip;
      pair.to = channel.targetChip;
      pair.links = channel.chipHops;
      pair.messages += messages;
      pair.bytes += messages * program.channels[work.channel].messageBytes;
    }
  for (const auto &[ends, pair] : pairs)
    report.traffic.push_back(pair);
}

} // namespace timing
} // namespace cimc::executor
