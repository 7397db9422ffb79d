//===- Half.h - Numbers in half precision ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// IEEE binary16 as a number that is stored but not computed with: it comes from binary32, rounded
// to nearest, ties to even, and goes back exactly. Both ways are a few integer instructions without
// branches on every machine, so loops over them go by vectors and no processor extension decides
// about a bit.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_SUPPORT_HALF_H
#define CIMC_SUPPORT_HALF_H

#include <bit>
#include <cstdint>

namespace cimc {

/// The largest finite number, and the smallest above 0.
inline constexpr float kLargestHalf = 65504.0f, kSmallestHalf = 0x1p-24f;

/// The bits of the half that is nearest to `value`. From 65520 on that is infinity; NaN stays NaN
/// of the same sign, with no other bit than that of a quiet one.
constexpr uint16_t halfBits(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value), sign = bits & 0x80000000u, size = bits ^ sign;
  // Normal: half an ulp less one, and one more if the last bit that stays is odd, carries into that
  // bit where it must be rounded up. The exponent's bias changes from 127 to 15 on the way.
  uint32_t normal = (size + 0xc8000fffu + ((size >> 13) & 1)) >> 13;
  // Below 2^-14 the step is 2^-24, which is that of a float between 0.5 and 1.
  uint32_t small = std::bit_cast<uint32_t>(std::bit_cast<float>(size) + 0.5f) - 0x3f000000u;
  uint32_t special = size > 0x7f800000u ? 0x7e00u : 0x7c00u;
  uint32_t result = size >= 0x47800000u ? special : size < 0x38800000u ? small : normal;
  return static_cast<uint16_t>(result | sign >> 16);
}

/// The number that the bits of a half mean.
constexpr float halfValue(uint16_t half) {
  uint32_t sign = (half & 0x8000u) << 16, size = half & 0x7fffu, shifted = size << 13;
  uint32_t normal = shifted + (112u << 23);
  uint32_t special = shifted + (224u << 23);
  // The bits of a subnormal count steps of 2^-24.
  uint32_t small = std::bit_cast<uint32_t>(std::bit_cast<float>(shifted | 113u << 23) - 0x1p-14f);
  uint32_t result = size >= 0x7c00u ? special : size < 0x0400u ? small : normal;
  return std::bit_cast<float>(result | sign);
}

/// A half in memory. It converts by itself wherever a float is needed, and only on demand back.
struct Half {
  uint16_t bits = 0;

  Half() = default;
  constexpr explicit Half(float value) : bits(halfBits(value)) {}
  constexpr operator float() const { return halfValue(bits); }
};
static_assert(sizeof(Half) == 2);

} // namespace cimc

#endif // CIMC_SUPPORT_HALF_H
