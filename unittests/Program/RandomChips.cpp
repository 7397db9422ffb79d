//===- RandomChips.cpp - Programs on chips that are woken -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See RandomChips.h.
//
//===--------------------------------------------------------------------------===//

#include "RandomChips.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

using namespace cimc;
using namespace cimc::program;
using cimc::program::testing::Generator;

static constexpr uint32_t kBytes = 8;
static const Row kRow{0, 0, 1, 0, 0};

//===--------------------------------------------------------------------------===//
// Programs that may run
//===--------------------------------------------------------------------------===//

namespace {
class Maker {
public:
  explicit Maker(Generator &random) : random(random) {}

  Program make() {
    addChips();
    stream(true, hostCore, 1 + random.below(3));
    for (uint64_t left = 5 + random.below(40); left > 0; --left)
      step();
    for (uint32_t chip = 0; chip < chips.size(); ++chip)
      if (chips[chip].gated && chips[chip].epoch == 0 && !chips[chip].on)
        wake(anyCore(), chip);
    stream(false, anyCore(), 1 + random.below(3));
    for (uint32_t chip = 0; chip < chips.size(); ++chip)
      while (chips[chip].gated && chips[chip].on)
        shutDown(chip);
    for (uint32_t core = 0; core < program.cores.size(); ++core)
      closeBlock(core);
    return std::move(program);
  }

private:
  struct Chip {
    bool gated = false, on = true, staysOn = false;
    uint32_t epoch = 0;
    std::vector<uint32_t> cores;
  };

  void addChips() {
    program.name = "chips";
    program.target.name = "chips";
    program.target.chip.core.array.readModes = {{1, 100.0, 5.0}};
    program.target.chip.cores = program.target.chip.gridColumns = 3;
    chips.resize(2 + random.below(4));
    program.target.chips = static_cast<uint32_t>(chips.size());
    for (uint32_t number = 0; number < chips.size(); ++number) {
      Chip &chip = chips[number];
      chip.gated = random.below(4) > 0;
      for (uint32_t index = 0, count = 1 + random.below(3); index < count; ++index) {
        chip.cores.push_back(static_cast<uint32_t>(program.cores.size()));
        program.cores.push_back({number, index, 64, {{"x", 0, kBytes, 1, {}, 0}}, {}, {}});
      }
      chip.on = !chip.gated || number == 0 || random.below(4) == 0;
      if (chip.gated && chip.on)
        program.hostWakes.push_back(number);
    }
    hostCore = chips[0].cores[0];
    code.resize(program.cores.size());
    woken.resize(program.cores.size());
  }

  uint32_t chipOf(uint32_t core) const { return program.cores[core].chip; }
  /// A core of a chip that is on. There always is one.
  uint32_t anyCore() {
    for (;;)
      if (auto core = static_cast<uint32_t>(random.below(program.cores.size()));
          chips[chipOf(core)].on)
        return core;
  }

  void step() {
    auto chip = static_cast<uint32_t>(random.below(chips.size()));
    auto target = static_cast<uint32_t>(random.below(program.cores.size()));
    auto onChips = std::count_if(chips.begin(), chips.end(), [](const Chip &c) { return c.on; });
    switch (random.below(8)) {
    case 0:
      if (chips[chip].gated && chips[chip].on && onChips > 1)
        shutDown(chip);
      break;
    case 1:
      if (chips[chip].gated && !chips[chip].on)
        wake(anyCore(), chip);
      break;
    case 2: // before it is needed
      if (chips[chip].gated && chips[chip].on) {
        add(anyCore(), Wake{chip, chips[chip].epoch + 1}, chip);
        chips[chip].staysOn = true;
      }
      break;
    default:
      if (uint32_t source = anyCore(); source != target)
        transfer(source, target);
    }
  }

  void wake(uint32_t core, uint32_t chip) {
    add(core, Wake{chip, chips[chip].epoch}, chip);
    chips[chip].on = true;
  }

  void add(uint32_t core, const Wake &wake, uint32_t chip) {
    code[core].push_back(wake);
    woken[core][chip] = wake.epoch;
  }

  void transfer(uint32_t source, uint32_t target) {
    uint32_t chip = chipOf(target);
    if (chip != chipOf(source) && chips[chip].gated) {
      bool byHost = std::count(program.hostWakes.begin(), program.hostWakes.end(), chip) > 0;
      auto known = woken[source].find(chip);
      bool right = known == woken[source].end() ? byHost && chips[chip].epoch == 0
                                                : known->second == chips[chip].epoch;
      if (!right || !chips[chip].on)
        wake(source, chip);
    }
    auto number = static_cast<uint32_t>(program.channels.size());
    auto [channel, isNew] = channels.try_emplace({source, target}, number);
    if (isNew)
      program.channels.push_back(
          {"c", source, target, kBytes, 1 + static_cast<uint32_t>(random.below(3))});
    code[source].push_back(Fill{Format::I8, kRow, kBytes, 1});
    code[source].push_back(Send{channel->second, kRow, 1, kBytes, kBytes});
    code[target].push_back(Recv{channel->second, kRow, 1, kBytes, kBytes});
    if (random.below(2))
      closeBlock(target);
  }

  void shutDown(uint32_t number) {
    Chip &chip = chips[number];
    for (uint32_t core : chip.cores) {
      closeBlock(core);
      program.cores[core].control.push_back(Shutdown{});
    }
    ++chip.epoch;
    chip.on = std::exchange(chip.staysOn, false);
  }

  void closeBlock(uint32_t core) {
    if (code[core].empty())
      return;
    auto block = static_cast<uint32_t>(program.cores[core].blocks.size());
    program.cores[core].blocks.push_back({"b", std::exchange(code[core], {})});
    program.cores[core].control.push_back(Fire{block, 1});
  }

  void stream(bool isInput, uint32_t core, uint64_t rows) {
    auto channel = static_cast<uint32_t>(program.channels.size());
    program.channels.push_back({"h", isInput ? kHost : core, isInput ? core : kHost, kBytes, 1});
    program.streams.push_back({isInput ? "x" : "y",
                               isInput,
                               Format::I8,
                               {static_cast<int64_t>(rows), kBytes},
                               static_cast<uint32_t>(rows),
                               kBytes,
                               {1, 1, 1, kBytes},
                               {0, 0, 0, 1},
                               {static_cast<int32_t>(channel)},
                               false});
    for (; rows > 0; --rows)
      if (isInput)
        code[core].push_back(Recv{channel, kRow, 1, kBytes, kBytes});
      else
        code[core].insert(code[core].end(), {Fill{Format::I8, kRow, kBytes, 2},
                                             Send{channel, kRow, 1, kBytes, kBytes}});
  }

  Generator &random;
  Program program;
  std::vector<Chip> chips;
  uint32_t hostCore = 0;
  std::vector<std::vector<Instruction>> code;      ///< of the block that is open, by core
  std::vector<std::map<uint32_t, uint32_t>> woken; ///< by core and chip: the last epoch
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> channels; ///< by ends
};
} // namespace

Program cimc::program::testing::randomChips(Generator &random) { return Maker(random).make(); }

//===--------------------------------------------------------------------------===//
// Ways to spoil them
//===--------------------------------------------------------------------------===//

/// A random element, or null.
template <class T> static T *pick(std::vector<T> &elements, Generator &random) {
  return elements.empty() ? nullptr : &elements[random.below(elements.size())];
}

/// Exchanges two neighbours.
static void swapNeighbours(std::vector<Instruction> &code, Generator &random) {
  if (code.size() > 1)
    if (size_t at = random.below(code.size() - 1); true)
      std::swap(code[at], code[at + 1]);
}

/// Drops or changes one of the program's wakes.
static void spoilWake(Program &program, Generator &random) {
  std::vector<std::pair<std::vector<Instruction> *, std::ptrdiff_t>> wakes;
  for (Core &core : program.cores)
    for (Block &block : core.blocks)
      for (size_t i = 0; i < block.instructions.size(); ++i)
        if (std::holds_alternative<Wake>(block.instructions[i]))
          wakes.emplace_back(&block.instructions, static_cast<std::ptrdiff_t>(i));
  if (wakes.empty())
    return;
  auto [code, at] = *pick(wakes, random);
  Wake &wake = std::get<Wake>(*(code->begin() + at));
  if (random.below(2) == 0)
    code->erase(code->begin() + at);
  else if (random.below(4) == 0)
    wake.chip = static_cast<uint32_t>(random.below(program.target.chips));
  else
    wake.epoch += random.below(2) || wake.epoch == 0 ? 1 : -1;
}

void cimc::program::testing::spoilPower(Program &program, Generator &random) {
  Core &core = *pick(program.cores, random);
  Block *block = pick(core.blocks, random);
  auto chip = static_cast<uint32_t>(random.below(program.target.chips));
  switch (random.below(7)) {
  case 0:
  case 1:
    spoilWake(program, random);
    break;
  case 2:
    if (block)
      swapNeighbours(block->instructions, random);
    break;
  case 3:
    swapNeighbours(core.control, random);
    break;
  case 4:
    if (std::erase(program.hostWakes, chip) == 0)
      program.hostWakes.push_back(chip);
    break;
  case 5:
    pick(program.channels, random)->depth = 1 + static_cast<uint32_t>(random.below(3));
    break;
  case 6:
    if (block)
      block->instructions.insert(block->instructions.begin(),
                                 Wake{chip, static_cast<uint32_t>(random.below(3))});
    break;
  }
}

//===--------------------------------------------------------------------------===//
// The judge
//===--------------------------------------------------------------------------===//

namespace {
class Judge {
public:
  explicit Judge(const Program &program)
      : program(program), cores(program.cores.size()), queues(program.channels.size()) {
    for (size_t i = 0; i < cores.size(); ++i) {
      unroll(program.cores[i].control, 0, program.cores[i], cores[i].code);
      for (const Instruction &instruction : cores[i].code)
        if (std::holds_alternative<Shutdown>(instruction))
          chips[program.cores[i].chip].gated = true;
    }
    for (uint32_t chip : program.hostWakes)
      chips[chip].woken.insert(0);
  }

  std::string run(Generator &random) {
    std::vector<size_t> order;
    for (size_t i = 0; i < cores.size(); ++i)
      if (!cores[i].code.empty())
        order.push_back(i);
    while (!order.empty() && problem.empty()) {
      // The first that can go, in an order that is new each time.
      bool went = false;
      for (size_t left = order.size(); left > 0 && !went && problem.empty(); --left) {
        std::swap(order[left - 1], order[random.below(left)]);
        went = step(order[left - 1]);
        if (went && cores[order[left - 1]].next == cores[order[left - 1]].code.size())
          order.erase(order.begin() + static_cast<std::ptrdiff_t>(left - 1));
      }
      if (!went && problem.empty())
        problem = "no core can go on";
    }
    return problem;
  }

private:
  struct CoreState {
    std::vector<Instruction> code; ///< of the whole inference
    size_t next = 0;
    uint32_t epoch = 0;
    std::map<uint32_t, uint32_t> wakes; ///< by chip: the last epoch
  };
  struct ChipState {
    bool gated = false;
    uint32_t epoch = 0;
    std::set<uint32_t> woken;
    bool on() const { return !gated || woken.contains(epoch); }
  };

  /// Appends what the loop body from `at` on executes once; gives where its end stands.
  static size_t unroll(const std::vector<Instruction> &control, size_t at, const Core &core,
                       std::vector<Instruction> &out) {
    for (; at < control.size() && !std::holds_alternative<End>(control[at]); ++at) {
      if (auto *loop = std::get_if<Loop>(&control[at])) {
        size_t end = at;
        for (uint32_t i = 0; i < loop->count; ++i)
          end = unroll(control, at + 1, core, out);
        at = end;
      } else if (auto *fire = std::get_if<Fire>(&control[at])) {
        for (uint32_t i = 0; i < fire->times; ++i)
          out.insert(out.end(), core.blocks[fire->block].instructions.begin(),
                     core.blocks[fire->block].instructions.end());
      } else {
        out.push_back(control[at]);
      }
    }
    return at;
  }

  /// Executes the next instruction of a core. False if it cannot yet, or must not.
  bool step(size_t number) {
    CoreState &core = cores[number];
    ChipState &chip = chips[program.cores[number].chip];
    if (!chip.on() || (chip.gated && core.epoch != chip.epoch))
      return false;
    const Instruction &now = core.code[core.next];
    bool went = true;
    if (auto *send = std::get_if<Send>(&now))
      went = this->send(number, send->channel);
    else if (auto *recv = std::get_if<Recv>(&now))
      went = receive(core, recv->channel);
    else if (auto *wake = std::get_if<Wake>(&now))
      chips[wake->chip].woken.insert(core.wakes[wake->chip] = wake->epoch);
    else if (std::holds_alternative<Shutdown>(now))
      shutDown(core, program.cores[number].chip);
    core.next += went;
    return went;
  }

  bool send(size_t number, uint32_t channel) {
    uint32_t target = program.channels[channel].target;
    if (target == kHost)
      return true;
    uint32_t number2 = program.cores[target].chip;
    ChipState &chip = chips[number2];
    uint32_t epoch = chip.epoch;
    if (number2 != program.cores[number].chip && chip.gated) {
      auto wake = cores[number].wakes.find(number2);
      bool byHost = std::count(program.hostWakes.begin(), program.hostWakes.end(), number2) > 0;
      if (wake == cores[number].wakes.end() && !byHost)
        problem = "a send without a wake";
      epoch = wake == cores[number].wakes.end() ? 0 : wake->second;
      if (epoch < chip.epoch)
        problem = "a message for an epoch that is over";
      if (!problem.empty() || epoch != chip.epoch || !chip.on())
        return false;
    }
    if (queues[channel].size() == program.channels[channel].depth)
      return false;
    queues[channel].push_back(epoch);
    return true;
  }

  bool receive(CoreState &core, uint32_t channel) {
    if (program.channels[channel].source == kHost) {
      if (core.epoch > 0)
        problem = "a message of the host in a later epoch";
      return problem.empty();
    }
    std::deque<uint32_t> &queue = queues[channel];
    if (queue.empty())
      return false;
    if (queue.front() != core.epoch)
      problem = "a message in another epoch than it was sent for";
    queue.pop_front();
    return problem.empty();
  }

  void shutDown(CoreState &core, uint32_t number) {
    ++core.epoch;
    ChipState &chip = chips[number];
    for (size_t i = 0; i < cores.size(); ++i)
      if (program.cores[i].chip == number && cores[i].epoch == chip.epoch)
        return;
    for (size_t i = 0; i < queues.size(); ++i)
      if (program.channels[i].target != kHost &&
          program.cores[program.channels[i].target].chip == number && !queues[i].empty())
        problem = "a message is left at a shutdown";
    ++chip.epoch;
  }

  const Program &program;
  std::vector<CoreState> cores;
  std::map<uint32_t, ChipState> chips;
  std::vector<std::deque<uint32_t>> queues; ///< by channel: the epochs of the messages
  std::string problem;
};
} // namespace

std::string cimc::program::testing::runInRandomOrder(const Program &program, Generator &random) {
  return Judge(program).run(random);
}
