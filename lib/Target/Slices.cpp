//===- Slices.cpp - Weights of more bits than a cell holds ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "cimc/Target/Slices.h"

#include <algorithm>

namespace cimc::target {

int64_t bitsOf(std::span<const int8_t> values) {
  // A negative number takes as many bits as its complement, which is not negative.
  unsigned seen = 0;
  for (int8_t value : values)
    seen |= static_cast<unsigned>(value < 0 ? ~value : value);
  int64_t bits = 1;
  for (; seen; seen >>= 1)
    ++bits;
  return bits;
}

int64_t slicesFor(int64_t weightBits, int64_t cellBits) {
  return cellBits <= 0 ? 1 : std::max<int64_t>(1, (weightBits + cellBits - 1) / cellBits);
}

int8_t sliceOf(int8_t value, int64_t slice, int64_t slices, int64_t bits) {
  int shifted = value >> (slice * bits); // keeps the sign
  return static_cast<int8_t>(slice + 1 < slices ? shifted & ((1 << bits) - 1) : shifted);
}

bool fitCells(int8_t smallest, int8_t largest, int64_t cellBits) {
  int levels = 1 << cellBits;
  bool asSigned = smallest >= -levels / 2 && largest < levels / 2;
  return asSigned || (smallest >= 0 && largest < levels);
}

} // namespace cimc::target
