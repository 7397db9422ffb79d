//===- MatrixUnit.h - 16-bit products on a processor's matrix unit ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The products of PairKernel.h where the processor multiplies whole matrices of bytes (Intel AMX).
// Numbers of 16 bits are two bytes, high and low, whose products are summed apart. All of it is
// integers, so the bits are those of the other kernels.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_MATRIXUNIT_H
#define CIMC_LIB_EXECUTOR_MATRIXUNIT_H

#include "AnalogKernel.h"
#include "PairKernel.h"

#include <memory>

namespace cimc::executor {

/// The most vectors of a call, those of a register, and rows that the unit takes at once: vectors
/// have so many bytes or a multiple.
inline constexpr size_t kUnitVectors = 32, kTileVectors = 16, kUnitRows = 64;

/// Whether the processor has a matrix unit that this process may use.
bool hasMatrixUnit();

/// A matrix as the unit takes it: for each block of 16 columns and each 64 rows, the high bytes (if
/// there are two) and the low bytes, four rows of a column side by side. Rows that fill up the last
/// 64 are zeros.
class UnitMatrix {
public:
  UnitMatrix() = default;
  /// `bytes`: of a number, 1 or 2. Requires: numbers in [0, 255] if it is 1.
  UnitMatrix(const PairMatrix &numbers, size_t bytes);

  size_t steps() const { return count; } ///< of 64 rows
  const uint8_t *block(size_t number) const { return first + number * blockBytes; }

  static constexpr size_t kStepBytes = kUnitRows * PairMatrix::kBlock;

private:
  size_t count = 0, blockBytes = 0;
  std::shared_ptr<uint8_t[]> storage;
  const uint8_t *first = nullptr; ///< at a line of the cache
};

/// Vectors and the low and high bytes of their squares, each `pitch` bytes from the next. Those
/// that fill up the last 16 are anything.
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

/// Sums of a block for some vectors, vector by vector: 256 * high + low, modulo 2^32.
struct alignas(64) UnitSums {
  static constexpr size_t kCount = kUnitVectors * PairMatrix::kBlock;
  int32_t high[kCount], low[kCount], squaresHigh[kCount], squaresLow[kCount];
};

/// For each vector v below `count` and column c of a block: number v * 16 + c of `sums` = sum over
/// rows of vector v times the block's number, and likewise of squares unless `squares` is null. If
/// `job` is given, it is done meanwhile, in the bits of addAnalogCodes: vector instructions go on
/// beside the unit's. Requires: a MatrixUnitUse; `numbers` has two bytes each, `squares` one; no
/// sum leaves 32 bits; the job's sums are in two parts, and not `sums`.
void multiplyOnUnit(const UnitMatrix &numbers, const UnitMatrix *squares, size_t block,
                    const UnitInputs &inputs, size_t count, UnitSums &sums,
                    const CodeJob *job = nullptr);

/// Where vectors go in the form that the unit takes, `pitch` bytes from one to the next, and the
/// low and high bytes of their squares unless `low` is null.
struct UnitTarget {
  uint8_t *vectors, *low, *high;
  size_t pitch;
};

/// Brings the `rows` inputs of vectors into that form. What is behind the last row is anything.
/// Returns the bits that occur in them, as bitsOf does. Requires: hasMatrixUnit(); vectors readable
/// up to a multiple of kUnitRows, which the pitch is, too.
uint8_t splitAll(const int8_t *const *vectors, size_t count, size_t rows, const UnitTarget &target);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_MATRIXUNIT_H
