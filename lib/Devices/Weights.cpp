//===- Weights.cpp - Weights as conductances and back ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One rule for arrays and columns: a *group* of weights shares a limit.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Devices/Weights.h"

#include <algorithm>
#include <cmath>

namespace cimc::devices {

using namespace target;

namespace {

/// The percentile of magnitudes, interpolated between neighbours. Reorders them.
double percentileOf(std::vector<double> &magnitudes, double percentile) {
  if (magnitudes.empty())
    return 0;
  double place = percentile / 100 * double(magnitudes.size() - 1);
  size_t below = std::min(size_t(place), magnitudes.size() - 1);
  std::nth_element(magnitudes.begin(), magnitudes.begin() + below, magnitudes.end());
  double low = magnitudes[below];
  if (below + 1 == magnitudes.size())
    return low;
  double high = *std::min_element(magnitudes.begin() + below + 1, magnitudes.end());
  return low + (high - low) * (place - double(below));
}

std::vector<double> limitsOf(std::span<const float> weights, uint32_t cols,
                             const MappingOptions &options) {
  std::vector<double> magnitudes;
  auto limitOf = [&](size_t first, size_t step) {
    magnitudes.clear();
    for (size_t i = first; i < weights.size(); i += step)
      magnitudes.push_back(std::fabs(double(weights[i])));
    double limit = percentileOf(magnitudes, options.clipPercentile);
    // Where that many are 0 none can be clipped, since 0 is no scale.
    return limit > 0 || magnitudes.empty()
               ? limit
               : *std::max_element(magnitudes.begin(), magnitudes.end());
  };
  if (options.scaling == Scaling::PerArray)
    return std::vector<double>(cols, limitOf(0, 1));
  std::vector<double> limits(cols);
  for (uint32_t col = 0; col < cols; ++col)
    limits[col] = limitOf(col, cols);
  return limits;
}

/// The place of a magnitude between g_min (0) and g_max (1).
double placeOf(const Device &device, double magnitude, double limit) {
  double place = limit > 0 ? std::min(1.0, magnitude / limit) : 0;
  if (device.levels == 0)
    return place;
  double steps = device.levels - 1;
  return std::floor(place * steps + 0.5) / steps;
}

/// The weight of a conductance of all cells of a polarity.
double weightPerUs(const Device &device, double limit) {
  return limit / ((device.gMaxUs - device.gMinUs) * cellsPerPolarity(device));
}

double mean(double sum, size_t count) { return count ? sum / double(count) : 0; }

double factorOf(double reference, double now, double limit) {
  constexpr double kFloor = 1e-4;
  return std::max(reference, kFloor * limit) / std::max(now, kFloor * limit);
}

} // namespace

MappedWeights mapWeights(const Device &device, std::span<const float> weights, uint32_t rows,
                         uint32_t cols, const MappingOptions &options) {
  MappedWeights mapped{rows,
                       cols,
                       std::vector<double>(weights.size(), device.gMinUs),
                       std::vector<double>(weights.size(), device.gMinUs),
                       limitsOf(weights, cols, options),
                       options.pairing,
                       options.place};
  double range = device.gMaxUs - device.gMinUs;
  for (size_t i = 0; i < weights.size(); ++i) {
    double place = placeOf(device, std::fabs(double(weights[i])), mapped.limits[i % cols]);
    (weights[i] < 0 ? mapped.negative : mapped.positive)[i] = device.gMinUs + range * place;
  }
  return mapped;
}

WeightArray::WeightArray(const Device &device, MappedWeights mapped, uint64_t seed, uint64_t array)
    : device(device), targets(std::move(mapped)) {
  uint32_t planesPerPolarity = cellsPerPolarity(device);
  for (uint32_t plane = 0; plane < 2 * planesPerPolarity; ++plane)
    cells.push_back(program(device, plane < planesPerPolarity ? targets.positive : targets.negative,
                            CellKey{seed, array, plane}));
}

/// Does plane `plane` of `count`, the positive ones first, take part?
static bool takesPart(size_t plane, size_t count, target::WeightPart part) {
  return part == target::WeightPart::All ||
         (plane < count / 2) == (part == target::WeightPart::Positive);
}

CellShares WeightArray::sharesAt(double timeNs) const {
  if (device.wireOhm == 0)
    return {};
  std::vector<double> positive(targets.positive.size()), negative(positive.size()),
      conductances(positive.size());
  for (size_t plane = 0; plane < cells.size(); ++plane) {
    conductancesAt(device, cells[plane], timeNs, conductances);
    std::vector<double> &sum = plane < cells.size() / 2 ? positive : negative;
    for (size_t i = 0; i < sum.size(); ++i)
      sum[i] += conductances[i];
  }
  return cellShares(positive, negative, targets.rows, targets.cols, targets.pairing, device.wireOhm,
                    targets.place);
}

void WeightArray::weightsAt(double timeNs, std::span<double> weights,
                            target::WeightPart part) const {
  std::fill(weights.begin(), weights.end(), 0.0);
  std::vector<double> conductances(weights.size());
  CellShares shares = sharesAt(timeNs);
  double base =
      part == target::WeightPart::All ? 0 : device.gMinUs; // of both, the difference has none
  for (size_t plane = 0; plane < cells.size(); ++plane) {
    if (!takesPart(plane, cells.size(), part))
      continue;
    conductancesAt(device, cells[plane], timeNs, conductances);
    bool isPositive = plane < cells.size() / 2;
    const std::vector<double> &share = isPositive ? shares.positive : shares.negative;
    for (size_t i = 0; i < weights.size(); ++i) {
      double conducts = (conductances[i] - base) * (share.empty() ? 1 : share[i]);
      weights[i] += isPositive ? conducts : -conducts;
    }
  }
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] *= weightPerUs(device, targets.limits[i % targets.cols]);
}

void WeightArray::readVariancesAt(double timeNs, std::span<double> variances,
                                  target::WeightPart part) const {
  std::fill(variances.begin(), variances.end(), 0.0);
  std::vector<double> conductances(variances.size()), deviations(variances.size());
  CellShares shares = sharesAt(timeNs);
  for (size_t plane = 0; plane < cells.size(); ++plane) {
    if (!takesPart(plane, cells.size(), part))
      continue;
    conductancesAt(device, cells[plane], timeNs, conductances);
    readDeviations(device, cells[plane], timeNs, conductances, deviations);
    const std::vector<double> &share = plane < cells.size() / 2 ? shares.positive : shares.negative;
    for (size_t i = 0; i < variances.size(); ++i) {
      double deviation = deviations[i] * (share.empty() ? 1 : share[i]);
      variances[i] += deviation * deviation;
    }
  }
  for (size_t i = 0; i < variances.size(); ++i) {
    double scale = weightPerUs(device, targets.limits[i % targets.cols]);
    variances[i] *= scale * scale;
  }
}

double globalCompensation(std::span<const double> reference, std::span<const double> now,
                          double limit) {
  double before = 0, after = 0;
  for (size_t i = 0; i < now.size(); ++i) {
    before += std::fabs(reference[i]);
    after += std::fabs(now[i]);
  }
  return factorOf(mean(before, now.size()), mean(after, now.size()), limit);
}

void columnCompensations(std::span<const double> reference, std::span<const double> now,
                         std::span<const double> limits, std::span<double> factors) {
  size_t cols = factors.size(), rows = cols ? now.size() / cols : 0;
  for (size_t col = 0; col < cols; ++col) {
    double before = 0, after = 0;
    for (size_t row = 0; row < rows; ++row) {
      before += std::fabs(reference[row * cols + col]);
      after += std::fabs(now[row * cols + col]);
    }
    factors[col] =
        limits[col] > 0 ? factorOf(mean(before, rows), mean(after, rows), limits[col]) : 1;
  }
}

} // namespace cimc::devices
