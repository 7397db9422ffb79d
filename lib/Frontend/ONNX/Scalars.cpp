//===- Scalars.cpp - Element types in the bodies of elementwise ops --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads, stores and casts of single elements. Rounding to a short float is written out in float
// arithmetic: with the power of two below a number, its last place is known, and a division by it
// is exact.
//
//===--------------------------------------------------------------------------===//

#include "Scalars.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace cimc::frontend {

Type computeType(MLIRContext *context, ElementKind kind) {
  if (isFloat(kind) || kind == ElementKind::Bool)
    return elementType(context, kind);
  bool wide = kind == ElementKind::I64 || kind == ElementKind::U64 || kind == ElementKind::U32;
  return IntegerType::get(context, wide ? 64 : 32);
}

Value loadScalar(OpBuilder &b, Location loc, Value stored, ElementKind kind) {
  Type type = computeType(b.getContext(), kind);
  if (stored.getType() == type)
    return stored;
  if (kind == ElementKind::U16 || kind == ElementKind::U32)
    return arith::ExtUIOp::create(b, loc, type, stored);
  Value number = arith::ExtSIOp::create(b, loc, type, stored);
  if (kind != ElementKind::U8)
    return number;
  return arith::AddIOp::create(b, loc, number, scalarConstant(b, loc, type, 128));
}

/// Keeps the low bits of a byte, with or without sign.
static Value wrapBits(OpBuilder &b, Location loc, Value byte, ElementKind kind) {
  unsigned bits = fileBits(kind);
  if (bits >= 8)
    return byte;
  if (isUnsigned(kind))
    return arith::AndIOp::create(b, loc, byte,
                                 scalarConstant(b, loc, byte.getType(), (1 << bits) - 1));
  Value unused = scalarConstant(b, loc, byte.getType(), 8 - bits);
  return arith::ShRSIOp::create(b, loc, arith::ShLIOp::create(b, loc, byte, unused), unused);
}

Value storeScalar(OpBuilder &b, Location loc, Value number, ElementKind kind) {
  Type type = elementType(b.getContext(), kind);
  if (number.getType() == type)
    return number;
  if (kind == ElementKind::U8)
    number = arith::SubIOp::create(b, loc, number, scalarConstant(b, loc, number.getType(), 128));
  return wrapBits(b, loc, arith::TruncIOp::create(b, loc, type, number), kind);
}

/// 2^floor(log2 |x|) after adding `bias` to the bits: the exponent alone.
static Value exponentOf(OpBuilder &b, Location loc, Value x, int64_t bias) {
  Type integer = b.getI32Type();
  Value bits = arith::BitcastOp::create(b, loc, integer, x);
  if (bias != 0)
    bits = arith::AddIOp::create(b, loc, bits, scalarConstant(b, loc, integer, bias));
  Value exponent = arith::AndIOp::create(b, loc, bits, scalarConstant(b, loc, integer, 0x7f800000));
  return arith::BitcastOp::create(b, loc, b.getF32Type(), exponent);
}

static Value roundToPowerOfTwo(OpBuilder &b, Location loc, Value x, const CastOptions &options) {
  using PowerOfTwo = CastOptions::PowerOfTwo;
  Type type = x.getType();
  Value lowest = scalarConstant(b, loc, type, std::ldexp(1.0, -126));
  Value largest = scalarConstant(b, loc, type, std::ldexp(1.0, 127));
  int64_t bias = options.toPowerOfTwo == PowerOfTwo::Up     ? 0x7fffff
                 : options.toPowerOfTwo == PowerOfTwo::Down ? 0
                                                            : 0x400000;
  Value power = exponentOf(b, loc, x, bias);
  power = arith::MinimumFOp::create(b, loc, power, largest);
  // Below the normal numbers only 2^-127 is left.
  Value small = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, lowest);
  Value half = scalarConstant(b, loc, type, std::ldexp(1.0, -127));
  Value rounded = arith::SelectOp::create(b, loc, small, half, power);
  Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x, x);
  return arith::SelectOp::create(b, loc, isNan, x, rounded);
}

/// What becomes of numbers beyond the largest.
static Value limit(OpBuilder &b, Location loc, Value x, Value rounded, const ShortFloat &format) {
  Type type = x.getType();
  Value magnitude = math::AbsFOp::create(b, loc, rounded);
  Value largest = scalarConstant(b, loc, type, format.largest);
  // An infinite x has become NaN, so that the comparison must not be ordered.
  Value fits = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLE, magnitude, largest);
  double beyond = format.hasInfinity ? INFINITY : NAN;
  Value over = math::CopySignOp::create(b, loc, scalarConstant(b, loc, type, beyond), x);
  Value result = arith::SelectOp::create(b, loc, fits, rounded, over);
  Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x, x);
  return arith::SelectOp::create(b, loc, isNan, x, result);
}

static Value roundToShortFloat(OpBuilder &b, Location loc, Value x, ElementKind kind,
                               bool saturate) {
  const ShortFloat &format = *shortFloat(kind);
  Type type = x.getType();
  if (kind == ElementKind::F4E2M1) { // it has no code for anything but numbers
    Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x, x);
    x = arith::SelectOp::create(b, loc, isNan, scalarConstant(b, loc, type, 0.0), x);
    saturate = true;
  }
  Value clamped = x;
  if (saturate) {
    Value largest = scalarConstant(b, loc, type, format.largest);
    Value lowest = scalarConstant(b, loc, type, -format.largest);
    clamped =
        arith::MaximumFOp::create(b, loc, arith::MinimumFOp::create(b, loc, x, largest), lowest);
  }
  Value lowestPower = scalarConstant(b, loc, type, std::ldexp(1.0, format.lowestExponent));
  Value power = arith::MaximumFOp::create(b, loc, exponentOf(b, loc, clamped, 0), lowestPower);
  Value lastPlace = scalarConstant(b, loc, type, std::ldexp(1.0, -format.mantissaBits));
  Value place = arith::MulFOp::create(b, loc, power, lastPlace);
  Value whole = math::RoundEvenOp::create(b, loc, arith::DivFOp::create(b, loc, clamped, place));
  Value rounded = arith::MulFOp::create(b, loc, whole, place);
  return saturate ? rounded : limit(b, loc, x, rounded, format);
}

static Value castToFloat(OpBuilder &b, Location loc, Value number, ElementKind from) {
  Type type = b.getF32Type();
  if (isFloat(from))
    return number;
  if (from == ElementKind::Bool || from == ElementKind::U64)
    return arith::UIToFPOp::create(b, loc, type, number);
  return arith::SIToFPOp::create(b, loc, type, number);
}

Value castScalar(OpBuilder &b, Location loc, Value number, ElementKind from, ElementKind to,
                 const CastOptions &options) {
  Type type = computeType(b.getContext(), to);
  if (isFloat(to)) {
    Value value = castToFloat(b, loc, number, from);
    if (graphKind(to) == ElementKind::F32 || from == to)
      return value;
    return to == ElementKind::F8E8M0 ? roundToPowerOfTwo(b, loc, value, options)
                                     : roundToShortFloat(b, loc, value, to, options.saturate);
  }
  if (to == ElementKind::Bool) {
    if (from == ElementKind::Bool)
      return number;
    Value zero = scalarConstant(b, loc, number.getType(), 0);
    if (isFloat(from))
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, number, zero);
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, number, zero);
  }
  if (isFloat(from))
    return arith::FPToSIOp::create(b, loc, type, number);
  if (from == ElementKind::Bool)
    return arith::ExtUIOp::create(b, loc, type, number);
  unsigned have = number.getType().getIntOrFloatBitWidth(), need = type.getIntOrFloatBitWidth();
  if (have == need)
    return number;
  return have > need ? Value(arith::TruncIOp::create(b, loc, type, number))
                     : Value(arith::ExtSIOp::create(b, loc, type, number));
}

} // namespace cimc::frontend
