//===- Device.cpp - Functions of a device ----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Polynomials by Horner's rule; a product with an absent term is not computed, so that an infinity
// cannot become NaN.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Device.h"

#include "cimc/Support/PortableMath.h"

#include <algorithm>

namespace cimc::target {
namespace {

/// Below it, logarithms and powers are those of this x.
constexpr double kLeastArgument = 1e-7;

double valueOf(const Piece &piece, double x) {
  double value = 0;
  for (size_t i = piece.polynomial.size(); i-- > 0;)
    value = value * x + piece.polynomial[i];
  double floored = std::max(x, kLeastArgument);
  if (piece.log != 0)
    value += piece.log * portable::log(floored);
  if (piece.factor != 0)
    value += piece.factor * portable::pow(floored, piece.power);
  return std::clamp(value, piece.min, piece.max);
}

} // namespace

double evaluate(std::span<const Piece> pieces, double x) {
  if (pieces.empty())
    return 0;
  for (const Piece &piece : pieces.first(pieces.size() - 1))
    if (x < piece.below)
      return valueOf(piece, x);
  return valueOf(pieces.back(), x);
}

} // namespace cimc::target
