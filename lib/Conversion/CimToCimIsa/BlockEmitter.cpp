//===- BlockEmitter.cpp - Operands of a stage's instructions ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns what a stage refers to (streams, constants, scratch areas, windows) into operands of the
// instruction set.
//
//===--------------------------------------------------------------------------===//

#include "BlockEmitter.h"

using namespace mlir;

namespace cimc {

std::optional<isa::attr::Format> formatOf(Type elementType) {
  if (elementType.isF32())
    return isa::attr::Format::F32;
  if (elementType.isF16())
    return isa::attr::Format::F16;
  if (elementType.isInteger(8) || elementType.isInteger(1))
    return isa::attr::Format::I8;
  if (elementType.isInteger(32))
    return isa::attr::Format::I32;
  if (elementType.isInteger(64))
    return isa::attr::Format::I64;
  return std::nullopt;
}

llvm::SmallVector<int64_t> denseStrides(llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

isa::RowAttr BlockEmitter::row(BufferRef buffer, uint32_t mul, uint32_t div, int32_t add,
                               int64_t offset) {
  return isa::RowAttr::get(builder.getContext(), buffer.number, mul, div, add,
                           static_cast<uint32_t>(offset));
}

BufferRef BlockEmitter::ringOf(int64_t stream) const { return core.rings.at(stream); }

isa::RowAttr BlockEmitter::constantRow(llvm::StringRef name) {
  BufferRef buffer = core.constants.at({number, stage.constantIndex(name)});
  return row(buffer, buffer.rows > 1 ? 1 : 0);
}

isa::RowAttr BlockEmitter::scratchRow(llvm::StringRef name) {
  BufferRef buffer = core.scratch.at({number, stage.scratchIndex(name)});
  return row(buffer, buffer.rows > 1 ? 1 : 0);
}

isa::RowAttr BlockEmitter::outputRow(unsigned output, int64_t offset) {
  return row(ringOf(stage.outputs[output].stream), 1, 1, 0, offset);
}

isa::RowAttr BlockEmitter::operandRow(unsigned index, int64_t offset) {
  mapping::RowMap map = cast<cim::StageOpInterface>(stage.op).getRowMap(index);
  return row(ringOf(stage.operandStreams[index]), static_cast<uint32_t>(map.mul),
             static_cast<uint32_t>(map.div), static_cast<int32_t>(map.add), offset);
}

isa::RowAttr BlockEmitter::streamOrConstantRow(unsigned index) {
  return cim::isRowTensor(stage.op->getOperand(index).getType())
             ? operandRow(index)
             : constantRow("operand" + std::to_string(index));
}

isa::WindowAttr BlockEmitter::window(Value input, unsigned operand, llvm::ArrayRef<int64_t> kernel,
                                     llvm::ArrayRef<int64_t> stride,
                                     llvm::ArrayRef<int64_t> dilation, llvm::ArrayRef<int64_t> pad,
                                     int32_t padValue, int64_t channel, int64_t channels) {
  llvm::ArrayRef<int64_t> shape = cast<RankedTensorType>(input.getType()).getShape();
  cim::Positions held = stage.operandPositions[operand];
  int64_t first = stage.positions.first * stride[1] - pad[2] - held.first;
  channel += std::max<int64_t>(first, 0) * shape[3];
  auto u = [](int64_t value) { return static_cast<uint32_t>(value); };
  return isa::WindowAttr::get(builder.getContext(), ringOf(stage.operandStreams[operand]).number,
                              u(stride[0]), 1, static_cast<int32_t>(-pad[0]), u(shape[1]),
                              u(held.count), u(shape[3]), u(channel), u(channels), u(kernel[0]),
                              u(kernel[1]), u(dilation[0]), u(dilation[1]), u(stride[1]),
                              u(std::max<int64_t>(-first, 0)), u(stage.positions.count), padValue);
}

LogicalResult BlockEmitter::emit() {
  switch (stage.kind) {
  case cim::Stage::Kind::HostInput:
  case cim::Stage::Kind::HostOutput:
    return success(); // The host's work stands in the streams of the program.
  case cim::Stage::Kind::Assemble:
  case cim::Stage::Kind::Hold:
    emitAssemble();
    break;
  case cim::Stage::Kind::PartialSum:
    emitPartialSum(cast<cim::ForwardOp>(stage.op));
    break;
  case cim::Stage::Kind::Compute:
    if (failed(emitDigital()))
      return failure();
    break;
  }
  emitSends();
  return success();
}

} // namespace cimc
