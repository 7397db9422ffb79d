//===- WeightsTest.cpp - Tests of weights as conductances ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mapping there and back, levels, clipping, cells that share a weight, and the compensation of
// drift.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Devices/Weights.h"

#include "cimc/Target/Yaml.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace cimc;
using namespace cimc::devices;
using target::Device;

namespace {

constexpr uint32_t kRows = 64, kCols = 10;
constexpr double kDay = 86400e9;

std::vector<float> randomWeights(uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<float> weights(kRows * kCols);
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = (float(engine() % 2001) / 1000 - 1) * float(1 + i % kCols);
  return weights;
}

TEST(Weights, ExactDevicesGiveWeightsBack) {
  std::vector<float> weights = randomWeights(1);
  for (Scaling scaling : {Scaling::PerArray, Scaling::PerColumn})
    for (uint32_t devices : {1, 2}) {
      Device device;
      device.gMinUs = 2;
      device.devices = devices;
      MappedWeights mapped = mapWeights(device, weights, kRows, kCols, {.scaling = scaling});
      WeightArray array(device, mapped, 1, 0);
      EXPECT_EQ(array.planes().size(), 2 * devices);
      std::vector<double> back(weights.size()), variances(weights.size(), 1);
      array.weightsAt(kDay, back);
      array.readVariancesAt(kDay, variances);
      for (size_t i = 0; i < weights.size(); ++i) {
        EXPECT_NEAR(back[i], weights[i], 1e-12);
        EXPECT_EQ(variances[i], 0);
        EXPECT_EQ(std::min(mapped.positive[i], mapped.negative[i]), 2);
        EXPECT_LE(std::max(mapped.positive[i], mapped.negative[i]), 25 + 1e-12);
      }
    }
}

TEST(Weights, LimitsAreThoseOfArraysOrColumns) {
  std::vector<float> weights = {1, -8, 0, 3, 4, 0}; // 2 x 3
  EXPECT_EQ(mapWeights(Device(), weights, 2, 3).limits, (std::vector<double>{8, 8, 8}));
  EXPECT_EQ(mapWeights(Device(), weights, 2, 3, {.scaling = Scaling::PerColumn}).limits,
            (std::vector<double>{3, 8, 0}));
  WeightArray array(Device(), mapWeights(Device(), weights, 2, 3, {Scaling::PerColumn}), 0, 0);
  std::vector<double> back(6);
  array.weightsAt(0, back);
  for (size_t i = 0; i < back.size(); ++i)
    EXPECT_NEAR(back[i], weights[i], 1e-14);
}

TEST(Weights, LargeWeightsAreClipped) {
  std::vector<float> weights(101);
  for (int i = 0; i <= 100; ++i)
    weights[i] = float(i % 2 ? i : -i);
  MappedWeights mapped = mapWeights(Device(), weights, 101, 1, {.clipPercentile = 94.5});
  EXPECT_DOUBLE_EQ(mapped.limits[0], 94.5); // as numpy.percentile
  EXPECT_EQ(mapped.negative[100], 25);
  EXPECT_EQ(mapped.positive[95], 25);
  EXPECT_DOUBLE_EQ(mapped.positive[63], 25 * 63 / 94.5);
}

TEST(Weights, LevelsAreEquallySpaced) {
  Device device;
  device.gMinUs = 5;
  device.levels = 5;
  std::vector<float> weights = {0, 0.1f, 0.2f, 0.4f, -0.6f, 0.9f, 1};
  MappedWeights mapped = mapWeights(device, weights, 7, 1);
  EXPECT_EQ(mapped.positive, (std::vector<double>{5, 5, 10, 15, 5, 25, 25}));
  EXPECT_EQ(mapped.negative, (std::vector<double>{5, 5, 5, 5, 15, 5, 5}));
}

TEST(Weights, TwoCellsHalveTheVariance) {
  Device device = *target::lookupDevice("pcm");
  std::vector<float> weights(20000, 0.5f);
  weights[0] = 1;
  auto deviation = [&](uint32_t devices) {
    device.devices = devices;
    WeightArray array(device, mapWeights(device, weights, 20000, 1), 4, 0);
    std::vector<double> back(weights.size());
    array.weightsAt(0, back);
    double mean = 0, squares = 0;
    for (size_t i = 1; i < back.size(); ++i) {
      mean += back[i] / 19999;
      squares += back[i] * back[i] / 19999;
    }
    return std::sqrt(squares - mean * mean);
  };
  EXPECT_NEAR(deviation(2) / deviation(1), std::sqrt(0.5), 0.02);
}

TEST(Weights, TwoFittedDevicesAreOneCell) {
  Device device = *target::lookupDevice("hermes-pcm");
  WeightArray array(device, mapWeights(device, randomWeights(2), kRows, kCols), 4, 0);
  EXPECT_EQ(array.planes().size(), 2u);
}

TEST(Weights, VariancesOfReadsAddUp) {
  Device device = *target::lookupDevice("neurram-rram");
  std::vector<float> weights = randomWeights(3);
  MappedWeights mapped = mapWeights(device, weights, kRows, kCols);
  WeightArray array(device, mapped, 4, 0);
  std::vector<double> variances(weights.size());
  array.readVariancesAt(0, variances);
  double scale = mapped.limits[0] / 39; // of a weight per uS
  for (double variance : variances)
    EXPECT_NEAR(variance, 2 * 0.4 * 0.4 * scale * scale, 1e-12);
}

TEST(Compensation, MakesDriftGood) {
  Device device = *target::lookupDevice("hermes-pcm");
  device.programming.clear();
  std::vector<float> weights = randomWeights(5);
  MappedWeights mapped = mapWeights(device, weights, kRows, kCols, {Scaling::PerColumn});
  WeightArray array(device, mapped, 4, 0);
  std::vector<double> start(weights.size()), later(weights.size());
  array.weightsAt(0, start);
  array.weightsAt(kDay, later);
  auto error = [&](auto factor) {
    double sum = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      double scaled = (later[i] * factor(i) - start[i]) / mapped.limits[i % kCols];
      sum += scaled * scaled;
    }
    return std::sqrt(sum / double(weights.size()));
  };
  std::vector<double> factors(kCols);
  double global = globalCompensation(start, later, 10);
  columnCompensations(start, later, mapped.limits, factors);
  double none = error([](size_t) { return 1.0; });
  EXPECT_GT(global, 1.1);
  EXPECT_LT(error([&](size_t) { return global; }), 0.5 * none);
  EXPECT_LT(error([&](size_t i) { return factors[i % kCols]; }), 0.5 * none);
}

TEST(Compensation, HasAFloor) {
  std::vector<double> ones = {1, -1}, zeros = {0, 0}, limits = {1, 0}, factors(2);
  EXPECT_EQ(globalCompensation(ones, std::vector<double>{0.5, 0.5}, 1), 2);
  EXPECT_DOUBLE_EQ(globalCompensation(ones, zeros, 1), 1e4);
  EXPECT_EQ(globalCompensation(zeros, zeros, 1), 1);
  columnCompensations(ones, zeros, limits, factors);
  EXPECT_DOUBLE_EQ(factors[0], 1e4);
  EXPECT_EQ(factors[1], 1);
}

} // namespace
