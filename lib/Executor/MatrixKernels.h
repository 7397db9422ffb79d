//===- MatrixKernels.h - Exact 8-bit matrix products -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The product of many 8-bit vectors with one 8-bit matrix, in 32-bit integers that wrap. The result
// is exact on every processor: nothing saturates in between. The matrix is packed once, when a
// program is loaded, for the vector instructions that the processor has.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_MATRIXKERNELS_H
#define CIMC_LIB_EXECUTOR_MATRIXKERNELS_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cimc::executor {

/// The most vectors that one call of multiply takes.
inline constexpr size_t kMaxVectors = 64;

/// A vector may be read up to a multiple of this many elements; what stands there does not matter.
inline constexpr size_t kVectorPadding = 4;

/// Columns of a block of packed weights.
inline constexpr size_t kBlockCols = 16;

struct PackedMatrix;

/// One implementation of the product, with its own order of the packed weights.
struct MatrixKernel {
  const char *name;
  void (*multiply)(const PackedMatrix &matrix, const int8_t *const *vectors,
                   int32_t *const *results, size_t count, bool accumulate);
  void (*pack)(PackedMatrix &matrix, const int8_t *weights, size_t pitch);
};

/// A matrix in the order in which its kernel reads it: blocks of 16 columns; in a block, groups of
/// rows; in a group, the rows of a column side by side.
struct PackedMatrix {
  size_t rows = 0, cols = 0;
  const MatrixKernel *kernel = nullptr;
  std::vector<std::byte> storage;
  const std::byte *weights = nullptr; ///< in `storage`, aligned to 64 bytes
  std::vector<int32_t> start;         ///< -128 times each column's sum; a multiple of 16 entries

  PackedMatrix() = default;
  PackedMatrix(PackedMatrix &&) = default;
  PackedMatrix &operator=(PackedMatrix &&) = default;
};

/// The kernels that this processor can run, the fastest first.
std::span<const MatrixKernel *const> matrixKernels();

/// Packs `rows x cols` weights whose rows are `pitch` bytes apart, for the fastest kernel unless
/// one is named.
PackedMatrix packMatrix(const int8_t *weights, size_t pitch, size_t rows, size_t cols,
                        const MatrixKernel *kernel = nullptr);

/// For each i below `count`: result[i][c] = (accumulate ? result[i][c] : 0) + sum over k of
/// vectors[i][k] * matrix[k][c]. Requires: count <= kMaxVectors; each vector readable up to a
/// multiple of kVectorPadding elements.
void multiply(const PackedMatrix &matrix, const int8_t *const *vectors, int32_t *const *results,
              size_t count, bool accumulate);

/// One diagonal of a block-diagonal matrix: result[first + i] += vector[offset + i] * weights[i].
struct Diagonal {
  uint32_t first = 0, offset = 0, count = 0;
  const int8_t *weights = nullptr;
};

/// The product with a matrix that consists of diagonals. Results have `cols` elements.
void multiplyDiagonals(const Diagonal *diagonals, size_t diagonalCount, size_t cols,
                       const int8_t *const *vectors, int32_t *const *results, size_t count,
                       bool accumulate);

/// The kernels in use, for reports: "AVX-512 VNNI (AVX3)", "pairs (NEON)" and so on.
std::string kernelName();

/// QuadKernel.cpp: whether the processor has its instructions, and the product with weights in
/// groups of four.
bool hasQuads();
void multiplyQuads(const PackedMatrix &matrix, const int8_t *const *vectors,
                   int32_t *const *results, size_t count, bool accumulate);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_MATRIXKERNELS_H
