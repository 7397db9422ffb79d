//===- CimToCimIsa.cpp - Scheduled network to instructions -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Replaces a scheduled network (function, weights, schedule) by one `cimisa.program`. The stage
// graph is built again from the placed function; that it is the one that was scheduled is checked
// by the names of the fired stages, and by playing the schedule out on the graph, since the
// schedule may have been written by hand. Every decision was taken before: this pass numbers, lays
// out constants and writes one block per stage.
//
//===--------------------------------------------------------------------------===//

#include "ProgramWriter.h"

#include "cimc/Conversion/Passes.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace cimc {

#define GEN_PASS_DEF_CONVERTCIMTOCIMISA
#include "cimc/Conversion/Passes.h.inc"

namespace {

/// Every fired stage must be the one of that number in the graph.
LogicalResult checkNames(cim::ScheduleOp schedule, const cim::StageGraph &graph) {
  WalkResult result = schedule.walk([&](cim::FireOp fire) {
    auto number = static_cast<size_t>(fire.getStage());
    if (number < graph.stages.size() && graph.stages[number].name == fire.getName())
      return WalkResult::advance();
    fire.emitOpError("fires stage ")
        << number << " '" << fire.getName() << "', but the function's stage of that number is '"
        << (number < graph.stages.size() ? graph.stages[number].name : "missing") << "'";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

std::vector<mapping::Step> readSteps(Block &block) {
  std::vector<mapping::Step> steps;
  for (Operation &op : block) {
    if (auto fire = dyn_cast<cim::FireOp>(op))
      steps.push_back(
          {static_cast<int64_t>(fire.getStage()), static_cast<int64_t>(fire.getTimes()), {}});
    else if (auto loop = dyn_cast<cim::LoopOp>(op))
      steps.push_back(
          {-1, static_cast<int64_t>(loop.getCount()), readSteps(loop.getBody().front())});
  }
  return steps;
}

/// Number `index` of the stages on `core` that receive `stream`; -1 if there are not so many.
int64_t receiverOn(const cim::StageGraph &graph, int64_t stream, int64_t core, int64_t index) {
  for (int64_t receiver : graph.receiversOf(stream))
    if (graph.stages[receiver].core == core && index-- == 0)
      return receiver;
  return -1;
}

/// Reads the regions of one core. Several stages there may receive a stream; its FIFOs stand in
/// their order.
class RegionReader {
public:
  RegionReader(const cim::StageGraph &graph, int64_t core) : graph(graph), core(core) {}

  mapping::Region read(cim::RegionOp op);

private:
  const cim::StageGraph &graph;
  int64_t core;
  llvm::DenseMap<int64_t, int64_t> fifosOf; ///< how many were read, by stream
};

mapping::Region RegionReader::read(cim::RegionOp op) {
  using Kind = mapping::Region::Kind;
  mapping::Region region;
  region.kind = llvm::StringSwitch<Kind>(op.getKind())
                    .Case("rows", Kind::Rows)
                    .Case("scratch", Kind::Scratch)
                    .Case("constant", Kind::Constant)
                    .Case("accumulator", Kind::Accumulator)
                    .Default(Kind::Fifo);
  auto owner = static_cast<int64_t>(op.getOwner());
  bool ofStream = region.kind == Kind::Rows || region.kind == Kind::Fifo;
  (ofStream ? region.stream : region.stage) = owner;
  if (region.kind == Kind::Fifo)
    region.stage = receiverOn(graph, owner, core, fifosOf[owner]++);
  region.address = static_cast<int64_t>(op.getAddress());
  region.bytes = static_cast<int64_t>(op.getBytes());
  region.rows = static_cast<int64_t>(op.getRows());
  return region;
}

/// Checks that the schedule runs the graph to its end within the memory of the cores.
LogicalResult checkPlayed(cim::ScheduleOp op, const cim::StageGraph &graph) {
  mapping::Schedule schedule;
  schedule.cores.resize(static_cast<size_t>(graph.problem.cores));
  llvm::DenseSet<int64_t> seen;
  Block &body = op.getBody().front();
  for (auto fifo : body.getOps<cim::FifoOp>())
    schedule.fifos.push_back({static_cast<int64_t>(fifo.getStream()),
                              static_cast<int64_t>(fifo.getReceiver()),
                              static_cast<int64_t>(fifo.getDepth())});
  for (auto program : body.getOps<cim::CoreProgramOp>()) {
    auto number = static_cast<int64_t>(program.getCore());
    if (number < 0 || number >= graph.problem.cores || !seen.insert(number).second)
      return program.emitOpError("must be the only one of a core in 0 to ")
             << graph.problem.cores - 1 << ", is of core " << number;
    mapping::CoreSchedule &core = schedule.cores[static_cast<size_t>(number)];
    core.memoryBytes = static_cast<int64_t>(program.getMemoryBytes());
    for (auto region : program.getBody().front().getOps<cim::RegionOp>())
      core.sharedBytes = std::max(core.sharedBytes, static_cast<int64_t>(region.getAddress()) +
                                                        static_cast<int64_t>(region.getBytes()) -
                                                        graph.problem.memoryBytesPerCore);
    core.steps = readSteps(program.getBody().front());
    RegionReader reader(graph, number);
    for (auto region : program.getBody().front().getOps<cim::RegionOp>())
      core.regions.push_back(reader.read(region));
  }
  if (Status status = mapping::checkSchedule(graph.problem, schedule); !status)
    return op.emitOpError("does not fit its function: ") << status.error().message;
  return success();
}

struct ConvertCimToCimIsa : impl::ConvertCimToCimIsaBase<ConvertCimToCimIsa> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto schedules = llvm::to_vector(module.getOps<cim::ScheduleOp>());
    FailureOr<target::Target> target = cim::getTarget(module);
    if (failed(target))
      return signalPassFailure();
    if (schedules.size() != 1) {
      module.emitError() << "the module must hold one schedule to be converted, it holds "
                         << schedules.size();
      return signalPassFailure();
    }
    cim::ScheduleOp schedule = schedules.front();
    auto function = module.lookupSymbol<func::FuncOp>(schedule.getFunction());
    if (!function) {
      schedule.emitOpError("schedules an unknown function '") << schedule.getFunction() << "'";
      return signalPassFailure();
    }
    FailureOr<cim::StageGraph> graph = cim::buildStageGraph(function, *target);
    if (failed(graph) || failed(checkNames(schedule, *graph)) ||
        failed(checkPlayed(schedule, *graph)) ||
        failed(ProgramWriter(function, schedule, *target, std::move(*graph)).write()))
      return signalPassFailure();
    for (auto weight : llvm::make_early_inc_range(module.getOps<cim::WeightOp>()))
      weight.erase();
    schedule.erase();
    function.erase();
    module->removeAttr(cim::kTargetAttrName);
  }
};

} // namespace

} // namespace cimc
