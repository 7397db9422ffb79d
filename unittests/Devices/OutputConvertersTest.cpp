//===- OutputConvertersTest.cpp - Converters that differ ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "cimc/Devices/OutputConverters.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace cimc::devices;

namespace {

double deviationOf(const std::vector<float> &values, double mean) {
  double sum = 0;
  for (float value : values)
    sum += (value - mean) * (value - mean);
  return std::sqrt(sum / double(values.size()));
}

TEST(OutputConverters, DeviateAsTheTargetSays) {
  cimc::target::Array array;
  array.outputGainDeviation = 0.0709;
  array.outputOffsetDeviation = 1.5;
  OutputConverters converters = drawConverters(array, {1, 2, 0, false, 0}, 1'000'000);
  EXPECT_NEAR(deviationOf(converters.gain, 1), 0.0709, 0.0709 * 0.01);
  EXPECT_NEAR(deviationOf(converters.offset, 0), 1.5, 0.015);
  double together = 0;
  for (size_t i = 0; i < converters.gain.size(); ++i)
    together += (converters.gain[i] - 1) * converters.offset[i];
  EXPECT_LT(std::fabs(together / 1e6), 0.001); // of 0.106, if they were the same numbers
}

TEST(OutputConverters, BelongToAColumnOfAnArray) {
  cimc::target::Array array;
  array.outputGainDeviation = 0.1;
  ConverterKey key{7, 3, 1, false, 0};
  std::vector<float> all = drawConverters(array, key, 100).gain;
  key.first = 40;
  std::vector<float> part = drawConverters(array, key, 20).gain;
  for (size_t i = 0; i < part.size(); ++i)
    EXPECT_EQ(part[i], all[40 + i]);
  for (ConverterKey other : {ConverterKey{8, 3, 1, false, 40}, ConverterKey{7, 4, 1, false, 40},
                             ConverterKey{7, 3, 0, false, 40}, ConverterKey{7, 3, 1, true, 40}})
    EXPECT_NE(drawConverters(array, other, 20).gain, part);
}

TEST(OutputConverters, AreAlikeWithoutDeviations) {
  OutputConverters converters = drawConverters({}, {1, 0, 0, false, 0}, 3);
  EXPECT_EQ(converters.gain, (std::vector<float>{1, 1, 1}));
  EXPECT_TRUE(converters.offset.empty());
}

TEST(OutputConverters, WorkAtLeastALittle) {
  cimc::target::Array array;
  array.outputGainDeviation = 1;
  for (float gain : drawConverters(array, {1, 0, 0, false, 0}, 10'000).gain)
    EXPECT_GE(gain, kLeastGain);
}

} // namespace
