//===- CimToCimIsa.cpp - Scheduled network to instructions -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Replaces a scheduled network (function, weights, schedule) by one `cimisa.program`. The stage
// graph is built again from the placed function; that it is the one that was scheduled is checked
// by the names of the fired stages. Every decision was taken before: this pass numbers, lays out
// constants and writes one block per stage.
//
//===--------------------------------------------------------------------------===//

#include "ProgramWriter.h"

#include "cimc/Conversion/Passes.h"

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
