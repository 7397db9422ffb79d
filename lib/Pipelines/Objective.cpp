//===- Objective.cpp - What a compilation optimises -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every plan is scheduled, turned into a program and timed. Wakes are first placed as late as the
// messages allow; the times of that run say before which firing each would have to stand for the
// chip to be on when its first message comes, and the plan is tried again with these.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Pipelines/Objective.h"

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Dialect/CimIsa/IR/CimIsa.h"
#include "cimc/Executor/FiringTimes.h"
#include "cimc/Program/Validator.h"
#include "cimc/Translation/Serialize.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

using namespace mlir;

namespace cimc {

namespace {

constexpr std::array<llvm::StringLiteral, 4> kObjectives = {"latency", "energy", "throughput",
                                                            "edp"};

/// Latencies that differ by less count as equal.
constexpr double kSameLatency = 1e-3;

/// Shares of a value that wait before it is sent; see `cim-hold-rows`.
constexpr double kShares[] = {0, 0.25, 0.5, 0.7, 0.85, 0.95, 1};

/// Plans with shares of single values that are tried from one start.
constexpr int64_t kMostTrials = 200;

FailureOr<program::ValidatedProgram> programOf(ModuleOp scheduled) {
  if (failed(runPasses(scheduled, "cim-convert-cim-to-cimisa")))
    return failure();
  auto op = *scheduled.getOps<isa::ProgramOp>().begin();
  FailureOr<program::Program> program = toProgram(op);
  if (failed(program))
    return failure();
  Result<program::ValidatedProgram> valid = program::validate(std::move(*program));
  if (!valid)
    return scheduled.emitError() << "the compiled program must pass validation: "
                                 << valid.error().message;
  return std::move(*valid);
}

/// A wake of a scheduled network.
struct PlacedWake {
  int64_t chip, core;
  size_t program; ///< number of the core among those with a program
  int64_t firing; ///< before which it stands
};

void collectWakes(Block &block, int64_t &firing, PlacedWake at, std::vector<PlacedWake> &wakes) {
  for (Operation &op : block) {
    if (auto fire = dyn_cast<cim::FireOp>(op)) {
      firing += static_cast<int64_t>(fire.getTimes());
    } else if (auto wake = dyn_cast<cim::WakeOp>(op)) {
      at.chip = static_cast<int64_t>(wake.getChip());
      at.firing = firing;
      wakes.push_back(at);
    } else if (auto loop = dyn_cast<cim::LoopOp>(op)) {
      int64_t before = firing;
      collectWakes(loop.getBody().front(), firing, at, wakes);
      firing = before + (firing - before) * static_cast<int64_t>(loop.getCount());
    }
  }
}

std::vector<PlacedWake> wakesOf(ModuleOp scheduled) {
  std::vector<PlacedWake> wakes;
  size_t number = 0;
  scheduled.walk([&](cim::CoreProgramOp core) {
    int64_t firing = 0;
    collectWakes(core.getBody().front(), firing,
                 {0, static_cast<int64_t>(core.getCore()), number++, 0}, wakes);
  });
  return wakes;
}

/// A plan and what it leads to.
struct Trial {
  PowerPlan plan;
  executor::TimingReport report;
  std::vector<std::string> earlierCalls; ///< that would have chips on in time
};

class Tuner {
public:
  Tuner(ModuleOp placed, const target::Target &target, Objective objective)
      : placed(placed), objective(objective), coresPerChip(target.chip.cores),
        arraysPerChip(coresPerChip * std::max<int64_t>(target.chip.core.array.perCore, 1)) {}

  FailureOr<PowerPlan> choose() {
    for (double share : shares())
      for (const char *wake : {"send", "host"})
        consider(share, wake);
    if (objective == Objective::Throughput)
      consider(0, "none"); // inferences follow each other, so chips need not sleep
    if (best && saves())
      refine();
    if (!best) {
      for (Diagnostic &diagnostic : problems)
        placed.getContext()->getDiagEngine().emit(std::move(diagnostic));
      return failure();
    }
    if (!passedOver.empty())
      placed.emitWarning()
          << "a way to wake chips was passed over, which is a defect of the compiler: "
          << passedOver.front();
    return best->plan;
  }

private:
  llvm::ArrayRef<double> shares() const {
    bool streams = objective == Objective::Latency || objective == Objective::Throughput;
    return streams ? llvm::ArrayRef(kShares).take_front(1) : llvm::ArrayRef(kShares);
  }

  void consider(double share, const char *wake) {
    PowerPlan plan{share, {}, wake, {}};
    if (std::optional<Trial> trial = attemptWithCalls(plan))
      keep(std::move(*trial));
  }

  /// Tries a plan without calls, and with the calls that would have had chips on in time; gives the
  /// better one.
  std::optional<Trial> attemptWithCalls(const PowerPlan &plan) {
    std::optional<Trial> trial = attempt(plan);
    if (!trial || trial->earlierCalls.empty())
      return trial;
    PowerPlan early = plan;
    early.calls = trial->earlierCalls;
    std::optional<Trial> next = attempt(early);
    return next && isBetter(next->report, trial->report) ? std::move(next) : std::move(trial);
  }

  void keep(Trial trial) {
    if (!best || isBetter(trial.report, best->report))
      best = std::move(trial);
  }

  bool saves() const { return objective == Objective::Energy || objective == Objective::Edp; }

  /// From some shares for all values looks for a share of its own for each value that crosses
  /// chips, one value after the other, as long as that helps.
  void refine() {
    std::vector<int64_t> crossing = crossingStages();
    for (double share : {best->plan.share, 0.5})
      if (std::optional<Trial> start = attemptWithCalls({share, {}, best->plan.wake, {}}))
        keep(refined(std::move(*start), crossing));
  }

  Trial refined(Trial current, llvm::ArrayRef<int64_t> crossing) {
    int64_t trials = 0;
    for (bool helped = true; helped;) {
      helped = false;
      for (int64_t stage : crossing)
        for (double share : kShares) {
          PowerPlan plan = current.plan;
          plan.calls.clear();
          double &own = plan.stages.try_emplace(stage, plan.share).first->second;
          if (std::exchange(own, share) == share)
            continue;
          if (++trials > kMostTrials)
            return current;
          std::optional<Trial> next = attemptWithCalls(plan);
          if (!next || !isBetter(next->report, current.report))
            continue;
          current = std::move(*next);
          helped = true;
        }
    }
    return current;
  }

  /// Numbers of the stages whose results another chip reads.
  std::vector<int64_t> crossingStages() const {
    std::vector<int64_t> crossing;
    int64_t number = 0;
    ModuleOp module = placed; // walk is not const
    module.walk([&](cim::StageOpInterface stage) {
      std::set<int64_t> chips = chipsOf(stage);
      for (Operation *user : stage->getUsers())
        for (int64_t chip : chipsOf(user))
          chips.insert(chip);
      if (chips.size() > 1)
        crossing.push_back(number);
      ++number;
    });
    return crossing;
  }

  /// The chips that an op works on.
  std::set<int64_t> chipsOf(Operation *op) const {
    std::set<int64_t> chips;
    if (auto core = op->getAttrOfType<IntegerAttr>("core"))
      chips.insert(core.getInt() / coresPerChip);
    auto forward = dyn_cast<cim::ForwardOp>(op);
    if (!forward)
      return chips;
    auto weight = SymbolTable::lookupNearestSymbolFrom<cim::WeightOp>(op, forward.getWeightAttr());
    if (weight && weight.getTiles())
      for (auto tile : weight.getTiles()->getAsRange<cim::TileAttr>())
        chips.insert(tile.getArray() / arraysPerChip);
    return chips;
  }

  bool isBetter(const executor::TimingReport &a, const executor::TimingReport &b) const {
    double energyA = a.energy.total(), energyB = b.energy.total();
    switch (objective) {
    case Objective::Latency:
      if (std::abs(a.latencyNs - b.latencyNs) > kSameLatency * b.latencyNs)
        return a.latencyNs < b.latencyNs;
      return energyA < energyB;
    case Objective::Energy:
      return energyA < energyB;
    case Objective::Throughput:
      if (std::abs(a.intervalNs - b.intervalNs) > kSameLatency * b.intervalNs)
        return a.intervalNs < b.intervalNs;
      return a.steadyEnergy.total() < b.steadyEnergy.total();
    case Objective::Edp:
      return energyA * a.latencyNs < energyB * b.latencyNs;
    }
    return false;
  }

  /// Schedules and times a plan; nothing where that fails.
  std::optional<Trial> attempt(const PowerPlan &plan) {
    OwningOpRef<ModuleOp> copy = cast<ModuleOp>(placed->clone());
    std::vector<Diagnostic> found;
    ScopedDiagnosticHandler handler(placed.getContext(), [&](Diagnostic &diagnostic) {
      found.push_back(std::move(diagnostic));
      return success();
    });
    Trial trial{plan, {}, {}};
    bool scheduled = succeeded(runPasses(*copy, plan.pipeline()));
    if (scheduled && succeeded(measure(*copy, trial)))
      return trial;
    if (scheduled && !found.empty()) // memory is not to blame
      passedOver.push_back(found.front().str());
    if (problems.empty())
      problems = std::move(found);
    return std::nullopt;
  }

  LogicalResult measure(ModuleOp scheduled, Trial &trial) {
    std::vector<PlacedWake> wakes = wakesOf(scheduled);
    FailureOr<program::ValidatedProgram> program = programOf(scheduled);
    if (failed(program))
      return failure();
    Result<executor::TimingReport> report = executor::simulateTiming(*program);
    if (!report)
      return scheduled.emitError() << report.error().message;
    trial.report = std::move(*report);
    if (!trial.plan.calls.empty() || wakes.empty())
      return success();
    Result<std::vector<std::vector<double>>> times = executor::firingTimes(*program);
    if (!times)
      return scheduled.emitError() << times.error().message;
    double wakeNs = program->program().target.chip.gating.wakeNs;
    for (const PlacedWake &wake : wakes) {
      const std::vector<double> &core = (*times)[wake.program];
      if (wake.firing >= static_cast<int64_t>(core.size()))
        continue;
      double wanted = core[static_cast<size_t>(wake.firing)] - wakeNs;
      auto after = std::upper_bound(core.begin(), core.end(), wanted);
      int64_t firing = std::max<int64_t>(after - core.begin() - 1, 0);
      trial.earlierCalls.push_back(std::to_string(wake.chip) + ":" + std::to_string(wake.core) +
                                   ":" + std::to_string(firing));
    }
    return success();
  }

  ModuleOp placed;
  Objective objective;
  int64_t coresPerChip, arraysPerChip;
  std::optional<Trial> best;
  std::vector<Diagnostic> problems;    ///< of the first plan that failed
  std::vector<std::string> passedOver; ///< why scheduled plans led to no program
};

} // namespace

llvm::StringRef toString(Objective objective) {
  return kObjectives[static_cast<size_t>(objective)];
}

std::optional<Objective> parseObjective(llvm::StringRef name) {
  for (size_t i = 0; i < kObjectives.size(); ++i)
    if (kObjectives[i] == name)
      return static_cast<Objective>(i);
  return std::nullopt;
}

std::string PowerPlan::pipeline() const {
  std::string text;
  if (share > 0 || !stages.empty()) {
    text = "cim-hold-rows{share=" + std::to_string(share);
    const char *before = " stages=";
    for (auto [stage, part] : stages) {
      text += before + std::to_string(stage) + ":" + std::to_string(part);
      before = ",";
    }
    text += "},";
  }
  text += "cim-schedule-streams,cim-schedule-power{wake=" + wake;
  for (size_t i = 0; i < calls.size(); ++i)
    text += (i == 0 ? " calls=" : ",") + calls[i];
  return text + "}";
}

LogicalResult runPasses(ModuleOp module, llvm::StringRef pipeline) {
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  if (failed(parsePassPipeline(pipeline.trim(), manager)))
    return failure();
  return manager.run(module);
}

FailureOr<executor::TimingReport> timeScheduled(ModuleOp scheduled,
                                                const executor::TimingOptions &options) {
  FailureOr<program::ValidatedProgram> program = programOf(scheduled);
  if (failed(program))
    return failure();
  Result<executor::TimingReport> report = executor::simulateTiming(*program, options);
  if (!report)
    return scheduled.emitError() << report.error().message;
  return std::move(*report);
}

FailureOr<PowerPlan> choosePowerPlan(ModuleOp placed, Objective objective) {
  FailureOr<target::Target> target = cim::getTarget(placed);
  if (failed(target))
    return failure();
  return Tuner(placed, *target, objective).choose();
}

} // namespace cimc
