//===- PairKernel.h - 16-bit matrix products -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The product of some vectors of 16-bit numbers with a matrix of such numbers, in 32-bit integers:
// what a read of an analog array takes, where conductances are integers of a fine step. Sums are
// exact, so that the order of additions does not matter and all processors give the same bits.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_PAIRKERNEL_H
#define CIMC_LIB_EXECUTOR_PAIRKERNEL_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cimc::executor {

/// Blocks of 16 columns; in a block pairs of rows; in a pair, the two rows of each column side by
/// side. An odd last row has zeros beside it.
struct PairMatrix {
  static constexpr size_t kBlock = 16; ///< columns of a block
  size_t rows = 0, cols = 0;
  std::vector<int16_t> numbers;

  PairMatrix() = default;
  PairMatrix(size_t rows, size_t cols);
  size_t pairs() const { return (rows + 1) / 2; }
  int16_t &at(size_t row, size_t col) { return numbers[placeOf(row, col)]; }
  int16_t at(size_t row, size_t col) const { return numbers[placeOf(row, col)]; }
  size_t placeOf(size_t row, size_t col) const;
  const int16_t *block(size_t number) const {
    return numbers.data() + number * pairs() * 2 * kBlock;
  }
};

/// The most vectors and the most blocks of columns of a call: what registers have room for.
inline constexpr size_t kPairVectors = 4, kPairBlocks = 2;

/// One or two blocks of columns to multiply with: of one matrix or of two with as many rows.
/// `squares` are those that squares are multiplied with; null if they are not wanted.
struct PairBlocks {
  size_t count = 0, pairs = 0;
  const int16_t *numbers[kPairBlocks] = {}, *squares[kPairBlocks] = {};
};

/// For each block b, vector v and column c: sums[(b * kPairVectors + v) * 16 + c] = sum over rows
/// of vectors[v][row] * the block's number, and squareSums likewise of squares[v][row]. Requires:
/// count
/// <= kPairVectors; a vector has an even number of elements, an odd last row a zero behind it; no
/// sum leaves 32 bits.
void multiplyPairs(const PairBlocks &blocks, const int16_t *const *vectors,
                   const int16_t *const *squares, size_t count, int32_t *sums, int32_t *squareSums);

/// The same on any processor.
void multiplyPairsPlainly(const PairBlocks &blocks, const int16_t *const *vectors,
                          const int16_t *const *squares, size_t count, int32_t *sums,
                          int32_t *squareSums);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_PAIRKERNEL_H
