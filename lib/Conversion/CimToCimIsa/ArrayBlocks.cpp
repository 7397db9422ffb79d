//===- ArrayBlocks.cpp - Blocks of weighted layers --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Column by column: read the tiles into an accumulator, slice by slice where weights have slices,
// add the partial sums that other cores send, and finish with bias, scale and rounding, or send the
// sum on.
//
//===--------------------------------------------------------------------------===//

#include "BlockEmitter.h"

using namespace mlir;

namespace cimc {

namespace {

int64_t channelsOf(Type type) { return cast<RankedTensorType>(type).getShape().back(); }

} // namespace

void BlockEmitter::emitTiles(cim::ForwardOp op, llvm::ArrayRef<cim::TileAttr> tiles,
                             isa::RowAttr dst, bool accumulate) {
  auto weight = SymbolTable::lookupNearestSymbolFrom<cim::WeightOp>(op, op.getWeightAttr());
  int64_t groups = cast<ShapedType>(weight.getValue().getType()).getShape()[0];
  int64_t groupChannels = channelsOf(op.getInput().getType()) / groups;
  for (cim::TileAttr tile : tiles) {
    isa::WindowAttr geometry =
        window(op.getInput(), 0, op.getKernel(), op.getStride(), op.getDilation(), op.getPad(),
               op.getPadValue(), tile.getGroup() * groupChannels, tile.getGroups() * groupChannels);
    uint32_t tileNumber = program.tiles.at({weight.getSymNameAttr(), op.orient(tile)});
    auto direction =
        op.getTransposed() ? isa::attr::Direction::Transposed : isa::attr::Direction::Forward;
    isa::ReadOp::create(builder, loc, tileNumber, direction, geometry,
                        static_cast<uint32_t>(tile.getRow()), dst, accumulate,
                        static_cast<uint32_t>(op.getPasses()));
    accumulate = true;
  }
}

void BlockEmitter::emitReads(cim::ForwardOp op, const cim::Column &column, isa::RowAttr dst) {
  auto weight = SymbolTable::lookupNearestSymbolFrom<cim::WeightOp>(op, op.getWeightAttr());
  bool holdsSum = column.receivesFirst && !column.partialStreams.empty();
  if (holdsSum)
    receive(column, column.partialStreams.front(), dst);
  for (llvm::ArrayRef<cim::TileAttr> rest = column.tiles; !rest.empty();) {
    int64_t slice = rest.front().getSlice();
    auto ofSlice = rest.take_while([&](cim::TileAttr tile) { return tile.getSlice() == slice; });
    rest = rest.drop_front(ofSlice.size());
    // What is shifted must hold this slice alone.
    bool aside = slice > 0 && holdsSum;
    isa::RowAttr sums = aside ? scratchRow("slice") : dst;
    emitTiles(op, ofSlice, sums, holdsSum && !aside);
    if (slice > 0)
      isa::ShiftAddOp::create(builder, loc, sums, dst,
                              static_cast<uint32_t>(stage.positions.count * column.channels),
                              static_cast<uint32_t>(slice * weight.getSlices()->getBits()), aside);
    holdsSum = true;
  }
}

void BlockEmitter::emitPartialSum(cim::ForwardOp op) {
  emitReads(op, stage.columns.front(), outputRow());
  emitPartialAdds(stage.columns.front(), outputRow());
}

void BlockEmitter::receive(const cim::Column &column, int64_t stream, isa::RowAttr dst) {
  auto size = static_cast<uint32_t>(stage.positions.count * column.channels * 4);
  isa::RecvOp::create(builder, loc, program.channels.at({stream, number}), dst, 1u, size, size);
}

void BlockEmitter::emitPartialAdds(const cim::Column &column, isa::RowAttr acc) {
  if (column.receivesFirst)
    return;
  auto count = static_cast<int32_t>(stage.positions.count * column.channels);
  std::array<int32_t, 4> dense{0, 0, 0, 1};
  for (int64_t stream : column.partialStreams) {
    isa::RowAttr partial = scratchRow("partial");
    receive(column, stream, partial);
    isa::BinaryOp::create(builder, loc, isa::attr::BinaryFn::Add, isa::attr::Format::I32,
                          llvm::ArrayRef<int32_t>{1, 1, 1, count}, acc, dense, partial, dense, acc,
                          dense);
  }
}

void BlockEmitter::emitRequant(isa::RowAttr src, int64_t index, isa::RowAttr dst, Type to,
                               int64_t positions, int64_t channels, int64_t dstPitch,
                               int32_t zeroPoint, llvm::ArrayRef<int32_t> clamp) {
  isa::RequantOp::create(builder, loc, src, constantRow("bias" + std::to_string(index)),
                         constantRow("scale" + std::to_string(index)), dst, *formatOf(to),
                         static_cast<uint32_t>(positions), static_cast<uint32_t>(channels),
                         static_cast<uint32_t>(dstPitch), zeroPoint, clamp[0], clamp[1]);
}

void BlockEmitter::emitFinish(cim::ForwardOp op, int64_t index, const cim::Column &column,
                              isa::RowAttr acc, isa::RowAttr dst, int64_t dstPitch) {
  int64_t positions = stage.positions.count;
  Type to = cast<RankedTensorType>(op.getType()).getElementType();
  if (op.getScale()) {
    emitRequant(acc, index, dst, to, positions, column.channels, dstPitch, op.getZeroPoint(),
                op.getClamp());
    return;
  }
  auto channels = static_cast<int32_t>(column.channels);
  isa::BinaryOp::create(builder, loc, isa::attr::BinaryFn::Add, isa::attr::Format::I32,
                        llvm::ArrayRef<int32_t>{1, 1, static_cast<int32_t>(positions), channels},
                        acc, llvm::ArrayRef<int32_t>{0, 0, channels, 1},
                        constantRow("bias" + std::to_string(index)),
                        llvm::ArrayRef<int32_t>{0, 0, 0, 1}, dst,
                        llvm::ArrayRef<int32_t>{0, 0, static_cast<int32_t>(dstPitch), 1});
}

LogicalResult BlockEmitter::emitForward(cim::ForwardOp op) {
  int64_t bytes = cim::getElementBytes(cast<RankedTensorType>(op.getType()).getElementType());
  for (auto [index, column] : llvm::enumerate(stage.columns)) {
    isa::RowAttr acc = scratchRow("acc" + std::to_string(index));
    emitReads(op, column, acc);
    emitPartialAdds(column, acc);
    for (auto [output, part] : llvm::enumerate(stage.outputs))
      if (part.channel <= column.channel && column.channel < part.channel + part.channels)
        emitFinish(
            op, static_cast<int64_t>(index), column, acc,
            outputRow(static_cast<unsigned>(output), (column.channel - part.channel) * bytes),
            part.channels);
  }
  return success();
}

LogicalResult BlockEmitter::emitDigitalForward(cim::ForwardOp op) {
  const cim::Column &column = stage.columns.front();
  int64_t inputChannels = channelsOf(op.getInput().getType());
  isa::RowAttr acc = scratchRow("acc0");
  isa::WindowAttr geometry =
      window(op.getInput(), 0, op.getKernel(), op.getStride(), op.getDilation(), op.getPad(),
             op.getPadValue(), 0, inputChannels);
  auto weight = SymbolTable::lookupNearestSymbolFrom<cim::WeightOp>(op, op.getWeightAttr());
  int64_t groups = weight.getValue().getShapedType().getDimSize(0);
  if (groups == inputChannels)
    isa::DepthwiseOp::create(builder, loc, geometry, constantRow("weights"),
                             static_cast<uint32_t>(column.channels / inputChannels), acc);
  else
    isa::MatmulOp::create(builder, loc, isa::attr::Format::I8, geometry,
                          static_cast<uint32_t>(groups), constantRow("weights"),
                          static_cast<uint32_t>(column.channels / groups), acc,
                          static_cast<uint32_t>(column.channels), false, 0, 0);
  emitFinish(op, 0, column, acc, outputRow(), column.channels);
  return success();
}

} // namespace cimc
