//===- NarrowDigitalFloats.cpp - Half precision in the digital unit --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Goes through a function once, in order, and decides for the result of every stage whether it is
// f16 from now on or stays f32 ("wide"). A wide value is converted once for all users that want
// halves; a half is converted where it leaves the network. Bodies are rewritten in place.
//
// Wide are the inputs of the network, results that integer layers and the like make only for
// outputs, and relayouts and slices of wide values that go nowhere else than to outputs or
// quantisations.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Dialect/Cim/Transforms/Passes.h"

#include "cimc/Support/Half.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cmath>

using namespace mlir;

namespace cimc::cim {
#define GEN_PASS_DEF_NARROWDIGITALFLOATS
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"

namespace {

//===--------------------------------------------------------------------------===//
// Constants
//===--------------------------------------------------------------------------===//

/// The nearest half; a finite number other than 0 becomes neither infinite nor 0.
uint16_t nearestHalf(float value) {
  if (std::isfinite(value) && value != 0)
    value = std::copysign(std::clamp(std::abs(value), kSmallestHalf, kLargestHalf), value);
  return halfBits(value);
}

bool isBeyond(float value) {
  return std::isfinite(value) && std::isinf(halfValue(halfBits(value)));
}

llvm::APFloat asHalf(uint16_t bits) {
  return llvm::APFloat(llvm::APFloat::IEEEhalf(), llvm::APInt(16, bits));
}

FloatAttr narrowed(FloatAttr value) {
  return FloatAttr::get(Float16Type::get(value.getContext()),
                        asHalf(nearestHalf(value.getValue().convertToFloat())));
}

/// `value` with its elements rounded; null if they cannot be read. `beyond` takes the first element
/// that has no half.
ElementsAttr narrowed(ElementsAttr value, llvm::StringRef name, std::optional<float> &beyond) {
  constexpr size_t kInlineElements = 16;
  FailureOr<std::vector<float>> floats = readElements<float>(value);
  if (failed(floats))
    return {};
  std::vector<uint16_t> halves;
  halves.reserve(floats->size());
  for (float number : *floats) {
    if (!beyond && isBeyond(number))
      beyond = number;
    halves.push_back(nearestHalf(number));
  }
  auto type =
      RankedTensorType::get(value.getShapedType().getShape(), Float16Type::get(value.getContext()));
  if (auto dense = dyn_cast<DenseElementsAttr>(value); dense && dense.isSplat() && !halves.empty())
    return DenseElementsAttr::get(type, asHalf(halves.front()));
  llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(halves.data()), halves.size() * 2);
  if (halves.size() <= kInlineElements)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  auto blob = HeapAsmResourceBlob::allocateAndCopyInferAlign<uint16_t>(halves);
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

/// The same for the parameters of a layer, which must have halves. Emits the errors.
FailureOr<ElementsAttr> narrowedParameter(Operation *op, llvm::StringRef what, ElementsAttr value,
                                          llvm::StringRef name) {
  std::optional<float> beyond;
  ElementsAttr result = narrowed(value, name, beyond);
  if (!result)
    return op->emitOpError() << what << " has no data of " << value.getShapedType()
                             << " to round to f16";
  if (beyond)
    return op->emitOpError() << what << " holds " << *beyond
                             << ", which f16 cannot: its largest number is 65504";
  return result;
}

//===--------------------------------------------------------------------------===//
// Which values
//===--------------------------------------------------------------------------===//

bool isFloatStream(Value value) {
  return isRowTensor(value.getType()) &&
         cast<RankedTensorType>(value.getType()).getElementType().isF32();
}

/// The type of `value` in another number format.
RankedTensorType withElements(Value value, Type element) {
  auto type = cast<RankedTensorType>(value.getType());
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}

/// Whether a scalar body computes with integers, truth values aside.
bool hasIntegers(ElementwiseOp op) {
  Block &body = op.getBody().front();
  auto isInteger = [](Type type) { return isa<IntegerType>(type) && !type.isInteger(1); };
  return llvm::any_of(body.getArgumentTypes(), isInteger) ||
         llvm::any_of(body, [&](Operation &inner) {
           return llvm::any_of(inner.getResultTypes(), isInteger);
         });
}

bool staysWideInside(Operation *op) {
  auto elementwise = dyn_cast<ElementwiseOp>(op);
  return elementwise && hasIntegers(elementwise);
}

/// Moves the elements of one stream.
bool isMovement(Operation *op) { return isa<RelayoutOp, SliceOp>(op); }

/// Whether all users of `value`, behind movements, are outputs, or also quantisations.
bool goesOnlyOut(Value value, bool orQuantised) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    if (isMovement(user))
      return goesOnlyOut(user->getResult(0), orQuantised);
    bool inside = isa<StageOpInterface, FeedOp>(user);
    return !inside || (orQuantised && isa<QuantizeOp>(user));
  });
}

/// Whether `op` makes its float result in f32 before it would round it.
bool makesFloats(Operation *op) {
  if (auto forward = dyn_cast<ForwardOp>(op))
    return cast<RankedTensorType>(forward.getInput().getType()).getElementType().isInteger(8);
  return isa<DequantizeOp, RequantizeOp>(op) || staysWideInside(op);
}

/// Whether `op` takes operands of f32 also where halves are the rule.
bool acceptsWide(Operation *op) {
  return isa<QuantizeOp, ConvertOp>(op) || staysWideInside(op) ||
         !isa<StageOpInterface, FeedOp>(op);
}

//===--------------------------------------------------------------------------===//
// The pass
//===--------------------------------------------------------------------------===//

class Narrower {
public:
  explicit Narrower(func::FuncOp function) : function(function), builder(function.getContext()) {}
  int64_t streams = 0, converts = 0;

  LogicalResult run();

private:
  bool isWide(Operation *op, Value result);
  LogicalResult narrowOperands(Operation *op);
  LogicalResult narrowOp(Operation *op);
  void narrowBody(ElementwiseOp op);
  void surroundBody(ElementwiseOp op, bool resultIsWide);
  FailureOr<Value> narrowConstant(ConstantOp constant);
  Value convert(Value value, Type element, Location loc) {
    ++converts;
    return ConvertOp::create(builder, loc, withElements(value, element), value, IntegerAttr());
  }
  Value narrowWide(Value value);

  func::FuncOp function;
  OpBuilder builder;
  llvm::DenseSet<Value> wide;          ///< streams that stay f32
  llvm::DenseMap<Value, Value> narrow; ///< halves of wide streams and of constants
};

bool Narrower::isWide(Operation *op, Value result) {
  if (isa<ConvertOp, InputOp>(op) || !isa<StageOpInterface>(op))
    return true;
  if (isMovement(op))
    return wide.contains(op->getOperand(0)) && goesOnlyOut(result, /*orQuantised=*/true);
  return makesFloats(op) && goesOnlyOut(result, /*orQuantised=*/false);
}

/// The half of a wide value, made once, right behind it.
Value Narrower::narrowWide(Value value) {
  Value &half = narrow[value];
  if (!half) {
    builder.setInsertionPointAfterValue(value);
    half = convert(value, builder.getF16Type(), value.getLoc());
  }
  return half;
}

FailureOr<Value> Narrower::narrowConstant(ConstantOp constant) {
  Value &half = narrow[constant];
  if (half)
    return half;
  std::optional<float> beyond; // masks and bounds stop at the largest half
  ElementsAttr value = narrowed(constant.getValue(), "half", beyond);
  if (!value)
    return constant.emitOpError() << "value has no data of " << constant.getValue().getShapedType()
                                  << " to round to f16";
  builder.setInsertionPoint(constant);
  half = ConstantOp::create(builder, constant.getLoc(), value.getType(), value);
  return half;
}

/// Gives `op` operands of the format that it wants.
LogicalResult Narrower::narrowOperands(Operation *op) {
  bool takesWide = acceptsWide(op) || (isMovement(op) && wide.contains(op->getResult(0)));
  bool outside = !isa<StageOpInterface, FeedOp>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      continue;
    if (type.getElementType().isF16() && outside && isRowTensor(type)) {
      builder.setInsertionPoint(op);
      operand.set(convert(value, builder.getF32Type(), op->getLoc()));
    } else if (type.getElementType().isF32() && !takesWide) {
      auto constant = value.getDefiningOp<ConstantOp>();
      FailureOr<Value> half = constant ? narrowConstant(constant) : narrowWide(value);
      if (failed(half))
        return failure();
      operand.set(*half);
    }
  }
  return success();
}

/// A body of floats: every value and constant of f32 is f16 from now on.
void Narrower::narrowBody(ElementwiseOp op) {
  auto narrowType = [&](Value value) {
    if (value.getType().isF32())
      value.setType(builder.getF16Type());
  };
  Block &body = op.getBody().front();
  llvm::for_each(body.getArguments(), narrowType);
  for (Operation &inner : body) {
    if (auto constant = dyn_cast<arith::ConstantOp>(inner))
      if (auto number = dyn_cast<FloatAttr>(constant.getValue());
          number && number.getType().isF32())
        constant.setValueAttr(narrowed(number));
    llvm::for_each(inner.getResults(), narrowType);
  }
}

/// A body with integers: operands that are halves are extended, a result that is one is rounded.
void Narrower::surroundBody(ElementwiseOp op, bool resultIsWide) {
  Block &body = op.getBody().front();
  Type f16 = builder.getF16Type(), f32 = builder.getF32Type();
  builder.setInsertionPointToStart(&body);
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), op.getInputs())) {
    bool half = cast<RankedTensorType>(input.getType()).getElementType().isF16();
    if (!half || !argument.getType().isF32())
      continue;
    argument.setType(f16);
    auto extended = arith::ExtFOp::create(builder, op.getLoc(), f32, argument);
    argument.replaceAllUsesExcept(extended, extended);
  }
  Operation *yield = body.getTerminator();
  if (resultIsWide || !yield->getOperand(0).getType().isF32())
    return;
  builder.setInsertionPoint(yield);
  yield->setOperand(0, arith::TruncFOp::create(builder, op.getLoc(), f16, yield->getOperand(0)));
}

/// Whatever of `op` is of f32 beside its operands.
LogicalResult Narrower::narrowOp(Operation *op) {
  Value result = op->getResult(0);
  bool staysWide = isFloatStream(result) && wide.contains(result);
  if (auto elementwise = dyn_cast<ElementwiseOp>(op))
    hasIntegers(elementwise) ? surroundBody(elementwise, staysWide) : narrowBody(elementwise);
  if (!isFloatStream(result) || staysWide)
    return success();
  result.setType(withElements(result, builder.getF16Type()));
  ++streams;
  if (auto pad = dyn_cast<PadOp>(op))
    pad.setValueAttr(narrowed(cast<FloatAttr>(pad.getValue())));
  auto forward = dyn_cast<ForwardOp>(op);
  if (!forward || !forward.getBiasAttr() || !forward.getBiasAttr().getElementType().isF32())
    return success();
  FailureOr<ElementsAttr> bias = narrowedParameter(op, "bias", forward.getBiasAttr(), "bias");
  if (failed(bias))
    return failure();
  forward.setBiasAttr(*bias);
  return success();
}

LogicalResult Narrower::run() {
  for (Block &block : function.getBody()) {
    for (BlockArgument argument : block.getArguments())
      if (isFloatStream(argument))
        wide.insert(argument);
    for (Operation &op : llvm::make_early_inc_range(block)) {
      for (Value result : op.getResults())
        if (isFloatStream(result) && isWide(&op, result))
          wide.insert(result);
      if (isa<InputOp, ConvertOp, ConstantOp>(op))
        continue;
      if (failed(narrowOperands(&op)) || (isa<StageOpInterface>(op) && failed(narrowOp(&op))))
        return failure();
    }
  }
  for (auto constant : llvm::make_early_inc_range(function.getOps<ConstantOp>()))
    if (constant->use_empty())
      constant.erase();
  return success();
}

struct NarrowDigitalFloatsPass : impl::NarrowDigitalFloatsBase<NarrowDigitalFloatsPass> {
  LogicalResult narrowWeights() {
    for (auto weight : getOperation().getOps<WeightOp>()) {
      if (!weight.getValue().getElementType().isF32())
        continue;
      FailureOr<ElementsAttr> value =
          narrowedParameter(weight, "value", weight.getValue(), weight.getSymName());
      if (failed(value))
        return failure();
      weight.setValueAttr(*value);
    }
    return success();
  }

  void runOnOperation() override {
    for (auto schedule : getOperation().getOps<ScheduleOp>()) {
      schedule.emitOpError("is there already; the number format must be chosen before "
                           "memory is laid out");
      return signalPassFailure();
    }
    if (failed(narrowWeights()))
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      Narrower narrower(function);
      if (failed(narrower.run()))
        return signalPassFailure();
      numNarrowed += narrower.streams;
      numConverts += narrower.converts;
    }
  }
};

} // namespace
} // namespace cimc::cim
