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

TEST(Random, FastNormalNumbersHaveTheirMomentsAndTails) {
  std::vector<float> values(1 << 22), other(values.size());
  std::vector<BlockRun> runs;
  for (uint32_t i = 0; i < values.size() / 64; ++i)
    runs.push_back({uint64_t(i) * (64 / kBlockNumbers), 5});
  RandomStream stream(7, Purpose::Reads, 3);
  stream.normals(runs, 64 / kBlockNumbers, values, 2);
  expectNormal(values);
  // The two numbers of a pair, neighbouring pairs and blocks, and other samples are independent.
  for (BlockRun &run : runs)
    run.sample = 6;
  stream.normals(runs, 64 / kBlockNumbers, other, 2);
  auto correlate = [&](size_t distance, const std::vector<float> &with) {
    double sum = 0;
    for (size_t i = 0; i + distance < values.size(); ++i)
      sum += double(values[i]) * double(with[i + distance]);
    EXPECT_NEAR(sum / double(values.size()), 0, 4 / std::sqrt(double(values.size()))) << distance;
  };
  for (size_t distance : {1, 2, 3, 4, 64})
    correlate(distance, values);
  correlate(0, other);
}

TEST(Random, FastNormalNumbersDependOnTheirNameAlone) {
  RandomStream stream(11, Purpose::Reads, 1ull << 40, 2);
  std::vector<BlockRun> runs;
  for (uint32_t i = 0; i < 40; ++i)
    runs.push_back({(1ull << 32) - 100 + i * 20, i / 3});
  for (uint32_t blocks : {4u, 12u, 20u, 64u, 300u}) {
    std::vector<float> all(runs.size() * blocks * kBlockNumbers),
        one(size_t{blocks} * kBlockNumbers);
    stream.normals(runs, blocks, all, 9);
    for (size_t i = 0; i < runs.size(); ++i) {
      stream.normals({&runs[i], 1}, blocks, one, 9);
      EXPECT_TRUE(std::equal(one.begin(), one.end(), all.begin() + long(i * one.size())));
    }
    // A longer run begins with a shorter one.
    std::vector<float> less(kBlockNumbers);
    stream.normals({&runs[7], 1}, 1, less, 9);
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
  BlockRun run{3, 5};
  RandomStream(1, Purpose::Reads, 0).normals({&run, 1}, 1, fast, 2);
  EXPECT_EQ(fast[0], 0x1.c3b35ep+0f);
  EXPECT_EQ(fast[1], -0x1.169714p-1f);
  EXPECT_EQ(fast[6], -0x1.28920cp+0f);
  EXPECT_EQ(fast[7], 0x1.5d643p-8f);
  // Many, so that processors with and without wide vectors meet the same sum.
  std::vector<BlockRun> runs;
  for (uint32_t i = 0; i < 5; ++i)
    runs.push_back({(1ull << 32) - 100 + i * 300, i});
  std::vector<float> many(size_t{kBlockNumbers} * 300 * runs.size());
  RandomStream(11, Purpose::Reads, 3, 1).normals(runs, 300, many, 9);
  uint64_t sum = 0;
  for (float number : many)
    sum = sum * 1099511628211u + std::bit_cast<uint32_t>(number);
  EXPECT_EQ(sum, 0xa3748be2dc782ca0u);
}

} // namespace
