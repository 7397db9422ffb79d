//===- PortableMathTest.cpp - Tests of the portable functions --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Against the C library in extended precision, and some bits that must never change.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Support/PortableMath.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace cimc;

namespace {

TEST(PortableMath, LogarithmIsAccurate) {
  std::mt19937_64 engine(1);
  std::uniform_real_distribution<double> exponents(-300, 300), near(0.5, 2);
  for (int i = 0; i < 200000; ++i) {
    double x = i % 2 ? std::exp2(exponents(engine)) : near(engine);
    long double expected = std::log(static_cast<long double>(x));
    EXPECT_NEAR(double((portable::log(x) - expected) / std::max(1.0L, std::fabs(expected))), 0,
                1e-15);
  }
  EXPECT_EQ(portable::log(1), 0);
}

TEST(PortableMath, ExponentialIsAccurate) {
  std::mt19937_64 engine(2);
  std::uniform_real_distribution<double> arguments(-700, 700), small(-2, 2);
  for (int i = 0; i < 200000; ++i) {
    double x = i % 2 ? arguments(engine) : small(engine);
    long double expected = std::exp(static_cast<long double>(x));
    EXPECT_NEAR(double((portable::exp(x) - expected) / expected), 0, 1e-15);
  }
  EXPECT_EQ(portable::exp(0), 1);
  EXPECT_EQ(portable::exp(-1e9), 0);
  EXPECT_TRUE(std::isfinite(portable::exp(1e9)));
}

TEST(PortableMath, PowersAreAccurate) {
  EXPECT_NEAR(portable::pow(0.25, -0.65), std::pow(0.25, -0.65), 1e-14);
  EXPECT_NEAR(portable::pow(1e-7, 0.5), std::sqrt(1e-7), 1e-17);
}

TEST(PortableMath, BitsNeverChange) {
  EXPECT_EQ(portable::log(10), 0x1.26bb1bbb55516p+1);
  EXPECT_EQ(portable::exp(1), 0x1.5bf0a8b14576ap+1); // one step from the nearest
}

} // namespace
