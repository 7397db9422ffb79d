//===- SetConverterRanges.cpp - Ranges that never clip ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every tile of a crossbar without steps gets those at which no 8-bit input can clip a converter:
// the largest sum that a column's weights allow, over the largest code. The weights are read where
// they lie, in the segments of the program.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/CimIsa/Transforms/Passes.h"

#include "cimc/Support/ElementsBytes.h"
#include "cimc/Target/Converters.h"
#include "cimc/Target/Serialize.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace cimc::isa {

#define GEN_PASS_DEF_SETCONVERTERRANGES
#include "cimc/Dialect/CimIsa/Transforms/Passes.h.inc"

namespace {

/// The program's target, from its binary form.
FailureOr<target::Target> targetOf(ProgramOp program) {
  SmallVector<char> storage;
  ArrayRef<char> bytes = elementsBytes(program.getTarget(), storage);
  Result<target::Target> target =
      target::decode(std::as_bytes(std::span(bytes.data(), bytes.size())));
  if (!target)
    return program.emitOpError() << "'target' must be a target in binary form: "
                                 << target.error().message;
  return std::move(*target);
}

struct SetConverterRanges : impl::SetConverterRangesBase<SetConverterRanges> {
  using SetConverterRangesBase::SetConverterRangesBase;

  /// One step per bound, or one for all, `repeats` times.
  void addSteps(std::vector<int64_t> bounds, size_t repeats, const target::Array &array,
                SmallVectorImpl<float> &steps) {
    if (!perColumn)
      bounds = {*llvm::max_element(bounds)};
    for (int64_t bound : bounds)
      steps.append(perColumn ? 1 : repeats, target::stepFor(array, static_cast<double>(bound)));
  }

  /// The steps of a tile whose weights are in `segment`.
  FailureOr<SmallVector<float>> stepsOf(TileOp tile, bool transposed, const target::Array &array,
                                        DataOp segment) {
    SmallVector<char> storage;
    ArrayRef<char> bytes = elementsBytes(segment.getValue(), storage);
    uint64_t needed = (uint64_t{tile.getRows()} - 1) * tile.getPitch() + tile.getCols();
    if (tile.getOffset() > bytes.size() || needed > bytes.size() - tile.getOffset())
      return tile.emitOpError() << "needs " << needed << " bytes at offset " << tile.getOffset()
                                << " of segment " << tile.getData() << ", which has "
                                << bytes.size();
    const auto *weights = reinterpret_cast<const int8_t *>(bytes.data()) + tile.getOffset();
    size_t rows = tile.getRows(), cols = tile.getCols();
    SmallVector<float> steps;
    addSteps(target::columnBounds(array, weights, rows, cols, tile.getPitch()),
             transposed ? cols : 1, array, steps);
    if (!transposed)
      return steps;
    std::vector<int8_t> exchanged(rows * cols);
    for (size_t row = 0; row < rows; ++row)
      for (size_t col = 0; col < cols; ++col)
        exchanged[col * rows + row] = weights[row * tile.getPitch() + col];
    addSteps(target::columnBounds(array, exchanged.data(), cols, rows, rows), rows, array, steps);
    return steps;
  }

  LogicalResult setRanges(ProgramOp program) {
    FailureOr<target::Target> target = targetOf(program);
    if (failed(target))
      return failure();
    if (target->chip.core.kind == target::CoreKind::Engine)
      return success();
    Block &body = program.getBody().front();
    auto segments = llvm::to_vector(body.getOps<DataOp>());
    llvm::DenseSet<uint32_t> transposed;
    program.walk([&](ReadOp read) {
      if (read.getDirection() == attr::Direction::Transposed)
        transposed.insert(read.getTile());
    });
    for (auto [number, tile] : llvm::enumerate(body.getOps<TileOp>())) {
      if (!tile.getSteps().empty())
        continue;
      FailureOr<SmallVector<float>> steps =
          stepsOf(tile, transposed.contains(static_cast<uint32_t>(number)), target->chip.core.array,
                  segments[tile.getData()]);
      if (failed(steps))
        return failure();
      tile.setSteps(*steps);
      ++numTiles;
      numExact += llvm::all_of(*steps, [](float step) { return step == 1; });
    }
    return success();
  }

  void runOnOperation() override {
    for (ProgramOp program : getOperation().getOps<ProgramOp>())
      if (failed(setRanges(program)))
        return signalPassFailure();
  }
};

} // namespace
} // namespace cimc::isa
