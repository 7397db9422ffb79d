//===- ConversionSteps.h - What all converted reads do ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The steps that modes `converters` and `analog` share: what drives the rows in a conversion, and
// what becomes of the codes.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_CONVERSIONSTEPS_H
#define CIMC_LIB_EXECUTOR_CONVERSIONSTEPS_H

#include <array>
#include <cstddef>
#include <cstdint>

namespace cimc::executor {

/// How the inputs of a conversion come from those of the read.
enum class DriveKind : uint8_t { Same, Positive, Negative, Table };

/// The inputs of a conversion, by those of the read plus 128.
struct Drive {
  DriveKind kind = DriveKind::Same;
  std::array<int8_t, 256> table{};

  Drive() = default;
  explicit Drive(const std::array<int8_t, 256> &table);

  /// Points `driven[i]` to what drives the rows for vectors[i]: the vector itself, or `rows`
  /// numbers in `scratch`, `pitch` bytes from one to the next. Requires: vectors readable, and
  /// scratch memory writable, up to a multiple of 64; what is behind the last row is anything.
  void apply(const int8_t *const *vectors, size_t count, size_t rows, std::byte *scratch,
             size_t pitch, const int8_t **driven) const;
};

/// The bits that occur in the first `rows` numbers of some vectors: 0 if nothing drives a row, bit
/// 7 if something is negative. Requires: vectors readable up to a multiple of 64.
uint8_t bitsOf(const int8_t *const *vectors, size_t count, size_t rows);

/// Both parts of `count` numbers as unsigned numbers: the positive part and the magnitude of the
/// negative one. Requires: as Drive::apply.
void splitSigns(const int8_t *from, int8_t *positive, int8_t *negative, size_t count);

/// Codes to integer units, the last step: by column, what a total counts and what is added, and
/// whether to add to what was there.
struct ResultSteps {
  const float *steps = nullptr, *offsets = nullptr; ///< offsets may be null
  bool accumulate = false;
};

/// The results of `count` vectors of `cols` columns from totals of codes, `pitch` numbers from one
/// vector to the next.
void addResults(const ResultSteps &by, const int32_t *totals, size_t pitch, int32_t *const *results,
                size_t count, size_t cols);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_CONVERSIONSTEPS_H
