//===- AnalogKernel.h - Sums of analog arrays to codes ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inner loops of an analog read around its products: inputs and their squares as the products
// take them, and noise and converters behind them. Whatever the processor, they do the same steps
// in the same order, so that the bits are the same.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_ANALOGKERNEL_H
#define CIMC_LIB_EXECUTOR_ANALOGKERNEL_H

#include "PairKernel.h"

namespace cimc::executor {

/// Sums of a block of 16 columns for some vectors, vector by vector, in their units. The matrix
/// unit gives them in two parts (MatrixUnit.h), of which `high` and `squaresHigh` are null
/// otherwise. Without noise `squares` and `normals` are null.
struct BlockSums {
  const int32_t *low, *squares, *high, *squaresHigh;
  const float *normals; ///< `pitch` numbers from a vector to the next, as in the totals
  size_t count, pitch;
};

/// The converters of a block of columns. The code of a sum s with the sum q of squares and the
/// normal number z is round(clamp(s * gain + root(q) * noise * z, -limit, limit)), where root is
/// the square root over kRootScale with a relative error below 0.07 %. An offset is added before
/// the clamp.
struct BlockConverters {
  const float *gain, *noise; ///< codes per unit, by column
  float limit;
  uint32_t shift;                ///< a code counts 2^shift
  const float *offset = nullptr; ///< codes, by column; null: none, as the matrix unit needs it
};

/// Sums that are to become codes, which go into `totals` if they are the `first`, or are added to
/// what is there.
struct CodeJob {
  BlockSums block;
  BlockConverters converters;
  bool first;
  int32_t *totals;
};
void addAnalogCodes(const CodeJob &job);

// The square root by one step of Newton's method for the inverse root, with constants that make its
// error smallest, 0.065 % (J. Kadlec, 2010): y = y * kRootScale * (kRootEnd - x * y * y) from
// y = float with the bits kRootStart - (bits of x >> 1). Several times as fast as the exact root,
// which takes the unit for divisions. The factor kRootScale goes into BlockConverters::noise.
inline constexpr uint32_t kRootStart = 0x5F1FFFF9;
inline constexpr float kRootScale = 0.703952253f, kRootEnd = 2.38924456f;

/// The `rows` inputs of a vector as numbers of 16 bits, and their squares unless `squares` is null.
/// Requires: the vector is readable up to a multiple of 64; targets have room for as many, and for
/// one more, which is set to 0 beside an odd last row.
void widen(const int8_t *vector, size_t rows, int16_t *numbers, int16_t *squares);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_ANALOGKERNEL_H
