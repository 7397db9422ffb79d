//===- AnalogKernel.cpp - Sums of analog arrays to codes --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AnalogKernel.h"

#include "cimc/Support/Vectorize.h"

#include <bit>
#include <cmath>

namespace cimc::executor {
namespace {

constexpr size_t kBlock = PairMatrix::kBlock;

/// sqrt(x) / kRootScale. Requires: x >= 0.
inline float rootOf(float x) {
  float y = std::bit_cast<float>(kRootStart - (std::bit_cast<uint32_t>(x) >> 1)), z = x * y;
  return z * (kRootEnd - z * y);
}

inline int32_t codeOf(float value, float limit) {
  value = value < -limit ? -limit : value;
  value = value > limit ? limit : value;
  return static_cast<int32_t>(std::rint(value));
}

template <bool Parts> inline int32_t sumOf(const int32_t *high, const int32_t *low, size_t i) {
  if constexpr (Parts)
    return static_cast<int32_t>((static_cast<uint32_t>(high[i]) << 8) +
                                static_cast<uint32_t>(low[i]));
  else
    return low[i];
}

template <bool Parts, bool Moved = false> inline void addCodes(const CodeJob &job) {
  const BlockSums &block = job.block;
  const BlockConverters &by = job.converters;
  int32_t *totals = job.totals;
  const float limit = by.limit, *gain = by.gain, *noise = by.noise, *offset = by.offset;
  const uint32_t keep = job.first ? 0u : ~0u, shift = by.shift;
  const int32_t *low = block.low, *high = block.high;
  const int32_t *squares = block.squares, *squaresHigh = block.squaresHigh;
  const float *normals = block.normals;
  auto add = [&](int32_t &total, int32_t code) {
    total = static_cast<int32_t>((static_cast<uint32_t>(total) & keep) +
                                 (static_cast<uint32_t>(code) << shift));
  };
  if (!squares) {
    for (size_t v = 0; v < block.count; ++v, totals += block.pitch) {
      size_t at = v * kBlock;
      CIMC_INDEPENDENT
      for (size_t i = 0; i < kBlock; ++i) {
        float value = static_cast<float>(sumOf<Parts>(high, low, at + i)) * gain[i];
        add(totals[i], codeOf(Moved ? value + offset[i] : value, limit));
      }
    }
    return;
  }
  for (size_t v = 0; v < block.count; ++v, totals += block.pitch, normals += block.pitch) {
    size_t at = v * kBlock;
    CIMC_INDEPENDENT
    for (size_t i = 0; i < kBlock; ++i) {
      float root = rootOf(static_cast<float>(sumOf<Parts>(squaresHigh, squares, at + i)));
      float sum = static_cast<float>(sumOf<Parts>(high, low, at + i));
      float value = sum * gain[i] + root * noise[i] * normals[i];
      add(totals[i], codeOf(Moved ? value + offset[i] : value, limit));
    }
  }
}

CIMC_VECTORIZE void addCodesOfParts(const CodeJob &job) { addCodes<true>(job); }
CIMC_VECTORIZE void addCodesOfSums(const CodeJob &job) { addCodes<false>(job); }
CIMC_VECTORIZE void addMovedCodes(const CodeJob &job) { addCodes<false, true>(job); }

constexpr size_t kPiece = 64; ///< numbers of a vector that loops take at a time

CIMC_VECTORIZE void toWords(const int8_t *from, int16_t *__restrict to, size_t count) {
  for (size_t at = 0; at < count; at += kPiece)
    for (size_t i = 0; i < kPiece; ++i)
      to[at + i] = from[at + i];
}
CIMC_VECTORIZE void toSquares(const int8_t *from, int16_t *__restrict to, size_t count) {
  for (size_t at = 0; at < count; at += kPiece)
    for (size_t i = 0; i < kPiece; ++i) {
      int16_t x = from[at + i];
      to[at + i] = static_cast<int16_t>(x * x);
    }
}

} // namespace

void addAnalogCodes(const CodeJob &job) {
  if (job.converters.offset)
    addMovedCodes(job);
  else if (job.block.high)
    addCodesOfParts(job);
  else
    addCodesOfSums(job);
}

void widen(const int8_t *vector, size_t rows, int16_t *numbers, int16_t *squares) {
  toWords(vector, numbers, rows);
  numbers[rows] = 0;
  if (!squares)
    return;
  toSquares(vector, squares, rows);
  squares[rows] = 0;
}

} // namespace cimc::executor
