//===- Slices.h - Weights of more bits than a cell holds --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A weight of more bits than a cell is cut at its two's complement: `W = sum over k of 2^(bits * k)
// * W_k`. The slices below the last are unsigned, [0, 2^bits - 1], and the last is signed and holds
// the bits that are left. All of them have 2^bits levels at most, and ceil(bits of the weight /
// bits) slices always suffice. Signed digits in all slices would make smaller sums, but two of 4
// bits end at 7 * 16 + 7 = 119, so that 127 would take a third, and 1-bit cells could hold no
// positive weight. An offset that makes the lower slices signed would cost a sum of the inputs in
// every read.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_SLICES_H
#define CIMC_TARGET_SLICES_H

#include <cstdint>
#include <span>

namespace cimc::target {

/// Bits of the narrowest two's complement that holds all `values`, at least 1.
int64_t bitsOf(std::span<const int8_t> values);

/// How many cells of `cellBits` bits a weight of `weightBits` takes; 0 bits a cell: one.
int64_t slicesFor(int64_t weightBits, int64_t cellBits);

/// Slice `slice` of `slices` of `bits` bits each. Requires: 0 <= slice < slices, and that `value`
/// has at most slices * bits bits.
int8_t sliceOf(int8_t value, int64_t slice, int64_t slices, int64_t bits);

/// Whether cells of `cellBits` bits can hold `values` together: all signed, or all unsigned.
bool fitCells(int8_t smallest, int8_t largest, int64_t cellBits);

} // namespace cimc::target

#endif // CIMC_TARGET_SLICES_H
