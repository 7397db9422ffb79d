//===- MatrixUnit.h - 16-bit products on a processor's matrix unit ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The products of PairKernel.h where the processor multiplies whole matrices of bytes (Intel AMX).
// Numbers of 16 bits are two bytes, high and low, whose products are added with their weights. All
// of it is integers, so the bits are those of the other kernels.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_MATRIXUNIT_H
#define CIMC_LIB_EXECUTOR_MATRIXUNIT_H

#include "PairKernel.h"

#include <memory>

namespace cimc::executor {

/// Vectors of a call, and rows that the unit takes at once: vectors have so many bytes or a
/// multiple.
inline constexpr size_t kUnitVectors = 16, kUnitRows = 64;

/// Whether the processor has a matrix unit that this process may use.
bool hasMatrixUnit();

/// A matrix as the unit takes it: for each block of 16 columns and each 64 rows, the high bytes and
/// the low bytes, four rows of a column side by side. Rows that fill up the last 64 are zeros.
class UnitMatrix {
public:
  UnitMatrix() = default;
  explicit UnitMatrix(const PairMatrix &numbers);

  size_t steps() const { return count; } ///< of 64 rows
  const uint8_t *block(size_t number) const { return first + number * count * 2 * kStepBytes; }

  static constexpr size_t kStepBytes = kUnitRows * PairMatrix::kBlock;

private:
  size_t count = 0;
  std::shared_ptr<uint8_t[]> bytes;
  const uint8_t *first = nullptr; ///< at a line of the cache
};

/// 16 vectors and the low and high bytes of their squares, each `pitch` bytes from the next.
struct UnitInputs {
  const uint8_t *vectors = nullptr, *low = nullptr, *high = nullptr;
  size_t pitch = 0;

  UnitInputs from(size_t vector) const {
    size_t at = vector * pitch;
    return {vectors + at, low + at, high + at, pitch};
  }
};

/// Makes the unit ready in this thread, and gives it back. Requires: hasMatrixUnit().
class MatrixUnitUse {
public:
  MatrixUnitUse();
  ~MatrixUnitUse();
  MatrixUnitUse(const MatrixUnitUse &) = delete;
  MatrixUnitUse &operator=(const MatrixUnitUse &) = delete;
};

/// For each vector v and column c of a block: sums[v * 16 + c] = sum over rows of vector v times
/// the block's number, and squareSums likewise of squares unless `squares` is null. Requires: a
/// MatrixUnitUse; numbers of `squares` are not negative; no sum leaves 32 bits.
void multiplyOnUnit(const UnitMatrix &numbers, const UnitMatrix *squares, size_t block,
                    const UnitInputs &inputs, int32_t *sums, int32_t *squareSums);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_MATRIXUNIT_H
