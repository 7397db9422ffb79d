//===- CheckMapping.cpp - What tiled and placed levels promise ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tiles are few per array, so pairs are compared there. Disjoint tiles inside a weight that
// together have its number of cells cover it exactly once.
//
//===--------------------------------------------------------------------------===//

#include "CheckMapping.h"

#include "WeightStore.h"

#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Target/Slices.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace cimc::cim {
#define GEN_PASS_DEF_CHECKMAPPING
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"

/// Whether [a, a + sizeA) and [b, b + sizeB) have a number in common.
static bool meet(int64_t a, int64_t sizeA, int64_t b, int64_t sizeB) {
  return a < b + sizeB && b < a + sizeA;
}

FailureOr<int64_t> bitsOf(WeightOp weight) {
  FailureOr<std::vector<int8_t>> values = readElements<int8_t>(weight.getValue());
  if (failed(values))
    return failure();
  return target::bitsOf(*values);
}

static LogicalResult checkFits(WeightOp weight, TileAttr tile, const target::Target &target) {
  WeightStore store(target);
  if (store.isEngine() && tile.getGroups() > 1)
    return weight.emitOpError() << "tiles in engines have one group, " << tile << " has "
                                << tile.getGroups();
  if (tile.getAtRow() < 0 || tile.getAtCol() < 0 ||
      tile.getAtRow() + store.rowsOf(tile) > store.rows() ||
      tile.getAtCol() + store.colsOf(tile) > store.cols())
    return weight.emitOpError() << "tile of " << tile.getGroups() * tile.getRows() << " x "
                                << tile.getGroups() * tile.getCols() << " cells at ("
                                << tile.getAtRow() << ", " << tile.getAtCol() << ") must fit "
                                << store.describe();
  if (tile.getArray() < 0 || tile.getArray() >= store.count())
    return weight.emitOpError() << "tile lies in array " << tile.getArray() << ", target '"
                                << target.name << "' has " << store.count();
  return success();
}

/// Two tiles that hold the same weights of the same slice and instance, if there are any. Sweeps
/// over the columns: only tiles whose columns meet are compared, of which there are as many as cuts
/// of the rows.
static std::optional<std::pair<TileAttr, TileAttr>> findSameWeights(ArrayRef<TileAttr> tiles,
                                                                    int64_t slices) {
  struct Box {
    int64_t slice, col, endCol, group, groups, row, rows;
    TileAttr tile;
  };
  SmallVector<Box> boxes;
  for (TileAttr tile : tiles)
    // Instances hold the same weights on purpose.
    boxes.push_back({tile.getInstance() * slices + tile.getSlice(), tile.getCol(),
                     tile.getCol() + tile.getCols(), tile.getGroup(), tile.getGroups(),
                     tile.getRow(), tile.getRows(), tile});
  llvm::stable_sort(boxes, [](const Box &a, const Box &b) {
    return std::pair(a.slice, a.col) < std::pair(b.slice, b.col);
  });
  SmallVector<const Box *> open;
  for (const Box &box : boxes) {
    llvm::erase_if(open, [&](const Box *other) {
      return other->slice != box.slice || other->endCol <= box.col;
    });
    for (const Box *other : open)
      if (meet(other->group, other->groups, box.group, box.groups) &&
          meet(other->row, other->rows, box.row, box.rows))
        return std::pair(other->tile, box.tile);
    open.push_back(&box);
  }
  return std::nullopt;
}

/// The tiles of one copy, `copy`, cover the weight.
static LogicalResult checkCover(WeightOp weight, ArrayRef<TileAttr> tiles, int64_t copy) {
  int64_t cells = 0;
  for (TileAttr tile : tiles)
    cells += tile.getGroups() * tile.getRows() * tile.getCols();
  if (auto same = findSameWeights(tiles, weight.getSliceCount()))
    return weight.emitOpError() << "tiles " << same->first << " and " << same->second
                                << " hold the same weights";
  int64_t slices = weight.getSliceCount(), instances = weight.getInstances(),
          needed = weight.getValue().getNumElements() * slices * instances;
  if (cells == needed)
    return success();
  InFlightDiagnostic diag = weight.emitOpError() << "tiles ";
  if (copy > 0)
    diag << "of copy " << copy << " ";
  diag << "must hold all " << needed << " weights";
  if (slices > 1)
    diag << " of " << slices << " slices";
  if (instances > 1)
    diag << " of " << instances << " instances";
  return diag << ", hold " << cells;
}

/// Each copy covers the weight.
static LogicalResult checkCovers(WeightOp weight, ArrayRef<TileAttr> tiles) {
  SmallVector<SmallVector<TileAttr>> byCopy(static_cast<size_t>(weight.getCopies()));
  for (TileAttr tile : tiles)
    byCopy[static_cast<size_t>(tile.getCopy())].push_back(tile);
  for (auto [copy, list] : llvm::enumerate(byCopy))
    if (failed(checkCover(weight, list, static_cast<int64_t>(copy))))
      return failure();
  return success();
}

/// No tile has more rows than the weight allows.
static LogicalResult checkRows(WeightOp weight, ArrayRef<TileAttr> tiles,
                               const target::Target &target) {
  std::optional<uint64_t> most = weight.getMaxRows();
  if (!most || target.chip.core.kind == target::CoreKind::Engine)
    return success();
  for (TileAttr tile : tiles)
    if (static_cast<uint64_t>(tile.getRows()) > *most)
      return weight.emitOpError() << "must have tiles of at most " << *most
                                  << " rows by its max_rows, has " << tile;
  return success();
}

/// The values fit the cells, cut into slices where one cell is too small.
static LogicalResult checkCells(WeightOp weight, const target::Target &target) {
  const target::Array &array = target.chip.core.array;
  SlicesAttr slices = weight.getSlicesAttr();
  bool cellsHoldAll = array.cellBits == 0 || array.cellBits >= 8;
  if (slices && !cellsHoldAll && slices.getBits() > array.cellBits)
    return weight.emitOpError() << "has slices of " << slices.getBits()
                                << " bits, a cell of target '" << target.name << "' holds "
                                << array.cellBits;
  if (!slices && cellsHoldAll && array.weightBits >= 8)
    return success();
  FailureOr<int64_t> bits = bitsOf(weight);
  if (failed(bits))
    return weight.emitOpError() << "value has no data";
  if (*bits > array.weightBits)
    return weight.emitOpError() << "must have weights of at most " << array.weightBits
                                << " bits on target '" << target.name << "', has one of " << *bits;
  if (slices && *bits > slices.getCount() * slices.getBits())
    return weight.emitOpError() << "has " << slices.getCount() << " slices of " << slices.getBits()
                                << " bits, which must hold weights of " << *bits << " bits";
  if (!slices && !cellsHoldAll && *bits > array.cellBits)
    return weight.emitOpError() << "has weights of " << *bits
                                << " bits and must have slices, since a cell of target '"
                                << target.name << "' holds " << array.cellBits;
  return success();
}

using PlacedTile = std::pair<WeightOp, TileAttr>;

static LogicalResult checkDisjoint(ArrayRef<PlacedTile> tiles, const WeightStore &store) {
  for (auto [index, placed] : llvm::enumerate(tiles)) {
    auto [weight, a] = placed;
    for (auto [other, b] : tiles.drop_front(index + 1))
      if (meet(a.getAtRow(), store.rowsOf(a), b.getAtRow(), store.rowsOf(b)) &&
          meet(a.getAtCol(), store.colsOf(a), b.getAtCol(), store.colsOf(b))) {
        InFlightDiagnostic diag = weight.emitOpError() << "tiles in array " << a.getArray()
                                                       << " must be disjoint, " << a << " is not";
        diag.attachNote(other.getLoc())
            << "the other tile is " << b << " of '" << other.getSymName() << "'";
        return diag;
      }
  }
  return success();
}

LogicalResult checkTiles(ModuleOp module, const target::Target &target) {
  bool ok = true;
  llvm::MapVector<int64_t, SmallVector<PlacedTile>> byArray;
  for (auto weight : module.getOps<WeightOp>()) {
    if (weight.getUnit() == Unit::Digital)
      continue;
    if (!weight.getTiles()) {
      weight.emitOpError() << "must have tiles";
      ok = false;
      continue;
    }
    SmallVector<TileAttr> tiles(weight.getTiles()->getAsRange<TileAttr>());
    bool fit = llvm::all_of(
        tiles, [&](TileAttr tile) { return succeeded(checkFits(weight, tile, target)); });
    ok &= fit && succeeded(checkCovers(weight, tiles)) &&
          succeeded(checkRows(weight, tiles, target)) && succeeded(checkCells(weight, target));
    for (TileAttr tile : tiles)
      byArray[tile.getArray()].push_back({weight, tile});
  }
  for (auto &[array, tiles] : byArray)
    ok &= succeeded(checkDisjoint(tiles, WeightStore(target)));
  return success(ok);
}

LogicalResult checkCores(ModuleOp module, const target::Target &target) {
  int64_t cores = static_cast<int64_t>(target.chips) * target.chip.cores;
  bool ok = true;
  module.walk([&](StageOpInterface stage) {
    auto core = stage->getAttrOfType<IntegerAttr>("core");
    if (core && core.getInt() >= 0 && core.getInt() < cores)
      return;
    ok = false;
    if (core)
      stage->emitOpError() << "has core " << core.getInt() << ", target '" << target.name
                           << "' has " << cores;
    else
      stage->emitOpError() << "must have a core";
  });
  return success(ok);
}

} // namespace cimc::cim

namespace {

struct CheckMappingPass : cimc::cim::impl::CheckMappingBase<CheckMappingPass> {
  void runOnOperation() override {
    FailureOr<cimc::target::Target> target = cimc::cim::getTarget(getOperation());
    if (failed(target))
      return signalPassFailure();
    bool placed = false;
    getOperation().walk(
        [&](cimc::cim::StageOpInterface stage) { placed |= stage->hasAttr("core"); });
    bool ok = succeeded(cimc::cim::checkTiles(getOperation(), *target));
    if (placed)
      ok &= succeeded(cimc::cim::checkCores(getOperation(), *target));
    if (!ok)
      return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
