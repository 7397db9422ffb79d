//===- Window.cpp - Sliding windows of convolutions and pools --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The arithmetic of output sizes follows the ONNX operator definitions: floor, or ceil without
// windows that start in the padding behind the input.
//
//===--------------------------------------------------------------------------===//

#include "Window.h"

using namespace mlir;

namespace cimc::frontend {

LogicalResult checkExtents(Node &node, llvm::StringRef name, const std::vector<int64_t> &values,
                           size_t count, int64_t least) {
  if (values.size() != count)
    return node.error() << "attribute '" << name << "' has " << values.size() << " values, needs "
                        << count;
  for (int64_t value : values)
    if (value < least || value > kMaxExtent)
      return node.error() << "attribute '" << name << "' holds " << value << ", must be at least "
                          << least;
  return success();
}

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Padding that keeps ceil(input / stride) windows.
static void padSame(WindowDim &dim, bool upper) {
  dim.output = ceilDiv(dim.input, dim.stride);
  int64_t total = std::max<int64_t>(0, (dim.output - 1) * dim.stride + dim.span() - dim.input);
  dim.low = upper ? total / 2 : total - total / 2;
  dim.high = total - dim.low;
}

static LogicalResult sizeOutput(Node &node, WindowDim &dim, bool ceilMode) {
  int64_t room = dim.input + dim.low + dim.high - dim.span();
  if (room < 0)
    return node.error() << "its window spans " << dim.span() << " positions, the padded input has "
                        << dim.input + dim.low + dim.high;
  dim.output = room / dim.stride + 1;
  if (ceilMode && room % dim.stride != 0 && dim.output * dim.stride < dim.input + dim.low) {
    ++dim.output;
    dim.ceilHigh = (dim.output - 1) * dim.stride + dim.span() - (dim.input + dim.low + dim.high);
  }
  return success();
}

static LogicalResult resolvePadding(Node &node, llvm::MutableArrayRef<WindowDim> dims,
                                    bool ceilMode) {
  std::string mode = node.stringAttribute("auto_pad", "NOTSET");
  std::vector<int64_t> pads = node.intsAttribute("pads", std::vector<int64_t>(dims.size() * 2, 0));
  if (failed(checkExtents(node, "pads", pads, dims.size() * 2, 0)))
    return failure();
  if (mode != "NOTSET" && mode != "" && mode != "VALID" && mode != "SAME_UPPER" &&
      mode != "SAME_LOWER")
    return node.unsupportedAttribute("auto_pad", "'" + mode + "'",
                                     "NOTSET, VALID, SAME_UPPER and SAME_LOWER");
  bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  for (size_t d = 0; d < dims.size(); ++d) {
    if (same) {
      padSame(dims[d], mode == "SAME_UPPER");
      continue;
    }
    bool explicitPads = mode != "VALID";
    dims[d].low = explicitPads ? pads[d] : 0;
    dims[d].high = explicitPads ? pads[d + dims.size()] : 0;
    if (failed(sizeOutput(node, dims[d], ceilMode)))
      return failure();
  }
  return success();
}

FailureOr<Window> resolveWindow(Node &node, const Shape &input, const std::vector<int64_t> &kernel,
                                bool allowCeil) {
  if (input.size() != 3 && input.size() != 4)
    return node.error() << "its input has shape " << printShape(input)
                        << ", one- and two-dimensional windows are supported";
  size_t spatial = input.size() - 2;
  std::vector<int64_t> ones(spatial, 1);
  std::vector<int64_t> strides = node.intsAttribute("strides", ones),
                       dilations = node.intsAttribute("dilations", ones);
  if (failed(checkExtents(node, "kernel_shape", kernel, spatial, 1)) ||
      failed(checkExtents(node, "strides", strides, spatial, 1)) ||
      failed(checkExtents(node, "dilations", dilations, spatial, 1)))
    return failure();
  SmallVector<WindowDim> dims(spatial);
  for (size_t d = 0; d < spatial; ++d) {
    dims[d].input = input[d + 2];
    dims[d].kernel = kernel[d];
    dims[d].stride = strides[d];
    dims[d].dilation = dilations[d];
    if (kernel[d] > kMaxExtent / dilations[d])
      return node.error() << "its window is larger than " << kMaxExtent;
  }
  if (failed(resolvePadding(node, dims, allowCeil && node.intAttribute("ceil_mode", 0) != 0)))
    return failure();
  Window window;
  window.h = dims[0];
  window.oneDimensional = spatial == 1;
  if (!window.oneDimensional)
    window.w = dims[1];
  return window;
}

Value toChannelsLast(Node &node, Value input, const Window &window) {
  if (window.oneDimensional) {
    Shape shape = shapeOf(input).vec();
    shape.push_back(1);
    input = buildReshape(node.builder, node.loc, input, shape);
  }
  return buildTranspose(node.builder, node.loc, input, {0, 2, 3, 1});
}

Value toChannelsFirst(Node &node, Value result, const Window &window) {
  result = buildTranspose(node.builder, node.loc, result, {0, 3, 1, 2});
  if (!window.oneDimensional)
    return result;
  Shape shape = shapeOf(result).vec();
  shape.pop_back();
  return buildReshape(node.builder, node.loc, result, shape);
}

/// Takes what no window reaches from the padding first; returns what must be cut from the input.
static int64_t shrinkPadding(WindowDim &dim) {
  int64_t extra = std::max<int64_t>(0, dim.leftOver());
  int64_t fromPadding = std::min(extra, dim.high);
  dim.high -= fromPadding;
  dim.input -= extra - fromPadding;
  return extra - fromPadding;
}

Value fitWindow(Node &node, Value input, Window &window) {
  int64_t cutH = shrinkPadding(window.h), cutW = shrinkPadding(window.w);
  if (cutH == 0 && cutW == 0)
    return input;
  Shape size = shapeOf(input).vec();
  size[1] -= cutH;
  size[2] -= cutW;
  return buildSlice(node.builder, node.loc, input, {0, 0, 0, 0}, size, {1, 1, 1, 1});
}

} // namespace cimc::frontend
