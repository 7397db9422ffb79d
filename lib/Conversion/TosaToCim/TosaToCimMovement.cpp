//===- TosaToCimMovement.cpp - Reshape, transpose, concat, pad, slice -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that only move elements. A reshape is free (TosaToCim.h), a transpose that moves only
// dimensions of size 1 too.
//
//===--------------------------------------------------------------------------===//

#include "TosaToCim.h"

#include "cimc/Transforms/Constants.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace cimc::conversion {

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}
static Type elementOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

Value Converter::convertReshape(Operation *op) {
  Value input = op->getOperand(0);
  if (Value stream = streams.lookup(input))
    return stream;
  return streamOf(op, input);
}

/// The shape in which a relayout reads `stream` to see a tensor of `shape`: none if the stream has
/// that shape, but for dimensions of size 1 that `layout` adds.
static DenseI64ArrayAttr viewOf(Builder &builder, Value stream, const StreamLayout &layout,
                                ArrayRef<int64_t> shape) {
  SmallVector<int64_t> spread = layout.spread(shape, 1);
  return ArrayRef<int64_t>(spread) == shapeOf(stream) ? DenseI64ArrayAttr()
                                                      : builder.getDenseI64ArrayAttr(spread);
}

Value Converter::convertTranspose(Operation *op) {
  auto transpose = cast<tosa::TransposeOp>(op);
  // Any rows will do: the relayout reads its input as a whole.
  Value input = streams.lookup(transpose.getInput1());
  if (!input)
    input = streamOf(op, transpose.getInput1());
  if (!input)
    return {};
  ArrayRef<int64_t> from = shapeOf(transpose.getInput1()), to = shapeOf(transpose);
  StreamLayout layout = StreamLayout::of(from);
  auto relayout = cim::RelayoutOp::create(
      builder, op->getLoc(), StreamLayout::ofElements(to).typeOf(to, elementOf(transpose)), input,
      viewOf(builder, input, layout, from), DenseI64ArrayAttr(),
      builder.getDenseI64ArrayAttr(layout.spreadPermutation(transpose.getPerms())), IntegerAttr());
  if (!relayout.keepsOrder())
    return relayout;
  relayout.erase();
  return input;
}

Value Converter::convertConcat(Operation *op) {
  auto concat = cast<tosa::ConcatOp>(op);
  StreamLayout layout = StreamLayout::ofElements(shapeOf(concat));
  if (llvm::any_of(concat.getInput1(), [&](Value value) {
        Value stream = streams.lookup(value);
        return stream && stream.getType() == streamTypeOf(value.getType());
      }))
    layout = StreamLayout::of(shapeOf(concat));
  SmallVector<Value> inputs;
  for (Value value : concat.getInput1())
    inputs.push_back(streamAs(op, value, layout.typeOf(shapeOf(value), elementOf(value))));
  if (llvm::is_contained(inputs, Value()))
    return {};
  if (inputs.size() == 1)
    return inputs.front();
  return cim::ConcatOp::create(builder, op->getLoc(),
                               layout.typeOf(shapeOf(concat), elementOf(concat)), inputs,
                               layout.dims[concat.getAxis()], IntegerAttr());
}

/// The only element of a constant as an attribute.
static TypedAttr scalarAttr(Builder &builder, Value constant) {
  Type type = elementOf(constant);
  if (isa<FloatType>(type)) {
    std::optional<float> value = getSplatFloat(constant);
    return value ? TypedAttr(builder.getFloatAttr(type, *value)) : TypedAttr();
  }
  std::optional<int64_t> value = getSplatInt(constant);
  return value ? TypedAttr(builder.getIntegerAttr(type, *value)) : TypedAttr();
}

Value Converter::convertPad(Operation *op) {
  auto pad = cast<tosa::PadOp>(op);
  std::optional<SmallVector<int64_t>> padding = getShapeValues(pad.getPadding());
  TypedAttr value = scalarAttr(builder, pad.getPadConst());
  if (!padding || !value) {
    op->emitError() << "padding and its value must be constant";
    failed = true;
    return {};
  }
  SmallVector<int64_t> low, high;
  for (size_t i = 0; i + 1 < padding->size(); i += 2) {
    low.push_back((*padding)[i]);
    high.push_back((*padding)[i + 1]);
  }
  // The rows in which the input comes, unless dimensions before them grow.
  StreamLayout layout = layoutFor(pad.getInput1(), pad.getInput1().getType());
  for (size_t dim = 0; dim < low.size(); ++dim)
    if (layout.dims[dim] < layout.rowAxis && (low[dim] > 0 || high[dim] > 0))
      layout = StreamLayout::of(shapeOf(pad));
  Value input = streamAs(op, pad.getInput1(),
                         layout.typeOf(shapeOf(pad.getInput1()), elementOf(pad.getInput1())));
  if (!input || llvm::all_of(*padding, [](int64_t amount) { return amount == 0; }))
    return input;
  return cim::PadOp::create(builder, op->getLoc(), layout.typeOf(shapeOf(pad), elementOf(pad)),
                            input, layout.spread(low, 0), layout.spread(high, 0), value,
                            IntegerAttr());
}

Value Converter::absorbPadding(Value stream, Attribute padValue, MutableArrayRef<int64_t> pad) {
  auto op = stream.getDefiningOp<cim::PadOp>();
  if (!op || op.getValue() != padValue)
    return stream;
  ArrayRef<int64_t> low = op.getLow(), high = op.getHigh();
  if (low.size() != 4 || low[0] || high[0] || low[3] || high[3])
    return stream;
  pad[0] += low[1];
  pad[1] += high[1];
  pad[2] += low[2];
  pad[3] += high[2];
  return op.getInput();
}

Value Converter::narrowPadding(Location loc, Value stream, RankedTensorType type,
                               ArrayRef<int64_t> offsets, ArrayRef<int64_t> strides) {
  auto pad = stream.getDefiningOp<cim::PadOp>();
  if (!pad || llvm::any_of(strides, [](int64_t stride) { return stride != 1; }))
    return {};
  SmallVector<int64_t> low(pad.getLow()), high(pad.getHigh());
  for (size_t dim = 0; dim < low.size(); ++dim) {
    low[dim] -= offsets[dim];
    high[dim] -= shapeOf(stream)[dim] - offsets[dim] - type.getDimSize(static_cast<unsigned>(dim));
    if (low[dim] < 0 || high[dim] < 0)
      return {};
  }
  if (type == pad.getInput().getType())
    return pad.getInput();
  return cim::PadOp::create(builder, loc, type, pad.getInput(), low, high, pad.getValueAttr(),
                            IntegerAttr());
}

Value Converter::convertSlice(Operation *op) {
  auto slice = cast<tensor::ExtractSliceOp>(op);
  if (!slice.getOffsets().empty() || !slice.getSizes().empty() || !slice.getStrides().empty() ||
      llvm::any_of(slice.getStaticStrides(), [](int64_t stride) { return stride < 1; })) {
    op->emitError() << "slice must have constant offsets and sizes and positive strides";
    failed = true;
    return {};
  }
  StreamLayout layout = layoutFor(slice.getSource(), slice.getSource().getType());
  Value input = streamAs(op, slice.getSource(),
                         layout.typeOf(shapeOf(slice.getSource()), elementOf(slice.getSource())));
  if (!input)
    return {};
  RankedTensorType type = layout.typeOf(slice.getStaticSizes(), elementOf(slice.getSource()));
  if (type == input.getType())
    return input;
  if (Value narrowed =
          narrowPadding(op->getLoc(), input, type, layout.spread(slice.getStaticOffsets(), 0),
                        layout.spread(slice.getStaticStrides(), 1)))
    return narrowed;
  return cim::SliceOp::create(builder, op->getLoc(), type, input,
                              layout.spread(slice.getStaticOffsets(), 0),
                              layout.spread(slice.getStaticStrides(), 1), IntegerAttr());
}

Value Converter::convertReverse(Operation *op) {
  auto reverse = cast<tosa::ReverseOp>(op);
  RankedTensorType type = cast<RankedTensorType>(reverse.getType());
  StreamLayout layout = layoutFor(reverse.getInput1(), type);
  Value input =
      streamAs(op, reverse.getInput1(), layout.typeOf(type.getShape(), type.getElementType()));
  if (!input || type.getDimSize(reverse.getAxis()) == 1)
    return input;
  return cim::ReverseOp::create(builder, op->getLoc(), input.getType(), input,
                                builder.getI64IntegerAttr(layout.dims[reverse.getAxis()]),
                                IntegerAttr());
}

Value Converter::convertRandom(Operation *op) {
  std::optional<uint32_t> number = randomStreamOf(op);
  if (!number) {
    op->emitError() << "is no op of the quantised level";
    failed = true;
    return {};
  }
  Value like = op->getOperand(0);
  if (getConstantElements(like)) {
    op->emitError() << "draws numbers for a constant, must draw them for each row of a stream";
    failed = true;
    return {};
  }
  auto type = cast<RankedTensorType>(like.getType());
  StreamLayout layout = layoutFor(like, type);
  Value input = streamAs(op, like, layout.typeOf(type.getShape(), type.getElementType()));
  if (!input)
    return {};
  return cim::RandomOp::create(builder, op->getLoc(),
                               layout.typeOf(type.getShape(), builder.getF32Type()), input,
                               builder.getI64IntegerAttr(*number), IntegerAttr());
}

ElementsAttr reshapedElements(ElementsAttr attr, RankedTensorType type) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  if (auto dense = dyn_cast<DenseElementsAttr>(attr))
    return dense.reshape(type);
  return {};
}

Value Converter::convertDelay(Operation *op) {
  auto delay = cast<cim::DelayOp>(op);
  RankedTensorType type = streamTypeOf(delay.getResult().getType());
  SmallVector<int64_t> first(type.getShape());
  first[cim::getRowAxis(type)] = 1;
  Value initial = delay.getInitial();
  if (ElementsAttr constant = getConstantElements(initial)) {
    auto plain = RankedTensorType::get(first, type.getElementType());
    initial =
        cim::ConstantOp::create(builder, op->getLoc(), plain, reshapedElements(constant, plain));
  } else {
    initial = streamAs(op, initial,
                       cim::getRowTensorType(first, type.getElementType(), cim::getRowAxis(type)));
  }
  if (!initial)
    return {};
  return cim::DelayOp::create(builder, op->getLoc(), type, delay.getStateAttr(), initial,
                              IntegerAttr());
}

void Converter::convertFeed(cim::FeedOp op) {
  builder.setInsertionPoint(op);
  if (Value next = streamOf(op, op.getNext()))
    cim::FeedOp::create(builder, op.getLoc(), op.getStateAttr(), next);
  op.erase();
}

} // namespace cimc::conversion
