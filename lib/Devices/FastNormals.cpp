//===- FastNormals.cpp - Normal numbers for reads --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks of Philox in runs of a few hundred, word by word, and two normal numbers out of two words:
// a radius sqrt(-2 ln u) and an angle. Loops are such that compilers vectorise them, and use only
// operations that IEEE 754 rounds in one way; functions are sums of their Taylor series.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Devices/Random.h"

#include "cimc/Support/Vectorize.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace cimc::devices {
namespace {

constexpr size_t kRun = 256; ///< blocks that are worked on together

struct Blocks {
  alignas(64) uint32_t words[4][kRun];
  alignas(64) float numbers[4][kRun];
};

/// Counters to random bits: Philox4x32 with seven rounds, the fewest that pass all tests of its
/// authors. The constants are those of the generator.
CIMC_VECTORIZE void mix(uint32_t (&words)[4][kRun], uint32_t key0, uint32_t key1, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t a = words[0][i], b = words[1][i], c = words[2][i], d = words[3][i];
    uint32_t k0 = key0, k1 = key1;
#pragma GCC unroll 7
    for (int round = 0; round < 7; ++round) {
      uint64_t first = uint64_t{0xD2511F53} * a, second = uint64_t{0xCD9E8D57} * c;
      a = static_cast<uint32_t>(second >> 32) ^ b ^ k0;
      c = static_cast<uint32_t>(first >> 32) ^ d ^ k1;
      b = static_cast<uint32_t>(second);
      d = static_cast<uint32_t>(first);
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    words[0][i] = a;
    words[1][i] = b;
    words[2][i] = c;
    words[3][i] = d;
  }
}

/// -2 ln u. Requires: 0 < u <= 1.
inline float minusTwiceLog(float u) {
  auto bits = std::bit_cast<uint32_t>(u);
  int32_t exponent = static_cast<int32_t>(bits >> 23) - 127;
  float m = std::bit_cast<float>((bits & 0x007fffff) | 0x3f800000);
  bool large = m > 1.41421356f;
  m = large ? m * 0.5f : m;
  exponent = large ? exponent + 1 : exponent;
  // ln m = 2 artanh s; |s| < 0.172, so the series ends at 0.172^10 / 11.
  float s = (m - 1.0f) / (m + 1.0f), z = s * s;
  float series = ((1.0f / 9 * z + 1.0f / 7) * z + 1.0f / 5) * z + 1.0f / 3;
  float log = 2.0f * s + 2.0f * s * (z * series);
  return -2.0f * (static_cast<float>(exponent) * 0.693147181f + log);
}

/// Two normal numbers out of two words.
CIMC_VECTORIZE void boxMuller(const uint32_t *radii, const uint32_t *angles, float *first,
                              float *second, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    float u = (static_cast<float>(static_cast<int32_t>(radii[i] >> 1)) + 0.5f) * 0x1p-31f;
    float square = minusTwiceLog(u);
    float radius = std::sqrt(square > 0.0f ? square : 0.0f);
    // The nearest quarter of a turn, and what is left of the angle: at most an eighth.
    uint32_t quarter = (angles[i] + 0x20000000u) >> 30;
    auto rest = static_cast<int32_t>(angles[i] - (quarter << 30));
    float x = static_cast<float>(rest) * (6.28318531f * 0x1p-32f), z = x * x;
    float sine =
        x * ((((1.0f / 362880 * z - 1.0f / 5040) * z + 1.0f / 120) * z - 1.0f / 6) * z + 1.0f);
    float cosine = (((1.0f / 40320 * z - 1.0f / 720) * z + 1.0f / 24) * z - 0.5f) * z + 1.0f;
    bool odd = (quarter & 1) != 0;
    float across = odd ? sine : cosine, up = odd ? cosine : sine;
    across = ((quarter + 1) & 2) != 0 ? -across : across;
    up = (quarter & 2) != 0 ? -up : up;
    first[i] = radius * across;
    second[i] = radius * up;
  }
}

CIMC_VECTORIZE void interleave(const float (&numbers)[4][kRun], float *out, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    out[4 * i] = numbers[0][i];
    out[4 * i + 1] = numbers[1][i];
    out[4 * i + 2] = numbers[2][i];
    out[4 * i + 3] = numbers[3][i];
  }
}

} // namespace

void RandomStream::normals(std::span<const BlockRun> runs, uint32_t blocks, std::span<float> out,
                           uint32_t read) const {
  Blocks work;
  size_t run = 0, done = 0;
  uint32_t block = 0;
  while (run < runs.size()) {
    // Whole runs, or a part of a long one.
    size_t count = 0;
    while (run < runs.size() && count < kRun) {
      auto some = static_cast<uint32_t>(std::min<size_t>(kRun - count, blocks - block));
      uint64_t first = runs[run].block + block;
      for (uint32_t i = 0; i < some; ++i) {
        work.words[0][count + i] = static_cast<uint32_t>(first + i);
        work.words[1][count + i] = static_cast<uint32_t>((first + i) >> 32);
      }
      std::fill_n(work.words[2] + count, some, read);
      std::fill_n(work.words[3] + count, some, runs[run].sample);
      count += some;
      block += some;
      if (block == blocks) {
        block = 0;
        ++run;
      }
    }
    mix(work.words, key[0], key[1], count);
    boxMuller(work.words[0], work.words[1], work.numbers[0], work.numbers[1], count);
    boxMuller(work.words[2], work.words[3], work.numbers[2], work.numbers[3], count);
    interleave(work.numbers, out.data() + 4 * done, count);
    done += count;
  }
}

} // namespace cimc::devices
