//===- LowerQdq.cpp - From QDQ form to integer layers ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// First quantisation is moved through data movement until it stands at the layers (QdqMotion). Then
// each weighted layer and each average pool with a dequantised input becomes an integer one; what
// follows it (added constants, bounds, a quantise) goes into its requantisation. Last, the
// elementwise ops before each remaining quantise are fused with it into one generic from integers
// to integers.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Transforms/Passes.h"

#include "ElementwiseFusion.h"
#include "LayerTail.h"
#include "QdqMotion.h"
#include "UnaryChain.h"
#include "WeightedLayer.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Loops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cmath>

#define DEBUG_TYPE "cim-lower-qdq"

namespace cimc {
#define GEN_PASS_DEF_LOWERQDQ
#include "cimc/Transforms/Passes.h.inc"
} // namespace cimc

using namespace mlir;

namespace cimc {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

//===--------------------------------------------------------------------------===//
// Requantisation
//===--------------------------------------------------------------------------===//

/// An i32 accumulator and what one unit of it is worth.
struct Accumulator {
  Value value;
  /// Per channel of the last axis, or one: float32(x_scale * w_scale).
  SmallVector<float> unit;
  /// The divisor of a mean; 1 otherwise.
  float count = 1.0f;
  /// Per channel, one, or none.
  SmallVector<int64_t> bias;
  /// Added to the real result, per channel or none: no rounding to units.
  SmallVector<float> realBias;
  float unitAt(int64_t i) const { return unit.size() == 1 ? unit.front() : unit[i]; }
};

/// Adds real constants to the integer bias; fails if a channel's bias does not fit 31 bits.
LogicalResult addToBias(Accumulator &acc, const ChannelValues &constant, int64_t channels) {
  bool perChannel = acc.unit.size() > 1 || constant.values.size() > 1 || acc.bias.size() > 1;
  size_t size = perChannel ? channels : 1;
  if (acc.bias.empty())
    acc.bias.assign(size, 0);
  else if (acc.bias.size() < size)
    acc.bias.assign(size, acc.bias.front());
  for (size_t i = 0; i < acc.bias.size(); ++i) {
    double units = std::nearbyint(constant.at(i) * acc.count / static_cast<double>(acc.unitAt(i)));
    if (!(std::fabs(units) < 2147483648.0))
      return failure();
    acc.bias[i] += static_cast<int64_t>(units);
  }
  return success();
}

/// The sum of real constants per channel; empty if there are none.
SmallVector<float> sumOf(ArrayRef<ChannelValues> constants, int64_t channels) {
  SmallVector<float> all;
  for (int64_t i = 0; i < channels && !constants.empty(); ++i) {
    double sum = 0;
    for (const ChannelValues &constant : constants)
      sum += constant.at(i);
    all.push_back(static_cast<float>(sum));
  }
  return all;
}

int quantizeBound(float real, const QuantizeForm &form) {
  float q = std::nearbyint(real / form.scale) + static_cast<float>(form.zeroPoint);
  return static_cast<int>(
      std::min(std::max(q, static_cast<float>(form.lo)), static_cast<float>(form.hi)));
}

Scales scalesOf(SmallVector<float> values, int64_t axis) {
  return llvm::all_equal(values) ? Scales(values.front()) : Scales(values, axis);
}

/// Builds the requantisation of `acc` and puts it in the place of the tail's end.
LogicalResult finishTail(OpBuilder &builder, Operation *op, Accumulator acc, const Tail &tail) {
  int64_t axis = typeOf(acc.value).getRank() - 1, channels = typeOf(acc.value).getShape().back();
  for (const ChannelValues &constant : tail.added)
    if (failed(addToBias(acc, constant, channels)))
      return op->emitError()
             << layerName(op)
             << ": a constant added to it is more than 2^31 times its accumulator's unit";
  SmallVector<int32_t> bias;
  for (int64_t value : acc.bias) {
    if (value != static_cast<int32_t>(value))
      return op->emitError() << layerName(op) << ": its bias must fit 32 bits, is " << value;
    bias.push_back(static_cast<int32_t>(value));
  }
  if (llvm::all_of(bias, [](int32_t b) { return b == 0; }))
    bias.clear();
  else if (llvm::all_equal(bias))
    bias.resize(1);
  // A scale is float32(x_scale * w_scale) / y_scale, for a mean x_scale / (count * y_scale).
  SmallVector<float> scale;
  for (float unit : acc.unit)
    scale.push_back(tail.quantize ? unit / (acc.count * tail.quantize->scale) : unit / acc.count);
  Scales scales = scalesOf(scale, axis);
  Location loc = op->getLoc();
  if (!tail.quantize) {
    Value real = buildRequantizeToFloat(builder, loc, acc.value, bias, axis, scales);
    if (!acc.realBias.empty())
      real = addPerChannel(builder, loc, real, acc.realBias);
    Value end = tail.floatEnd;
    end.replaceAllUsesWith(real);
    return success();
  }
  const QuantizeForm &form = *tail.quantize;
  int lo = quantizeBound(tail.low, form), hi = quantizeBound(tail.high, form);
  Value byte = buildRequantize(builder, loc, acc.value, bias, axis, scales, form.zeroPoint, lo, hi);
  Value end = tail.quantized;
  end.replaceAllUsesWith(byte);
  return success();
}

//===--------------------------------------------------------------------------===//
// Weighted layers
//===--------------------------------------------------------------------------===//

/// A layer's integer weights in its own layout, and a scale per output channel (or one).
struct IntegerWeights {
  Value value;
  SmallVector<float> scales;
};

/// The position along the scales' axis of each element of the constant.
SmallVector<float> scalePerElement(const DequantizeForm &form) {
  RankedTensorType type = typeOf(form.input);
  int64_t inner = 1;
  for (int64_t i = form.scale.axis + 1; i < type.getRank(); ++i)
    inner *= type.getDimSize(i);
  SmallVector<float> all(type.getNumElements());
  for (auto [i, scale] : llvm::enumerate(all))
    scale = form.scale.at(i / inner % type.getDimSize(form.scale.axis));
  return all;
}

/// Weights less their zero point, moved into the layer's layout. Without zero point and moves it is
/// the constant itself.
FailureOr<Value> integerConstant(OpBuilder &builder, const WeightedLayer &layer,
                                 const WeightSource &source) {
  Value constant = source.constant;
  int zeroPoint = source.dequantize->zeroPoint;
  if (source.moves.empty() && zeroPoint == 0)
    return constant;
  std::optional<ArrayRef<char>> bytes = getRawBytes(getConstantElements(constant));
  if (!bytes)
    return layer.op->emitError() << layerName(layer.op) << ": its weights are missing";
  SmallVector<int8_t> elements(typeOf(constant).getNumElements());
  for (auto [i, element] : llvm::enumerate(elements)) {
    int value = static_cast<int8_t>((*bytes)[bytes->size() == 1 ? 0 : i]) - zeroPoint;
    if (value < -128 || value > 127)
      return layer.op->emitError() << layerName(layer.op) << ": its weights less their zero point "
                                   << zeroPoint << " must fit 8 bits, found " << value;
    element = static_cast<int8_t>(value);
  }
  SmallVector<int8_t> moved = applyMoves<int8_t>(elements, typeOf(constant), source.moves);
  ConstantWriter writer(typeOf(layer.weights->get()).clone(builder.getI8Type()), "weights");
  llvm::copy(moved, writer.data<int8_t>().begin());
  return writer.finish(builder, constant.getLoc());
}

FailureOr<IntegerWeights> integerWeights(OpBuilder &builder, const WeightedLayer &layer) {
  WeightSource source = *findWeights(layer.weights->get());
  if (!source.dequantize || !typeOf(source.constant).getElementType().isInteger(8))
    return layer.op->emitError() << layerName(layer.op)
                                 << ": its weights are floats; every layer must be quantised, "
                                    "either in the model or with --calibrate";
  FailureOr<Value> value = integerConstant(builder, layer, source);
  if (failed(value))
    return failure();
  IntegerWeights weights{*value, {}};
  if (source.dequantize->scale.isPerTensor()) {
    weights.scales = {source.dequantize->scale.at(0)};
    return weights;
  }
  SmallVector<float> perElement =
      applyMoves<float>(scalePerElement(*source.dequantize), typeOf(source.constant), source.moves);
  weights.scales.assign(layer.outChannels, 0.0f);
  for (auto [i, scale] : llvm::enumerate(perElement)) {
    float &channel = weights.scales[layer.channelOf(i)];
    if (channel != 0.0f && channel != scale)
      return layer.op->emitError()
             << layerName(layer.op) << ": its weights must have one scale per output channel";
    channel = scale;
  }
  return weights;
}

/// Gives a layer that stays float its weights in its own layout, as real numbers.
LogicalResult keepFloat(const WeightedLayer &layer) {
  WeightSource source = *findWeights(layer.weights->get());
  if (source.moves.empty() && !source.dequantize)
    return success();
  OpBuilder builder(layer.op);
  RankedTensorType type = typeOf(source.constant);
  SmallVector<float> elements;
  if (!source.dequantize) {
    std::optional<SmallVector<float>> floats = getFloats(source.constant);
    if (!floats)
      return layer.op->emitError() << layerName(layer.op) << ": its weights are missing";
    elements = std::move(*floats);
  } else {
    std::optional<SmallVector<int64_t>> ints = getInts(source.constant);
    if (!ints)
      return layer.op->emitError() << layerName(layer.op) << ": its weights are missing";
    const DequantizeForm &form = *source.dequantize;
    SmallVector<float> scales = form.scale.isPerTensor()
                                    ? SmallVector<float>(ints->size(), form.scale.at(0))
                                    : scalePerElement(form);
    for (auto [value, scale] : llvm::zip_equal(*ints, scales))
      elements.push_back(static_cast<float>(value - form.zeroPoint) * scale);
  }
  ConstantWriter writer(typeOf(layer.weights->get()), "weights");
  llvm::copy(applyMoves<float>(elements, type, source.moves), writer.data<float>().begin());
  layer.weights->set(writer.finish(builder, source.constant.getLoc()));
  return success();
}

/// The layer's own bias in accumulator units, if it is an integer one with the accumulator's scale;
/// otherwise as real numbers in `added`.
LogicalResult readBias(const WeightedLayer &layer, Accumulator &acc,
                       SmallVector<ChannelValues> &added) {
  if (!layer.bias)
    return success();
  Value bias = layer.bias->get();
  if (std::optional<SmallVector<float>> floats = getFloats(bias)) {
    if (!llvm::all_of(*floats, [](float b) { return b == 0.0f; }))
      added.push_back({SmallVector<double, 1>(floats->begin(), floats->end()), -1});
    return success();
  }
  std::optional<DequantizeForm> form = matchDequantize(bias);
  std::optional<SmallVector<int64_t>> ints = form ? getInts(form->input) : std::nullopt;
  if (!ints)
    return layer.op->emitError() << layerName(layer.op) << ": its bias must be constant";
  bool sameUnit = true;
  for (size_t i = 0; i < ints->size(); ++i) {
    (*ints)[i] -= form->zeroPoint;
    float unit = acc.unitAt(ints->size() == 1 ? 0 : i);
    sameUnit &= std::fabs(form->scale.at(i) - unit) <= 1e-5f * unit;
  }
  if (sameUnit) {
    acc.bias.assign(ints->begin(), ints->end());
    return success();
  }
  ChannelValues real;
  for (auto [i, value] : llvm::enumerate(*ints))
    real.values.push_back(static_cast<float>(value) * form->scale.at(i));
  added.push_back(real);
  return success();
}

/// The i8 times i8 to i32 form of a layer's op.
Value buildIntegerOp(OpBuilder &b, const WeightedLayer &layer, Value input, int inputZeroPoint,
                     Value weights, ArrayRef<int32_t> bias) {
  Operation *op = layer.op;
  Location loc = op->getLoc();
  auto type = typeOf(layer.result()).clone(b.getI32Type());
  if (isa<linalg::LinalgOp>(op)) {
    Value zero = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
    Value inputZero = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(inputZeroPoint));
    Value empty = tensor::EmptyOp::create(b, loc, type.getShape(), b.getI32Type());
    Value init = linalg::FillOp::create(b, loc, zero, empty).getResult(0);
    return linalg::Conv2DNhwgcGfhwcQOp::create(
               b, loc, TypeRange{type}, ValueRange{input, weights, inputZero, zero},
               ValueRange{init}, op->getAttr("strides"), op->getAttr("dilations"))
        .getResult(0);
  }
  Value inputZero = makeScalar(b, loc, b.getI8Type(), inputZeroPoint),
        weightZero = makeScalar(b, loc, b.getI8Type(), 0);
  if (isa<tosa::MatMulOp>(op))
    return tosa::MatMulOp::create(b, loc, type, input, weights, inputZero, weightZero);
  Value biasValue = makeInts(b, loc, {static_cast<int64_t>(bias.size())}, bias, "bias");
  if (auto conv = dyn_cast<tosa::Conv2DOp>(op))
    return tosa::Conv2DOp::create(b, loc, type, input, weights, biasValue, inputZero, weightZero,
                                  conv.getPad(), conv.getStride(), conv.getDilation(),
                                  b.getI32Type());
  auto conv = cast<tosa::DepthwiseConv2DOp>(op);
  return tosa::DepthwiseConv2DOp::create(b, loc, type, input, weights, biasValue, inputZero,
                                         weightZero, conv.getPad(), conv.getStride(),
                                         conv.getDilation(), b.getI32Type());
}

/// TOSA's convolutions hold the bias themselves; takes it out of the accumulator.
SmallVector<int32_t> takeBias(const WeightedLayer &layer, Accumulator &acc) {
  SmallVector<int32_t> bias(layer.outChannels, 0);
  if (!layer.bias ||
      !llvm::all_of(acc.bias, [](int64_t b) { return b == static_cast<int32_t>(b); }))
    return bias;
  for (auto [i, value] : llvm::enumerate(bias))
    value = acc.bias.empty() ? 0 : static_cast<int32_t>(acc.bias[acc.bias.size() == 1 ? 0 : i]);
  acc.bias.clear();
  return bias;
}

LogicalResult lowerLayer(const WeightedLayer &layer) {
  std::optional<DequantizeForm> input = matchDequantize(layer.input->get());
  if (!input || !input->scale.isPerTensor() || !typeOf(input->input).getElementType().isInteger(8))
    return layer.op->emitError() << layerName(layer.op)
                                 << ": its input is not an 8-bit tensor; every layer must be "
                                    "quantised, either in the model or with --calibrate";
  OpBuilder builder(layer.op);
  FailureOr<IntegerWeights> weights = integerWeights(builder, layer);
  if (failed(weights))
    return failure();
  Accumulator acc;
  for (float scale : weights->scales)
    acc.unit.push_back(input->scale.at(0) * scale);
  Value end = channelsLastResult(builder, layer);
  Tail tail = followTail(end);
  SmallVector<ChannelValues> added;
  if (failed(readBias(layer, acc, added)))
    return failure();
  added.append(tail.added);
  tail.added.clear();
  if (!tail.quantize && leadsToStep(tail.floatEnd)) {
    acc.realBias = sumOf(added, layer.outChannels);
    added.clear();
  }
  for (const ChannelValues &constant : added)
    if (failed(addToBias(acc, constant, layer.outChannels)))
      return layer.op->emitError()
             << layerName(layer.op) << ": its bias is more than 2^31 times its accumulator's unit";
  SmallVector<int32_t> bias = takeBias(layer, acc);
  acc.value = buildIntegerOp(builder, layer, input->input, input->zeroPoint, weights->value, bias);
  if (end != layer.result()) {
    ArrayRef<int64_t> merged = typeOf(end).getShape();
    acc.value =
        tosa::ReshapeOp::create(builder, end.getLoc(), typeOf(end).clone(builder.getI32Type()),
                                acc.value, makeShape(builder, end.getLoc(), merged));
  }
  return finishTail(builder, layer.op, std::move(acc), tail);
}

//===--------------------------------------------------------------------------===//
// Average pools
//===--------------------------------------------------------------------------===//

/// A mean over windows that all have the same number of elements becomes an exact sum. One whose
/// padding changes that number stays float.
LogicalResult lowerAveragePool(tosa::AvgPool2dOp op) {
  std::optional<DequantizeForm> input = matchDequantize(op.getInput());
  if (!input || !input->scale.isPerTensor() ||
      !typeOf(input->input).getElementType().isInteger(8) ||
      llvm::any_of(op.getPad(), [](int64_t p) { return p != 0; }))
    return success();
  OpBuilder b(op);
  Location loc = op.getLoc();
  Tail tail = followTail(op.getOutput());
  int64_t count = op.getKernel()[0] * op.getKernel()[1];
  auto type = typeOf(op.getOutput()).clone(b.getI32Type());
  Value zero = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
  Value init = linalg::FillOp::create(
                   b, loc, zero,
                   tensor::EmptyOp::create(b, loc, type.getShape(), b.getI32Type()).getResult())
                   .getResult(0);
  Value window = tensor::EmptyOp::create(b, loc, op.getKernel(), b.getI32Type());
  auto sum = linalg::PoolingNhwcSumOp::create(
      b, loc, TypeRange{type}, ValueRange{input->input, window}, ValueRange{init},
      b.getI64TensorAttr(op.getStride()), b.getI64TensorAttr({1, 1}));
  Accumulator acc;
  acc.value = sum.getResult(0);
  acc.unit = {input->scale.at(0)};
  acc.count = static_cast<float>(count);
  acc.bias = {-count * input->zeroPoint};
  return finishTail(b, op, std::move(acc), tail);
}

/// Positions [first, first + count) along dimension 2 of a map.
Value columns(OpBuilder &b, Location loc, Value map, int64_t first, int64_t count) {
  auto type = typeOf(map);
  SmallVector<int64_t> shape(type.getShape());
  if (first == 0 && count == shape[2])
    return map;
  SmallVector<OpFoldResult> offsets(4, b.getIndexAttr(0)), sizes, strides(4, b.getIndexAttr(1));
  offsets[2] = b.getIndexAttr(first);
  shape[2] = count;
  for (int64_t size : shape)
    sizes.push_back(b.getIndexAttr(size));
  return tensor::ExtractSliceOp::create(b, loc, cast<RankedTensorType>(type.clone(shape)), map,
                                        offsets, sizes, strides);
}

/// Sums in float of the windows of a map; the result is `height` x `width`.
Value windowSums(OpBuilder &b, Location loc, Value map, ArrayRef<int64_t> result,
                 ArrayRef<int64_t> kernel, ArrayRef<int64_t> stride, ArrayRef<int64_t> dilation) {
  ArrayRef<int64_t> shape = typeOf(map).getShape();
  auto type = typeOf(map).clone({shape[0], result[0], result[1], shape[3]});
  Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0.0f));
  Value empty = tensor::EmptyOp::create(b, loc, type.getShape(), b.getF32Type());
  Value init = linalg::FillOp::create(b, loc, zero, empty).getResult(0);
  Value window = tensor::EmptyOp::create(b, loc, kernel, b.getF32Type());
  return linalg::PoolingNhwcSumOp::create(b, loc, TypeRange{type}, ValueRange{map, window},
                                          ValueRange{init}, b.getI64TensorAttr(stride),
                                          b.getI64TensorAttr(dilation))
      .getResult(0);
}

/// Sums of every fourth place of a map whose width is a multiple of four: a dilated pool with four
/// windows.
Value fourSums(OpBuilder &b, Location loc, Value map) {
  ArrayRef<int64_t> shape = typeOf(map).getShape();
  return windowSums(b, loc, map, {1, 4}, {shape[1], shape[2] / 4}, {1, 1}, {1, 4});
}

/// A mean over the whole map in float, in the order in which ONNX Runtime adds: four sums of every
/// fourth place, (0 + 2) + (1 + 3), then what is left over.
void lowerOrderedMean(tosa::AvgPool2dOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value map = op.getInput();
  ArrayRef<int64_t> shape = typeOf(map).getShape();
  int64_t places = shape[1] * shape[2], whole = places / 4 * 4, channels = shape[3],
          batch = shape[0];
  Value flat = map;
  if (shape[2] % 4 != 0) {
    SmallVector<int64_t> row = {batch, 1, places, channels};
    flat = tosa::ReshapeOp::create(b, loc, typeOf(map).clone(row), map, makeShape(b, loc, row));
  }
  Value sums = fourSums(b, loc, shape[2] % 4 != 0 ? columns(b, loc, flat, 0, whole) : map);
  SmallVector<Value> parts;
  for (int64_t i = 0; i < 4; ++i)
    parts.push_back(columns(b, loc, sums, i, 1));
  for (int64_t i = whole; i < places; ++i)
    parts.push_back(columns(b, loc, flat, i, 1));
  SmallVector<AffineMap> maps(parts.size() + 1, b.getMultiDimIdentityMap(4));
  SmallVector<utils::IteratorType> iterators(4, utils::IteratorType::parallel);
  Value init = tensor::EmptyOp::create(b, loc, typeOf(op.getOutput()).getShape(), b.getF32Type());
  auto mean = linalg::GenericOp::create(
      b, loc, op.getOutput().getType(), parts, init, maps, iterators,
      [&](OpBuilder &n, Location at, ValueRange args) {
        Value even = arith::AddFOp::create(n, at, args[0], args[2]),
              odd = arith::AddFOp::create(n, at, args[1], args[3]);
        Value sum = arith::AddFOp::create(n, at, even, odd);
        for (Value rest : args.slice(4, parts.size() - 4))
          sum = arith::AddFOp::create(n, at, sum, rest);
        Value count =
            arith::ConstantOp::create(n, at, n.getF32FloatAttr(static_cast<float>(places)));
        linalg::YieldOp::create(n, at, arith::DivFOp::create(n, at, sum, count).getResult());
      });
  op.getOutput().replaceAllUsesWith(mean.getResult(0));
}

/// A mean over windows in float, in the order in which ONNX Runtime adds: first down the window's
/// columns, then along its row of sums.
void lowerColumnwiseMean(tosa::AvgPool2dOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  ArrayRef<int64_t> in = typeOf(op.getInput()).getShape(), out = typeOf(op.getOutput()).getShape(),
                    kernel = op.getKernel(), stride = op.getStride();
  Value sums =
      windowSums(b, loc, op.getInput(), {out[1], in[2]}, {kernel[0], 1}, {stride[0], 1}, {1, 1});
  sums = windowSums(b, loc, sums, {out[1], out[2]}, {1, kernel[1]}, {1, stride[1]}, {1, 1});
  SmallVector<AffineMap> maps(2, b.getMultiDimIdentityMap(4));
  SmallVector<utils::IteratorType> iterators(4, utils::IteratorType::parallel);
  Value init = tensor::EmptyOp::create(b, loc, out, b.getF32Type());
  auto mean = linalg::GenericOp::create(
      b, loc, op.getOutput().getType(), sums, init, maps, iterators,
      [&](OpBuilder &n, Location at, ValueRange args) {
        auto places = static_cast<float>(kernel[0] * kernel[1]);
        Value count = arith::ConstantOp::create(n, at, n.getF32FloatAttr(places));
        linalg::YieldOp::create(n, at, arith::DivFOp::create(n, at, args[0], count).getResult());
      });
  op.getOutput().replaceAllUsesWith(mean.getResult(0));
}

bool isPadded(tosa::AvgPool2dOp op) {
  return llvm::any_of(op.getPad(), [](int64_t p) { return p != 0; });
}

/// Whether every sum of `places` dequantised 8-bit integers is exact in float, so that its order
/// does not matter: the integers are scaled by a power of two, and their sums fit the mantissa.
bool hasExactSums(const DequantizeForm &input, int64_t places) {
  int exponent = 0;
  return input.scale.isPerTensor() && std::frexp(input.scale.at(0), &exponent) == 0.5f &&
         places * 255 < (1 << 24);
}

/// Whether the mean is over the whole map, from integers, and depends on the order of its sum.
bool isGlobalMeanOfIntegers(tosa::AvgPool2dOp op) {
  ArrayRef<int64_t> shape = typeOf(op.getInput()).getShape();
  int64_t places = shape[1] * shape[2];
  if (op.getKernel()[0] != shape[1] || op.getKernel()[1] != shape[2] || places < 4 || isPadded(op))
    return false;
  std::optional<DequantizeForm> input = matchDequantize(op.getInput());
  return input && !hasExactSums(*input, places);
}

/// Whether the mean is over an even number of elements, from integers to integers of the same
/// scale: then one result in `count` lies exactly between two integers.
bool isMeanWithTies(tosa::AvgPool2dOp op) {
  std::optional<DequantizeForm> input = matchDequantize(op.getInput());
  if (!input || !input->scale.isPerTensor() || isPadded(op) ||
      op.getKernel()[0] * op.getKernel()[1] % 2 != 0)
    return false;
  Tail tail = followTail(op.getOutput());
  return tail.quantize && tail.quantize->scale == input->scale.at(0);
}

/// Lowers a mean whose rounding depends on the order of its sum. False if it is none.
bool lowerMeanInOrder(tosa::AvgPool2dOp op) {
  if (isGlobalMeanOfIntegers(op))
    lowerOrderedMean(op);
  else if (isMeanWithTies(op))
    lowerColumnwiseMean(op);
  else
    return false;
  return true;
}

//===--------------------------------------------------------------------------===//
// Elementwise ops
//===--------------------------------------------------------------------------===//

/// Whether the producer of this input can be computed in the consumer: float elementwise work or
/// comparisons that nobody else needs, or a dequantise of 8-bit data, which costs nothing.
bool isFusable(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  Type element = producer ? typeOf(producer.getResult(0)).getElementType() : Type();
  if (!producer || producer->getBlock() != operand->getOwner()->getBlock() ||
      !isElementwiseGeneric(producer) || !(element.isF32() || element.isInteger(1)))
    return false;
  if (std::optional<DequantizeForm> form = matchDequantize(producer))
    return typeOf(form->input).getElementType().isInteger(8);
  return producer->hasOneUse() && !matchRequantizeToFloat(producer);
}

/// Fuses producers into `op` until none is left.
void fuseProducers(linalg::GenericOp op) {
  for (bool changed = true; changed;) {
    changed = false;
    for (OpOperand *operand : op.getDpsInputOperands())
      if (isFusable(operand)) {
        op = fuseProducer(op, operand);
        changed = true;
        break;
      }
  }
}

void fuseIntoQuantizes(func::FuncOp function) {
  SmallVector<linalg::GenericOp> ends;
  for (Operation *op : networkOps(function))
    if (auto generic = dyn_cast<linalg::GenericOp>(op); generic && matchQuantize(generic))
      ends.push_back(generic);
  for (linalg::GenericOp op : ends)
    fuseProducers(op);
}

//===--------------------------------------------------------------------------===//
// The pass
//===--------------------------------------------------------------------------===//

struct LowerQdq : impl::LowerQdqBase<LowerQdq> {
  using LowerQdqBase::LowerQdqBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    foldDequantizedConstants(function);
    moveQdq(function);
    if (failed(lowerLayers(function)))
      return signalPassFailure();
    eraseDeadOps(function);
    moveQdq(function);
    fuseIntoQuantizes(function);
    eraseDeadOps(function);
  }

  LogicalResult lowerLayers(func::FuncOp function) {
    bool ok = true;
    for (Operation *op : networkOps(function)) {
      if (auto pool = dyn_cast<tosa::AvgPool2dOp>(op)) {
        if (!orderedMean || !lowerMeanInOrder(pool))
          ok &= succeeded(lowerAveragePool(pool));
        continue;
      }
      std::optional<WeightedLayer> layer = matchWeightedLayer(op);
      if (!layer || !layer->isFloat())
        continue;
      if (floatLayers && !matchDequantize(layer->input->get())) {
        ok &= succeeded(keepFloat(*layer));
        continue;
      }
      ok &= succeeded(lowerLayer(*layer));
      ++numLayers;
    }
    return success(ok);
  }
};

} // namespace
} // namespace cimc
