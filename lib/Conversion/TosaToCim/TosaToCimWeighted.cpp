//===- TosaToCimWeighted.cpp - Convolutions and matrix products -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each kind of weighted layer is described alike (weights and their layout, window, zero point,
// bias); one function makes the cim.forward. Arrays receive raw integers: the zero point's share
// `zp * sum(weights)` moves into the bias, and padding reads as the zero point. Layers that stay
// float have neither scales nor zero points.
//
//===--------------------------------------------------------------------------===//

#include "TosaToCim.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/QuantizedForms.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace cimc::conversion {

/// What all weighted layers have in common.
struct Converter::Layer {
  Value input;
  ElementsAttr weights;
  WeightLayout layout;
  SmallVector<int64_t> kernel{1, 1}, stride{1, 1}, dilation{1, 1}, pad{0, 0, 0, 0};
  int64_t inputZeroPoint = 0, weightZeroPoint = 0;
  SmallVector<int64_t> bias;       ///< empty, one value, or one per output channel
  SmallVector<float> floatBias;    ///< the same where the layer is float
  SmallVector<int64_t> inputShape; ///< N x H x W x C
  int64_t height = 0, width = 0;   ///< of the result
};

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

bool Converter::isLayer(Operation *op) {
  if (auto product = dyn_cast<tosa::MatMulOp>(op))
    return getConstantElements(product.getB()) && shapeOf(product.getB())[0] == 1 &&
           !getConstantElements(product.getA());
  return isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, linalg::Conv2DNhwgcGfhwcQOp,
             linalg::Conv2DNhwgcGfhwcOp>(op);
}

//===--------------------------------------------------------------------------===//
// Describing layers
//===--------------------------------------------------------------------------===//

/// Layouts of weights, from the outermost dimension.
static WeightLayout layoutOhwi(ArrayRef<int64_t> s) {
  return {{1, 0}, {s[1], s[2] * s[3]}, {s[2], s[3]}, {s[3], 1}, {s[0], s[1] * s[2] * s[3]}};
}
static WeightLayout layoutHwcm(ArrayRef<int64_t> s) {
  return {{s[2], s[3]}, {s[0], s[1] * s[2] * s[3]}, {s[1], s[2] * s[3]}, {1, 0}, {s[3], 1}};
}
static WeightLayout layoutGfhwc(ArrayRef<int64_t> s) {
  int64_t plane = s[2] * s[3] * s[4];
  return {{s[0], s[1] * plane}, {s[2], s[3] * s[4]}, {s[3], s[4]}, {s[4], 1}, {s[1], plane}};
}
static WeightLayout layoutKn(ArrayRef<int64_t> s) {
  return {{1, 0}, {1, 0}, {1, 0}, {s[1], s[2]}, {s[2], 1}};
}

std::optional<int64_t> constantZeroPoint(Value value) {
  APInt scalar;
  if (matchPattern(value, m_ConstantInt(&scalar)))
    return scalar.getSExtValue();
  if (getSplatFloat(value) == 0.0f)
    return 0;
  return getSplatInt(value);
}

static bool isFloat(Operation *op) {
  return cast<RankedTensorType>(op->getOperand(0).getType()).getElementType().isF32();
}

/// The fields of a conv2d or depthwise_conv2d.
template <typename Op, typename Layer>
static bool describeConv(Op conv, WeightLayout (*layout)(ArrayRef<int64_t>), Layer &layer) {
  std::optional<int64_t> inputZp = constantZeroPoint(conv.getInputZp()),
                         weightZp = constantZeroPoint(conv.getWeightZp());
  std::optional<SmallVector<int64_t>> bias = getInts(conv.getBias());
  std::optional<SmallVector<float>> floatBias = getFloats(conv.getBias());
  layer.weights = getConstantElements(conv.getWeight());
  if (!inputZp || !weightZp || !(isFloat(conv) ? floatBias.has_value() : bias.has_value()) ||
      !layer.weights)
    return false;
  layer.input = conv.getInput();
  layer.layout = layout(layer.weights.getShapedType().getShape());
  layer.kernel = {layer.layout.kernelH.size, layer.layout.kernelW.size};
  layer.stride.assign(conv.getStride().begin(), conv.getStride().end());
  layer.dilation.assign(conv.getDilation().begin(), conv.getDilation().end());
  layer.pad.assign(conv.getPad().begin(), conv.getPad().end());
  layer.inputZeroPoint = *inputZp;
  layer.weightZeroPoint = *weightZp;
  if (isFloat(conv))
    layer.floatBias = std::move(*floatBias);
  else
    layer.bias = std::move(*bias);
  layer.inputShape.assign(shapeOf(conv.getInput()).begin(), shapeOf(conv.getInput()).end());
  layer.height = shapeOf(conv)[1];
  layer.width = shapeOf(conv)[2];
  return true;
}

template <typename Layer> static bool describeMatMul(tosa::MatMulOp op, Layer &layer) {
  std::optional<int64_t> inputZp = constantZeroPoint(op.getAZp()),
                         weightZp = constantZeroPoint(op.getBZp());
  layer.weights = getConstantElements(op.getB());
  if (!inputZp || !weightZp || !layer.weights)
    return false;
  ArrayRef<int64_t> shape = shapeOf(op.getA());
  layer.input = op.getA();
  layer.layout = layoutKn(layer.weights.getShapedType().getShape());
  layer.inputZeroPoint = *inputZp;
  layer.weightZeroPoint = *weightZp;
  layer.inputShape = {shape[0], shape[1], 1, shape[2]};
  layer.height = shape[1];
  layer.width = 1;
  return true;
}

/// Whether a value is filled with zeros, as sums must start.
static bool isZeroFilled(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_Zero()) ||
           matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
  return getSplatInt(value) == 0;
}

template <typename Op, typename Layer> static bool describeGrouped(Op op, Layer &layer) {
  std::optional<int64_t> inputZp = 0, weightZp = 0;
  if constexpr (std::is_same_v<Op, linalg::Conv2DNhwgcGfhwcQOp>) {
    inputZp = constantZeroPoint(op.getInputs()[2]);
    weightZp = constantZeroPoint(op.getInputs()[3]);
  }
  layer.weights = getConstantElements(op.getInputs()[1]);
  if (!inputZp || !weightZp || !layer.weights || !isZeroFilled(op.getOutputs()[0]))
    return false;
  Value input = op.getInputs()[0];
  ArrayRef<int64_t> shape = shapeOf(input), result = shapeOf(op.getResult(0));
  layer.input = input;
  layer.layout = layoutGfhwc(layer.weights.getShapedType().getShape());
  layer.kernel = {layer.layout.kernelH.size, layer.layout.kernelW.size};
  layer.stride = llvm::to_vector(op.getStrides().template getValues<int64_t>());
  layer.dilation = llvm::to_vector(op.getDilations().template getValues<int64_t>());
  layer.inputZeroPoint = *inputZp;
  layer.weightZeroPoint = *weightZp;
  layer.inputShape = {shape[0], shape[1], shape[2], shape[3] * shape[4]};
  layer.height = result[1];
  layer.width = result[2];
  return true;
}

std::optional<Converter::Layer> Converter::describeLayer(Operation *op) {
  Layer layer;
  bool constant = false;
  if (auto conv = dyn_cast<tosa::Conv2DOp>(op))
    constant = describeConv(conv, layoutOhwi, layer);
  else if (auto conv = dyn_cast<tosa::DepthwiseConv2DOp>(op))
    constant = describeConv(conv, layoutHwcm, layer);
  else if (auto matmul = dyn_cast<tosa::MatMulOp>(op))
    constant = describeMatMul(matmul, layer);
  else if (auto grouped = dyn_cast<linalg::Conv2DNhwgcGfhwcQOp>(op))
    constant = describeGrouped(grouped, layer);
  else if (auto grouped = dyn_cast<linalg::Conv2DNhwgcGfhwcOp>(op))
    constant = describeGrouped(grouped, layer);

  InFlightDiagnostic diag = op->emitError();
  Type element = cast<RankedTensorType>(op->getOperand(0).getType()).getElementType();
  if (!element.isSignlessInteger(8) && !element.isF32())
    diag << "'" << op->getName() << "' must have input of i8 or f32, has " << element;
  else if (!constant)
    diag << "'" << op->getName() << "' must have constant weights, bias and zero points";
  else if (layer.weightZeroPoint != 0)
    diag << "zero point of weights must be 0, is " << layer.weightZeroPoint;
  else if (layer.inputShape[0] != 1)
    diag << "batch must be 1, is " << layer.inputShape[0];
  else {
    diag.abandon();
    return layer;
  }
  failed = true;
  return std::nullopt;
}

//===--------------------------------------------------------------------------===//
// Epilogues
//===--------------------------------------------------------------------------===//

ElementsAttr perChannel(ArrayRef<int32_t> values, Builder &builder) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getI32Type());
  return cim::makeElements(type, values, "bias");
}

ElementsAttr perChannel(ArrayRef<float> values, Builder &builder) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, builder.getF32Type());
  return cim::makeElements(type, values, "scale");
}

template <typename Form>
std::optional<Epilogue> epilogueOf(const Form &form, RankedTensorType type, int64_t channels) {
  bool varies = !form.scale.isPerTensor() || form.bias.size() > 1;
  if (varies && (form.channelAxis != type.getRank() - 1 || type.getShape().back() != channels))
    return std::nullopt;
  Epilogue epilogue;
  for (int64_t channel = 0; channel < channels; ++channel) {
    epilogue.scale.push_back(form.scale.at(channel));
    if (!form.bias.empty())
      epilogue.bias.push_back(form.biasAt(channel));
  }
  if constexpr (std::is_same_v<Form, RequantizeForm>) {
    epilogue.zeroPoint = form.zeroPoint;
    epilogue.lo = form.lo;
    epilogue.hi = form.hi;
  } else {
    epilogue.toFloat = true;
  }
  return epilogue;
}
template std::optional<Epilogue> epilogueOf(const RequantizeForm &, RankedTensorType, int64_t);
template std::optional<Epilogue> epilogueOf(const RequantizeToFloatForm &, RankedTensorType,
                                            int64_t);

/// Output channels of a weighted op.
static int64_t channelsOf(Operation *op) {
  ArrayRef<int64_t> shape = shapeOf(op->getResult(0));
  return isa<linalg::Conv2DNhwgcGfhwcQOp, linalg::Conv2DNhwgcGfhwcOp>(op) ? shape[3] * shape[4]
                                                                          : shape.back();
}

std::optional<Plan> Converter::planLayer(linalg::GenericOp op) {
  std::optional<RequantizeForm> form = matchRequantize(op);
  std::optional<RequantizeToFloatForm> toFloat = form ? std::nullopt : matchRequantizeToFloat(op);
  if (!form && !toFloat)
    return std::nullopt;
  Value sums = form ? form->input : toFloat->input;
  auto type = cast<RankedTensorType>(sums.getType());
  Operation *layer = sums.getDefiningOp();
  while (isa_and_nonnull<tosa::ReshapeOp>(layer) && layer->hasOneUse())
    layer = layer->getOperand(0).getDefiningOp();
  if (!layer || !isLayer(layer) || !layer->hasOneUse())
    return std::nullopt;
  int64_t channels = channelsOf(layer);
  std::optional<Epilogue> epilogue =
      form ? epilogueOf(*form, type, channels) : epilogueOf(*toFloat, type, channels);
  if (!epilogue)
    return std::nullopt;
  Plan plan;
  plan.kind = Plan::Layer;
  plan.layer = layer;
  plan.inputs = {layer->getOperand(0)};
  plan.epilogue = std::move(*epilogue);
  return plan;
}

//===--------------------------------------------------------------------------===//
// Making cim.forward
//===--------------------------------------------------------------------------===//

/// The bias of a layer with its zero point's share, modulo 2^32 as all sums are: the sum with the
/// array's is the layer's own, whatever wraps on the way.
static std::vector<int32_t> foldBias(ArrayRef<int64_t> bias, int64_t zeroPoint,
                                     const Weight &weight, const Epilogue *epilogue) {
  std::vector<int32_t> folded;
  for (auto [channel, sum] : llvm::enumerate(weight.columnSums)) {
    int64_t value = -zeroPoint * sum;
    if (!bias.empty())
      value += bias[bias.size() == 1 ? 0 : channel];
    if (epilogue && !epilogue->bias.empty())
      value += epilogue->bias[channel];
    folded.push_back(static_cast<int32_t>(value));
  }
  return folded;
}

Value Converter::makeFloatForward(Operation *op, const Layer &layer, const Weight &weight,
                                  Value input) {
  SmallVector<float> bias(layer.floatBias);
  if (bias.size() == 1)
    bias.assign(weight.outputs, float(bias.front()));
  if (!bias.empty() && bias.size() != weight.outputs) {
    op->emitError() << "bias must have " << weight.outputs << " values, has " << bias.size();
    failed = true;
    return {};
  }
  SmallVector<int64_t> pad(layer.pad);
  input = absorbPadding(input, builder.getF32FloatAttr(0.0f), pad);
  auto type =
      cim::getRowTensorType({1, layer.height, layer.width, static_cast<int64_t>(weight.outputs)},
                            builder.getF32Type(), 1);
  ++counts.layers;
  return cim::ForwardOp::create(
      builder, op->getLoc(), type, input, weight.symbol, builder.getDenseI64ArrayAttr(layer.kernel),
      builder.getDenseI64ArrayAttr(layer.stride), builder.getDenseI64ArrayAttr(layer.dilation),
      builder.getDenseI64ArrayAttr(pad), builder.getI32IntegerAttr(0),
      bias.empty() ? ElementsAttr() : perChannel(ArrayRef<float>(bias), builder), ElementsAttr(),
      builder.getI32IntegerAttr(0), builder.getDenseI32ArrayAttr({-128, 127}),
      builder.getI32IntegerAttr(1), UnitAttr(), IntegerAttr());
}

Value Converter::makeForward(Operation *op, const Epilogue *epilogue) {
  std::optional<Layer> layer = describeLayer(op);
  if (!layer)
    return {};
  Value input =
      streamAs(op, layer->input,
               StreamLayout::of(layer->inputShape)
                   .typeOf(layer->inputShape,
                           cast<RankedTensorType>(layer->input.getType()).getElementType()));
  const Weight *weight = input ? weights.get(op, layer->weights, layer->layout) : nullptr;
  if (!weight) {
    failed = true;
    return {};
  }
  if (isFloat(op))
    return makeFloatForward(op, *layer, *weight, input);
  size_t outputs = weight->outputs;
  assert((layer->bias.size() <= 1 || layer->bias.size() == outputs) && "checked by the op itself");
  std::vector<int32_t> bias = foldBias(layer->bias, layer->inputZeroPoint, *weight, epilogue);
  input = absorbPadding(input, builder.getI8IntegerAttr(layer->inputZeroPoint), layer->pad);
  ElementsAttr biasAttr = llvm::any_of(bias, [](int32_t value) { return value != 0; })
                              ? perChannel(ArrayRef<int32_t>(bias), builder)
                              : ElementsAttr();
  ElementsAttr scaleAttr =
      epilogue ? perChannel(ArrayRef<float>(epilogue->scale), builder) : ElementsAttr();
  Type element = !epilogue           ? Type(builder.getI32Type())
                 : epilogue->toFloat ? Type(builder.getF32Type())
                                     : Type(builder.getI8Type());
  auto type = cim::getRowTensorType({1, layer->height, layer->width, static_cast<int64_t>(outputs)},
                                    element, 1);
  std::array<int32_t, 2> clamp = {epilogue ? epilogue->lo : -128, epilogue ? epilogue->hi : 127};
  ++counts.layers;
  return cim::ForwardOp::create(
      builder, op->getLoc(), type, input, weight->symbol,
      builder.getDenseI64ArrayAttr(layer->kernel), builder.getDenseI64ArrayAttr(layer->stride),
      builder.getDenseI64ArrayAttr(layer->dilation), builder.getDenseI64ArrayAttr(layer->pad),
      builder.getI32IntegerAttr(layer->inputZeroPoint), biasAttr, scaleAttr,
      builder.getI32IntegerAttr(epilogue ? epilogue->zeroPoint : 0),
      builder.getDenseI32ArrayAttr(clamp), builder.getI32IntegerAttr(1),
      weight->transposed ? builder.getUnitAttr() : UnitAttr(), IntegerAttr());
}

Value Converter::convertLayer(Operation *op) { return makeForward(op, nullptr); }

Value Converter::convertFusedLayer(Operation *, const Plan &plan) {
  ++counts.fused;
  return makeForward(plan.layer, &plan.epilogue);
}

} // namespace cimc::conversion
