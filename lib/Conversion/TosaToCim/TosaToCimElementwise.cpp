//===- TosaToCimElementwise.cpp - linalg.generic --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A generic is one of the bodies of quantisation, which have stages of their own, or becomes
// cim.elementwise with its body. Constants that are one number become part of the body, others
// operands.
//
//===--------------------------------------------------------------------------===//

#include "TosaToCim.h"

#include "ScalarEvaluator.h"
#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Elementwise.h"
#include "cimc/Transforms/QuantizedForms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace cimc::conversion {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

//===--------------------------------------------------------------------------===//
// Bodies of quantisation
//===--------------------------------------------------------------------------===//

/// A cim.requantize of `form` on a stream whose last dimension has the channels. Null if its
/// channels lie elsewhere.
template <typename Form>
static Value requantize(OpBuilder &builder, linalg::GenericOp op, const Form &form, Value input,
                        Type element) {
  std::optional<Epilogue> epilogue =
      epilogueOf(form, tensorOf(form.input), tensorOf(input).getShape().back());
  if (!epilogue)
    return {};
  ElementsAttr bias = epilogue->bias.empty()
                          ? ElementsAttr()
                          : perChannel(ArrayRef<int32_t>(epilogue->bias), builder);
  return cim::RequantizeOp::create(
      builder, op.getLoc(), streamTypeOf(op->getResult(0).getType()), input, bias,
      perChannel(ArrayRef<float>(epilogue->scale), builder),
      builder.getI32IntegerAttr(epilogue->zeroPoint),
      builder.getDenseI32ArrayAttr({epilogue->lo, epilogue->hi}), IntegerAttr());
}

Value Converter::convertForm(linalg::GenericOp op) {
  auto tensor = tensorOf(op->getResult(0));
  Type element = tensor.getElementType();
  StreamLayout layout = layoutFor(op.getInputs().take_front(), tensor);
  RankedTensorType type = layout.typeOf(tensor.getShape(), element);
  // The input has the result's shape.
  auto inputAs = [&](Value input) {
    return streamAs(op, input, layout.typeOf(tensor.getShape(), tensorOf(input).getElementType()));
  };
  if (std::optional<QuantizeForm> form = matchQuantize(op)) {
    Value input = inputAs(form->input);
    return input ? cim::QuantizeOp::create(
                       builder, op.getLoc(), type, input, builder.getF32FloatAttr(form->scale),
                       builder.getI32IntegerAttr(form->zeroPoint),
                       builder.getDenseI32ArrayAttr({form->lo, form->hi}), IntegerAttr())
                 : Value();
  }
  if (std::optional<DequantizeForm> form = matchDequantize(op))
    if (form->scale.isPerTensor() && tensorOf(form->input).getElementType().isSignlessInteger(8)) {
      Value input = inputAs(form->input);
      return input ? cim::DequantizeOp::create(builder, op.getLoc(), type, input,
                                               builder.getF32FloatAttr(form->scale.at(0)),
                                               builder.getI32IntegerAttr(form->zeroPoint),
                                               IntegerAttr())
                   : Value();
    }
  if (std::optional<RequantizeForm> form = matchRequantize(op))
    if (Value input = streamOf(op, form->input))
      return requantize(builder, op, *form, input, element);
  if (std::optional<RequantizeToFloatForm> form = matchRequantizeToFloat(op))
    if (Value input = streamOf(op, form->input))
      return requantize(builder, op, *form, input, element);
  return {};
}

//===--------------------------------------------------------------------------===//
// Other bodies
//===--------------------------------------------------------------------------===//

/// The dimensions of an operand among the result's, 1 where it repeats. None if its map is not one
/// of the input contract.
static std::optional<SmallVector<int64_t>> spreadOperand(AffineMap map, ArrayRef<int64_t> shape,
                                                         int64_t rank) {
  SmallVector<int64_t> spread(rank, 1);
  int64_t last = -1;
  for (auto [index, expr] : llvm::enumerate(map.getResults())) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
      if (constant.getValue() != 0 || shape[index] != 1)
        return std::nullopt;
      continue;
    }
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || static_cast<int64_t>(dim.getPosition()) <= last)
      return std::nullopt;
    last = dim.getPosition();
    spread[last] = shape[index];
  }
  return spread;
}

/// The value of all elements of a constant, if it is one.
static TypedAttr splatOf(ElementsAttr attr) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(attr);
  return dense && dense.isSplat() ? cast<TypedAttr>(dense.getSplatValue<Attribute>()) : TypedAttr();
}

/// Reports what the digital unit cannot do in `op`.
static LogicalResult checkBody(linalg::GenericOp op) {
  if (!isElementwiseGeneric(op))
    return op.emitError() << "'linalg.generic' must be elementwise: parallel, one result, identity "
                             "output map, result not read";
  Type element = tensorOf(op->getResult(0)).getElementType();
  if (!element.isF32() && !element.isSignlessInteger(8) && !element.isSignlessInteger(32) &&
      !element.isSignlessInteger(64) && !element.isInteger(1))
    return op.emitError() << "elementwise result must be f32, i8, i32, i64 or i1, is " << element;
  for (Operation &inner : op.getBody()->without_terminator())
    if (!canEvaluate(&inner))
      return inner.emitError() << "'" << inner.getName()
                               << "' is not a function of the digital unit";
  return success();
}

/// Copies the body of `op`; `args` are its arguments in the copy, constants from outside are copied
/// too.
static void copyBody(OpBuilder &builder, linalg::GenericOp op, IRMapping &mapping) {
  for (Operation &inner : op.getBody()->getOperations()) {
    for (Value operand : inner.getOperands())
      if (!mapping.contains(operand))
        mapping.map(operand, builder.clone(*operand.getDefiningOp())->getResult(0));
    if (isa<linalg::YieldOp>(inner))
      cim::YieldOp::create(builder, op.getLoc(), mapping.lookup(inner.getOperand(0)));
    else
      builder.clone(inner, mapping);
  }
}

Value Converter::convertBody(linalg::GenericOp op) {
  if (mlir::failed(checkBody(op))) {
    failed = true;
    return {};
  }
  RankedTensorType type = tensorOf(op->getResult(0));
  StreamLayout layout = layoutFor(op.getInputs(), type);
  SmallVector<std::pair<BlockArgument, TypedAttr>> scalars;
  SmallVector<std::pair<BlockArgument, Value>> operands;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    BlockArgument arg = op.getMatchingBlockArgument(operand);
    if (arg.use_empty())
      continue;
    ElementsAttr constant = getConstantElements(operand->get());
    if (TypedAttr splat = splatOf(constant)) {
      scalars.push_back({arg, splat});
      continue;
    }
    auto operandType = dyn_cast<RankedTensorType>(operand->get().getType());
    std::optional<SmallVector<int64_t>> shape;
    if (operandType)
      shape =
          spreadOperand(op.getMatchingIndexingMap(operand), operandType.getShape(), type.getRank());
    if (!shape) {
      op.emitError() << "operand " << operand->getOperandNumber()
                     << " must be read by an ascending projection, map is "
                     << AffineMapAttr::get(op.getMatchingIndexingMap(operand));
      failed = true;
      return {};
    }
    if (constant) {
      auto constantType =
          RankedTensorType::get(layout.spread(*shape, 1), operandType.getElementType());
      operands.push_back({arg, cim::ConstantOp::create(builder, op.getLoc(), constantType,
                                                       reshapedElements(constant, constantType))});
    } else if (Value stream = streamAs(op, operand->get(),
                                       layout.typeOf(*shape, operandType.getElementType()))) {
      operands.push_back({arg, stream});
    } else {
      return {};
    }
  }
  return makeElementwise(op, layout.typeOf(type.getShape(), type.getElementType()), operands,
                         scalars);
}

Value Converter::makeElementwise(linalg::GenericOp op, RankedTensorType type,
                                 ArrayRef<std::pair<BlockArgument, Value>> operands,
                                 ArrayRef<std::pair<BlockArgument, TypedAttr>> scalars) {
  if (llvm::none_of(operands,
                    [](auto &operand) { return cim::isRowTensor(operand.second.getType()); })) {
    op.emitError() << "'linalg.generic' of constants only is not supported; fold constants first";
    failed = true;
    return {};
  }
  SmallVector<Value> inputs = llvm::to_vector(llvm::make_second_range(operands));
  auto result = cim::ElementwiseOp::create(builder, op.getLoc(), type, inputs, IntegerAttr());
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Type> argTypes;
  for (Value input : inputs)
    argTypes.push_back(tensorOf(input).getElementType());
  Block *body = builder.createBlock(&result.getBody(), {}, argTypes,
                                    SmallVector<Location>(inputs.size(), op.getLoc()));
  IRMapping mapping;
  for (auto [operand, arg] : llvm::zip_equal(operands, body->getArguments()))
    mapping.map(operand.first, arg);
  for (auto [arg, value] : scalars)
    mapping.map(arg, arith::ConstantOp::create(builder, op.getLoc(), value));
  copyBody(builder, op, mapping);
  return result;
}

Value Converter::convertBroadcast(linalg::GenericOp op) {
  Value tensor = op.getInputs()[0];
  RankedTensorType from = tensorOf(tensor), to = tensorOf(op->getResult(0));
  Value input = streams.lookup(tensor); // any rows will do
  std::optional<SmallVector<int64_t>> shape =
      spreadOperand(op.getIndexingMapsArray().front(), from.getShape(), to.getRank());
  if (!input || !shape)
    return {};
  SmallVector<int64_t> repeat;
  for (auto [size, result] : llvm::zip_equal(*shape, to.getShape()))
    repeat.push_back(result / size);
  StreamLayout layout = StreamLayout::of(to.getShape());
  auto permutation = identityPermutation(layout.rank);
  return cim::RelayoutOp::create(
      builder, op.getLoc(),
      StreamLayout::ofElements(to.getShape()).typeOf(to.getShape(), to.getElementType()), input,
      builder.getDenseI64ArrayAttr(layout.spread(*shape, 1)),
      builder.getDenseI64ArrayAttr(layout.spread(repeat, 1)),
      builder.getDenseI64ArrayAttr(permutation), IntegerAttr());
}

Value Converter::convertGeneric(Operation *op) {
  auto generic = cast<linalg::GenericOp>(op);
  if (isBroadcast(generic))
    if (Value stage = convertBroadcast(generic))
      return stage;
  if (Value stage = convertForm(generic))
    return stage;
  return convertBody(generic);
}

} // namespace cimc::conversion
