//===- ConvertQuads.cpp - Products and converters with AVX-512 VNNI ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The products of QuadKernel.cpp with the converters at their end: the sums of all phases of a
// block of columns stay in registers, become codes there, and only the result is stored. Where
// phases keep the signs of inputs apart, each vector comes in two parts, its positive part and the
// magnitude of its negative part, both unsigned, so that sums need no start value.
//
// The bits are those of ConvertedRead.cpp's own loops; a test compares them.
//
//===--------------------------------------------------------------------------===//

#include "ConvertQuads.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "Quads.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <immintrin.h>
#include <utility>

// GCC 12 finds fault with its own header's way of saying that a register does not matter.
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace cimc::executor {
namespace {

/// Where the panel that is worked on stands: two blocks of weights, which are two blocks of columns
/// or, if weights are kept apart, the two parts of one.
struct Panel {
  const std::byte *weights[2];
  const int32_t *start[2];
  size_t groups = 0, col = 0, cols = 0;
};

CIMC_QUADS inline __m512i toCodes(__m512i sums, __m512 inverse, __m512 limit) {
  __m512 code = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), inverse);
  code = _mm512_max_ps(code, _mm512_sub_ps(_mm512_setzero_ps(), limit));
  return _mm512_cvtps_epi32(_mm512_min_ps(code, limit));
}

/// Totals of codes to integer units, stored or added at `out`.
CIMC_QUADS inline void store(__m512i totals, __m512 step, int32_t *out, __mmask16 mask,
                             bool accumulate) {
  __m512 units = _mm512_mul_ps(_mm512_cvtepi32_ps(totals), step);
  units = _mm512_max_ps(units, _mm512_set1_ps(-2147483648.0f));
  units = _mm512_min_ps(units, _mm512_set1_ps(2147483520.0f));
  __mmask16 whole = _mm512_cmp_ps_mask(step, _mm512_set1_ps(1.0f), _CMP_EQ_OQ);
  __m512i result = _mm512_mask_mov_epi32(_mm512_cvtps_epi32(units), whole, totals);
  if (accumulate)
    result = _mm512_add_epi32(result, _mm512_maskz_loadu_epi32(mask, out));
  _mm512_mask_storeu_epi32(out, mask, result);
}

/// R vectors times a panel. S: parts of the inputs; Apart: weights are kept apart.
template <size_t R, size_t S, bool Apart>
CIMC_QUADS void multiplyPanel(const QuadConverters &converters, const Panel &panel,
                              const int8_t *const *vectors, const int8_t *const *negative,
                              int32_t *const *results, bool accumulate) {
  __m512i sums[R][S][2];
  for (size_t v = 0; v < 2; ++v) {
    __m512i initial = S == 1 ? _mm512_loadu_si512(panel.start[v]) : _mm512_setzero_si512();
    for (size_t r = 0; r < R; ++r)
      for (size_t s = 0; s < S; ++s)
        sums[r][s][v] = initial;
  }
  for (size_t group = 0; group < panel.groups; ++group) {
    __m512i w[2];
    for (size_t v = 0; v < 2; ++v)
      w[v] = _mm512_load_si512(panel.weights[v] + group * kGroupBytes);
    for (size_t r = 0; r < R; ++r) {
      for (size_t s = 0; s < S; ++s) {
        int32_t four;
        std::memcpy(&four, (s == 0 ? vectors : negative)[r] + group * kGroup, sizeof(four));
        __m512i input = _mm512_set1_epi32(four);
        if constexpr (S == 1)
          input = _mm512_xor_si512(input, _mm512_set1_epi32(static_cast<int32_t>(0x80808080u)));
        for (size_t v = 0; v < 2; ++v)
          sums[r][s][v] = _mm512_dpbusd_epi32(sums[r][s][v], input, w[v]);
      }
    }
  }
  __m512 limit = _mm512_set1_ps(converters.limit);
  constexpr size_t kBlocks = Apart ? 1 : 2;
  for (size_t b = 0; b < kBlocks; ++b) {
    size_t col = panel.col + b * kBlockCols;
    if (col >= panel.cols)
      break;
    auto mask = static_cast<__mmask16>((1u << std::min(kBlockCols, panel.cols - col)) - 1);
    __m512 step = _mm512_loadu_ps(converters.step + col);
    __m512 inverse = _mm512_loadu_ps(converters.inverse + col);
    for (size_t r = 0; r < R; ++r) {
      __m512i total = _mm512_setzero_si512();
      for (size_t s = 0; s < S; ++s)
        for (size_t v = Apart ? 0 : b; v < (Apart ? 2 : b + 1); ++v) {
          __m512i code = toCodes(sums[r][s][v], inverse, limit);
          // The second part of the inputs is negative, and was driven as a magnitude.
          total = s == 0 ? _mm512_add_epi32(total, code) : _mm512_sub_epi32(total, code);
        }
      store(total, step, results[r] + col, mask, accumulate);
    }
  }
}

using PanelFunction = void (*)(const QuadConverters &, const Panel &, const int8_t *const *,
                               const int8_t *const *, int32_t *const *, bool);

/// multiplyPanel<R, S, Apart> at R - 1. More vectors would not leave registers.
template <size_t S, bool Apart, size_t... I> constexpr auto panelTable(std::index_sequence<I...>) {
  return std::array<PanelFunction, sizeof...(I)>{multiplyPanel<I + 1, S, Apart>...};
}
constexpr auto kTogether = panelTable<1, false>(std::make_index_sequence<8>());
constexpr auto kInputsApart = panelTable<2, false>(std::make_index_sequence<4>());
constexpr auto kAllApart = panelTable<2, true>(std::make_index_sequence<4>());
constexpr auto kWeightsApart = panelTable<1, true>(std::make_index_sequence<8>());

template <size_t N>
void multiplyAll(const std::array<PanelFunction, N> &functions, const QuadConverters &converters,
                 const int8_t *const *vectors, const int8_t *const *negative,
                 int32_t *const *results, size_t count, bool accumulate) {
  const PackedMatrix &first = *converters.first;
  bool apart = converters.second != nullptr;
  size_t blocks = (first.cols + kBlockCols - 1) / kBlockCols;
  Panel panel;
  panel.groups = (first.rows + kGroup - 1) / kGroup;
  panel.cols = first.cols;
  for (size_t block = 0; block < blocks; block += apart ? 1 : 2) {
    // A last block that has no neighbour is computed twice and stored once.
    size_t other = apart ? block : std::min(block + 1, blocks - 1);
    const PackedMatrix &second = apart ? *converters.second : first;
    panel.col = block * kBlockCols;
    panel.weights[0] = first.weights + block * panel.groups * kGroupBytes;
    panel.weights[1] = second.weights + other * panel.groups * kGroupBytes;
    panel.start[0] = first.start.data() + block * kBlockCols;
    panel.start[1] = second.start.data() + other * kBlockCols;
    for (size_t i = 0; i < count;) {
      size_t rows = std::min(N, count - i);
      functions[rows - 1](converters, panel, vectors + i, negative ? negative + i : nullptr,
                          results + i, accumulate);
      i += rows;
    }
  }
}
} // namespace

void multiplyConverted(const QuadConverters &converters, const int8_t *const *vectors,
                       const int8_t *const *negative, int32_t *const *results, size_t count,
                       bool accumulate) {
  if (converters.second && !negative)
    multiplyAll(kWeightsApart, converters, vectors, negative, results, count, accumulate);
  else if (converters.second)
    multiplyAll(kAllApart, converters, vectors, negative, results, count, accumulate);
  else if (negative)
    multiplyAll(kInputsApart, converters, vectors, negative, results, count, accumulate);
  else
    multiplyAll(kTogether, converters, vectors, negative, results, count, accumulate);
}
} // namespace cimc::executor

#else

namespace cimc::executor {
void multiplyConverted(const QuadConverters &, const int8_t *const *, const int8_t *const *,
                       int32_t *const *, size_t, bool) {}
} // namespace cimc::executor

#endif
