//===- SchedulePower.cpp - When chips wake and shut down ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every chip is on for one epoch of an inference: from its wake, which some core of another chip or
// the host asks for, to the shutdown at the end of its cores' programs. A core that sends to a chip
// asks for it itself before its first message, so the order of wake and messages needs no other
// core; where another core has asked before, that is free. Which firing is the last before which a
// wake may stand follows from the stage graph; earlier places are the caller's choice.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Dialect/Cim/Transforms/StageGraph.h"

#include "llvm/ADT/SmallSet.h"

#include <map>
#include <set>

using namespace mlir;

namespace cimc::cim {
#define GEN_PASS_DEF_SCHEDULEPOWER
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"
} // namespace cimc::cim

using namespace cimc::cim;

namespace {

/// A wake that a core asks for before one of its firings.
struct Call {
  int64_t chip = 0, core = 0, firing = 0;
};

std::optional<Call> parseCall(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef> words;
  text.split(words, ':');
  Call call;
  int64_t *fields[] = {&call.chip, &call.core, &call.firing};
  if (words.size() != std::size(fields))
    return std::nullopt;
  for (auto [word, field] : llvm::zip_equal(words, fields))
    if (word.getAsInteger(10, *field) || *field < 0)
      return std::nullopt;
  return call;
}

int64_t countFirings(Block &block) {
  int64_t count = 0;
  for (Operation &op : block) {
    if (auto fire = dyn_cast<FireOp>(op))
      count += static_cast<int64_t>(fire.getTimes());
    else if (auto loop = dyn_cast<LoopOp>(op))
      count += static_cast<int64_t>(loop.getCount()) * countFirings(loop.getBody().front());
  }
  return count;
}

/// The number of the first firing of one of `stages`, counted from the start of `block`.
std::optional<int64_t> firstFiring(Block &block, const llvm::SmallSet<int64_t, 4> &stages) {
  int64_t before = 0;
  for (Operation &op : block) {
    if (auto fire = dyn_cast<FireOp>(op)) {
      if (stages.contains(static_cast<int64_t>(fire.getStage())))
        return before;
      before += static_cast<int64_t>(fire.getTimes());
    } else if (auto loop = dyn_cast<LoopOp>(op)) {
      if (std::optional<int64_t> inside = firstFiring(loop.getBody().front(), stages))
        return before + *inside;
      before += static_cast<int64_t>(loop.getCount()) * countFirings(loop.getBody().front());
    }
  }
  return std::nullopt;
}

/// Cuts a run or loop before turn number `turn`, so that a place between its turns is one between
/// ops. With `open` that turn is written out too.
void cutBefore(Operation &op, int64_t turn, bool open) {
  OpBuilder builder(&op);
  auto fire = dyn_cast<FireOp>(op);
  auto loop = dyn_cast<LoopOp>(op);
  int64_t turns = static_cast<int64_t>(fire ? fire.getTimes() : loop.getCount());
  auto copy = [&](int64_t count) {
    if (count == 0)
      return;
    Operation *part = builder.clone(op);
    if (fire)
      cast<FireOp>(part).setTimes(count);
    else
      cast<LoopOp>(part).setCount(count);
  };
  copy(turn);
  if (open)
    for (Operation &inner : loop.getBody().front())
      builder.clone(inner);
  copy(turns - turn - (open ? 1 : 0));
  op.erase();
}

/// Puts what `make` makes before firing number `firing` of `block`, or at its end.
void insertBefore(Block &block, int64_t firing, llvm::function_ref<void(OpBuilder &)> make) {
  int64_t before = 0;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!mlir::isa<FireOp, LoopOp>(op))
      continue;
    OpBuilder builder(&op);
    if (firing == before)
      return make(builder);
    auto loop = dyn_cast<LoopOp>(op);
    int64_t perTurn = loop ? countFirings(loop.getBody().front()) : 1;
    int64_t turns = static_cast<int64_t>(loop ? loop.getCount() : cast<FireOp>(op).getTimes());
    if (firing >= before + turns * perTurn) {
      before += turns * perTurn;
      continue;
    }
    cutBefore(op, (firing - before) / perTurn, (firing - before) % perTurn != 0);
    return insertBefore(block, firing, make);
  }
  OpBuilder builder = OpBuilder::atBlockEnd(&block);
  make(builder);
}

struct SchedulePowerPass : cimc::cim::impl::SchedulePowerBase<SchedulePowerPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<cimc::target::Target> found = cimc::cim::getTarget(module);
    if (failed(found))
      return signalPassFailure();
    chipCores = found->chip.cores;
    auto schedules = llvm::to_vector(module.getOps<ScheduleOp>());
    if (schedules.size() != 1) {
      module.emitError() << "the module must hold one schedule, it holds " << schedules.size();
      return signalPassFailure();
    }
    schedule = schedules.front();
    if (!llvm::is_contained({"host", "send", "none"}, llvm::StringRef(wake))) {
      schedule.emitOpError() << "wake must be host, send or none, is '" << wake << "'";
      return signalPassFailure();
    }
    clear();
    if (wake == "none")
      return;
    auto function = module.lookupSymbol<func::FuncOp>(schedule.getFunction());
    if (!function) {
      schedule.emitOpError("schedules an unknown function '") << schedule.getFunction() << "'";
      return signalPassFailure();
    }
    FailureOr<StageGraph> graph = buildStageGraph(function, *found);
    if (failed(graph))
      return signalPassFailure();
    collect(*graph);
    chooseHostWakes();
    if (failed(readCalls()))
      return signalPassFailure();
    write();
  }

private:
  int64_t chipOf(int64_t core) const { return core / chipCores; }

  /// Takes earlier wakes and shutdowns away.
  void clear() {
    schedule.removeHostWakesAttr();
    schedule.walk([](Operation *op) {
      if (isa<WakeOp, ShutdownOp>(op))
        op->erase();
    });
    programs.clear();
    for (auto program : schedule.getBody().front().getOps<CoreProgramOp>())
      programs[static_cast<int64_t>(program.getCore())] = program;
  }

  /// Which stages of a core send to which other chips, and which chips the host feeds.
  void collect(const StageGraph &graph) {
    senders.clear();
    hostChips.clear();
    for (auto [number, stage] : llvm::enumerate(graph.stages))
      for (const Part &part : stage.outputs)
        for (int64_t receiver : graph.receiversOf(part.stream)) {
          int64_t core = graph.stages[static_cast<size_t>(receiver)].core;
          if (core < 0)
            continue; // the host
          if (stage.core < 0)
            hostChips.insert(chipOf(core));
          else if (chipOf(core) != chipOf(stage.core))
            senders[{chipOf(core), stage.core}].insert(static_cast<int64_t>(number));
        }
  }

  void chooseHostWakes() {
    for (auto &[core, program] : programs) {
      int64_t chip = chipOf(core);
      bool isSentTo = llvm::any_of(senders, [&](auto &entry) { return entry.first.first == chip; });
      if (wake == "host" || !isSentTo)
        hostChips.insert(chip);
    }
  }

  /// The calls of the option, by chip and core.
  LogicalResult readCalls() {
    earlier.clear();
    for (const std::string &text : calls) {
      std::optional<Call> call = parseCall(text);
      if (!call)
        return schedule.emitOpError() << "calls are CHIP:CORE:FIRING, got '" << text << "'";
      auto program = programs.find(call->core);
      if (program == programs.end())
        return schedule.emitOpError()
               << "call '" << text << "' names core " << call->core << ", which has no program";
      if (llvm::none_of(programs, [&](auto &entry) { return chipOf(entry.first) == call->chip; }))
        return schedule.emitOpError()
               << "call '" << text << "' wakes chip " << call->chip << ", which has no program";
      int64_t firings = countFirings(program->second.getBody().front());
      if (call->firing >= firings)
        return schedule.emitOpError() << "call '" << text << "' names firing " << call->firing
                                      << ", core " << call->core << " has " << firings;
      auto [place, isNew] = earlier.try_emplace({call->chip, call->core}, call->firing);
      if (!isNew)
        place->second = std::min(place->second, call->firing);
    }
    return success();
  }

  void write() {
    Builder builder(&getContext());
    schedule.setHostWakesAttr(
        builder.getDenseI64ArrayAttr(SmallVector<int64_t>(hostChips.begin(), hostChips.end())));
    std::map<std::pair<int64_t, int64_t>, int64_t> wakes = earlier;
    for (auto &[ends, stages] : senders) {
      std::optional<int64_t> first =
          firstFiring(programs.at(ends.second).getBody().front(), stages);
      if (!first)
        continue;
      auto [place, isNew] = wakes.try_emplace(ends, *first);
      if (!isNew)
        place->second = std::min(place->second, *first);
    }
    for (auto [ends, firing] : wakes) {
      auto [chip, core] = ends;
      if (hostChips.contains(chip))
        continue;
      CoreProgramOp program = programs.at(core);
      insertBefore(program.getBody().front(), firing, [&, chip = chip](OpBuilder &at) {
        WakeOp::create(at, program.getLoc(), chip);
        ++numWakes;
      });
    }
    for (auto &[core, program] : programs) {
      OpBuilder end = OpBuilder::atBlockEnd(&program.getBody().front());
      ShutdownOp::create(end, program.getLoc());
    }
  }

  int64_t chipCores = 1;
  ScheduleOp schedule;
  std::map<int64_t, CoreProgramOp> programs; ///< by core
  /// By chip and core of another chip: the stages of the core that send to the chip.
  std::map<std::pair<int64_t, int64_t>, llvm::SmallSet<int64_t, 4>> senders;
  std::map<std::pair<int64_t, int64_t>, int64_t> earlier; ///< firing, by chip and core
  std::set<int64_t> hostChips;
};

} // namespace
