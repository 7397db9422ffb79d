//===- Normalize.cpp - Normalisation and softmax ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Batch normalisation with constant statistics is one multiplication and one addition per channel.
// Softmax is written out: maximum, exponential of the difference, sum, quotient.
//
//===--------------------------------------------------------------------------===//

#include "Layers.h"
#include "OpTable.h"

#include "cimc/Transforms/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cmath>

using namespace mlir;

namespace cimc::frontend {

//===--------------------------------------------------------------------------===//
// Batch normalisation
//===--------------------------------------------------------------------------===//

static LogicalResult checkStatistics(Node &node, int64_t channels) {
  static const char *const names[] = {"scale", "bias", "mean", "variance"};
  for (size_t i = 1; i < 5; ++i) {
    const HostTensor *tensor = node.constant(i);
    if (!tensor || !isFloat(tensor->kind()) || tensor->count() != channels)
      return node.error() << "its " << names[i - 1] << " ('" << node.info.inputs[i]
                          << "') must be a constant of " << channels << " floats";
  }
  return success();
}

static LogicalResult convertBatchNormalization(Node &node) {
  if (failed(node.expectInputs(5, 5)) || failed(node.expectFloat(0)))
    return failure();
  const Shape &shape = node.input(0).shape;
  if (shape.size() < 2)
    return node.error() << "its input has shape " << printShape(shape)
                        << ", must have at least 2 dimensions";
  if (node.intAttribute("training_mode", 0) != 0)
    return node.unsupportedAttribute("training_mode", "1", "0");
  if (node.intAttribute("spatial", 1) != 1)
    return node.unsupportedAttribute("spatial", "0", "1");
  if (failed(checkStatistics(node, shape[1])))
    return failure();
  float epsilon = node.floatAttribute("epsilon", 1e-5f);
  std::vector<double> factors, offsets;
  for (int64_t c = 0; c < shape[1]; ++c) {
    double variance = node.constant(4)->asDouble(c) + epsilon;
    if (!(variance > 0))
      return node.error() << "its variance plus epsilon is " << variance << " in channel " << c
                          << ", must be positive";
    double factor = node.constant(1)->asDouble(c) / std::sqrt(variance);
    factors.push_back(factor);
    offsets.push_back(node.constant(2)->asDouble(c) - node.constant(3)->asDouble(c) * factor);
  }
  // Broadcasting is from the last dimension, so the channel vector gets trailing ones that its map
  // leaves out again.
  Value factor =
      makeConstant(node.builder, node.loc,
                   HostTensor::fromDoubles(ElementKind::F32, {shape[1]}, factors), "factor");
  Value offset =
      makeConstant(node.builder, node.loc,
                   HostTensor::fromDoubles(ElementKind::F32, {shape[1]}, offsets), "offset");
  Value result = buildPerChannel(node.builder, node.loc, {node.value(0), factor, offset}, 1,
                                 [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                                   Value scaled = arith::MulFOp::create(b, loc, args[0], args[1]);
                                   return arith::AddFOp::create(b, loc, scaled, args[2]);
                                 });
  return node.setResult(result, ElementKind::F32);
}

//===--------------------------------------------------------------------------===//
// Softmax
//===--------------------------------------------------------------------------===//

static Value elementwiseLike(Node &node, ValueRange inputs, ScalarBody body) {
  return buildElementwise(node.builder, node.loc, inputs, shapeOf(inputs[0]).vec(),
                          node.builder.getF32Type(), body);
}

Value buildSoftmax(Node &node, Value x, int64_t axis, bool logarithm) {
  OpBuilder &builder = node.builder;
  Shape reduced = shapeOf(x).vec();
  reduced[axis] = 1;
  auto type = RankedTensorType::get(reduced, builder.getF32Type());
  auto axisAttr = builder.getI32IntegerAttr(static_cast<int32_t>(axis));
  Value peak = tosa::ReduceMaxOp::create(builder, node.loc, type, x, axisAttr);
  Value shifted =
      elementwiseLike(node, {x, peak}, [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value difference = arith::SubFOp::create(b, loc, args[0], args[1]);
        return logarithm ? difference : math::ExpOp::create(b, loc, difference);
      });
  Value exponential = shifted;
  if (logarithm)
    exponential =
        elementwiseLike(node, shifted, [](OpBuilder &b, Location loc, ValueRange args) -> Value {
          return math::ExpOp::create(b, loc, args[0]);
        });
  Value sum = tosa::ReduceSumOp::create(builder, node.loc, type, exponential, axisAttr);
  return elementwiseLike(node, {shifted, sum},
                         [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                           if (!logarithm)
                             return arith::DivFOp::create(b, loc, args[0], args[1]);
                           Value log = math::LogOp::create(b, loc, args[1]);
                           return arith::SubFOp::create(b, loc, args[0], log);
                         });
}

/// Before version 13 all dimensions from `axis` on were one.
static FailureOr<Value> softmax(Node &node, Value x, bool logarithm, bool flattening) {
  Shape shape = shapeOf(x).vec();
  int64_t rank = shape.size();
  FailureOr<int64_t> axis = node.normalizeAxis(node.intAttribute("axis", flattening ? 1 : -1),
                                               std::max<int64_t>(rank, 1));
  if (failed(axis))
    return failure();
  if (!flattening)
    return buildSoftmax(node, x, *axis, logarithm);
  Shape flat = {elementCount(Shape(shape.begin(), shape.begin() + *axis)),
                elementCount(Shape(shape.begin() + *axis, shape.end()))};
  // All dimensions but one behind the axis are 1: the same as a softmax along that one.
  for (int64_t d = *axis; d < rank; ++d)
    if (shape[d] == flat[1])
      return buildSoftmax(node, x, d, logarithm);
  Value result = buildSoftmax(node, buildReshape(node.builder, node.loc, x, flat), 1, logarithm);
  return buildReshape(node.builder, node.loc, result, shape);
}

static LogicalResult convertSoftmaxAs(Node &node, bool flattening) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)))
    return failure();
  FailureOr<Value> result = softmax(node, node.value(0), node.info.op == "LogSoftmax", flattening);
  return failed(result) ? failure() : node.setResult(*result, ElementKind::F32);
}

static LogicalResult convertSoftmax(Node &node) { return convertSoftmaxAs(node, false); }
static LogicalResult convertFlatteningSoftmax(Node &node) { return convertSoftmaxAs(node, true); }

/// Inputs: x, x_scale, x_zero_point, y_scale, y_zero_point. Attribute `opset` says which version's
/// meaning holds.
static LogicalResult convertQLinearSoftmax(Node &node) {
  if (failed(node.expectInputs(4, 5)))
    return failure();
  FailureOr<TensorValue> input = dequantizeInput(node, 0, 1, 2, -1);
  if (failed(input))
    return failure();
  Value value = node.context.materialize(*input, node.loc, "input");
  FailureOr<Value> result = softmax(node, value, false, node.intAttribute("opset", 13) < 13);
  return failed(result) ? failure() : setQuantizedResult(node, *result, 3, 4);
}

ArrayRef<OpEntry> normalizeOps() {
  static const OpEntry table[] = {{"", "BatchNormalization", 7, convertBatchNormalization},
                                  {"", "Softmax", 1, convertFlatteningSoftmax},
                                  {"", "Softmax", 13, convertSoftmax},
                                  {"", "LogSoftmax", 1, convertFlatteningSoftmax},
                                  {"", "LogSoftmax", 13, convertSoftmax},
                                  {"com.microsoft", "QLinearSoftmax", 1, convertQLinearSoftmax}};
  return table;
}

} // namespace cimc::frontend
