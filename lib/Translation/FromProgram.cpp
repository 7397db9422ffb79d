//===- FromProgram.cpp - From a program to dialect cimisa -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inverse of ToProgram.cpp. Segments become resources over the program's own memory.
//
//===--------------------------------------------------------------------------===//

#include "Fields.h"

#include "cimc/Target/Serialize.h"
#include "cimc/Translation/Serialize.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/SmallString.h"

using namespace mlir;
using namespace cimc;
using namespace cimc::isa;

/// An attribute over `bytes`, which `owner` keeps alive; `name` is what the resource is called in
/// text.
static ElementsAttr toElements(OpBuilder &builder, StringRef name, std::span<const std::byte> bytes,
                               std::shared_ptr<const void> owner) {
  auto type = RankedTensorType::get({static_cast<int64_t>(bytes.size())}, builder.getI8Type());
  if (bytes.empty())
    return DenseElementsAttr::get(type, ArrayRef<int8_t>());
  ArrayRef<char> data(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  AsmResourceBlob blob(
      data, /*dataAlignment=*/1, [owner](void *, size_t, size_t) {}, /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

static ElementsAttr toTargetAttr(OpBuilder &builder, const target::Target &target) {
  auto bytes = std::make_shared<std::vector<std::byte>>(target::encode(target));
  return toElements(builder, "target", *bytes, bytes);
}

static void addInstruction(OpBuilder &builder, Location loc,
                           const program::Instruction &instruction) {
  SmallString<32> name("cimisa.");
  name += StringRef(program::mnemonicOf(instruction));
  OperationState state(loc, name);
  std::visit(
      [&](const auto &fields) {
        program::visitFields(fields, [&](std::string_view field, const auto &member) {
          state.addAttribute(StringRef(field), translation::toAttr(builder, member));
        });
      },
      instruction);
  builder.create(state);
}

/// Fills the body of `op` with one block of instructions.
template <typename OpTy>
static void addBody(OpBuilder &builder, OpTy op,
                    const std::vector<program::Instruction> &instructions) {
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&op.getBody());
  for (const program::Instruction &instruction : instructions)
    addInstruction(builder, op.getLoc(), instruction);
}

static void addTile(OpBuilder &builder, Location loc, const program::Tile &tile) {
  TileOp::create(builder, loc, tile.layer, tile.core, tile.array, tile.row, tile.col, tile.rows,
                 tile.cols, tile.data, tile.offset, tile.pitch, tile.steps);
}

static void addChannel(OpBuilder &builder, Location loc, const program::Channel &channel) {
  ChannelOp::create(builder, loc, channel.name, channel.source, channel.target,
                    channel.messageBytes, channel.depth, channel.inBuffer);
}

static void addStream(OpBuilder &builder, Location loc, const program::Stream &stream) {
  StreamOp::create(builder, loc, stream.name, stream.isInput,
                   static_cast<attr::Format>(stream.format), stream.shape, stream.rows,
                   stream.rowStride, stream.dims, stream.strides, stream.channels,
                   stream.signedShift);
}

static void addBuffer(OpBuilder &builder, Location loc, const program::Buffer &buffer) {
  IntegerAttr data, offset;
  if (buffer.data) {
    data = builder.getI32IntegerAttr(static_cast<int32_t>(*buffer.data));
    offset = builder.getI64IntegerAttr(static_cast<int64_t>(buffer.dataOffset));
  }
  BufferOp::create(builder, loc, builder.getStringAttr(buffer.name),
                   builder.getI32IntegerAttr(static_cast<int32_t>(buffer.address)),
                   builder.getI32IntegerAttr(static_cast<int32_t>(buffer.rowBytes)),
                   builder.getI32IntegerAttr(static_cast<int32_t>(buffer.rows)), data, offset);
}

static void addCore(OpBuilder &builder, Location loc, const program::Core &core) {
  auto op = CoreOp::create(builder, loc, core.chip, core.index, core.memoryBytes);
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&op.getBody());
  for (const program::Buffer &buffer : core.buffers)
    addBuffer(builder, loc, buffer);
  for (const program::Block &block : core.blocks)
    addBody(builder, isa::BlockOp::create(builder, loc, block.name), block.instructions);
  addBody(builder, ControlOp::create(builder, loc), core.control);
}

FailureOr<OwningOpRef<ModuleOp>> cimc::fromProgram(const program::Program &program,
                                                   MLIRContext *context) {
  context->getOrLoadDialect<CimIsaDialect>();
  OpBuilder builder(context);
  Location loc = builder.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToStart(module->getBody());
  auto op =
      ProgramOp::create(builder, loc, program.name, toTargetAttr(builder, program.target),
                        SmallVector<int32_t>(program.hostWakes.begin(), program.hostWakes.end()));
  builder.createBlock(&op.getBody());
  for (auto [index, segment] : llvm::enumerate(program.data))
    DataOp::create(builder, loc,
                   toElements(builder, ("data" + Twine(index)).str(), segment, program.storage));
  for (const program::Tile &tile : program.tiles)
    addTile(builder, loc, tile);
  for (const program::Channel &channel : program.channels)
    addChannel(builder, loc, channel);
  for (const program::Stream &stream : program.streams)
    addStream(builder, loc, stream);
  for (const program::Core &core : program.cores)
    addCore(builder, loc, core);
  if (failed(verify(*module)))
    return failure();
  return module;
}
