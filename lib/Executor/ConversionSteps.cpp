//===- ConversionSteps.cpp - What all converted reads do --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ConversionSteps.h"

#include "cimc/Support/Vectorize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace cimc::executor {
namespace {

DriveKind kindOf(const std::array<int8_t, 256> &drive) {
  bool same = true, positive = true, negative = true;
  for (int x = -128; x < 128; ++x) {
    int y = drive[static_cast<size_t>(x + 128)];
    same &= y == x;
    positive &= y == std::max(x, 0);
    negative &= y == std::min(x, 0);
  }
  return same       ? DriveKind::Same
         : positive ? DriveKind::Positive
         : negative ? DriveKind::Negative
                    : DriveKind::Table;
}

constexpr size_t kPiece = 64; ///< numbers of a vector that loops take at a time

CIMC_VECTORIZE void keepPositive(const int8_t *from, int8_t *to, size_t count) {
  for (size_t at = 0; at < count; at += kPiece)
    CIMC_INDEPENDENT
  for (size_t i = at; i < at + kPiece; ++i)
    to[i] = from[i] > 0 ? from[i] : int8_t{0};
}
CIMC_VECTORIZE void keepNegative(const int8_t *from, int8_t *to, size_t count) {
  for (size_t at = 0; at < count; at += kPiece)
    CIMC_INDEPENDENT
  for (size_t i = at; i < at + kPiece; ++i)
    to[i] = from[i] < 0 ? from[i] : int8_t{0};
}

constexpr float kLow = -2147483648.0f, kHigh = 2147483520.0f; ///< what integers can hold

/// The nearest integer that 32 bits hold.
inline int32_t toInteger(float units) {
  units = std::rint(units);
  units = units < kLow ? kLow : units;
  units = units > kHigh ? kHigh : units;
  return static_cast<int32_t>(units);
}

/// Without offsets (Moved: with), totals from 2^24 on are no floats, but a step of 1 needs none.
template <bool Moved>
inline void addRows(const ResultSteps &by, const int32_t *totals, size_t pitch,
                    int32_t *const *results, size_t count, size_t cols) {
  const uint32_t keep = by.accumulate ? ~0u : 0u;
  for (size_t v = 0; v < count; ++v, totals += pitch) {
    int32_t *out = results[v];
    CIMC_INDEPENDENT
    for (size_t i = 0; i < cols; ++i) {
      float units = static_cast<float>(totals[i]) * by.steps[i];
      int32_t rounded = toInteger(Moved ? units + by.offsets[i] : units);
      auto value = static_cast<uint32_t>(!Moved && by.steps[i] == 1.0f ? totals[i] : rounded);
      out[i] = static_cast<int32_t>(value + (static_cast<uint32_t>(out[i]) & keep));
    }
  }
}

CIMC_VECTORIZE void addPlainResults(const ResultSteps &by, const int32_t *totals, size_t pitch,
                                    int32_t *const *results, size_t count, size_t cols) {
  addRows<false>(by, totals, pitch, results, count, cols);
}
CIMC_VECTORIZE void addMovedResults(const ResultSteps &by, const int32_t *totals, size_t pitch,
                                    int32_t *const *results, size_t count, size_t cols) {
  addRows<true>(by, totals, pitch, results, count, cols);
}

} // namespace

Drive::Drive(const std::array<int8_t, 256> &table) : kind(kindOf(table)), table(table) {}

void Drive::apply(const int8_t *const *vectors, size_t count, size_t rows, std::byte *scratch,
                  size_t pitch, const int8_t **driven) const {
  for (size_t i = 0; i < count; ++i) {
    if (kind == DriveKind::Same) {
      driven[i] = vectors[i];
      continue;
    }
    auto *to = reinterpret_cast<int8_t *>(scratch + i * pitch);
    if (kind == DriveKind::Positive)
      keepPositive(vectors[i], to, rows);
    else if (kind == DriveKind::Negative)
      keepNegative(vectors[i], to, rows);
    else
      for (size_t row = 0; row < rows; ++row)
        to[row] = table[static_cast<size_t>(vectors[i][row] + 128)];
    driven[i] = to;
  }
}

CIMC_VECTORIZE uint8_t bitsOf(const int8_t *const *vectors, size_t count, size_t rows) {
#if defined(__GNUC__)
  // 64 numbers at a time; what is behind the last row does not count.
  typedef uint64_t Piece __attribute__((vector_size(64)));
  Piece last = {}, bits = {};
  std::memset(&last, 0xff, rows % sizeof(Piece));
  for (size_t v = 0; v < count; ++v) {
    Piece piece;
    size_t at = 0;
    for (; at + sizeof(Piece) <= rows; at += sizeof(Piece)) {
      std::memcpy(&piece, vectors[v] + at, sizeof(Piece));
      bits |= piece;
    }
    if (at == rows)
      continue;
    std::memcpy(&piece, vectors[v] + at, sizeof(Piece));
    bits |= piece & last;
  }
  uint64_t all = 0;
  for (size_t i = 0; i < sizeof(Piece) / sizeof(uint64_t); ++i)
    all |= bits[i];
  all |= all >> 32;
  all |= all >> 16;
  return static_cast<uint8_t>(all | all >> 8);
#else
  int all = 0;
  for (size_t v = 0; v < count; ++v)
    for (size_t row = 0; row < rows; ++row)
      all |= vectors[v][row];
  return static_cast<uint8_t>(all);
#endif
}

CIMC_VECTORIZE void splitSigns(const int8_t *from, int8_t *positive, int8_t *negative,
                               size_t count) {
  for (size_t at = 0; at < count; at += kPiece)
    CIMC_INDEPENDENT
  for (size_t i = at; i < at + kPiece; ++i) {
    int8_t part = from[i] > 0 ? from[i] : int8_t{0};
    positive[i] = part;
    negative[i] = static_cast<int8_t>(part - from[i]); // 128 is -128, the same bits
  }
}

void addResults(const ResultSteps &by, const int32_t *totals, size_t pitch, int32_t *const *results,
                size_t count, size_t cols) {
  if (by.offsets)
    addMovedResults(by, totals, pitch, results, count, cols);
  else
    addPlainResults(by, totals, pitch, results, count, cols);
}

} // namespace cimc::executor
