//===- TileToArrays.cpp - Cut and pack weights ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Decides which depthwise layers leave the arrays, has mapping::pack cut and pack the rest, chip by
// chip where the network is partitioned, writes the tiles and checks them.
//
//===--------------------------------------------------------------------------===//

#include "CheckMapping.h"
#include "WeightStore.h"
#include "WeightUses.h"

#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Mapping/Packing.h"
#include "cimc/Target/Check.h"

using namespace mlir;

namespace cimc::cim {
#define GEN_PASS_DEF_TILETOARRAYS
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"
} // namespace cimc::cim

using namespace cimc::cim;

namespace {

std::optional<cimc::mapping::PackPolicy> policyOf(StringRef name) {
  if (name == "auto")
    return cimc::mapping::PackPolicy::Auto;
  if (name == "never")
    return cimc::mapping::PackPolicy::Never;
  if (name == "dense")
    return cimc::mapping::PackPolicy::Dense;
  if (name == "spread")
    return cimc::mapping::PackPolicy::Spread;
  return std::nullopt;
}

struct TileToArraysPass : cimc::cim::impl::TileToArraysBase<TileToArraysPass> {
  using Base::Base;

  void runOnOperation() override {
    std::optional<cimc::mapping::PackPolicy> policy = policyOf(pack);
    if (!policy) {
      getOperation().emitError() << "pack must be auto, never, dense or spread, is '" << pack
                                 << "'";
      return signalPassFailure();
    }
    FailureOr<cimc::target::Target> found = cimc::cim::getTarget(getOperation());
    if (failed(found))
      return signalPassFailure();
    target = std::move(*found);
    if (failed(checkDirections()))
      return signalPassFailure();
    FailureOr<SmallVector<WeightUse>> collected = collectWeightUses(getOperation(), target);
    if (failed(collected))
      return signalPassFailure();
    uses = std::move(*collected);
    // Units of a partitioned network were chosen before it was cut.
    if (!isPartitioned())
      chooseUnits(uses, target, report);
    cimc::Status packed = packAll(*policy);
    if (!packed && !isPartitioned() && !isRedundant() && leaveArrays(uses, target))
      packed = packAll(*policy);
    if (!packed) {
      getOperation().emitError() << packed.error().message;
      return signalPassFailure();
    }
    write();
    if (report)
      remark();
    if (failed(checkTiles(getOperation(), target)))
      signalPassFailure();
  }

private:
  /// Refuses the uses of weights that cannot be mapped: updates in any case, transposed reads on
  /// targets without.
  LogicalResult checkDirections() {
    WalkResult result = getOperation().walk([&](Operation *op) {
      auto forward = dyn_cast<ForwardOp>(op);
      if (isa<UpdateOp>(op))
        op->emitOpError() << "is not supported in this version: arrays are programmed once";
      else if (forward && forward.getTransposed() &&
               !cimc::target::readsTransposed(target.chip.core))
        op->emitOpError()
            << "reads the arrays of weight " << forward.getWeightAttr()
            << " transposed, which needs a target with 'read_directions: both'; those "
               "of target '"
            << target.name
            << "' are read forward only (cimc --transposed-reads=never stores such weights twice)";
      else
        return WalkResult::advance();
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

  bool isPartitioned() const {
    return llvm::any_of(uses, [](const WeightUse &use) {
      return static_cast<bool>(WeightOp(use.weight).getPiecesAttr());
    });
  }

  /// Whether weights have several instances. These are for arrays that are left over, not for those
  /// that layers have to leave.
  bool isRedundant() const {
    return llvm::any_of(
        uses, [](const WeightUse &use) { return WeightOp(use.weight).getInstances() > 1; });
  }

  /// A part of a weight that is packed as a matrix of its own.
  struct Part {
    size_t use;
    PieceAttr piece; ///< null: the whole weight
  };

  /// The parts that lie on `chip`; of a network that is not partitioned all weights.
  SmallVector<Part> partsOn(int64_t chip) {
    SmallVector<Part> parts;
    for (auto [number, use] : llvm::enumerate(uses)) {
      if (!use.inArrays())
        continue;
      if (!use.weight.getPiecesAttr())
        parts.push_back({number, nullptr});
      else
        for (PieceAttr piece : use.weight.getPiecesAttr().getAsRange<PieceAttr>())
          if (piece.getChip() == chip)
            parts.push_back({number, piece});
    }
    return parts;
  }

  /// Packs each chip for itself, or the machine as a whole where nothing is partitioned.
  cimc::Status packAll(cimc::mapping::PackPolicy policy) {
    total = {};
    tiles.assign(uses.size(), {});
    bool perChip = isPartitioned();
    WeightStore store(target);
    for (int64_t chip = 0; chip < (perChip ? int64_t(target.chips) : 1); ++chip) {
      SmallVector<Part> parts = partsOn(chip);
      if (parts.empty())
        continue;
      cimc::mapping::PackingProblem problem;
      problem.arrayRows = store.rows();
      problem.arrayCols = store.cols();
      problem.arrays = perChip ? store.perChip() : store.count();
      problem.freeReads = readsOfLoops();
      for (const Part &part : parts)
        problem.matrices.push_back(matrixOf(part));
      cimc::Result<cimc::mapping::Packing> packing = store.pack(problem, policy);
      if (!packing)
        return cimc::Error{(perChip ? "chip " + std::to_string(chip) + ": " : std::string()) +
                           packing.error().message};
      keep(parts, *packing, chip * store.perChip());
    }
    return cimc::Status::success();
  }

  cimc::mapping::Matrix matrixOf(const Part &part) {
    WeightUse &use = uses[part.use];
    std::string name = use.weight.getSymName().str();
    ArrayRef<int64_t> shape = use.shape();
    cimc::mapping::Matrix matrix = {name,      shape[0],        shape[1],      shape[2],
                                    use.reads, widestTile(use), use.matrices()};
    matrix.maxRows = static_cast<int64_t>(use.weight.getMaxRows().value_or(0));
    if (PieceAttr piece = part.piece) {
      matrix.groups = piece.getGroups();
      matrix.rows = piece.getRows();
      matrix.cols = piece.getCols();
      matrix.allRows = piece.getRows() < shape[1] ? shape[1] : 0;
    }
    return matrix;
  }

  /// Notes the tiles of one packing, whose arrays are numbered from `firstArray` on.
  void keep(ArrayRef<Part> parts, const cimc::mapping::Packing &packing, int64_t firstArray) {
    for (const cimc::mapping::Tile &tile : packing.tiles) {
      const Part &part = parts[static_cast<size_t>(tile.matrix)];
      int64_t group = 0, row = 0, col = 0;
      if (PieceAttr piece = part.piece) {
        group = piece.getGroup();
        row = piece.getRow();
        col = piece.getCol();
      }
      tiles[part.use].push_back(TileAttr::get(
          &getContext(), group + tile.group, tile.groups, row + tile.row, tile.rows, col + tile.col,
          tile.cols, firstArray + tile.array, tile.arrayRow, tile.arrayCol,
          tile.slice % uses[part.use].slices, 0, tile.slice / uses[part.use].slices));
    }
    total.arraysUsed += packing.arraysUsed;
    total.arraysTileByTile += packing.arraysTileByTile;
    total.arraysBound += packing.arraysBound;
    total.busiestReads = std::max(total.busiestReads, packing.busiestReads);
  }

  /// Everything that `start` depends on, or that depends on it.
  static llvm::DenseSet<Operation *> reach(Operation *start, bool forwards) {
    llvm::DenseSet<Operation *> seen;
    SmallVector<Operation *> open = {start};
    while (!open.empty()) {
      Operation *op = open.pop_back_val();
      if (!seen.insert(op).second)
        continue;
      if (forwards)
        llvm::append_range(open, op->getUsers());
      else
        for (Value operand : op->getOperands())
          if (Operation *producer = operand.getDefiningOp())
            open.push_back(producer);
    }
    return seen;
  }

  /// The reads of all layers of the recurrent loop that has most: those between a state and its
  /// next value, and those whose rows go straight into the loop, which are the layers of its
  /// inputs.
  int64_t readsOfLoops() {
    int64_t most = 0;
    getOperation().walk([&](FeedOp feed) {
      llvm::DenseSet<Operation *> after = reach(feed.getDelay(), true), before = reach(feed, false);
      int64_t reads = 0;
      getOperation().walk([&](ForwardOp op) {
        auto inLoop = [&](Operation *other) {
          return after.contains(other) && before.contains(other);
        };
        auto type = cast<RankedTensorType>(op.getType());
        if (inLoop(op) || llvm::any_of(op->getUsers(), inLoop))
          reads += type.getDimSize(1) * type.getDimSize(2) * op.getPasses();
      });
      most = std::max(most, reads);
    });
    return most;
  }

  /// Columns of a tile whose 32-bit sums of one row leave a core room for as much again, a message
  /// of another core's sums, and for input rows; where there are slices, for a slice's sums too.
  int64_t widestTile(const WeightUse &use) {
    int64_t eighths = use.slices > 1 ? 2 : 3;
    return std::max<int64_t>(target.chip.core.memoryBytes * eighths / 8 / (use.width * 4), 1);
  }

  void write() {
    int64_t cellBits = target.chip.core.array.cellBits;
    for (auto [use, list] : llvm::zip_equal(uses, tiles)) {
      if (!use.inArrays()) {
        ++numDigital;
        continue;
      }
      if (use.slices > 1) {
        use.weight.setSlicesAttr(SlicesAttr::get(&getContext(), use.slices, cellBits));
        ++numSliced;
      }
      use.weight.setTilesAttr(ArrayAttr::get(&getContext(), list));
    }
    arraysUsed += total.arraysUsed;
    arraysTileByTile += total.arraysTileByTile;
    arraysBound += total.arraysBound;
    busiestReads += total.busiestReads;
  }

  void remark() {
    getOperation().emitRemark() << "arrays: " << total.arraysUsed << " used, "
                                << total.arraysTileByTile << " tile by tile, at least "
                                << total.arraysBound << " by area; the busiest array is read "
                                << total.busiestReads << " times per inference";
  }

  cimc::target::Target target;
  SmallVector<WeightUse> uses;
  SmallVector<SmallVector<Attribute>> tiles; ///< by use
  cimc::mapping::Packing total;              ///< the figures of all packings
};

} // namespace
