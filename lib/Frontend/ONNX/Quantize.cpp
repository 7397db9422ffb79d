//===- Quantize.cpp - Quantised models --------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// QuantizeLinear and DequantizeLinear become the forms of docs/input-contract.md; QLinear ops are
// the float op between them. Unsigned data are shifted to signed: 128 less in data and zero point,
// the same real number.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"
#include "Layers.h"
#include "OpTable.h"
#include "Scalars.h"

#include "cimc/Transforms/QuantizedForms.h"

#include <cmath>

using namespace mlir;

namespace cimc::frontend {

namespace {
/// Scale and zero point as read from a node's inputs; the zero point is that of the signed data.
struct Parameters {
  std::vector<float> scales;
  int64_t axis = -1;
  int zeroPoint = 0;
  ElementKind kind = ElementKind::U8;
};
} // namespace

static LogicalResult readScales(Node &node, size_t index, int64_t axis, Parameters &out) {
  const HostTensor *scale = node.constant(index);
  if (!scale || !isFloat(scale->kind()) || scale->rank() > 1)
    return node.error() << "its scale ('" << (node.hasInput(index) ? node.info.inputs[index] : "")
                        << "') must be a constant float scalar or vector";
  for (int64_t i = 0; i < scale->count(); ++i) {
    out.scales.push_back(static_cast<float>(scale->asDouble(i)));
    if (!(out.scales.back() > 0.0f) || !std::isfinite(out.scales.back()))
      return node.error() << "its scale is " << out.scales.back()
                          << ", must be positive and finite";
  }
  if (out.scales.empty())
    return node.error() << "its scale is empty";
  // All scales equal are one scale.
  bool same = llvm::all_equal(out.scales);
  out.axis = same ? -1 : axis;
  if (same)
    out.scales.resize(1);
  return success();
}

/// Reads scale (input `scale`) and zero point (input `zeroPoint`, optional, which then leaves
/// `fallback` as the type of the data).
static FailureOr<Parameters> readParameters(Node &node, size_t scale, size_t zeroPoint,
                                            int64_t axis, ElementKind fallback) {
  Parameters out;
  if (failed(readScales(node, scale, axis, out)))
    return failure();
  out.kind = fallback;
  if (node.hasInput(zeroPoint)) {
    const HostTensor *zero = node.constant(zeroPoint);
    if (!zero || zero->count() < 1)
      return node.error() << "its zero point ('" << node.info.inputs[zeroPoint]
                          << "') must be a constant";
    out.kind = zero->kind();
    out.zeroPoint = static_cast<int>(zero->asInt(0));
    for (int64_t i = 1; i < zero->count(); ++i)
      if (zero->asInt(i) != out.zeroPoint)
        return node.error() << "its zero points differ between channels (" << out.zeroPoint << ", "
                            << zero->asInt(i) << "), one for all is supported";
  }
  if (out.kind != ElementKind::I8 && out.kind != ElementKind::U8 && out.kind != ElementKind::I32)
    return node.error() << "its zero point has element type " << elementName(out.kind)
                        << ", supported are int8, uint8 and int32";
  if (out.kind == ElementKind::U8)
    out.zeroPoint -= 128;
  return out;
}

static LogicalResult checkAxis(Node &node, const Parameters &params, const Shape &shape) {
  if (params.axis < 0 || (params.axis < static_cast<int64_t>(shape.size()) &&
                          shape[params.axis] == static_cast<int64_t>(params.scales.size())))
    return success();
  return node.error() << "has " << params.scales.size() << " scales on axis " << params.axis
                      << " of a tensor of shape " << printShape(shape);
}

/// Signed data of a constant; the parameters already belong to it.
static HostTensor toSigned(const HostTensor &data) {
  if (data.kind() != ElementKind::U8)
    return data;
  std::vector<int64_t> values = data.ints();
  for (int64_t &value : values)
    value -= 128;
  return HostTensor::fromInts(ElementKind::I8, data.shape(), values);
}

FailureOr<TensorValue> dequantizeInput(Node &node, size_t data, size_t scale, size_t zeroPoint,
                                       int64_t axis) {
  TensorValue &input = node.input(data);
  FailureOr<Parameters> params = readParameters(node, scale, zeroPoint, axis, input.kind);
  if (failed(params) || failed(checkAxis(node, *params, input.shape)))
    return failure();
  if (params->kind != input.kind)
    return node.error() << "its zero point has element type " << elementName(params->kind)
                        << ", its data " << elementName(input.kind);
  TensorValue result;
  result.shape = input.shape;
  if (input.constant) {
    result.dequantized = DequantizedConstant{toSigned(*input.constant), params->scales,
                                             params->axis, params->zeroPoint};
    return result;
  }
  result.value = buildDequantize(node.builder, node.loc, node.value(data),
                                 Scales(params->scales, params->axis), params->zeroPoint);
  return result;
}

LogicalResult setQuantizedResult(Node &node, Value value, size_t scaleInput,
                                 size_t zeroPointInput) {
  int64_t rank = shapeOf(value).size();
  int64_t axis = node.intAttribute("axis", 1);
  FailureOr<Parameters> params = readParameters(node, scaleInput, zeroPointInput,
                                                axis < 0 ? axis + rank : axis, ElementKind::U8);
  if (failed(params))
    return failure();
  if (params->axis >= 0)
    return node.error() << "quantises with " << params->scales.size()
                        << " scales, one for the tensor is supported";
  if (params->kind == ElementKind::I32)
    return node.error() << "quantises to int32, supported are int8 and uint8";
  return node.setResult(
      buildQuantize(node.builder, node.loc, value, params->scales[0], params->zeroPoint),
      params->kind);
}

static LogicalResult checkBlocked(Node &node) {
  if (node.intAttribute("block_size", 0) != 0)
    return node.unsupportedAttribute(
        "block_size", std::to_string(node.intAttribute("block_size", 0)), "0 (no blocks)");
  if (node.hasAttribute("output_dtype") && node.intAttribute("output_dtype", 0) != 0)
    return node.unsupportedAttribute("output_dtype",
                                     std::to_string(node.intAttribute("output_dtype", 0)),
                                     "the type of the zero point");
  return success();
}

/// Quantises a constant weight at import: round half to even, then clamp.
static LogicalResult quantizeConstant(Node &node, const HostTensor &data) {
  int64_t axis = node.intAttribute("axis", 1);
  FailureOr<Parameters> params =
      readParameters(node, 1, 2, axis < 0 ? axis + data.rank() : axis, ElementKind::U8);
  if (failed(params) || failed(checkAxis(node, *params, data.shape())))
    return failure();
  if (params->kind == ElementKind::I32)
    return node.error() << "quantises to int32, supported are int8 and uint8";
  int64_t shift = params->kind == ElementKind::U8 ? 128 : 0;
  int64_t inner = params->axis < 0 ? 1 : rowMajorStrides(data.shape())[params->axis];
  std::vector<int64_t> values(data.count());
  for (size_t i = 0; i < values.size(); ++i) {
    float scale = params->scales[params->axis < 0 ? 0 : (i / inner) % params->scales.size()];
    float rounded = std::nearbyint(static_cast<float>(data.asDouble(i)) / scale) +
                    static_cast<float>(params->zeroPoint);
    values[i] = static_cast<int64_t>(std::min(std::max(rounded, -128.0f), 127.0f)) + shift;
  }
  return node.setResult(HostTensor::fromInts(params->kind, data.shape(), values));
}

static LogicalResult convertQuantize(Node &node) {
  if (failed(node.expectInputs(2, 3)) || failed(node.expectFloat(0)) || failed(checkBlocked(node)))
    return failure();
  if (const HostTensor *data = node.constant(0))
    return quantizeConstant(node, *data);
  return setQuantizedResult(node, node.value(0), 1, 2);
}

static LogicalResult convertDequantize(Node &node) {
  if (failed(node.expectInputs(2, 3)) || failed(checkBlocked(node)))
    return failure();
  ElementKind kind = node.input(0).kind;
  if (kind != ElementKind::I8 && kind != ElementKind::U8 && kind != ElementKind::I32)
    return node.error() << "its input has element type " << elementName(kind)
                        << ", supported are int8, uint8 and int32";
  int64_t rank = node.input(0).rank(), axis = node.intAttribute("axis", 1);
  FailureOr<TensorValue> result = dequantizeInput(node, 0, 1, 2, axis < 0 ? axis + rank : axis);
  return failed(result) ? failure() : node.setResult(std::move(*result));
}

/// Outputs: y (uint8), its scale and zero point, both from the range of x together with 0.
static LogicalResult convertDynamicQuantize(Node &node) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)) ||
      failed(expectElements(node, 0)))
    return failure();
  Value x =
      buildReshape(node.builder, node.loc, node.value(0), {elementCount(node.input(0).shape)});
  auto negated = [](const FloatScalars &s, ValueRange v) { return s.neg(v[0]); };
  Value high = buildMaximum(node, x, {0});
  Value low = buildFormula(node, buildMaximum(node, buildFormula(node, x, negated), {0}), negated);
  high = buildReshape(node.builder, node.loc, high, {});
  low = buildReshape(node.builder, node.loc, low, {});
  Value scale = buildFormula(node, {low, high}, [](const FloatScalars &s, ValueRange v) {
    return s.div(s.sub(s.max(v[1], 0.0), s.min(v[0], 0.0)), s.constant(255.0));
  });
  Value zeroPoint = buildFormula(node, {low, scale}, [](const FloatScalars &s, ValueRange v) {
    return s.clamp(s.roundEven(s.div(s.neg(s.min(v[0], 0.0)), v[1])), 0.0, 255.0);
  });
  Value y = buildFormula(node, {node.value(0), scale, zeroPoint},
                         [](const FloatScalars &s, ValueRange v) {
                           return s.clamp(s.add(s.roundEven(s.div(v[0], v[1])), v[2]), 0.0, 255.0);
                         });
  auto asByte = [&](Value value) {
    return buildElementwise(node.builder, node.loc, value, shapeOf(value).vec(),
                            elementType(node.builder.getContext(), ElementKind::U8),
                            [](OpBuilder &b, Location loc, ValueRange v) {
                              Value number =
                                  castScalar(b, loc, v[0], ElementKind::F32, ElementKind::U8);
                              return storeScalar(b, loc, number, ElementKind::U8);
                            });
  };
  return success(succeeded(node.setResult(asByte(y), ElementKind::U8)) &&
                 succeeded(node.setResult(scale, ElementKind::F32, 1)) &&
                 succeeded(node.setResult(asByte(zeroPoint), ElementKind::U8, 2)));
}

ArrayRef<OpEntry> quantizeOps() {
  static const OpEntry table[] = {{"", "QuantizeLinear", 10, convertQuantize},
                                  {"", "DequantizeLinear", 10, convertDequantize},
                                  {"", "DynamicQuantizeLinear", 11, convertDynamicQuantize},
                                  {"com.microsoft", "QuantizeLinear", 1, convertQuantize},
                                  {"com.microsoft", "DequantizeLinear", 1, convertDequantize}};
  return table;
}

} // namespace cimc::frontend
