//===- MatrixKernels.cpp - Exact 8-bit matrix products ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// This file is compiled once per instruction set (Highway's foreach_target) and the best one is
// chosen at run time. Weights are widened to 16 bits, and one instruction adds two exact products
// to a 32-bit lane, so a group is two rows. A block of vectors times 16 columns stays in registers
// for all rows. Sums wrap, so their order is free. Where the processor adds four products at once,
// QuadKernel.cpp takes over.
//
//===--------------------------------------------------------------------------===//

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "MatrixKernels.cpp"
// Vectors of unknown length cannot be kept in arrays; NEON serves those machines.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#include "hwy/foreach_target.h" // must come before highway.h
#include "hwy/highway.h"

#include "MatrixKernels.h"

#include <algorithm>
#include <array>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace cimc::executor::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kGroup = 2;

/// Writes or adds the first `count` sums.
[[maybe_unused]] void addSums(const int32_t *sums, int32_t *out, size_t count, bool accumulate) {
  for (size_t i = 0; i < count; ++i)
    out[i] = static_cast<int32_t>((accumulate ? static_cast<uint32_t>(out[i]) : 0u) +
                                  static_cast<uint32_t>(sums[i]));
}

#if HWY_TARGET == HWY_SCALAR

template <size_t R>
void multiplyTile(const int16_t *packed, size_t groups, const int8_t *const *vectors,
                  int32_t *const *results, size_t col, size_t cols, bool accumulate) {
  static_assert(R == 1);
  int32_t sums[kBlockCols] = {};
  for (size_t group = 0; group < groups; ++group, packed += kBlockCols * kGroup)
    for (size_t i = 0; i < kBlockCols; ++i)
      sums[i] +=
          vectors[0][2 * group] * packed[2 * i] + vectors[0][2 * group + 1] * packed[2 * i + 1];
  addSums(sums, results[0] + col, std::min(kBlockCols, cols - col), accumulate);
}

constexpr size_t kMaxRows = 1;

#else

template <size_t R>
void multiplyTile(const int16_t *packed, size_t groups, const int8_t *const *vectors,
                  int32_t *const *results, size_t col, size_t cols, bool accumulate) {
  const hn::CappedTag<int32_t, kBlockCols> d32;
  const hn::Repartition<int16_t, decltype(d32)> d16;
  using V32 = hn::Vec<decltype(d32)>;
  constexpr size_t kLanes = hn::MaxLanes(d32), kParts = kBlockCols / kLanes;
  V32 even[R][kParts], odd[R][kParts];
  for (size_t r = 0; r < R; ++r)
    for (size_t p = 0; p < kParts; ++p)
      even[r][p] = odd[r][p] = hn::Zero(d32);
  for (size_t group = 0; group < groups; ++group) {
    hn::Vec<decltype(d16)> w[kParts];
    for (size_t p = 0; p < kParts; ++p)
      w[p] = hn::Load(d16, packed + (group * kBlockCols + p * kLanes) * kGroup);
    for (size_t r = 0; r < R; ++r) {
      const int8_t *two = vectors[r] + group * kGroup;
      uint32_t pair = static_cast<uint16_t>(two[0]) |
                      static_cast<uint32_t>(static_cast<uint16_t>(two[1])) << 16;
      auto input = hn::BitCast(d16, hn::Set(d32, static_cast<int32_t>(pair)));
      for (size_t p = 0; p < kParts; ++p)
        even[r][p] = hn::ReorderWidenMulAccumulate(d32, input, w[p], even[r][p], odd[r][p]);
    }
  }
  HWY_ALIGN int32_t sums[kBlockCols];
  size_t left = std::min(kBlockCols, cols - col);
  for (size_t r = 0; r < R; ++r) {
    for (size_t p = 0; p < kParts; ++p)
      hn::Store(hn::RearrangeToOddPlusEven(even[r][p], odd[r][p]), d32, sums + p * kLanes);
    addSums(sums, results[r] + col, left, accumulate);
  }
}

constexpr size_t kMaxRows = HWY_MAX_BYTES >= 32 ? 6 : 2;

#endif

using TileFunction = void (*)(const int16_t *, size_t, const int8_t *const *, int32_t *const *,
                              size_t, size_t, bool);

template <size_t... I> constexpr auto tileTable(std::index_sequence<I...>) {
  return std::array<TileFunction, sizeof...(I)>{multiplyTile<I + 1>...};
}
/// multiplyTile<R> at R - 1.
constexpr auto kTiles = tileTable(std::make_index_sequence<kMaxRows>());

void multiplyPairs(const PackedMatrix &matrix, const int8_t *const *vectors,
                   int32_t *const *results, size_t count, bool accumulate) {
  size_t groups = (matrix.rows + kGroup - 1) / kGroup;
  const auto *packed = reinterpret_cast<const int16_t *>(matrix.weights);
  for (size_t col = 0; col < matrix.cols; col += kBlockCols, packed += groups * kBlockCols * kGroup)
    for (size_t i = 0; i < count;) {
      size_t rows = std::min(kMaxRows, count - i);
      kTiles[rows - 1](packed, groups, vectors + i, results + i, col, matrix.cols, accumulate);
      i += rows;
    }
}

/// Columns `col` to `col + N - 1` of one result.
template <class D32>
void diagonalColumns(D32 d32, const Diagonal *diagonals, size_t diagonalCount, size_t col,
                     const int8_t *vector, int32_t *result, bool accumulate) {
  const hn::Rebind<int16_t, D32> d16;
  const hn::Rebind<int8_t, D32> d8;
  auto sum = accumulate ? hn::LoadU(d32, result + col) : hn::Zero(d32);
  for (size_t i = 0; i < diagonalCount; ++i) {
    const Diagonal &diagonal = diagonals[i];
    size_t at = col - diagonal.first;
    auto input = hn::PromoteTo(d16, hn::LoadU(d8, vector + diagonal.offset + at));
    auto weight = hn::PromoteTo(d16, hn::LoadU(d8, diagonal.weights + at));
    sum = hn::Add(sum, hn::PromoteTo(d32, hn::Mul(input, weight)));
  }
  hn::StoreU(sum, d32, result + col);
}

/// Columns from `col` on in vectors of up to `Lanes`, as far as whole vectors go. Returns the first
/// column that is left.
template <size_t Lanes>
size_t diagonalRun(const Diagonal *diagonals, size_t diagonalCount, size_t col, size_t end,
                   const int8_t *vector, int32_t *result, bool accumulate) {
  const hn::CappedTag<int32_t, Lanes> tag;
  for (; col + hn::MaxLanes(tag) <= end; col += hn::MaxLanes(tag))
    diagonalColumns(tag, diagonals, diagonalCount, col, vector, result, accumulate);
  return col;
}

void multiplyDiagonalsAll(const Diagonal *diagonals, size_t diagonalCount, size_t cols,
                          const int8_t *const *vectors, int32_t *const *results, size_t count,
                          bool accumulate) {
  // Columns that every diagonal covers go by vectors, the others one by one over the diagonals that
  // cover them.
  size_t begin = 0, end = cols;
  for (size_t i = 0; i < diagonalCount; ++i) {
    begin = std::max<size_t>(begin, diagonals[i].first);
    end = std::min<size_t>(end, diagonals[i].first + diagonals[i].count);
  }
  end = std::max(begin, end);
  for (size_t i = 0; i < count; ++i) {
    size_t col = begin;
    col = diagonalRun<16>(diagonals, diagonalCount, col, end, vectors[i], results[i], accumulate);
    col = diagonalRun<8>(diagonals, diagonalCount, col, end, vectors[i], results[i], accumulate);
    col = diagonalRun<4>(diagonals, diagonalCount, col, end, vectors[i], results[i], accumulate);
    diagonalRun<1>(diagonals, diagonalCount, col, end, vectors[i], results[i], accumulate);
    for (size_t edge = 0; edge < cols; ++edge) {
      if (edge == begin)
        edge = end;
      if (edge >= cols)
        break;
      uint32_t sum = accumulate ? static_cast<uint32_t>(results[i][edge]) : 0;
      for (size_t k = 0; k < diagonalCount; ++k)
        if (size_t at = edge - diagonals[k].first;
            edge >= diagonals[k].first && at < diagonals[k].count)
          sum += static_cast<uint32_t>(int32_t{vectors[i][diagonals[k].offset + at]} *
                                       diagonals[k].weights[at]);
      results[i][edge] = static_cast<int32_t>(sum);
    }
  }
}

const char *nameOfTarget() { return hwy::TargetName(HWY_TARGET); }

} // namespace cimc::executor::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cimc::executor {
HWY_EXPORT(multiplyPairs);
HWY_EXPORT(multiplyDiagonalsAll);
HWY_EXPORT(nameOfTarget);

namespace {
void multiplyWithPairs(const PackedMatrix &matrix, const int8_t *const *vectors,
                       int32_t *const *results, size_t count, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(multiplyPairs)(matrix, vectors, results, count, accumulate);
}

/// Packs with T as the type of a packed weight and `group` rows side by side.
template <typename T>
void packGroups(PackedMatrix &matrix, const int8_t *weights, size_t pitch, size_t group) {
  constexpr size_t kBlock = 16;
  size_t groups = (matrix.rows + group - 1) / group, blocks = (matrix.cols + kBlock - 1) / kBlock;
  matrix.storage.resize(blocks * groups * kBlock * group * sizeof(T) + 64);
  std::byte *aligned = matrix.storage.data();
  aligned += (64 - reinterpret_cast<uintptr_t>(aligned) % 64) % 64;
  matrix.weights = aligned;
  auto *out = reinterpret_cast<T *>(aligned);
  matrix.start.resize(blocks * kBlock);
  for (size_t row = 0; row < matrix.rows; ++row)
    for (size_t col = 0; col < matrix.cols; ++col) {
      int8_t weight = weights[row * pitch + col];
      size_t place = (col / kBlock) * groups + row / group;
      out[(place * kBlock + col % kBlock) * group + row % group] = weight;
      matrix.start[col] -= 128 * weight;
    }
}

constexpr MatrixKernel kPairs{"pairs", multiplyWithPairs,
                              [](PackedMatrix &matrix, const int8_t *weights, size_t pitch) {
                                packGroups<int16_t>(matrix, weights, pitch, 2);
                              }};
constexpr MatrixKernel kQuads{"AVX-512 VNNI", multiplyQuads,
                              [](PackedMatrix &matrix, const int8_t *weights, size_t pitch) {
                                packGroups<int8_t>(matrix, weights, pitch, 4);
                              }};
} // namespace

std::span<const MatrixKernel *const> matrixKernels() {
  static const std::array<const MatrixKernel *, 2> all{&kQuads, &kPairs};
  static const bool quads = hasQuads();
  return std::span(all).subspan(quads ? 0 : 1);
}

PackedMatrix packMatrix(const int8_t *weights, size_t pitch, size_t rows, size_t cols,
                        const MatrixKernel *kernel) {
  PackedMatrix matrix;
  matrix.rows = rows;
  matrix.cols = cols;
  matrix.kernel = kernel ? kernel : matrixKernels().front();
  matrix.kernel->pack(matrix, weights, pitch);
  return matrix;
}

void multiply(const PackedMatrix &matrix, const int8_t *const *vectors, int32_t *const *results,
              size_t count, bool accumulate) {
  matrix.kernel->multiply(matrix, vectors, results, count, accumulate);
}

void multiplyDiagonals(const Diagonal *diagonals, size_t diagonalCount, size_t cols,
                       const int8_t *const *vectors, int32_t *const *results, size_t count,
                       bool accumulate) {
  HWY_DYNAMIC_DISPATCH(multiplyDiagonalsAll)
  (diagonals, diagonalCount, cols, vectors, results, count, accumulate);
}

std::string kernelName() {
  return std::string(matrixKernels().front()->name) + " (" + HWY_DYNAMIC_DISPATCH(nameOfTarget)() +
         ")";
}
} // namespace cimc::executor
#endif // HWY_ONCE
