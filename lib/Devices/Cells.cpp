//===- Cells.cpp - What the cells of an array conduct ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each function follows its formula in docs/devices.md. Deviations are taken as 0 where a function
// dips below.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Devices/Cells.h"

#include "cimc/Devices/Random.h"
#include "cimc/Support/PortableMath.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cimc::devices {

using namespace target;

namespace {

constexpr double kNsPerSecond = 1e9;

/// A deviation in uS at a conductance.
double deviationOf(const Device &device, const std::vector<Piece> &pieces, double conductance) {
  return std::max(0.0, evaluate(pieces, argumentOf(device, conductance))) * scaleOf(device);
}

RandomStream streamOf(const CellKey &key, Purpose purpose) {
  return RandomStream(key.seed, purpose, key.array, key.plane);
}

bool decays(const Device &device) {
  const Decay &decay = device.decay;
  return decay.shiftUs != 0 || decay.spreadUs != 0 || decay.spreadGrowthUs != 0;
}

bool hasFaults(const Device &device) {
  const Faults &faults = device.faults;
  return faults.stuckLow > 0 || faults.stuckHigh > 0 || faults.unformed > 0;
}

/// What a cell conducts that cannot be programmed.
double faultyConductance(const Device &device, Fault fault) {
  return fault == Fault::StuckLow ? device.gMinUs : fault == Fault::StuckHigh ? device.gMaxUs : 0;
}

void applyFaults(const Device &device, const Cells &cells, std::span<double> conductances) {
  for (size_t i = 0; i < cells.faults.size(); ++i)
    if (cells.faults[i] != Fault::None)
      conductances[i] = faultyConductance(device, cells.faults[i]);
}

/// Two neighbours in the table of a relaxation, and the weight of the second.
struct Between {
  const std::vector<Piece> *before, *after;
  double weight = 0;
};

Between tableAt(const Device &device, double timeNs) {
  const std::vector<Relaxation> &table = device.relaxation;
  if (timeNs < table.front().timeNs) {
    const std::vector<Piece> &first =
        device.programming.empty() ? table.front().deviation : device.programming;
    return {&first, &first};
  }
  size_t next = 1;
  while (next < table.size() && table[next].timeNs <= timeNs)
    ++next;
  const Relaxation &before = table[next - 1];
  // The logarithm of time 0 is not defined: from there the first value holds.
  if (next == table.size() || before.timeNs == timeNs || before.timeNs == 0)
    return {&before.deviation, &before.deviation};
  double whole = portable::log(table[next].timeNs / before.timeNs);
  return {&before.deviation, &table[next].deviation, portable::log(timeNs / before.timeNs) / whole};
}

double deviationBetween(const Device &device, const Between &between, double targetUs) {
  double before = deviationOf(device, *between.before, targetUs);
  if (between.weight == 0)
    return before;
  return before + (deviationOf(device, *between.after, targetUs) - before) * between.weight;
}

std::string seconds(double timeNs) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g s", timeNs / kNsPerSecond);
  return text;
}

} // namespace

void drawFaults(const Device &device, const CellKey &key, std::span<Fault> faults) {
  std::vector<double> draws(faults.size());
  streamOf(key, Purpose::Faults).uniforms(draws, key.first);
  double low = device.faults.stuckLow, high = low + device.faults.stuckHigh;
  double all = high + device.faults.unformed;
  for (size_t i = 0; i < faults.size(); ++i)
    faults[i] = draws[i] < low    ? Fault::StuckLow
                : draws[i] < high ? Fault::StuckHigh
                : draws[i] < all  ? Fault::Unformed
                                  : Fault::None;
}

void driftExponents(const Device &device, std::span<const double> targets, const CellKey &key,
                    std::span<double> exponents) {
  streamOf(key, Purpose::Drift).normals(exponents, key.first);
  for (size_t i = 0; i < targets.size(); ++i) {
    double x = argumentOf(device, targets[i]);
    double deviation = std::max(0.0, evaluate(device.drift.deviation, x));
    exponents[i] = std::fabs(evaluate(device.drift.mean, x) + deviation * exponents[i]);
  }
}

Cells program(const Device &device, std::span<const double> targets, const CellKey &key) {
  Cells cells;
  cells.targets.assign(targets.begin(), targets.end());
  cells.programmed = cells.targets;
  if (!device.programming.empty() || !device.relaxation.empty()) {
    cells.deviates.resize(targets.size());
    streamOf(key, Purpose::Programming).normals(cells.deviates, key.first);
    const std::vector<Piece> &pieces =
        device.programming.empty() ? device.relaxation.front().deviation : device.programming;
    for (size_t i = 0; i < targets.size(); ++i)
      cells.programmed[i] =
          std::max(0.0, targets[i] + deviationOf(device, pieces, targets[i]) * cells.deviates[i]);
    if (device.relaxation.empty())
      cells.deviates.clear();
  }
  if (drifts(device)) {
    cells.exponents.resize(targets.size());
    driftExponents(device, targets, key, cells.exponents);
  }
  if (decays(device)) {
    cells.decays.resize(targets.size());
    streamOf(key, Purpose::Decay).normals(cells.decays, key.first);
  }
  if (hasFaults(device)) {
    cells.faults.resize(targets.size());
    drawFaults(device, key, cells.faults);
    applyFaults(device, cells, cells.programmed);
  }
  return cells;
}

double relaxationAt(const Device &device, double targetUs, double timeNs) {
  if (device.relaxation.empty())
    return deviationOf(device, device.programming, targetUs);
  return deviationBetween(device, tableAt(device, timeNs), targetUs);
}

std::optional<std::string> remarkOn(const Device &device, double timeNs) {
  if (timeNs == 0)
    return std::nullopt;
  if (device.relaxation.empty() && !drifts(device) && device.decay == Decay{} && !isExact(device))
    return "device '" + device.name + "' has no model of what time does to its cells, so at " +
           seconds(timeNs) + " they are as right after programming";
  if (device.relaxation.empty())
    return std::nullopt;
  std::string known;
  for (const Relaxation &relaxation : device.relaxation) {
    if (relaxation.timeNs == timeNs)
      return std::nullopt;
    known += (known.empty() ? "" : ", ") + seconds(relaxation.timeNs);
  }
  bool between =
      timeNs > device.relaxation.front().timeNs && timeNs < device.relaxation.back().timeNs;
  std::string how = between ? "interpolated in the logarithm of time"
                    : timeNs < device.relaxation.front().timeNs ? "that of programming"
                                                                : "held at the last";
  return "the deviations of device '" + device.name + "' are known at " + known + "; at " +
         seconds(timeNs) + " they are " + how;
}

void conductancesAt(const Device &device, const Cells &cells, double timeNs,
                    std::span<double> conductances) {
  size_t count = cells.targets.size();
  std::copy(cells.programmed.begin(), cells.programmed.end(), conductances.begin());
  if (!device.relaxation.empty() && timeNs >= device.relaxation.front().timeNs) {
    Between between = tableAt(device, timeNs);
    for (size_t i = 0; i < count; ++i)
      conductances[i] =
          std::max(0.0, cells.targets[i] + deviationBetween(device, between, cells.targets[i]) *
                                               cells.deviates[i]);
  }
  if (!cells.decays.empty() && timeNs >= kNsPerSecond) {
    double logTime = portable::log(timeNs / kNsPerSecond);
    double shift = device.decay.shiftUs * logTime;
    double spread = device.decay.spreadUs + device.decay.spreadGrowthUs * logTime;
    for (size_t i = 0; i < count; ++i)
      conductances[i] = std::max(0.0, conductances[i] + shift + spread * cells.decays[i]);
  }
  if (!cells.exponents.empty()) {
    double logRatio = portable::log((timeNs + device.drift.t0Ns) / device.drift.t0Ns);
    for (size_t i = 0; i < count; ++i)
      conductances[i] *= portable::exp(-cells.exponents[i] * logRatio);
  }
  applyFaults(device, cells, conductances);
}

void readDeviations(const Device &device, const Cells &cells, double timeNs,
                    std::span<const double> conductances, std::span<double> deviations) {
  double shortTerm = device.read.shortTerm * device.gMaxUs;
  double growth = 0; // the square of L
  if (hasFlicker(device)) {
    double ratio = (flickerTimeNs(device, timeNs) + device.read.timeNs) / (2 * device.read.timeNs);
    growth = ratio > 1 ? portable::log(ratio) : 0;
  }
  for (size_t i = 0; i < deviations.size(); ++i) {
    bool unformed = !cells.faults.empty() && cells.faults[i] == Fault::Unformed;
    double relative = 0, absolute = 0;
    if (growth > 0 && !unformed) {
      double x = argumentOf(device, cells.programmed[i]);
      relative = std::max(0.0, evaluate(device.read.relative, x)) * conductances[i];
      absolute = deviationOf(device, device.read.absolute, cells.programmed[i]);
    }
    deviations[i] =
        std::sqrt((relative * relative + absolute * absolute) * growth + shortTerm * shortTerm);
  }
}

} // namespace cimc::devices
