//===- Replicas.cpp - The replication problem of a module ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Costs are those of the timing engine (docs/timing.md): a read of each tile at every position, and
// per row and column of tiles the additions of partial sums and the scaling.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/Transforms/Replicas.h"

#include "DepthwiseCost.h"

#include "cimc/Target/Check.h"

#include <map>

using namespace mlir;

namespace cimc::cim {

namespace {

double digitalNs(const target::Digital &digital, const target::DigitalFunction &function,
                 int64_t elements) {
  auto lanes = static_cast<int64_t>(std::max<uint32_t>(digital.lanes, 1));
  auto turns = static_cast<double>((elements + lanes - 1) / lanes);
  return (function.latencyCycles + turns * function.intervalCycles) / digital.clockGhz;
}

/// Tiles of the first copy, in the order that they have in the weight.
SmallVector<TileAttr> firstCopy(WeightOp weight) {
  SmallVector<TileAttr> tiles;
  for (TileAttr tile : weight.getTiles()->getAsRange<TileAttr>())
    if (tile.getCopy() == 0)
      tiles.push_back(tile);
  return tiles;
}

/// Time of the digital unit for one row of `op`.
double finishingNs(ForwardOp op, ArrayRef<TileAttr> tiles, const target::Digital &digital) {
  int64_t positions = getRowPositions(op.getType());
  std::map<int64_t, int64_t> coresOfColumn, channelsOfColumn;
  auto shape = cast<RankedTensorType>(op.getType()).getShape();
  int64_t groupCols = shape.back();
  for (TileAttr stored : tiles) {
    TileAttr tile = op.orient(stored);
    int64_t column = tile.getGroup() * groupCols + tile.getCol();
    ++coresOfColumn[column];
    channelsOfColumn[column] = tile.getGroups() * tile.getCols();
  }
  double ns = 0;
  for (auto [column, tilesOfColumn] : coresOfColumn) {
    int64_t elements = positions * channelsOfColumn[column];
    ns += static_cast<double>(tilesOfColumn - 1) * digitalNs(digital, digital.add, elements);
    ns += digitalNs(digital, op.getScale() ? digital.multiply : digital.add, elements);
  }
  return ns;
}

} // namespace

Replicas describeReplicas(ModuleOp module, const target::Target &target) {
  Replicas result;
  const target::Array &array = target.chip.core.array;
  result.problem.arraysPerCore = std::max<int64_t>(array.perCore, 1);
  result.problem.arrays =
      static_cast<int64_t>(target.chips) * target.chip.cores * result.problem.arraysPerCore;
  llvm::DenseMap<StringAttr, SmallVector<ForwardOp>> uses;
  module.walk([&](ForwardOp op) { uses[op.getWeightAttr().getAttr()].push_back(op); });
  double readNs = target::readNs(array);
  for (auto weight : module.getOps<WeightOp>()) {
    if (weight.getUnit() != Unit::Array || !weight.getTiles() || weight.getTiles()->empty())
      continue;
    SmallVector<TileAttr> tiles = firstCopy(weight);
    mapping::ReplicaStage stage;
    stage.name = weight.getSymName().str();
    double reads = 0;
    bool first = true;
    for (ForwardOp op : uses.lookup(weight.getSymNameAttr())) {
      int64_t positions = getRowPositions(op.getType()), rows = getNumRows(op.getType());
      reads += static_cast<double>(rows * positions * op.getPasses());
      stage.digitalNs +=
          static_cast<double>(rows) * finishingNs(op, tiles, target.chip.core.digital);
      stage.positions = first ? positions : std::min(stage.positions, positions);
      first = false;
    }
    llvm::MapVector<int64_t, double> work;
    for (TileAttr tile : tiles)
      work[tile.getArray()] += reads * readNs;
    for (auto [number, ns] : work)
      stage.work.push_back({number, ns});
    result.problem.stages.push_back(std::move(stage));
    result.weights.push_back(weight);
    result.copies.push_back(weight.getCopies());
  }
  return result;
}

} // namespace cimc::cim
