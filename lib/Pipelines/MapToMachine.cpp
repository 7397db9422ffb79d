//===- MapToMachine.cpp - From the logical level to a scheduled network -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many chips a network needs, and how full they can be, is known only when it is packed, placed
// and scheduled. So the levels from `tiled` on are tried on a copy: with less room per chip where
// tiles left gaps, with fewer activations per chip where a memory did not suffice, then, if the
// number of chips is free, with one chip more.
//
//===--------------------------------------------------------------------------===//

#include "HeldDiagnostics.h"

#include "cimc/Pipelines/Compile.h"

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Dialect/Cim/Transforms/StageGraph.h"
#include "cimc/Target/Check.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace cimc {

namespace {

/// Shares of a chip's room that are tried; tiles seldom fill arrays without gaps, and the smaller
/// the chip the larger is the gap.
constexpr double kFills[] = {1.0, 0.97, 0.94, 0.9, 0.85, 0.75, 0.6};

/// Partitions that are tried where memories do not suffice, each with less memory per chip.
constexpr int kMemoryRounds = 6;

/// Chips beyond the least number that are tried before giving up: some, and an eighth where there
/// are many, since parts of layers do not fill each chip.
uint32_t mostChips(uint32_t least) { return least + std::max<uint32_t>(4, least / 8); }

void show(MLIRContext &context, std::vector<Diagnostic> diagnostics) {
  for (Diagnostic &diagnostic : diagnostics)
    context.getDiagEngine().emit(std::move(diagnostic));
}

/// Room that the weights in arrays take by area.
int64_t weightCells(ModuleOp module) {
  int64_t cells = 0;
  for (auto weight : module.getOps<cim::WeightOp>())
    if (weight.getUnit() == cim::Unit::Array)
      cells += cast<ShapedType>(weight.getValue().getType()).getNumElements();
  return cells;
}

int64_t chipCells(const target::Target &target) {
  const target::Core &core = target.chip.core;
  if (core.kind == target::CoreKind::Engine)
    return int64_t(target.chip.cores) * core.engine.weightBytes;
  return int64_t(target.chip.cores) * core.array.perCore * target::weightRows(core.array) *
         core.array.cols;
}

/// The memory that a chip's activations may take next, after a partition with the limit `memory`
/// (0: none) whose schedule a memory did not hold. What the partition's estimate misses is unknown,
/// so it goes down in steps, at least to 1.
int64_t lessMemory(ModuleOp module, const target::Target &target, int64_t memory) {
  int64_t used = 0;
  if (auto partition = module->getAttrOfType<DictionaryAttr>(cim::kPartitionAttrName))
    if (auto bytes = partition.getAs<IntegerAttr>("chip_memory_bytes"))
      used = bytes.getInt();
  int64_t room =
      target.chip.cores * int64_t(target.chip.core.memoryBytes) + target.chip.buffer.sizeBytes;
  int64_t limit = memory == 0 ? room : memory * 7 / 8;
  return std::max<int64_t>(std::min(limit, used * 15 / 16), 1);
}

} // namespace

LogicalResult Compilation::mapOnce(Level last, double fill, int64_t memory) {
  (*root)->setAttr(cim::kTargetAttrName, cim::TargetAttr::get(&context, *options.target));
  bool saves = options.objective == Objective::Energy || options.objective == Objective::Edp;
  std::string partition = "cim-partition-across-chips{solver=" + options.partitionSolver +
                          " fill=" + std::to_string(fill) + " memory=" + std::to_string(memory) +
                          (saves ? " idle=true" : "") + "},";
  // Where inferences follow each other, layers that share an array would wait for each other, and
  // busy weights are copied into the arrays that are left.
  bool copies = options.objective == Objective::Throughput && options.target->chips == 1 &&
                options.target->chip.core.kind == target::CoreKind::Crossbar;
  // Where wires have resistance, the first tile of an array loses least.
  bool spreads = copies || options.target->chip.core.array.device.wireOhm > 0;
  std::string pack = spreads && options.pack == "auto" ? "spread" : options.pack;
  if (failed(passes("tile", "cim-split-channels," + (options.target->chips > 1 ? partition : "") +
                                "cim-tile-to-arrays{pack=" + pack + "}" +
                                (copies ? ",cim-replicate-weights" : ""))))
    return failure();
  current = Level::Tiled;
  for (Level next : {Level::Placed, Level::Scheduled}) {
    if (next > last)
      break;
    if (failed(lowerTo(next)))
      return failure();
    current = next;
  }
  return success();
}

LogicalResult Compilation::mapOnChips(Level last) {
  // An engine holds whole columns, so several of them leave gaps, too.
  bool hasGaps = options.target->chip.core.kind == target::CoreKind::Crossbar ||
                 options.target->chip.cores > 1;
  OwningOpRef<ModuleOp> logical = std::move(root);
  std::vector<Diagnostic> first;
  int64_t memory = 0; // no limit
  int memoryRounds = 0;
  for (size_t fill = 0; fill < std::size(kFills);) {
    root = cast<ModuleOp>(logical->getOperation()->clone());
    current = Level::Cim;
    HeldDiagnostics held(&context);
    if (succeeded(mapOnce(last, kFills[fill], memory)))
      return success();
    std::vector<Diagnostic> found = held.take();
    if (first.empty())
      first = std::move(found);
    bool isTiled = current != Level::Cim; // then a memory did not suffice, else tiles did not fit
    if (options.target->chips == 1 || (isTiled ? memoryRounds++ == kMemoryRounds : !hasGaps))
      break;
    if (isTiled)
      memory = lessMemory(*root, *options.target, memory);
    else
      ++fill;
  }
  root = std::move(logical);
  current = Level::Cim;
  problems = std::move(first);
  return failure();
}

LogicalResult Compilation::mapToMachine(Level last) {
  last = std::min(last, Level::Scheduled);
  if (!options.digitalLayers.empty() && failed(moveToDigital()))
    return failure();
  if (options.splitRows != 0 && failed(splitRows()))
    return failure();
  if (options.redundancy != 1)
    return mapWithRedundancy(last);
  return mapToChips(last);
}

LogicalResult Compilation::mapToChips(Level last) {
  if (options.target->chips == 1 && !options.anyChips)
    return mapOnce(last);
  if (!options.anyChips) {
    LogicalResult result = mapOnChips(last);
    show(context, std::move(problems));
    return result;
  }
  int64_t room = chipCells(*options.target);
  auto least =
      static_cast<uint32_t>(std::clamp<int64_t>((weightCells(*root) + room - 1) / room, 1, 50000));
  for (uint32_t chips = least; chips <= mostChips(least); ++chips) {
    options.target->chips = chips;
    if (!target::check(*options.target))
      continue; // such as a number that does not fill a mesh
    if (succeeded(mapOnChips(last)))
      return success();
  }
  if (problems.empty())
    return emitError(root->getLoc())
           << "target '" << options.target->name << "' allows no number of "
           << "chips from " << least << " to " << mostChips(least);
  problems.front().attachNote() << "no number of chips from " << least << " to " << mostChips(least)
                                << " of target '" << options.target->name << "' holds the network";
  show(context, std::move(problems));
  return failure();
}

} // namespace cimc
