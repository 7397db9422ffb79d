//===- Pool.cpp - Pooling ---------------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pools become channels-last TOSA ops between two transposes. Padding that counts in a mean is an
// explicit pad; a pool with dilation is a maximum over shifted slices.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"
#include "Layers.h"
#include "OpTable.h"
#include "Window.h"

#include "cimc/Transforms/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <limits>

using namespace mlir;

namespace cimc::frontend {

/// The smallest value of a type: what padding of a maximum must be.
static double lowestOf(Type type) {
  if (isa<FloatType>(type))
    return -std::numeric_limits<double>::infinity();
  return -static_cast<double>(int64_t(1) << (type.getIntOrFloatBitWidth() - 1));
}

/// TOSA wants paddings smaller than the window; larger ones become an explicit pad.
static Value padBeyondWindow(Node &node, Value input, Window &window, double value) {
  auto split = [](WindowDim &dim) {
    std::pair<int64_t, int64_t> moved = {0, 0};
    if (dim.low >= dim.kernel || dim.high >= dim.kernel) {
      moved = {dim.low, dim.high};
      dim.input += dim.low + dim.high;
      dim.low = dim.high = 0;
    }
    return moved;
  };
  auto [lowH, highH] = split(window.h);
  auto [lowW, highW] = split(window.w);
  return buildPad(node.builder, node.loc, input, {0, lowH, lowW, 0}, {0, highH, highW, 0}, value);
}

static SmallVector<int64_t> padsOf(const Window &window) {
  return {window.h.low, window.h.high + window.h.ceilHigh, window.w.low,
          window.w.high + window.w.ceilHigh};
}

static RankedTensorType poolType(Value input, const Window &window) {
  ArrayRef<int64_t> shape = shapeOf(input);
  return cast<RankedTensorType>(input.getType())
      .clone({shape[0], window.h.output, window.w.output, shape[3]});
}

/// One strided slice per window position of an NHWC input, whose padding holds `padding`.
static FailureOr<SmallVector<Value>> sliceWindow(Node &node, Value input, const Window &window,
                                                 double padding) {
  const WindowDim &h = window.h, &w = window.w;
  if (h.kernel > 64 || w.kernel > 64 || h.kernel * w.kernel > 64)
    return node.error() << "its window of " << h.kernel << "x" << w.kernel
                        << " positions is written out, at most 64 are supported";
  input = buildPad(node.builder, node.loc, input, {0, h.low, w.low, 0},
                   {0, h.high + h.ceilHigh, w.high + w.ceilHigh, 0}, padding);
  SmallVector<Value> slices;
  ArrayRef<int64_t> shape = shapeOf(input);
  for (int64_t i = 0; i < h.kernel; ++i)
    for (int64_t j = 0; j < w.kernel; ++j)
      slices.push_back(
          buildSlice(node.builder, node.loc, input, {0, i * h.dilation, j * w.dilation, 0},
                     {shape[0], h.output, w.output, shape[3]}, {1, h.stride, w.stride, 1}));
  return slices;
}

/// A pool with dilation: the maximum of the window's slices.
static FailureOr<Value> buildDilatedMaxPool(Node &node, Value input, const Window &window) {
  Type element = cast<RankedTensorType>(input.getType()).getElementType();
  FailureOr<SmallVector<Value>> slices = sliceWindow(node, input, window, lowestOf(element));
  if (failed(slices))
    return failure();
  return buildElementwise(node.builder, node.loc, *slices, shapeOf(slices->front()).vec(), element,
                          [](OpBuilder &b, Location loc, ValueRange args) {
                            Value value = args[0];
                            for (Value next : args.drop_front())
                              value = isa<FloatType>(next.getType())
                                          ? Value(arith::MaximumFOp::create(b, loc, value, next))
                                          : Value(arith::MaxSIOp::create(b, loc, value, next));
                            return value;
                          });
}

static LogicalResult convertMaxPool(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  FailureOr<Window> window = resolveWindow(node, node.input(0).shape,
                                           node.intsAttribute("kernel_shape"), /*allowCeil=*/true);
  if (failed(window))
    return failure();
  ElementKind kind = node.input(0).kind;
  Value input = toChannelsLast(node, node.value(0), *window), result;
  if (window->h.dilation != 1 || window->w.dilation != 1) {
    FailureOr<Value> largest = buildDilatedMaxPool(node, input, *window);
    if (failed(largest))
      return failure();
    result = *largest;
  } else {
    input = fitWindow(node, input, *window);
    input = padBeyondWindow(node, input, *window,
                            lowestOf(cast<RankedTensorType>(input.getType()).getElementType()));
    result = tosa::MaxPool2dOp::create(node.builder, node.loc, poolType(input, *window), input,
                                       ArrayRef<int64_t>{window->h.kernel, window->w.kernel},
                                       ArrayRef<int64_t>{window->h.stride, window->w.stride},
                                       padsOf(*window));
  }
  return node.setResult(toChannelsFirst(node, result, *window), kind);
}

static Value buildAveragePool(Node &node, Value input, const Window &window) {
  Value zero = makeScalar(node.builder, node.loc, node.builder.getF32Type(), 0.0);
  return tosa::AvgPool2dOp::create(node.builder, node.loc, poolType(input, window), input, zero,
                                   zero, ArrayRef<int64_t>{window.h.kernel, window.w.kernel},
                                   ArrayRef<int64_t>{window.h.stride, window.w.stride},
                                   padsOf(window), node.builder.getF32Type());
}

/// The mean over windows of `value` (`N x C x spatial`).
static FailureOr<Value> averagePool(Node &node, Value value) {
  FailureOr<Window> window = resolveWindow(node, shapeOf(value).vec(),
                                           node.intsAttribute("kernel_shape"), /*allowCeil=*/true);
  if (failed(window))
    return failure();
  if (window->h.dilation != 1 || window->w.dilation != 1)
    return node.error() << "attribute 'dilations' is not all ones, supported is 1";
  Value input = fitWindow(node, toChannelsLast(node, value, *window), *window);
  bool counts = node.intAttribute("count_include_pad", 0) != 0;
  WindowDim &h = window->h, &w = window->w;
  if (counts) {
    input =
        buildPad(node.builder, node.loc, input, {0, h.low, w.low, 0}, {0, h.high, w.high, 0}, 0.0);
    h.low = h.high = w.low = w.high = 0;
  } else if (h.low >= h.kernel || h.high >= h.kernel || w.low >= w.kernel || w.high >= w.kernel) {
    return node.error()
           << "its padding is not smaller than its window, so that a mean would be over nothing";
  }
  return toChannelsFirst(node, buildAveragePool(node, input, *window), *window);
}

static LogicalResult convertAveragePool(Node &node) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)))
    return failure();
  FailureOr<Value> result = averagePool(node, node.value(0));
  return failed(result) ? failure() : node.setResult(*result, ElementKind::F32);
}

/// A window over the whole map.
static FailureOr<Window> globalWindow(Node &node, const Shape &shape) {
  if (shape.size() != 3 && shape.size() != 4)
    return node.error() << "its input has shape " << printShape(shape)
                        << ", one- and two-dimensional maps are supported";
  Window window;
  window.oneDimensional = shape.size() == 3;
  window.h.input = window.h.kernel = shape[2];
  window.w.input = window.w.kernel = window.oneDimensional ? 1 : shape[3];
  return window;
}

static FailureOr<Value> globalAveragePool(Node &node, Value value) {
  FailureOr<Window> window = globalWindow(node, shapeOf(value).vec());
  if (failed(window))
    return failure();
  return toChannelsFirst(
      node, buildAveragePool(node, toChannelsLast(node, value, *window), *window), *window);
}

static LogicalResult convertGlobalAveragePool(Node &node) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)))
    return failure();
  FailureOr<Value> result = globalAveragePool(node, node.value(0));
  return failed(result) ? failure() : node.setResult(*result, ElementKind::F32);
}

static LogicalResult convertGlobalMaxPool(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  FailureOr<Window> window = globalWindow(node, node.input(0).shape);
  if (failed(window))
    return failure();
  Value input = toChannelsLast(node, node.value(0), *window);
  Value result = tosa::MaxPool2dOp::create(node.builder, node.loc, poolType(input, *window), input,
                                           ArrayRef<int64_t>{window->h.kernel, window->w.kernel},
                                           ArrayRef<int64_t>{1, 1}, ArrayRef<int64_t>{0, 0, 0, 0});
  return node.setResult(toChannelsFirst(node, result, *window), node.input(0).kind);
}

//===--------------------------------------------------------------------------===//
// Norms
//===--------------------------------------------------------------------------===//

/// |x| ^ p, without a power where it is one of the usual norms.
static Value magnitudeToPower(const FloatScalars &s, Value x, int64_t p) {
  if (p == 2)
    return s.mul(x, x);
  return p == 1 ? s.abs(x) : s.pow(s.abs(x), s.constant(static_cast<double>(p)));
}

/// The root that belongs to `magnitudeToPower`.
static Value rootOf(const FloatScalars &s, Value sum, int64_t p) {
  if (p == 2)
    return s.sqrt(sum);
  return p == 1 ? sum : s.pow(sum, s.constant(1.0 / static_cast<double>(p)));
}

static FailureOr<int64_t> readNorm(Node &node) {
  int64_t p = node.intAttribute("p", 2);
  if (p < 1)
    return node.unsupportedAttribute("p", std::to_string(p), "1 and above");
  return p;
}

/// The p-norm of each window; padding is 0.
static LogicalResult convertLpPool(Node &node) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)))
    return failure();
  FailureOr<int64_t> p = readNorm(node);
  FailureOr<Window> window = resolveWindow(node, node.input(0).shape,
                                           node.intsAttribute("kernel_shape"), /*allowCeil=*/true);
  if (failed(p) || failed(window))
    return failure();
  Value input = toChannelsLast(node, node.value(0), *window);
  FailureOr<SmallVector<Value>> slices = sliceWindow(node, input, *window, 0.0);
  if (failed(slices))
    return failure();
  Value result = buildFormula(node, *slices, [&](const FloatScalars &s, ValueRange x) {
    Value sum = magnitudeToPower(s, x[0], *p);
    for (Value next : x.drop_front())
      sum = s.add(sum, magnitudeToPower(s, next, *p));
    return rootOf(s, sum, *p);
  });
  return node.setResult(toChannelsFirst(node, result, *window), ElementKind::F32);
}

/// The p-norm of the whole map.
static LogicalResult convertGlobalLpPool(Node &node) {
  if (failed(node.expectInputs(1, 1)) || failed(node.expectFloat(0)))
    return failure();
  FailureOr<int64_t> p = readNorm(node);
  if (failed(p))
    return failure();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, node.input(0).rank()));
  Value powers = buildFormula(node, node.value(0), [&](const FloatScalars &s, ValueRange x) {
    return magnitudeToPower(s, x[0], *p);
  });
  Value result =
      buildFormula(node, buildSum(node, powers, axes),
                   [&](const FloatScalars &s, ValueRange x) { return rootOf(s, x[0], *p); });
  return node.setResult(result, ElementKind::F32);
}

//===--------------------------------------------------------------------------===//
// Integers
//===--------------------------------------------------------------------------===//

/// Inputs: x, x_scale, x_zero_point, y_scale, y_zero_point; `pool` maps floats to floats.
static LogicalResult convertQuantizedPool(Node &node, FailureOr<Value> (*pool)(Node &, Value)) {
  if (failed(node.expectInputs(4, 5)))
    return failure();
  FailureOr<TensorValue> input = dequantizeInput(node, 0, 1, 2, -1);
  if (failed(input))
    return failure();
  Value value = node.context.materialize(*input, node.loc, "input");
  bool channelsLast = node.intAttribute("channels_last", 0) != 0;
  if (channelsLast && shapeOf(value).size() != 4)
    return node.unsupportedAttribute("channels_last", "1 for an input that is not an image", "0");
  if (channelsLast)
    value = buildTranspose(node.builder, node.loc, value, {0, 3, 1, 2});
  FailureOr<Value> result = pool(node, value);
  if (failed(result))
    return failure();
  Value pooled =
      channelsLast ? buildTranspose(node.builder, node.loc, *result, {0, 2, 3, 1}) : *result;
  return setQuantizedResult(node, pooled, 3, 4);
}

static LogicalResult convertQLinearAveragePool(Node &node) {
  return convertQuantizedPool(node, averagePool);
}
static LogicalResult convertQLinearGlobalAveragePool(Node &node) {
  return convertQuantizedPool(node, globalAveragePool);
}

ArrayRef<OpEntry> poolOps() {
  static const OpEntry table[] = {
      {"", "MaxPool", 1, convertMaxPool},
      {"", "AveragePool", 1, convertAveragePool},
      {"", "GlobalAveragePool", 1, convertGlobalAveragePool},
      {"", "GlobalMaxPool", 1, convertGlobalMaxPool},
      {"", "LpPool", 1, convertLpPool},
      {"", "GlobalLpPool", 1, convertGlobalLpPool},
      {"com.microsoft", "QLinearAveragePool", 1, convertQLinearAveragePool},
      {"com.microsoft", "QLinearGlobalAveragePool", 1, convertQLinearGlobalAveragePool}};
  return table;
}

} // namespace cimc::frontend
