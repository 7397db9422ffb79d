//===- PlaceOnCores.cpp - Put arrays and digital ops on cores -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays that share a core are one node of the placement problem. Every op gets a home node first,
// and digital ones move where memory does not suffice; the traffic between nodes follows from which
// nodes make and read the parts of each value. mapping::place then gives nodes their cores.
//
//===--------------------------------------------------------------------------===//

#include "CheckMapping.h"
#include "FitMemory.h"

#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Dialect/Cim/Transforms/StageGraph.h"
#include "cimc/Mapping/Placement.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <map>
#include <numeric>

using namespace mlir;

namespace cimc::cim {
#define GEN_PASS_DEF_PLACEONCORES
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"
} // namespace cimc::cim

using namespace cimc::cim;

namespace {

/// The bytes of a value that a node makes per inference.
struct Source {
  int64_t node;
  int64_t bytes;
};

int64_t bytesOf(Value value) { return getNumRows(value.getType()) * getRowBytes(value.getType()); }

struct PlaceOnCoresPass : cimc::cim::impl::PlaceOnCoresBase<PlaceOnCoresPass> {
  void runOnOperation() override {
    FailureOr<cimc::target::Target> found = cimc::cim::getTarget(getOperation());
    if (failed(found))
      return signalPassFailure();
    target = std::move(*found);
    if (failed(checkTiles(getOperation(), target)))
      return signalPassFailure();
    perCore = std::max<int64_t>(target.chip.core.array.perCore, 1);
    numberNodes();
    findHomes();
    if (failed(fitMemory()))
      return signalPassFailure();
    collectTraffic();
    FailureOr<SmallVector<int64_t>> coreOfNode = target.chips > 1 ? placeChips() : placeAll();
    if (failed(coreOfNode))
      return signalPassFailure();
    write(*coreOfNode);
    if (failed(checkTiles(getOperation(), target)) || failed(checkCores(getOperation(), target)))
      signalPassFailure();
  }

private:
  //===------------------------------------------------------------------------===//
  // Nodes and homes
  //===------------------------------------------------------------------------===//

  /// Numbers the cores that arrays lie on now: consecutive arrays share a core. With several chips
  /// a node is a core of its chip, free ones included.
  void numberNodes() {
    std::map<int64_t, int64_t> numbers;
    for (auto weight : getOperation().getOps<WeightOp>())
      if (weight.getTiles())
        for (TileAttr tile : weight.getTiles()->getAsRange<TileAttr>())
          numbers[tile.getArray() / perCore] = 0;
    nodes.clear();
    for (auto &[core, number] : numbers) {
      number = nodes.size();
      nodes[core] = number;
    }
    nodeCount = std::max<int64_t>(nodes.size(), 1); // a network without arrays computes on one core
    if (target.chips == 1)
      return;
    for (auto &[core, number] : numbers)
      nodes[core] = core;
    nodeCount = coreCount();
  }

  int64_t coreCount() const { return static_cast<int64_t>(target.chips) * target.chip.cores; }
  int64_t chipOf(int64_t core) const { return core / static_cast<int64_t>(target.chip.cores); }

  int64_t nodeOf(TileAttr tile) const { return nodes.lookup(tile.getArray() / perCore); }

  /// The tiles of a layer in arrays, as it sees them, by copy, output channel, slice, then row;
  /// empty for digital ones.
  SmallVector<TileAttr> tilesOf(ForwardOp op) {
    auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, op.getWeightAttr());
    if (weight.getUnit() == Unit::Digital || !weight.getTiles())
      return {};
    auto tiles = llvm::map_to_vector(weight.getTiles()->getAsRange<TileAttr>(),
                                     [&](TileAttr tile) { return op.orient(tile); });
    int64_t cols = weight.getValue().getShapedType().getDimSize(op.getTransposed() ? 1 : 2);
    llvm::stable_sort(tiles, [&](TileAttr a, TileAttr b) {
      return std::tuple(a.getCopy(), a.getGroup() * cols + a.getCol(), a.getSlice(), a.getRow(),
                        a.getInstance()) < std::tuple(b.getCopy(), b.getGroup() * cols + b.getCol(),
                                                      b.getSlice(), b.getRow(), b.getInstance());
    });
    return tiles;
  }

  /// Whether a tile is the first of those that add up to its output channels.
  static bool startsColumn(TileAttr tile) {
    return tile.getRow() == 0 && tile.getSlice() == 0 && tile.getInstance() == 0;
  }

  /// The largest stream that `op` reads; null if it reads none.
  static Value mainOperand(Operation *op) {
    Value main;
    for (Value operand : op->getOperands())
      if (isRowTensor(operand.getType()) && (!main || bytesOf(operand) > bytesOf(main)))
        main = operand;
    return main;
  }

  void findHomes() {
    homes.clear();
    SmallVector<Operation *> waiting; // behind network inputs
    getOperation().walk([&](StageOpInterface stage) {
      if (auto forward = dyn_cast<ForwardOp>(stage.getOperation())) {
        SmallVector<TileAttr> tiles = tilesOf(forward);
        if (!tiles.empty()) {
          homes[stage] = nodeOf(tiles.front());
          return;
        }
      }
      // A state is wanted where the next step reads it.
      Value main = mlir::isa<DelayOp>(stage) ? Value() : mainOperand(stage);
      auto home = main && main.getDefiningOp() ? homes.find(main.getDefiningOp()) : homes.end();
      if (home != homes.end())
        homes[stage] = homeOnChip(stage, home->second);
      else
        waiting.push_back(stage);
    });
    for (Operation *op : llvm::reverse(waiting)) {
      int64_t home = 0;
      for (Operation *user : op->getUsers())
        if (auto found = homes.find(user); found != homes.end()) {
          home = found->second;
          break;
        }
      homes[op] = homeOnChip(op, home);
    }
  }

  /// `home`, if it is on the chip that partitioning chose for `op`; else a node there that makes
  /// part of what it reads, or the first with arrays, or the first.
  int64_t homeOnChip(Operation *op, int64_t home) {
    auto chip = op->getAttrOfType<IntegerAttr>(kChipAttrName);
    if (target.chips == 1 || !chip || chipOf(home) == chip.getInt())
      return home;
    for (Value operand : op->getOperands())
      if (isRowTensor(operand.getType()) && operand.getDefiningOp())
        for (const Source &source : sourcesOf(operand))
          if (source.node != cimc::mapping::kHostNode && chipOf(source.node) == chip.getInt())
            return source.node;
    int64_t first = chip.getInt() * target.chip.cores, best = -1;
    for (auto [core, node] : nodes)
      if (chipOf(node) == chip.getInt() && (best < 0 || node < best))
        best = node;
    return best < 0 ? first : best;
  }

  //===------------------------------------------------------------------------===//
  // Traffic
  //===------------------------------------------------------------------------===//

  /// Which nodes make `value`, and how much of it.
  SmallVector<Source> sourcesOf(Value value) {
    Operation *op = value.getDefiningOp();
    if (isa<InputOp>(op))
      return {{cimc::mapping::kHostNode, bytesOf(value)}};
    auto forward = dyn_cast<ForwardOp>(op);
    SmallVector<TileAttr> tiles = forward ? tilesOf(forward) : SmallVector<TileAttr>();
    if (tiles.empty())
      return {{homes.lookup(op), bytesOf(value)}};
    int64_t perChannel = bytesOf(value) / cast<RankedTensorType>(value.getType()).getShape().back();
    SmallVector<Source> sources;
    int64_t copies = tiles.back().getCopy() + 1; // which make about the same each
    for (TileAttr tile : tiles)
      if (startsColumn(tile))
        sources.push_back({nodeOf(tile), perChannel * tile.getGroups() * tile.getCols() / copies});
    return sources;
  }

  /// The nodes that need the operands of `op`.
  llvm::SetVector<int64_t> readersOf(Operation *op) {
    llvm::SetVector<int64_t> readers;
    if (auto forward = dyn_cast<ForwardOp>(op))
      for (TileAttr tile : tilesOf(forward))
        readers.insert(nodeOf(tile));
    if (auto feed = dyn_cast<FeedOp>(op))
      readers.insert(homes.lookup(feed.getDelay()));
    if (readers.empty())
      readers.insert(isa<OutputOp>(op) ? cimc::mapping::kHostNode : homes.lookup(op));
    return readers;
  }

  /// Partial sums, 4 bytes each, go along the tree of a column's nodes to that of its first tile.
  void addPartialSums(ForwardOp op) {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    SmallVector<TileAttr> tiles = tilesOf(op);
    for (ArrayRef<TileAttr> rest = tiles; !rest.empty();) {
      llvm::SetVector<int64_t> column;
      Positions share =
          getShare(type.getDimSize(2), rest.front().getCopy(), tiles.back().getCopy() + 1);
      int64_t rowBytes = share.count * rest.front().getGroups() * rest.front().getCols() * 4;
      do {
        column.insert(nodeOf(rest.front()));
        rest = rest.drop_front();
      } while (!rest.empty() && !startsColumn(rest.front()));
      int64_t arity = partialSumArity(rowBytes, target);
      for (size_t i = 1; i < column.size(); ++i)
        addTraffic(column[i], column[static_cast<size_t>(partialSumParent(int64_t(i), arity))],
                   type.getDimSize(1) * rowBytes);
    }
  }

  void addTraffic(int64_t from, int64_t to, int64_t bytes) {
    if (from != to)
      traffic[{from, to}] += bytes;
  }

  void collectTraffic() {
    traffic.clear();
    getOperation().walk([&](Operation *op) {
      if (!isa<StageOpInterface, OutputOp, FeedOp>(op))
        return;
      if (auto forward = dyn_cast<ForwardOp>(op))
        addPartialSums(forward);
      llvm::SetVector<int64_t> readers = readersOf(op);
      for (Value operand : op->getOperands())
        if (isRowTensor(operand.getType()))
          addValue(operand, readers);
    });
  }

  FailureOr<SmallVector<int64_t>> placeAll() {
    cimc::mapping::PlacementProblem problem;
    problem.nodes = nodeCount;
    for (auto &[ends, bytes] : traffic)
      problem.traffic.push_back({ends.first, ends.second, bytes});
    return solve(problem);
  }

  /// Places the nodes of each chip on its own grid. The other chips enter where the host does.
  FailureOr<SmallVector<int64_t>> placeChips() {
    llvm::SetVector<int64_t> used;
    for (auto [core, node] : nodes)
      used.insert(node);
    for (auto [op, home] : homes)
      used.insert(home);
    auto chips = static_cast<size_t>(target.chips);
    std::vector<cimc::mapping::PlacementProblem> problems(chips);
    SmallVector<int64_t> result(static_cast<size_t>(nodeCount)), local(result.size(), -1);
    std::iota(result.begin(), result.end(), 0);
    SmallVector<int64_t> sorted(used.begin(), used.end());
    llvm::sort(sorted);
    for (int64_t node : sorted)
      local[static_cast<size_t>(node)] = problems[static_cast<size_t>(chipOf(node))].nodes++;
    auto end = [&](int64_t node, int64_t chip) {
      bool isHere = node != cimc::mapping::kHostNode && chipOf(node) == chip;
      return isHere ? local[static_cast<size_t>(node)] : cimc::mapping::kHostNode;
    };
    for (auto &[ends, bytes] : traffic)
      for (int64_t node : {ends.first, ends.second}) {
        bool isSecond = node == ends.second;
        if (node == cimc::mapping::kHostNode ||
            (isSecond && ends.first != cimc::mapping::kHostNode &&
             chipOf(ends.first) == chipOf(node)))
          continue;
        int64_t chip = chipOf(node);
        problems[static_cast<size_t>(chip)].traffic.push_back(
            {end(ends.first, chip), end(ends.second, chip), bytes});
      }
    std::vector<SmallVector<int64_t>> places(chips);
    for (size_t chip = 0; chip < chips; ++chip) {
      FailureOr<SmallVector<int64_t>> found = solve(problems[chip]);
      if (failed(found))
        return failure();
      places[chip] = std::move(*found);
    }
    for (int64_t node : sorted) {
      int64_t chip = chipOf(node);
      result[static_cast<size_t>(node)] =
          chip * target.chip.cores +
          places[static_cast<size_t>(chip)][static_cast<size_t>(local[static_cast<size_t>(node)])];
    }
    return result;
  }

  /// Solves the placement on the grid of one chip.
  FailureOr<SmallVector<int64_t>> solve(cimc::mapping::PlacementProblem &problem) {
    problem.cores = target.chip.cores;
    problem.gridColumns = target.chip.gridColumns;
    cimc::Result<cimc::mapping::Placement> placement = cimc::mapping::place(problem);
    if (!placement)
      return getOperation().emitError() << placement.error().message;
    byteHops += placement->byteHops;
    return SmallVector<int64_t>(placement->coreOfNode.begin(), placement->coreOfNode.end());
  }

  /// A value goes once to every node that reads it, however many ops do there.
  void addValue(Value value, const llvm::SetVector<int64_t> &readers) {
    SmallVector<Source> sources = sourcesOf(value);
    for (int64_t reader : readers)
      if (delivered.insert({value, reader}).second)
        for (const Source &source : sources)
          addTraffic(source.node, reader, source.bytes);
  }

  //===------------------------------------------------------------------------===//
  // Result
  //===------------------------------------------------------------------------===//

  /// Lets digital ops move where memory does not suffice.
  LogicalResult fitMemory() {
    auto function = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!function || nodeCount > static_cast<int64_t>(target.chips) * target.chip.cores)
      return success(); // nothing to measure, or placing reports it
    std::vector<int64_t> identity(static_cast<size_t>(nodeCount));
    std::iota(identity.begin(), identity.end(), 0);
    write(identity);
    numberNodes();
    if (failed(moveToFitMemory(function, target)))
      return failure();
    getOperation().walk([&](StageOpInterface stage) {
      homes[stage] = stage->getAttrOfType<IntegerAttr>("core").getInt();
      nodeCount = std::max(nodeCount, homes[stage] + 1);
    });
    return success();
  }

  /// Gives every stage and tile the core of its node.
  void write(ArrayRef<int64_t> coreOfNode) {
    Builder builder(&getContext());
    llvm::DenseSet<int64_t> used;
    getOperation().walk([&](StageOpInterface stage) {
      int64_t core = coreOfNode[homes.lookup(stage)];
      used.insert(core);
      stage->setAttr("core", builder.getI64IntegerAttr(core));
    });
    for (auto weight : getOperation().getOps<WeightOp>()) {
      if (!weight.getTiles())
        continue;
      SmallVector<Attribute> tiles;
      for (TileAttr tile : weight.getTiles()->getAsRange<TileAttr>()) {
        int64_t core = coreOfNode[nodeOf(tile)];
        used.insert(core);
        tiles.push_back(tile.inArray(core * perCore + tile.getArray() % perCore));
      }
      weight.setTilesAttr(builder.getArrayAttr(tiles));
    }
    coresUsed = used.size();
  }

  cimc::target::Target target;
  int64_t perCore = 1, nodeCount = 0;
  llvm::DenseMap<int64_t, int64_t> nodes; ///< by core number of the packing
  llvm::DenseMap<Operation *, int64_t> homes;
  llvm::DenseSet<std::pair<Value, int64_t>> delivered;
  std::map<std::pair<int64_t, int64_t>, int64_t> traffic;
};

} // namespace
