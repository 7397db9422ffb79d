//===- DeviceCheck.cpp - What must hold for every device -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions are looked at in many places of the range in which they are used, its ends and the ends
// of pieces among them. A dip below zero between two of these places is not found; the models take
// such a deviation as 0.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Check.h"
#include "cimc/Target/Text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cimc::target {
namespace {

/// A function of a device, by its path.
struct Function {
  std::string path;
  const std::vector<Piece> &pieces;
  bool mayBeNegative = false;
};

std::vector<Function> functionsOf(const Device &device) {
  std::vector<Function> functions = {{"programming", device.programming}};
  for (size_t i = 0; i < device.relaxation.size(); ++i)
    functions.push_back(
        {"relaxation." + std::to_string(i) + ".deviation", device.relaxation[i].deviation});
  functions.push_back({"drift.mean", device.drift.mean, true});
  functions.push_back({"drift.deviation", device.drift.deviation});
  functions.push_back({"read.relative", device.read.relative});
  functions.push_back({"read.absolute", device.read.absolute});
  return functions;
}

std::optional<Problem> piecesInOrder(const Function &function) {
  for (size_t i = 0; i < function.pieces.size(); ++i) {
    const Piece &piece = function.pieces[i];
    std::string path = function.path + "." + std::to_string(i);
    if (piece.min > piece.max)
      return Problem{path + ".min", "'min' must be at most 'max' (" + formatNumber(piece.max) +
                                        "), but is " + formatNumber(piece.min)};
    if (i > 0 && piece.below <= function.pieces[i - 1].below)
      return Problem{path + ".below",
                     "the pieces of a function must follow each other: this one ends at " +
                         formatNumber(piece.below) + ", the one before it at " +
                         formatNumber(function.pieces[i - 1].below)};
  }
  return std::nullopt;
}

/// A place need not be exact.
std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", value);
  return text;
}

/// The first place where the function is negative. Ranges of fields keep every sum finite.
std::optional<Problem> neverNegative(const Device &device, const Function &function) {
  constexpr int kPlaces = 256;
  const std::vector<Piece> &pieces = function.pieces;
  if (function.mayBeNegative ||
      std::all_of(pieces.begin(), pieces.end(), [](const Piece &piece) { return piece.min >= 0; }))
    return std::nullopt;
  double first = argumentOf(device, device.gMinUs), last = argumentOf(device, device.gMaxUs);
  std::vector<double> places;
  for (int i = 0; i <= kPlaces; ++i)
    places.push_back(first + (last - first) * i / kPlaces);
  for (const Piece &piece : pieces)
    for (double x : {std::nextafter(piece.below, 0.0), piece.below})
      if (x > first && x < last)
        places.push_back(x);
  for (double x : places) {
    double value = evaluate(pieces, x);
    if (value >= 0)
      continue;
    size_t piece = 0;
    while (piece + 1 < pieces.size() && x >= pieces[piece].below)
      ++piece;
    return Problem{function.path + "." + std::to_string(piece),
                   "'" + function.path + "' must not be negative, but is " + rounded(value) +
                       " at x = " + rounded(x)};
  }
  return std::nullopt;
}

std::optional<Problem> functionsAreSound(const Device &device) {
  for (const Function &function : functionsOf(device)) {
    if (auto problem = piecesInOrder(function))
      return problem;
    if (auto problem = neverNegative(device, function))
      return problem;
  }
  return std::nullopt;
}

std::optional<Problem> rangeIsNotEmpty(const Device &device) {
  if (device.gMinUs < device.gMaxUs)
    return std::nullopt;
  return Problem{"g_min", "'g_min' must be less than 'g_max' (" + formatNumber(device.gMaxUs) +
                              " uS), but is " + formatNumber(device.gMinUs) + " uS"};
}

std::optional<Problem> levelsDiffer(const Device &device) {
  if (device.levels != 1)
    return std::nullopt;
  return Problem{"levels", "'levels' must be 0 or at least 2, but is 1"};
}

std::optional<Problem> devicesAreFitted(const Device &device) {
  if (device.devices % device.fittedDevices == 0)
    return std::nullopt;
  return Problem{"fitted_devices", "'devices' (" + std::to_string(device.devices) +
                                       ") must be a multiple of 'fitted_devices', but that is " +
                                       std::to_string(device.fittedDevices)};
}

std::optional<Problem> timesGoForward(const Device &device) {
  for (size_t i = 1; i < device.relaxation.size(); ++i) {
    double before = device.relaxation[i - 1].timeNs, time = device.relaxation[i].timeNs;
    if (time <= before)
      return Problem{"relaxation." + std::to_string(i) + ".time",
                     "the times of a relaxation must increase: " + formatNumber(time) +
                         " ns follows " + formatNumber(before) + " ns"};
  }
  return std::nullopt;
}

/// Else the logarithm under the root of ReadNoise could be negative.
std::optional<Problem> readsAreShort(const Device &device) {
  if (!hasFlicker(device) || !drifts(device) || device.read.timeNs <= device.drift.t0Ns)
    return std::nullopt;
  return Problem{"read.time", "'time' of a read must be at most 't0' of the drift (" +
                                  formatNumber(device.drift.t0Ns) + " ns), but is " +
                                  formatNumber(device.read.timeNs) + " ns"};
}

std::optional<Problem> sharesAreParts(const Device &device) {
  const Faults &faults = device.faults;
  double sum = faults.stuckLow + faults.stuckHigh + faults.unformed;
  if (sum <= 1)
    return std::nullopt;
  return Problem{"faults", "the shares of cells that cannot be programmed must be at most 1 "
                           "together, but are " +
                               formatNumber(sum)};
}

} // namespace

std::optional<Problem> findContradiction(const Device &device) {
  for (auto rule : {rangeIsNotEmpty, levelsDiffer, devicesAreFitted, functionsAreSound,
                    timesGoForward, readsAreShort, sharesAreParts})
    if (auto problem = rule(device))
      return problem;
  return std::nullopt;
}

} // namespace cimc::target
