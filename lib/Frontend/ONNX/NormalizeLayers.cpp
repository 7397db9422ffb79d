//===- NormalizeLayers.cpp - Normalisation by the data's own statistics -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mean and variance along axes (layer, RMS), over the map (instance, group) or along channels
// (LRN), written out as reductions and elementwise ops. Images are normalised with their channels
// last, and their statistics are pools over the whole map.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"
#include "OpTable.h"
#include "Positions.h"

#include "cimc/Transforms/Constants.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace cimc::frontend {

/// The reciprocal of the square root of `variance` plus epsilon.
static Value inverseRoot(Node &node, Value variance, float epsilon) {
  return buildFormula(node, variance, [&](const FloatScalars &s, ValueRange x) {
    return s.div(s.constant(1), s.sqrt(s.add(x[0], s.constant(epsilon))));
  });
}

static Value squared(Node &node, Value value) {
  return buildFormula(node, value,
                      [](const FloatScalars &s, ValueRange x) { return s.mul(x[0], x[0]); });
}

//===--------------------------------------------------------------------------===//
// Along the last dimensions
//===--------------------------------------------------------------------------===//

/// The dimensions from attribute `axis` on.
static FailureOr<SmallVector<int64_t>> normalizedAxes(Node &node) {
  int64_t rank = node.input(0).rank();
  FailureOr<int64_t> axis = node.normalizeAxis(node.intAttribute("axis", -1), rank);
  if (failed(axis))
    return failure();
  return llvm::to_vector(llvm::seq<int64_t>(*axis, rank));
}

/// Checks that scale or bias broadcasts to the input without changing its shape.
static LogicalResult checkBroadcast(Node &node, size_t index, const char *what) {
  Shape shape;
  const Shape &input = node.input(0).shape, &own = node.input(index).shape;
  if (failed(node.expectFloat(index)))
    return failure();
  if (broadcastShapes(input, own, shape) && shape == input)
    return success();
  return node.error() << "its " << what << " of shape " << printShape(own)
                      << " does not broadcast to its input of shape " << printShape(input);
}

/// Inputs: X, scale, bias. Outputs: Y, mean, inverse standard deviation.
static LogicalResult convertLayerNormalization(Node &node) {
  if (failed(node.expectInputs(2, 3)) || failed(node.expectFloat(0)) ||
      failed(expectElements(node, 0)) || failed(checkBroadcast(node, 1, "scale")) ||
      (node.hasInput(2) && failed(checkBroadcast(node, 2, "bias"))))
    return failure();
  FailureOr<SmallVector<int64_t>> axes = normalizedAxes(node);
  if (failed(axes))
    return failure();
  Value x = node.value(0), mean = buildMean(node, x, *axes);
  Value centred = buildFormula(
      node, {x, mean}, [](const FloatScalars &s, ValueRange v) { return s.sub(v[0], v[1]); });
  Value inverse = inverseRoot(node, buildMean(node, squared(node, centred), *axes),
                              node.floatAttribute("epsilon", 1e-5f));
  SmallVector<Value> inputs{centred, inverse, node.value(1)};
  if (node.hasInput(2))
    inputs.push_back(node.value(2));
  Value y = buildFormula(node, inputs, [](const FloatScalars &s, ValueRange v) {
    Value scaled = s.mul(s.mul(v[0], v[1]), v[2]);
    return v.size() > 3 ? s.add(scaled, v[3]) : scaled;
  });
  return success(succeeded(node.setResult(y, ElementKind::F32)) &&
                 succeeded(node.setResult(mean, ElementKind::F32, 1)) &&
                 succeeded(node.setResult(inverse, ElementKind::F32, 2)));
}

/// (x - mean) / (standard deviation + 1e-9), both along attribute `axes`.
static LogicalResult convertMeanVariance(Node &node) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)) ||
      failed(expectElements(node, 0)))
    return failure();
  SmallVector<int64_t> axes;
  for (int64_t given : node.intsAttribute("axes", {0, 2, 3})) {
    FailureOr<int64_t> axis = node.normalizeAxis(given, node.input(0).rank());
    if (failed(axis))
      return failure();
    if (!llvm::is_contained(axes, *axis))
      axes.push_back(*axis);
  }
  Value x = node.value(0), mean = buildMean(node, x, axes);
  Value centred = buildFormula(
      node, {x, mean}, [](const FloatScalars &s, ValueRange v) { return s.sub(v[0], v[1]); });
  Value variance = buildMean(node, squared(node, centred), axes);
  Value y = buildFormula(node, {centred, variance}, [](const FloatScalars &s, ValueRange v) {
    return s.div(v[0], s.add(s.sqrt(v[1]), 1e-9));
  });
  return node.setResult(y, ElementKind::F32);
}

/// Inputs: X, scale.
static LogicalResult convertRmsNormalization(Node &node) {
  if (failed(node.expectInputs(2, 2)) || failed(node.expectFloat(0)) ||
      failed(expectElements(node, 0)) || failed(checkBroadcast(node, 1, "scale")))
    return failure();
  FailureOr<SmallVector<int64_t>> axes = normalizedAxes(node);
  if (failed(axes))
    return failure();
  Value x = node.value(0);
  Value inverse = inverseRoot(node, buildMean(node, squared(node, x), *axes),
                              node.floatAttribute("epsilon", 1e-5f));
  Value y =
      buildFormula(node, {x, inverse, node.value(1)}, [](const FloatScalars &s, ValueRange v) {
        return s.mul(s.mul(v[0], v[1]), v[2]);
      });
  return node.setResult(y, ElementKind::F32);
}

//===--------------------------------------------------------------------------===//
// Over the map
//===--------------------------------------------------------------------------===//

/// The mean over the map of `N x H x W x C`.
static Value poolMap(Node &node, Value value) {
  Shape shape = shapeOf(value).vec();
  Value zero = makeScalar(node.builder, node.loc, node.builder.getF32Type(), 0.0);
  auto type = RankedTensorType::get({shape[0], 1, 1, shape[3]}, node.builder.getF32Type());
  return tosa::AvgPool2dOp::create(node.builder, node.loc, type, value, zero, zero,
                                   ArrayRef<int64_t>{shape[1], shape[2]}, ArrayRef<int64_t>{1, 1},
                                   ArrayRef<int64_t>{0, 0, 0, 0}, node.builder.getF32Type());
}

/// The mean over the map and the channels of each group, for every channel: `N x 1 x 1 x C`.
static Value meanOfGroups(Node &node, Value value, int64_t groups) {
  Value mean = poolMap(node, value);
  Shape shape = shapeOf(mean).vec();
  int64_t each = shape[3] / groups;
  if (each == 1)
    return mean;
  mean = buildReshape(node.builder, node.loc, mean, {shape[0], 1, groups, each});
  mean = buildBroadcast(node, buildMean(node, mean, {3}), {shape[0], 1, groups, each});
  return buildReshape(node.builder, node.loc, mean, shape);
}

/// Scale or bias per channel, from one per channel or one per group.
static FailureOr<Value> perChannel(Node &node, size_t index, int64_t channels, int64_t groups,
                                   bool ofGroups) {
  int64_t expected = ofGroups ? groups : channels;
  if (failed(node.expectFloat(index)))
    return failure();
  if (node.input(index).shape != Shape{expected})
    return node.error() << "input '" << node.info.inputs[index] << "' has shape "
                        << printShape(node.input(index).shape) << ", must be " << expected;
  if (expected == channels)
    return node.value(index);
  SmallVector<int64_t> positions;
  for (int64_t c = 0; c < channels; ++c)
    positions.push_back(c / (channels / groups));
  return takePositions(node, node.value(index), 0, positions);
}

/// Inputs: X, scale, bias; scale and bias are per group if `ofGroups`, otherwise per channel.
static LogicalResult normalizeGroups(Node &node, int64_t groups, bool ofGroups) {
  Shape shape = node.input(0).shape;
  int64_t channels = shape[1];
  FailureOr<Value> scale = perChannel(node, 1, channels, groups, ofGroups),
                   bias = perChannel(node, 2, channels, groups, ofGroups);
  if (failed(scale) || failed(bias))
    return failure();
  Shape image = {shape[0], channels, elementCount(shape) / (shape[0] * channels), 1};
  if (shape.size() == 4)
    image = shape;
  Value x = buildReshape(node.builder, node.loc, node.value(0), image);
  x = buildTranspose(node.builder, node.loc, x, {0, 2, 3, 1});
  Value centred =
      buildFormula(node, {x, meanOfGroups(node, x, groups)},
                   [](const FloatScalars &s, ValueRange v) { return s.sub(v[0], v[1]); });
  Value inverse = inverseRoot(node, meanOfGroups(node, squared(node, centred), groups),
                              node.floatAttribute("epsilon", 1e-5f));
  Value y = buildFormula(node, {centred, inverse, *scale, *bias},
                         [](const FloatScalars &s, ValueRange v) {
                           return s.add(s.mul(s.mul(v[0], v[1]), v[2]), v[3]);
                         });
  y = buildTranspose(node.builder, node.loc, y, {0, 3, 1, 2});
  return node.setResult(buildReshape(node.builder, node.loc, y, shape), ElementKind::F32);
}

static LogicalResult checkChannels(Node &node) {
  if (failed(node.expectInputs(3, 3)) || failed(node.expectFloat(0)) ||
      failed(expectElements(node, 0)))
    return failure();
  if (node.input(0).rank() >= 2)
    return success();
  return node.error() << "its input has shape " << printShape(node.input(0).shape)
                      << ", must have at least 2 dimensions";
}

static LogicalResult convertInstanceNormalization(Node &node) {
  if (failed(checkChannels(node)))
    return failure();
  return normalizeGroups(node, node.input(0).shape[1], /*ofGroups=*/false);
}

/// Before version 21 scale and bias were per group.
static LogicalResult convertGroupNormalization(Node &node) {
  if (failed(checkChannels(node)))
    return failure();
  int64_t groups = node.intAttribute("num_groups", 0), channels = node.input(0).shape[1];
  if (groups < 1 || channels % groups != 0)
    return node.unsupportedAttribute("num_groups", std::to_string(groups),
                                     "a divisor of the " + std::to_string(channels) + " channels");
  return normalizeGroups(node, groups, node.opset() < 21);
}

//===--------------------------------------------------------------------------===//
// Along channels
//===--------------------------------------------------------------------------===//

/// x / (bias + alpha / size * sum of the squares of `size` neighbouring channels) ^ beta.
static LogicalResult convertLrn(Node &node) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)) ||
      failed(expectElements(node, 0)))
    return failure();
  Shape shape = node.input(0).shape;
  int64_t size = node.intAttribute("size", 0), rank = shape.size();
  if (rank < 2)
    return node.error() << "its input has shape " << printShape(shape)
                        << ", must have at least 2 dimensions";
  if (size < 1 || size > 64)
    return node.unsupportedAttribute("size", std::to_string(size), "1 to 64");
  float alpha = node.floatAttribute("alpha", 1e-4f), beta = node.floatAttribute("beta", 0.75f),
        bias = node.floatAttribute("bias", 1.0f);
  SmallVector<int64_t> last{0}, back{0, rank - 1};
  for (int64_t d = 2; d < rank; ++d)
    last.push_back(d), back.push_back(d - 1);
  last.push_back(1);
  Value x = buildTranspose(node.builder, node.loc, node.value(0), last);
  Shape own = shapeOf(x).vec(), low(rank, 0), high(rank, 0), ones(rank, 1);
  low.back() = (size - 1) / 2;
  high.back() = size - 1 - low.back();
  Value padded = buildPad(node.builder, node.loc, squared(node, x), low, high, 0.0);
  SmallVector<Value> inputs{x};
  for (int64_t i = 0; i < size; ++i) {
    Shape begin(rank, 0);
    begin.back() = i;
    inputs.push_back(buildSlice(node.builder, node.loc, padded, begin, own, ones));
  }
  Value y = buildFormula(node, inputs, [&](const FloatScalars &s, ValueRange v) {
    Value sum = v[1];
    for (Value next : v.drop_front(2))
      sum = s.add(sum, next);
    Value base = s.add(s.constant(bias), s.mul(s.constant(alpha / static_cast<float>(size)), sum));
    return s.mul(v[0], s.pow(base, s.constant(-beta)));
  });
  return node.setResult(buildTranspose(node.builder, node.loc, y, back), ElementKind::F32);
}

ArrayRef<OpEntry> normalizeLayerOps() {
  static const OpEntry table[] = {{"", "LayerNormalization", 17, convertLayerNormalization},
                                  {"", "MeanVarianceNormalization", 9, convertMeanVariance},
                                  {"", "RMSNormalization", 23, convertRmsNormalization},
                                  {"", "InstanceNormalization", 6, convertInstanceNormalization},
                                  {"", "GroupNormalization", 18, convertGroupNormalization},
                                  {"", "LRN", 1, convertLrn}};
  return table;
}

} // namespace cimc::frontend
