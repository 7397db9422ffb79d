//===- ValidatorReplay.cpp - One inference, without its data --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the control streams of all cores against bounded channels, with counts instead of messages.
// A core runs until its next send or receive would block, then waits until the other end of that
// channel has moved. Since sends and receives block and nothing depends on timing, one order of the
// cores stands for all: if it gets to the end, every order does, and what a firing finds in memory
// is always the same. Chips that are off are one more thing to wait for (ValidatorPower.h).
//
// On the way the replay checks what lies in memory (ValidatorRows.h) and how large sums get
// (ValidatorSums.h).
//
//===--------------------------------------------------------------------------===//

#include "ValidatorChecks.h"
#include "ValidatorPower.h"
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
  std::optional<Wake> wake;
  /// Of a send to another chip that is gated: the epoch that the core's sends there belong to.
  const std::optional<uint64_t> *epoch = nullptr;
  SumRule rule;
  std::vector<SumTracker::Stretch> stretches; ///< of the uses, if the rule is one
};

struct ChannelState {
  uint64_t count = 0;
  double bound = 0;                ///< of 32-bit integers sent so far
  std::optional<uint32_t> waiting; ///< core that waits for the other end
  ChipState *chip = nullptr;       ///< of the target
};

/// What a core waits for: its own chip, the chip that it sends to, or the other end of a channel.
struct Wait {
  enum class Kind : uint8_t { Chip, Target, Channel } kind = Kind::Chip;
  uint32_t channel = 0; ///< Target, Channel
  uint32_t chip = 0;    ///< Chip, Target
  uint64_t epoch = 0;   ///< that the chip must be on in
};

/// What all cores share.
struct Machine {
  explicit Machine(const Program &program)
      : program(program), chips(makeChips(program)), channels(program.channels.size()) {
    for (size_t i = 0; i < channels.size(); ++i) {
      const Channel &channel = program.channels[i];
      if (channel.source == kHost)
        channels[i].bound = kAnyValue;
      if (channel.target != kHost)
        channels[i].chip = &chips[program.cores[channel.target].chip];
    }
  }
  /// The other end of a channel has moved.
  void notify(uint32_t channel) {
    if (std::optional<uint32_t> core = std::exchange(channels[channel].waiting, std::nullopt))
      ready.push_back(*core);
  }
  void release(const ChipState::Released &cores) {
    ready.insert(ready.end(), cores.begin(), cores.end());
  }

  const Program &program;
  std::vector<ChipState> chips;
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
  const Wait &blockedOn() const { return waitsFor; }

private:
  struct OpenLoop {
    size_t start;
    uint32_t left;
  };

  Place place() const { return {machine.program, number, block, instruction}; }
  void addPower(Step &step, const Instruction &source);
  Result<bool> control();
  Status shutDown();
  Error leftOver() const;
  Result<bool> fire();
  Result<bool> execute(const Step &step);
  Result<bool> transfer(const Step &step);
  Result<bool> findTarget(const Step &step);
  Status missing(const RowUse &use, const RowTracker::Missing &row) const;
  Status sums(const Step &step);
  double operand(const Step &step, std::optional<uint32_t> number) const;
  Result<double> bound(const Step &step);

  Machine &machine;
  uint32_t number;
  const Core &core;
  ChipState &chip;
  RowTracker rows;
  SumTracker sumTracker;
  std::vector<std::vector<Step>> blocks;

  size_t pc = 0;
  std::vector<OpenLoop> loops;
  std::vector<uint64_t> counters; ///< r of each block
  uint32_t block = 0, instruction = 0, times = 0;
  uint64_t firing = 0; ///< of the core
  uint64_t epoch = 0;  ///< of the core's chip, as far as the core has come
  std::map<uint32_t, std::optional<uint64_t>> sendEpochs; ///< by gated chip; see Step
  Wait waitsFor;
};

} // namespace

/// Does a shutdown of the core's chip lose what is in its buffers?
static bool losesRows(const Machine &machine, const Core &core) {
  return machine.chips[core.chip].isGated() &&
         machine.program.target.chip.gating.buffers == target::Retention::Lost;
}

CoreReplay::CoreReplay(Machine &machine, uint32_t number, uint64_t &budget)
    : machine(machine), number(number), core(machine.program.cores[number]),
      chip(machine.chips[core.chip]), rows(machine.program, core, losesRows(machine, core)),
      sumTracker(machine.program, core, budget), counters(core.blocks.size()) {
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
      addPower(step, instruction);
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

/// What a wake says, and which epoch a send goes by.
void CoreReplay::addPower(Step &step, const Instruction &source) {
  auto epochOf = [&](uint32_t chip) {
    auto [entry, isNew] = sendEpochs.try_emplace(chip);
    if (isNew && machine.chips[chip].isOn(0)) // at the start: woken by the host
      entry->second = 0;
    return &entry->second;
  };
  if (auto *wake = std::get_if<Wake>(&source)) {
    step.wake = *wake;
    epochOf(wake->chip);
  } else if (auto *send = std::get_if<Send>(&source)) {
    uint32_t target = machine.program.channels[send->channel].target;
    if (target == kHost)
      return;
    uint32_t targetChip = machine.program.cores[target].chip;
    if (targetChip != core.chip && machine.chips[targetChip].isGated())
      step.epoch = epochOf(targetChip);
  }
}

//===--------------------------------------------------------------------------===//
// Control
//===--------------------------------------------------------------------------===//

/// Takes control instructions up to the next firing or the end. False if the core's chip is off
/// before that. Ends of loops do nothing that a chip must be on for.
Result<bool> CoreReplay::control() {
  for (; pc < core.control.size() && times == 0; ++pc) {
    const Instruction &now = core.control[pc];
    bool isEnd = std::holds_alternative<End>(now);
    if (!isEnd && !chip.isOn(epoch)) {
      chip.wait(epoch, number);
      waitsFor = {Wait::Kind::Chip, 0, core.chip, epoch};
      return false;
    }
    if (auto *loop = std::get_if<Loop>(&now)) {
      loops.push_back({pc, loop->count});
    } else if (auto *fire = std::get_if<Fire>(&now)) {
      block = fire->block;
      times = fire->times;
      return true;
    } else if (!isEnd) {
      if (Status status = shutDown(); !status)
        return status.error();
    } else if (--loops.back().left > 0) {
      pc = loops.back().start;
    } else {
      loops.pop_back();
    }
  }
  return true;
}

/// Ends the core's epoch, and the chip's if all other cores have ended theirs.
Status CoreReplay::shutDown() {
  if (chip.isLast() && chip.messages > 0)
    return leftOver();
  machine.release(chip.shutDownCore());
  rows.endEpoch();
  ++epoch;
  return Status::success();
}

Error CoreReplay::leftOver() const {
  const Program &program = machine.program;
  uint32_t full = 0;
  while (machine.channels[full].chip != &chip || machine.channels[full].count == 0)
    ++full;
  const Channel &channel = program.channels[full];
  return failure(Place{program, number, std::nullopt, static_cast<uint32_t>(pc)}, ": ends epoch ",
                 epoch, " of chip ", core.chip, " with ", machine.channels[full].count,
                 " messages in channel ", full, " '", channel.name, "', which core ",
                 channel.source, " sent in that epoch and core ", channel.target,
                 " has not received");
}

Status CoreReplay::run() {
  while (!done()) {
    Result<bool> on = control();
    if (!on)
      return on.error();
    if (!*on)
      return Status::success();
    while (times > 0) {
      Result<bool> finished = fire();
      if (!finished)
        return finished.error();
      if (!*finished)
        return Status::success();
      if (--times == 0)
        ++pc;
    }
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
  if (step.send || step.recv)
    if (Result<bool> went = transfer(step); !went || !*went)
      return went;
  if (step.wake) {
    machine.release(machine.chips[step.wake->chip].wake(step.wake->epoch));
    sendEpochs[step.wake->chip] = step.wake->epoch;
  }
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
Result<bool> CoreReplay::transfer(const Step &step) {
  uint32_t number = step.send ? *step.send : *step.recv;
  const Channel &channel = machine.program.channels[number];
  ChannelState &state = machine.channels[number];
  if (step.epoch)
    if (Result<bool> on = findTarget(step); !on || !*on)
      return on;
  if (step.recv && channel.source == kHost && epoch > 0)
    return failure(place(), ": receives from the host in epoch ", epoch, " of chip ", core.chip,
                   " on channel ", number, " '", channel.name, "', but the host sends for epoch 0");
  if ((step.send ? channel.target : channel.source) == kHost)
    return true;
  if (step.send ? state.count == channel.depth : state.count == 0) {
    state.waiting = this->number;
    waitsFor = {Wait::Kind::Channel, number, 0, 0};
    return false;
  }
  state.count += step.send ? 1 : -1;
  state.chip->messages += step.send ? 1 : -1;
  machine.notify(number);
  return true;
}

/// Is the chip that a message goes to on, in the epoch that the message is for?
Result<bool> CoreReplay::findTarget(const Step &step) {
  const Channel &channel = machine.program.channels[*step.send];
  uint32_t target = machine.program.cores[channel.target].chip;
  ChipState &state = machine.chips[target];
  if (!*step.epoch)
    return failure(place(), ": sends to core ", channel.target, " on chip ", target, " on channel ",
                   *step.send, " '", channel.name, "', but core ", number,
                   " has not woken that chip before, nor does the host wake it for epoch 0");
  uint64_t wanted = **step.epoch;
  if (wanted < state.currentEpoch())
    return failure(place(), ": sends for epoch ", wanted, " of chip ", target, " on channel ",
                   *step.send, " '", channel.name, "', but core ", channel.target,
                   " does not receive the message in that epoch; the chip is in epoch ",
                   state.currentEpoch());
  if (state.isOn(wanted))
    return true;
  state.wait(wanted, number);
  waitsFor = {Wait::Kind::Target, *step.send, target, wanted};
  return false;
}

Status CoreReplay::missing(const RowUse &use, const RowTracker::Missing &row) const {
  std::ostringstream found;
  if (row.found == RowTracker::kNothing)
    found << "nothing was written there yet";
  else if (row.found == RowTracker::kOverwritten)
    found << "another buffer was written over it";
  else if (row.found == RowTracker::kLost)
    found << "it was written in epoch " << row.epoch << " of chip " << core.chip
          << " and lost when the chip shut down, which is in epoch " << epoch << " now";
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

/// Says what core `number` waits for.
static void describeWait(std::ostream &os, const Machine &machine, uint32_t number,
                         const Wait &wait) {
  os << "core " << number << " waits ";
  if (wait.kind != Wait::Kind::Chip) {
    const Channel &channel = machine.program.channels[wait.channel];
    bool sends = channel.source == number;
    os << "to " << (sends ? "send to core " : "receive from core ")
       << (sends ? channel.target : channel.source) << " on channel " << wait.channel << " '"
       << channel.name << "', ";
    if (wait.kind == Wait::Kind::Channel) {
      os << "which is " << (sends ? "full" : "empty");
      return;
    }
  }
  os << "for chip " << wait.chip;
  uint64_t current = machine.chips[wait.chip].currentEpoch();
  if (current == wait.epoch)
    os << " to be woken for epoch " << wait.epoch;
  else
    os << " to end epoch " << current << ", for epoch " << wait.epoch;
}

/// Names the cores that wait and what for.
static Error deadlock(const Machine &machine, const std::vector<CoreReplay> &cores) {
  std::ostringstream text;
  size_t waiting = 0;
  for (uint32_t i = 0; i < cores.size(); ++i) {
    if (cores[i].done() || ++waiting > 8)
      continue;
    text << (waiting > 1 ? "; " : "");
    describeWait(text, machine, i, cores[i].blockedOn());
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
  return deadlock(machine, cores);
}
