//===- ChipPower.cpp - Chips that wake and shut down -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ChipPower.h"

#include <algorithm>
#include <limits>

namespace cimc::executor::timing {

ChipPowerLevels powerLevels(const target::Chip &chip, uint32_t cores) {
  double gated = chip.core.gatedMw;
  return {chip.idleMw + chip.core.idleMw * cores, gated * (chip.cores - cores),
          chip.gating.gatedMw + gated * chip.cores, chip.gating.wakePj, chip.gating.shutdownPj};
}

EnergyParts powerOf(const ChipPowerLevels &levels, PowerState state) {
  switch (state) {
  case PowerState::Off:
    return {.gated = levels.offMw};
  case PowerState::On:
    return {.idle = levels.idleMw, .gated = levels.restMw};
  case PowerState::Waking:
  case PowerState::ShuttingDown:
    return {.wake = levels.idleMw, .gated = levels.restMw};
  }
  return {};
}

static double switchingPj(const ChipPowerLevels &levels, PowerState state) {
  return state == PowerState::Waking         ? levels.wakePj
         : state == PowerState::ShuttingDown ? levels.shutdownPj
                                             : 0;
}

double overlap(const PowerSpan &span, double fromNs, double toNs) {
  return std::max(0.0, std::min(span.endNs, toNs) - std::max(span.startNs, fromNs));
}

/// The share of a span that lies in [fromNs, toNs); one without a length lies in it or not.
static double shareOf(const PowerSpan &span, double fromNs, double toNs) {
  if (span.endNs > span.startNs)
    return overlap(span, fromNs, toNs) / (span.endNs - span.startNs);
  return span.startNs >= fromNs && span.startNs < toNs ? 1 : 0;
}

EnergyParts powerEnergy(const ChipPowerLevels &levels, const std::vector<PowerSpan> &spans,
                        double fromNs, double toNs) {
  EnergyParts energy;
  double off = toNs - fromNs;
  for (const PowerSpan &span : spans) {
    double time = overlap(span, fromNs, toNs);
    energy += powerOf(levels, span.state).scaled(time);
    off -= time;
    energy.wake += shareOf(span, fromNs, toNs) * switchingPj(levels, span.state);
  }
  energy.gated += levels.offMw * std::max(0.0, off);
  return energy;
}

void addChipPower(const ChipPowerLevels &levels, const std::vector<PowerSpan> &spans, double endNs,
                  PowerMeter &meter) {
  auto add = [&](double startNs, double toNs, PowerState state) {
    EnergyParts energy = powerOf(levels, state).scaled(toNs - startNs);
    energy.wake += switchingPj(levels, state);
    meter.add(startNs, toNs, energy);
  };
  double last = 0;
  for (const PowerSpan &span : spans) {
    add(last, span.startNs, PowerState::Off);
    add(span.startNs, span.endNs, span.state);
    last = span.endNs;
  }
  add(last, std::max(last, endNs), PowerState::Off);
}

EpochClock::EpochClock(const target::Gating &gating, uint32_t cores)
    : wakeNs(gating.wakeNs), shutdownNs(gating.shutdownNs), cores(cores), coresLeft(cores) {}

bool EpochClock::wake(uint64_t wanted, double timeNs) {
  if (wanted < epoch || (wanted == epoch && hasBegun))
    return false;
  auto [it, isNew] = wakes.try_emplace(wanted, timeNs);
  it->second = std::min(it->second, timeNs);
  return begin();
}

bool EpochClock::endEpoch(double timeNs) {
  lastEndNs = std::max(lastEndNs, timeNs);
  if (--coresLeft > 0)
    return false;
  coresLeft = cores;
  endedNs = lastEndNs;
  ++epoch;
  hasBegun = false;
  return begin();
}

std::optional<double> EpochClock::onFrom(uint64_t wanted) const {
  if (wanted < epoch)
    return 0;
  if (wanted == epoch && hasBegun)
    return onNs;
  return std::nullopt;
}

bool EpochClock::begin() {
  auto wake = wakes.find(epoch);
  if (hasBegun || wake == wakes.end())
    return false;
  double asked = wake->second;
  wakes.erase(wake);
  hasBegun = true;
  if (endedNs && asked <= *endedNs) {
    onNs = *endedNs; // and the span before goes on
    return true;
  }
  if (endedNs) {
    shutDown();
    asked = std::max(asked, spans.back().endNs);
  }
  onNs = asked + wakeNs;
  spans.push_back({PowerState::Waking, asked, onNs});
  spans.push_back({PowerState::On, onNs, std::numeric_limits<double>::infinity()});
  return true;
}

void EpochClock::shutDown() {
  spans.back().endNs = *endedNs;
  spans.push_back({PowerState::ShuttingDown, *endedNs, *endedNs + shutdownNs});
}

std::optional<double> EpochClock::restNs() const {
  if (!endedNs || hasBegun)
    return std::nullopt;
  return *endedNs + shutdownNs;
}

std::vector<PowerSpan> EpochClock::take(double endNs) {
  if (endedNs && !hasBegun)
    shutDown();
  else if (!spans.empty())
    spans.back().endNs = std::max(spans.back().startNs, endNs);
  return std::move(spans);
}

} // namespace cimc::executor::timing
