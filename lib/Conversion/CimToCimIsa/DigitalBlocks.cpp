//===- DigitalBlocks.cpp - Blocks of digital ops ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function per op of the mapping dialect. Copies (slice, pad, concat, relayout) are strided
// over the dimensions of one row; where an op changes the row axis, the copy walks over the whole
// input in its buffer.
//
//===--------------------------------------------------------------------------===//

#include "BlockEmitter.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace cimc {

namespace {

llvm::ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}
Type elementTypeOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }
uint32_t rowElements(Value value) {
  return static_cast<uint32_t>(cim::getRowElements(value.getType()));
}

/// Product of `values`.
int64_t product(llvm::ArrayRef<int64_t> values) {
  int64_t result = 1;
  for (int64_t value : values)
    result *= value;
  return result;
}

/// A copy's loop nest.
struct Nest {
  llvm::SmallVector<int64_t> sizes, src, dst;

  /// Drops dimensions of size 1 and merges neighbours that are contiguous in both operands.
  void simplify() {
    Nest merged;
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] == 1)
        continue;
      if (!merged.sizes.empty() && merged.src.back() == src[i] * sizes[i] &&
          merged.dst.back() == dst[i] * sizes[i]) {
        merged.sizes.back() *= sizes[i];
        merged.src.back() = src[i];
        merged.dst.back() = dst[i];
        continue;
      }
      merged.sizes.push_back(sizes[i]);
      merged.src.push_back(src[i]);
      merged.dst.push_back(dst[i]);
    }
    *this = merged;
  }
};

std::array<int32_t, 4> padTo4(llvm::ArrayRef<int64_t> values, int32_t fill) {
  std::array<int32_t, 4> result{fill, fill, fill, fill};
  for (auto [index, value] : llvm::enumerate(llvm::reverse(values)))
    result[3 - index] = static_cast<int32_t>(value);
  return result;
}

} // namespace

LogicalResult BlockEmitter::emitCopy(Type elementType, llvm::ArrayRef<int64_t> sizes,
                                     isa::RowAttr src, llvm::ArrayRef<int64_t> srcStrides,
                                     int64_t srcStep, isa::RowAttr dst,
                                     llvm::ArrayRef<int64_t> dstStrides) {
  Nest nest{llvm::SmallVector<int64_t>(sizes), llvm::SmallVector<int64_t>(srcStrides),
            llvm::SmallVector<int64_t>(dstStrides)};
  nest.simplify();
  if (nest.sizes.size() > 4)
    return stage.op->emitOpError("moves data along ")
           << nest.sizes.size() << " dimensions at once; at most 4 are supported";
  isa::CopyOp::create(builder, loc, *formatOf(elementType), padTo4(nest.sizes, 1), src,
                      padTo4(nest.src, 0), static_cast<int32_t>(srcStep), dst, padTo4(nest.dst, 0));
  return success();
}

LogicalResult BlockEmitter::emitPool(cim::PoolOp op) {
  int64_t channels = shapeOf(op.getInput()).back();
  isa::WindowAttr geometry =
      window(op.getInput(), 0, op.getKernel(), op.getStride(), op.getDilation(), op.getPad(),
             op.getPadValue(), 0, channels, cim::getRowElements(op.getType()) / channels);
  auto fn =
      op.getKind() == cim::PoolKind::Max ? isa::attr::ReduceFn::Max : isa::attr::ReduceFn::Sum;
  isa::PoolOp::create(builder, loc, fn, *formatOf(elementTypeOf(op.getInput())), geometry,
                      outputRow());
  return success();
}

LogicalResult BlockEmitter::emitReduce(cim::ReduceOp op) {
  int64_t axis = op.getAxis(), rowAxis = cim::getRowAxis(op.getInput().getType());
  llvm::ArrayRef<int64_t> shape = shapeOf(op.getInput());
  auto fn = static_cast<isa::attr::ReduceFn>(static_cast<uint32_t>(op.getKind()));
  auto format = *formatOf(elementTypeOf(op.getInput()));
  int64_t outer = 1, extent = shape[axis], inner = product(shape.drop_front(axis + 1));
  if (axis > rowAxis)
    outer = product(shape.slice(rowAxis + 1, axis - rowAxis - 1));
  else if (axis < rowAxis)
    return op.emitOpError("reduces axis ") << axis << ", which lies before the row axis";
  isa::ReduceOp::create(builder, loc, fn, format, operandRow(0), outputRow(),
                        static_cast<uint32_t>(outer), static_cast<uint32_t>(extent),
                        static_cast<uint32_t>(inner), false);
  return success();
}

isa::RowAttr BlockEmitter::emitWindowSum(unsigned operand, int32_t padding) {
  // A sum over a window of one row and one position is the row itself, or the padding.
  Value input = stage.op->getOperand(operand);
  mapping::RowMap map = cast<cim::StageOpInterface>(stage.op).getRowMap(operand);
  uint32_t elements = rowElements(input);
  auto geometry = isa::WindowAttr::get(
      builder.getContext(), ringOf(stage.operandStreams[operand]).number,
      static_cast<uint32_t>(map.mul), static_cast<uint32_t>(map.div), static_cast<int32_t>(map.add),
      static_cast<uint32_t>(cim::getNumRows(input.getType())), 1, elements, 0, elements, 1, 1, 1, 1,
      1, 0, 1, padding);
  isa::RowAttr sum = scratchRow("sum" + std::to_string(operand));
  isa::PoolOp::create(builder, loc, isa::attr::ReduceFn::Sum, *formatOf(elementTypeOf(input)),
                      geometry, sum);
  return sum;
}

FailureOr<isa::RowAttr> BlockEmitter::emitRowOrPadding(unsigned operand, int32_t padding) {
  Value input = stage.op->getOperand(operand);
  Type type = elementTypeOf(input);
  if (!type.isF32() && !type.isSignlessInteger(8))
    return stage.op->emitOpError("changes the rows of a stream of ")
           << type << "; only i8 and f32 are supported";
  isa::RowAttr sum = emitWindowSum(operand, padding);
  if (type.isF32())
    return sum;
  isa::RowAttr row = scratchRow("row" + std::to_string(operand));
  isa::ConvertOp::create(builder, loc, isa::attr::Format::I32, isa::attr::Format::I8, sum, row,
                         rowElements(input));
  return row;
}

LogicalResult BlockEmitter::emitRowConcat(cim::ConcatOp op) {
  // Row r comes from one of the streams; the others are outside theirs and give 0, so the row is
  // the sum.
  Type type = elementTypeOf(op.getResult());
  if (!type.isF32() && !type.isSignlessInteger(8))
    return op.emitOpError("joins rows of ") << type << "; only i8 and f32 are supported";
  auto format = type.isF32() ? isa::attr::Format::F32 : isa::attr::Format::I32;
  auto count = static_cast<int32_t>(rowElements(op.getResult()));
  std::array<int32_t, 4> dims{1, 1, 1, count}, dense{0, 0, 0, 1};
  isa::RowAttr total = emitWindowSum(0, 0);
  auto last = static_cast<unsigned>(op.getInputs().size()) - 1;
  for (unsigned operand = 1; operand <= last; ++operand) {
    isa::RowAttr dst = operand == last && type.isF32() ? outputRow() : total;
    isa::BinaryOp::create(builder, loc, isa::attr::BinaryFn::Add, format, dims, total, dense,
                          emitWindowSum(operand, 0), dense, dst, dense);
  }
  if (!type.isF32())
    isa::ConvertOp::create(builder, loc, format, isa::attr::Format::I8, total, outputRow(),
                           static_cast<uint32_t>(count));
  else if (last == 0)
    return emitCopy(type, {count}, total, {1}, 0, outputRow(), {1});
  return success();
}

LogicalResult BlockEmitter::emitConcat(cim::ConcatOp op) {
  int64_t axis = op.getAxis(), rowAxis = cim::getRowAxis(op.getType());
  if (axis == rowAxis)
    return emitRowConcat(op);
  Type type = elementTypeOf(op.getResult());
  llvm::ArrayRef<int64_t> resultShape = shapeOf(op.getResult());
  int64_t inner = product(resultShape.drop_front(axis + 1)), at = 0;
  for (auto [index, input] : llvm::enumerate(op.getInputs())) {
    llvm::ArrayRef<int64_t> shape = shapeOf(input);
    int64_t outer = product(shape.slice(rowAxis + 1, axis - rowAxis - 1)),
            run = shape[axis] * inner;
    if (failed(emitCopy(type, {outer, run}, operandRow(static_cast<unsigned>(index)), {run, 1}, 0,
                        outputRow(0, at * inner * cim::getElementBytes(type)),
                        {resultShape[axis] * inner, 1})))
      return failure();
    at += shape[axis];
  }
  return success();
}

LogicalResult BlockEmitter::emitSlice(cim::SliceOp op) {
  int64_t first = cim::getRowAxis(op.getType()) + 1;
  llvm::SmallVector<int64_t> strides = denseStrides(cim::getRowShape(op.getInput().getType()));
  int64_t offset = 0;
  for (auto [index, stride] : llvm::enumerate(strides)) {
    offset += op.getOffsets()[first + index] * stride;
    stride *= op.getStrides()[first + index];
  }
  llvm::ArrayRef<int64_t> sizes = cim::getRowShape(op.getType());
  Type type = elementTypeOf(op.getResult());
  return emitCopy(type, sizes, operandRow(0, offset * cim::getElementBytes(type)), strides, 0,
                  outputRow(), denseStrides(sizes));
}

LogicalResult BlockEmitter::emitPad(cim::PadOp op) {
  int64_t rowAxis = cim::getRowAxis(op.getType());
  Type type = elementTypeOf(op.getResult());
  llvm::SmallVector<int64_t> dst = denseStrides(cim::getRowShape(op.getType()));
  llvm::ArrayRef<int64_t> sizes = cim::getRowShape(op.getInput().getType());
  int64_t offset = 0;
  for (auto [index, stride] : llvm::enumerate(dst))
    offset += op.getLow()[rowAxis + 1 + index] * stride;
  int32_t bits = 0;
  std::optional<int32_t> whole; // the value, if it is a whole number
  if (auto integer = dyn_cast<IntegerAttr>(op.getValue())) {
    bits = static_cast<int32_t>(integer.getValue().getSExtValue());
    whole = bits;
  } else if (auto number = dyn_cast<FloatAttr>(op.getValue())) {
    bits = static_cast<int32_t>(number.getValue().bitcastToAPInt().getSExtValue());
    double value = number.getValueAsDouble();
    if (std::abs(value) < (1 << 24) && value == std::trunc(value))
      whole = static_cast<int32_t>(value);
  }
  isa::RowAttr source = operandRow(0);
  if (op.getLow()[rowAxis] != 0 || op.getHigh()[rowAxis] != 0) {
    if (!whole)
      return op.emitOpError("adds rows of a value that is no whole number, which is not supported");
    FailureOr<isa::RowAttr> row = emitRowOrPadding(0, *whole);
    if (failed(row))
      return failure();
    source = *row;
  }
  isa::FillOp::create(builder, loc, *formatOf(type), outputRow(), rowElements(op.getResult()),
                      bits);
  return emitCopy(type, sizes, source, denseStrides(sizes), 0,
                  outputRow(0, offset * cim::getElementBytes(type)), dst);
}

LogicalResult BlockEmitter::emitRelayout(cim::RelayoutOp op) {
  // Walk the permuted input in C order. The innermost dimensions that make up one row of the result
  // are copied; those outside must advance by one constant step from row to row.
  llvm::ArrayRef<int64_t> shape = shapeOf(op.getInput());
  llvm::SmallVector<int64_t> strides = denseStrides(shape);
  Nest nest;
  for (int64_t source : op.getPermutation()) {
    nest.sizes.push_back(shape[source]);
    nest.src.push_back(strides[source]);
  }
  nest.dst = denseStrides(nest.sizes);
  int64_t rowSize = cim::getRowElements(op.getType());
  Nest inner, outer;
  for (size_t i = 0; i < nest.sizes.size(); ++i) {
    int64_t size = nest.sizes[i], dst = nest.dst[i];
    if (size == 1)
      continue;
    int64_t within = size;
    if (dst >= rowSize) {
      within = 1;
    } else if (dst * size > rowSize) {
      if (rowSize % dst != 0 || (dst * size) % rowSize != 0)
        return op.emitOpError("a row of the result ends within dimension ")
               << i << " of the permuted input, which is not supported";
      within = rowSize / dst;
    }
    if (within < size) {
      outer.sizes.push_back(size / within);
      outer.src.push_back(nest.src[i] * within);
      outer.dst.push_back(dst * within);
    }
    if (within > 1) {
      inner.sizes.push_back(within);
      inner.src.push_back(nest.src[i]);
      inner.dst.push_back(dst);
    }
  }
  outer.simplify();
  if (outer.sizes.size() > 1)
    return op.emitOpError("rows of the result do not follow each other at one distance in the "
                          "input, which is not supported");
  // Where row r of the result lies within row r of the input, the row operand advances by itself.
  int64_t step = outer.sizes.empty() || op.keepsRows() ? 0 : outer.src.front();
  return emitCopy(elementTypeOf(op.getResult()), inner.sizes, operandRow(0), inner.src, step,
                  outputRow(), inner.dst);
}

LogicalResult BlockEmitter::emitDigital() {
  return llvm::TypeSwitch<Operation *, LogicalResult>(stage.op)
      .Case([&](cim::ForwardOp op) {
        return stage.constantIndex("weights") >= 0 ? emitDigitalForward(op) : emitForward(op);
      })
      .Case([&](cim::PoolOp op) { return emitPool(op); })
      .Case([&](cim::RequantizeOp op) {
        int64_t channels = shapeOf(op.getResult()).back();
        emitRequant(operandRow(0), 0, outputRow(), elementTypeOf(op.getResult()),
                    cim::getRowElements(op.getType()) / channels, channels, channels,
                    op.getZeroPoint(), op.getClamp());
        return success();
      })
      .Case([&](cim::QuantizeOp op) {
        isa::QuantizeOp::create(builder, loc, operandRow(0), outputRow(),
                                rowElements(op.getResult()), op.getScale(), op.getZeroPoint(),
                                op.getClamp()[0], op.getClamp()[1]);
        return success();
      })
      .Case([&](cim::DequantizeOp op) {
        isa::DequantizeOp::create(builder, loc, operandRow(0), outputRow(),
                                  rowElements(op.getResult()), op.getScale(), op.getZeroPoint());
        return success();
      })
      .Case([&](cim::AddOp op) {
        isa::AddQuantizedOp::create(
            builder, loc, operandRow(0), operandRow(1), outputRow(), rowElements(op.getResult()),
            op.getLhsScale(), op.getLhsZeroPoint(), op.getRhsScale(), op.getRhsZeroPoint(),
            op.getScale(), op.getZeroPoint(), op.getClamp()[0], op.getClamp()[1]);
        return success();
      })
      .Case([&](cim::LookupOp op) {
        isa::LookupOp::create(builder, loc, operandRow(0), constantRow("table"), outputRow(),
                              rowElements(op.getResult()));
        return success();
      })
      .Case([&](cim::ElementwiseOp op) { return emitElementwise(op); })
      .Case([&](cim::ReduceOp op) { return emitReduce(op); })
      .Case([&](cim::ConcatOp op) { return emitConcat(op); })
      .Case([&](cim::SliceOp op) { return emitSlice(op); })
      .Case([&](cim::PadOp op) { return emitPad(op); })
      .Case([&](cim::RelayoutOp op) { return emitRelayout(op); })
      .Default([](Operation *op) { return op->emitOpError("has no instructions"); });
}

} // namespace cimc
