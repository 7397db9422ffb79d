//===- ValidatorControl.cpp - Loops and counts ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Trip counts are constants, so how often a block fires and how many messages a channel carries in
// one inference is known without running. Products are checked against named limits before they are
// formed.
//
//===--------------------------------------------------------------------------===//

#include "ValidatorChecks.h"
#include "cimc/Program/Limits.h"

using namespace cimc;
using namespace cimc::program;

/// Loops of one control stream are balanced and not too deep, and it holds only control
/// instructions.
static Status checkControl(const Program &program, uint32_t core) {
  std::vector<uint32_t> open;
  const Core &table = program.cores[core];
  for (uint32_t i = 0; i < table.control.size(); ++i) {
    Place place{program, core, std::nullopt, i};
    const Instruction &instruction = table.control[i];
    if (unitOf(instruction) != Unit::Control)
      return failure(place, ": cannot stand in a control stream");
    if (auto *loop = std::get_if<Loop>(&instruction)) {
      if (loop->count == 0)
        return failure(place, ": 'count' must be at least 1, but is 0");
      open.push_back(i);
      if (open.size() > kMaxLoopDepth)
        return failure(place, ": loops are nested more than ", kMaxLoopDepth, " deep");
    } else if (std::holds_alternative<End>(instruction)) {
      if (open.empty())
        return failure(place, ": closes no loop");
      open.pop_back();
    } else if (auto *fire = std::get_if<Fire>(&instruction)) {
      if (fire->block >= table.blocks.size())
        return failure(place, ": block ", fire->block, " does not exist, the core has ",
                       table.blocks.size());
      if (fire->times == 0)
        return failure(place, ": 'times' must be at least 1, but is 0");
    }
  }
  if (!open.empty())
    return failure(Place{program, core, std::nullopt, open.back()}, ": has no matching end");
  return Status::success();
}

Status program::checkLoops(const Program &program) {
  for (uint32_t core = 0; core < program.cores.size(); ++core)
    if (Status status = checkControl(program, core); !status)
      return status;
  return Status::success();
}

namespace {
/// Adds up what one inference executes, within the limits.
class Counter {
public:
  explicit Counter(const Program &program) : program(program) {}

  /// Counts the firings of one core. Requires: its loops are balanced.
  Result<FiringCounts> run(uint32_t core) {
    const Core &table = program.cores[core];
    FiringCounts counts(table.blocks.size());
    std::vector<uint64_t> trips{1}; // product of the counts of the open loops
    for (uint32_t i = 0; i < table.control.size(); ++i) {
      const Instruction &instruction = table.control[i];
      bool within = add(executed, trips.back(), 1, kMaxExecuted);
      if (auto *loop = std::get_if<Loop>(&instruction)) {
        within = within && trips.back() <= kMaxExecuted / loop->count;
        trips.push_back(within ? trips.back() * loop->count : 0);
      } else if (std::holds_alternative<End>(instruction)) {
        trips.pop_back();
      } else if (auto *fire = std::get_if<Fire>(&instruction)) {
        within = within && addFirings(counts, *fire, trips.back(), table);
      }
      if (!within)
        return failure(Place{program, core, std::nullopt, i}, ": one inference fires more than ",
                       kMaxFirings, " blocks or executes more than ", kMaxExecuted,
                       " instructions");
    }
    return counts;
  }

private:
  /// total += a * b, or false if that is more than `limit`.
  static bool add(uint64_t &total, uint64_t a, uint64_t b, uint64_t limit) {
    if (b != 0 && a > (limit - total) / b)
      return false;
    total += a * b;
    return true;
  }
  bool addFirings(FiringCounts &counts, const Fire &fire, uint64_t trips, const Core &table) {
    uint64_t before = firings;
    if (!add(firings, trips, fire.times, kMaxFirings))
      return false;
    counts[fire.block] += firings - before;
    return add(executed, firings - before, table.blocks[fire.block].instructions.size(),
               kMaxExecuted);
  }

  const Program &program;
  uint64_t firings = 0, executed = 0;
};
} // namespace

Result<std::vector<FiringCounts>> program::countFirings(const Program &program) {
  Counter counter(program);
  std::vector<FiringCounts> result;
  for (uint32_t core = 0; core < program.cores.size(); ++core) {
    Result<FiringCounts> counts = counter.run(core);
    if (!counts)
      return counts.error();
    result.push_back(std::move(*counts));
  }
  return result;
}

Status program::checkMessageCounts(const Program &program,
                                   const std::vector<FiringCounts> &firings) {
  std::vector<uint64_t> sent(program.channels.size()), received(program.channels.size());
  for (const Stream &stream : program.streams)
    for (int32_t channel : stream.channels)
      (stream.isInput ? sent : received)[static_cast<uint32_t>(channel)] += stream.rows;
  for (size_t c = 0; c < program.cores.size(); ++c)
    for (size_t b = 0; b < program.cores[c].blocks.size(); ++b)
      for (const Instruction &instruction : program.cores[c].blocks[b].instructions) {
        if (auto *send = std::get_if<Send>(&instruction))
          sent[send->channel] += firings[c][b];
        else if (auto *recv = std::get_if<Recv>(&instruction))
          received[recv->channel] += firings[c][b];
      }
  for (size_t i = 0; i < program.channels.size(); ++i)
    if (sent[i] != received[i])
      return failure("channel ", i, " '", program.channels[i].name, "': one inference sends ",
                     sent[i], " messages and receives ", received[i]);
  return Status::success();
}
