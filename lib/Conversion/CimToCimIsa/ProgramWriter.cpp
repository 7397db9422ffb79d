//===- ProgramWriter.cpp - Writes the tables of a program --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Segment 0 holds all small constants and the tiles that had to be written out (block-diagonal
// ones, and slices); every weight whose tiles are rectangles of its own matrix is a segment of its
// own, shared with the module and not copied.
//
//===--------------------------------------------------------------------------===//

#include "ProgramWriter.h"

#include "HostLayout.h"

#include "cimc/Program/Limits.h"
#include "cimc/Support/ElementsBytes.h"
#include "cimc/Target/Serialize.h"
#include "cimc/Target/Slices.h"

#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace cimc {

namespace {

constexpr uint32_t kHostNumber = 0xffffffffu;

Block *makeBody(Operation *op) { return &op->getRegion(0).emplaceBlock(); }

/// An i8 resource that holds `bytes`.
ElementsAttr bytesAttr(MLIRContext *context, llvm::StringRef name, std::vector<char> bytes) {
  auto type =
      RankedTensorType::get({static_cast<int64_t>(bytes.size())}, IntegerType::get(context, 8));
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocateAndCopyWithAlign(llvm::ArrayRef<char>(bytes), 64);
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

} // namespace

int64_t ProgramWriter::Pool::add(llvm::ArrayRef<char> more) {
  bytes.resize((bytes.size() + 63) / 64 * 64);
  auto offset = static_cast<int64_t>(bytes.size());
  bytes.insert(bytes.end(), more.begin(), more.end());
  return offset;
}

ProgramWriter::ProgramWriter(func::FuncOp function, cim::ScheduleOp schedule,
                             const target::Target &target, cim::StageGraph graph)
    : function(function), schedule(schedule), target(target), graph(std::move(graph)),
      builder(function.getContext()), loc(function.getLoc()) {
  function.walk([&](cim::ForwardOp op) {
    kernelPositions[op.getWeightAttr().getAttr()] = op.getKernel()[0] * op.getKernel()[1];
  });
}

void ProgramWriter::collectCores() {
  for (auto core : schedule.getBody().front().getOps<cim::CoreProgramOp>())
    coreNumbers.try_emplace(static_cast<int64_t>(core.getCore()),
                            static_cast<uint32_t>(coreNumbers.size()));
  coreNumbers[mapping::kHostCore] = kHostNumber;
}

/// Whether a tile's cells are written out, and not shared with the weight's matrix.
static bool isWrittenOut(cim::WeightOp weight, cim::TileAttr tile) {
  return tile.getGroups() > 1 || weight.getSlices();
}

FailureOr<std::vector<char>> ProgramWriter::cellsOf(cim::WeightOp weight, cim::TileAttr tile) {
  llvm::SmallVector<char> storage;
  llvm::ArrayRef<char> weights = elementsBytes(weight.getValue(), storage);
  auto shape = cast<ShapedType>(weight.getValue().getType()).getShape();
  int64_t rows = shape[1], cols = shape[2], groups = tile.getGroups();
  cim::SlicesAttr slices = weight.getSlicesAttr();
  auto cell = [&](int64_t group, int64_t row, int64_t col) -> char {
    char value = weights[((tile.getGroup() + group) * rows + row) * cols + col];
    return slices ? target::sliceOf(static_cast<int8_t>(value), tile.getSlice(), slices.getCount(),
                                    slices.getBits())
                  : value;
  };
  std::vector<char> cells;
  if (groups == 1) {
    for (int64_t row = tile.getRow(); row < tile.getRow() + tile.getRows(); ++row)
      for (int64_t col = tile.getCol(); col < tile.getCol() + tile.getCols(); ++col)
        cells.push_back(cell(0, row, col));
    return cells;
  }
  // Block diagonal, with rows in the order of the flattened window: kernel position, then channel.
  int64_t positions = kernelPositions.lookup(weight.getSymNameAttr());
  if (positions <= 0 || rows % positions != 0)
    return weight.emitOpError("has ") << rows << " rows a group, which are no multiple of the "
                                      << positions << " positions of the kernel that uses it";
  int64_t groupChannels = rows / positions;
  cells.resize(static_cast<size_t>(groups * rows * groups * cols), 0);
  for (int64_t p = 0; p < positions; ++p)
    for (int64_t g = 0; g < groups; ++g)
      for (int64_t c = 0; c < groupChannels; ++c)
        for (int64_t o = 0; o < cols; ++o)
          cells[((p * groups + g) * groupChannels + c) * groups * cols + g * cols + o] =
              cell(g, p * groupChannels + c, o);
  return cells;
}

LogicalResult ProgramWriter::writeTile(cim::WeightOp weight, cim::TileAttr tile) {
  auto shape = cast<ShapedType>(weight.getValue().getType()).getShape();
  int64_t rows = shape[1], cols = shape[2];
  int64_t perCore = std::max<int64_t>(target.chip.core.array.perCore, 1);
  auto core = coreNumbers.find(tile.getArray() / perCore);
  if (core == coreNumbers.end())
    return weight.emitOpError("has a tile on core ")
           << tile.getArray() / perCore << ", which runs no stage";
  auto u = [](int64_t value) { return static_cast<uint32_t>(value); };
  uint32_t segment = segments;
  int64_t offset = (tile.getGroup() * rows + tile.getRow()) * cols + tile.getCol(), pitch = cols;
  int64_t tileRows = tile.getGroups() * tile.getRows(),
          tileCols = tile.getGroups() * tile.getCols();
  if (isWrittenOut(weight, tile)) {
    FailureOr<std::vector<char>> cells = cellsOf(weight, tile);
    if (failed(cells))
      return failure();
    segment = poolSegment;
    offset = pool.add(*cells);
    pitch = tileCols;
  }
  tables.tiles[{weight.getSymNameAttr(), tile}] = static_cast<uint32_t>(tables.tiles.size());
  isa::TileOp::create(builder, weight.getLoc(), weight.getSymName(), core->second,
                      u(tile.getArray() % perCore), u(tile.getAtRow()), u(tile.getAtCol()),
                      u(tileRows), u(tileCols), segment, static_cast<uint64_t>(offset), u(pitch),
                      llvm::ArrayRef<float>());
  return success();
}

LogicalResult ProgramWriter::writeTiles() {
  auto module = function->getParentOfType<ModuleOp>();
  for (auto weight : module.getOps<cim::WeightOp>()) {
    if (weight.getUnit() != cim::Unit::Array || !weight.getTiles())
      continue;
    bool shared = false;
    for (Attribute attr : weight.getTiles()->getValue()) {
      auto tile = cast<cim::TileAttr>(attr);
      shared |= !isWrittenOut(weight, tile);
      if (failed(writeTile(weight, tile)))
        return failure();
    }
    if (!shared)
      continue;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(builder.getInsertionBlock());
    // Data ops stand before all others; this one is number `segments`.
    for (Operation &op : *builder.getInsertionBlock())
      if (mlir::isa<isa::DataOp>(op))
        builder.setInsertionPointAfter(&op);
    isa::DataOp::create(builder, weight.getLoc(), weight.getValue());
    ++segments;
  }
  return success();
}

void ProgramWriter::writeChannels() {
  std::map<std::pair<int64_t, int64_t>, int64_t> depths;
  for (auto fifo : schedule.getBody().front().getOps<cim::FifoOp>())
    depths[{static_cast<int64_t>(fifo.getStream()), static_cast<int64_t>(fifo.getReceiver())}] =
        static_cast<int64_t>(fifo.getDepth());
  // Whether FIFOs lie behind the memory of their core; those of one stream to several stages of a
  // core stand in the order of the stages.
  std::map<std::pair<int64_t, int64_t>, llvm::SmallVector<bool>> inBuffer; // by stream and core
  for (auto core : schedule.getBody().front().getOps<cim::CoreProgramOp>())
    for (auto region : core.getBody().front().getOps<cim::RegionOp>())
      if (region.getKind() == "fifo")
        inBuffer[{static_cast<int64_t>(region.getOwner()), static_cast<int64_t>(core.getCore())}]
            .push_back(static_cast<int64_t>(region.getAddress()) >=
                       graph.problem.memoryBytesPerCore);
  std::map<int64_t, int64_t> producer;
  for (auto [number, stage] : llvm::enumerate(graph.stages))
    for (const cim::Part &part : stage.outputs)
      producer[part.stream] = static_cast<int64_t>(number);
  for (auto [stream, info] : llvm::enumerate(graph.problem.streams)) {
    std::map<int64_t, size_t> receivers; // seen so far, by core
    for (int64_t receiver : graph.receiversOf(static_cast<int64_t>(stream))) {
      auto number = static_cast<uint32_t>(tables.channels.size());
      std::pair<int64_t, int64_t> key{static_cast<int64_t>(stream), receiver};
      tables.channels[key] = number;
      uint32_t source = coreNumbers.lookup(graph.stages[producer[key.first]].core);
      uint32_t sink = coreNumbers.lookup(graph.stages[receiver].core);
      auto depth = depths.find(key);
      int64_t core = graph.stages[receiver].core;
      llvm::ArrayRef<bool> fifos = inBuffer[{key.first, core}]; // the host has none
      size_t place = receivers[core]++;
      bool isShared = place < fifos.size() && fifos[place];
      isa::ChannelOp::create(builder, graph.stages[receiver].op->getLoc(), info.name, source, sink,
                             static_cast<uint32_t>(info.rowBytes),
                             static_cast<uint32_t>(depth == depths.end() ? 1 : depth->second),
                             isShared);
    }
  }
}

LogicalResult ProgramWriter::writeStream(int64_t stageNumber) {
  const cim::Stage &stage = graph.stages[stageNumber];
  bool isInput = stage.kind == cim::Stage::Kind::HostInput;
  FailureOr<HostLayout> layout = hostLayoutOf(stage);
  if (failed(layout))
    return failure();
  auto rows = cast<RankedTensorType>(stage.value.getType());
  std::optional<isa::attr::Format> format = formatOf(rows.getElementType());
  if (!format)
    return stage.op->emitOpError("has elements of type ")
           << rows.getElementType() << ", which cannot be streamed";

  int64_t stream = isInput ? stage.outputs.front().stream : stage.sources.front().stream;
  llvm::SmallVector<int64_t> receivers{stageNumber};
  if (isInput)
    receivers = llvm::SmallVector<int64_t>(graph.receiversOf(stream));
  llvm::SmallVector<int32_t> channels;
  for (int64_t receiver : receivers)
    channels.push_back(static_cast<int32_t>(tables.channels.at({stream, receiver})));
  isa::StreamOp::create(builder, stage.op->getLoc(), stage.name, isInput, *format, layout->shape,
                        static_cast<uint32_t>(cim::getNumRows(rows)),
                        static_cast<uint64_t>(layout->rowStride), layout->dims, layout->strides,
                        channels, isShifted(stage));
  return success();
}

bool ProgramWriter::isShifted(const cim::Stage &stage) {
  constexpr llvm::StringLiteral name = "cim.signed_shift";
  if (auto input = dyn_cast<cim::InputOp>(stage.op))
    return static_cast<bool>(
        function.getArgAttr(cast<BlockArgument>(input.getSource()).getArgNumber(), name));
  return llvm::any_of(stage.op->getUses(), [&](OpOperand &use) {
    return mlir::isa<func::ReturnOp>(use.getOwner()) &&
           function.getResultAttr(use.getOperandNumber(), name);
  });
}

LogicalResult ProgramWriter::writeStreams() {
  for (auto [number, stage] : llvm::enumerate(graph.stages))
    if (stage.kind == cim::Stage::Kind::HostInput || stage.kind == cim::Stage::Kind::HostOutput)
      if (failed(writeStream(static_cast<int64_t>(number))))
        return failure();
  return success();
}

void ProgramWriter::writeBuffer(llvm::StringRef name, int64_t address, int64_t rowBytes,
                                int64_t rows, int64_t dataOffset) {
  IntegerAttr data, offset;
  if (dataOffset >= 0) {
    data = builder.getI32IntegerAttr(static_cast<int32_t>(poolSegment));
    offset = builder.getI64IntegerAttr(dataOffset);
  }
  isa::BufferOp::create(builder, loc, builder.getStringAttr(name),
                        builder.getI32IntegerAttr(static_cast<int32_t>(address)),
                        builder.getI32IntegerAttr(static_cast<int32_t>(rowBytes)),
                        builder.getI32IntegerAttr(static_cast<int32_t>(rows)), data, offset);
}

void ProgramWriter::writeBuffers(cim::CoreProgramOp core, CoreTables &numbers) {
  uint32_t next = 0;
  for (auto region : core.getBody().front().getOps<cim::RegionOp>()) {
    auto owner = static_cast<int64_t>(region.getOwner()),
         address = static_cast<int64_t>(region.getAddress());
    auto rows = std::max<int64_t>(static_cast<int64_t>(region.getRows()), 1);
    if (region.getKind() == "rows") {
      const mapping::Stream &stream = graph.problem.streams[owner];
      writeBuffer(stream.name, address, stream.rowBytes, rows);
      numbers.rings[owner] = {next++, rows};
    } else if (region.getKind() == "constant") {
      for (auto [index, constant] : llvm::enumerate(graph.stages[owner].constants)) {
        llvm::SmallVector<char> storage;
        llvm::ArrayRef<char> bytes = elementsBytes(constant.value, storage);
        writeBuffer(graph.stages[owner].name + "." + constant.name, address,
                    static_cast<int64_t>(bytes.size()) / constant.rows, constant.rows,
                    pool.add(bytes));
        numbers.constants[{owner, static_cast<int64_t>(index)}] = {next++, constant.rows};
        address += cim::alignedBytes(static_cast<int64_t>(bytes.size()));
      }
    } else if (region.getKind() == "scratch") {
      for (auto [index, area] : llvm::enumerate(graph.stages[owner].scratch)) {
        int64_t bytes = cim::alignedBytes(area.bytes);
        writeBuffer(graph.stages[owner].name + "." + area.name, address, bytes, rows);
        numbers.scratch[{owner, static_cast<int64_t>(index)}] = {next++, rows};
        address += bytes * rows;
      }
    }
  }
}

LogicalResult ProgramWriter::writeWakes(cim::CoreProgramOp core, BlockNumbers &blocks) {
  WalkResult result = core.walk([&](cim::WakeOp wake) {
    auto chip = static_cast<int64_t>(wake.getChip()), epoch = static_cast<int64_t>(wake.getEpoch());
    if (chip >= target.chips) {
      wake.emitOpError("wakes chip ")
          << chip << ", target '" << target.name << "' has " << target.chips;
      return WalkResult::interrupt();
    }
    if (!blocks.ofWake.try_emplace({chip, epoch}, blocks.next()).second)
      return WalkResult::advance();
    auto block = isa::BlockOp::create(builder, wake.getLoc(), "wake chip " + std::to_string(chip));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(makeBody(block));
    isa::WakeOp::create(builder, wake.getLoc(), static_cast<uint32_t>(chip),
                        static_cast<uint32_t>(epoch));
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult ProgramWriter::writeControl(Block &steps, const BlockNumbers &blocks) {
  for (Operation &op : steps) {
    if (auto fire = dyn_cast<cim::FireOp>(op)) {
      auto block = blocks.ofStage.find(static_cast<int64_t>(fire.getStage()));
      if (block == blocks.ofStage.end())
        return fire.emitOpError("fires stage ") << fire.getStage() << ", which is not on this core";
      isa::FireOp::create(builder, loc, block->second, static_cast<uint32_t>(fire.getTimes()));
    } else if (auto loop = dyn_cast<cim::LoopOp>(op)) {
      isa::LoopOp::create(builder, loc, static_cast<uint32_t>(loop.getCount()));
      if (failed(writeControl(loop.getBody().front(), blocks)))
        return failure();
      isa::EndOp::create(builder, loc);
    } else if (auto wake = dyn_cast<cim::WakeOp>(op)) {
      uint32_t block = blocks.ofWake.at(
          {static_cast<int64_t>(wake.getChip()), static_cast<int64_t>(wake.getEpoch())});
      isa::FireOp::create(builder, loc, block, 1u);
    } else if (mlir::isa<cim::ShutdownOp>(op)) {
      isa::ShutdownOp::create(builder, loc);
    }
  }
  return success();
}

LogicalResult ProgramWriter::writeCore(cim::CoreProgramOp core) {
  auto number = static_cast<int64_t>(core.getCore());
  auto op = isa::CoreOp::create(builder, loc, static_cast<uint32_t>(number / target.chip.cores),
                                static_cast<uint32_t>(number % target.chip.cores),
                                static_cast<uint32_t>(core.getMemoryBytes()));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(makeBody(op));
  CoreTables numbers;
  writeBuffers(core, numbers);

  BlockNumbers blocks;
  for (auto [index, stage] : llvm::enumerate(graph.stages)) {
    if (stage.core != number)
      continue;
    auto stageNumber = static_cast<int64_t>(index);
    blocks.ofStage.try_emplace(stageNumber, blocks.next());
    auto block = isa::BlockOp::create(builder, stage.op->getLoc(), stage.name);
    OpBuilder::InsertionGuard inner(builder);
    builder.setInsertionPointToEnd(makeBody(block));
    if (failed(BlockEmitter(builder, graph, stageNumber, tables, numbers).emit()))
      return failure();
  }
  if (failed(writeWakes(core, blocks)))
    return failure();
  auto control = isa::ControlOp::create(builder, loc);
  builder.setInsertionPointToEnd(makeBody(control));
  return writeControl(core.getBody().front(), blocks);
}

DenseI32ArrayAttr ProgramWriter::hostWakes() {
  SmallVector<int32_t> chips;
  for (int64_t chip : schedule.getHostWakes().value_or(ArrayRef<int64_t>()))
    chips.push_back(static_cast<int32_t>(chip));
  return builder.getDenseI32ArrayAttr(chips);
}

LogicalResult ProgramWriter::write() {
  auto module = function->getParentOfType<ModuleOp>();
  collectCores();
  std::vector<std::byte> encoded = target::encode(target);
  const char *raw = reinterpret_cast<const char *>(encoded.data());
  builder.setInsertionPointToEnd(module.getBody());
  auto programOp = isa::ProgramOp::create(
      builder, loc, module.getSymName().value_or("network"),
      bytesAttr(builder.getContext(), "target", std::vector<char>(raw, raw + encoded.size())),
      hostWakes());
  Block *body = makeBody(programOp);
  builder.setInsertionPointToEnd(body);

  // The pool's contents are known last but its op stands first.
  auto emptyType = RankedTensorType::get({0}, builder.getI8Type());
  auto poolOp = isa::DataOp::create(builder, loc,
                                    DenseElementsAttr::get(emptyType, llvm::ArrayRef<int8_t>()));
  if (failed(writeTiles()))
    return failure();
  writeChannels();
  if (failed(writeStreams()))
    return failure();
  for (auto core : schedule.getBody().front().getOps<cim::CoreProgramOp>())
    if (failed(writeCore(core)))
      return failure();
  poolOp.setValueAttr(bytesAttr(builder.getContext(), "constants", std::move(pool.bytes)));
  return success();
}

} // namespace cimc
