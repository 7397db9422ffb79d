//===- ConvertQuads.h - Products with converters at their end ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fast form of a converted read for processors with AVX-512 VNNI; ConvertedRead.cpp has the
// general one.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_CONVERTQUADS_H
#define CIMC_LIB_EXECUTOR_CONVERTQUADS_H

#include "MatrixKernels.h"

namespace cimc::executor {

/// A tile's converters and the weights of its phases, packed in groups of four.
struct QuadConverters {
  const PackedMatrix *first = nullptr;             ///< all weights, or the positive ones
  const PackedMatrix *second = nullptr;            ///< the negative ones, if they are kept apart
  const float *step = nullptr, *inverse = nullptr; ///< by column, readable to a multiple of 16
  float limit = 0;                                 ///< of codes
};

/// For each i below `count`, the converted read of vectors[i] into results[i], or added to it.
/// Where phases keep the signs of inputs apart, as they always do with a `second` matrix,
/// vectors[i] holds the positive parts and negative[i] the magnitudes of the negative parts, both
/// unsigned; `negative` is null if nothing is negative, or signs are not kept apart. Requires:
/// hasQuads(), and what `multiply` requires.
void multiplyConverted(const QuadConverters &converters, const int8_t *const *vectors,
                       const int8_t *const *negative, int32_t *const *results, size_t count,
                       bool accumulate);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_CONVERTQUADS_H
