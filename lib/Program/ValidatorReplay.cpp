//===- ValidatorReplay.cpp - One inference, without its data --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the control streams of all cores against bounded channels, with counts instead of messages.
// A core runs until its next send or receive would block, then waits until the other end of that
// channel has moved. Since sends and receives block and nothing depends on timing, one order of the
// cores stands for all: if it gets to the end, every order does, and what a firing finds in memory
// is always the same.
//
// On the way the replay checks what lies in memory (ValidatorRows.h) and how large sums get
// (ValidatorSums.h).
//
//===--------------------------------------------------------------------------===//

#include "ValidatorChecks.h"
#include "ValidatorSums.h"

#include <algorithm>
#include <deque>

using namespace cimc;
using namespace cimc::program;

namespace {

/// An instruction of a block in the form that the replay runs.
struct Step {
  std::vector<RowUse> uses;
  std::optional<uint32_t> send, recv; ///< channel
  SumRule rule;
  std::vector<SumTracker::Stretch> stretches; ///< of the uses, if the rule is one
};

struct ChannelState {
  uint64_t count = 0;
  double bound = 0;                ///< of 32-bit integers sent so far
  std::optional<uint32_t> waiting; ///< core that waits for the other end
};

/// What all cores share.
struct Machine {
  explicit Machine(const Program &program) : program(program), channels(program.channels.size()) {
    for (size_t i = 0; i < channels.size(); ++i)
      if (program.channels[i].source == kHost)
        channels[i].bound = kAnyValue;
  }
  void wake(uint32_t channel) {
    if (std::optional<uint32_t> core = std::exchange(channels[channel].waiting, std::nullopt))
      ready.push_back(*core);
  }

  const Program &program;
  std::vector<ChannelState> channels;
  std::deque<uint32_t> ready;
};

/// One core: where it is in its control stream, and what is in its memory.
class CoreReplay {
public:
  CoreReplay(Machine &machine, uint32_t number, uint64_t &budget);

  /// Runs until the core blocks or ends.
  Status run();
  bool done() const { return pc == core.control.size(); }
  /// Requires: the core is blocked.
  uint32_t blockedOn() const { return waitsFor; }

private:
  struct OpenLoop {
    size_t start;
    uint32_t left;
  };

  Place place() const { return {machine.program, number, block, instruction}; }
  void control();
  Result<bool> fire();
  Result<bool> execute(const Step &step);
  bool transfer(const Step &step);
  Status missing(const RowUse &use, const RowTracker::Missing &row) const;
  Status sums(const Step &step);
  double operand(const Step &step, std::optional<uint32_t> number) const;
  Result<double> bound(const Step &step);

  Machine &machine;
  uint32_t number;
  const Core &core;
  RowTracker rows;
  SumTracker sumTracker;
  std::vector<std::vector<Step>> blocks;

  size_t pc = 0;
  std::vector<OpenLoop> loops;
  std::vector<uint64_t> counters; ///< r of each block
  uint32_t block = 0, instruction = 0, times = 0;
  uint64_t firing = 0; ///< of the core
  uint32_t waitsFor = 0;
};

} // namespace

CoreReplay::CoreReplay(Machine &machine, uint32_t number, uint64_t &budget)
    : machine(machine), number(number), core(machine.program.cores[number]),
      rows(machine.program, core), sumTracker(machine.program, core, budget),
      counters(core.blocks.size()) {
  for (const Block &source : core.blocks) {
    std::vector<Step> &steps = blocks.emplace_back();
    for (const Instruction &instruction : source.instructions) {
      Step &step = steps.emplace_back();
      std::vector<Access> accesses = accessesOf(machine.program, instruction);
      bool integers = false;
      for (const Access &access : accesses) {
        step.uses.emplace_back(access, core.buffers[access.buffer()].rows);
        integers = integers || sumTracker.holdsSums(access.buffer());
      }
      if (auto *send = std::get_if<Send>(&instruction))
        step.send = send->channel;
      if (auto *recv = std::get_if<Recv>(&instruction))
        step.recv = recv->channel;
      if (!integers && !step.send)
        continue;
      step.rule = sumRuleOf(machine.program, core, instruction);
      for (const Access &access : accesses)
        step.stretches.push_back(sumTracker.stretchOf(access));
    }
  }
}

//===--------------------------------------------------------------------------===//
// Control
//===--------------------------------------------------------------------------===//

/// Takes control instructions up to the next firing or the end.
void CoreReplay::control() {
  for (; pc < core.control.size() && times == 0; ++pc) {
    const Instruction &now = core.control[pc];
    if (auto *loop = std::get_if<Loop>(&now)) {
      loops.push_back({pc, loop->count});
    } else if (auto *fire = std::get_if<Fire>(&now)) {
      block = fire->block;
      times = fire->times;
      return;
    } else if (std::holds_alternative<Shutdown>(now)) {
      continue;
    } else if (--loops.back().left > 0) {
      pc = loops.back().start;
    } else {
      loops.pop_back();
    }
  }
}

Status CoreReplay::run() {
  for (control(); times > 0; control()) {
    Result<bool> finished = fire();
    if (!finished)
      return finished.error();
    if (!*finished)
      return Status::success();
    if (--times == 0)
      ++pc;
  }
  return Status::success();
}

/// Executes what is left of a firing. False if the core blocks.
Result<bool> CoreReplay::fire() {
  const std::vector<Step> &steps = blocks[block];
  for (; instruction < steps.size(); ++instruction) {
    Result<bool> went = execute(steps[instruction]);
    if (!went || !*went)
      return went;
  }
  instruction = 0;
  ++counters[block];
  ++firing;
  return true;
}

//===--------------------------------------------------------------------------===//
// Instructions
//===--------------------------------------------------------------------------===//

Result<bool> CoreReplay::execute(const Step &step) {
  if ((step.send || step.recv) && !transfer(step))
    return false;
  uint64_t r = counters[block];
  for (const RowUse &use : step.uses)
    if (use.reads())
      if (std::optional<RowTracker::Missing> row = rows.findMissing(use, r))
        return missing(use, *row).error();
  if (step.rule.kind != SumRule::Kind::None)
    if (Status status = sums(step); !status)
      return status.error();
  for (const RowUse &use : step.uses)
    if (use.writes())
      rows.write(use, r);
  return true;
}

/// Moves a message into or out of its channel. False if that blocks. The host never blocks: it
/// sends rows as they are wanted and takes them as they come.
bool CoreReplay::transfer(const Step &step) {
  uint32_t number = step.send ? *step.send : *step.recv;
  const Channel &channel = machine.program.channels[number];
  ChannelState &state = machine.channels[number];
  if ((step.send ? channel.target : channel.source) == kHost)
    return true;
  if (step.send ? state.count == channel.depth : state.count == 0) {
    state.waiting = this->number;
    waitsFor = number;
    return false;
  }
  state.count += step.send ? 1 : -1;
  machine.wake(number);
  return true;
}

Status CoreReplay::missing(const RowUse &use, const RowTracker::Missing &row) const {
  std::ostringstream found;
  if (row.found == RowTracker::kNothing)
    found << "nothing was written there yet";
  else if (row.found == RowTracker::kOverwritten)
    found << "another buffer was written over it";
  else
    found << "row " << row.found << " is in its place";
  return failure(place(), ": firing ", counters[block], " reads row ", row.row, " of buffer '",
                 core.buffers[use.buffer].name, "', but ", found.str());
}

double CoreReplay::operand(const Step &step, std::optional<uint32_t> number) const {
  return number ? sumTracker.get(step.uses[*number], step.stretches[*number], counters[block]) : 0;
}

/// The bound of what an instruction writes or sends.
Result<double> CoreReplay::bound(const Step &step) {
  using Kind = SumRule::Kind;
  const SumRule &rule = step.rule;
  double a = operand(step, rule.a), b = operand(step, rule.b),
         old = rule.accumulate ? operand(step, rule.dst) : 0;
  double result = kAnyValue;
  switch (rule.kind) {
  case Kind::Constant:
    result = rule.factor + old;
    break;
  case Kind::Scale:
    result = rule.factor * a + old;
    break;
  case Kind::Add:
    result = a + b;
    break;
  case Kind::Bias:
    result = a;
    break;
  case Kind::Multiply:
    result = a == 0 || b == 0 ? 0 : a * b;
    break;
  case Kind::Max:
    result = std::max({a, b, old});
    break;
  case Kind::Send:
    return a;
  case Kind::Receive:
    return machine.channels[*step.recv].bound;
  case Kind::None:
  case Kind::Unknown:
    return kAnyValue;
  }
  if (result == kAnyValue && rule.mustBeKnown)
    return failure(place(), ": adds to 32-bit integers of unknown range, so the sum may overflow");
  if (result != kAnyValue && result > INT32_MAX)
    return failure(place(), ": firing ", counters[block], " forms sums of up to ",
                   static_cast<uint64_t>(result), ", which overflow 32 bits");
  return result;
}

Status CoreReplay::sums(const Step &step) {
  Result<double> result = bound(step);
  if (!result)
    return result.error();
  double value = step.rule.kind == SumRule::Kind::Bias ? kAnyValue : *result;
  if (step.send)
    machine.channels[*step.send].bound = std::max(machine.channels[*step.send].bound, value);
  if (step.rule.dst)
    sumTracker.set(step.uses[*step.rule.dst], step.stretches[*step.rule.dst], counters[block],
                   value, firing);
  return Status::success();
}

//===--------------------------------------------------------------------------===//
// All cores
//===--------------------------------------------------------------------------===//

/// Names the cores that wait and what for.
static Error deadlock(const Program &program, const std::vector<CoreReplay> &cores) {
  std::ostringstream text;
  size_t waiting = 0;
  for (size_t i = 0; i < cores.size(); ++i) {
    if (cores[i].done() || ++waiting > 8)
      continue;
    const Channel &channel = program.channels[cores[i].blockedOn()];
    bool sends = channel.source == i;
    text << (waiting > 1 ? "; " : "") << "core " << i << " waits to "
         << (sends ? "send to core " : "receive from core ")
         << (sends ? channel.target : channel.source) << " on channel " << cores[i].blockedOn()
         << " '" << channel.name << "', which is " << (sends ? "full" : "empty");
  }
  return failure("deadlock of ", waiting, " cores: ", text.str(),
                 waiting > 8 ? "; and others" : "");
}

Status program::replay(const Program &program) {
  /// Stretches of memory whose sums are told apart; see SumTracker.
  uint64_t budget = 1u << 24;
  Machine machine(program);
  std::vector<CoreReplay> cores;
  cores.reserve(program.cores.size());
  for (uint32_t i = 0; i < program.cores.size(); ++i) {
    cores.emplace_back(machine, i, budget);
    machine.ready.push_back(i);
  }
  while (!machine.ready.empty()) {
    uint32_t core = machine.ready.front();
    machine.ready.pop_front();
    if (Status status = cores[core].run(); !status)
      return status;
  }
  if (std::all_of(cores.begin(), cores.end(), [](const CoreReplay &core) { return core.done(); }))
    return Status::success();
  return deadlock(program, cores);
}
