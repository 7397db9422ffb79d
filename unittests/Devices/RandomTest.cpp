//===- RandomTest.cpp - Tests of random numbers ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The generator against its published answers, normal numbers by their moments and tails, and the
// promise that a number depends on its name alone.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Devices/Random.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <set>
#include <vector>

using namespace cimc::devices;

namespace {

using Counter = std::array<uint32_t, 4>;

/// The test vectors `philox4x32 10` of Random123 1.14.
TEST(Random, PhiloxGivesItsKnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}),
            (Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, QuantilesInvertTheDistribution) {
  for (double p = 1e-300; p < 0.5; p *= 1.09) {
    double z = normalQuantile(p);
    // The distribution is so steep in the tail that an error of z counts z^2 times.
    EXPECT_NEAR(0.5 * std::erfc(-z / std::sqrt(2.0)) / p, 1, 1e-14 * std::max(10.0, z * z)) << p;
  }
  for (double p : {0.5, 0.0751, 0.0749, 0.9, 0.925, 0.999999})
    EXPECT_NEAR(0.5 * std::erfc(-normalQuantile(p) / std::sqrt(2.0)), p, 1e-15) << p;
  EXPECT_EQ(normalQuantile(0.5), 0);
  EXPECT_NEAR(normalQuantile(0.975), 1.959963984540054, 1e-15);
}

template <typename T> void expectNormal(const std::vector<T> &values) {
  double sums[5] = {};
  size_t beyond[6] = {}, below = 0;
  for (double value : values) {
    double power = 1;
    for (double &sum : sums)
      sum += power, power *= value;
    for (size_t k = 1; k < 6; ++k)
      beyond[k] += std::fabs(value) > double(k);
    below += value < -1.5;
  }
  // Four standard errors each.
  auto count = double(values.size());
  double root = std::sqrt(count);
  EXPECT_NEAR(sums[1] / count, 0, 4 / root);
  EXPECT_NEAR(sums[2] / count, 1, 4 * std::sqrt(2.0) / root);
  EXPECT_NEAR(sums[3] / count, 0, 4 * std::sqrt(15.0) / root);
  EXPECT_NEAR(sums[4] / count, 3, 4 * std::sqrt(96.0) / root);
  for (size_t k = 1; k < 6; ++k) {
    double expected = count * std::erfc(double(k) / std::sqrt(2.0));
    EXPECT_NEAR(double(beyond[k]), expected, 4 * std::sqrt(expected)) << k;
  }
  double expected = count * 0.5 * std::erfc(1.5 / std::sqrt(2.0));
  EXPECT_NEAR(double(below), expected, 4 * std::sqrt(expected));
}

TEST(Random, NormalNumbersHaveTheirMomentsAndTails) {
  std::vector<double> values(1 << 22);
  RandomStream(7, Purpose::Programming, 3).normals(values);
  expectNormal(values);
}

// All 2^16 numbers, against the distribution in doubles.
TEST(Random, FastNormalNumbersInvertTheDistribution) {
  double sums[5] = {};
  for (uint32_t bits = 0; bits < 1 << 16; ++bits) {
    double number = double(fastNormal(static_cast<uint16_t>(bits)));
    double expected = -normalQuantile(double(bits | 1) * 0x1p-17);
    ASSERT_NEAR(number, bits & 1 ? -expected : expected, 4e-4) << bits;
    double power = 1;
    for (double &sum : sums)
      sum += power * 0x1p-16, power *= number;
  }
  EXPECT_EQ(sums[1], 0);
  EXPECT_NEAR(sums[2], 1, 2e-4);
  EXPECT_EQ(sums[3], 0);
  // What the ends of tails, which are drawn once more, add is missing.
  EXPECT_NEAR(sums[4], 3, 1e-2);
}

TEST(Random, FastNormalNumbersHaveTheirMomentsAndTails) {
  std::vector<float> values(1 << 22), other(values.size());
  auto blocks = static_cast<uint32_t>(values.size() / kBlockNumbers);
  RandomStream stream(7, Purpose::Reads, 3);
  BlockRun run{0, blocks, 5};
  stream.normals({&run, 1}, values, 2);
  expectNormal(values);
  // Numbers of a word, neighbouring words and blocks, and other samples are independent.
  run.sample = 6;
  stream.normals({&run, 1}, other, 2);
  auto correlate = [&](size_t distance, const std::vector<float> &with) {
    double sum = 0;
    for (size_t i = 0; i + distance < values.size(); ++i)
      sum += double(values[i]) * double(with[i + distance]);
    EXPECT_NEAR(sum / double(values.size()), 0, 4 / std::sqrt(double(values.size()))) << distance;
  };
  for (size_t distance : {1, 2, 3, 4, 8, 16, 64})
    correlate(distance, values);
  correlate(0, other);
}

// The end of the tail, 2^-16 of all numbers on each side, has the distribution's shape.
TEST(Random, FastNormalNumbersHaveEndsOfTails) {
  size_t beyond[3] = {};
  constexpr uint32_t kBlocks = 1 << 16, kRounds = 40;
  std::vector<float> values(kBlocks * kBlockNumbers);
  const double limits[3] = {-normalQuantile(0x1p-16), -normalQuantile(0x1p-18),
                            -normalQuantile(0x1p-20)};
  for (uint32_t sample = 0; sample < kRounds; ++sample) {
    BlockRun run{0, kBlocks, sample};
    RandomStream(8, Purpose::Reads, 3).normals({&run, 1}, values);
    for (float value : values)
      if (value = std::fabs(value); value > 4.1f)
        for (size_t i = 0; i < 3; ++i)
          beyond[i] += double(value) > limits[i];
  }
  for (size_t i = 0; i < 3; ++i) {
    double expected = double(values.size()) * kRounds * 2 * std::exp2(-16.0 - 2.0 * double(i));
    EXPECT_NEAR(double(beyond[i]), expected, 4 * std::sqrt(expected)) << i;
  }
}

TEST(Random, FastNormalNumbersDependOnTheirNameAlone) {
  RandomStream stream(11, Purpose::Reads, 1ull << 40, 2);
  for (uint32_t blocks : {1u, 3u, 8u, 20u, 64u, 300u}) {
    std::vector<BlockRun> runs;
    for (uint32_t i = 0; i < 40; ++i)
      runs.push_back({(1ull << 31) - 100 + i * 20, blocks, i / 3});
    std::vector<float> all(runs.size() * blocks * kBlockNumbers),
        one(size_t{blocks} * kBlockNumbers);
    stream.normals(runs, all, 9);
    for (size_t i = 0; i < runs.size(); ++i) {
      stream.normals({&runs[i], 1}, one, 9);
      EXPECT_TRUE(std::equal(one.begin(), one.end(), all.begin() + long(i * one.size())));
    }
    // A longer run begins with a shorter one.
    std::vector<float> less(kBlockNumbers);
    BlockRun first{runs[7].block, 1, runs[7].sample};
    stream.normals({&first, 1}, less, 9);
    EXPECT_TRUE(std::equal(less.begin(), less.end(), all.begin() + long(7 * one.size())));
  }
}

TEST(Random, NeighboursAreIndependent) {
  constexpr size_t kCount = 1 << 20;
  std::vector<double> a(kCount), b(kCount), c(kCount);
  RandomStream(7, Purpose::Reads, 3).normals(a);
  RandomStream(7, Purpose::Reads, 3).normals(b, 0, 1, 0);
  RandomStream(7, Purpose::Reads, 4).normals(c);
  double near = 0, samples = 0, arrays = 0;
  for (size_t i = 0; i + 1 < kCount; ++i) {
    near += a[i] * a[i + 1];
    samples += a[i] * b[i];
    arrays += a[i] * c[i];
  }
  for (double sum : {near, samples, arrays})
    EXPECT_NEAR(sum / kCount, 0, 4 / std::sqrt(double(kCount)));
}

TEST(Random, SameBitsInAnyOrderAndSplit) {
  RandomStream stream(11, Purpose::Reads, 1ull << 40, 2);
  constexpr uint64_t kFirst = (1ull << 35) + 3;
  std::vector<double> whole(2000), uniform(2000);
  stream.normals(whole, kFirst, 5, 6);
  stream.uniforms(uniform, kFirst, 5, 6);
  for (size_t length : {1, 2, 3, 255, 256, 257, 999}) {
    std::vector<double> parts(whole.size()), others(whole.size());
    for (size_t end = whole.size(); end > 0;) { // from behind
      size_t count = std::min(length, end);
      end -= count;
      stream.normals(std::span(parts).subspan(end, count), kFirst + end, 5, 6);
      stream.uniforms(std::span(others).subspan(end, count), kFirst + end, 5, 6);
    }
    EXPECT_EQ(parts, whole) << length;
    EXPECT_EQ(others, uniform) << length;
  }
}

TEST(Random, EveryPartOfANameCounts) {
  std::set<double> seen;
  auto add = [&](const RandomStream &stream, uint64_t first, uint32_t sample, uint32_t read) {
    double value;
    stream.normals({&value, 1}, first, sample, read);
    EXPECT_TRUE(seen.insert(value).second);
  };
  uint64_t far = 1ull << 33;
  add(RandomStream(1, Purpose::Reads, 1), 0, 0, 0);
  for (uint64_t seed : {uint64_t(2), far})
    add(RandomStream(seed, Purpose::Reads, 1), 0, 0, 0);
  for (Purpose purpose : {Purpose::Programming, Purpose::Drift, Purpose::Decay, Purpose::Faults})
    add(RandomStream(1, purpose, 1), 0, 0, 0);
  for (uint64_t array : {uint64_t(2), far})
    add(RandomStream(1, Purpose::Reads, array), 0, 0, 0);
  add(RandomStream(1, Purpose::Reads, 1, 1), 0, 0, 0);
  for (uint64_t first : {uint64_t(1), uint64_t(2), far, far + 1})
    add(RandomStream(1, Purpose::Reads, 1), first, 0, 0);
  add(RandomStream(1, Purpose::Reads, 1), 0, 1, 0);
  add(RandomStream(1, Purpose::Reads, 1), 0, 0, 1);
}

TEST(Random, BitsNeverChange) {
  double values[3];
  RandomStream(1, Purpose::Programming, 0).normals(values);
  EXPECT_EQ(values[0], -0x1.5e17d52196c81p-1);
  EXPECT_EQ(values[1], 0x1.24e5f2a9b11e3p+0);
  EXPECT_EQ(values[2], -0x1.bdaaf297889bbp-1);
  float fast[kBlockNumbers];
  BlockRun run{3, 1, 5};
  RandomStream(1, Purpose::Reads, 0).normals({&run, 1}, fast, 2);
  EXPECT_EQ(fast[0], -0x1.4924p-7f);
  EXPECT_EQ(fast[1], -0x1.4d614ep-1f);
  EXPECT_EQ(fast[8], 0x1.31f27cp+0f);
  EXPECT_EQ(fast[15], 0x1.00d67ap+1f);
  // Many, with wide vectors where there are any and without.
  std::vector<BlockRun> runs;
  for (uint32_t i = 0; i < 5; ++i)
    runs.push_back({(1ull << 31) - 100 + i * 300, 2500, i});
  std::vector<float> many(size_t{kBlockNumbers} * 2500 * runs.size());
  auto hash = [&] {
    uint64_t sum = 0;
    for (float number : many)
      sum = sum * 1099511628211u + std::bit_cast<uint32_t>(number);
    return sum;
  };
  RandomStream stream(11, Purpose::Reads, 3, 1);
  stream.normals(runs, many, 9);
  EXPECT_EQ(hash(), 0x752488a98c4e7f32u);
  stream.normalsPlainly(runs, many, 9);
  EXPECT_EQ(hash(), 0x752488a98c4e7f32u);
}

} // namespace
