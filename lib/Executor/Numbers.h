//===- Numbers.h - Rounding, saturation, minimum and maximum ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scalar steps of docs/numerics.md that C++ does not define as they are needed. All of them
// compile to a few instructions without branches, so loops over them go by vectors.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_NUMBERS_H
#define CIMC_LIB_EXECUTOR_NUMBERS_H

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>

namespace cimc::executor {

/// The last steps of a quantisation: clamp(round_half_even(f) + zeroPoint, lo, hi), and the zero
/// point itself (clamped) for NaN.
///
/// Rounding is monotone and leaves integers as they are, so clamping to [lo - zeroPoint, hi -
/// zeroPoint] may come first. The value is then small, and adding and subtracting 1.5 * 2^23 rounds
/// it to an integer, half to even.
struct Rounder {
  float low, high, nan;
  int32_t zeroPoint;

  /// Requires: all three are 8-bit integers, lo <= hi.
  Rounder(int32_t zeroPoint, int32_t lo, int32_t hi)
      : low(static_cast<float>(lo - zeroPoint)), high(static_cast<float>(hi - zeroPoint)),
        nan(static_cast<float>(lo > zeroPoint   ? lo - zeroPoint
                               : hi < zeroPoint ? hi - zeroPoint
                                                : 0)),
        zeroPoint(zeroPoint) {}

  int8_t operator()(float f) const {
    constexpr float kShift = 12582912.0f;
    float clamped = f == f ? f : nan;
    clamped = clamped < low ? low : clamped;
    clamped = clamped > high ? high : clamped;
    return static_cast<int8_t>(static_cast<int32_t>((clamped + kShift) - kShift) + zeroPoint);
  }
};

/// The greater one; NaN if either is; +0 is greater than -0.
inline float maximum(float a, float b) {
  if (a != a || b != b)
    return std::numeric_limits<float>::quiet_NaN();
  return a > b ? a : a < b ? b : std::signbit(a) ? b : a;
}
/// The smaller one; NaN if either is; -0 is smaller than +0.
inline float minimum(float a, float b) {
  if (a != a || b != b)
    return std::numeric_limits<float>::quiet_NaN();
  return a < b ? a : a > b ? b : std::signbit(a) ? a : b;
}
template <std::signed_integral Integer> Integer maximum(Integer a, Integer b) {
  return a > b ? a : b;
}
template <std::signed_integral Integer> Integer minimum(Integer a, Integer b) {
  return a < b ? a : b;
}

// Integers wrap.
template <std::signed_integral Integer> Integer wrapAdd(Integer a, Integer b) {
  using Unsigned = std::make_unsigned_t<Integer>;
  return static_cast<Integer>(static_cast<Unsigned>(a) + static_cast<Unsigned>(b));
}
template <std::signed_integral Integer> Integer wrapSub(Integer a, Integer b) {
  using Unsigned = std::make_unsigned_t<Integer>;
  return static_cast<Integer>(static_cast<Unsigned>(a) - static_cast<Unsigned>(b));
}
template <std::signed_integral Integer> Integer wrapMul(Integer a, Integer b) {
  using Unsigned = std::make_unsigned_t<Integer>;
  return static_cast<Integer>(static_cast<Unsigned>(a) * static_cast<Unsigned>(b));
}
/// Toward zero. Division by zero gives 0; the smallest number divided by -1 wraps to itself.
template <std::signed_integral Integer> Integer divide(Integer a, Integer b) {
  return b == 0 ? 0 : b == -1 ? wrapSub(Integer(0), a) : a / b;
}
/// By repeated multiplication, wrapping. A negative exponent gives the power rounded toward zero,
/// and 0 for base 0.
template <std::signed_integral Integer> Integer power(Integer base, Integer exponent) {
  if (exponent < 0)
    return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  Integer result = 1;
  for (; exponent; exponent /= 2, base = wrapMul(base, base))
    if (exponent % 2)
      result = wrapMul(result, base);
  return result;
}

/// Toward zero, saturating; NaN gives 0.
template <typename Integer> Integer truncate(float f) {
  constexpr Integer kMin = std::numeric_limits<Integer>::min(),
                    kMax = std::numeric_limits<Integer>::max();
  if (f != f)
    return 0;
  // The first bound is a power of two and exact; the second may round up, so it is excluded.
  if (f <= static_cast<float>(kMin))
    return kMin;
  return f >= static_cast<float>(kMax) ? kMax : static_cast<Integer>(f);
}

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_NUMBERS_H
