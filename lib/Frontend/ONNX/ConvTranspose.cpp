//===- ConvTranspose.cpp - Transposed convolutions --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A transposed convolution is an ordinary one: zeros are put between the positions of the input (a
// padding in a new dimension beside each spatial one), and the kernel is turned round with its
// channels exchanged.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"
#include "Layers.h"
#include "OpTable.h"
#include "Window.h"

using namespace mlir;

namespace cimc::frontend {

namespace {
/// One spatial dimension.
struct SpreadDim {
  int64_t input = 1, kernel = 1, stride = 1, dilation = 1;
  int64_t low = 0, high = 0, extra = 0; // pads, output_padding
  int64_t reach() const { return (kernel - 1) * dilation; }
  /// The length of the result without pads.
  int64_t full() const { return stride * (input - 1) + extra + reach() + 1; }
  int64_t output() const { return full() - low - high; }
};
} // namespace

static FailureOr<std::vector<int64_t>> spatialInts(Node &node, const char *name, size_t count,
                                                   int64_t least, int64_t fallback) {
  std::vector<int64_t> values = node.intsAttribute(name, std::vector<int64_t>(count, fallback));
  if (failed(checkExtents(node, name, values, count, least)))
    return failure();
  return values;
}

/// Splits what the result is shorter than its full length into pads.
static void padTo(SpreadDim &dim, int64_t output, bool upper) {
  int64_t total = dim.full() - output;
  int64_t half = total >= 0 ? total / 2 : -((1 - total) / 2);
  dim.low = upper ? half : total - half;
  dim.high = total - dim.low;
}

static FailureOr<SmallVector<SpreadDim>> readDims(Node &node, const Shape &input,
                                                  const Shape &weight) {
  size_t count = input.size() - 2;
  std::vector<int64_t> kernelShape(weight.begin() + 2, weight.end());
  if (node.intsAttribute("kernel_shape", kernelShape) != kernelShape)
    return node.error() << "attribute 'kernel_shape' differs from the shape of its weight "
                        << printShape(weight);
  auto strides = spatialInts(node, "strides", count, 1, 1);
  auto dilations = spatialInts(node, "dilations", count, 1, 1);
  auto extras = spatialInts(node, "output_padding", count, 0, 0);
  auto pads = spatialInts(node, "pads", 2 * count, 0, 0);
  auto outputs = spatialInts(node, "output_shape", count, 1, 1);
  if (failed(strides) || failed(dilations) || failed(extras) || failed(pads) || failed(outputs))
    return failure();
  std::string mode = node.stringAttribute("auto_pad", "NOTSET");
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (!same && mode != "NOTSET" && mode != "VALID" && !mode.empty())
    return node.unsupportedAttribute("auto_pad", "'" + mode + "'",
                                     "NOTSET, VALID, SAME_UPPER and SAME_LOWER");
  SmallVector<SpreadDim> dims(count);
  for (size_t d = 0; d < count; ++d) {
    SpreadDim &dim = dims[d];
    dim = {input[d + 2], kernelShape[d], (*strides)[d], (*dilations)[d], 0, 0, (*extras)[d]};
    if (dim.kernel > kMaxExtent / dim.dilation || dim.input > kMaxExtent / dim.stride)
      return node.error() << "its window or its result is larger than " << kMaxExtent;
    if (node.hasAttribute("output_shape"))
      padTo(dim, (*outputs)[d], mode == "SAME_UPPER");
    else if (same)
      padTo(dim, dim.input * dim.stride, mode == "SAME_UPPER");
    else if (mode != "VALID")
      dim.low = (*pads)[d], dim.high = (*pads)[d + count];
    if (dim.output() < 1)
      return node.error() << "its result has " << dim.output() << " positions in dimension "
                          << d + 2 << ", must have at least 1";
  }
  return dims;
}

/// `C x O/group x spatial...` as the kernel of the ordinary convolution: `O x C/group x
/// spatial...`, turned round.
static HostTensor turnKernel(const HostTensor &weight, int64_t group) {
  const Shape &shape = weight.shape();
  int64_t inner = shape[0] / group, filters = shape[1], h = shape[2],
          w = shape.size() > 3 ? shape[3] : 1;
  HostTensor swapped = weight.reshaped({group, inner, filters, h, w}).transposed({0, 2, 1, 3, 4});
  Shape kernel = {group * filters, inner, h, w};
  return swapped.reshaped(kernel).sliced({0, 0, h - 1, w - 1}, kernel, {1, 1, -1, -1});
}

static FailureOr<TensorValue> readWeight(Node &node, int64_t group) {
  TensorValue &weight = node.input(1), turned;
  if (weight.constant) {
    turned.constant = turnKernel(*weight.constant, group);
  } else if (weight.dequantized &&
             (weight.dequantized->axis < 0 || (weight.dequantized->axis == 1 && group == 1))) {
    turned.dequantized = weight.dequantized;
    turned.dequantized->data = turnKernel(weight.dequantized->data, group);
    turned.dequantized->axis = weight.dequantized->axis < 0 ? -1 : 0;
  } else {
    return node.error() << "its weight ('" << node.info.inputs[1]
                        << "') must be known at import, with one scale or one per output channel";
  }
  turned.shape = turned.constant ? turned.constant->shape() : turned.dequantized->data.shape();
  return turned;
}

/// Puts stride - 1 zeros behind every position of `N x H x W x C`.
static Value spreadPositions(Node &node, Value value, const SpreadDim &h, const SpreadDim &w) {
  Shape s = shapeOf(value).vec();
  value = buildReshape(node.builder, node.loc, value, {s[0], s[1], 1, s[2], 1, s[3]});
  value = buildPad(node.builder, node.loc, value, Shape(6, 0),
                   {0, 0, h.stride - 1, 0, w.stride - 1, 0}, 0.0);
  return buildReshape(node.builder, node.loc, value,
                      {s[0], s[1] * h.stride, s[2] * w.stride, s[3]});
}

/// The window over the spread dimension `length` long, and what must be cut from it.
static WindowDim windowOf(const SpreadDim &dim, int64_t &cutLow, int64_t &cutHigh) {
  // The zeros behind the last position count as padding.
  int64_t before = dim.reach() - dim.low,
          behind = dim.reach() - dim.high + dim.extra - (dim.stride - 1);
  cutLow = std::max<int64_t>(0, -before);
  cutHigh = std::max<int64_t>(0, -behind);
  WindowDim window;
  window.input = dim.input * dim.stride - cutLow - cutHigh;
  window.kernel = dim.kernel;
  window.dilation = dim.dilation;
  window.low = std::max<int64_t>(0, before);
  window.high = std::max<int64_t>(0, behind);
  window.output = dim.output();
  return window;
}

static LogicalResult checkShapes(Node &node, int64_t group) {
  const Shape &input = node.input(0).shape, &weight = node.input(1).shape;
  if ((input.size() != 3 && input.size() != 4) || weight.size() != input.size())
    return node.error() << "its input has shape " << printShape(input) << ", its weight "
                        << printShape(weight) << ", one- and two-dimensional windows are supported";
  if (group < 1 || input[1] != weight[0] || input[1] % group != 0)
    return node.error() << "its weight of shape " << printShape(weight) << " does not fit "
                        << input[1] << " input channels in " << group << " groups";
  if (node.hasInput(2) && node.input(2).shape != Shape{weight[1] * group})
    return node.error() << "its bias has shape " << printShape(node.input(2).shape) << ", must be "
                        << weight[1] * group;
  return success();
}

static LogicalResult convertConvTranspose(Node &node) {
  if (failed(node.expectInputs(2, 3)) || failed(node.expectFloat(0)) || failed(node.expectFloat(1)))
    return failure();
  int64_t group = node.intAttribute("group", 1);
  if (failed(expectElements(node, 0)) || failed(expectElements(node, 1)) ||
      failed(checkShapes(node, group)))
    return failure();
  FailureOr<SmallVector<SpreadDim>> dims = readDims(node, node.input(0).shape, node.input(1).shape);
  FailureOr<TensorValue> weight = readWeight(node, group);
  if (failed(dims) || failed(weight))
    return failure();
  SpreadDim h = dims->front(), w = dims->size() > 1 ? (*dims)[1] : SpreadDim();
  int64_t top, bottom, left, right;
  Window window;
  window.h = windowOf(h, top, bottom);
  window.w = windowOf(w, left, right);
  window.oneDimensional = dims->size() == 1;
  Value input = spreadPositions(node, toChannelsLast(node, node.value(0), window), h, w);
  Shape size = shapeOf(input).vec();
  if (size[1] <= top + bottom || size[2] <= left + right)
    return node.error() << "its pads cut all of its input of shape "
                        << printShape(node.input(0).shape);
  size[1] -= top + bottom;
  size[2] -= left + right;
  input = buildSlice(node.builder, node.loc, input, {0, top, left, 0}, size, {1, 1, 1, 1});
  Value bias = node.hasInput(2) ? node.value(2) : Value();
  Value result = buildWindowed(node, window, group, input, *weight, bias);
  return node.setResult(toChannelsFirst(node, result, window), ElementKind::F32);
}

ArrayRef<OpEntry> convTransposeOps() {
  static const OpEntry table[] = {{"", "ConvTranspose", 1, convertConvTranspose}};
  return table;
}

} // namespace cimc::frontend
