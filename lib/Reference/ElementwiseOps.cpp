//===- ElementwiseOps.cpp - Scalar ops over vectors -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scalar functions first, then one table row per op and operand type. Integer arithmetic wraps,
// division by zero gives 0 instead of a trap, conversion to integers saturates: the evaluator has a
// result for every input.
//
//===--------------------------------------------------------------------------===//

#include "ElementwiseOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/ADT/StringMap.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir;

namespace cimc::reference {

std::optional<RegisterType> registerType(Type type) {
  if (type.isF32())
    return RegisterType::F32;
  if (type.isInteger(1) || type.isInteger(8) || type.isInteger(16) || type.isInteger(32))
    return RegisterType::I32;
  if (type.isInteger(64) || type.isIndex())
    return RegisterType::I64;
  return std::nullopt;
}

namespace {

//===--------------------------------------------------------------------------===//
// Vectors from scalars
//===--------------------------------------------------------------------------===//

template <typename D, typename A, D (*Fn)(A)>
void unary(int64_t n, const void *const *in, void *out) {
  const A *a = static_cast<const A *>(in[0]);
  D *d = static_cast<D *>(out);
  for (int64_t i = 0; i < n; ++i)
    d[i] = Fn(a[i]);
}

template <typename D, typename A, D (*Fn)(A, A)>
void binary(int64_t n, const void *const *in, void *out) {
  const A *a = static_cast<const A *>(in[0]), *b = static_cast<const A *>(in[1]);
  D *d = static_cast<D *>(out);
  for (int64_t i = 0; i < n; ++i)
    d[i] = Fn(a[i], b[i]);
}

template <typename T> void select(int64_t n, const void *const *in, void *out) {
  const auto *condition = static_cast<const int32_t *>(in[0]);
  const T *a = static_cast<const T *>(in[1]), *b = static_cast<const T *>(in[2]);
  T *d = static_cast<T *>(out);
  for (int64_t i = 0; i < n; ++i)
    d[i] = condition[i] ? a[i] : b[i];
}

//===--------------------------------------------------------------------------===//
// Scalars
//===--------------------------------------------------------------------------===//

using F = float;
using I = int32_t;
using L = int64_t;

F addF(F a, F b) { return a + b; }
F subF(F a, F b) { return a - b; }
F mulF(F a, F b) { return a * b; }
F divF(F a, F b) { return a / b; }
F remF(F a, F b) { return std::fmod(a, b); }
F maximumF(F a, F b) { return a > b || a != a ? a : b; }
F minimumF(F a, F b) { return a < b || a != a ? a : b; }
F maxnumF(F a, F b) { return a > b || b != b ? a : b; }
F minnumF(F a, F b) { return a < b || b != b ? a : b; }
F negF(F a) { return -a; }
F absF(F a) { return std::fabs(a); }
F sqrtF(F a) { return std::sqrt(a); }
F rsqrtF(F a) { return 1.0f / std::sqrt(a); }
F expF(F a) { return std::exp(a); }
F exp2F(F a) { return std::exp2(a); }
F expm1F(F a) { return std::expm1(a); }
F logF(F a) { return std::log(a); }
F log2F(F a) { return std::log2(a); }
F log1pF(F a) { return std::log1p(a); }
F sinF(F a) { return std::sin(a); }
F cosF(F a) { return std::cos(a); }
F tanF(F a) { return std::tan(a); }
F asinF(F a) { return std::asin(a); }
F acosF(F a) { return std::acos(a); }
F atanF(F a) { return std::atan(a); }
F sinhF(F a) { return std::sinh(a); }
F coshF(F a) { return std::cosh(a); }
F tanhF(F a) { return std::tanh(a); }
F asinhF(F a) { return std::asinh(a); }
F acoshF(F a) { return std::acosh(a); }
F atanhF(F a) { return std::atanh(a); }
F erfF(F a) { return std::erf(a); }
F floorF(F a) { return std::floor(a); }
F ceilF(F a) { return std::ceil(a); }
F roundF(F a) { return std::round(a); }
F truncF(F a) { return std::trunc(a); }
F powF(F a, F b) { return std::pow(a, b); }
F copySignF(F a, F b) { return std::copysign(a, b); }

/// Adding and taking off 1.5 * 2^23 rounds to even; numbers from 2^22 on are whole already or
/// half-way at most at 2^22 + 0.5.
F roundEvenF(F a) {
  constexpr F kShift = 12582912.0f;
  F rounded = std::copysign((a + kShift) - kShift, a);
  return std::fabs(a) < 4194304.0f ? rounded : std::nearbyint(a);
}

template <typename T> T addInt(T a, T b) {
  return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) +
                        static_cast<std::make_unsigned_t<T>>(b));
}
template <typename T> T subInt(T a, T b) {
  return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) -
                        static_cast<std::make_unsigned_t<T>>(b));
}
template <typename T> T mulInt(T a, T b) {
  return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) *
                        static_cast<std::make_unsigned_t<T>>(b));
}
template <typename T> T divInt(T a, T b) { return b == 0 ? 0 : b == -1 ? subInt<T>(0, a) : a / b; }
template <typename T> T remInt(T a, T b) { return b == 0 || b == -1 ? 0 : a % b; }
template <typename T> T maxInt(T a, T b) { return a > b ? a : b; }
template <typename T> T minInt(T a, T b) { return a < b ? a : b; }
template <typename T> T absInt(T a) { return a < 0 ? subInt<T>(0, a) : a; }
template <typename T> T andInt(T a, T b) { return a & b; }
template <typename T> T orInt(T a, T b) { return a | b; }
template <typename T> T xorInt(T a, T b) { return a ^ b; }
template <typename T> T shlInt(T a, T b) {
  constexpr T kBits = sizeof(T) * 8;
  return b < 0 || b >= kBits ? 0 : static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) << b);
}
template <typename T> T shrInt(T a, T b) {
  constexpr T kBits = sizeof(T) * 8;
  return a >> (b < 0 || b >= kBits ? kBits - 1 : b);
}

/// The unsigned number of the same bits.
template <typename T> auto bitsOf(T a) { return static_cast<std::make_unsigned_t<T>>(a); }
template <typename T> T divUnsigned(T a, T b) {
  return b == 0 ? 0 : static_cast<T>(bitsOf(a) / bitsOf(b));
}
template <typename T> T remUnsigned(T a, T b) {
  return b == 0 ? 0 : static_cast<T>(bitsOf(a) % bitsOf(b));
}
template <typename T> T maxUnsigned(T a, T b) { return bitsOf(a) > bitsOf(b) ? a : b; }
template <typename T> T minUnsigned(T a, T b) { return bitsOf(a) < bitsOf(b) ? a : b; }
template <typename T> T shrUnsigned(T a, T b) {
  constexpr T kBits = sizeof(T) * 8;
  return b < 0 || b >= kBits ? 0 : static_cast<T>(bitsOf(a) >> b);
}

/// a^b by squaring; with a negative exponent only powers of 1 and -1 are not 0.
template <typename T> T powerInt(T a, T b) {
  if (b < 0)
    return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
  T result = 1;
  for (; b; b >>= 1, a = mulInt(a, a))
    if (b & 1)
      result = mulInt(result, a);
  return result;
}

template <typename T> T floatToInt(F a) {
  if (a != a)
    return 0;
  constexpr F kLow = static_cast<F>(std::numeric_limits<T>::min());
  return a >= -kLow  ? std::numeric_limits<T>::max()
         : a <= kLow ? std::numeric_limits<T>::min()
                     : static_cast<T>(a);
}
I floatToUnsigned(F a) {
  return a >= 0 ? static_cast<I>(static_cast<L>(std::fmin(a, 4294967040.0f))) : 0;
}
F intToFloat(I a) { return static_cast<F>(a); }
F longToFloat(L a) { return static_cast<F>(a); }
L widen(I a) { return a; }
I narrow(L a) { return static_cast<I>(a); }
template <typename T> T same(T a) { return a; }
I negateBit(I a) { return -a; }
F unsignedToFloat(L a) { return static_cast<F>(bitsOf(a)); }
F bitsToFloat(I a) { return std::bit_cast<F>(a); }
I floatToBits(F a) { return std::bit_cast<I>(a); }
/// The low bits of a register, without sign.
template <typename T, uint32_t mask> T lowBits(I a) {
  return static_cast<T>(static_cast<uint32_t>(a) & mask);
}

template <typename T> I equal(T a, T b) { return a == b; }
template <typename T> I notEqual(T a, T b) { return a != b; }
template <typename T> I less(T a, T b) { return a < b; }
template <typename T> I lessEqual(T a, T b) { return a <= b; }
template <typename T> I greater(T a, T b) { return a > b; }
template <typename T> I greaterEqual(T a, T b) { return a >= b; }
template <typename T> I lessUnsigned(T a, T b) { return bitsOf(a) < bitsOf(b); }
template <typename T> I lessEqualUnsigned(T a, T b) { return bitsOf(a) <= bitsOf(b); }
template <typename T> I greaterUnsigned(T a, T b) { return bitsOf(a) > bitsOf(b); }
template <typename T> I greaterEqualUnsigned(T a, T b) { return bitsOf(a) >= bitsOf(b); }
template <typename T> I orderedNotEqual(T a, T b) { return a < b || a > b; }

//===--------------------------------------------------------------------------===//
// Tables
//===--------------------------------------------------------------------------===//

/// The functions of one op by the type of its first operand.
struct OpRow {
  llvm::StringLiteral name;
  VectorFn f32, i32, i64;
};

#define CIMC_F1(fn) unary<F, F, fn>, nullptr, nullptr
#define CIMC_F2(fn) binary<F, F, fn>, nullptr, nullptr
#define CIMC_I2(fn) nullptr, binary<I, I, fn<I>>, binary<L, L, fn<L>>

constexpr OpRow kRows[] = {
    {"arith.addf", CIMC_F2(addF)},
    {"arith.subf", CIMC_F2(subF)},
    {"arith.mulf", CIMC_F2(mulF)},
    {"arith.divf", CIMC_F2(divF)},
    {"arith.remf", CIMC_F2(remF)},
    {"arith.maximumf", CIMC_F2(maximumF)},
    {"arith.minimumf", CIMC_F2(minimumF)},
    {"arith.maxnumf", CIMC_F2(maxnumF)},
    {"arith.minnumf", CIMC_F2(minnumF)},
    {"math.powf", CIMC_F2(powF)},
    {"math.copysign", CIMC_F2(copySignF)},
    {"arith.negf", CIMC_F1(negF)},
    {"math.absf", CIMC_F1(absF)},
    {"math.sqrt", CIMC_F1(sqrtF)},
    {"math.rsqrt", CIMC_F1(rsqrtF)},
    {"math.exp", CIMC_F1(expF)},
    {"math.exp2", CIMC_F1(exp2F)},
    {"math.expm1", CIMC_F1(expm1F)},
    {"math.log", CIMC_F1(logF)},
    {"math.log2", CIMC_F1(log2F)},
    {"math.log1p", CIMC_F1(log1pF)},
    {"math.sin", CIMC_F1(sinF)},
    {"math.cos", CIMC_F1(cosF)},
    {"math.tan", CIMC_F1(tanF)},
    {"math.asin", CIMC_F1(asinF)},
    {"math.acos", CIMC_F1(acosF)},
    {"math.atan", CIMC_F1(atanF)},
    {"math.sinh", CIMC_F1(sinhF)},
    {"math.cosh", CIMC_F1(coshF)},
    {"math.tanh", CIMC_F1(tanhF)},
    {"math.asinh", CIMC_F1(asinhF)},
    {"math.acosh", CIMC_F1(acoshF)},
    {"math.atanh", CIMC_F1(atanhF)},
    {"math.erf", CIMC_F1(erfF)},
    {"math.floor", CIMC_F1(floorF)},
    {"math.ceil", CIMC_F1(ceilF)},
    {"math.round", CIMC_F1(roundF)},
    {"math.trunc", CIMC_F1(truncF)},
    {"math.roundeven", CIMC_F1(roundEvenF)},
    {"arith.addi", CIMC_I2(addInt)},
    {"arith.subi", CIMC_I2(subInt)},
    {"arith.muli", CIMC_I2(mulInt)},
    {"arith.divsi", CIMC_I2(divInt)},
    {"arith.remsi", CIMC_I2(remInt)},
    {"arith.maxsi", CIMC_I2(maxInt)},
    {"arith.minsi", CIMC_I2(minInt)},
    {"arith.andi", CIMC_I2(andInt)},
    {"arith.ori", CIMC_I2(orInt)},
    {"arith.xori", CIMC_I2(xorInt)},
    {"arith.shli", CIMC_I2(shlInt)},
    {"arith.shrsi", CIMC_I2(shrInt)},
    {"arith.shrui", CIMC_I2(shrUnsigned)},
    {"arith.divui", CIMC_I2(divUnsigned)},
    {"arith.remui", CIMC_I2(remUnsigned)},
    {"arith.maxui", CIMC_I2(maxUnsigned)},
    {"arith.minui", CIMC_I2(minUnsigned)},
    {"math.ipowi", CIMC_I2(powerInt)},
    {"math.absi", nullptr, unary<I, I, absInt<I>>, unary<L, L, absInt<L>>},
    {"arith.sitofp", nullptr, unary<F, I, intToFloat>, unary<F, L, longToFloat>},
};

#undef CIMC_F1
#undef CIMC_F2
#undef CIMC_I2

VectorFn byType(RegisterType type, VectorFn f32, VectorFn i32, VectorFn i64) {
  return type == RegisterType::F32 ? f32 : type == RegisterType::I32 ? i32 : i64;
}

VectorFn compareFloats(arith::CmpFPredicate predicate) {
  switch (predicate) {
  case arith::CmpFPredicate::OEQ:
    return binary<I, F, equal<F>>;
  case arith::CmpFPredicate::UNE:
    return binary<I, F, notEqual<F>>;
  case arith::CmpFPredicate::ONE:
    return binary<I, F, orderedNotEqual<F>>;
  case arith::CmpFPredicate::OLT:
    return binary<I, F, less<F>>;
  case arith::CmpFPredicate::OLE:
    return binary<I, F, lessEqual<F>>;
  case arith::CmpFPredicate::OGT:
    return binary<I, F, greater<F>>;
  case arith::CmpFPredicate::OGE:
    return binary<I, F, greaterEqual<F>>;
  default:
    return nullptr;
  }
}

template <typename T> VectorFn compareInts(arith::CmpIPredicate predicate) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return binary<I, T, equal<T>>;
  case arith::CmpIPredicate::ne:
    return binary<I, T, notEqual<T>>;
  case arith::CmpIPredicate::slt:
    return binary<I, T, less<T>>;
  case arith::CmpIPredicate::sle:
    return binary<I, T, lessEqual<T>>;
  case arith::CmpIPredicate::sgt:
    return binary<I, T, greater<T>>;
  case arith::CmpIPredicate::sge:
    return binary<I, T, greaterEqual<T>>;
  case arith::CmpIPredicate::ult:
    return binary<I, T, lessUnsigned<T>>;
  case arith::CmpIPredicate::ule:
    return binary<I, T, lessEqualUnsigned<T>>;
  case arith::CmpIPredicate::ugt:
    return binary<I, T, greaterUnsigned<T>>;
  case arith::CmpIPredicate::uge:
    return binary<I, T, greaterEqualUnsigned<T>>;
  }
  return nullptr;
}

/// Widening without sign: registers hold narrow integers with it.
VectorFn zeroExtend(Type source, RegisterType to) {
  bool wide = to == RegisterType::I64;
  switch (source.getIntOrFloatBitWidth()) {
  case 1:
    return nullptr;
  case 8:
    return wide ? unary<L, I, lowBits<L, 0xff>> : unary<I, I, lowBits<I, 0xff>>;
  case 16:
    return wide ? unary<L, I, lowBits<L, 0xffff>> : unary<I, I, lowBits<I, 0xffff>>;
  default:
    return wide ? unary<L, I, lowBits<L, 0xffffffff>> : nullptr;
  }
}

/// Conversions between integers of different widths.
VectorFn resize(Operation *op, RegisterType from, RegisterType to) {
  if (from != to)
    return from == RegisterType::I32 ? unary<L, I, widen> : unary<I, L, narrow>;
  return from == RegisterType::I32 ? unary<I, I, same<I>> : unary<L, L, same<L>>;
}

VectorFn conversion(Operation *op) {
  Type source = op->getOperand(0).getType(), target = op->getResult(0).getType();
  std::optional<RegisterType> from = registerType(source), to = registerType(target);
  if (isa<arith::FPToSIOp>(op))
    return byType(*to, nullptr, unary<I, F, floatToInt<I>>, unary<L, F, floatToInt<L>>);
  if (isa<arith::FPToUIOp>(op))
    return byType(*to, nullptr, unary<I, F, floatToUnsigned>, nullptr);
  if (isa<arith::UIToFPOp>(op) && source.isInteger(1))
    return unary<F, I, intToFloat>;
  if (isa<arith::ExtSIOp>(op) && source.isInteger(1))
    return *to == RegisterType::I32 ? unary<I, I, negateBit> : nullptr;
  if (isa<arith::UIToFPOp>(op) && source.isInteger(64))
    return unary<F, L, unsignedToFloat>;
  if (isa<arith::BitcastOp>(op) && source.isF32() && target.isInteger(32))
    return unary<I, F, floatToBits>;
  if (isa<arith::BitcastOp>(op) && source.isInteger(32) && target.isF32())
    return unary<F, I, bitsToFloat>;
  if (isa<arith::ExtUIOp>(op) && !source.isInteger(1))
    return zeroExtend(source, *to);
  if (isa<arith::ExtSIOp, arith::ExtUIOp, arith::TruncIOp, arith::IndexCastOp>(op))
    return resize(op, *from, *to);
  return nullptr;
}

template <typename Memory, typename Register>
void load(int64_t n, const void *const *in, void *out) {
  const Memory *a = static_cast<const Memory *>(in[0]);
  Register *d = static_cast<Register *>(out);
  for (int64_t i = 0; i < n; ++i)
    d[i] = static_cast<Register>(a[i]);
}

I wrapByte(I a) { return static_cast<int8_t>(a); }
I wrapShort(I a) { return static_cast<int16_t>(a); }
I wrapBit(I a) { return a & 1; }

} // namespace

VectorFn vectorFunction(Operation *op) {
  if (op->getNumOperands() == 0 || op->getNumOperands() > 3 || op->getNumResults() != 1)
    return nullptr;
  std::optional<RegisterType> operand = registerType(op->getOperand(0).getType()),
                              result = registerType(op->getResult(0).getType());
  if (!operand || !result)
    return nullptr;
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return compareFloats(compare.getPredicate());
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return *operand == RegisterType::I32 ? compareInts<I>(compare.getPredicate())
                                         : compareInts<L>(compare.getPredicate());
  if (isa<arith::SelectOp>(op))
    return byType(*result, select<F>, select<I>, select<L>);
  static const llvm::StringMap<const OpRow *> rows = [] {
    llvm::StringMap<const OpRow *> all;
    for (const OpRow &row : kRows)
      all[row.name] = &row;
    return all;
  }();
  auto row = rows.find(op->getName().getStringRef());
  return row != rows.end() ? byType(*operand, row->second->f32, row->second->i32, row->second->i64)
                           : conversion(op);
}

VectorFn wrapFunction(Type type) {
  return type.isInteger(8)    ? unary<I, I, wrapByte>
         : type.isInteger(16) ? unary<I, I, wrapShort>
         : type.isInteger(1)  ? unary<I, I, wrapBit>
                              : nullptr;
}
VectorFn loadFunction(Type type) {
  return type.isInteger(8) || type.isInteger(1) ? load<int8_t, I>
         : type.isInteger(16)                   ? load<int16_t, I>
                                                : nullptr;
}
VectorFn storeFunction(Type type) {
  return type.isInteger(8) || type.isInteger(1) ? load<I, int8_t>
         : type.isInteger(16)                   ? load<I, int16_t>
                                                : nullptr;
}

} // namespace cimc::reference
