//===- MovementBlocks.cpp - Blocks of ops that only move elements -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Slice, concat, pad, relayout and reverse. Within a row they are strided copies. A row that may
// lie outside its stream (concat and pad along the row axis) is unfolded. Where an op changes the
// row axis, the copy either reads the few rows that hold the result's row, or walks over the whole
// input in its buffer.
//
//===--------------------------------------------------------------------------===//

#include "BlockEmitter.h"

using namespace mlir;

namespace cimc {

namespace {

using cim::WalkLoop;

llvm::ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}
Type elementTypeOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

int64_t product(llvm::ArrayRef<int64_t> values) {
  int64_t result = 1;
  for (int64_t value : values)
    result *= value;
  return result;
}

/// One loop per dimension of `sizes`.
llvm::SmallVector<WalkLoop> loopsOver(llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> src,
                                      llvm::ArrayRef<int64_t> dst) {
  llvm::SmallVector<WalkLoop> loops;
  for (auto [size, from, to] : llvm::zip_equal(sizes, src, dst))
    loops.push_back({size, from, to});
  return loops;
}

/// A field of at most four loops as the four entries of a field of the instruction set.
std::array<int32_t, 4> entriesOf(llvm::ArrayRef<WalkLoop> loops, int64_t WalkLoop::*field,
                                 int32_t fill) {
  std::array<int32_t, 4> result{fill, fill, fill, fill};
  for (auto [index, loop] : llvm::enumerate(llvm::reverse(loops)))
    result[3 - index] = static_cast<int32_t>(loop.*field);
  return result;
}

/// `row`, `bytes` bytes further.
isa::RowAttr shifted(isa::RowAttr row, int64_t bytes) {
  return isa::RowAttr::get(row.getContext(), row.getBuffer(), row.getMul(), row.getDiv(),
                           row.getAdd(), static_cast<uint32_t>(row.getOffset() + bytes));
}

/// Copies that a block makes for one op at most.
constexpr int64_t kMaxCopies = 256;

/// The bits of a number as a `value` field holds them.
int32_t bitsOf(Attribute attr) {
  if (auto number = dyn_cast<FloatAttr>(attr))
    return static_cast<int32_t>(number.getValue().bitcastToAPInt().getSExtValue());
  return static_cast<int32_t>(cast<IntegerAttr>(attr).getValue().getSExtValue());
}

} // namespace

LogicalResult BlockEmitter::emitCopy(Type elementType, llvm::ArrayRef<WalkLoop> all,
                                     isa::RowAttr src, isa::RowAttr dst,
                                     llvm::ArrayRef<WalkLoop> outer) {
  llvm::SmallVector<WalkLoop> loops = cim::simplifyLoops(all);
  if (outer.size() > 4)
    return stage.op->emitOpError("rows of the result follow each other at ")
           << outer.size() << " distances in the input; at most 4 are supported";
  if (loops.size() <= 4) {
    isa::CopyOp::create(builder, loc, *formatOf(elementType), entriesOf(loops, &WalkLoop::size, 1),
                        src, entriesOf(loops, &WalkLoop::src, 0),
                        entriesOf(outer, &WalkLoop::size, 1), entriesOf(outer, &WalkLoop::src, 0),
                        dst, entriesOf(loops, &WalkLoop::dst, 0));
    return success();
  }
  // One copy for each turn of the outermost loop.
  int64_t copies = 1, bytes = cim::getElementBytes(elementType);
  for (const WalkLoop &loop : llvm::ArrayRef(loops).drop_back(4))
    copies *= loop.size;
  if (copies > kMaxCopies)
    return stage.op->emitOpError("moves data along ")
           << loops.size() << " dimensions at once, which takes " << copies << " copies; at most "
           << kMaxCopies << " are supported";
  for (int64_t i = 0; i < loops.front().size; ++i)
    if (failed(emitCopy(elementType, llvm::ArrayRef(loops).drop_front(),
                        shifted(src, i * loops.front().src * bytes),
                        shifted(dst, i * loops.front().dst * bytes), outer)))
      return failure();
  return success();
}

//===--------------------------------------------------------------------------===//
// Rows that may lie outside their stream
//===--------------------------------------------------------------------------===//

void BlockEmitter::emitUnfold(unsigned operand, isa::RowAttr dst, int64_t positions,
                              int64_t padLeft, int64_t width, int32_t value, bool keep) {
  // The second operand of a delay is what is fed back, of the result's type.
  bool fed = operand >= stage.op->getNumOperands();
  Value input = fed ? stage.op->getResult(0) : stage.op->getOperand(operand);
  mapping::RowMap map = cast<cim::StageOpInterface>(stage.op).getRowMap(operand);
  auto u = [](int64_t number) { return static_cast<uint32_t>(number); };
  int64_t pitch = cim::getRowElements(input.getType()) / width;
  auto geometry = isa::WindowAttr::get(
      builder.getContext(), ringOf(stage.operandStreams[operand]).number, u(map.mul), u(map.div),
      static_cast<int32_t>(map.add), u(cim::getNumRows(input.getType())), u(width), u(pitch), 0,
      u(pitch), 1, 1, 1, 1, 1, u(padLeft), u(positions), 0);
  isa::UnfoldOp::create(builder, loc, *formatOf(elementTypeOf(input)), geometry, dst, value, keep);
}

LogicalResult BlockEmitter::emitConcat(cim::ConcatOp op) {
  int64_t axis = op.getAxis(), rowAxis = cim::getRowAxis(op.getType());
  if (axis == rowAxis) {
    // Row r comes from one of the streams. The others are outside theirs and leave it alone.
    for (unsigned operand = 0; operand < op.getInputs().size(); ++operand)
      emitUnfold(operand, outputRow(), 1, 0, 1, 0, /*keep=*/operand > 0);
    return success();
  }
  Type type = elementTypeOf(op.getResult());
  llvm::ArrayRef<int64_t> resultShape = shapeOf(op.getResult());
  int64_t inner = product(resultShape.drop_front(axis + 1)), at = 0;
  for (auto [index, input] : llvm::enumerate(op.getInputs())) {
    llvm::ArrayRef<int64_t> shape = shapeOf(input);
    int64_t outer = product(shape.slice(rowAxis + 1, axis - rowAxis - 1)),
            run = shape[axis] * inner;
    if (failed(emitCopy(type, {{outer, run, resultShape[axis] * inner}, {run, 1, 1}},
                        operandRow(static_cast<unsigned>(index)),
                        outputRow(0, at * inner * cim::getElementBytes(type)))))
      return failure();
    at += shape[axis];
  }
  return success();
}

LogicalResult BlockEmitter::emitDelay(cim::DelayOp op) {
  // Row 0 is the first state; from row 1 on the row before, which is outside its stream at first.
  Type type = elementTypeOf(op.getResult());
  bool zero = stage.operandStreams[0] < 0 && stage.constantIndex("initial") < 0;
  if (stage.operandStreams[0] >= 0)
    emitUnfold(0, outputRow(), 1, 0, 1, 0, /*keep=*/false);
  else if (!zero && failed(emitCopy(type, {{cim::getRowElements(op.getType()), 1, 1}},
                                    constantRow("initial"), outputRow())))
    return failure();
  emitUnfold(1, outputRow(), 1, 0, 1, 0, /*keep=*/!zero);
  return success();
}

LogicalResult BlockEmitter::emitPad(cim::PadOp op) {
  int64_t rowAxis = cim::getRowAxis(op.getType());
  Type type = elementTypeOf(op.getResult());
  llvm::ArrayRef<int64_t> sizes = cim::getRowShape(op.getInput().getType());
  int32_t value = bitsOf(op.getValue());
  if (std::optional<int64_t> dim = cim::unfoldedPadding(op)) {
    int64_t width = *dim < 0 ? 1 : sizes[*dim],
            low = *dim < 0 ? 0 : op.getLow()[rowAxis + 1 + *dim],
            high = *dim < 0 ? 0 : op.getHigh()[rowAxis + 1 + *dim];
    emitUnfold(0, outputRow(), low + width + high, low, width, value, /*keep=*/false);
    return success();
  }
  isa::RowAttr source = operandRow(0);
  if (cim::padsRows(op)) {
    source = scratchRow("row0");
    emitUnfold(0, source, 1, 0, 1, value, /*keep=*/false);
  }
  llvm::SmallVector<int64_t> dst = denseStrides(cim::getRowShape(op.getType()));
  int64_t offset = 0;
  for (auto [index, stride] : llvm::enumerate(dst))
    offset += op.getLow()[rowAxis + 1 + index] * stride;
  isa::FillOp::create(builder, loc, *formatOf(type), outputRow(),
                      static_cast<uint32_t>(cim::getRowElements(op.getType())), value);
  return emitCopy(type, loopsOver(sizes, denseStrides(sizes), dst), source,
                  outputRow(0, offset * cim::getElementBytes(type)));
}

//===--------------------------------------------------------------------------===//
// Copies
//===--------------------------------------------------------------------------===//

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
  return emitCopy(type, loopsOver(sizes, strides, denseStrides(sizes)),
                  operandRow(0, offset * cim::getElementBytes(type)), outputRow());
}

LogicalResult BlockEmitter::emitReverse(cim::ReverseOp op) {
  int64_t axis = op.getAxis(), rowAxis = cim::getRowAxis(op.getType());
  Type type = elementTypeOf(op.getResult());
  int64_t bytes = cim::getElementBytes(type), elements = cim::getRowElements(op.getType());
  if (axis < rowAxis)
    return emitCopy(type, {{elements, 1, 1}}, operandRow(0), outputRow());
  llvm::ArrayRef<int64_t> shape = shapeOf(op.getInput());
  int64_t size = shape[axis];
  if (axis == rowAxis)
    return emitCopy(type, {{elements, 1, 1}}, operandRow(0, (size - 1) * elements * bytes),
                    outputRow(), {{size, -elements, 0}});
  int64_t outer = product(shape.slice(rowAxis + 1, axis - rowAxis - 1)),
          inner = product(shape.drop_front(axis + 1));
  return emitCopy(type, {{outer, size * inner, size * inner}, {size, -inner, inner}, {inner, 1, 1}},
                  operandRow(0, (size - 1) * inner * bytes), outputRow());
}

LogicalResult BlockEmitter::emitRelayout(cim::RelayoutOp op) {
  std::optional<cim::RelayoutWalk> walk = cim::walkRelayout(op);
  if (!walk)
    return op.emitOpError(
        "a row of the result ends within a dimension of the permuted input, which "
        "is not supported");
  Type type = elementTypeOf(op.getResult());
  if (!walk->streamed)
    return emitCopy(type, walk->inner, operandRow(0), outputRow(), walk->outer);
  // One copy for each row of the input.
  int64_t bytes = cim::getElementBytes(type), copies = 1;
  for (const WalkLoop &loop : walk->rowLoops)
    copies *= loop.size;
  for (int64_t copy = 0; copy < copies; ++copy) {
    int64_t rest = copy, row = 0, dst = 0;
    for (const WalkLoop &loop : llvm::reverse(walk->rowLoops)) {
      row += rest % loop.size * loop.src;
      dst += rest % loop.size * loop.dst;
      rest /= loop.size;
    }
    isa::RowAttr first = operandRow(0);
    auto source = isa::RowAttr::get(builder.getContext(), first.getBuffer(), first.getMul(),
                                    first.getDiv(), first.getAdd() + static_cast<int32_t>(row), 0);
    if (failed(emitCopy(type, walk->inner, source, outputRow(0, dst * bytes), walk->outer)))
      return failure();
  }
  return success();
}

} // namespace cimc
