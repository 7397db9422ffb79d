//===- Elementwise.cpp - Arithmetic, comparisons and logic ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each op has two descriptions: the body of a `linalg.generic`, and, where models compute shapes or
// weights with it, a function on host numbers that folds constants. Bodies compute with the numbers
// themselves (Scalars.h), so that one description serves all integer types.
//
//===--------------------------------------------------------------------------===//

#include "Layers.h"
#include "OpTable.h"
#include "Scalars.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace cimc::frontend {

namespace {
using Body = Value (*)(OpBuilder &, Location, ValueRange);
using FoldFloat = double (*)(double, double);
using FoldInt = int64_t (*)(int64_t, int64_t);

/// The element types that an op takes.
enum Kinds : unsigned { Floats = 1, Integers = 2, Truths = 4, Numbers = 3, All = 7, Bits = 6 };

/// How many operands an op has, and what it gives.
enum class Form { Unary, Binary, Variadic, Compare };

/// One op on one, two or (left to right) many operands.
struct ElementwiseOp {
  const char *name;
  int64_t sinceVersion;
  Form form;
  unsigned kinds;
  Body body;
  FoldFloat foldFloat = nullptr; // null: not folded
  FoldInt foldInt = nullptr;
};
} // namespace

//===--------------------------------------------------------------------------===//
// Bodies
//===--------------------------------------------------------------------------===//

static bool isFloatValue(Value value) { return isa<FloatType>(value.getType()); }

template <typename FloatOp, typename IntOp>
static Value binary(OpBuilder &b, Location loc, ValueRange args) {
  if (isFloatValue(args[0]))
    return FloatOp::create(b, loc, args[0], args[1]);
  return IntOp::create(b, loc, args[0], args[1]);
}

template <typename Op> static Value bitwise(OpBuilder &b, Location loc, ValueRange args) {
  return Op::create(b, loc, args[0], args[1]);
}

template <typename Op> static Value unary(OpBuilder &b, Location loc, ValueRange args) {
  return Op::create(b, loc, args[0]);
}

static Value constantLike(OpBuilder &b, Location loc, Value like, double value) {
  return scalarConstant(b, loc, like.getType(), value);
}

static Value reciprocal(OpBuilder &b, Location loc, ValueRange args) {
  return arith::DivFOp::create(b, loc, constantLike(b, loc, args[0], 1.0), args[0]);
}

static Value negate(OpBuilder &b, Location loc, ValueRange args) {
  if (isFloatValue(args[0]))
    return arith::NegFOp::create(b, loc, args[0]);
  return arith::SubIOp::create(b, loc, constantLike(b, loc, args[0], 0.0), args[0]);
}

static Value absolute(OpBuilder &b, Location loc, ValueRange args) {
  if (isFloatValue(args[0]))
    return math::AbsFOp::create(b, loc, args[0]);
  return math::AbsIOp::create(b, loc, args[0]);
}

template <arith::CmpFPredicate floatPredicate, arith::CmpIPredicate intPredicate>
static Value compare(OpBuilder &b, Location loc, ValueRange args) {
  if (isFloatValue(args[0]))
    return arith::CmpFOp::create(b, loc, floatPredicate, args[0], args[1]);
  return arith::CmpIOp::create(b, loc, intPredicate, args[0], args[1]);
}

/// All bits the other way round; -1 has all bits set.
static Value invert(OpBuilder &b, Location loc, ValueRange args) {
  return arith::XOrIOp::create(b, loc, args[0], constantLike(b, loc, args[0], -1.0));
}

/// 1, 0 or -1; zeros and NaN stay what they are.
static Value sign(OpBuilder &b, Location loc, ValueRange args) {
  Value x = args[0], zero = constantLike(b, loc, x, 0), one = constantLike(b, loc, x, 1),
        minusOne = constantLike(b, loc, x, -1);
  Value above = compare<arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt>(b, loc, {x, zero});
  Value below = compare<arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt>(b, loc, {x, zero});
  Value rest = arith::SelectOp::create(b, loc, below, minusOne, x);
  return arith::SelectOp::create(b, loc, above, one, rest);
}

static Value isNan(OpBuilder &b, Location loc, ValueRange args) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, args[0], args[0]);
}

//===--------------------------------------------------------------------------===//
// Folding
//===--------------------------------------------------------------------------===//

/// Two's complement arithmetic without undefined overflow.
static int64_t wrapAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
static int64_t wrapSub(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
static int64_t wrapMul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
static int64_t safeDiv(int64_t a, int64_t b) {
  return b == 0 ? 0 : b == -1 ? wrapSub(0, a) : a / b;
}

/// Elements at most of a result that is computed at import.
static constexpr int64_t maxFolded = int64_t(1) << 27;

/// `a op b` with broadcasting, for constants of one kind.
static HostTensor foldBinary(const ElementwiseOp &op, const HostTensor &a, const HostTensor &b,
                             const Shape &shape, ElementKind kind) {
  if (a.isSplat() && b.isSplat() && isFloat(a.kind()))
    return HostTensor::splat(kind, shape, op.foldFloat(a.asDouble(0), b.asDouble(0)));
  HostTensor left = a.broadcast(shape), right = b.broadcast(shape);
  size_t count = elementCount(shape);
  if (isFloat(a.kind())) {
    std::vector<double> values(count);
    for (size_t i = 0; i < count; ++i)
      values[i] = op.foldFloat(left.asDouble(i), right.asDouble(i));
    return HostTensor::fromDoubles(kind, shape, values);
  }
  std::vector<int64_t> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = op.foldInt(left.asInt(i), right.asInt(i));
  return HostTensor::fromInts(kind, shape, values);
}

/// 64-bit unsigned numbers do not fit the signed ones that are folded.
static bool canFold(Node &node, const ElementwiseOp &op) {
  ElementKind kind = node.input(0).kind;
  return node.allConstant() && kind != ElementKind::U64 &&
         (isFloat(kind) ? op.foldFloat != nullptr : op.foldInt != nullptr);
}

static FailureOr<HostTensor> fold(Node &node, const ElementwiseOp &op, ElementKind kind) {
  HostTensor result = *node.constant(0);
  if (node.inputCount() == 1)
    return op.form == Form::Unary ? foldBinary(op, result, result, result.shape(), kind) : result;
  for (size_t i = 1; i < node.inputCount(); ++i) {
    Shape shape;
    if (!broadcastShapes(result.shape(), node.input(i).shape, shape))
      return node.error() << "shapes " << printShape(result.shape()) << " and "
                          << printShape(node.input(i).shape) << " do not broadcast";
    if (elementCount(shape) > maxFolded)
      return node.error() << "its constant result of shape " << printShape(shape)
                          << " is too large";
    result = foldBinary(op, result, *node.constant(i), shape, kind);
  }
  return result;
}

//===--------------------------------------------------------------------------===//
// Conversion
//===--------------------------------------------------------------------------===//

static unsigned familyOf(ElementKind kind) {
  return isFloat(kind) ? Floats : kind == ElementKind::Bool ? Truths : Integers;
}

static std::string printKinds(unsigned kinds) {
  std::string text;
  static const std::pair<unsigned, const char *> names[] = {
      {Floats, "float"}, {Integers, "integers"}, {Truths, "bool"}};
  for (auto [kind, name] : names)
    if (kinds & kind)
      text += (text.empty() ? "" : " and ") + std::string(name);
  return text;
}

/// The ONNX rule that all operands have one element type. Floats of all widths are one.
static LogicalResult checkKinds(Node &node, unsigned kinds) {
  ElementKind kind = node.input(0).kind;
  for (size_t i = 1; i < node.inputCount(); ++i)
    if (graphKind(node.input(i).kind) != graphKind(kind))
      return node.error() << "its inputs have element types " << elementName(kind) << " and "
                          << elementName(node.input(i).kind) << ", must be the same";
  if (kinds & familyOf(kind))
    return success();
  return node.error() << "its input has element type " << elementName(kind) << ", supported is "
                      << printKinds(kinds);
}

/// Builds the op with `body`, which gets and gives numbers rather than stored elements.
static LogicalResult buildNumbers(Node &node, ArrayRef<size_t> inputs, ElementKind resultKind,
                                  ScalarBody body) {
  FailureOr<Value> result =
      node.elementwise(inputs, resultKind, [&](OpBuilder &b, Location loc, ValueRange args) {
        SmallVector<Value> numbers;
        for (auto [index, arg] : llvm::zip(inputs, args))
          numbers.push_back(loadScalar(b, loc, arg, node.input(index).kind));
        return storeScalar(b, loc, body(b, loc, numbers), resultKind);
      });
  return failed(result) ? failure() : node.setResult(*result, resultKind);
}

static ElementKind resultKindOf(const ElementwiseOp &op, ElementKind kind) {
  return op.form == Form::Compare ? ElementKind::Bool : kind;
}

static LogicalResult convertOp(Node &node, const ElementwiseOp &op) {
  size_t least = op.form == Form::Unary || op.form == Form::Variadic ? 1 : 2;
  size_t most = op.form == Form::Variadic ? std::numeric_limits<size_t>::max() : least;
  if (op.form == Form::Compare && op.body == isNan)
    least = most = 1;
  if (failed(node.expectInputs(least, most)) || failed(checkKinds(node, op.kinds)))
    return failure();
  ElementKind kind = resultKindOf(op, node.input(0).kind);
  if (canFold(node, op)) {
    FailureOr<HostTensor> result = fold(node, op, kind);
    return failed(result) ? failure() : node.setResult(std::move(*result));
  }
  SmallVector<size_t> indices = llvm::to_vector(llvm::seq<size_t>(0, node.inputCount()));
  return buildNumbers(node, indices, kind, [&](OpBuilder &b, Location loc, ValueRange args) {
    if (args.size() <= 2 && op.form != Form::Variadic)
      return op.body(b, loc, args);
    Value value = args[0];
    for (Value next : args.drop_front())
      value = op.body(b, loc, {value, next});
    return value;
  });
}

//===--------------------------------------------------------------------------===//
// The table
//===--------------------------------------------------------------------------===//

using CmpF = arith::CmpFPredicate;
using CmpI = arith::CmpIPredicate;

#define CIMC_FOLD1(expression) [](double a, double) -> double { return expression; }
#define CIMC_FOLD2(expression) [](double a, double b) -> double { return expression; }
#define CIMC_FOLDI(expression) [](int64_t a, int64_t b) -> int64_t { return expression; }

static constexpr ElementwiseOp opTable[] = {
    {"Tanh", 1, Form::Unary, Floats, unary<math::TanhOp>, CIMC_FOLD1(std::tanh(a))},
    {"Exp", 1, Form::Unary, Floats, unary<math::ExpOp>, CIMC_FOLD1(std::exp(a))},
    {"Log", 1, Form::Unary, Floats, unary<math::LogOp>, CIMC_FOLD1(std::log(a))},
    {"Sqrt", 1, Form::Unary, Floats, unary<math::SqrtOp>, CIMC_FOLD1(std::sqrt(a))},
    {"Floor", 1, Form::Unary, Floats, unary<math::FloorOp>, CIMC_FOLD1(std::floor(a))},
    {"Ceil", 1, Form::Unary, Floats, unary<math::CeilOp>, CIMC_FOLD1(std::ceil(a))},
    {"Round", 1, Form::Unary, Floats, unary<math::RoundEvenOp>, CIMC_FOLD1(std::nearbyint(a))},
    {"Erf", 1, Form::Unary, Floats, unary<math::ErfOp>, CIMC_FOLD1(std::erf(a))},
    {"Sin", 7, Form::Unary, Floats, unary<math::SinOp>, CIMC_FOLD1(std::sin(a))},
    {"Cos", 7, Form::Unary, Floats, unary<math::CosOp>, CIMC_FOLD1(std::cos(a))},
    {"Tan", 7, Form::Unary, Floats, unary<math::TanOp>, CIMC_FOLD1(std::tan(a))},
    {"Asin", 7, Form::Unary, Floats, unary<math::AsinOp>, CIMC_FOLD1(std::asin(a))},
    {"Acos", 7, Form::Unary, Floats, unary<math::AcosOp>, CIMC_FOLD1(std::acos(a))},
    {"Atan", 7, Form::Unary, Floats, unary<math::AtanOp>, CIMC_FOLD1(std::atan(a))},
    {"Sinh", 9, Form::Unary, Floats, unary<math::SinhOp>, CIMC_FOLD1(std::sinh(a))},
    {"Cosh", 9, Form::Unary, Floats, unary<math::CoshOp>, CIMC_FOLD1(std::cosh(a))},
    {"Asinh", 9, Form::Unary, Floats, unary<math::AsinhOp>, CIMC_FOLD1(std::asinh(a))},
    {"Acosh", 9, Form::Unary, Floats, unary<math::AcoshOp>, CIMC_FOLD1(std::acosh(a))},
    {"Atanh", 9, Form::Unary, Floats, unary<math::AtanhOp>, CIMC_FOLD1(std::atanh(a))},
    {"Reciprocal", 1, Form::Unary, Floats, reciprocal, CIMC_FOLD1(1 / a)},
    {"Neg", 1, Form::Unary, Numbers, negate, CIMC_FOLD1(-a), CIMC_FOLDI(wrapSub(0, a))},
    {"Abs", 1, Form::Unary, Numbers, absolute, CIMC_FOLD1(std::fabs(a)),
     CIMC_FOLDI(a < 0 ? wrapSub(0, a) : a)},
    {"Sign", 9, Form::Unary, Numbers, sign,
     CIMC_FOLD1(a > 0   ? 1
                : a < 0 ? -1
                        : a),
     CIMC_FOLDI((a > 0) - (a < 0))},
    {"Not", 1, Form::Unary, Truths, invert, nullptr, CIMC_FOLDI(a == 0)},
    {"BitwiseNot", 18, Form::Unary, Integers, invert, nullptr, CIMC_FOLDI(~a)},
    {"Add", 7, Form::Binary, Numbers, binary<arith::AddFOp, arith::AddIOp>, CIMC_FOLD2(a + b),
     wrapAdd},
    {"Sub", 7, Form::Binary, Numbers, binary<arith::SubFOp, arith::SubIOp>, CIMC_FOLD2(a - b),
     wrapSub},
    {"Mul", 7, Form::Binary, Numbers, binary<arith::MulFOp, arith::MulIOp>, CIMC_FOLD2(a * b),
     wrapMul},
    {"Div", 7, Form::Binary, Numbers, binary<arith::DivFOp, arith::DivSIOp>, CIMC_FOLD2(a / b),
     safeDiv},
    {"And", 7, Form::Binary, Truths, bitwise<arith::AndIOp>, nullptr, CIMC_FOLDI(a && b)},
    {"Or", 7, Form::Binary, Truths, bitwise<arith::OrIOp>, nullptr, CIMC_FOLDI(a || b)},
    {"Xor", 7, Form::Binary, Truths, bitwise<arith::XOrIOp>, nullptr, CIMC_FOLDI(a != b)},
    {"BitwiseAnd", 18, Form::Binary, Integers, bitwise<arith::AndIOp>, nullptr, CIMC_FOLDI(a & b)},
    {"BitwiseOr", 18, Form::Binary, Integers, bitwise<arith::OrIOp>, nullptr, CIMC_FOLDI(a | b)},
    {"BitwiseXor", 18, Form::Binary, Integers, bitwise<arith::XOrIOp>, nullptr, CIMC_FOLDI(a ^ b)},
    {"Sum", 6, Form::Variadic, Numbers, binary<arith::AddFOp, arith::AddIOp>, CIMC_FOLD2(a + b),
     wrapAdd},
    {"Max", 6, Form::Variadic, Numbers, binary<arith::MaximumFOp, arith::MaxSIOp>,
     CIMC_FOLD2(a > b || a != a ? a : b), CIMC_FOLDI(std::max(a, b))},
    {"Min", 6, Form::Variadic, Numbers, binary<arith::MinimumFOp, arith::MinSIOp>,
     CIMC_FOLD2(a < b || a != a ? a : b), CIMC_FOLDI(std::min(a, b))},
    {"Less", 7, Form::Compare, Numbers, compare<CmpF::OLT, CmpI::slt>, CIMC_FOLD2(a < b),
     CIMC_FOLDI(a < b)},
    {"LessOrEqual", 7, Form::Compare, Numbers, compare<CmpF::OLE, CmpI::sle>, CIMC_FOLD2(a <= b),
     CIMC_FOLDI(a <= b)},
    {"Greater", 7, Form::Compare, Numbers, compare<CmpF::OGT, CmpI::sgt>, CIMC_FOLD2(a > b),
     CIMC_FOLDI(a > b)},
    {"GreaterOrEqual", 7, Form::Compare, Numbers, compare<CmpF::OGE, CmpI::sge>, CIMC_FOLD2(a >= b),
     CIMC_FOLDI(a >= b)},
    {"Equal", 7, Form::Compare, All, compare<CmpF::OEQ, CmpI::eq>, CIMC_FOLD2(a == b),
     CIMC_FOLDI(a == b)},
    {"IsNaN", 9, Form::Compare, Floats, isNan},
};

/// The ops on 64-bit unsigned integers that differ from those on signed ones.
static constexpr ElementwiseOp unsignedTable[] = {
    {"Div", 7, Form::Binary, Integers, bitwise<arith::DivUIOp>},
    {"Max", 6, Form::Variadic, Integers, bitwise<arith::MaxUIOp>},
    {"Min", 6, Form::Variadic, Integers, bitwise<arith::MinUIOp>},
    {"Less", 7, Form::Compare, Integers, compare<CmpF::OLT, CmpI::ult>},
    {"LessOrEqual", 7, Form::Compare, Integers, compare<CmpF::OLE, CmpI::ule>},
    {"Greater", 7, Form::Compare, Integers, compare<CmpF::OGT, CmpI::ugt>},
    {"GreaterOrEqual", 7, Form::Compare, Integers, compare<CmpF::OGE, CmpI::uge>},
};

#undef CIMC_FOLD1
#undef CIMC_FOLD2
#undef CIMC_FOLDI

static const ElementwiseOp *findOp(ArrayRef<ElementwiseOp> table, llvm::StringRef name) {
  auto row = llvm::find_if(table, [&](const ElementwiseOp &op) { return name == op.name; });
  return row == table.end() ? nullptr : &*row;
}

static LogicalResult convertTableOp(Node &node) {
  const ElementwiseOp *op = nullptr;
  if (node.hasInput(0) && node.input(0).kind == ElementKind::U64)
    op = findOp(unsignedTable, node.info.op);
  return convertOp(node, op ? *op : *findOp(opTable, node.info.op));
}

//===--------------------------------------------------------------------------===//
// Ops with rules of their own
//===--------------------------------------------------------------------------===//

/// base^exponent, in the base's type; integers are multiplied out.
static Value power(OpBuilder &b, Location loc, ValueRange args, ElementKind base,
                   ElementKind exponent) {
  if (isFloat(base))
    return math::PowFOp::create(b, loc, args[0],
                                castScalar(b, loc, args[1], exponent, ElementKind::F32));
  if (isFloat(exponent)) {
    Value real =
        math::PowFOp::create(b, loc, castScalar(b, loc, args[0], base, ElementKind::F32), args[1]);
    return castScalar(b, loc, real, ElementKind::F32, base);
  }
  Value count = args[1];
  if (count.getType() != args[0].getType())
    count = castScalar(b, loc, count, exponent, base);
  return math::IPowIOp::create(b, loc, args[0], count);
}

/// The exponent may be of another type than the base; squares stay exact multiplications.
static LogicalResult convertPow(Node &node) {
  if (failed(node.expectInputs(2, 2)))
    return failure();
  static constexpr ElementwiseOp pow = {
      "Pow", 7, Form::Binary, Floats, nullptr, [](double a, double b) { return std::pow(a, b); }};
  ElementKind base = node.input(0).kind, exponent = node.input(1).kind;
  if (!(Numbers & familyOf(base)) || !(Numbers & familyOf(exponent)))
    return node.error() << "its inputs have element types " << elementName(base) << " and "
                        << elementName(exponent) << ", supported are numbers";
  if (isFloat(base) && isFloat(exponent) && canFold(node, pow)) {
    FailureOr<HostTensor> result = fold(node, pow, base);
    return failed(result) ? failure() : node.setResult(std::move(*result));
  }
  const HostTensor *constant = node.constant(1);
  if (constant && constant->count() == 1 && constant->asDouble(0) == 2.0 &&
      elementCount(node.input(0).shape) != 0 && isFloat(base) &&
      constant->rank() <= node.input(0).rank())
    return buildNumbers(node, {0}, base, [](OpBuilder &b, Location loc, ValueRange args) -> Value {
      return arith::MulFOp::create(b, loc, args[0], args[0]);
    });
  return buildNumbers(node, {0, 1}, base, [&](OpBuilder &b, Location loc, ValueRange args) {
    return power(b, loc, args, base, exponent);
  });
}

/// Mod: the remainder has the sign of the divisor, or with `fmod` that of the dividend, as C's
/// fmod.
static LogicalResult convertMod(Node &node) {
  if (failed(node.expectInputs(2, 2)) || failed(checkKinds(node, Numbers)))
    return failure();
  ElementKind kind = node.input(0).kind;
  bool truncated = node.intAttribute("fmod", 0) != 0;
  if (isFloat(kind) && !truncated)
    return node.unsupportedAttribute("fmod", "0 for floats", "1");
  return buildNumbers(node, {0, 1}, kind,
                      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                        if (isFloat(kind))
                          return arith::RemFOp::create(b, loc, args[0], args[1]);
                        if (kind == ElementKind::U64)
                          return arith::RemUIOp::create(b, loc, args[0], args[1]);
                        Value rest = arith::RemSIOp::create(b, loc, args[0], args[1]);
                        if (truncated || isUnsigned(kind))
                          return rest;
                        // A rest of the other sign than the divisor's moves by one divisor.
                        Value zero = constantLike(b, loc, rest, 0);
                        Value signs = arith::XOrIOp::create(b, loc, rest, args[1]);
                        Value differs = arith::CmpIOp::create(b, loc, CmpI::slt, signs, zero);
                        Value isRest = arith::CmpIOp::create(b, loc, CmpI::ne, rest, zero);
                        Value moves = arith::AndIOp::create(b, loc, differs, isRest);
                        Value moved = arith::AddIOp::create(b, loc, rest, args[1]);
                        return arith::SelectOp::create(b, loc, moves, moved, rest);
                      });
}

static LogicalResult convertBitShift(Node &node) {
  if (failed(node.expectInputs(2, 2)) || failed(checkKinds(node, Integers)))
    return failure();
  std::string direction = node.stringAttribute("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return node.unsupportedAttribute("direction", "'" + direction + "'", "LEFT and RIGHT");
  ElementKind kind = node.input(0).kind;
  return buildNumbers(
      node, {0, 1}, kind, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        if (direction == "LEFT")
          return arith::ShLIOp::create(b, loc, args[0], args[1]);
        return kind == ElementKind::U64 ? Value(arith::ShRUIOp::create(b, loc, args[0], args[1]))
                                        : Value(arith::ShRSIOp::create(b, loc, args[0], args[1]));
      });
}

static LogicalResult convertIsInf(Node &node) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)))
    return failure();
  bool positive = node.intAttribute("detect_positive", 1) != 0,
       negative = node.intAttribute("detect_negative", 1) != 0;
  return buildNumbers(
      node, {0}, ElementKind::Bool, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        double infinity = std::numeric_limits<double>::infinity();
        Value x = args[0];
        if (positive && negative)
          x = math::AbsFOp::create(b, loc, x);
        if (!positive && negative)
          x = arith::NegFOp::create(b, loc, x);
        if (!positive && !negative)
          return scalarConstant(b, loc, b.getI1Type(), 0);
        return arith::CmpFOp::create(b, loc, CmpF::OEQ, x, constantLike(b, loc, x, infinity));
      });
}

static LogicalResult convertMean(Node &node) {
  if (failed(node.expectInputs(1, std::numeric_limits<size_t>::max())) ||
      failed(checkKinds(node, Floats)))
    return failure();
  SmallVector<size_t> indices = llvm::to_vector(llvm::seq<size_t>(0, node.inputCount()));
  return buildNumbers(node, indices, ElementKind::F32,
                      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                        Value sum = args[0];
                        for (Value next : args.drop_front())
                          sum = arith::AddFOp::create(b, loc, sum, next);
                        if (args.size() == 1)
                          return sum;
                        Value count = constantLike(b, loc, sum, static_cast<double>(args.size()));
                        return arith::DivFOp::create(b, loc, sum, count);
                      });
}

static LogicalResult convertWhere(Node &node) {
  if (failed(node.expectInputs(3, 3)))
    return failure();
  ElementKind kind = graphKind(node.input(1).kind);
  if (node.input(0).kind != ElementKind::Bool || graphKind(node.input(2).kind) != graphKind(kind))
    return node.error() << "its inputs have element types " << elementName(node.input(0).kind)
                        << ", " << elementName(kind) << " and " << elementName(node.input(2).kind)
                        << ", must be bool and twice the same";
  if (node.allConstant()) {
    Shape shape;
    if (!broadcastShapes(node.input(0).shape, node.input(1).shape, shape) ||
        !broadcastShapes(shape, node.input(2).shape, shape) || elementCount(shape) > maxFolded)
      return node.error() << "its constant inputs do not broadcast to a reasonable shape";
    HostTensor condition = node.constant(0)->broadcast(shape),
               yes = node.constant(1)->broadcast(shape), no = node.constant(2)->broadcast(shape);
    std::vector<double> reals;
    std::vector<int64_t> integers;
    for (int64_t i = 0, end = elementCount(shape); i < end; ++i) {
      const HostTensor &from = condition.asInt(i) ? yes : no;
      isFloat(kind) ? reals.push_back(from.asDouble(i)) : integers.push_back(from.asInt(i));
    }
    return node.setResult(isFloat(kind) ? HostTensor::fromDoubles(kind, shape, reals)
                                        : HostTensor::fromInts(kind, shape, integers));
  }
  FailureOr<Value> result =
      node.elementwise({0, 1, 2}, kind, [](OpBuilder &b, Location loc, ValueRange args) -> Value {
        return arith::SelectOp::create(b, loc, args[0], args[1], args[2]);
      });
  return failed(result) ? failure() : node.setResult(*result, kind);
}

/// Inputs: a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point.
template <typename Op> static LogicalResult convertQLinearBinary(Node &node) {
  if (failed(node.expectInputs(7, 8)))
    return failure();
  FailureOr<TensorValue> left = dequantizeInput(node, 0, 1, 2, -1),
                         right = dequantizeInput(node, 3, 4, 5, -1);
  if (failed(left) || failed(right))
    return failure();
  Shape shape;
  if (!broadcastShapes(left->shape, right->shape, shape))
    return node.error() << "shapes " << printShape(left->shape) << " and "
                        << printShape(right->shape) << " do not broadcast";
  Value a = node.context.materialize(*left, node.loc, "a"),
        b = node.context.materialize(*right, node.loc, "b");
  Value result = buildElementwise(node.builder, node.loc, {a, b}, shape, node.builder.getF32Type(),
                                  [](OpBuilder &nested, Location loc, ValueRange args) -> Value {
                                    return Op::create(nested, loc, args[0], args[1]);
                                  });
  return setQuantizedResult(node, result, 6, 7);
}

ArrayRef<OpEntry> elementwiseOps() {
  static const std::vector<OpEntry> table = [] {
    std::vector<OpEntry> rows = {
        {"", "Pow", 7, convertPow},
        {"", "Mod", 10, convertMod},
        {"", "BitShift", 11, convertBitShift},
        {"", "IsInf", 10, convertIsInf},
        {"", "Mean", 6, convertMean},
        {"", "Where", 9, convertWhere},
        {"com.microsoft", "QLinearAdd", 1, convertQLinearBinary<arith::AddFOp>},
        {"com.microsoft", "QLinearMul", 1, convertQLinearBinary<arith::MulFOp>},
        {"", "QLinearAdd", 1, convertQLinearBinary<arith::AddFOp>},
        {"", "QLinearMul", 1, convertQLinearBinary<arith::MulFOp>}};
    for (const ElementwiseOp &op : opTable)
      rows.push_back({"", op.name, op.sinceVersion, convertTableOp});
    return rows;
  }();
  return table;
}

} // namespace cimc::frontend
