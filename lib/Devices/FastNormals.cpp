//===- FastNormals.cpp - Normal numbers for reads --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks of Philox in runs of a few hundred, word by word, and two normal numbers out of each word:
// a radius sqrt(-2 ln u) of 18 bits and an angle of 14. Loops are such that compilers vectorise
// them, and use only operations that IEEE 754 rounds in one way; functions are sums of their Taylor
// series.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Devices/Random.h"

#include "cimc/Support/Vectorize.h"

#include <algorithm>
#include <bit>
#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

namespace cimc::devices {
namespace {

constexpr size_t kRun = 256; ///< blocks that are worked on together

struct Blocks {
  alignas(64) uint32_t words[4][kRun];
  alignas(64) float numbers[kBlockNumbers][kRun];
};

// Constants of Philox4x32, of which seven rounds are the fewest that pass all tests of its authors.
constexpr int kRounds = 7;
constexpr uint32_t kFactors[2] = {0xD2511F53, 0xCD9E8D57}, kKeySteps[2] = {0x9E3779B9, 0xBB67AE85};

/// Counters to random bits.
CIMC_VECTORIZE void mixPlainly(uint32_t (&words)[4][kRun], uint32_t key0, uint32_t key1,
                               size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t a = words[0][i], b = words[1][i], c = words[2][i], d = words[3][i];
    uint32_t k0 = key0, k1 = key1;
#pragma GCC unroll 7
    for (int round = 0; round < kRounds; ++round) {
      uint64_t first = uint64_t{kFactors[0]} * a, second = uint64_t{kFactors[1]} * c;
      a = static_cast<uint32_t>(second >> 32) ^ b ^ k0;
      c = static_cast<uint32_t>(first >> 32) ^ d ^ k1;
      b = static_cast<uint32_t>(second);
      d = static_cast<uint32_t>(first);
      k0 += kKeySteps[0];
      k1 += kKeySteps[1];
    }
    words[0][i] = a;
    words[1][i] = b;
    words[2][i] = c;
    words[3][i] = d;
  }
}

#if defined(__x86_64__) && defined(__GNUC__)
#define CIMC_WIDE __attribute__((target("avx512f")))

/// The upper and lower halves of 16 products of 32 bits.
struct Products {
  __m512i high, low;
};
CIMC_WIDE inline Products multiply(__m512i x, __m512i factor) {
  __m512i even = _mm512_mul_epu32(x, factor);
  __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(x, 32), factor);
  constexpr __mmask16 kOdd = 0xAAAA;
  return {_mm512_mask_mov_epi32(_mm512_srli_epi64(even, 32), kOdd, odd),
          _mm512_mask_mov_epi32(even, kOdd, _mm512_slli_epi64(odd, 32))};
}

/// The same 16 by 16, with one instruction for two products, which compilers do not find.
CIMC_WIDE void mixWide(uint32_t (&words)[4][kRun], uint32_t key0, uint32_t key1, size_t count) {
  __m512i firstFactor = _mm512_set1_epi64(kFactors[0]);
  __m512i secondFactor = _mm512_set1_epi64(kFactors[1]);
  for (size_t i = 0; i < count; i += 16) { // kRun is a multiple of 16
    __m512i a = _mm512_load_si512(words[0] + i), b = _mm512_load_si512(words[1] + i);
    __m512i c = _mm512_load_si512(words[2] + i), d = _mm512_load_si512(words[3] + i);
    uint32_t k0 = key0, k1 = key1;
#pragma GCC unroll 7
    for (int round = 0; round < kRounds; ++round) {
      Products first = multiply(a, firstFactor), second = multiply(c, secondFactor);
      constexpr int kXorAll = 0x96;
      a = _mm512_ternarylogic_epi32(second.high, b, _mm512_set1_epi32(static_cast<int>(k0)),
                                    kXorAll);
      c = _mm512_ternarylogic_epi32(first.high, d, _mm512_set1_epi32(static_cast<int>(k1)),
                                    kXorAll);
      b = second.low;
      d = first.low;
      k0 += kKeySteps[0];
      k1 += kKeySteps[1];
    }
    _mm512_store_si512(words[0] + i, a);
    _mm512_store_si512(words[1] + i, b);
    _mm512_store_si512(words[2] + i, c);
    _mm512_store_si512(words[3] + i, d);
  }
}
#endif

void mix(uint32_t (&words)[4][kRun], uint32_t key0, uint32_t key1, size_t count) {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool wide = __builtin_cpu_supports("avx512f");
  if (wide)
    return mixWide(words, key0, key1, count);
#endif
  mixPlainly(words, key0, key1, count);
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

/// Two normal numbers out of each word.
CIMC_VECTORIZE void boxMuller(const uint32_t *words, float *first, float *second, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    float u = (static_cast<float>(static_cast<int32_t>(words[i] >> 14)) + 0.5f) * 0x1p-18f;
    uint32_t angle = words[i] << 18;
    float square = minusTwiceLog(u);
    float radius = std::sqrt(square > 0.0f ? square : 0.0f);
    // The nearest quarter of a turn, and what is left of the angle: at most an eighth.
    uint32_t quarter = (angle + 0x20000000u) >> 30;
    auto rest = static_cast<int32_t>(angle - (quarter << 30));
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

CIMC_VECTORIZE void interleave(const float (&numbers)[kBlockNumbers][kRun], float *out,
                               size_t count) {
  for (size_t i = 0; i < count; ++i)
#pragma GCC unroll 8
    for (size_t j = 0; j < kBlockNumbers; ++j)
      out[kBlockNumbers * i + j] = numbers[j][i];
}

/// Counters of `count` blocks from `first` on.
CIMC_VECTORIZE void fillCounters(uint32_t (&words)[4][kRun], size_t at, uint64_t first,
                                 uint32_t read, uint32_t sample, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t block = first + i;
    words[0][at + i] = static_cast<uint32_t>(block);
    words[1][at + i] = static_cast<uint32_t>(block >> 32);
    words[2][at + i] = read;
    words[3][at + i] = sample;
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
      // Runs that continue each other are filled together.
      size_t last = run, left = blocks - block;
      while (left < kRun - count && last + 1 < runs.size() &&
             runs[last + 1].sample == runs[last].sample &&
             runs[last + 1].block == runs[last].block + blocks) {
        ++last;
        left += blocks;
      }
      auto some = static_cast<uint32_t>(std::min(kRun - count, left));
      fillCounters(work.words, count, runs[run].block + block, read, runs[run].sample, some);
      count += some;
      run += (block + some) / blocks;
      block = (block + some) % blocks;
    }
    mix(work.words, key[0], key[1], count);
    for (size_t word = 0; word < 4; ++word)
      boxMuller(work.words[word], work.numbers[2 * word], work.numbers[2 * word + 1], count);
    interleave(work.numbers, out.data() + kBlockNumbers * done, count);
    done += count;
  }
}

} // namespace cimc::devices
