//===- HalfTest.cpp - Numbers in half precision ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All halves, by their definition in binary64, and every boundary at which rounding changes.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Support/Half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace cimc;

namespace {
constexpr uint16_t kInfinity = 0x7c00, kSign = 0x8000;

/// What the bits of a finite half mean.
double meaningOf(uint16_t half) {
  int exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
  double size = exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24);
  return half & kSign ? -size : size;
}

float next(float value) { return std::nextafter(value, std::numeric_limits<float>::infinity()); }
float previous(float value) { return std::nextafter(value, 0.0f); }

TEST(Half, EveryOneIsExactAndComesBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    auto half = static_cast<uint16_t>(bits);
    float value = halfValue(half);
    if ((half & 0x7fff) < kInfinity) {
      EXPECT_EQ(static_cast<double>(value), meaningOf(half)) << bits;
      EXPECT_EQ(std::signbit(value), (half & kSign) != 0) << bits;
      EXPECT_EQ(halfBits(value), half) << bits;
    } else if ((half & 0x7fff) == kInfinity) {
      EXPECT_TRUE(std::isinf(value));
      EXPECT_EQ(halfBits(value), half);
    } else {
      EXPECT_TRUE(std::isnan(value)) << bits;
      EXPECT_EQ(halfBits(value), (half & kSign) | 0x7e00) << bits;
    }
  }
}

TEST(Half, BoundariesRoundToEven) {
  for (uint16_t low = 0; low < kInfinity; ++low) {
    uint16_t high = low + 1; // the last one is infinity, which stands for 65536
    double above = high == kInfinity ? 65536.0 : meaningOf(high);
    double middle = (meaningOf(low) + above) / 2;
    auto boundary = static_cast<float>(middle);
    ASSERT_EQ(static_cast<double>(boundary), middle); // boundaries are floats
    uint16_t even = low & 1 ? high : low;
    EXPECT_EQ(halfBits(boundary), even) << low;
    EXPECT_EQ(halfBits(next(boundary)), high) << low;
    EXPECT_EQ(halfBits(previous(boundary)), low) << low;
    EXPECT_EQ(halfBits(-boundary), even | kSign) << low;
    EXPECT_EQ(halfBits(-next(boundary)), high | kSign) << low;
    EXPECT_EQ(halfBits(-previous(boundary)), low | kSign) << low;
  }
}

TEST(Half, Extremes) {
  using Limits = std::numeric_limits<float>;
  EXPECT_EQ(halfBits(65519.996f), 0x7bff);
  EXPECT_EQ(halfBits(65520.0f), kInfinity);
  EXPECT_EQ(halfBits(Limits::max()), kInfinity);
  EXPECT_EQ(halfBits(-Limits::infinity()), kInfinity | kSign);
  EXPECT_EQ(halfBits(Limits::denorm_min()), 0);
  EXPECT_EQ(halfBits(-Limits::denorm_min()), kSign);
  EXPECT_EQ(halfBits(Limits::quiet_NaN()), 0x7e00);
  EXPECT_EQ(halfValue(halfBits(kLargestHalf)), kLargestHalf);
  EXPECT_EQ(halfBits(kSmallestHalf), 1);
}
} // namespace
