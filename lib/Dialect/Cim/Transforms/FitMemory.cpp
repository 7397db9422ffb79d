//===- FitMemory.cpp - Digital ops where memory suffices ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many rows a buffer holds follows from the firing sequence, so the function is scheduled with
// unlimited memory first. What that says about each value goes into a home problem; its answer is
// scheduled again, until all memories suffice or nothing gets better.
//
//===--------------------------------------------------------------------------===//

#include "FitMemory.h"

#include "cimc/Dialect/Cim/Transforms/StageGraph.h"
#include "cimc/Mapping/Homes.h"

using namespace mlir;

namespace cimc::cim {

namespace {

constexpr int64_t kRounds = 6;

/// A function's stages with the smallest buffers that its firing sequence needs.
struct Measured {
  StageGraph graph;
  mapping::Schedule schedule;
  int64_t overflow = 0; ///< bytes, over all cores
};

FailureOr<Measured> measure(func::FuncOp function, const target::Target &target) {
  FailureOr<StageGraph> graph = buildStageGraph(function, target);
  if (failed(graph))
    return failure();
  graph->problem.memoryBytesPerCore = mapping::kUnlimitedMemory;
  graph->problem.sharedBytesPerChip = 0;
  graph->problem.useSpareMemory = false;
  Result<mapping::Schedule> schedule = mapping::schedule(graph->problem);
  if (!schedule)
    return function.emitError() << schedule.error().message;
  Measured measured{std::move(*graph), std::move(*schedule), 0};
  for (const mapping::CoreSchedule &core : measured.schedule.cores)
    measured.overflow += std::max<int64_t>(0, core.memoryBytes - target.chip.core.memoryBytes);
  return measured;
}

bool readsArrays(const Stage &stage) {
  return stage.kind == Stage::Kind::PartialSum ||
         llvm::any_of(stage.columns, [](const Column &column) { return !column.tiles.empty(); });
}

/// What a stage reads as its operand number `index`. A delay reads what is fed to it behind the
/// operands that it has.
Value operandOf(const Stage &stage, size_t index) {
  if (index < stage.op->getNumOperands())
    return stage.op->getOperand(static_cast<unsigned>(index));
  return cast<DelayOp>(stage.op).getFeed().getNext();
}

/// The home problem of a measured function.
class Translation {
public:
  Translation(const Measured &measured, const target::Target &target) : measured(measured) {
    problem.memoryBytes = target.chip.core.memoryBytes;
    numberOf.assign(stages().size(), -1);
    for (size_t s = 0; s < stages().size(); ++s)
      addStage(s);
    // Cores without arrays are of use as long as there are ops to move there.
    problem.nodes = std::min<int64_t>(measured.graph.problem.cores,
                                      lastCore + 1 + static_cast<int64_t>(movable.size()));
    if (target.chips > 1) { // cores are numbered chip by chip, and ops stay on their chip
      problem.nodes = measured.graph.problem.cores;
      problem.nodesPerGroup = target.chip.cores;
    }
    for (size_t s = 0; s < stages().size(); ++s)
      addValues(s);
    for (size_t s = 0; s < stages().size(); ++s)
      addReads(s);
    addDepths();
  }

  /// Moves the ops; true if any has moved.
  bool apply(const mapping::Homes &homes) const {
    bool changed = false;
    for (auto [number, op] : movable) {
      auto core = IntegerAttr::get(IntegerType::get(op->getContext(), 64),
                                   homes.nodeOfStage[static_cast<size_t>(number)]);
      changed |= op->getAttr("core") != core;
      op->setAttr("core", core);
    }
    return changed;
  }

  mapping::HomeProblem problem;

private:
  const std::vector<Stage> &stages() const { return measured.graph.stages; }
  const mapping::Stream &stream(int64_t number) const {
    return measured.graph.problem.streams[static_cast<size_t>(number)];
  }

  void addStage(size_t s) {
    const Stage &stage = stages()[s];
    if (stage.kind == Stage::Kind::Assemble || stage.kind == Stage::Kind::Hold)
      return;
    const mapping::Stage &actor = measured.graph.problem.stages[s];
    bool moves = stage.kind == Stage::Kind::Compute && !readsArrays(stage);
    numberOf[s] = static_cast<int64_t>(problem.stages.size());
    if (moves)
      movable.push_back({numberOf[s], stage.op});
    problem.stages.push_back({stage.core, moves, actor.constantBytes, actor.scratchBytes});
    lastCore = std::max(lastCore, stage.core);
  }

  mapping::HomeValue &valueOf(Value value) {
    auto [entry, inserted] = values.try_emplace(value, problem.values.size());
    if (inserted)
      problem.values.push_back({getNumRows(value.getType()), {}, {}, 1, 1, false});
    return problem.values[entry->second];
  }

  void addValues(size_t s) {
    const Stage &stage = stages()[s];
    if (stage.kind == Stage::Kind::Compute || stage.kind == Stage::Kind::HostInput)
      for (const Part &part : stage.outputs)
        valueOf(stage.value).parts.push_back({numberOf[s], stream(part.stream).rowBytes});
    if (stage.kind != Stage::Kind::PartialSum)
      return;
    int64_t sum = stage.outputs.front().stream;
    mapping::HomeValue value{stage.firings, {{numberOf[s], stream(sum).rowBytes}}, {}, 0, 1, true};
    for (int64_t receiver : measured.graph.receiversOf(sum))
      value.readers.push_back(numberOf[static_cast<size_t>(receiver)]);
    problem.values.push_back(std::move(value));
  }

  void addReads(size_t s) {
    const Stage &stage = stages()[s];
    if (stage.kind == Stage::Kind::HostOutput)
      valueOf(stage.value).readers.push_back(numberOf[s]);
    for (auto [index, operand] : llvm::enumerate(stage.operandStreams))
      if (operand >= 0)
        valueOf(operandOf(stage, index)).readers.push_back(numberOf[s]);
  }

  /// Rows and messages that the values' buffers hold.
  void addDepths() {
    llvm::DenseMap<int64_t, Value> made; // by stream
    for (const Stage &stage : stages())
      if (stage.kind != Stage::Kind::PartialSum)
        for (const Part &part : stage.outputs)
          made[part.stream] = stage.value;
    for (const mapping::CoreSchedule &core : measured.schedule.cores)
      for (const mapping::Region &region : core.regions) {
        Value value = region.stream >= 0 ? made.lookup(region.stream) : Value();
        if (!value)
          continue;
        mapping::HomeValue &found = valueOf(value);
        int64_t &depth =
            region.kind == mapping::Region::Kind::Fifo ? found.messages : found.liveRows;
        depth = std::max(depth, region.rows);
      }
  }

  const Measured &measured;
  std::vector<int64_t> numberOf; ///< in the home problem, by stage of the graph
  llvm::SmallVector<std::pair<int64_t, Operation *>> movable;
  llvm::DenseMap<Value, size_t> values;
  int64_t lastCore = 0;
};

/// The cores of all ops that have one.
llvm::SmallVector<std::pair<Operation *, Attribute>> coresOf(func::FuncOp function) {
  llvm::SmallVector<std::pair<Operation *, Attribute>> cores;
  function.walk([&](StageOpInterface op) { cores.push_back({op, op->getAttr("core")}); });
  return cores;
}

} // namespace

LogicalResult moveToFitMemory(func::FuncOp function, const target::Target &target) {
  auto best = coresOf(function);
  int64_t leastOverflow = mapping::kUnlimitedMemory;
  for (int64_t round = 0; round < kRounds; ++round) {
    FailureOr<Measured> measured = measure(function, target);
    if (failed(measured))
      return failure();
    if (measured->overflow < leastOverflow) {
      leastOverflow = measured->overflow;
      best = coresOf(function);
    }
    if (measured->overflow == 0)
      break;
    Translation translation(*measured, target);
    Result<mapping::Homes> homes = mapping::findHomes(translation.problem);
    if (!homes)
      return function.emitError() << homes.error().message;
    if (!translation.apply(*homes))
      break;
  }
  for (auto [op, core] : best)
    op->setAttr("core", core);
  return success();
}

} // namespace cimc::cim
