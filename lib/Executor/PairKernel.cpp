//===- PairKernel.cpp - 16-bit matrix products -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With AVX-512 VNNI one instruction adds two products to each of 16 lanes. The functions carry
// their target themselves, as those of QuadKernel.cpp; elsewhere plain loops do.
//
//===--------------------------------------------------------------------------===//

#include "PairKernel.h"

#include "MatrixKernels.h"

#include "cimc/Support/Vectorize.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#if defined(__x86_64__) && defined(__GNUC__)
#include "Quads.h"

#include <immintrin.h>
#endif

namespace cimc::executor {

PairMatrix::PairMatrix(size_t rows, size_t cols)
    : rows(rows), cols(cols), numbers((cols + kBlock - 1) / kBlock * pairs() * 2 * kBlock) {}

size_t PairMatrix::placeOf(size_t row, size_t col) const {
  size_t block = col / kBlock, lane = col % kBlock;
  return ((block * pairs() + row / 2) * kBlock + lane) * 2 + row % 2;
}

namespace {

CIMC_VECTORIZE void addPair(const int16_t *weights, int32_t even, int32_t odd, int32_t *sums) {
  for (size_t c = 0; c < PairMatrix::kBlock; ++c)
    sums[c] += even * weights[2 * c] + odd * weights[2 * c + 1];
}

void multiplyPlainly(const int16_t *block, size_t pairs, const int16_t *const *vectors,
                     size_t count, int32_t *sums) {
  std::fill_n(sums, count * PairMatrix::kBlock, 0);
  for (size_t v = 0; v < count; ++v)
    for (size_t pair = 0; pair < pairs; ++pair)
      addPair(block + pair * 2 * PairMatrix::kBlock, vectors[v][2 * pair], vectors[v][2 * pair + 1],
              sums + v * PairMatrix::kBlock);
}

#if defined(__x86_64__) && defined(__GNUC__)

CIMC_QUADS inline __m512i pairOf(const int16_t *vector, size_t pair) {
  int32_t two;
  std::memcpy(&two, vector + 2 * pair, sizeof(two));
  return _mm512_set1_epi32(two);
}

/// R vectors times B blocks, and if Squares their squares times others.
template <size_t R, size_t B, bool Squares>
CIMC_QUADS void multiplyBlocks(const PairBlocks &blocks, const int16_t *const *vectors,
                               const int16_t *const *squares, int32_t *sums, int32_t *squareSums) {
  __m512i first[B][R], second[B][R];
  const int16_t *x[R], *y[R], *w[B], *v[B];
  for (size_t r = 0; r < R; ++r) {
    x[r] = vectors[r];
    y[r] = Squares ? squares[r] : nullptr;
    for (size_t b = 0; b < B; ++b)
      first[b][r] = second[b][r] = _mm512_setzero_si512();
  }
  for (size_t b = 0; b < B; ++b) {
    w[b] = blocks.numbers[b];
    v[b] = blocks.squares[b];
  }
  for (size_t pair = 0; pair < blocks.pairs; ++pair) {
    size_t at = pair * 2 * PairMatrix::kBlock;
    __m512i numbers[B];
    for (size_t b = 0; b < B; ++b)
      numbers[b] = _mm512_loadu_si512(w[b] + at);
    for (size_t r = 0; r < R; ++r) {
      __m512i input = pairOf(x[r], pair);
      for (size_t b = 0; b < B; ++b)
        first[b][r] = _mm512_dpwssd_epi32(first[b][r], input, numbers[b]);
    }
    if constexpr (Squares) {
      for (size_t b = 0; b < B; ++b)
        numbers[b] = _mm512_loadu_si512(v[b] + at);
      for (size_t r = 0; r < R; ++r) {
        __m512i input = pairOf(y[r], pair);
        for (size_t b = 0; b < B; ++b)
          second[b][r] = _mm512_dpwssd_epi32(second[b][r], input, numbers[b]);
      }
    }
  }
  for (size_t b = 0; b < B; ++b)
    for (size_t r = 0; r < R; ++r) {
      size_t to = (b * kPairVectors + r) * PairMatrix::kBlock;
      _mm512_storeu_si512(sums + to, first[b][r]);
      if constexpr (Squares)
        _mm512_storeu_si512(squareSums + to, second[b][r]);
    }
}

using BlocksFunction = void (*)(const PairBlocks &, const int16_t *const *, const int16_t *const *,
                                int32_t *, int32_t *);

template <size_t B, bool Squares, size_t... I>
constexpr auto blocksTable(std::index_sequence<I...>) {
  return std::array<BlocksFunction, sizeof...(I)>{multiplyBlocks<I + 1, B, Squares>...};
}
/// multiplyBlocks<R, B, Squares> at [Squares][B - 1][R - 1].
constexpr std::array<BlocksFunction, kPairVectors> kBlocks[2][kPairBlocks] = {
    {blocksTable<1, false>(std::make_index_sequence<kPairVectors>()),
     blocksTable<2, false>(std::make_index_sequence<kPairVectors>())},
    {blocksTable<1, true>(std::make_index_sequence<kPairVectors>()),
     blocksTable<2, true>(std::make_index_sequence<kPairVectors>())}};

#endif

} // namespace

void multiplyPairsPlainly(const PairBlocks &blocks, const int16_t *const *vectors,
                          const int16_t *const *squares, size_t count, int32_t *sums,
                          int32_t *squareSums) {
  for (size_t b = 0; b < blocks.count; ++b) {
    size_t to = b * kPairVectors * PairMatrix::kBlock;
    multiplyPlainly(blocks.numbers[b], blocks.pairs, vectors, count, sums + to);
    if (blocks.squares[0])
      multiplyPlainly(blocks.squares[b], blocks.pairs, squares, count, squareSums + to);
  }
}

void multiplyPairs(const PairBlocks &blocks, const int16_t *const *vectors,
                   const int16_t *const *squares, size_t count, int32_t *sums,
                   int32_t *squareSums) {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool fast = hasQuads();
  if (fast)
    return kBlocks[blocks.squares[0] != nullptr][blocks.count - 1][count - 1](
        blocks, vectors, squares, sums, squareSums);
#endif
  multiplyPairsPlainly(blocks, vectors, squares, count, sums, squareSums);
}

} // namespace cimc::executor
