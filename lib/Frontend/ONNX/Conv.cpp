//===- Conv.cpp - Convolutions ---------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A convolution becomes channels-last between two transposes. Plain and depthwise ones are TOSA
// ops, any other grouping is one linalg op on a padded input split into groups.
//
//===--------------------------------------------------------------------------===//

#include "Layers.h"
#include "OpTable.h"
#include "Window.h"

#include "cimc/Transforms/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace cimc::frontend {

Value layOutWeight(Node &node, TensorValue &weight, const Shape &shape,
                   const std::vector<int64_t> &perm, ChannelAxis axis, llvm::StringRef hint) {
  ImportContext &context = node.context;
  TensorValue laidOut;
  if (weight.constant) {
    laidOut.constant = weight.constant->reshaped(shape).transposed(perm);
  } else if (weight.dequantized &&
             (weight.dequantized->axis < 0 || weight.dequantized->axis == axis.original)) {
    laidOut.dequantized = weight.dequantized->reshaped(shape, axis.reshaped).transposed(perm);
  } else {
    Value value =
        buildReshape(node.builder, node.loc, context.materialize(weight, node.loc, hint), shape);
    return buildTranspose(node.builder, node.loc, value, perm);
  }
  return context.materialize(laidOut, node.loc, hint);
}

/// Zero points and accumulator type of a float layer.
static Value floatZero(Node &node) {
  return makeScalar(node.builder, node.loc, node.builder.getF32Type(), 0.0);
}

static Value zeroBias(Node &node, int64_t channels) {
  return makeConstant(node.builder, node.loc, HostTensor::splat(ElementKind::F32, {channels}, 0.0),
                      "bias");
}

namespace {
/// A convolution whose numbers are settled.
struct ConvProblem {
  Window window;
  int64_t group, inChannels, outChannels;
  Value input; // NHWC
  Value bias;  // null if there is none
};
} // namespace

static Value buildPlain(Node &node, ConvProblem &conv, TensorValue &weight) {
  Window &win = conv.window;
  Value kernel =
      layOutWeight(node, weight, {conv.outChannels, conv.inChannels, win.h.kernel, win.w.kernel},
                   {0, 2, 3, 1}, {0, 0}, node.info.inputs[1]);
  auto type =
      RankedTensorType::get({shapeOf(conv.input)[0], win.h.output, win.w.output, conv.outChannels},
                            node.builder.getF32Type());
  Value zero = floatZero(node);
  Value bias = conv.bias ? conv.bias : zeroBias(node, conv.outChannels);
  return tosa::Conv2DOp::create(node.builder, node.loc, type, conv.input, kernel, bias, zero, zero,
                                ArrayRef<int64_t>{win.h.low, win.h.high, win.w.low, win.w.high},
                                ArrayRef<int64_t>{win.h.stride, win.w.stride},
                                ArrayRef<int64_t>{win.h.dilation, win.w.dilation},
                                node.builder.getF32Type());
}

static bool hasScalePerChannel(const TensorValue &weight) {
  return weight.dequantized && weight.dequantized->axis >= 0;
}

static Value buildDepthwise(Node &node, ConvProblem &conv, TensorValue &weight) {
  Window &win = conv.window;
  int64_t multiplier = conv.outChannels / conv.inChannels;
  // Output channel c * multiplier + m comes from input channel c, which is the order of HWCM.
  Value kernel;
  if (multiplier == 1 || !hasScalePerChannel(weight))
    kernel = layOutWeight(node, weight, {conv.inChannels, multiplier, win.h.kernel, win.w.kernel},
                          {2, 3, 0, 1}, {0, 0}, node.info.inputs[1]);
  else
    kernel = buildReshape(node.builder, node.loc,
                          layOutWeight(node, weight, {conv.outChannels, win.h.kernel, win.w.kernel},
                                       {1, 2, 0}, {0, 0}, node.info.inputs[1]),
                          {win.h.kernel, win.w.kernel, conv.inChannels, multiplier});
  auto type =
      RankedTensorType::get({shapeOf(conv.input)[0], win.h.output, win.w.output, conv.outChannels},
                            node.builder.getF32Type());
  Value zero = floatZero(node);
  Value bias = conv.bias ? conv.bias : zeroBias(node, conv.outChannels);
  return tosa::DepthwiseConv2DOp::create(
      node.builder, node.loc, type, conv.input, kernel, bias, zero, zero,
      ArrayRef<int64_t>{win.h.low, win.h.high, win.w.low, win.w.high},
      ArrayRef<int64_t>{win.h.stride, win.w.stride},
      ArrayRef<int64_t>{win.h.dilation, win.w.dilation}, node.builder.getF32Type());
}

static Value buildGrouped(Node &node, ConvProblem &conv, TensorValue &weight) {
  OpBuilder &builder = node.builder;
  Location loc = node.loc;
  Window &win = conv.window;
  int64_t inner = conv.inChannels / conv.group, filters = conv.outChannels / conv.group;
  // A scale per output channel spans both group and filter, so the split into groups happens after
  // the dequantisation.
  Value kernel;
  if (!hasScalePerChannel(weight))
    kernel = layOutWeight(node, weight, {conv.group, filters, inner, win.h.kernel, win.w.kernel},
                          {0, 1, 3, 4, 2}, {0, 0}, node.info.inputs[1]);
  else
    kernel = buildReshape(builder, loc,
                          layOutWeight(node, weight,
                                       {conv.outChannels, inner, win.h.kernel, win.w.kernel},
                                       {0, 2, 3, 1}, {0, 0}, node.info.inputs[1]),
                          {conv.group, filters, win.h.kernel, win.w.kernel, inner});
  Value input = buildPad(builder, loc, conv.input, {0, win.h.low, win.w.low, 0},
                         {0, win.h.high, win.w.high, 0}, 0.0);
  ArrayRef<int64_t> padded = shapeOf(input);
  input = buildReshape(builder, loc, input, {padded[0], padded[1], padded[2], conv.group, inner});
  Shape resultShape = {padded[0], win.h.output, win.w.output, conv.group, filters};
  Value empty = tensor::EmptyOp::create(builder, loc, resultShape, builder.getF32Type());
  Value zero = scalarConstant(builder, loc, builder.getF32Type(), 0.0);
  Value init = linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
  auto strides = builder.getI64TensorAttr({win.h.stride, win.w.stride});
  auto dilations = builder.getI64TensorAttr({win.h.dilation, win.w.dilation});
  Value result = linalg::Conv2DNhwgcGfhwcOp::create(builder, loc, TypeRange{init.getType()},
                                                    ValueRange{input, kernel}, ValueRange{init},
                                                    strides, dilations)
                     .getResult(0);
  result = buildReshape(builder, loc, result,
                        {resultShape[0], resultShape[1], resultShape[2], conv.outChannels});
  if (!conv.bias)
    return result;
  return buildElementwise(builder, loc, {result, conv.bias}, shapeOf(result).vec(),
                          builder.getF32Type(),
                          [](OpBuilder &nested, Location at, ValueRange args) -> Value {
                            return arith::AddFOp::create(nested, at, args[0], args[1]);
                          });
}

static LogicalResult checkChannels(Node &node, const Shape &input, const Shape &weight,
                                   int64_t group, TensorValue *bias) {
  if (weight.size() != input.size())
    return node.error() << "its weight has shape " << printShape(weight) << ", its input "
                        << printShape(input) << ", both must have the same number of dimensions";
  if (group < 1 || input[1] % group != 0 || weight[0] % group != 0 || weight[1] != input[1] / group)
    return node.error() << "its weight of shape " << printShape(weight) << " does not fit "
                        << input[1] << " input channels in " << group << " groups";
  if (bias && bias->shape != Shape{weight[0]})
    return node.error() << "its bias has shape " << printShape(bias->shape) << ", must be "
                        << weight[0];
  return success();
}

Value buildWindowed(Node &node, const Window &window, int64_t group, Value input,
                    TensorValue &weight, Value bias) {
  ConvProblem conv{window, group, shapeOf(input)[3], weight.shape[0], input, bias};
  return group == 1                 ? buildPlain(node, conv, weight)
         : group == conv.inChannels ? buildDepthwise(node, conv, weight)
                                    : buildGrouped(node, conv, weight);
}

FailureOr<Value> buildConvolution(Node &node, TensorValue &input, TensorValue &weight,
                                  TensorValue *bias) {
  const Shape &shape = input.shape, &kernelShape = weight.shape;
  if (shape.size() < 3)
    return node.error() << "its input has shape " << printShape(shape)
                        << ", must have 3 or 4 dimensions";
  int64_t group = node.intAttribute("group", 1);
  if (failed(checkChannels(node, shape, kernelShape, group, bias)))
    return failure();
  std::vector<int64_t> kernel(kernelShape.begin() + 2, kernelShape.end());
  if (node.intsAttribute("kernel_shape", kernel) != kernel)
    return node.error() << "attribute 'kernel_shape' differs from the shape of its weight "
                        << printShape(kernelShape);
  FailureOr<Window> window = resolveWindow(node, shape, kernel, /*allowCeil=*/false);
  if (failed(window))
    return failure();
  Value value = toChannelsLast(node, node.context.materialize(input, node.loc, "input"), *window);
  value = fitWindow(node, value, *window);
  Value biasValue = bias ? node.context.materialize(*bias, node.loc, "bias") : Value();
  return toChannelsFirst(node, buildWindowed(node, *window, group, value, weight, biasValue),
                         *window);
}

static LogicalResult convertConv(Node &node) {
  if (failed(node.expectInputs(2, 3)) || failed(node.expectFloat(0)) || failed(node.expectFloat(1)))
    return failure();
  TensorValue *bias = node.hasInput(2) ? &node.input(2) : nullptr;
  FailureOr<Value> result = buildConvolution(node, node.input(0), node.input(1), bias);
  return failed(result) ? failure() : node.setResult(*result, ElementKind::F32);
}

/// Inputs: x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, bias.
static LogicalResult convertQLinearConv(Node &node) {
  if (failed(node.expectInputs(8, 9)))
    return failure();
  FailureOr<TensorValue> input = dequantizeInput(node, 0, 1, 2, 1),
                         weight = dequantizeInput(node, 3, 4, 5, 0);
  if (failed(input) || failed(weight))
    return failure();
  const HostTensor *inputScale = node.constant(1), *weightScale = node.constant(4);
  std::optional<TensorValue> bias;
  if (node.hasInput(8)) {
    const HostTensor *data = node.constant(8);
    if (!data || data->kind() != ElementKind::I32)
      return node.error() << "its bias must be a constant of type int32";
    // The bias counts in units of x_scale * w_scale, as one float product.
    DequantizedConstant form{*data, {}, weightScale->count() == 1 ? -1 : 0, 0};
    for (int64_t i = 0; i < weightScale->count(); ++i)
      form.scales.push_back(static_cast<float>(inputScale->asDouble(0)) *
                            static_cast<float>(weightScale->asDouble(i)));
    bias.emplace();
    bias->shape = data->shape();
    bias->dequantized = std::move(form);
  }
  FailureOr<Value> result = buildConvolution(node, *input, *weight, bias ? &*bias : nullptr);
  return failed(result) ? failure() : setQuantizedResult(node, *result, 6, 7);
}

ArrayRef<OpEntry> convOps() {
  static const OpEntry table[] = {{"", "Conv", 1, convertConv},
                                  {"", "QLinearConv", 10, convertQLinearConv}};
  return table;
}

} // namespace cimc::frontend
