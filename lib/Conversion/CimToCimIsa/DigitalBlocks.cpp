//===- DigitalBlocks.cpp - Blocks of digital ops ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function per op of the mapping dialect; ops that only move elements are in
// MovementBlocks.cpp.
//
//===--------------------------------------------------------------------------===//

#include "BlockEmitter.h"

#include "llvm/ADT/TypeSwitch.h"

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

} // namespace

LogicalResult BlockEmitter::emitPool(cim::PoolOp op) {
  int64_t channels = shapeOf(op.getInput()).back();
  isa::WindowAttr geometry = window(op.getInput(), 0, op.getKernel(), op.getStride(),
                                    op.getDilation(), op.getPad(), op.getPadValue(), 0, channels);
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
  else if (axis < rowAxis) // of size 1
    inner = cim::getRowElements(op.getInput().getType());
  isa::ReduceOp::create(builder, loc, fn, format, operandRow(0), outputRow(),
                        static_cast<uint32_t>(outer), static_cast<uint32_t>(extent),
                        static_cast<uint32_t>(inner), false);
  return success();
}

void BlockEmitter::emitConvert(Type from, Type to, isa::RowAttr src, isa::RowAttr dst) {
  isa::ConvertOp::create(builder, loc, *formatOf(from), *formatOf(to), src, dst,
                         rowElements(stage.op->getResult(0)));
}

/// The instruction reads f32; halves are converted to scratch `wide` first.
void BlockEmitter::emitQuantize(cim::QuantizeOp op) {
  isa::RowAttr source = operandRow(0);
  if (Type type = elementTypeOf(op.getInput()); !type.isF32()) {
    source = scratchRow("wide");
    emitConvert(type, builder.getF32Type(), operandRow(0), source);
  }
  isa::QuantizeOp::create(builder, loc, source, outputRow(), rowElements(op.getResult()),
                          op.getScale(), op.getZeroPoint(), op.getClamp()[0], op.getClamp()[1]);
}

/// The instruction writes f32; halves are converted from scratch `wide` afterwards.
void BlockEmitter::emitDequantize(cim::DequantizeOp op) {
  Type type = elementTypeOf(op.getResult());
  isa::RowAttr target = type.isF32() ? outputRow() : scratchRow("wide");
  isa::DequantizeOp::create(builder, loc, operandRow(0), target, rowElements(op.getResult()),
                            op.getScale(), op.getZeroPoint());
  if (!type.isF32())
    emitConvert(builder.getF32Type(), type, target, outputRow());
}

LogicalResult BlockEmitter::emitDigital() {
  return llvm::TypeSwitch<Operation *, LogicalResult>(stage.op)
      .Case([&](cim::ForwardOp op) {
        if (cim::isDigitalFloat(elementTypeOf(op.getInput())))
          return emitFloatForward(op);
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
        emitQuantize(op);
        return success();
      })
      .Case([&](cim::DequantizeOp op) {
        emitDequantize(op);
        return success();
      })
      .Case([&](cim::ConvertOp op) {
        emitConvert(elementTypeOf(op.getInput()), elementTypeOf(op.getResult()), operandRow(0),
                    outputRow());
        return success();
      })
      .Case([&](cim::RandomOp op) {
        isa::RandomOp::create(builder, loc, outputRow(), rowElements(op.getResult()),
                              static_cast<uint32_t>(op.getNumber()));
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
      .Case([&](cim::MatmulOp op) { return emitMatmul(op); })
      .Case([&](cim::GatherOp op) { return emitGather(op); })
      .Case([&](cim::ReduceOp op) { return emitReduce(op); })
      .Case([&](cim::ConcatOp op) { return emitConcat(op); })
      .Case([&](cim::DelayOp op) { return emitDelay(op); })
      .Case([&](cim::SliceOp op) { return emitSlice(op); })
      .Case([&](cim::PadOp op) { return emitPad(op); })
      .Case([&](cim::RelayoutOp op) { return emitRelayout(op); })
      .Case([&](cim::ReverseOp op) { return emitReverse(op); })
      .Default([](Operation *op) { return op->emitOpError("has no instructions"); });
}

} // namespace cimc
