//===- FastNormals.cpp - Normal numbers for reads --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block of 16 numbers takes two blocks of Philox, eight words: numbers 0 to 7 are made of their
// lower halves, 8 to 15 of the upper ones. The 16 bits of a number are a sign (bit 0) and the
// probability of its tail in odd multiples of 2^-17, which the inverse of the normal distribution
// turns into the number: polynomials of degree two, one for each half octave of the probability.
// One number in 2^15 lies in the last multiple, beyond 4.17 deviations; 16 more bits, of the
// ten-round Philox of the same counter, say where.
//
// Loops work on runs of blocks. Compilers vectorise the general ones; those for AVX-512 keep
// everything in registers, with tables of polynomials in two registers each. They use only
// operations that IEEE 754 rounds in one way, in the same order, so the bits are the same.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Devices/Random.h"

#include "cimc/Support/Vectorize.h"

#include <algorithm>
#include <bit>
#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__)
#define CIMC_WIDE __attribute__((target("avx512f")))
#include <immintrin.h>
// GCC 12 finds fault with its own header's way of saying that a register does not matter.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#endif

namespace cimc::devices {
namespace {

constexpr size_t kRun = 64; ///< blocks that are worked on together
constexpr size_t kWide = 8; ///< of which wide vectors take so many at once
static_assert(kRun % kWide == 0);
constexpr size_t kWords = 8;

// Constants of Philox4x32, of which seven rounds are the fewest that pass all tests of its authors.
constexpr int kRounds = 7;
constexpr uint32_t kFactors[2] = {0xD2511F53, 0xCD9E8D57}, kKeySteps[2] = {0x9E3779B9, 0xBB67AE85};

/// Names of blocks: the number of the first of their two blocks of Philox, and the sample.
struct Names {
  alignas(64) uint32_t low[kRun], high[kRun], samples[kRun];
};

/// What all blocks share.
struct Stream {
  uint32_t key[2], read;
};

/// The distribution's inverse by half octaves of t, an odd multiple of 2^-17: segment i, bits 22 to
/// 26 of t as a float, has ((second[i] * t) + first[i]) * t + constant[i].
struct Quantiles {
  static constexpr size_t kSegments = 32;
  alignas(64) float constant[kSegments], first[kSegments], second[kSegments];

  /// Interpolates at the three Chebyshev nodes of each segment.
  Quantiles() {
    for (int octave = 0; octave < 16; ++octave)
      for (int half = 0; half < 2; ++half) {
        double from = std::ldexp(1 + 0.5 * half, octave), width = std::ldexp(0.5, octave);
        constexpr double kNodes[3] = {0.06698729810778067, 0.5, 0.9330127018922193};
        double x[3], y[3];
        for (int i = 0; i < 3; ++i) {
          x[i] = from + kNodes[i] * width;
          y[i] = -normalQuantile(x[i] * 0x1p-17);
        }
        double slope = (y[1] - y[0]) / (x[1] - x[0]);
        double bend = ((y[2] - y[1]) / (x[2] - x[1]) - slope) / (x[2] - x[0]);
        size_t segment = segmentOf(static_cast<float>(from));
        second[segment] = static_cast<float>(bend);
        first[segment] = static_cast<float>(slope - bend * (x[0] + x[1]));
        constant[segment] = static_cast<float>(y[0] - slope * x[0] + bend * x[0] * x[1]);
      }
  }
  static size_t segmentOf(float t) { return std::bit_cast<uint32_t>(t) >> 22 & (kSegments - 1); }

  /// The number of 16 bits.
  float operator()(uint32_t bits) const {
    auto t = static_cast<float>(static_cast<int32_t>(bits | 1));
    size_t segment = segmentOf(t);
    float number = (second[segment] * t + first[segment]) * t + constant[segment];
    return std::bit_cast<float>(std::bit_cast<uint32_t>(number) ^ bits << 31);
  }
};

const Quantiles &quantiles() {
  static const Quantiles table;
  return table;
}

/// Words of blocks, by their place in the block.
struct Words {
  alignas(64) uint32_t at[kWords][kRun];
};

/// Draws numbers of blocks `from` to `to` - 1, which stand in `out`, once more within their tail if
/// they are of the last multiple of 2^-17.
void refineTails(const Names &names, const Stream &stream, size_t from, size_t to, float *out) {
  // Between the last two multiples, 4.08 and 4.33 deviations.
  constexpr float kLimit = 4.2f;
  for (size_t i = 0; i < (to - from) * kBlockNumbers; ++i) {
    if (!(std::fabs(out[i]) > kLimit))
      continue;
    size_t block = from + i / kBlockNumbers;
    size_t word = i % kWords, upper = i % kBlockNumbers / kWords;
    auto bits = philox({names.low[block] | static_cast<uint32_t>(word / 4), names.high[block],
                        stream.read, names.samples[block]},
                       {stream.key[0], stream.key[1]})[word % 4];
    double place = double(bits >> (16 * upper) & 0xffff) + 0.5;
    out[i] = std::copysign(static_cast<float>(normalQuantile(place * 0x1p-32)), out[i]);
  }
}

CIMC_VECTORIZE void mix(const Names &names, uint32_t half, const Stream &stream,
                        uint32_t (*words)[kRun], size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t a = names.low[i] | half, b = names.high[i], c = stream.read, d = names.samples[i];
    uint32_t k0 = stream.key[0], k1 = stream.key[1];
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

CIMC_VECTORIZE void toNumbers(const Quantiles &table, const Words &words, float *out,
                              size_t count) {
  for (size_t i = 0; i < count; ++i)
    for (size_t word = 0; word < kWords; ++word) {
      out[kBlockNumbers * i + word] = table(words.at[word][i] & 0xffff);
      out[kBlockNumbers * i + kWords + word] = table(words.at[word][i] >> 16);
    }
}

void drawPlainly(const Names &names, const Stream &stream, float *out, size_t count) {
  Words words;
  mix(names, 0, stream, words.at, count);
  mix(names, 1, stream, words.at + kWords / 2, count);
  toNumbers(quantiles(), words, out, count);
  refineTails(names, stream, 0, count, out);
}

#ifdef CIMC_WIDE

/// Eight blocks of Philox in the lower halves of lanes of 64 bits; the upper halves hold anything.
struct State {
  __m512i a, b, c, d;
};

/// Those of the four blocks from `first` on. Lanes are in an order such that `wordsOf` can leave
/// each block's words side by side: the first blocks of Philox of 0 and 2, the second ones of 0 and
/// 2, the first ones of 1 and 3, the second ones of 1 and 3.
CIMC_WIDE inline __m512i spread(const uint32_t *four) {
  const __m512i order = _mm512_setr_epi64(0, 2, 0, 2, 1, 3, 1, 3);
  return _mm512_permutexvar_epi32(
      order, _mm512_castsi128_si512(_mm_load_si128(reinterpret_cast<const __m128i *>(four))));
}
CIMC_WIDE inline State countersOf(const Names &names, size_t first, uint32_t read) {
  const __m512i half = _mm512_setr_epi64(0, 0, 1, 1, 0, 0, 1, 1);
  return {_mm512_or_si512(spread(names.low + first), half), spread(names.high + first),
          _mm512_set1_epi32(static_cast<int>(read)), spread(names.samples + first)};
}

CIMC_WIDE inline void mix(State &state, const Stream &stream) {
  const __m512i firstFactor = _mm512_set1_epi64(kFactors[0]);
  const __m512i secondFactor = _mm512_set1_epi64(kFactors[1]);
  uint32_t k0 = stream.key[0], k1 = stream.key[1];
#pragma GCC unroll 7
  for (int round = 0; round < kRounds; ++round) {
    __m512i first = _mm512_mul_epu32(state.a, firstFactor);
    __m512i second = _mm512_mul_epu32(state.c, secondFactor);
    constexpr int kXorAll = 0x96;
    state.a = _mm512_ternarylogic_epi32(_mm512_srli_epi64(second, 32), state.b,
                                        _mm512_set1_epi32(static_cast<int>(k0)), kXorAll);
    state.c = _mm512_ternarylogic_epi32(_mm512_srli_epi64(first, 32), state.d,
                                        _mm512_set1_epi32(static_cast<int>(k1)), kXorAll);
    state.b = second;
    state.d = first;
    k0 += kKeySteps[0];
    k1 += kKeySteps[1];
  }
}

struct Tables {
  __m512 constant[2], first[2], second[2];
};

/// Quantiles::operator() of 16 numbers of 16 bits, of which `signs` have bit 0 as their sign.
CIMC_WIDE inline __m512 numbersOf(const Tables &tables, __m512i odd, __m512i signs) {
  __m512 t = _mm512_cvtepi32_ps(odd);
  __m512i segment = _mm512_srli_epi32(_mm512_castps_si512(t), 22);
  __m512 second = _mm512_permutex2var_ps(tables.second[0], segment, tables.second[1]);
  __m512 first = _mm512_permutex2var_ps(tables.first[0], segment, tables.first[1]);
  __m512 constant = _mm512_permutex2var_ps(tables.constant[0], segment, tables.constant[1]);
  __m512 number = _mm512_add_ps(_mm512_mul_ps(second, t), first);
  number = _mm512_add_ps(_mm512_mul_ps(number, t), constant);
  constexpr int kFirstXorSecondAndThird = 0x78;
  return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
      _mm512_castps_si512(number), signs, _mm512_set1_epi32(INT32_MIN), kFirstXorSecondAndThird));
}

/// Numbers of two blocks from their words. Returns whether any is of the last multiple.
CIMC_WIDE inline bool storeNumbers(const Tables &tables, __m512i words, float *out) {
  constexpr int kFirstAndSecondOrThird = 0xEA;
  const __m512i one = _mm512_set1_epi32(1);
  __m512i lowOdd =
      _mm512_ternarylogic_epi32(words, _mm512_set1_epi32(0xffff), one, kFirstAndSecondOrThird);
  __m512i highOdd = _mm512_or_si512(_mm512_srli_epi32(words, 16), one);
  __m512 low = numbersOf(tables, lowOdd, _mm512_slli_epi32(words, 31));
  __m512 high = numbersOf(tables, highOdd, _mm512_slli_epi32(words, 15));
  _mm512_storeu_ps(out, _mm512_shuffle_f32x4(low, high, 0x44));
  _mm512_storeu_ps(out + kBlockNumbers, _mm512_shuffle_f32x4(low, high, 0xEE));
  return _mm512_cmpeq_epi32_mask(_mm512_min_epi32(lowOdd, highOdd), one) != 0;
}

/// The same for eight blocks at a time, with the ends of tails.
CIMC_WIDE void drawWide(const Names &names, const Stream &stream, float *out, size_t count) {
  const Quantiles &table = quantiles();
  Tables tables;
  for (size_t i = 0; i < 2; ++i) {
    tables.constant[i] = _mm512_load_ps(table.constant + 16 * i);
    tables.first[i] = _mm512_load_ps(table.first + 16 * i);
    tables.second[i] = _mm512_load_ps(table.second + 16 * i);
  }
  for (size_t i = 0; i < count; i += kWide) {
    State states[2] = {countersOf(names, i, stream.read), countersOf(names, i + 4, stream.read)};
    mix(states[0], stream);
    mix(states[1], stream);
    bool tails = false;
    float *next = out;
    for (const State &state : states) {
      constexpr __mmask16 kUpper = 0xAAAA;
      __m512i ab = _mm512_mask_mov_epi32(state.a, kUpper, _mm512_slli_epi64(state.b, 32));
      __m512i cd = _mm512_mask_mov_epi32(state.c, kUpper, _mm512_slli_epi64(state.d, 32));
      tails |= storeNumbers(tables, _mm512_unpacklo_epi64(ab, cd), next);
      tails |= storeNumbers(tables, _mm512_unpackhi_epi64(ab, cd), next + 2 * kBlockNumbers);
      next += 4 * kBlockNumbers;
    }
    if (tails)
      refineTails(names, stream, i, i + kWide, out);
    out = next;
  }
}

#endif

/// Names of blocks that follow each other.
CIMC_VECTORIZE void name(Names &names, size_t at, uint64_t block, uint32_t sample, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint64_t first = 2 * (block + i);
    names.low[at + i] = static_cast<uint32_t>(first);
    names.high[at + i] = static_cast<uint32_t>(first >> 32);
    names.samples[at + i] = sample;
  }
}

/// Numbers of runs by `draw`, which takes a multiple of kWide blocks at a time.
template <typename Draw>
void drawRuns(std::span<const BlockRun> runs, const Stream &stream, std::span<float> out,
              Draw draw) {
  Names names;
  size_t count = 0;
  float *next = out.data();
  for (const BlockRun &run : runs)
    for (uint32_t done = 0; done < run.count;) {
      auto some = static_cast<uint32_t>(std::min<size_t>(kRun - count, run.count - done));
      name(names, count, run.block + done, run.sample, some);
      done += some;
      count += some;
      if (count == kRun) {
        draw(names, stream, next, count);
        next += count * kBlockNumbers;
        count = 0;
      }
    }
  // Whole groups go where they belong, what is left by way of a buffer.
  size_t whole = count / kWide * kWide;
  draw(names, stream, next, whole);
  if (count == whole)
    return;
  for (uint32_t *numbers : {names.low, names.high, names.samples}) {
    std::copy(numbers + whole, numbers + count, numbers);
    std::fill(numbers + count - whole, numbers + kWide, 0);
  }
  float last[kWide * kBlockNumbers];
  draw(names, stream, last, count - whole);
  std::copy_n(last, (count - whole) * kBlockNumbers, next + whole * kBlockNumbers);
}

} // namespace

float fastNormal(uint16_t bits) { return quantiles()(bits); }

void RandomStream::normals(std::span<const BlockRun> runs, std::span<float> out,
                           uint32_t read) const {
#ifdef CIMC_WIDE
  static const bool wide = __builtin_cpu_supports("avx512f");
  if (wide)
    return drawRuns(runs, {{key[0], key[1]}, read}, out, drawWide);
#endif
  normalsPlainly(runs, out, read);
}

void RandomStream::normalsPlainly(std::span<const BlockRun> runs, std::span<float> out,
                                  uint32_t read) const {
  drawRuns(runs, {{key[0], key[1]}, read}, out, drawPlainly);
}

} // namespace cimc::devices
