//===- PortableMath.cpp - Functions with the same bits everywhere ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both reduce the argument to a small interval and sum the Taylor series there, which needs no
// table of fitted coefficients: log m = 2 artanh s with s = (m - 1) / (m + 1), and exp r.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Support/PortableMath.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace cimc::portable {
namespace {

// ln 2 in two parts; the first has 32 bits, so that its product with an exponent is exact.
constexpr double kLn2High = 0x1.62e42feep-1, kLn2Low = 0x1.a39ef35793c76p-33;

} // namespace

double log(double x) {
  uint64_t bits = std::bit_cast<uint64_t>(x);
  int exponent = int(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 0x1.6a09e667f3bcdp+0) { // the square root of 2
    m /= 2;
    ++exponent;
  }
  double s = (m - 1) / (m + 1), z = s * s; // |s| < 0.172, so the series ends at 0.172^22 / 23
  double series = 1.0 / 23;
  for (int n = 21; n >= 3; n -= 2)
    series = series * z + 1.0 / n;
  double low = 2 * s * (z * series) + exponent * kLn2Low;
  return exponent * kLn2High + (2 * s + low);
}

double exp(double x) {
  if (x < -708)
    return 0;
  if (x > 709)
    x = 709;
  double k = std::floor(x * 0x1.71547652b82fep+0 + 0.5); // nearest multiple of ln 2
  double r = (x - k * kLn2High) - k * kLn2Low;           // |r| < 0.35
  double series = 1;
  for (int n = 14; n >= 1; --n)
    series = 1 + series * (r / n);
  // In two steps, since 2^1023 times the series may be reached from below only.
  int half = int(k) / 2, rest = int(k) - half;
  return series * std::bit_cast<double>(uint64_t(half + 1023) << 52) *
         std::bit_cast<double>(uint64_t(rest + 1023) << 52);
}

double pow(double x, double y) { return exp(y * log(x)); }

} // namespace cimc::portable
