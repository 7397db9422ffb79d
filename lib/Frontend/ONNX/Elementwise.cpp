//===- Elementwise.cpp - Elementwise ops ------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each op has two descriptions: the body of a `linalg.generic`, and, where models compute shapes or
// weights with it, a function on host numbers that folds constants.
//
//===--------------------------------------------------------------------------===//

#include "Layers.h"
#include "OpTable.h"

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

/// One op on one, two or (left to right) many operands.
struct ElementwiseOp {
  const char *name;
  Body body;
  FoldFloat foldFloat;
  FoldInt foldInt; // null: floats only
};
} // namespace

//===--------------------------------------------------------------------------===//
// Bodies
//===--------------------------------------------------------------------------===//

template <typename FloatOp, typename IntOp>
static Value binary(OpBuilder &b, Location loc, ValueRange args) {
  if (isa<FloatType>(args[0].getType()))
    return FloatOp::create(b, loc, args[0], args[1]);
  return IntOp::create(b, loc, args[0], args[1]);
}

template <typename Op> static Value unary(OpBuilder &b, Location loc, ValueRange args) {
  return Op::create(b, loc, args[0]);
}

static Value constantLike(OpBuilder &b, Location loc, Value like, double value) {
  return scalarConstant(b, loc, like.getType(), value);
}

static Value relu(OpBuilder &b, Location loc, ValueRange args) {
  Value zero = constantLike(b, loc, args[0], 0.0);
  if (isa<FloatType>(args[0].getType()))
    return arith::MaximumFOp::create(b, loc, args[0], zero);
  return arith::MaxSIOp::create(b, loc, args[0], zero);
}

static Value sigmoid(OpBuilder &b, Location loc, ValueRange args) {
  Value one = constantLike(b, loc, args[0], 1.0);
  Value negated = arith::NegFOp::create(b, loc, args[0]);
  Value exponential = math::ExpOp::create(b, loc, negated);
  Value sum = arith::AddFOp::create(b, loc, one, exponential);
  return arith::DivFOp::create(b, loc, one, sum);
}

static Value reciprocal(OpBuilder &b, Location loc, ValueRange args) {
  return arith::DivFOp::create(b, loc, constantLike(b, loc, args[0], 1.0), args[0]);
}

static Value negate(OpBuilder &b, Location loc, ValueRange args) {
  if (isa<FloatType>(args[0].getType()))
    return arith::NegFOp::create(b, loc, args[0]);
  return arith::SubIOp::create(b, loc, constantLike(b, loc, args[0], 0.0), args[0]);
}

static Value absolute(OpBuilder &b, Location loc, ValueRange args) {
  if (isa<FloatType>(args[0].getType()))
    return math::AbsFOp::create(b, loc, args[0]);
  return math::AbsIOp::create(b, loc, args[0]);
}

template <arith::CmpFPredicate floatPredicate, arith::CmpIPredicate intPredicate>
static Value compare(OpBuilder &b, Location loc, ValueRange args) {
  if (isa<FloatType>(args[0].getType()))
    return arith::CmpFOp::create(b, loc, floatPredicate, args[0], args[1]);
  return arith::CmpIOp::create(b, loc, intPredicate, args[0], args[1]);
}

static Value logicalNot(OpBuilder &b, Location loc, ValueRange args) {
  return arith::XOrIOp::create(b, loc, args[0], constantLike(b, loc, args[0], 1.0));
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

static double foldOne(const ElementwiseOp &op, double a, double b, ElementKind kind) {
  double value = op.foldFloat(a, b);
  return kind == ElementKind::F32 ? static_cast<float>(value) : value;
}

/// `a op b` with broadcasting, for constants of one kind.
static HostTensor foldBinary(const ElementwiseOp &op, const HostTensor &a, const HostTensor &b,
                             const Shape &shape, ElementKind kind) {
  if (a.isSplat() && b.isSplat() && isFloat(a.kind()))
    return HostTensor::splat(kind, shape, foldOne(op, a.asDouble(0), b.asDouble(0), kind));
  HostTensor left = a.broadcast(shape), right = b.broadcast(shape);
  size_t count = elementCount(shape);
  if (isFloat(a.kind())) {
    std::vector<double> values(count);
    for (size_t i = 0; i < count; ++i)
      values[i] = foldOne(op, left.asDouble(i), right.asDouble(i), kind);
    return HostTensor::fromDoubles(kind, shape, values);
  }
  std::vector<int64_t> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = op.foldInt(left.asInt(i), right.asInt(i));
  return HostTensor::fromInts(kind, shape, values);
}

static bool canFold(Node &node, const ElementwiseOp &op) {
  if (!op.foldFloat || !node.allConstant())
    return false;
  for (size_t i = 0; i < node.inputCount(); ++i)
    if (!isFloat(node.input(i).kind) && !op.foldInt)
      return false;
  return true;
}

/// The ONNX rule that all operands have one element type, and that bytes take no part in
/// arithmetic.
static LogicalResult checkKinds(Node &node, const ElementwiseOp &op) {
  ElementKind kind = node.input(0).kind;
  for (size_t i = 1; i < node.inputCount(); ++i)
    if (node.input(i).kind != kind)
      return node.error() << "its inputs have element types " << elementName(kind) << " and "
                          << elementName(node.input(i).kind) << ", must be the same";
  bool allowed =
      isFloat(kind) || (op.foldInt && (kind == ElementKind::I32 || kind == ElementKind::I64 ||
                                       kind == ElementKind::Bool));
  if (allowed)
    return success();
  return node.error() << "its input has element type " << elementName(kind)
                      << ", supported is float" << (op.foldInt ? ", int32 and int64" : "");
}

static LogicalResult convert(Node &node, const ElementwiseOp &op, size_t least, size_t most,
                             bool toBool) {
  if (failed(node.expectInputs(least, most)) || failed(checkKinds(node, op)))
    return failure();
  ElementKind kind = node.input(0).kind, resultKind = toBool ? ElementKind::Bool : kind;
  size_t count = node.inputCount();
  if (canFold(node, op)) {
    HostTensor result = *node.constant(0);
    if (count == 1)
      result = foldBinary(op, result, result, result.shape(), resultKind);
    for (size_t i = 1; i < count; ++i) {
      Shape shape;
      if (!broadcastShapes(result.shape(), node.input(i).shape, shape))
        return node.error() << "shapes " << printShape(result.shape()) << " and "
                            << printShape(node.input(i).shape) << " do not broadcast";
      if (elementCount(shape) > maxFolded)
        return node.error() << "its constant result of shape " << printShape(shape)
                            << " is too large";
      result = foldBinary(op, result, *node.constant(i), shape, resultKind);
    }
    return node.setResult(std::move(result));
  }
  SmallVector<size_t> indices = llvm::to_vector(llvm::seq<size_t>(0, count));
  FailureOr<Value> result =
      node.elementwise(indices, resultKind, [&](OpBuilder &b, Location loc, ValueRange args) {
        if (args.size() <= 2)
          return op.body(b, loc, args);
        Value value = args[0];
        for (Value next : args.drop_front())
          value = op.body(b, loc, {value, next});
        return value;
      });
  return failed(result) ? failure() : node.setResult(*result, resultKind);
}

//===--------------------------------------------------------------------------===//
// The ops
//===--------------------------------------------------------------------------===//

using CmpF = arith::CmpFPredicate;
using CmpI = arith::CmpIPredicate;

static double positivePart(double a, double) { return a > 0 ? a : a != a ? a : 0; }

static constexpr ElementwiseOp unaryTable[] = {
    {"Relu", relu, positivePart, [](int64_t a, int64_t) { return std::max<int64_t>(a, 0); }},
    {"Sigmoid", sigmoid, [](double a, double) { return 1 / (1 + std::exp(-a)); }, nullptr},
    {"Tanh", unary<math::TanhOp>, [](double a, double) { return std::tanh(a); }, nullptr},
    {"Exp", unary<math::ExpOp>, [](double a, double) { return std::exp(a); }, nullptr},
    {"Log", unary<math::LogOp>, [](double a, double) { return std::log(a); }, nullptr},
    {"Sqrt", unary<math::SqrtOp>, [](double a, double) { return std::sqrt(a); }, nullptr},
    {"Floor", unary<math::FloorOp>, [](double a, double) { return std::floor(a); }, nullptr},
    {"Ceil", unary<math::CeilOp>, [](double a, double) { return std::ceil(a); }, nullptr},
    {"Round", unary<math::RoundEvenOp>, [](double a, double) { return std::nearbyint(a); },
     nullptr},
    {"Erf", unary<math::ErfOp>, [](double a, double) { return std::erf(a); }, nullptr},
    {"Reciprocal", reciprocal, [](double a, double) { return 1 / a; }, nullptr},
    {"Neg", negate, [](double a, double) { return -a; },
     [](int64_t a, int64_t) { return wrapSub(0, a); }},
    {"Abs", absolute, [](double a, double) { return std::fabs(a); },
     [](int64_t a, int64_t) { return a < 0 ? wrapSub(0, a) : a; }},
    {"Not", logicalNot, [](double a, double) -> double { return a == 0; },
     [](int64_t a, int64_t) -> int64_t { return a == 0; }},
};

static constexpr ElementwiseOp binaryTable[] = {
    {"Add", binary<arith::AddFOp, arith::AddIOp>, [](double a, double b) { return a + b; },
     wrapAdd},
    {"Sub", binary<arith::SubFOp, arith::SubIOp>, [](double a, double b) { return a - b; },
     wrapSub},
    {"Mul", binary<arith::MulFOp, arith::MulIOp>, [](double a, double b) { return a * b; },
     wrapMul},
    {"Div", binary<arith::DivFOp, arith::DivSIOp>, [](double a, double b) { return a / b; },
     safeDiv},
    {"And", binary<arith::AddFOp, arith::AndIOp>,
     [](double a, double b) -> double { return a && b; },
     [](int64_t a, int64_t b) -> int64_t { return a && b; }},
    {"Or", binary<arith::AddFOp, arith::OrIOp>, [](double a, double b) -> double { return a || b; },
     [](int64_t a, int64_t b) -> int64_t { return a || b; }},
};

static constexpr ElementwiseOp variadicTable[] = {
    {"Sum", binary<arith::AddFOp, arith::AddIOp>, [](double a, double b) { return a + b; },
     wrapAdd},
    {"Max", binary<arith::MaximumFOp, arith::MaxSIOp>,
     [](double a, double b) { return a > b || a != a ? a : b; },
     [](int64_t a, int64_t b) { return std::max(a, b); }},
    {"Min", binary<arith::MinimumFOp, arith::MinSIOp>,
     [](double a, double b) { return a < b || a != a ? a : b; },
     [](int64_t a, int64_t b) { return std::min(a, b); }},
};

static constexpr ElementwiseOp compareTable[] = {
    {"Less", compare<CmpF::OLT, CmpI::slt>, [](double a, double b) -> double { return a < b; },
     [](int64_t a, int64_t b) -> int64_t { return a < b; }},
    {"LessOrEqual", compare<CmpF::OLE, CmpI::sle>,
     [](double a, double b) -> double { return a <= b; },
     [](int64_t a, int64_t b) -> int64_t { return a <= b; }},
    {"Greater", compare<CmpF::OGT, CmpI::sgt>, [](double a, double b) -> double { return a > b; },
     [](int64_t a, int64_t b) -> int64_t { return a > b; }},
    {"GreaterOrEqual", compare<CmpF::OGE, CmpI::sge>,
     [](double a, double b) -> double { return a >= b; },
     [](int64_t a, int64_t b) -> int64_t { return a >= b; }},
    {"Equal", compare<CmpF::OEQ, CmpI::eq>, [](double a, double b) -> double { return a == b; },
     [](int64_t a, int64_t b) -> int64_t { return a == b; }},
};

static const ElementwiseOp &findOp(ArrayRef<ElementwiseOp> table, llvm::StringRef name) {
  return *llvm::find_if(table, [&](const ElementwiseOp &op) { return name == op.name; });
}

static LogicalResult convertUnary(Node &node) {
  return convert(node, findOp(unaryTable, node.info.op), 1, 1, false);
}
static LogicalResult convertBinary(Node &node) {
  return convert(node, findOp(binaryTable, node.info.op), 2, 2, false);
}
static LogicalResult convertVariadic(Node &node) {
  return convert(node, findOp(variadicTable, node.info.op), 1, std::numeric_limits<size_t>::max(),
                 false);
}
static LogicalResult convertCompare(Node &node) {
  return convert(node, findOp(compareTable, node.info.op), 2, 2, true);
}

/// The exponent may be of another type than the base; squares stay exact multiplications.
static LogicalResult convertPow(Node &node) {
  if (failed(node.expectInputs(2, 2)))
    return failure();
  static constexpr ElementwiseOp pow = {"Pow", binary<math::PowFOp, math::IPowIOp>,
                                        [](double a, double b) { return std::pow(a, b); }, nullptr};
  const HostTensor *exponent = node.constant(1);
  if (exponent && !node.constant(0) && exponent->count() == 1 && exponent->asDouble(0) == 2.0 &&
      isFloat(node.input(0).kind)) {
    FailureOr<Value> square = node.elementwise(
        {0}, ElementKind::F32, [](OpBuilder &b, Location loc, ValueRange args) -> Value {
          return arith::MulFOp::create(b, loc, args[0], args[0]);
        });
    return failed(square) ? failure() : node.setResult(*square, ElementKind::F32);
  }
  return convert(node, pow, 2, 2, false);
}

static LogicalResult convertLeakyRelu(Node &node) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)))
    return failure();
  float alpha = node.floatAttribute("alpha", 0.01f);
  FailureOr<Value> result = node.elementwise(
      {0}, ElementKind::F32, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value zero = constantLike(b, loc, args[0], 0.0),
              slope = constantLike(b, loc, args[0], alpha);
        Value positive = arith::CmpFOp::create(b, loc, CmpF::OGE, args[0], zero);
        Value scaled = arith::MulFOp::create(b, loc, args[0], slope);
        return arith::SelectOp::create(b, loc, positive, args[0], scaled);
      });
  return failed(result) ? failure() : node.setResult(*result, ElementKind::F32);
}

/// One bound of Clip: an attribute up to opset 10, a constant input since.
static FailureOr<std::optional<double>> clipBound(Node &node, const char *name, size_t index) {
  if (node.opset() < 11) {
    const AttributeValue *value = node.attribute(name);
    return value ? std::optional<double>(value->real) : std::nullopt;
  }
  if (!node.hasInput(index))
    return std::optional<double>();
  const HostTensor *bound = node.constant(index);
  if (!bound || bound->count() != 1)
    return node.error() << "its bound '" << node.info.inputs[index]
                        << "' must be a constant scalar";
  return std::optional<double>(bound->asDouble(0));
}

/// A constant between two bounds; the upper one wins.
static HostTensor clipped(const HostTensor &data, std::optional<double> low,
                          std::optional<double> high) {
  std::vector<double> values(data.count());
  for (size_t i = 0; i < values.size(); ++i) {
    double value = data.asDouble(i);
    value = low && value < *low ? *low : value;
    values[i] = high && value > *high ? *high : value;
  }
  return HostTensor::fromDoubles(data.kind(), data.shape(), values);
}

static LogicalResult convertClip(Node &node) {
  if (failed(node.expectInputs(1, 3)) || failed(node.expectFloat(0)))
    return failure();
  FailureOr<std::optional<double>> low = clipBound(node, "min", 1),
                                   high = clipBound(node, "max", 2);
  if (failed(low) || failed(high))
    return failure();
  if (const HostTensor *data = node.constant(0))
    return node.setResult(clipped(*data, *low, *high));
  // The default bounds of old versions are the largest finite numbers: no bound.
  double largest = std::numeric_limits<float>::max();
  FailureOr<Value> result = node.elementwise(
      {0}, ElementKind::F32, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value value = args[0];
        if (*low && **low > -largest)
          value = arith::MaximumFOp::create(b, loc, value, constantLike(b, loc, value, **low));
        if (*high && **high < largest)
          value = arith::MinimumFOp::create(b, loc, value, constantLike(b, loc, value, **high));
        return value;
      });
  return failed(result) ? failure() : node.setResult(*result, ElementKind::F32);
}

static LogicalResult convertWhere(Node &node) {
  if (failed(node.expectInputs(3, 3)))
    return failure();
  ElementKind kind = node.input(1).kind;
  if (node.input(0).kind != ElementKind::Bool || node.input(2).kind != kind)
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
        {"", "LeakyRelu", 6, convertLeakyRelu},
        {"", "Clip", 6, convertClip},
        {"", "Where", 9, convertWhere},
        {"com.microsoft", "QLinearAdd", 1, convertQLinearBinary<arith::AddFOp>},
        {"com.microsoft", "QLinearMul", 1, convertQLinearBinary<arith::MulFOp>},
        {"", "QLinearAdd", 1, convertQLinearBinary<arith::AddFOp>},
        {"", "QLinearMul", 1, convertQLinearBinary<arith::MulFOp>}};
    for (const ElementwiseOp &op : unaryTable)
      rows.push_back({"", op.name, 1, convertUnary});
    for (const ElementwiseOp &op : binaryTable)
      rows.push_back({"", op.name, 7, convertBinary});
    for (const ElementwiseOp &op : variadicTable)
      rows.push_back({"", op.name, 6, convertVariadic});
    for (const ElementwiseOp &op : compareTable)
      rows.push_back({"", op.name, 7, convertCompare});
    return rows;
  }();
  return table;
}

} // namespace cimc::frontend
