//===- Converters.h - How a read of an array becomes numbers ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A read drives the rows of an array once or several times and converts the sum of every column
// each time: the phases of a read keep the signs of inputs and weights apart, and bit-serial inputs
// go in bit by bit. docs/numerics.md has the formulas; this is the list of conversions that they
// need, from the target alone.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_CONVERTERS_H
#define CIMC_TARGET_CONVERTERS_H

#include "cimc/Target/Target.h"

#include <array>
#include <cstdint>
#include <vector>

namespace cimc::target {

/// Which weights take part in a conversion, by their sign.
enum class WeightPart : uint8_t { All, Positive, Negative };

/// One time that the columns are summed and converted. The read's result is the sum of all codes,
/// each times 2^shift, times the column's step.
struct Conversion {
  std::array<int8_t, 256> drive; ///< what an input x puts on its row, at x + 128
  WeightPart weights = WeightPart::All;
  uint32_t shift = 0;
};

/// The conversions of one read. The drives of all conversions, times 2^shift and added, are the
/// input, rounded to what the input converter has. A read in two passes, for a value that the input
/// coding lacks, has no more of them: sums build up over both passes before they are converted.
std::vector<Conversion> conversionsOf(const Array &array);

/// Codes of an output converter go from -limit to limit.
int32_t codeLimit(const Array &array);

/// The largest magnitude that a column's sum can have in any of `conversions`, in integer units.
/// `positive` and `negative` are the sums of the magnitudes of the column's weights of either sign.
int64_t columnBound(const std::vector<Conversion> &conversions, int64_t positive, int64_t negative);

/// The bounds of all columns of `rows x cols` weights whose rows are `pitch` bytes apart.
std::vector<int64_t> columnBounds(const Array &array, const int8_t *weights, uint64_t rows,
                                  uint64_t cols, uint64_t pitch);

/// The smallest step, in integer units, at which sums up to `bound` are not clipped; at least 1,
/// since sums are integers.
float stepFor(const Array &array, double bound);

} // namespace cimc::target

#endif // CIMC_TARGET_CONVERTERS_H
