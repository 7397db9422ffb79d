//===- PortableMath.h - Functions with the same bits everywhere ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The logarithm and the exponential of the C library differ between libraries in the last bit. What
// a seed decides must not, so models of devices use these: IEEE 754 additions, multiplications and
// divisions of doubles in a fixed order, without contraction. The error is below 1e-15 of the value
// (of 1 where a logarithm is near 0).
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_SUPPORT_PORTABLEMATH_H
#define CIMC_SUPPORT_PORTABLEMATH_H

namespace cimc::portable {

/// The natural logarithm. Requires: x is positive and normal (at least 2.3e-308) and finite.
double log(double x);

/// e to the power of x; 0 below -708, the value of 709 above it. Requires: x is not NaN.
double exp(double x);

/// x to the power of y as exp(y * log(x)), so with y times the error. Requires: as of log.
double pow(double x, double y);

} // namespace cimc::portable

#endif // CIMC_SUPPORT_PORTABLEMATH_H
