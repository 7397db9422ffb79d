//===- ToProgram.cpp - From dialect cimisa to a program -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Structural ops are copied field by field into the tables of the program, instructions through the
// field visitors. Bytes of constants are referred to where they lie; only splats are written out.
//
//===--------------------------------------------------------------------------===//

#include "Fields.h"

#include "cimc/Support/ElementsBytes.h"
#include "cimc/Target/Serialize.h"
#include "cimc/Translation/Serialize.h"

using namespace mlir;
using namespace cimc;
using namespace cimc::isa;

/// Constants that had to be written out, kept alive by the program.
using OwnedBytes = std::vector<std::unique_ptr<SmallVector<char, 0>>>;

static FailureOr<program::Segment> toSegment(Operation *op, ElementsAttr value, OwnedBytes &owned) {
  auto storage = std::make_unique<SmallVector<char, 0>>();
  ArrayRef<char> bytes = elementsBytes(value, *storage);
  int64_t expected = value.getNumElements() * elementBytes(value.getElementType());
  if (static_cast<int64_t>(bytes.size()) != expected)
    return op->emitOpError() << "must have " << expected << " bytes of data, but has "
                             << bytes.size();
  if (!storage->empty())
    owned.push_back(std::move(storage));
  return program::Segment(reinterpret_cast<const std::byte *>(bytes.data()), bytes.size());
}

static program::Instruction toInstruction(Operation &op) {
  program::Instruction instruction =
      *program::makeInstruction(std::string_view(op.getName().stripDialect()));
  std::visit(
      [&](auto &fields) {
        program::visitFields(fields, [&](std::string_view name, auto &member) {
          translation::fromAttr(op.getAttr(StringRef(name)), member);
        });
      },
      instruction);
  return instruction;
}

static std::vector<program::Instruction> toInstructions(Region &body) {
  std::vector<program::Instruction> instructions;
  for (Operation &op : body.front())
    instructions.push_back(toInstruction(op));
  return instructions;
}

static program::Tile toTile(TileOp op) {
  return {op.getLayer().str(), op.getCore(),  op.getArray(),      op.getRow(),
          op.getCol(),         op.getRows(),  op.getCols(),       op.getData(),
          op.getOffset(),      op.getPitch(), op.getSteps().vec()};
}

static program::Channel toChannel(ChannelOp op) {
  return {op.getName().str(),   op.getSource(), op.getTarget(),
          op.getMessageBytes(), op.getDepth(),  op.getInBuffer()};
}

static program::Stream toStream(StreamOp op) {
  program::Stream stream;
  stream.name = op.getName().str();
  stream.isInput = op.getIsInput();
  stream.format = static_cast<program::Format>(op.getFormat());
  stream.shape.assign(op.getShape().begin(), op.getShape().end());
  stream.rows = op.getRows();
  stream.rowStride = op.getRowStride();
  llvm::copy(op.getDims(), stream.dims.begin());
  llvm::copy(op.getStrides(), stream.strides.begin());
  stream.channels.assign(op.getChannels().begin(), op.getChannels().end());
  stream.signedShift = op.getSignedShift();
  return stream;
}

static program::Buffer toBuffer(BufferOp op) {
  program::Buffer buffer = {
      op.getName().str(), op.getAddress(), op.getRowBytes(), op.getRows(), {}, 0};
  if (op.getData()) {
    buffer.data = *op.getData();
    buffer.dataOffset = *op.getDataOffset();
  }
  return buffer;
}

static program::Core toCore(CoreOp op) {
  program::Core core = {op.getChip(), op.getIndex(), op.getMemoryBytes(), {}, {}, {}};
  Block &body = op.getBody().front();
  for (BufferOp buffer : body.getOps<BufferOp>())
    core.buffers.push_back(toBuffer(buffer));
  for (isa::BlockOp block : body.getOps<isa::BlockOp>())
    core.blocks.push_back({block.getName().str(), toInstructions(block.getBody())});
  for (ControlOp control : body.getOps<ControlOp>())
    core.control = toInstructions(control.getBody());
  return core;
}

static LogicalResult readTarget(ProgramOp op, program::Program &result) {
  OwnedBytes owned;
  FailureOr<program::Segment> bytes = toSegment(op, op.getTarget(), owned);
  if (failed(bytes))
    return failure();
  Result<target::Target> target = target::decode(*bytes);
  if (!target)
    return op.emitOpError() << "'target' must be a target in binary form: "
                            << target.error().message;
  result.target = *target;
  return success();
}

FailureOr<program::Program> cimc::toProgram(ProgramOp op) {
  program::Program result;
  result.name = op.getSymName().str();
  if (failed(readTarget(op, result)))
    return failure();
  Block &body = op.getBody().front();
  auto owned = std::make_shared<OwnedBytes>();
  for (DataOp data : body.getOps<DataOp>()) {
    FailureOr<program::Segment> segment = toSegment(data, data.getValue(), *owned);
    if (failed(segment))
      return failure();
    result.data.push_back(*segment);
  }
  for (TileOp tile : body.getOps<TileOp>())
    result.tiles.push_back(toTile(tile));
  for (ChannelOp channel : body.getOps<ChannelOp>())
    result.channels.push_back(toChannel(channel));
  for (StreamOp stream : body.getOps<StreamOp>())
    result.streams.push_back(toStream(stream));
  for (CoreOp core : body.getOps<CoreOp>())
    result.cores.push_back(toCore(core));
  for (int32_t chip : op.getHostWakes())
    result.hostWakes.push_back(static_cast<uint32_t>(chip));
  result.storage = std::move(owned);
  return result;
}
