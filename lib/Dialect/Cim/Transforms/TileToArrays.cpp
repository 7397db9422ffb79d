//===- TileToArrays.cpp - Cut and pack weights ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Collects how often each weight is read, decides which depthwise layers leave the arrays, has
// mapping::pack cut and pack the rest, writes the tiles and checks them.
//
//===--------------------------------------------------------------------------===//

#include "CheckMapping.h"
#include "DepthwiseCost.h"

#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Mapping/Packing.h"
#include "cimc/Target/Slices.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace cimc::cim {
#define GEN_PASS_DEF_TILETOARRAYS
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"
} // namespace cimc::cim

using namespace cimc::cim;

namespace {

/// How a network uses a weight.
struct Use {
  int64_t reads = 0;     ///< vectors per inference, passes counted
  int64_t positions = 0; ///< output positions per inference
  int64_t width = 1;     ///< output positions of the widest row
  bool depthwise = true; ///< every use has one channel per group
  int64_t slices = 1;    ///< that its values are cut into
};
using WeightUse = std::pair<WeightOp, Use>;

std::optional<cimc::mapping::PackPolicy> policyOf(StringRef name) {
  if (name == "auto")
    return cimc::mapping::PackPolicy::Auto;
  if (name == "never")
    return cimc::mapping::PackPolicy::Never;
  if (name == "dense")
    return cimc::mapping::PackPolicy::Dense;
  return std::nullopt;
}

struct TileToArraysPass : cimc::cim::impl::TileToArraysBase<TileToArraysPass> {
  using Base::Base;

  void runOnOperation() override {
    std::optional<cimc::mapping::PackPolicy> policy = policyOf(pack);
    if (!policy) {
      getOperation().emitError() << "pack must be auto, never or dense, is '" << pack << "'";
      return signalPassFailure();
    }
    FailureOr<cimc::target::Target> found = cimc::cim::getTarget(getOperation());
    if (failed(found) || failed(checkKind(*found)) || failed(checkDirections()))
      return signalPassFailure();
    target = std::move(*found);
    collect();
    if (failed(cutIntoSlices()))
      return signalPassFailure();
    chooseUnits();
    cimc::Result<cimc::mapping::Packing> packing = solve(*policy);
    if (!packing && leaveArrays())
      packing = solve(*policy);
    if (!packing) {
      getOperation().emitError() << packing.error().message;
      return signalPassFailure();
    }
    write(*packing);
    if (report)
      remark(*packing);
    if (failed(checkTiles(getOperation(), target)))
      signalPassFailure();
  }

private:
  LogicalResult checkKind(const cimc::target::Target &machine) {
    if (machine.chip.core.kind != cimc::target::CoreKind::Crossbar)
      return getOperation().emitError()
             << "target '" << machine.name
             << "' must have crossbar cores, has engines, which are not supported yet";
    return success();
  }

  /// Refuses the uses of weights that cannot be mapped yet.
  LogicalResult checkDirections() {
    WalkResult result = getOperation().walk([](Operation *op) {
      if (!isa<TransposedOp, UpdateOp>(op))
        return WalkResult::advance();
      op->emitOpError() << "is not supported in this version: arrays are read forward only";
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

  /// Finds the uses of every weight, in the order of the module, and erases weights without.
  void collect() {
    SymbolTableCollection symbols;
    llvm::DenseMap<Operation *, Use> found;
    getOperation().walk([&](ForwardOp op) {
      auto weight = symbols.lookupNearestSymbolFrom<WeightOp>(op, op.getWeightAttr());
      auto type = cast<RankedTensorType>(op.getResult().getType());
      Use &use = found[weight];
      int64_t positions = type.getDimSize(1) * type.getDimSize(2);
      use.positions += positions;
      use.width = std::max(use.width, type.getDimSize(2));
      use.reads += positions * op.getPasses();
      use.depthwise &= cast<RankedTensorType>(op.getInput().getType()).getDimSize(3) ==
                       weight.getValue().getShapedType().getDimSize(0);
    });
    uses.clear();
    for (auto weight : llvm::make_early_inc_range(getOperation().getOps<WeightOp>()))
      if (auto use = found.find(weight); use != found.end())
        uses.push_back({weight, use->second});
      else
        weight.erase();
  }

  /// Counts the slices of every weight with more bits than a cell.
  LogicalResult cutIntoSlices() {
    int64_t cellBits = target.chip.core.array.cellBits;
    for (WeightUse &use : uses) {
      WeightOp weight = use.first;
      weight.removeSlicesAttr();
      if (cellBits == 0 || cellBits >= 8 || isFloat(weight))
        continue;
      FailureOr<int64_t> bits = bitsOf(weight);
      if (failed(bits))
        return weight.emitOpError() << "value has no data";
      use.second.slices = cimc::target::slicesFor(*bits, cellBits);
    }
    return success();
  }

  static bool isDepthwise(const WeightUse &use) {
    return use.second.depthwise && WeightOp(use.first).getValue().getShapedType().getDimSize(0) > 1;
  }

  /// Layers that stay float are the digital unit's already.
  static bool isFloat(WeightOp weight) {
    return isDigitalFloat(weight.getValue().getElementType());
  }

  /// Picks the digital unit for depthwise layers where it costs less than arrays.
  void chooseUnits() {
    for (WeightUse &use : uses) {
      WeightOp weight = use.first;
      if (!isDepthwise(use) || isFloat(weight))
        continue;
      ArrayRef<int64_t> shape = weight.getValue().getShapedType().getShape();
      DepthwiseLayer layer{
          shape[0], shape[1], shape[2], use.second.reads, use.second.positions, use.second.slices};
      LayerCost diagonal = costOfBlockDiagonal(layer, target.chip.core),
                interleaved = costOfInterleaved(layer, target.chip.core),
                digital = costOfDigital(layer, target.chip.core.digital);
      setUnit(weight, digital.product() < diagonal.product() && fitsMemory(weight) ? Unit::Digital
                                                                                   : Unit::Array);
      if (!report)
        continue;
      auto text = [](const LayerCost &cost) {
        return llvm::formatv("{0:F0} ns and {1:F0} pJ on {2} arrays", cost.ns, cost.pj, cost.arrays)
            .str();
      };
      weight.emitRemark() << "'" << weight.getSymName() << "': block diagonal " << text(diagonal)
                          << ", interleaved " << text(interleaved) << ", digital " << text(digital);
    }
  }

  void setUnit(WeightOp weight, Unit unit) {
    weight.setUnit(unit);
    if (unit == Unit::Digital)
      weight.removeTilesAttr();
  }

  /// Whether a core could hold the weight beside its buffers; half of the memory is left for these.
  bool fitsMemory(WeightOp weight) {
    return weight.getValue().getNumElements() <= target.chip.core.memoryBytes / 2;
  }

  /// Leaves every depthwise layer to the digital unit. Returns whether that changed anything.
  bool leaveArrays() {
    bool changed = false;
    for (WeightUse &use : uses) {
      WeightOp weight = use.first;
      if (!isDepthwise(use) || weight.getUnit() == Unit::Digital || !fitsMemory(weight))
        continue;
      setUnit(weight, Unit::Digital);
      changed = true;
    }
    return changed;
  }

  /// The weights that arrays hold.
  SmallVector<WeightUse> inArrays() {
    return llvm::filter_to_vector(
        uses, [](const WeightUse &use) { return WeightOp(use.first).getUnit() == Unit::Array; });
  }

  cimc::Result<cimc::mapping::Packing> solve(cimc::mapping::PackPolicy policy) {
    cimc::mapping::PackingProblem problem;
    const cimc::target::Array &array = target.chip.core.array;
    problem.arrayRows = array.rows;
    problem.arrayCols = array.cols;
    problem.arrays = static_cast<int64_t>(target.chips) * target.chip.cores * array.perCore;
    problem.freeReads = readsOfLoops();
    for (auto [weight, use] : inArrays()) {
      ArrayRef<int64_t> shape = weight.getValue().getShapedType().getShape();
      problem.matrices.push_back({weight.getSymName().str(), shape[0], shape[1], shape[2],
                                  use.reads, widestTile(use), use.slices});
    }
    return cimc::mapping::pack(problem, policy);
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
  int64_t widestTile(const Use &use) {
    int64_t eighths = use.slices > 1 ? 2 : 3;
    return std::max<int64_t>(target.chip.core.memoryBytes * eighths / 8 / (use.width * 4), 1);
  }

  void write(const cimc::mapping::Packing &packing) {
    SmallVector<WeightUse> weights = inArrays();
    SmallVector<SmallVector<Attribute>> tiles(weights.size());
    for (const cimc::mapping::Tile &tile : packing.tiles)
      tiles[tile.matrix].push_back(TileAttr::get(&getContext(), tile.group, tile.groups, tile.row,
                                                 tile.rows, tile.col, tile.cols, tile.array,
                                                 tile.arrayRow, tile.arrayCol, tile.slice));
    int64_t cellBits = target.chip.core.array.cellBits;
    for (auto [use, list] : llvm::zip_equal(weights, tiles)) {
      WeightOp weight = use.first;
      if (use.second.slices > 1) {
        weight.setSlicesAttr(SlicesAttr::get(&getContext(), use.second.slices, cellBits));
        ++numSliced;
      }
      weight.setTilesAttr(ArrayAttr::get(&getContext(), list));
    }
    arraysUsed += packing.arraysUsed;
    arraysTileByTile += packing.arraysTileByTile;
    arraysBound += packing.arraysBound;
    busiestReads += packing.busiestReads;
    numDigital += uses.size() - weights.size();
  }

  void remark(const cimc::mapping::Packing &packing) {
    getOperation().emitRemark() << "arrays: " << packing.arraysUsed << " used, "
                                << packing.arraysTileByTile << " tile by tile, at least "
                                << packing.arraysBound << " by area; the busiest array is read "
                                << packing.busiestReads << " times per inference";
  }

  cimc::target::Target target;
  SmallVector<WeightUse> uses;
};

} // namespace
