//===- Quantize.cpp - A float model into QDQ form -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two sweeps decide which tensors become 8 bits wide. Forwards: which values can come from integers
// (inputs, layers, and what data movement, pools and elementwise ops make of them). Backwards:
// which values are wanted as integers (by layers and average pools, and through the same ops).
// Values inside a stage, such as the sum before its Relu, stay real. Values that share a scale
// through data movement form a class, whose range is the union of its members' ranges. Then weights
// and activations are rewritten.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Transforms/Passes.h"

#include "LayerTail.h"
#include "UnaryChain.h"
#include "WeightedLayer.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Loops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include "llvm/ADT/EquivalenceClasses.h"

#include <cmath>

#define DEBUG_TYPE "cim-quantize"

namespace cimc {
#define GEN_PASS_DEF_QUANTIZE
#include "cimc/Transforms/Passes.h.inc"
} // namespace cimc

using namespace mlir;

namespace cimc {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
bool isFloatTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

//===--------------------------------------------------------------------------===//
// What becomes 8 bits wide
//===--------------------------------------------------------------------------===//

/// How quantisation passes an op.
enum class OpKind {
  Layer,       // wants integers, makes integers
  Movement,    // makes what it is given, in the same scale
  AveragePool, // wants integers, makes integers of another scale
  Elementwise, // wants integers if its result is wanted
  Step,        // makes levels of its own from real numbers
  Other
};

bool isExactPad(tosa::PadOp pad) { return getSplatFloat(pad.getPadConst()) == 0.0f; }

OpKind kindOf(Operation *op) {
  if (op->getNumResults() != 1 || !isFloatTensor(op->getResult(0)))
    return OpKind::Other;
  if (matchWeightedLayer(op))
    return OpKind::Layer;
  if (isa<tosa::ReshapeOp, tosa::TransposeOp, tosa::MaxPool2dOp, tosa::ConcatOp, tosa::ReduceMaxOp,
          tosa::ReduceMinOp, tensor::ExtractSliceOp>(op))
    return OpKind::Movement;
  if (auto pad = dyn_cast<tosa::PadOp>(op))
    return isExactPad(pad) ? OpKind::Movement : OpKind::Other;
  if (auto pool = dyn_cast<tosa::AvgPool2dOp>(op))
    return llvm::all_of(pool.getPad(), [](int64_t p) { return p == 0; }) ? OpKind::AveragePool
                                                                         : OpKind::Other;
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (generic && isBroadcast(generic) && !isConstantTensor(generic.getInputs()[0]))
    return OpKind::Movement;
  if (generic && isElementwiseGeneric(generic) && !matchDequantize(generic))
    return isStep(generic) ? OpKind::Step : OpKind::Elementwise;
  return OpKind::Other;
}

/// The tensors that flow through an op, without constants, shapes and weights.
SmallVector<OpOperand *> dataOperands(Operation *op, OpKind kind) {
  if (kind == OpKind::Layer)
    return {matchWeightedLayer(op)->input};
  SmallVector<OpOperand *> inputs;
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    for (OpOperand *operand : generic.getDpsInputOperands())
      if (!isConstantTensor(operand->get()))
        inputs.push_back(operand);
    return inputs;
  }
  if (isa<tosa::ConcatOp>(op))
    return llvm::to_vector(llvm::make_pointer_range(op->getOpOperands()));
  return {&op->getOpOperand(0)};
}

bool isBounds(linalg::GenericOp op) {
  std::optional<UnaryChain> chain = matchUnaryChain(op);
  return chain && llvm::all_of(chain->steps, [](const ChainStep &step) {
           return step.kind == ChainStep::Maximum || step.kind == ChainStep::Minimum;
         });
}

/// The decisions.
class Decisions {
public:
  explicit Decisions(func::FuncOp function) : function(function), ops(networkOps(function)) {
    findInteriors();
    findCapable();
    findWanted();
  }

  /// Values that get a quantise, in program order.
  SmallVector<Value> quantized;
  /// Values of one scale.
  llvm::EquivalenceClasses<void *> classes;
  /// Uses that need 8 bits; others of the same value read the real numbers.
  DenseSet<OpOperand *> wanting;

private:
  /// Values between a layer and the end of its stage, and inside chains of elementwise ops.
  void findInteriors() {
    for (Operation *op : ops) {
      OpKind kind = kindOf(op);
      if (kind == OpKind::Layer || kind == OpKind::AveragePool) {
        Value start = op->getResult(0), end;
        if (start.hasOneUse() && typeOf(start).getRank() == 5) {
          interior.insert(start);
          start = (*start.user_begin())->getResult(0);
        }
        end = tailEnd(start);
        while (start != end) {
          interior.insert(start);
          start = (*start.user_begin())->getResult(0);
        }
      } else if (kind == OpKind::Elementwise && op->getResult(0).hasOneUse()) {
        Operation *user = *op->getUsers().begin();
        if (kindOf(user) == OpKind::Elementwise &&
            typeOf(user->getResult(0)).getShape() == typeOf(op->getResult(0)).getShape() &&
            !inTail(op->getResult(0)))
          interior.insert(op->getResult(0));
      }
    }
  }

  /// The end of a layer's tail is a stage of its own and keeps its quantise before the next
  /// elementwise op.
  bool inTail(Value value) {
    while (auto generic = value.getDefiningOp<linalg::GenericOp>()) {
      OpOperand *input = onlyVariableInput(generic);
      if (!input || !interior.contains(input->get()))
        return false;
      value = input->get();
    }
    OpKind kind = value.getDefiningOp() ? kindOf(value.getDefiningOp()) : OpKind::Other;
    return kind == OpKind::Layer || kind == OpKind::AveragePool ||
           isa_and_nonnull<tosa::ReshapeOp>(value.getDefiningOp());
  }

  void findCapable() {
    for (BlockArgument argument : function.getArguments())
      if (isFloatTensor(argument))
        capable.insert(argument);
    for (Operation *op : ops) {
      OpKind kind = kindOf(op);
      auto generic = dyn_cast<linalg::GenericOp>(op);
      bool makes =
          kind == OpKind::Layer || kind == OpKind::Step || (generic && matchDequantize(generic));
      if (kind == OpKind::Movement || kind == OpKind::AveragePool || kind == OpKind::Elementwise)
        makes = llvm::all_of(dataOperands(op, kind),
                             [&](OpOperand *o) { return capable.contains(o->get()); }) &&
                !dataOperands(op, kind).empty();
      if (makes)
        capable.insert(op->getResult(0));
    }
  }

  void want(OpOperand *operand) {
    Value value = operand->get();
    if (!isFloatTensor(value) || isConstantTensor(value))
      return;
    wanted.insert(value);
    wanting.insert(operand);
  }

  /// Adds the tensors that a chain of elementwise ops starts from.
  void addRoots(Operation *op, SmallPtrSetImpl<void *> &roots) const {
    for (OpOperand *operand : dataOperands(op, OpKind::Elementwise)) {
      Operation *before = operand->get().getDefiningOp();
      if (before && interior.contains(operand->get()) && kindOf(before) == OpKind::Elementwise)
        addRoots(before, roots);
      else
        roots.insert(operand->get().getAsOpaquePointer());
    }
  }

  /// Whether an elementwise op whose result becomes 8 bits wide is worth having its inputs in 8
  /// bits: a table if all comes from one tensor, or a sum that nothing but bounds follow. Products
  /// of tensors, as of gates and masks, are computed with floats, which rounding would only blur.
  bool worksOnBytes(Operation *op) const {
    while (interior.contains(op->getResult(0)) &&
           kindOf(*op->getResult(0).user_begin()) == OpKind::Elementwise)
      op = *op->getResult(0).user_begin();
    SmallPtrSet<void *, 4> roots;
    addRoots(op, roots);
    if (roots.size() == 1)
      return true;
    // Back over the bounds to the sum.
    auto last = cast<linalg::GenericOp>(op);
    while (OpOperand *input = onlyVariableInput(last)) {
      if (!isBounds(last) || !interior.contains(input->get()))
        return false;
      last = input->get().getDefiningOp<linalg::GenericOp>();
      if (!last)
        return false;
    }
    return isSum(last);
  }

  void findWanted() {
    for (Operation *op : llvm::reverse(ops)) {
      OpKind kind = kindOf(op);
      if (kind == OpKind::Other || kind == OpKind::Step)
        continue;
      Value result = op->getResult(0);
      bool passes = wanted.contains(result) && capable.contains(result) &&
                    (kind != OpKind::Elementwise || worksOnBytes(op));
      if (kind == OpKind::Layer || (kind == OpKind::AveragePool && capable.contains(result)) ||
          passes)
        llvm::for_each(dataOperands(op, kind), [&](OpOperand *operand) { want(operand); });
      if (kind == OpKind::Movement && passes)
        for (OpOperand *input : dataOperands(op, kind))
          classes.unionSets(result.getAsOpaquePointer(), input->get().getAsOpaquePointer());
    }
    keepFloatParts();
    for (BlockArgument argument : function.getArguments())
      decide(argument);
    for (Operation *op : ops)
      for (Value result : op->getResults())
        decide(result);
  }

  /// An argument of which some parts stay float, such as one that holds both states of an LSTM, is
  /// quantised part by part.
  void keepFloatParts() {
    for (BlockArgument argument : function.getArguments())
      if (llvm::any_of(argument.getUsers(), [&](Operation *user) {
            return kindOf(user) == OpKind::Movement && !wanted.contains(user->getResult(0));
          }))
        wanted.erase(argument);
  }

  void decide(Value value) {
    Operation *op = value.getDefiningOp();
    if (!wanted.contains(value) || interior.contains(value))
      return;
    // The reshape that joins a grouped layer's channels belongs to the layer.
    bool transparent =
        op && kindOf(op) == OpKind::Movement && capable.contains(value) &&
        llvm::all_of(dataOperands(op, OpKind::Movement), [&](OpOperand *operand) {
          return wanted.contains(operand->get()) && !interior.contains(operand->get());
        });
    if (transparent || (op && matchDequantize(value)))
      return;
    classes.insert(value.getAsOpaquePointer());
    quantized.push_back(value);
  }

  func::FuncOp function;
  SmallVector<Operation *> ops;
  DenseSet<Value> interior, capable, wanted;
};

//===--------------------------------------------------------------------------===//
// Scales
//===--------------------------------------------------------------------------===//

struct Range {
  double lo = 0, hi = 0;
};

/// How integers stand for the numbers of a tensor.
struct Coding {
  float scale = 1.0f;
  int zeroPoint = 0;
};

/// A range that is at most this share of the symmetric one around it gets a zero point of its own.
constexpr double kLopsided = 0.8;

ArrayAttr rangeAttribute(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return cast<func::FuncOp>(argument.getOwner()->getParentOp())
        .getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "cim.range");
  Operation *op = value.getDefiningOp();
  auto range = op->getAttrOfType<ArrayAttr>("cim.range");
  if (!range || op->getNumResults() == 1)
    return range; // a loop has one for each result
  unsigned index = cast<OpResult>(value).getResultNumber();
  return index < range.size() ? dyn_cast<ArrayAttr>(range[index]) : ArrayAttr();
}

FailureOr<Range> rangeOf(Value value) {
  ArrayAttr attr = rangeAttribute(value);
  auto lo = attr && attr.size() == 2 ? dyn_cast<FloatAttr>(attr[0]) : FloatAttr();
  auto hi = attr && attr.size() == 2 ? dyn_cast<FloatAttr>(attr[1]) : FloatAttr();
  if (lo && hi && std::isfinite(lo.getValueAsDouble()) && std::isfinite(hi.getValueAsDouble()))
    return Range{lo.getValueAsDouble(), hi.getValueAsDouble()};
  if (auto argument = dyn_cast<BlockArgument>(value))
    return emitError(argument.getLoc())
           << "argument " << argument.getArgNumber()
           << " has no finite range; a float model needs samples given with --calibrate";
  Operation *op = value.getDefiningOp();
  return op->emitError()
         << layerName(op)
         << " has no finite range; a float model needs samples given with --calibrate";
}

/// The mean of every channel of a layer's input, seen through its quantisation; empty if
/// calibration did not measure it.
ArrayRef<float> meansOf(Value value) {
  if (std::optional<DequantizeForm> real = matchDequantize(value))
    if (std::optional<QuantizeForm> byte = matchQuantize(real->input))
      value = byte->input;
  DenseF32ArrayAttr attr;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp()))
      attr = function.getArgAttrOfType<DenseF32ArrayAttr>(argument.getArgNumber(), "cim.mean");
  } else {
    attr = value.getDefiningOp()->getAttrOfType<DenseF32ArrayAttr>("cim.mean");
  }
  return attr ? attr.asArrayRef() : ArrayRef<float>();
}

/// Adds `shift` per output channel to a layer's result: in its bias, or behind it.
void shiftResult(const WeightedLayer &layer, ArrayRef<double> shift) {
  OpBuilder builder(layer.op);
  Location loc = layer.op->getLoc();
  if (layer.bias) {
    std::optional<SmallVector<float>> bias = getFloats(layer.bias->get());
    if (!bias)
      return;
    SmallVector<float> moved;
    for (auto [i, amount] : llvm::enumerate(shift))
      moved.push_back(static_cast<float>((*bias)[bias->size() == 1 ? 0 : i] + amount));
    layer.bias->set(makeFloats(builder, loc, {layer.outChannels}, moved, "bias"));
    return;
  }
  builder.setInsertionPointAfter(layer.op);
  Value sum = addPerChannel(builder, loc, layer.result(), SmallVector<float>(shift));
  layer.result().replaceAllUsesExcept(sum, sum.getDefiningOp());
}

/// Quantises weights per output channel. `inputScale` and the layer's bias bound a channel's scale
/// from below, so that the bias fits the accumulator.
class WeightQuantizer {
  /// Weights with more levels than this on each side of zero are not taken for those of a low-bit
  /// model.
  static constexpr int kMostLevels = 7;
  /// Fewer weights in a channel could be multiples of a step by chance.
  static constexpr int64_t kFewestWeights = 16;

public:
  /// With `oneScale`, all output channels share a scale, as an array needs that is read in both
  /// directions.
  WeightQuantizer(const WeightedLayer &layer, float inputScale, unsigned bits, bool oneScale)
      : layer(layer), inputScale(inputScale), binary(bits == 1), oneScale(oneScale && !binary),
        largest(binary ? 1 : (1 << (bits - 1)) - 1) {}

  LogicalResult run() {
    WeightSource source = *findWeights(layer.weights->get());
    std::optional<ArrayRef<char>> bytes = getRawBytes(getConstantElements(source.constant));
    if (!bytes)
      return layer.op->emitError() << layerName(layer.op) << ": its weights are missing";
    int64_t count = layer.weightCount();
    ArrayRef<float> weights(reinterpret_cast<const float *>(bytes->data()),
                            bytes->size() / sizeof(float));
    SmallVector<float> moved;
    if (static_cast<int64_t>(weights.size()) != count || !source.moves.empty()) {
      SmallVector<float> all = weights.size() == 1 ? SmallVector<float>(count, weights.front())
                                                   : SmallVector<float>(weights);
      moved = applyMoves<float>(all, typeOf(source.constant), source.moves);
      weights = moved;
    }
    if (failed(chooseScales(weights)))
      return failure();
    OpBuilder builder(layer.op);
    layer.weights->set(build(builder, source.constant.getLoc(), weights));
    for (Operation *move : llvm::reverse(source.moves))
      if (move->use_empty())
        move->erase();
    eraseUnusedConstant(source.constant);
    return success();
  }

private:
  /// For each channel, the integer that its largest weight becomes. Weights that are whole
  /// multiples of a step (1- and 2-bit models) keep their levels; others use the whole range.
  /// `scales` holds the largest magnitudes.
  SmallVector<int> findLevels(ArrayRef<float> weights) const {
    constexpr float kTolerance = 1e-6f;
    bool few = layer.weightCount() / layer.outChannels < kFewestWeights;
    int most = few ? 0 : std::min(largest, kMostLevels);
    // Bit k: so far all of the channel's weights are multiples of a k-th of its largest one.
    SmallVector<uint32_t> possible(scales.size(), (2u << most) - 2);
    layer.forEachWeight([&](int64_t i, int64_t out) {
      uint32_t &channel = possible[out];
      if (!channel)
        return;
      float part = std::fabs(weights[i]) / scales[out];
      for (int k = 1; channel && k <= most; ++k)
        if (!(std::fabs(part * k - std::nearbyint(part * k)) <= kTolerance * k))
          channel &= ~(1u << k);
    });
    SmallVector<int> levels;
    for (uint32_t channel : possible)
      levels.push_back(channel ? llvm::countr_zero(channel) : largest);
    return levels;
  }

  /// Weights of 1 bit are a sign times the mean magnitude of their channel, which is the nearest
  /// to the weights that two levels can be.
  void useMeans(ArrayRef<float> weights) {
    SmallVector<double> sums(scales.size(), 0.0);
    layer.forEachWeight([&](int64_t i, int64_t out) { sums[out] += std::fabs(weights[i]); });
    double count = static_cast<double>(weights.size()) / static_cast<double>(scales.size());
    for (auto [scale, sum] : llvm::zip_equal(scales, sums))
      scale = static_cast<float>(sum / count);
    magnitudes = scales;
  }

  LogicalResult chooseScales(ArrayRef<float> weights) {
    scales.assign(layer.outChannels, 0.0f);
    const auto *odd = llvm::find_if(weights, [](float weight) { return !std::isfinite(weight); });
    if (odd != weights.end())
      return layer.op->emitError()
             << layerName(layer.op) << ": weight " << odd - weights.begin()
             << " must be finite, is " << (std::isnan(*odd) ? "NaN" : "infinite");
    layer.forEachWeight([&](int64_t i, int64_t out) {
      scales[out] = std::max(scales[out], std::fabs(weights[i]));
    });
    std::optional<SmallVector<float>> bias =
        layer.bias ? getFloats(layer.bias->get()) : std::nullopt;
    SmallVector<int> levels(scales.size(), oneScale ? largest : 1);
    if (oneScale)
      scales.assign(scales.size(), *llvm::max_element(scales));
    else if (binary)
      useMeans(weights);
    else
      levels = findLevels(weights);
    for (auto [i, scale] : llvm::enumerate(scales)) {
      scale /= static_cast<float>(levels[i]);
      if (bias)
        scale = std::max(scale, std::fabs((*bias)[bias->size() == 1 ? 0 : i]) /
                                    (inputScale * 1073741824.0f));
      if (!(scale > 1e-30f))
        scale = 1.0f;
    }
    if (oneScale) // a bias may have raised one
      scales.assign(scales.size(), *llvm::max_element(scales));
    return success();
  }

  /// The integers of all weights.
  void round(ArrayRef<float> weights, MutableArrayRef<int8_t> integers) const {
    if (binary) {
      // A channel of zeros, or one whose bias asks for a larger scale, rounds to 0.
      layer.forEachWeight([&](int64_t i, int64_t out) {
        auto level = static_cast<int8_t>(std::nearbyint(magnitudes[out] / scales[out]));
        integers[i] = weights[i] < 0 ? static_cast<int8_t>(-level) : level;
      });
      return;
    }
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer, ties to even, without a
    // call.
    constexpr float kRounding = 12582912.0f;
    auto limit = static_cast<float>(largest);
    layer.forEachWeight([&](int64_t i, int64_t out) {
      float q = std::min(std::max(weights[i] / scales[out], -limit), limit);
      integers[i] = static_cast<int8_t>((q + kRounding) - kRounding);
    });
  }

  /// Takes back what the rounding of the weights adds to the result on average.
  void correctBias(ArrayRef<float> weights, ArrayRef<int8_t> integers) {
    ArrayRef<float> means = meansOf(layer.input->get());
    auto channels = static_cast<int64_t>(means.size());
    if (channels == 0 || channels != typeOf(layer.input->get()).getShape().back())
      return;
    SmallVector<double> shift(layer.outChannels, 0.0);
    layer.forEachWeight(channels, [&](int64_t i, int64_t out, int64_t in) {
      double error = static_cast<double>(integers[i]) * scales[out] - weights[i];
      shift[out] -= error * means[in];
    });
    shiftResult(layer, shift);
  }

  /// The constant with its output channels along one axis, dequantised, in the layer's shape.
  Value build(OpBuilder &builder, Location loc, ArrayRef<float> weights) {
    auto shape = llvm::to_vector(typeOf(layer.weights->get()).getShape());
    SmallVector<int64_t> flat = shape;
    if (isa<linalg::LinalgOp>(layer.op)) // groups and filters are one axis
      flat = {shape[0] * shape[1], shape[2], shape[3], shape[4]};
    else if (isa<tosa::DepthwiseConv2DOp>(layer.op))
      flat = {shape[0], shape[1], shape[2] * shape[3]};
    int64_t axis = layer.channelOuter ? 0 : flat.size() - 1;
    ConstantWriter writer(RankedTensorType::get(flat, builder.getI8Type()), "weights");
    round(weights, writer.data<int8_t>());
    correctBias(weights, writer.data<int8_t>());
    Value real =
        buildDequantize(builder, loc, writer.finish(builder, loc), Scales(scales, axis), 0);
    if (flat == shape)
      return real;
    return tosa::ReshapeOp::create(builder, loc, RankedTensorType::get(shape, builder.getF32Type()),
                                   real, makeShape(builder, loc, shape));
  }

  const WeightedLayer &layer;
  float inputScale;
  bool binary, oneScale;
  int largest;
  SmallVector<float> scales;
  SmallVector<float> magnitudes; ///< of binary weights
};

//===--------------------------------------------------------------------------===//
// The pass
//===--------------------------------------------------------------------------===//

struct Quantize : impl::QuantizeBase<Quantize> {
  using QuantizeBase::QuantizeBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    if (weightBits < 1 || weightBits > 8 || activationBits < 2 || activationBits > 8) {
      function.emitError() << "weights must have 1 to 8 bits and activations 2 to 8, asked for "
                           << weightBits.getValue() << " and " << activationBits.getValue();
      return signalPassFailure();
    }
    hoistOverReshapes(function);
    Decisions decisions(function);
    if (failed(chooseScales(decisions)) || failed(quantizeActivations(decisions)) ||
        failed(quantizeWeights(function)))
      return signalPassFailure();
    dropRanges(function);
  }

  /// One scale and zero point per class from the union of its members' ranges.
  LogicalResult chooseScales(Decisions &decisions) {
    DenseMap<void *, Range> unions;
    bool ok = true;
    for (Value value : decisions.quantized) {
      FailureOr<Range> range = rangeOf(value);
      ok &= succeeded(range);
      if (!ok)
        continue;
      Range &all = unions[decisions.classes.getLeaderValue(value.getAsOpaquePointer())];
      all = {std::min({all.lo, range->lo, 0.0}), std::max({all.hi, range->hi, 0.0})};
    }
    for (Value value : decisions.quantized)
      codings[value] =
          codingOf(unions[decisions.classes.getLeaderValue(value.getAsOpaquePointer())]);
    return success(ok);
  }

  /// The scale and zero point for a range that holds 0.
  Coding codingOf(Range range) const {
    double bound = std::max(-range.lo, range.hi), width = range.hi - range.lo;
    bool shifted = asymmetric && width < kLopsided * 2 * bound;
    auto scale = static_cast<float>(shifted ? width / (2 * steps()) : bound / steps());
    if (!(scale > 1e-30f))
      return {};
    int zeroPoint = shifted ? static_cast<int>(std::nearbyint(-steps() - range.lo / scale)) : 0;
    return {scale, std::min(std::max(zeroPoint, -steps()), steps())};
  }

  int steps() const { return (1 << (activationBits - 1)) - 1; }

  LogicalResult quantizeActivations(Decisions &decisions) {
    for (Value value : decisions.quantized) {
      OpBuilder builder(value.getContext());
      builder.setInsertionPointAfterValue(value);
      auto [scale, zeroPoint] = codings[value];
      Value byte =
          buildQuantize(builder, value.getLoc(), value, scale, zeroPoint, -steps(), steps());
      Value real = buildDequantize(builder, value.getLoc(), byte, scale, zeroPoint);
      value.replaceUsesWithIf(real,
                              [&](OpOperand &use) { return decisions.wanting.contains(&use); });
      ++numTensors;
    }
    return success();
  }

  /// The scale of a layer's input, seen through the data movement before it.
  static std::optional<float> inputScale(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (std::optional<DequantizeForm> form = matchDequantize(value))
        return form->scale.isPerTensor() ? std::optional(form->scale.at(0)) : std::nullopt;
      if (kindOf(op) != OpKind::Movement)
        return std::nullopt;
      value = op->getOperand(0);
    }
    return std::nullopt;
  }

  LogicalResult quantizeWeights(func::FuncOp function) {
    bool ok = true;
    llvm::DenseSet<Operation *> pairs;
    if (sharesDirections)
      pairs = findTransposedPairs(function);
    for (Operation *op : networkOps(function)) {
      std::optional<WeightedLayer> layer = matchWeightedLayer(op);
      if (!layer || !layer->isFloat() || findWeights(layer->weights->get())->dequantize)
        continue;
      std::optional<float> scale = inputScale(layer->input->get());
      if (!scale)
        ok = false, op->emitError() << layerName(op) << ": its input was not quantised";
      else
        ok &= succeeded(WeightQuantizer(*layer, *scale, weightBits, pairs.contains(op)).run());
      ++numLayers;
    }
    return success(ok);
  }

  /// Ranges are used up; later levels do not carry them.
  static void dropRanges(func::FuncOp function) {
    for (StringRef name : {"cim.range", "cim.mean"}) {
      function.walk([&](Operation *op) { op->removeAttr(name); });
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        function.removeArgAttr(i, name);
    }
  }

  DenseMap<Value, Coding> codings;
};

} // namespace
} // namespace cimc
