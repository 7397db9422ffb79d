//===- CellsTest.cpp - Tests of the models of cells ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A million draws of each device against the published fits, written out here once more: what is
// programmed, how it drifts, relaxes and decays, and the noise of reads.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Devices/Cells.h"

#include "cimc/Devices/Random.h"
#include "cimc/Target/Yaml.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

using namespace cimc;
using namespace cimc::devices;
using target::Device;

namespace {

constexpr size_t kDraws = 1000000;
constexpr double kSecond = 1e9, kDay = 86400e9;
const double kPlaces[] = {0, 0.25, 0.5, 0.75, 1};

Device named(const std::string &name) {
  Result<Device> device = target::lookupDevice(name);
  EXPECT_TRUE(device) << device.error().message;
  return *device;
}

/// What a million cells of one target conduct at a time.
std::vector<double> draw(const Device &device, double targetUs, double timeNs) {
  std::vector<double> targets(kDraws, targetUs), conductances(kDraws);
  conductancesAt(device, program(device, targets, {.seed = 3, .array = 1}), timeNs, conductances);
  return conductances;
}

/// The deviation of what lies above the target, which the floor at 0 does not touch.
double deviationAbove(const std::vector<double> &values, double targetUs) {
  double sum = 0;
  for (double value : values)
    sum += value > targetUs ? (value - targetUs) * (value - targetUs) : 0;
  return std::sqrt(2 * sum / double(values.size()));
}

double meanOf(const std::vector<double> &values) {
  double sum = 0;
  for (double value : values)
    sum += value;
  return sum / double(values.size());
}

double deviationOf(const std::vector<double> &values) {
  double mean = meanOf(values), sum = 0;
  for (double value : values)
    sum += (value - mean) * (value - mean);
  return std::sqrt(sum / double(values.size()));
}

/// The sum of c[i] * x^i.
double sum(std::initializer_list<double> coefficients, double x) {
  double value = 0, power = 1;
  for (double c : coefficients) {
    value += c * power;
    power *= x;
  }
  return value;
}

void expectProgramming(const Device &device, double factor, double timeNs,
                       const std::function<double(double)> &deviation) {
  for (double x : kPlaces) {
    double target = x * device.gMaxUs, expected = factor * deviation(x);
    std::vector<double> values = draw(device, target, timeNs);
    EXPECT_NEAR(deviationAbove(values, target), expected, 0.01 * expected) << device.name << x;
    // The mean of max(0, N(target, expected)).
    double ratio = target / expected;
    double mean = target * 0.5 * std::erfc(-ratio / std::sqrt(2.0)) +
                  expected * std::exp(-ratio * ratio / 2) / std::sqrt(2 * M_PI);
    EXPECT_NEAR(meanOf(values), mean, 5e-3 * expected) << device.name << x;
  }
}

TEST(Programming, Pcm) {
  auto deviation = [](double x) { return sum({0.26348, 1.9650, -1.1731}, x); };
  Device device = named("pcm");
  expectProgramming(device, 1, 0, deviation);
  const double published[] = {0.263, 0.681, 0.953, 1.077, 1.055};
  for (int i = 0; i < 5; ++i)
    EXPECT_NEAR(relaxationAt(device, kPlaces[i] * 25, 0), published[i], 1e-3);
  device.gMaxUs = 10; // scaled from 25 uS
  expectProgramming(device, 0.4, 0, deviation);
}

TEST(Programming, Hermes) {
  expectProgramming(named("hermes-pcm"), 1, 0, [](double x) {
    return sum({0.16603222, 4.71806468, -8.48101252, 4.68961419}, x);
  });
  expectProgramming(named("hermes-pcm-single"), 1, 0, [](double x) {
    return sum({0.15781817, 2.32443916, -2.16310839, 0.68841818}, x);
  });
}

TEST(Programming, NeuRramRelaxes) {
  Device device = named("neurram-rram");
  auto second = [](double x) { return sum({0.348, 16.030, -43.853, 45.393, -16.815}, x); };
  auto day = [](double x) { return sum({0.701, 22.086, -50.773, 47.095, -16.458}, x); };
  auto twoDays = [](double x) { return sum({0.782, 20.274, -43.507, 37.062, -11.934}, x); };
  expectProgramming(device, 1, 0, second);
  expectProgramming(device, 1, kSecond, second);
  expectProgramming(device, 1, kDay, day);
  expectProgramming(device, 1, 2 * kDay, twoDays);
  expectProgramming(device, 1, 100 * kDay, twoDays);
  device.gMaxUs = 20; // scaled from 40 uS, which the model it comes from leaves out
  expectProgramming(device, 0.5, kDay, day);
  const double published[3][6] = {{0.35, 1.56, 2.26, 2.02, 1.53, 1.10},
                                  {0.70, 2.45, 3.72, 3.91, 3.37, 2.65},
                                  {0.78, 2.41, 3.66, 3.93, 3.37, 2.68}};
  const double places[] = {0, 0.1, 0.25, 0.5, 0.75, 1}, times[] = {kSecond, kDay, 2 * kDay};
  device = named("neurram-rram");
  for (int t = 0; t < 3; ++t)
    for (int i = 0; i < 6; ++i)
      EXPECT_NEAR(relaxationAt(device, 40 * places[i], times[t]), published[t][i],
                  0.01 * published[t][i]);
}

TEST(Programming, CrossSim) {
  expectProgramming(named("rram-wan"), 1, 0, [](double x) {
    return std::max(0.0, sum({1.053, 0.2374, -1.167e-2, 1.536e-4}, 39.26 * x));
  });
  expectProgramming(named("pcm-joshi"), 1, 0,
                    [](double x) { return sum({0.28638599, 0.07585724, -0.00178767}, 25 * x); });
  expectProgramming(named("rram-milo"), 1, 0,
                    [](double x) { return sum({4.782321, -0.009107}, 225 * x); });
}

TEST(Relaxation, BetweenTimesIsInterpolatedAndSaysSo) {
  Device device = named("neurram-rram");
  double day = relaxationAt(device, 10, kDay), second = relaxationAt(device, 10, kSecond);
  double middle = relaxationAt(device, 10, std::sqrt(86400.0) * kSecond);
  EXPECT_NEAR(middle, (day + second) / 2, 1e-12);
  EXPECT_EQ(relaxationAt(device, 10, 0.5 * kSecond), second);
  EXPECT_EQ(*remarkOn(device, 3600 * kSecond),
            "the deviations of device 'neurram-rram' are known at 1 s, 86400 s, 172800 s; at 3600 "
            "s they are interpolated in the logarithm of time");
  EXPECT_NE(remarkOn(device, 0.5 * kSecond)->find("that of programming"), std::string::npos);
  EXPECT_NE(remarkOn(device, 3 * kDay)->find("held at the last"), std::string::npos);
  for (double time : {0.0, kSecond, kDay, 2 * kDay})
    EXPECT_FALSE(remarkOn(device, time));
  EXPECT_FALSE(remarkOn(named("pcm"), 3600 * kSecond));
  EXPECT_NE(remarkOn(named("pcm-joshi"), kDay)->find("as right after programming"),
            std::string::npos);
  EXPECT_FALSE(remarkOn(named("pcm-joshi"), 0));
  EXPECT_FALSE(remarkOn(target::Device(), kDay)); // nothing deviates
}

TEST(Relaxation, ACellKeepsItsPlace) {
  Device device = named("neurram-rram");
  std::vector<double> targets(1000, 20), early(1000), late(1000);
  Cells cells = program(device, targets, {.seed = 1});
  conductancesAt(device, cells, kSecond, early);
  conductancesAt(device, cells, kDay, late);
  EXPECT_EQ(cells.programmed, early);
  double ratio = relaxationAt(device, 20, kDay) / relaxationAt(device, 20, kSecond);
  for (size_t i = 0; i < 1000; ++i)
    EXPECT_NEAR(late[i] - 20, ratio * (early[i] - 20), 1e-9);
}

struct Exponents {
  double mean, deviation;
};

/// Mean and deviation of |N(mean, deviation)|.
Exponents folded(Exponents of) {
  double ratio = of.mean / of.deviation;
  double mean = of.deviation * std::sqrt(2 / M_PI) * std::exp(-ratio * ratio / 2) +
                of.mean * std::erf(ratio / std::sqrt(2.0));
  return {mean, std::sqrt(of.mean * of.mean + of.deviation * of.deviation - mean * mean)};
}

void expectExponents(const Device &device, const std::function<Exponents(double)> &of) {
  for (double x : {0.0, 0.05, 0.25, 0.5, 0.75, 1.0}) {
    std::vector<double> targets(kDraws, x * device.gMaxUs), exponents(kDraws);
    driftExponents(device, targets, {.seed = 5, .array = 2}, exponents);
    Exponents expected = folded(of(x));
    EXPECT_NEAR(meanOf(exponents), expected.mean, 0.01 * expected.mean) << device.name << x;
    EXPECT_NEAR(deviationOf(exponents), expected.deviation, 0.01 * expected.deviation)
        << device.name << x;
  }
}

TEST(Drift, Exponents) {
  auto lnOf = [](double x) { return std::log(std::max(x, 1e-7)); };
  expectExponents(named("pcm"), [&](double x) {
    return Exponents{std::clamp(-0.0155 * lnOf(x) + 0.0244, 0.049, 0.1),
                     std::clamp(-0.0125 * lnOf(x) - 0.0059, 0.008, 0.045)};
  });
  auto mean = [&](double x) {
    return x < 0.0945 ? std::clamp(-0.0387 * lnOf(x) - 0.0182, 0.0720, 0.13)
                      : -0.0436 * x * x - 0.0126 * x + 0.0736;
  };
  expectExponents(named("hermes-pcm"), [&](double x) {
    return Exponents{mean(x), x < 0.3055 ? std::clamp(-0.0117 * lnOf(x) - 0.0057, 0.0091, 0.04)
                                         : -0.0118 * x * x + 0.0093 * x + 0.0073};
  });
  expectExponents(named("hermes-pcm-single"), [&](double x) {
    return Exponents{mean(x), x < 0.3039 ? std::clamp(-0.0120 * lnOf(x) - 0.0023, 0.0124, 0.04)
                                         : -0.0165 * x * x + 0.0116 * x + 0.0104};
  });
}

TEST(Drift, ConductancesFollowThePowerOfTime) {
  for (std::string name : {"pcm", "hermes-pcm", "hermes-pcm-single"}) {
    Device device = named(name);
    std::vector<double> targets(1000, 0.4 * device.gMaxUs), later(1000), exponents(1000);
    CellKey key{.seed = 5};
    Cells cells = program(device, targets, key);
    driftExponents(device, targets, key, exponents);
    EXPECT_EQ(cells.exponents, exponents);
    conductancesAt(device, cells, 0, later);
    EXPECT_EQ(later, cells.programmed);
    conductancesAt(device, cells, kDay, later);
    double t0 = name == "pcm" ? 20e9 : name == "hermes-pcm" ? 300e9 : 200e9;
    for (size_t i = 0; i < 1000; ++i)
      EXPECT_NEAR(later[i] / (cells.programmed[i] * std::pow((kDay + t0) / t0, -exponents[i])), 1,
                  1e-13);
  }
}

/// A million reads of one cell, as a column with one input of 1.
void expectReads(Device device, double t0Ns, double readNs,
                 const std::function<double(double)> &share) {
  device.programming.clear();
  device.drift.mean = {target::Piece{.polynomial = {0.05}}};
  device.drift.deviation.clear();
  for (double x : {0.25, 0.5, 0.75, 1.0})
    for (double time : {0.0, 3600 * kSecond}) {
      std::vector<double> one(1, x * device.gMaxUs), conductance(1), deviation(1), reads(kDraws);
      Cells cells = program(device, one, {});
      conductancesAt(device, cells, time, conductance);
      readDeviations(device, cells, time, conductance, deviation);
      RandomStream(9, Purpose::Reads, 0).normals(reads);
      for (double &read : reads)
        read = conductance[0] + deviation[0] * read;
      double expected =
          conductance[0] * share(x) * std::sqrt(std::log((time + t0Ns + readNs) / (2 * readNs)));
      EXPECT_NEAR(deviationOf(reads), expected, 0.01 * expected) << device.name << x << time;
      EXPECT_NEAR(meanOf(reads), conductance[0], 0.01 * expected);
    }
}

TEST(Reads, FlickerNoise) {
  expectReads(named("pcm"), 20e9, 250,
              [](double x) { return std::min(0.2, 0.0088 / std::max(1e-3, std::pow(x, 0.65))); });
  expectReads(named("hermes-pcm"), 300e9, 512, [](double x) {
    return x < 0.16 ? std::clamp(-0.0117 * std::log(x) - 0.0069, 0.015, 0.04)
                    : sum({0.0123, 0.0211, -0.0280, 0.0069}, x);
  });
  expectReads(named("hermes-pcm-single"), 200e9, 512, [](double x) {
    return x < 0.1591 ? std::clamp(-0.0078 * std::log(x) + 0.0038, 0.0179, 0.04)
                      : sum({0.0088, 0.0768, -0.1352, 0.0664}, x);
  });
}

TEST(Reads, ShortTermNoiseAndAbsoluteNoise) {
  Device device = named("neurram-rram");
  std::vector<double> targets = {0, 10, 40}, conductances(3), deviations(3);
  Cells cells = program(device, targets, {});
  conductancesAt(device, cells, 0, conductances);
  readDeviations(device, cells, 0, conductances, deviations);
  for (double deviation : deviations)
    EXPECT_DOUBLE_EQ(deviation, 0.4);
  device = named("cmo-hfox");
  device.programming.clear();
  cells = program(device, targets, {});
  conductancesAt(device, cells, 0, conductances);
  readDeviations(device, cells, 0, conductances, deviations);
  EXPECT_EQ(deviations[2], 0); // no time has passed
  readDeviations(device, cells, kDay, conductances, deviations);
  EXPECT_NEAR(deviations[2],
              0.0277316483 * std::log10(40) * std::sqrt(std::log((86400 + 1e-6) / 2e-6)), 1e-8);
}

TEST(Decay, ShiftsAndSpreadsByTheLogarithm) {
  Device device = named("cmo-hfox");
  double deviation = 0.0112185391 + 0.01129027418 * 45, logDay = std::log(86400.0);
  EXPECT_NEAR(deviationOf(draw(device, 45, 0)), deviation, 0.01 * deviation);
  std::vector<double> later = draw(device, 45, kDay);
  double spread = 0.04201137 * logDay + 0.41183342;
  EXPECT_NEAR(meanOf(later), 45 - 0.08900206 * logDay, 0.01);
  double expected = std::sqrt(deviation * deviation + spread * spread);
  EXPECT_NEAR(deviationOf(later), expected, 0.01 * expected);
}

TEST(Faults, SharesAndConductances) {
  Device device = named("hermes-pcm");
  device.gMinUs = 1;
  device.faults = {0.02, 0.01, 0.03};
  std::vector<double> targets(kDraws, 10), conductances(kDraws), deviations(kDraws);
  Cells cells = program(device, targets, {.seed = 8});
  conductancesAt(device, cells, kDay, conductances);
  readDeviations(device, cells, kDay, conductances, deviations);
  size_t counts[4] = {};
  for (size_t i = 0; i < kDraws; ++i) {
    ++counts[size_t(cells.faults[i])];
    const double faulty[] = {conductances[i], 1, 20.7, 0};
    ASSERT_EQ(conductances[i], faulty[size_t(cells.faults[i])]);
    ASSERT_EQ(deviations[i] == 0, cells.faults[i] == Fault::Unformed);
  }
  EXPECT_NEAR(double(counts[1]) / kDraws, 0.02, 6e-4);
  EXPECT_NEAR(double(counts[2]) / kDraws, 0.01, 4e-4);
  EXPECT_NEAR(double(counts[3]) / kDraws, 0.03, 7e-4);
}

TEST(Cells, SameBitsInAnySplit) {
  for (const target::BuiltinText &builtin : target::builtinDevices()) {
    Device device = named(std::string(builtin.name));
    device.faults = {0.1, 0.1, 0.1};
    std::vector<double> targets(777), whole(777), parts(777);
    for (size_t i = 0; i < targets.size(); ++i)
      targets[i] = device.gMaxUs * double(i) / double(targets.size());
    conductancesAt(device, program(device, targets, {1, 2, 3, 100}), kDay, whole);
    for (size_t end = targets.size(); end > 0;) {
      size_t first = end > 50 ? end - 50 : 0, count = end - first;
      Cells cells =
          program(device, std::span(targets).subspan(first, count), {1, 2, 3, 100 + first});
      conductancesAt(device, cells, kDay, std::span(parts).subspan(first, count));
      end = first;
    }
    EXPECT_EQ(parts, whole) << device.name;
  }
}

TEST(Cells, AnIdealDeviceChangesNothing) {
  std::vector<double> targets = {0, 12.5, 25}, conductances(3), deviations(3);
  Cells cells = program(Device(), targets, {});
  conductancesAt(Device(), cells, kDay, conductances);
  readDeviations(Device(), cells, kDay, conductances, deviations);
  EXPECT_EQ(conductances, targets);
  EXPECT_EQ(deviations, std::vector<double>(3));
}

} // namespace
