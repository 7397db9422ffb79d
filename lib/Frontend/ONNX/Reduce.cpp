//===- Reduce.cpp - Reductions ----------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// TOSA reduces one axis at a time and keeps it. A mean over exactly the map of an image is a pool
// over the whole map.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"
#include "OpTable.h"

#include "cimc/Transforms/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <limits>
#include <numeric>

using namespace mlir;

namespace cimc::frontend {

/// The axes to reduce, sorted; `axes` is an attribute or, later, input 1.
static FailureOr<std::vector<int64_t>> readAxes(Node &node) {
  bool present = false;
  FailureOr<std::vector<int64_t>> axes = node.intsFromAttributeOrInput("axes", 1, present);
  if (failed(axes))
    return failure();
  int64_t rank = node.input(0).rank();
  if (!present || axes->empty()) {
    if (node.intAttribute("noop_with_empty_axes", 0) != 0)
      return std::vector<int64_t>();
    std::vector<int64_t> all(rank);
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  for (int64_t &axis : *axes) {
    FailureOr<int64_t> normal = node.normalizeAxis(axis, rank);
    if (failed(normal))
      return failure();
    axis = *normal;
  }
  llvm::sort(*axes);
  axes->erase(std::unique(axes->begin(), axes->end()), axes->end());
  return axes;
}

template <typename Op>
static Value reduceAxes(Node &node, Value value, const std::vector<int64_t> &axes) {
  for (int64_t axis : axes) {
    Shape shape = shapeOf(value).vec();
    shape[axis] = 1;
    value = Op::create(node.builder, node.loc, cast<RankedTensorType>(value.getType()).clone(shape),
                       value, node.builder.getI32IntegerAttr(static_cast<int32_t>(axis)));
  }
  return value;
}

/// The mean over H and W of an image in ONNX's order of dimensions.
static Value meanOverMap(Node &node, Value value) {
  value = buildTranspose(node.builder, node.loc, value, {0, 2, 3, 1});
  Shape shape = shapeOf(value).vec();
  Value zero = makeScalar(node.builder, node.loc, node.builder.getF32Type(), 0.0);
  auto type = RankedTensorType::get({shape[0], 1, 1, shape[3]}, node.builder.getF32Type());
  Value pooled = tosa::AvgPool2dOp::create(
      node.builder, node.loc, type, value, zero, zero, ArrayRef<int64_t>{shape[1], shape[2]},
      ArrayRef<int64_t>{1, 1}, ArrayRef<int64_t>{0, 0, 0, 0}, node.builder.getF32Type());
  return buildTranspose(node.builder, node.loc, pooled, {0, 3, 1, 2});
}

static Value divideBy(Node &node, Value value, int64_t count) {
  return buildElementwise(
      node.builder, node.loc, value, shapeOf(value).vec(), node.builder.getF32Type(),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value divisor = scalarConstant(b, loc, args[0].getType(), static_cast<double>(count));
        return arith::DivFOp::create(b, loc, args[0], divisor);
      });
}

static Value meanOver(Node &node, Value value, const std::vector<int64_t> &axes) {
  if (shapeOf(value).size() == 4 && axes == std::vector<int64_t>{2, 3})
    return meanOverMap(node, value);
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= shapeOf(value)[axis];
  Value sum = reduceAxes<tosa::ReduceSumOp>(node, value, axes);
  return count == 1 ? sum : divideBy(node, sum, count);
}

static Value sumOver(Node &node, Value value, const std::vector<int64_t> &axes) {
  return reduceAxes<tosa::ReduceSumOp>(node, value, axes);
}
static Value maxOver(Node &node, Value value, const std::vector<int64_t> &axes) {
  return reduceAxes<tosa::ReduceMaxOp>(node, value, axes);
}
static Value minOver(Node &node, Value value, const std::vector<int64_t> &axes) {
  return reduceAxes<tosa::ReduceMinOp>(node, value, axes);
}
static Value productOver(Node &node, Value value, const std::vector<int64_t> &axes) {
  return reduceAxes<tosa::ReduceProductOp>(node, value, axes);
}

static Value squares(Node &node, Value value) {
  return buildFormula(node, value,
                      [](const FloatScalars &s, ValueRange x) { return s.mul(x[0], x[0]); });
}
static Value logarithm(Node &node, Value value) {
  return buildFormula(node, value, [](const FloatScalars &s, ValueRange x) { return s.log(x[0]); });
}
static Value sumOfMagnitudes(Node &node, Value value, const std::vector<int64_t> &axes) {
  Value magnitudes =
      buildFormula(node, value, [](const FloatScalars &s, ValueRange x) { return s.abs(x[0]); });
  return buildSum(node, magnitudes, axes);
}
static Value sumOfSquares(Node &node, Value value, const std::vector<int64_t> &axes) {
  return buildSum(node, squares(node, value), axes);
}
static Value euclideanNorm(Node &node, Value value, const std::vector<int64_t> &axes) {
  return buildFormula(node, sumOfSquares(node, value, axes),
                      [](const FloatScalars &s, ValueRange x) { return s.sqrt(x[0]); });
}
static Value logOfSum(Node &node, Value value, const std::vector<int64_t> &axes) {
  return logarithm(node, buildSum(node, value, axes));
}
/// The largest element is taken out, so that no exponential overflows, unless it is infinite, which
/// the sum then is too.
static Value logOfSumOfExponentials(Node &node, Value value, const std::vector<int64_t> &axes) {
  Value peak =
      buildFormula(node, buildMaximum(node, value, axes), [](const FloatScalars &s, ValueRange x) {
        double infinity = std::numeric_limits<double>::infinity();
        return s.choose(arith::CmpFPredicate::OEQ, s.abs(x[0]), infinity, s.constant(0.0), x[0]);
      });
  Value powers = buildFormula(node, {value, peak}, [](const FloatScalars &s, ValueRange x) {
    return s.exp(s.sub(x[0], x[1]));
  });
  Value log = logarithm(node, buildSum(node, powers, axes));
  return buildFormula(node, {log, peak},
                      [](const FloatScalars &s, ValueRange x) { return s.add(x[0], x[1]); });
}

/// Products of shapes are computed at import.
static LogicalResult foldProduct(Node &node, const std::vector<int64_t> &axes,
                                 const HostTensor &data) {
  if (axes.size() != data.shape().size() || isFloat(data.kind()))
    return node.error() << "its input is a constant, only products over all of an integer tensor "
                           "are computed at import";
  uint64_t product = 1;
  for (int64_t value : data.ints())
    product *= static_cast<uint64_t>(value);
  Shape shape = node.intAttribute("keepdims", 1) ? Shape(axes.size(), 1) : Shape();
  return node.setResult(HostTensor::fromInts(data.kind(), shape, {static_cast<int64_t>(product)}));
}

static LogicalResult convertReduce(Node &node,
                                   Value (*reduce)(Node &, Value, const std::vector<int64_t> &)) {
  if (failed(node.expectInputs(1, 2)))
    return failure();
  FailureOr<std::vector<int64_t>> axes = readAxes(node);
  if (failed(axes))
    return failure();
  if (const HostTensor *data = node.constant(0); data && node.info.op == "ReduceProd")
    return foldProduct(node, *axes, *data);
  if (failed(node.expectFloat(0)))
    return failure();
  Value value = reduce(node, node.value(0), *axes);
  if (node.intAttribute("keepdims", 1) == 0) {
    Shape shape;
    for (auto [d, dim] : llvm::enumerate(shapeOf(value)))
      if (!llvm::is_contained(*axes, static_cast<int64_t>(d)))
        shape.push_back(dim);
    value = buildReshape(node.builder, node.loc, value, shape);
  }
  return node.setResult(value, ElementKind::F32);
}

static LogicalResult convertReduceMean(Node &node) { return convertReduce(node, meanOver); }
static LogicalResult convertReduceSum(Node &node) { return convertReduce(node, sumOver); }
static LogicalResult convertReduceMax(Node &node) { return convertReduce(node, maxOver); }
static LogicalResult convertReduceMin(Node &node) { return convertReduce(node, minOver); }
static LogicalResult convertReduceProd(Node &node) { return convertReduce(node, productOver); }

template <Value (*reduce)(Node &, Value, const std::vector<int64_t> &)>
static LogicalResult convertReduceBy(Node &node) {
  return convertReduce(node, reduce);
}

/// LpNormalization: divided by the norm along one axis; where that is 0 so is the result.
static LogicalResult convertLpNormalization(Node &node) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)))
    return failure();
  FailureOr<int64_t> axis = node.normalizeAxis(node.intAttribute("axis", -1), node.input(0).rank());
  int64_t p = node.intAttribute("p", 2);
  if (failed(axis))
    return failure();
  if (p != 1 && p != 2)
    return node.unsupportedAttribute("p", std::to_string(p), "1 and 2");
  Value value = node.value(0);
  Value norm = p == 1 ? sumOfMagnitudes(node, value, {*axis}) : euclideanNorm(node, value, {*axis});
  Value result = buildFormula(node, {value, norm}, [](const FloatScalars &s, ValueRange x) {
    return s.div(x[0], s.choose(arith::CmpFPredicate::OEQ, x[1], 0.0, s.constant(1.0), x[1]));
  });
  return node.setResult(result, ElementKind::F32);
}

ArrayRef<OpEntry> reduceOps() {
  static const OpEntry table[] = {
      {"", "ReduceMean", 1, convertReduceMean},
      {"", "ReduceSum", 1, convertReduceSum},
      {"", "ReduceMax", 1, convertReduceMax},
      {"", "ReduceMin", 1, convertReduceMin},
      {"", "ReduceProd", 1, convertReduceProd},
      {"", "ReduceL1", 1, convertReduceBy<sumOfMagnitudes>},
      {"", "ReduceL2", 1, convertReduceBy<euclideanNorm>},
      {"", "ReduceSumSquare", 1, convertReduceBy<sumOfSquares>},
      {"", "ReduceLogSum", 1, convertReduceBy<logOfSum>},
      {"", "ReduceLogSumExp", 1, convertReduceBy<logOfSumOfExponentials>},
      {"", "LpNormalization", 1, convertLpNormalization}};
  return table;
}

} // namespace cimc::frontend
