//===- ScheduleStreams.cpp - Firing order, buffers and FIFOs ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Takes a placed function, expands it into stages (StageGraph), solves the schedule problem
// (Mapping/Schedule.h) and writes the answer beside the function as a `cim.schedule`: for every
// core its memory regions and its firing order as loops, and the depth of every FIFO. The function
// itself stays as it is. A schedule that is there already is replaced, so running the pass twice
// changes nothing.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Dialect/Cim/Transforms/StageGraph.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace cimc::cim {

#define GEN_PASS_DEF_SCHEDULESTREAMS
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"

namespace {

/// The body of an op with one region of one block, which it makes.
Block *makeBody(Operation *op) { return &op->getRegion(0).emplaceBlock(); }

llvm::StringRef regionKind(mapping::Region::Kind kind) {
  switch (kind) {
  case mapping::Region::Kind::Rows:
    return "rows";
  case mapping::Region::Kind::Fifo:
    return "fifo";
  case mapping::Region::Kind::Scratch:
    return "scratch";
  case mapping::Region::Kind::Constant:
    return "constant";
  case mapping::Region::Kind::Accumulator:
    return "accumulator";
  }
  return "rows";
}

struct Writer {
  OpBuilder builder;
  Location loc;
  const StageGraph &graph;

  void steps(const std::vector<mapping::Step> &list) {
    for (const mapping::Step &step : list) {
      if (step.stage >= 0) {
        FireOp::create(builder, loc, step.stage, graph.stages[step.stage].name, step.count);
        continue;
      }
      auto loop = LoopOp::create(builder, loc, step.count);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToEnd(makeBody(loop));
      steps(step.body);
    }
  }

  /// The regions stand in the scheduler's order, so FIFOs of one stream to several stages of the
  /// core in that of the stages, by which they are told apart.
  void core(int64_t number, const mapping::CoreSchedule &core) {
    auto program = CoreProgramOp::create(builder, loc, number, core.memoryBytes);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(makeBody(program));
    for (const mapping::Region &region : core.regions) {
      int64_t owner = region.stream >= 0 ? region.stream : region.stage;
      RegionOp::create(builder, loc, regionKind(region.kind), owner, region.address, region.bytes,
                       region.rows);
    }
    steps(core.steps);
  }

  void schedule(const mapping::Schedule &schedule) {
    for (const mapping::FifoDepth &fifo : schedule.fifos)
      FifoOp::create(builder, loc, fifo.stream, fifo.receiver, fifo.depth);
    for (auto [number, program] : llvm::enumerate(schedule.cores))
      if (!program.steps.empty())
        core(static_cast<int64_t>(number), program);
  }
};

struct ScheduleStreams : impl::ScheduleStreamsBase<ScheduleStreams> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto function = module.lookupSymbol<func::FuncOp>("main");
    FailureOr<target::Target> target = getTarget(module);
    if (failed(target))
      return signalPassFailure();
    if (!function) {
      module.emitError() << "the module has no function 'main' to be scheduled";
      return signalPassFailure();
    }
    for (ScheduleOp old : llvm::make_early_inc_range(module.getOps<ScheduleOp>()))
      old.erase();

    FailureOr<StageGraph> graph = buildStageGraph(function, *target);
    if (failed(graph))
      return signalPassFailure();
    Result<mapping::Schedule> schedule = mapping::schedule(graph->problem);
    if (!schedule.ok()) {
      function.emitError() << schedule.error().message << " (target '" << target->name << "')";
      return signalPassFailure();
    }

    OpBuilder builder(module.getContext());
    builder.setInsertionPointAfter(function);
    auto op =
        ScheduleOp::create(builder, function.getLoc(), function.getSymName(), DenseI64ArrayAttr());
    builder.setInsertionPointToEnd(makeBody(op));
    Writer{builder, function.getLoc(), *graph}.schedule(*schedule);
  }
};

} // namespace

} // namespace cimc::cim
