//===- Level.cpp - The levels of a compilation -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of the levels, and how to tell from a module which level it is at.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Dialect/Cim/Transforms/Replicas.h"
#include "cimc/Dialect/Cim/Transforms/StageGraph.h"
#include "cimc/Dialect/CimIsa/IR/CimIsa.h"
#include "cimc/Pipelines/Compile.h"
#include "cimc/Target/Check.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include "llvm/ADT/DenseSet.h"

#include <array>

#include <map>

using namespace mlir;

namespace cimc {

namespace {

constexpr std::array<llvm::StringLiteral, 8> kNames{"entry",  "quantized", "cim", "tiled",
                                                    "placed", "scheduled", "isa", "binary"};

bool hasTiles(ModuleOp module) {
  for (auto weight : module.getOps<cim::WeightOp>())
    if (weight.getTiles() && !weight.getTiles()->empty())
      return true;
  return false;
}

/// Whether every stage has its core, which placement gives last.
bool isPlaced(ModuleOp module) {
  WalkResult result = module.walk([](cim::StageOpInterface stage) {
    return stage->hasAttr("core") ? WalkResult::advance() : WalkResult::interrupt();
  });
  return !result.wasInterrupted();
}

/// Arrays that a weight takes if no array holds more than one tile.
int64_t tileByTile(cim::WeightOp weight, const target::Array &array) {
  auto cuts = [](int64_t size, int64_t capacity) { return (size + capacity - 1) / capacity; };
  llvm::ArrayRef<int64_t> shape = cast<ShapedType>(weight.getValue().getType()).getShape();
  int64_t groups = shape[0], rows = shape[1], cols = shape[2],
          arrayRows = target::weightRows(array);
  int64_t mostRows =
      std::min(arrayRows, static_cast<int64_t>(weight.getMaxRows().value_or(arrayRows)));
  if (groups > 1 && rows <= mostRows && cols <= array.cols)
    return cuts(groups, std::min<int64_t>(arrayRows / rows, array.cols / cols));
  return groups * cuts(rows, mostRows) * cuts(cols, array.cols);
}

/// Whether a weighted layer computes with integers.
bool hasIntegerLayer(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) {
    if (!mlir::isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, tosa::MatMulOp,
                   linalg::Conv2DNhwgcGfhwcQOp>(op))
      return WalkResult::advance();
    return getElementTypeOrSelf(op->getOperand(1).getType()).isInteger(8) ? WalkResult::interrupt()
                                                                          : WalkResult::advance();
  });
  return result.wasInterrupted();
}

/// What the partitioning pass has noted.
void addPartition(ModuleOp module, const target::Target &target, MappingFigures &figures) {
  figures.chipsAvailable = target.chips;
  auto partition = module->getAttrOfType<DictionaryAttr>(cim::kPartitionAttrName);
  if (!partition)
    return;
  auto number = [&](llvm::StringRef name) {
    auto attr = partition.getAs<IntegerAttr>(name);
    return attr ? attr.getInt() : 0;
  };
  figures.chipsUsed = number("chips_used");
  figures.interchipBytes = number("interchip_bytes");
  figures.interchipBytesBound = number("interchip_bytes_bound");
}

} // namespace

llvm::StringRef toString(Level level) { return kNames[static_cast<size_t>(level)]; }

std::optional<Level> parseLevel(llvm::StringRef name) {
  for (size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name)
      return static_cast<Level>(i);
  return std::nullopt;
}

Level levelOf(ModuleOp module) {
  if (!module.getOps<isa::ProgramOp>().empty())
    return Level::Isa;
  if (!module.getOps<cim::ScheduleOp>().empty())
    return Level::Scheduled;
  bool hasCim = module.walk([](cim::InputOp) { return WalkResult::interrupt(); }).wasInterrupted();
  if (hasCim) {
    if (isPlaced(module))
      return Level::Placed;
    return hasTiles(module) ? Level::Tiled : Level::Cim;
  }
  return hasIntegerLayer(module) ? Level::Quantized : Level::Entry;
}

/// How often weights are there, and how busy that leaves the busiest array or digital unit.
static void addReplicas(ModuleOp module, const target::Target &target, MappingFigures &result) {
  cim::Replicas replicas = cim::describeReplicas(module, target);
  for (int64_t copies : replicas.copies) {
    result.copies += copies - 1;
    result.copiedWeights += copies > 1 ? 1 : 0;
  }
  result.busiestNs = mapping::busiestNs(replicas.problem, replicas.copies);
  result.busiestBoundNs = mapping::busiestBound(replicas.problem);
}

MappingFigures mappingFigures(ModuleOp module, const target::Target &target) {
  MappingFigures result;
  int64_t perCore = std::max<int64_t>(target.chip.core.array.perCore, 1);
  llvm::DenseSet<int64_t> arrays, cores;
  llvm::DenseMap<int64_t, int64_t> reads;
  llvm::DenseMap<StringAttr, int64_t> readsOfWeight;
  module.walk([&](cim::ForwardOp op) {
    auto weight = SymbolTable::lookupNearestSymbolFrom<cim::WeightOp>(op, op.getWeightAttr());
    int64_t copies = weight ? weight.getCopies() : 1;
    readsOfWeight[op.getWeightAttr().getAttr()] +=
        cim::getNumRows(op.getType()) *
        ((cim::getRowPositions(op.getType()) + copies - 1) / copies);
  });
  int64_t cells = 0;
  for (auto weight : module.getOps<cim::WeightOp>()) {
    result.digitalWeights +=
        weight.getUnit() == cim::Unit::Digital && weight.getValue().getElementType().isInteger(8);
    if (!weight.getTiles() || weight.getUnit() != cim::Unit::Array)
      continue;
    int64_t instances = weight.getInstances(), slices = weight.getSliceCount() * instances;
    auto maxRows = static_cast<int64_t>(weight.getMaxRows().value_or(0));
    if (instances > 1 || maxRows > 0)
      result.saferWeights.push_back({weight.getSymName().str(), instances, maxRows});
    cells += slices * cast<ShapedType>(weight.getValue().getType()).getNumElements();
    result.arraysTileByTile += target.chip.core.kind == target::CoreKind::Engine
                                   ? static_cast<int64_t>(weight.getTiles()->size())
                                   : slices * tileByTile(weight, target.chip.core.array);
    for (Attribute attr : weight.getTiles()->getValue()) {
      auto tile = cast<cim::TileAttr>(attr);
      arrays.insert(tile.getArray());
      cores.insert(tile.getArray() / perCore);
      reads[tile.getArray()] += readsOfWeight[weight.getSymNameAttr()];
    }
  }
  module.walk([&](cim::StageOpInterface stage) {
    if (auto core = stage->getAttrOfType<IntegerAttr>("core"))
      if (core.getInt() >= 0)
        cores.insert(core.getInt());
  });
  int64_t ownMemory = target.chip.core.memoryBytes;
  std::map<int64_t, int64_t> buffers; // bytes by chip
  module.walk([&](cim::CoreProgramOp core) {
    auto bytes = static_cast<int64_t>(core.getMemoryBytes());
    result.peakCoreMemory = std::max(result.peakCoreMemory, std::min(bytes, ownMemory));
    int64_t &buffer = buffers[static_cast<int64_t>(core.getCore()) / target.chip.cores];
    buffer += std::max<int64_t>(bytes - ownMemory, 0);
    result.peakBufferBytes = std::max(result.peakBufferBytes, buffer);
  });
  bool isEngine = target.chip.core.kind == target::CoreKind::Engine;
  const target::Array &array = target.chip.core.array;
  int64_t area = isEngine ? target.chip.core.engine.weightBytes
                          : int64_t{target::weightRows(array)} * array.cols;
  result.weightBytes = cells;
  addPartition(module, target, result);
  if (!isEngine)
    addReplicas(module, target, result);
  result.arraysUsed = static_cast<int64_t>(arrays.size());
  result.arraysBound = area > 0 ? (cells + area - 1) / area : 0;
  result.coresAvailable = static_cast<int64_t>(target.chip.cores) * target.chips;
  result.arraysAvailable = result.coresAvailable * perCore;
  result.coresUsed = static_cast<int64_t>(cores.size());
  for (auto &[array, count] : reads)
    result.busiestReads = std::max(result.busiestReads, count);
  return result;
}

} // namespace cimc
