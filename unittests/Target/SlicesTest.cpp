//===- SlicesTest.cpp - Tests of weights cut into slices --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All 8-bit weights in cells of all sizes.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Slices.h"

#include <gtest/gtest.h>

#include <vector>

using namespace cimc::target;

namespace {

/// Whether `value` is a number of `bits` bits, sign included.
bool fitsSigned(int value, int64_t bits) {
  return value >= -(1 << (bits - 1)) && value < (1 << (bits - 1));
}

int64_t bitsOfOne(int value) {
  auto byte = static_cast<int8_t>(value);
  return bitsOf({&byte, 1});
}

TEST(Slices, BitsAreTheFewestThatHoldAValue) {
  for (int value = -128; value <= 127; ++value) {
    int64_t bits = bitsOfOne(value);
    EXPECT_TRUE(fitsSigned(value, bits)) << value;
    EXPECT_TRUE(bits == 1 || !fitsSigned(value, bits - 1)) << value;
  }
}

TEST(Slices, BitsOfAMatrixAreThoseOfItsWidestValue) {
  for (int a = -128; a <= 127; ++a)
    for (int b = -128; b <= 127; ++b) {
      std::vector<int8_t> values = {static_cast<int8_t>(a), static_cast<int8_t>(b)};
      ASSERT_EQ(bitsOf(values), std::max(bitsOfOne(a), bitsOfOne(b))) << a << " " << b;
    }
  EXPECT_EQ(bitsOf({}), 1);
}

TEST(Slices, CountIsTheFewestThatHoldAllBits) {
  EXPECT_EQ(slicesFor(8, 0), 1);
  for (int64_t cellBits = 1; cellBits <= 8; ++cellBits)
    for (int64_t bits = 1; bits <= 8; ++bits) {
      int64_t slices = slicesFor(bits, cellBits);
      EXPECT_GE(slices * cellBits, bits);
      EXPECT_LT((slices - 1) * cellBits, bits);
    }
}

TEST(Slices, AddUpToTheValueAndFitTheirCells) {
  for (int64_t cellBits = 1; cellBits <= 8; ++cellBits)
    for (int64_t bits = 1; bits <= 8; ++bits) {
      int64_t slices = slicesFor(bits, cellBits);
      for (int value = -(1 << (bits - 1)); value < (1 << (bits - 1)); ++value) {
        int sum = 0;
        for (int64_t slice = 0; slice < slices; ++slice) {
          int part = sliceOf(static_cast<int8_t>(value), slice, slices, cellBits);
          sum += part * (1 << (slice * cellBits));
          if (slice + 1 < slices)
            EXPECT_TRUE(part >= 0 && part < (1 << cellBits));
          else
            EXPECT_TRUE(fitsSigned(part, std::min(cellBits, bits - slice * cellBits)));
        }
        ASSERT_EQ(sum, value) << bits << " bits in cells of " << cellBits;
      }
    }
}

TEST(Slices, CellsHoldTheirLevels) {
  for (int64_t cellBits = 1; cellBits <= 7; ++cellBits) {
    auto top = static_cast<int8_t>(1 << (cellBits - 1)), most = static_cast<int8_t>(2 * top - 1);
    EXPECT_TRUE(fitCells(0, most, cellBits));
    EXPECT_TRUE(fitCells(static_cast<int8_t>(-top), static_cast<int8_t>(top - 1), cellBits));
    EXPECT_FALSE(fitCells(-1, top, cellBits));
    EXPECT_FALSE(fitCells(static_cast<int8_t>(-top - 1), 0, cellBits));
    if (cellBits < 7)
      EXPECT_FALSE(fitCells(0, static_cast<int8_t>(most + 1), cellBits));
  }
  EXPECT_TRUE(fitCells(-128, 127, 8));
}

} // namespace
