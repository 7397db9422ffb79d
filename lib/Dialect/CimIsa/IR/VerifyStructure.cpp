//===- VerifyStructure.cpp - Verifiers of programs and cores --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tables stand in the order in which the binary holds them, loops are balanced, and every index
// points into its table. Indices are checked where the table is complete: a core checks its own
// blocks and buffers, a program the rest.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/CimIsa/IR/CimIsa.h"

using namespace mlir;
using namespace cimc::isa;

/// Position of a kind of op in `order`, or the size of `order` if it does not belong there.
static size_t rankOf(Operation &op, ArrayRef<StringRef> order) {
  return llvm::find(order, op.getName().getStringRef()) - order.begin();
}

/// Checks that the ops of `body` are of the kinds in `order` and that the kinds follow each other
/// in that order.
static LogicalResult checkOrder(Operation *parent, Block *body, ArrayRef<StringRef> order) {
  Operation *previous = nullptr;
  size_t highest = 0;
  for (Operation &op : *body) {
    size_t rank = rankOf(op, order);
    if (rank == order.size())
      return op.emitOpError() << "cannot stand in '" << parent->getName() << "'";
    if (rank < highest)
      return (op.emitOpError() << "must stand before every '" << order[highest] << "'")
                 .attachNote(previous->getLoc())
             << "this one stands before it";
    if (rank > highest || !previous)
      previous = &op;
    highest = rank;
  }
  return success();
}

static LogicalResult checkIndex(Operation *op, StringRef what, uint64_t index, size_t count,
                                StringRef owner) {
  if (index < count)
    return success();
  return op->emitOpError() << what << " must be less than " << count << ", the number in the "
                           << owner << ", but is " << index;
}

template <typename OpTy> static size_t countOps(Block *body) {
  auto ops = body->getOps<OpTy>();
  return std::distance(ops.begin(), ops.end());
}

//===--------------------------------------------------------------------------===//
// Control and core
//===--------------------------------------------------------------------------===//

LogicalResult ControlOp::verifyRegions() {
  SmallVector<Operation *> open;
  for (Operation &op : *getBody().begin()) {
    if (!llvm::isa<LoopOp, EndOp, FireOp, ShutdownOp>(op))
      return op.emitOpError() << "cannot stand in '" << getOperationName() << "'";
    if (llvm::isa<LoopOp>(op))
      open.push_back(&op);
    if (llvm::isa<EndOp>(op)) {
      if (open.empty())
        return op.emitOpError() << "closes no loop";
      open.pop_back();
    }
  }
  if (!open.empty())
    return open.back()->emitOpError() << "has no matching end";
  return success();
}

/// Checks the rows and windows of an instruction, whichever fields hold them.
static LogicalResult checkOperands(Operation *op, size_t buffers) {
  for (NamedAttribute field : op->getAttrDictionary()) {
    auto row = dyn_cast<RowAttr>(field.getValue());
    auto window = dyn_cast<WindowAttr>(field.getValue());
    if (!row && !window)
      continue;
    std::string what = ("'" + field.getName().getValue() + "' names a buffer that").str();
    if (failed(checkIndex(op, what, row ? row.getBuffer() : window.getBuffer(), buffers, "core")))
      return failure();
    if (row && row.getDiv() == 0)
      return op->emitOpError() << "'" << field.getName().getValue()
                               << "' must have 'div' of at least 1, but it is 0";
  }
  return success();
}

LogicalResult CoreOp::verifyRegions() {
  Block *body = &getBody().front();
  static constexpr StringRef order[] = {"cimisa.buffer", "cimisa.block", "cimisa.control"};
  if (failed(checkOrder(*this, body, order)))
    return failure();
  if (size_t controls = countOps<ControlOp>(body); controls != 1)
    return emitOpError() << "must hold exactly one 'cimisa.control', but holds " << controls;

  size_t buffers = countOps<BufferOp>(body), blocks = countOps<BlockOp>(body);
  for (BlockOp block : body->getOps<BlockOp>())
    for (Operation &op : block.getBody().front())
      if (failed(checkOperands(&op, buffers)))
        return failure();
  auto control = *body->getOps<ControlOp>().begin();
  for (FireOp fire : control.getBody().front().getOps<FireOp>())
    if (failed(checkIndex(fire, "block", fire.getBlock(), blocks, "core")))
      return failure();
  return success();
}

//===--------------------------------------------------------------------------===//
// Program
//===--------------------------------------------------------------------------===//

namespace {
/// Sizes of a program's tables.
struct TableSizes {
  size_t data, tiles, channels, cores;
};
} // namespace

static LogicalResult checkChannelEnd(ChannelOp channel, StringRef end, uint32_t core,
                                     size_t cores) {
  return core == kHostCore ? success() : checkIndex(channel, end, core, cores, "program");
}

static LogicalResult checkTables(Block *body, const TableSizes &sizes) {
  for (TileOp tile : body->getOps<TileOp>())
    if (failed(checkIndex(tile, "data", tile.getData(), sizes.data, "program")) ||
        failed(checkIndex(tile, "core", tile.getCore(), sizes.cores, "program")))
      return failure();
  for (ChannelOp channel : body->getOps<ChannelOp>())
    if (failed(checkChannelEnd(channel, "source", channel.getSource(), sizes.cores)) ||
        failed(checkChannelEnd(channel, "target", channel.getTarget(), sizes.cores)))
      return failure();
  for (StreamOp stream : body->getOps<StreamOp>())
    for (int32_t channel : stream.getChannels())
      if (failed(checkIndex(stream, "channel", static_cast<uint32_t>(channel), sizes.channels,
                            "program")))
        return failure();
  return success();
}

/// Checks what a core's instructions and buffers name in the program's tables.
static LogicalResult checkCore(CoreOp core, const TableSizes &sizes) {
  Block &body = core.getBody().front();
  for (BufferOp buffer : body.getOps<BufferOp>())
    if (buffer.getData() &&
        failed(checkIndex(buffer, "data", *buffer.getData(), sizes.data, "program")))
      return failure();
  for (BlockOp block : body.getOps<BlockOp>())
    for (Operation &op : block.getBody().front()) {
      LogicalResult result = success();
      if (auto send = dyn_cast<SendOp>(op))
        result = checkIndex(send, "channel", send.getChannel(), sizes.channels, "program");
      else if (auto recv = dyn_cast<RecvOp>(op))
        result = checkIndex(recv, "channel", recv.getChannel(), sizes.channels, "program");
      else if (auto read = dyn_cast<ReadOp>(op))
        result = checkIndex(read, "tile", read.getTile(), sizes.tiles, "program");
      if (failed(result))
        return failure();
    }
  return success();
}

/// No chip is woken twice at once. Whether the target has it is the validator's business.
static LogicalResult checkHostWakes(ProgramOp op) {
  llvm::DenseSet<int32_t> seen;
  for (int32_t chip : op.getHostWakes())
    if (!seen.insert(chip).second)
      return op.emitOpError() << "'host_wakes' must name each chip once, but names chip "
                              << static_cast<uint32_t>(chip) << " twice";
  return success();
}

LogicalResult ProgramOp::verifyRegions() {
  Block *body = &getBody().front();
  static constexpr StringRef order[] = {"cimisa.data", "cimisa.tile", "cimisa.channel",
                                        "cimisa.stream", "cimisa.core"};
  if (failed(checkOrder(*this, body, order)))
    return failure();
  if (!getTarget().getElementType().isInteger(8))
    return emitOpError() << "'target' must hold bytes (i8), but holds "
                         << getTarget().getElementType();
  if (failed(checkHostWakes(*this)))
    return failure();
  TableSizes sizes = {countOps<DataOp>(body), countOps<TileOp>(body), countOps<ChannelOp>(body),
                      countOps<CoreOp>(body)};
  if (failed(checkTables(body, sizes)))
    return failure();
  for (CoreOp core : body->getOps<CoreOp>())
    if (failed(checkCore(core, sizes)))
      return failure();
  return success();
}
