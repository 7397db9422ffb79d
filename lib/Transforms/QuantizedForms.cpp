//===- QuantizedForms.cpp - Bodies that mark and do quantisation ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each form is a chain of scalar ops on the first input; the other inputs are constants per
// channel. The builders write the chain step by step. The matchers walk it backwards from the
// yielded value: `Chain` takes one step at a time off the end and gives the step's other operand,
// resolved to either a literal or the constant input of the generic behind a block argument.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Transforms/QuantizedForms.h"

#include "cimc/Transforms/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

namespace cimc {
namespace {

//===--------------------------------------------------------------------------===//
// Builders
//===--------------------------------------------------------------------------===//

/// A generic under construction: the input, constants per channel behind it, and the body.
class FormBuilder {
public:
  FormBuilder(OpBuilder &builder, Location loc, Value input, Type resultElement)
      : builder(builder), loc(loc), inputs{input}, type(cast<RankedTensorType>(input.getType())),
        resultElement(resultElement) {
    maps.push_back(builder.getMultiDimIdentityMap(type.getRank()));
  }

  /// Adds an input that is indexed by `axis` alone; gives the number of its block argument.
  int addPerChannel(Value constant, int64_t axis) {
    inputs.push_back(constant);
    maps.push_back(AffineMap::get(type.getRank(), 0, builder.getAffineDimExpr(axis)));
    return inputs.size() - 1;
  }

  Value finish(function_ref<Value(OpBuilder &, ValueRange)> body) {
    SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
    SmallVector<AffineMap> allMaps = maps;
    allMaps.push_back(builder.getMultiDimIdentityMap(type.getRank()));
    Value init = tensor::EmptyOp::create(builder, loc, type.getShape(), resultElement);
    return linalg::GenericOp::create(builder, loc, type.clone(resultElement), inputs, init, allMaps,
                                     iterators,
                                     [&](OpBuilder &b, Location, ValueRange args) {
                                       linalg::YieldOp::create(b, loc, body(b, args));
                                     })
        .getResult(0);
  }

private:
  OpBuilder &builder;
  Location loc;
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  RankedTensorType type;
  Type resultElement;
};

Value floatLiteral(OpBuilder &b, Location loc, float value) {
  return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
}
Value intLiteral(OpBuilder &b, Location loc, int32_t value) {
  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value));
}

/// `fptosi(min(max(roundeven(x) + zp, lo), hi))`; the addition is left out for zero point 0.
Value roundToByte(OpBuilder &b, Location loc, Value x, int zeroPoint, int lo, int hi) {
  Value rounded = math::RoundEvenOp::create(b, loc, x);
  if (zeroPoint != 0)
    rounded = arith::AddFOp::create(b, loc, rounded, floatLiteral(b, loc, zeroPoint));
  Value low = arith::MaximumFOp::create(b, loc, rounded, floatLiteral(b, loc, lo));
  Value high = arith::MinimumFOp::create(b, loc, low, floatLiteral(b, loc, hi));
  return arith::FPToSIOp::create(b, loc, b.getI8Type(), high);
}

/// Where bias and scale of a requantisation come from inside the body.
struct ScaleAndBias {
  int biasArgument = -1, scaleArgument = -1;
  std::optional<int32_t> biasLiteral;
  float scaleLiteral = 1.0f;

  ScaleAndBias(FormBuilder &form, OpBuilder &b, Location loc, ArrayRef<int32_t> bias,
               int64_t channelAxis, const Scales &scale) {
    if (bias.size() == 1 && bias.front() != 0)
      biasLiteral = bias.front();
    else if (bias.size() > 1)
      biasArgument = form.addPerChannel(
          makeInts(b, loc, {static_cast<int64_t>(bias.size())}, bias, "bias"), channelAxis);
    if (scale.isPerTensor())
      scaleLiteral = scale.values.front();
    else
      scaleArgument = form.addPerChannel(
          makeFloats(b, loc, {static_cast<int64_t>(scale.values.size())}, scale.values, "scale"),
          scale.axis);
  }

  /// `f32(x + bias) * scale`
  Value apply(OpBuilder &b, Location loc, ValueRange args) const {
    Value sum = args[0];
    if (biasArgument >= 0)
      sum = arith::AddIOp::create(b, loc, sum, args[biasArgument]);
    else if (biasLiteral)
      sum = arith::AddIOp::create(b, loc, sum, intLiteral(b, loc, *biasLiteral));
    Value real = arith::SIToFPOp::create(b, loc, b.getF32Type(), sum);
    return arith::MulFOp::create(b, loc, real,
                                 scaleArgument >= 0 ? args[scaleArgument]
                                                    : floatLiteral(b, loc, scaleLiteral));
  }
};

} // namespace

Value buildQuantize(OpBuilder &builder, Location loc, Value x, float scale, int zeroPoint, int lo,
                    int hi) {
  FormBuilder form(builder, loc, x, builder.getI8Type());
  return form.finish([&](OpBuilder &b, ValueRange args) -> Value {
    Value scaled = arith::DivFOp::create(b, loc, args[0], floatLiteral(b, loc, scale));
    return roundToByte(b, loc, scaled, zeroPoint, lo, hi);
  });
}

Value buildDequantize(OpBuilder &builder, Location loc, Value x, const Scales &scale,
                      int zeroPoint) {
  FormBuilder form(builder, loc, x, builder.getF32Type());
  ScaleAndBias parts(form, builder, loc, {}, -1, scale);
  return form.finish([&](OpBuilder &b, ValueRange args) -> Value {
    Value wide = args[0];
    if (!wide.getType().isInteger(32))
      wide = arith::ExtSIOp::create(b, loc, b.getI32Type(), wide);
    if (zeroPoint != 0)
      wide = arith::SubIOp::create(b, loc, wide, intLiteral(b, loc, zeroPoint));
    Value real = arith::SIToFPOp::create(b, loc, b.getF32Type(), wide);
    return arith::MulFOp::create(b, loc, real,
                                 parts.scaleArgument >= 0
                                     ? args[parts.scaleArgument]
                                     : floatLiteral(b, loc, parts.scaleLiteral));
  });
}

Value buildRequantize(OpBuilder &builder, Location loc, Value acc, ArrayRef<int32_t> bias,
                      int64_t channelAxis, const Scales &scale, int zeroPoint, int lo, int hi) {
  FormBuilder form(builder, loc, acc, builder.getI8Type());
  ScaleAndBias parts(form, builder, loc, bias, channelAxis, scale);
  return form.finish([&](OpBuilder &b, ValueRange args) {
    return roundToByte(b, loc, parts.apply(b, loc, args), zeroPoint, lo, hi);
  });
}

Value buildRequantizeToFloat(OpBuilder &builder, Location loc, Value acc, ArrayRef<int32_t> bias,
                             int64_t channelAxis, const Scales &scale) {
  FormBuilder form(builder, loc, acc, builder.getF32Type());
  ScaleAndBias parts(form, builder, loc, bias, channelAxis, scale);
  return form.finish([&](OpBuilder &b, ValueRange args) { return parts.apply(b, loc, args); });
}

//===--------------------------------------------------------------------------===//
// Matchers
//===--------------------------------------------------------------------------===//

namespace {

/// The body of an elementwise generic, read backwards from the yielded value.
class Chain {
public:
  explicit Chain(linalg::GenericOp op) : op(op) {
    if (!op || op.getNumDpsInits() != 1 || op.getNumDpsInputs() < 1 ||
        op.getNumParallelLoops() != op.getNumLoops())
      return;
    if (!op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() ||
        !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity())
      return;
    current = cast<linalg::YieldOp>(op.getBody()->getTerminator()).getOperand(0);
  }

  explicit operator bool() const { return static_cast<bool>(current); }

  /// Takes a unary `OpTy` off the end.
  template <typename OpTy> bool takeUnary() {
    auto last = step<OpTy>();
    if (!last)
      return false;
    current = last->getOperand(0);
    return true;
  }

  /// Takes a binary `OpTy` off the end, gives its second operand. A commutative op's second operand
  /// is the one that is not computed.
  template <typename OpTy> std::optional<Value> takeBinary() {
    auto last = step<OpTy>();
    if (!last)
      return std::nullopt;
    Value lhs = last->getOperand(0), rhs = last->getOperand(1);
    if (last->template hasTrait<OpTrait::IsCommutative>() && isParameter(lhs) && !isParameter(rhs))
      std::swap(lhs, rhs);
    if (!isParameter(rhs))
      return std::nullopt;
    current = lhs;
    return rhs;
  }

  /// The chain starts here: at the first input, whose element type is one of `bits` wide integers
  /// or f32 (0).
  bool atInput(ArrayRef<unsigned> bits) const {
    auto argument = dyn_cast_or_null<BlockArgument>(current);
    if (!argument || argument.getArgNumber() != 0 || argument.getOwner() != op.getBody())
      return false;
    return llvm::any_of(bits, [&](unsigned width) {
      return width == 0 ? current.getType().isF32() : current.getType().isInteger(width);
    });
  }

  std::optional<float> floatLiteral(Value value) const {
    FloatAttr attr;
    if (!matchPattern(value, m_Constant(&attr)) || !attr.getType().isF32())
      return std::nullopt;
    return attr.getValue().convertToFloat();
  }

  std::optional<int> wholeFloat(Value value) const {
    std::optional<float> literal = floatLiteral(value);
    if (!literal || *literal != std::nearbyint(*literal) || std::fabs(*literal) > 1e6f)
      return std::nullopt;
    return static_cast<int>(*literal);
  }

  std::optional<int64_t> intLiteral(Value value) const {
    IntegerAttr attr;
    if (!matchPattern(value, m_Constant(&attr)))
      return std::nullopt;
    return attr.getInt();
  }

  /// Scales from a literal or a constant input.
  std::optional<Scales> scales(Value value) const {
    if (std::optional<float> literal = floatLiteral(value))
      return Scales(*literal);
    int64_t axis;
    Value operand = perChannel(value, axis);
    std::optional<SmallVector<float>> values = operand ? getFloats(operand) : std::nullopt;
    if (!values)
      return std::nullopt;
    return axis < 0 ? Scales(values->front()) : Scales(*values, axis);
  }

  /// Bias from a literal or a constant input; `axis` is untouched if there is one value for all.
  std::optional<SmallVector<int32_t>> bias(Value value, int64_t &axis) const {
    if (std::optional<int64_t> literal = intLiteral(value))
      return SmallVector<int32_t>{static_cast<int32_t>(*literal)};
    int64_t operandAxis;
    Value operand = perChannel(value, operandAxis);
    std::optional<SmallVector<int64_t>> values = operand ? getInts(operand) : std::nullopt;
    if (!values)
      return std::nullopt;
    if (operandAxis >= 0)
      axis = operandAxis;
    return llvm::to_vector(
        llvm::map_range(*values, [](int64_t v) { return static_cast<int32_t>(v); }));
  }

  Value input() const { return op.getDpsInputOperand(0)->get(); }

  /// Takes the scale off the end, a factor or divisor. Canonicalisation drops one of 1.
  template <typename OpTy> std::optional<Scales> takeScale() {
    std::optional<Value> operand = takeBinary<OpTy>();
    return operand ? scales(*operand) : step<OpTy>() ? std::nullopt : std::optional(Scales(1.0f));
  }

private:
  template <typename OpTy> OpTy step() const {
    return current ? current.getDefiningOp<OpTy>() : OpTy();
  }

  /// A literal, or a block argument of another input than the first.
  bool isParameter(Value value) const {
    if (auto argument = dyn_cast<BlockArgument>(value))
      return argument.getArgNumber() != 0;
    Operation *def = value.getDefiningOp();
    return def && def->hasTrait<OpTrait::ConstantLike>();
  }

  /// The operand behind a block argument if its map reads one dimension (axis) or none (-1).
  Value perChannel(Value value, int64_t &axis) const {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != op.getBody() ||
        argument.getArgNumber() >= op.getNumDpsInputs())
      return {};
    OpOperand *operand = op.getDpsInputOperand(argument.getArgNumber());
    axis = -1;
    for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults()) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
        if (axis >= 0)
          return {};
        axis = dim.getPosition();
      } else if (!isa<AffineConstantExpr>(expr)) {
        return {};
      }
    }
    return operand->get();
  }

  mutable linalg::GenericOp op; // its accessors are not const
  Value current;
};

/// The end of a form with an 8-bit result.
struct ByteEnd {
  int zeroPoint = 0, lo = 0, hi = 0;
};

std::optional<ByteEnd> takeByteEnd(Chain &chain) {
  ByteEnd end;
  if (!chain || !chain.takeUnary<arith::FPToSIOp>())
    return std::nullopt;
  std::optional<Value> hi = chain.takeBinary<arith::MinimumFOp>();
  std::optional<Value> lo = hi ? chain.takeBinary<arith::MaximumFOp>() : std::nullopt;
  std::optional<int> hiValue = lo ? chain.wholeFloat(*hi) : std::nullopt;
  std::optional<int> loValue = lo ? chain.wholeFloat(*lo) : std::nullopt;
  if (!hiValue || !loValue || *loValue < -128 || *hiValue > 127 || *loValue > *hiValue)
    return std::nullopt;
  if (std::optional<Value> zeroPoint = chain.takeBinary<arith::AddFOp>()) {
    std::optional<int> value = chain.wholeFloat(*zeroPoint);
    if (!value)
      return std::nullopt;
    end.zeroPoint = *value;
  }
  if (!chain.takeUnary<math::RoundEvenOp>())
    return std::nullopt;
  end.lo = *loValue, end.hi = *hiValue;
  return end;
}

/// `f32(x + bias) * scale` at the start of both requantisations.
std::optional<RequantizeToFloatForm> takeScaledSum(Chain &chain) {
  RequantizeToFloatForm form{chain.input(), {}, -1, {}};
  std::optional<Scales> scales = chain.takeScale<arith::MulFOp>();
  if (!scales || !chain.takeUnary<arith::SIToFPOp>())
    return std::nullopt;
  form.scale = *scales;
  if (std::optional<Value> bias = chain.takeBinary<arith::AddIOp>()) {
    std::optional<SmallVector<int32_t>> values = chain.bias(*bias, form.channelAxis);
    if (!values)
      return std::nullopt;
    form.bias = *values;
  }
  if (!chain.atInput({32}))
    return std::nullopt;
  if (!form.scale.isPerTensor()) {
    if (form.channelAxis >= 0 && form.channelAxis != form.scale.axis)
      return std::nullopt;
    form.channelAxis = form.scale.axis;
  }
  return form;
}

template <typename Form>
std::optional<Form> matchDefining(Value value, std::optional<Form> (*match)(linalg::GenericOp)) {
  auto op = value.getDefiningOp<linalg::GenericOp>();
  return op ? match(op) : std::nullopt;
}

} // namespace

std::optional<QuantizeForm> matchQuantize(linalg::GenericOp op) {
  Chain chain(op);
  std::optional<ByteEnd> end = takeByteEnd(chain);
  std::optional<Scales> scale = end ? chain.takeScale<arith::DivFOp>() : std::nullopt;
  if (!scale || !scale->isPerTensor() || !chain.atInput({0}))
    return std::nullopt;
  return QuantizeForm{chain.input(), scale->at(0), end->zeroPoint, end->lo, end->hi};
}

std::optional<DequantizeForm> matchDequantize(linalg::GenericOp op) {
  Chain chain(op);
  std::optional<Scales> scales = chain ? chain.takeScale<arith::MulFOp>() : std::nullopt;
  if (!scales || !chain.takeUnary<arith::SIToFPOp>())
    return std::nullopt;
  int64_t zeroPoint = 0;
  if (std::optional<Value> subtracted = chain.takeBinary<arith::SubIOp>()) {
    std::optional<int64_t> literal = chain.intLiteral(*subtracted);
    if (!literal)
      return std::nullopt;
    zeroPoint = *literal;
  } else if (std::optional<Value> added = chain.takeBinary<arith::AddIOp>()) {
    // Canonicalisation writes a subtraction of a literal as an addition.
    std::optional<int64_t> literal = chain.intLiteral(*added);
    if (!literal)
      return std::nullopt;
    zeroPoint = -*literal;
  }
  bool widened = chain.takeUnary<arith::ExtSIOp>();
  if (!chain.atInput({widened ? 8u : 32u}))
    return std::nullopt;
  return DequantizeForm{chain.input(), *scales, static_cast<int>(zeroPoint)};
}

std::optional<RequantizeForm> matchRequantize(linalg::GenericOp op) {
  Chain chain(op);
  std::optional<ByteEnd> end = takeByteEnd(chain);
  std::optional<RequantizeToFloatForm> start = end ? takeScaledSum(chain) : std::nullopt;
  if (!start)
    return std::nullopt;
  return RequantizeForm{start->input, start->bias, start->channelAxis, start->scale, end->zeroPoint,
                        end->lo,      end->hi};
}

std::optional<RequantizeToFloatForm> matchRequantizeToFloat(linalg::GenericOp op) {
  Chain chain(op);
  return chain ? takeScaledSum(chain) : std::nullopt;
}

std::optional<QuantizeForm> matchQuantize(Value value) {
  return matchDefining<QuantizeForm>(value, matchQuantize);
}
std::optional<DequantizeForm> matchDequantize(Value value) {
  return matchDefining<DequantizeForm>(value, matchDequantize);
}
std::optional<RequantizeForm> matchRequantize(Value value) {
  return matchDefining<RequantizeForm>(value, matchRequantize);
}
std::optional<RequantizeToFloatForm> matchRequantizeToFloat(Value value) {
  return matchDefining<RequantizeToFloatForm>(value, matchRequantizeToFloat);
}

} // namespace cimc
