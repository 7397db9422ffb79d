//===- Formula.cpp - Float tensors in formulas -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each scalar is one op of arith or math, so the order of rounding is that of the formula.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace cimc::frontend {

Value FloatScalars::constant(double value) const {
  return scalarConstant(builder, loc, builder.getF32Type(), value);
}
Value FloatScalars::add(Value a, Value b) const {
  return arith::AddFOp::create(builder, loc, a, b);
}
Value FloatScalars::sub(Value a, Value b) const {
  return arith::SubFOp::create(builder, loc, a, b);
}
Value FloatScalars::mul(Value a, Value b) const {
  return arith::MulFOp::create(builder, loc, a, b);
}
Value FloatScalars::div(Value a, Value b) const {
  return arith::DivFOp::create(builder, loc, a, b);
}
Value FloatScalars::max(Value a, Value b) const {
  return arith::MaximumFOp::create(builder, loc, a, b);
}
Value FloatScalars::min(Value a, Value b) const {
  return arith::MinimumFOp::create(builder, loc, a, b);
}
Value FloatScalars::pow(Value a, Value b) const { return math::PowFOp::create(builder, loc, a, b); }
Value FloatScalars::abs(Value a) const { return math::AbsFOp::create(builder, loc, a); }
Value FloatScalars::neg(Value a) const { return arith::NegFOp::create(builder, loc, a); }
Value FloatScalars::exp(Value a) const { return math::ExpOp::create(builder, loc, a); }
Value FloatScalars::log(Value a) const { return math::LogOp::create(builder, loc, a); }
Value FloatScalars::roundEven(Value a) const { return math::RoundEvenOp::create(builder, loc, a); }
Value FloatScalars::sqrt(Value a) const { return math::SqrtOp::create(builder, loc, a); }
Value FloatScalars::tanh(Value a) const { return math::TanhOp::create(builder, loc, a); }
Value FloatScalars::erf(Value a) const { return math::ErfOp::create(builder, loc, a); }
Value FloatScalars::sigmoid(Value a) const {
  Value one = constant(1);
  return div(one, add(one, exp(neg(a))));
}
Value FloatScalars::softplus(Value a) const {
  return add(max(a, 0.0), log(add(exp(neg(abs(a))), 1)));
}
Value FloatScalars::select(Value condition, Value yes, Value no) const {
  return arith::SelectOp::create(builder, loc, condition, yes, no);
}
Value FloatScalars::choose(arith::CmpFPredicate predicate, Value a, double bound, Value yes,
                           Value no) const {
  return select(arith::CmpFOp::create(builder, loc, predicate, a, constant(bound)), yes, no);
}

Value buildFormula(Node &node, ValueRange inputs, FormulaBody body) {
  Shape shape;
  for (Value input : inputs)
    broadcastShapes(Shape(shape), shapeOf(input).vec(), shape);
  return buildElementwise(node.builder, node.loc, inputs, shape, node.builder.getF32Type(),
                          [&](OpBuilder &b, Location loc, ValueRange args) {
                            return body(FloatScalars{b, loc}, args);
                          });
}

template <typename Op> static Value reduce(Node &node, Value value, ArrayRef<int64_t> axes) {
  for (int64_t axis : axes) {
    Shape shape = shapeOf(value).vec();
    if (shape[axis] == 1)
      continue;
    shape[axis] = 1;
    value = Op::create(node.builder, node.loc, cast<RankedTensorType>(value.getType()).clone(shape),
                       value, node.builder.getI32IntegerAttr(static_cast<int32_t>(axis)));
  }
  return value;
}

Value buildSum(Node &node, Value value, ArrayRef<int64_t> axes) {
  return reduce<tosa::ReduceSumOp>(node, value, axes);
}

Value buildMaximum(Node &node, Value value, ArrayRef<int64_t> axes) {
  return reduce<tosa::ReduceMaxOp>(node, value, axes);
}

Value buildMean(Node &node, Value value, ArrayRef<int64_t> axes) {
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= shapeOf(value)[axis];
  return buildFormula(node, buildSum(node, value, axes), [&](const FloatScalars &s, ValueRange x) {
    return s.div(x[0], s.constant(static_cast<double>(count)));
  });
}

LogicalResult expectElements(Node &node, size_t index) {
  const Shape &shape = node.input(index).shape;
  if (elementCount(shape) != 0)
    return success();
  return node.error() << "input '" << node.info.inputs[index] << "' has shape " << printShape(shape)
                      << ", must not be empty";
}

TensorValue tensorOf(Value value, ElementKind kind) {
  TensorValue tensor;
  tensor.kind = kind;
  tensor.shape = shapeOf(value).vec();
  tensor.value = value;
  return tensor;
}

} // namespace cimc::frontend
