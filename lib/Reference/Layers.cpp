//===- Layers.cpp - Evaluation of convolutions and products ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Float layers go to oneDNN as they are. An integer layer goes there too, as a float layer of the
// integers `x - zero point` and `w`, if that is exact: if for every output channel the largest
// possible |accumulator| is below 2^24, each partial sum in any order is an integer that a float
// holds. Layers with longer sums run in plain integer loops.
//
//===--------------------------------------------------------------------------===//

#include "FloatLayers.h"
#include "Kernels.h"

#include "cimc/Transforms/Constants.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace cimc::reference {
namespace {

/// A weighted layer in the form of a convolution.
struct Layer {
  Value input, weights, bias, init, output;
  int64_t inputZeroPoint = 0, weightZeroPoint = 0;
  ConvSpec spec;
};

int64_t weightOffset(const ConvSpec &s, int64_t g, int64_t o, int64_t i, int64_t y, int64_t x) {
  const auto &w = s.weightStrides;
  return g * w[0] + o * w[1] + i * w[2] + y * w[3] + x * w[4];
}

/// Weights as `group, output channel, row, column, input channel`, the zero point taken off.
std::vector<int32_t> gatherWeights(const ConvSpec &s, const int8_t *weights, int64_t zeroPoint) {
  std::vector<int32_t> all;
  all.reserve(s.oc * s.ic / s.groups * s.kh * s.kw);
  for (int64_t g = 0; g < s.groups; ++g)
    for (int64_t o = 0; o < s.oc / s.groups; ++o)
      for (int64_t y = 0; y < s.kh; ++y)
        for (int64_t x = 0; x < s.kw; ++x)
          for (int64_t i = 0; i < s.ic / s.groups; ++i)
            all.push_back(weights[weightOffset(s, g, o, i, y, x)] - zeroPoint);
  return all;
}

/// Whether every accumulator stays below 2^24 in magnitude.
bool fitsFloat(const std::vector<int32_t> &weights, int64_t channels, int64_t zeroPoint) {
  int64_t largestInput =
      std::max<int64_t>(std::llabs(-128 - zeroPoint), std::llabs(127 - zeroPoint));
  int64_t perChannel = weights.size() / channels;
  for (int64_t c = 0; c < channels; ++c) {
    int64_t sum = 0;
    for (int64_t i = 0; i < perChannel; ++i)
      sum += std::abs(weights[c * perChannel + i]);
    if (sum * largestInput >= (int64_t(1) << 24))
      return false;
  }
  return true;
}

/// `out += conv(in - zeroPoint, weights)` with weights from `gatherWeights`.
void integerConv(const ConvSpec &s, const std::vector<int32_t> &weights, int32_t zeroPoint,
                 const int8_t *in, int32_t *out) {
  const int64_t ic = s.ic / s.groups, oc = s.oc / s.groups;
  for (int64_t pixel = 0; pixel < s.n * s.oh * s.ow; ++pixel) {
    int64_t x = pixel % s.ow, y = pixel / s.ow % s.oh, n = pixel / (s.ow * s.oh);
    for (int64_t tap = 0; tap < s.kh * s.kw; ++tap) {
      int64_t iy = y * s.stride[0] - s.pad[0] + tap / s.kw * s.dilation[0],
              ix = x * s.stride[1] - s.pad[2] + tap % s.kw * s.dilation[1];
      if (iy < 0 || iy >= s.ih || ix < 0 || ix >= s.iw)
        continue;
      const int8_t *row = in + ((n * s.ih + iy) * s.iw + ix) * s.ic;
      for (int64_t c = 0; c < s.oc; ++c) {
        const int32_t *w = weights.data() + (c * s.kh * s.kw + tap) * ic;
        const int8_t *channel = row + c / oc * ic;
        int32_t sum = 0;
        for (int64_t i = 0; i < ic; ++i)
          sum += w[i] * (channel[i] - zeroPoint);
        out[pixel * s.oc + c] += sum;
      }
    }
  }
}

/// The start value of every accumulator.
void fillBias(const ConvSpec &s, const int32_t *bias, bool single, int32_t *out) {
  for (int64_t pixel = 0; pixel < s.n * s.oh * s.ow; ++pixel)
    for (int64_t c = 0; c < s.oc; ++c)
      out[pixel * s.oc + c] = bias ? bias[single ? 0 : c] : 0;
}

FailureOr<Kernel> integerLayer(Operation *op, const Layer &layer, Preparation &prep) {
  const ConvSpec spec = layer.spec;
  const int8_t *weights = reinterpret_cast<const int8_t *>(prep.constant(layer.weights));
  const auto *bias =
      layer.bias ? reinterpret_cast<const int32_t *>(prep.constant(layer.bias)) : nullptr;
  if (!weights || (layer.bias && !bias))
    return op->emitError("weights and bias must be constant to evaluate an integer layer");
  if (!elementOf(layer.weights).isInteger(8) || !elementOf(layer.output).isInteger(32))
    return op->emitError("an integer layer must multiply i8 by i8 to i32 to be evaluated");
  bool single = layer.bias && countOf(layer.bias) == 1;
  auto gathered =
      std::make_shared<std::vector<int32_t>>(gatherWeights(spec, weights, layer.weightZeroPoint));
  Slot in = prep.read(layer.input), init = layer.init ? prep.read(layer.init) : -1,
       out = prep.write(layer.output);
  int64_t bytes = prep.slots[out].bytes;
  int32_t zeroPoint = layer.inputZeroPoint;
  auto start = [=](Frame &f) {
    if (init >= 0)
      std::memcpy(f.slots[out], f.slots[init], bytes);
    else
      fillBias(spec, bias, single, f.at<int32_t>(out));
  };
  if (!fitsFloat(*gathered, spec.oc, zeroPoint))
    return Kernel([=](Frame &f) {
      start(f);
      integerConv(spec, *gathered, zeroPoint, f.at<const int8_t>(in), f.at<int32_t>(out));
    });

  int64_t ic = spec.ic / spec.groups, oc = spec.oc / spec.groups;
  ConvSpec floatSpec = spec;
  floatSpec.weightStrides = {oc * spec.kh * spec.kw * ic, spec.kh * spec.kw * ic, 1, spec.kw * ic,
                             ic};
  std::vector<float> asFloat(gathered->begin(), gathered->end());
  std::string error;
  std::shared_ptr<FloatConv> conv = FloatConv::create(floatSpec, asFloat.data(), nullptr, error);
  if (!conv)
    return op->emitError("oneDNN cannot run this layer: ") << error;
  int64_t inputs = countOf(layer.input), outputs = countOf(layer.output);
  Slot widened = prep.scratch(inputs * 4), sums = prep.scratch(outputs * 4);
  return Kernel([=](Frame &f) {
    const int8_t *x = f.at<const int8_t>(in);
    float *wide = f.at<float>(widened), *sum = f.at<float>(sums);
    for (int64_t i = 0; i < inputs; ++i)
      wide[i] = static_cast<float>(x[i] - zeroPoint);
    conv->run(wide, sum);
    start(f);
    int32_t *acc = f.at<int32_t>(out);
    for (int64_t i = 0; i < outputs; ++i)
      acc[i] += static_cast<int32_t>(sum[i]);
  });
}

FailureOr<Kernel> floatLayer(Operation *op, const Layer &layer, Preparation &prep) {
  const auto *weights = reinterpret_cast<const float *>(prep.constant(layer.weights));
  const auto *bias =
      layer.bias ? reinterpret_cast<const float *>(prep.constant(layer.bias)) : nullptr;
  if (!weights || (layer.bias && !bias))
    return op->emitError("weights and bias must be constant to evaluate a float convolution");
  std::vector<float> spread;
  if (bias && countOf(layer.bias) == 1) {
    spread.assign(layer.spec.oc, *bias);
    bias = spread.data();
  }
  std::string error;
  std::shared_ptr<FloatConv> conv = FloatConv::create(layer.spec, weights, bias, error);
  if (!conv)
    return op->emitError("oneDNN cannot run this layer: ") << error;
  Slot in = prep.read(layer.input), init = layer.init ? prep.read(layer.init) : -1,
       out = prep.write(layer.output);
  int64_t outputs = countOf(layer.output);
  return Kernel([=](Frame &f) {
    conv->run(f.at<const float>(in), f.at<float>(out));
    if (init >= 0)
      for (int64_t i = 0; i < outputs; ++i)
        f.at<float>(out)[i] += f.at<const float>(init)[i];
  });
}

FailureOr<Kernel> prepareLayer(Operation *op, const Layer &layer, Preparation &prep) {
  if (elementOf(layer.input).isF32())
    return floatLayer(op, layer, prep);
  if (elementOf(layer.input).isInteger(8))
    return integerLayer(op, layer, prep);
  return op->emitError("element type must be f32 or i8 to evaluate the model");
}

/// What the three TOSA-like convolutions share; `weightStrides` and `groups` are the caller's.
template <typename OpTy> FailureOr<Layer> tosaLayer(OpTy op) {
  Layer layer{op.getInput(), op.getWeight(), op.getBias(), {}, op.getOutput(), 0, 0, {}};
  if (elementOf(layer.input).isInteger(8)) {
    FailureOr<int64_t> input = op.getInputZeroPoint(), weight = op.getWeightZeroPoint();
    if (failed(input) || failed(weight))
      return op.emitError("zero points must be constant to evaluate the model");
    layer.inputZeroPoint = *input, layer.weightZeroPoint = *weight;
  }
  ArrayRef<int64_t> in = shapeOf(layer.input), out = shapeOf(layer.output), pad = op.getPad(),
                    stride = op.getStride(), dilation = op.getDilation();
  layer.spec = {in[0],
                in[1],
                in[2],
                in[3],
                out[1],
                out[2],
                out[3],
                1,
                1,
                1,
                {stride[0], stride[1]},
                {dilation[0], dilation[1]},
                {pad[0], pad[1], pad[2], pad[3]},
                {}};
  return layer;
}

FailureOr<Kernel> prepareConv(Operation *op, Preparation &prep) {
  FailureOr<Layer> layer = tosaLayer(cast<tosa::Conv2DOp>(op));
  if (failed(layer))
    return failure();
  ArrayRef<int64_t> w = shapeOf(layer->weights); // output channel, row, column, input channel
  ConvSpec &s = layer->spec;
  s.kh = w[1], s.kw = w[2];
  s.weightStrides = {0, w[1] * w[2] * w[3], 1, w[2] * w[3], w[3]};
  return prepareLayer(op, *layer, prep);
}

FailureOr<Kernel> prepareDepthwise(Operation *op, Preparation &prep) {
  FailureOr<Layer> layer = tosaLayer(cast<tosa::DepthwiseConv2DOp>(op));
  if (failed(layer))
    return failure();
  ArrayRef<int64_t> w = shapeOf(layer->weights); // row, column, channel, multiplier
  ConvSpec &s = layer->spec;
  s.kh = w[0], s.kw = w[1], s.groups = w[2];
  s.weightStrides = {w[3], 1, w[2] * w[3], w[1] * w[2] * w[3], w[2] * w[3]};
  return prepareLayer(op, *layer, prep);
}

/// Input `n, h, w, group, channel`; weights `group, output channel, row, column, channel`.
FailureOr<Kernel> prepareGrouped(Operation *op, Preparation &prep) {
  auto linalgOp = cast<linalg::LinalgOp>(op);
  Layer layer{op->getOperand(0),
              op->getOperand(1),
              {},
              linalgOp.getDpsInits()[0],
              op->getResult(0),
              0,
              0,
              {}};
  if (linalgOp.getNumDpsInputs() == 4)
    for (auto [operand, zeroPoint] : {std::pair(op->getOperand(2), &layer.inputZeroPoint),
                                      std::pair(op->getOperand(3), &layer.weightZeroPoint)}) {
      auto constant = operand.getDefiningOp<arith::ConstantOp>();
      auto value = constant ? dyn_cast<IntegerAttr>(constant.getValue()) : IntegerAttr();
      if (!value)
        return op->emitError("zero points must be constant to evaluate the model");
      *zeroPoint = value.getInt();
    }
  SmallVector<int64_t> stride(op->getAttrOfType<DenseElementsAttr>("strides").getValues<int64_t>());
  SmallVector<int64_t> dilation(
      op->getAttrOfType<DenseElementsAttr>("dilations").getValues<int64_t>());
  ArrayRef<int64_t> in = shapeOf(layer.input), out = shapeOf(layer.output),
                    w = shapeOf(layer.weights);
  int64_t perRow = w[3] * w[4];
  layer.spec = {in[0],
                in[1],
                in[2],
                in[3] * in[4],
                out[1],
                out[2],
                out[3] * out[4],
                w[2],
                w[3],
                w[0],
                {stride[0], stride[1]},
                {dilation[0], dilation[1]},
                {0, 0, 0, 0},
                {w[1] * w[2] * perRow, w[2] * perRow, 1, perRow, w[4]}};
  return prepareLayer(op, layer, prep);
}

/// A product with constant right operand is a 1x1 convolution of `m` pixels; otherwise a product of
/// two activations.
FailureOr<Kernel> prepareMatmul(Operation *op, Preparation &prep) {
  auto matmul = cast<tosa::MatMulOp>(op);
  Value a = matmul.getA(), b = matmul.getB(), output = matmul.getOutput();
  int64_t batch = shapeOf(a)[0], m = shapeOf(a)[1], k = shapeOf(a)[2], n = shapeOf(b)[2];
  if (elementOf(a).isInteger(8)) {
    FailureOr<int64_t> aZero = matmul.getAZeroPoint(), bZero = matmul.getBZeroPoint();
    if (failed(aZero) || failed(bZero) || batch != 1)
      return op->emitError(
          "an integer product must have constant zero points and batch 1 to be evaluated");
    Layer layer{
        a,      b,
        {},     {},
        output, *aZero,
        *bZero, {1, m, 1, k, m, 1, n, 1, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}, {0, 1, n, 0, 0}}};
    return integerLayer(op, layer, prep);
  }
  if (!elementOf(a).isF32())
    return op->emitError("element type must be f32 or i8 to evaluate the model");
  const auto *weights = reinterpret_cast<const float *>(prep.constant(b));
  std::string error;
  std::shared_ptr<FloatMatmul> product = FloatMatmul::create(batch, m, k, n, weights, error);
  if (!product)
    return op->emitError("oneDNN cannot run this product: ") << error;
  Slot left = prep.read(a), right = prep.read(b), out = prep.write(output);
  return Kernel([=](Frame &f) {
    product->run(f.at<const float>(left), f.at<const float>(right), f.at<float>(out));
  });
}

constexpr OpEntry kOps[] = {
    {"tosa.conv2d", prepareConv},
    {"tosa.depthwise_conv2d", prepareDepthwise},
    {"tosa.matmul", prepareMatmul},
    {"linalg.conv_2d_nhwgc_gfhwc", prepareGrouped},
    {"linalg.conv_2d_nhwgc_gfhwc_q", prepareGrouped},
};

} // namespace

ArrayRef<OpEntry> layerOps() { return kOps; }

} // namespace cimc::reference
