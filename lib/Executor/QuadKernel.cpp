//===- QuadKernel.cpp - 8-bit products with AVX-512 VNNI -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One instruction adds four products of an unsigned and a signed byte to a 32-bit lane, without
// saturation. Inputs become unsigned by adding 128 (one exclusive or), and each sum starts with
// -128 times the column's sum of weights, which makes up for it. A group is four rows; a block of
// vectors times a panel of up to 32 columns stays in registers.
//
// The functions carry their target themselves: only they may use these instructions, whatever the
// file is compiled for.
//
//===--------------------------------------------------------------------------===//

#include "MatrixKernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "Quads.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <immintrin.h>
#include <utility>

namespace cimc::executor {
namespace {

/// R vectors times V blocks of columns.
template <size_t R, size_t V>
CIMC_QUADS void multiplyTile(const std::byte *weights, const int32_t *start, size_t groups,
                             const int8_t *const *vectors, int32_t *const *results, size_t col,
                             size_t cols, bool accumulate) {
  __m512i sums[R][V];
  for (size_t v = 0; v < V; ++v) {
    __m512i initial = _mm512_loadu_si512(start + v * kBlockCols);
    for (size_t r = 0; r < R; ++r)
      sums[r][v] = initial;
  }
  const __m512i flip = _mm512_set1_epi32(static_cast<int32_t>(0x80808080u));
  for (size_t group = 0; group < groups; ++group) {
    __m512i w[V];
    for (size_t v = 0; v < V; ++v)
      w[v] = _mm512_load_si512(weights + (v * groups + group) * kGroupBytes);
    for (size_t r = 0; r < R; ++r) {
      int32_t four;
      std::memcpy(&four, vectors[r] + group * kGroup, sizeof(four));
      __m512i input = _mm512_xor_si512(_mm512_set1_epi32(four), flip);
      for (size_t v = 0; v < V; ++v)
        sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], input, w[v]);
    }
  }
  for (size_t v = 0; v < V; ++v) {
    size_t left = std::min(kBlockCols, cols - col - v * kBlockCols);
    auto mask = static_cast<__mmask16>((1u << left) - 1);
    for (size_t r = 0; r < R; ++r) {
      int32_t *out = results[r] + col + v * kBlockCols;
      __m512i sum = sums[r][v];
      if (accumulate)
        sum = _mm512_add_epi32(sum, _mm512_maskz_loadu_epi32(mask, out));
      _mm512_mask_storeu_epi32(out, mask, sum);
    }
  }
}

constexpr size_t kMaxPanel = 2; ///< blocks of columns
constexpr size_t kMaxRows = 8;  ///< vectors; more would not leave registers for their addresses

using TileFunction = void (*)(const std::byte *, const int32_t *, size_t, const int8_t *const *,
                              int32_t *const *, size_t, size_t, bool);

template <size_t... I> constexpr auto tileTable(std::index_sequence<I...>) {
  return std::array<TileFunction, sizeof...(I)>{
      multiplyTile<I % kMaxRows + 1, I / kMaxRows + 1>...};
}
/// multiplyTile<R, V> at (V - 1) * kMaxRows + R - 1.
constexpr auto kTiles = tileTable(std::make_index_sequence<kMaxRows * kMaxPanel>());
} // namespace

bool hasQuads() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

void multiplyQuads(const PackedMatrix &matrix, const int8_t *const *vectors,
                   int32_t *const *results, size_t count, bool accumulate) {
  size_t groups = (matrix.rows + kGroup - 1) / kGroup;
  size_t blocks = (matrix.cols + kBlockCols - 1) / kBlockCols;
  for (size_t block = 0; block < blocks;) {
    size_t panel = std::min(kMaxPanel, blocks - block);
    const std::byte *weights = matrix.weights + block * groups * kGroupBytes;
    const int32_t *start = matrix.start.data() + block * kBlockCols;
    for (size_t i = 0; i < count;) {
      size_t rows = std::min(kMaxRows, count - i);
      kTiles[(panel - 1) * kMaxRows + rows - 1](weights, start, groups, vectors + i, results + i,
                                                block * kBlockCols, matrix.cols, accumulate);
      i += rows;
    }
    block += panel;
  }
}
} // namespace cimc::executor

#else

namespace cimc::executor {
bool hasQuads() { return false; }
void multiplyQuads(const PackedMatrix &, const int8_t *const *, int32_t *const *, size_t, bool) {}
} // namespace cimc::executor

#endif
