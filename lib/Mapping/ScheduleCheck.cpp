//===- ScheduleCheck.cpp - An independent check of a schedule -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plays the program out: every core walks its step tree and fires when all it needs is there and
// all it writes has room; host stages fire whenever they can. Rings remember which row is in which
// slot, so a row that was overwritten too early is noticed when it is read. If nothing can move
// before the end, the cores block each other. What cores can do does not depend on the order in
// which they are tried, so one order suffices.
//
//===--------------------------------------------------------------------------===//

#include "ScheduleInternal.h"

#include <map>

namespace cimc::mapping {
namespace {

using detail::RowRange;
using detail::rowsNeeded;

/// Walks a step tree, one firing at a time.
class Walker {
public:
  explicit Walker(const std::vector<Step> &steps) {
    levels.push_back({&steps, 0, 1});
    settle();
  }
  bool done() const { return levels.empty(); }
  int64_t stage() const { return current().stage; }
  void advance() {
    if (++turn < current().count)
      return;
    ++levels.back().index;
    settle();
  }

private:
  struct Level {
    const std::vector<Step> *steps;
    size_t index;
    int64_t turnsLeft;
  };
  const Step &current() const { return (*levels.back().steps)[levels.back().index]; }

  /// Moves to the next step that fires a stage.
  void settle() {
    turn = 0;
    while (!levels.empty()) {
      Level &level = levels.back();
      if (level.index == level.steps->size()) {
        if (--level.turnsLeft > 0 && !level.steps->empty()) {
          level.index = 0;
          continue;
        }
        levels.pop_back();
        if (!levels.empty())
          ++levels.back().index;
      } else if (const Step &step = current(); step.count <= 0) {
        ++level.index;
      } else if (step.stage < 0) {
        levels.push_back({&step.body, 0, step.count});
      } else {
        return;
      }
    }
  }

  std::vector<Level> levels;
  int64_t turn = 0;
};

struct Fifo {
  int64_t depth = 0, sent = 0, taken = 0;
};

class Player {
public:
  Player(const ScheduleProblem &problem, const Schedule &schedule, const detail::Graph &graph)
      : problem(problem), schedule(schedule), graph(graph), fired(problem.stages.size(), 0) {}

  Status run() {
    if (Status status = openRings(); !status)
      return status;
    if (Status status = openFifos(); !status)
      return status;
    for (const CoreSchedule &core : schedule.cores)
      walkers.emplace_back(core.steps);
    for (bool moved = true; moved && !failure;) {
      moved = false;
      for (size_t core = 0; core < walkers.size(); ++core)
        moved |= advanceCore(static_cast<int64_t>(core));
      for (size_t s = 0; s < problem.stages.size(); ++s)
        if (problem.stages[s].core == kHostCore)
          moved |= advanceHost(static_cast<int64_t>(s));
    }
    return failure ? Status(*failure) : checkEnd();
  }

private:
  Status openRings() {
    rings.resize(problem.streams.size());
    for (size_t core = 0; core < schedule.cores.size(); ++core)
      for (const Region &region : schedule.cores[core].regions) {
        if (region.kind != Region::Kind::Rows)
          continue;
        const Stage &producer = problem.stages[graph.producer[region.stream]];
        if (producer.core != static_cast<int64_t>(core) || region.rows < 1 ||
            !rings[region.stream].empty())
          return Error{"core " + std::to_string(core) + " has a ring of stream '" +
                       problem.streams[region.stream].name + "' that it must not have"};
        rings[region.stream].assign(static_cast<size_t>(region.rows), -1);
      }
    return Status::success();
  }

  Status openFifos() {
    for (const FifoDepth &fifo : schedule.fifos)
      if (!fifos.try_emplace({fifo.stream, fifo.receiver}, Fifo{fifo.depth}).second)
        return Error{"two FIFOs join the same stream and stage"};
    for (size_t stream = 0; stream < problem.streams.size(); ++stream)
      for (const detail::Use &use : graph.uses[stream])
        if (problem.stages[use.stage].inputs[use.input].viaChannel &&
            !fifos.count({static_cast<int64_t>(stream), use.stage}))
          return Error{"stream '" + problem.streams[stream].name + "' has no FIFO to '" +
                       problem.stages[use.stage].name + "'"};
    return Status::success();
  }

  bool advanceCore(int64_t core) {
    Walker &walker = walkers[core];
    bool moved = false;
    for (; !failure && !walker.done() && canFire(walker.stage(), core);
         walker.advance(), moved = true)
      fire(walker.stage());
    return moved;
  }

  bool advanceHost(int64_t stage) {
    bool moved = false;
    for (; !failure && fired[stage] < problem.stages[stage].firings && canFire(stage, kHostCore);
         moved = true)
      fire(stage);
    return moved;
  }

  bool canFire(int64_t s, int64_t core) {
    if (s >= static_cast<int64_t>(problem.stages.size()) || problem.stages[s].core != core ||
        fired[s] >= problem.stages[s].firings) {
      failure = Error{"core " + std::to_string(core) + " fires stage " + std::to_string(s) +
                      " where it must not"};
      return false;
    }
    const Stage &stage = problem.stages[s];
    for (const StageInput &input : stage.inputs)
      if (input.viaChannel) {
        const Fifo &fifo = fifos.at({input.stream, s});
        if (fifo.sent < rowsNeeded(input.rows, fired[s], problem.streams[input.stream].rows).end)
          return false;
      } else if (core == kHostCore &&
                 fired[graph.producer[input.stream]] <
                     rowsNeeded(input.rows, fired[s], problem.streams[input.stream].rows).end) {
        return false;
      }
    for (int64_t stream : stage.outputs)
      for (const detail::Use &use : graph.uses[stream])
        if (auto it = fifos.find({stream, use.stage});
            it != fifos.end() && it->second.sent - it->second.taken >= it->second.depth)
          return false;
    return true;
  }

  void fire(int64_t s) {
    const Stage &stage = problem.stages[s];
    for (int64_t stream : stage.outputs) {
      if (!rings[stream].empty())
        rings[stream][fired[s] % rings[stream].size()] = fired[s];
      else if (stage.core != kHostCore)
        failure = Error{"stream '" + problem.streams[stream].name + "' has no ring"};
      for (const detail::Use &use : graph.uses[stream])
        if (auto it = fifos.find({stream, use.stage}); it != fifos.end())
          ++it->second.sent;
    }
    for (const StageInput &input : stage.inputs)
      readInput(s, input);
    ++fired[s];
  }

  // Inputs are looked at after the outputs are written, so a firing that overwrites what it reads
  // is noticed too.
  void readInput(int64_t s, const StageInput &input) {
    RowRange range = rowsNeeded(input.rows, fired[s], problem.streams[input.stream].rows);
    if (input.viaChannel) {
      Fifo &fifo = fifos.at({input.stream, s});
      fifo.taken = std::max(fifo.taken, range.end);
      return;
    }
    const std::vector<int64_t> &ring = rings[input.stream];
    if (problem.stages[s].core == kHostCore)
      return;
    for (int64_t row = range.begin; row < range.end; ++row)
      if (ring.empty() || ring[row % ring.size()] != row) {
        failure =
            Error{"firing " + std::to_string(fired[s]) + " of stage '" + problem.stages[s].name +
                  "' reads row " + std::to_string(row) + " of stream '" +
                  problem.streams[input.stream].name + "', which is not in its ring"};
        return;
      }
  }

  Status checkEnd() const {
    for (size_t core = 0; core < walkers.size(); ++core)
      if (!walkers[core].done())
        return Error{"core " + std::to_string(core) + " waits for ever to fire stage '" +
                     problem.stages[walkers[core].stage()].name + "'"};
    for (size_t s = 0; s < problem.stages.size(); ++s)
      if (fired[s] != problem.stages[s].firings)
        return Error{"stage '" + problem.stages[s].name + "' fires " + std::to_string(fired[s]) +
                     " times instead of " + std::to_string(problem.stages[s].firings)};
    for (const auto &[ends, fifo] : fifos)
      if (fifo.sent != fifo.taken)
        return Error{"stream '" + problem.streams[ends.first].name + "' leaves messages behind"};
    return Status::success();
  }

  const ScheduleProblem &problem;
  const Schedule &schedule;
  const detail::Graph &graph;
  std::vector<int64_t> fired;
  std::vector<std::vector<int64_t>>
      rings; ///< by stream: the row in each slot, -1 if none; empty if there is no ring
  std::map<std::pair<int64_t, int64_t>, Fifo> fifos;
  std::vector<Walker> walkers;
  std::optional<Error> failure;
};

/// Bytes that a region must have, or -1 if it names nothing.
int64_t bytesNeeded(const ScheduleProblem &problem, const Schedule &schedule,
                    const Region &region) {
  bool hasStage = region.stage >= 0 && region.stage < static_cast<int64_t>(problem.stages.size());
  bool hasStream =
      region.stream >= 0 && region.stream < static_cast<int64_t>(problem.streams.size());
  switch (region.kind) {
  case Region::Kind::Rows:
    return hasStream ? problem.streams[region.stream].rowBytes * region.rows : -1;
  case Region::Kind::Scratch:
    return hasStage ? problem.stages[region.stage].scratchBytes * region.rows : -1;
  case Region::Kind::Constant:
    return hasStage ? problem.stages[region.stage].constantBytes : -1;
  case Region::Kind::Accumulator:
    return hasStage ? problem.stages[region.stage].accumulatorBytes : -1;
  case Region::Kind::Fifo:
    for (const FifoDepth &fifo : schedule.fifos)
      if (hasStream && fifo.stream == region.stream && fifo.receiver == region.stage)
        return problem.streams[region.stream].rowBytes * fifo.depth;
    return -1;
  }
  return -1;
}

Status checkRegions(const ScheduleProblem &problem, const Schedule &schedule, size_t core) {
  std::string where = "core " + std::to_string(core) + ": ";
  std::vector<Region> regions = schedule.cores[core].regions;
  const CoreSchedule &plan = schedule.cores[core];
  if (plan.memoryBytes > problem.memoryBytesPerCore + plan.sharedBytes)
    return Error{where + "more memory used than there is"};
  for (const Region &region : regions) {
    int64_t needed = bytesNeeded(problem, schedule, region);
    if (needed < 0 || region.bytes < needed)
      return Error{where + "a region of " + std::to_string(region.bytes) + " bytes must have " +
                   std::to_string(needed)};
    if (region.address < problem.memoryBytesPerCore &&
        region.address + region.bytes > problem.memoryBytesPerCore)
      return Error{where + "a region lies partly in shared memory"};
    if (region.address >= problem.memoryBytesPerCore && region.kind != Region::Kind::Rows &&
        region.kind != Region::Kind::Fifo)
      return Error{where + "something else than rows or messages lies in shared memory"};
    if (region.address < 0 || region.address % 8 != 0 ||
        region.address + region.bytes > schedule.cores[core].memoryBytes)
      return Error{where + "a region at " + std::to_string(region.address) +
                   " is misaligned or outside the memory"};
  }
  std::stable_sort(regions.begin(), regions.end(),
                   [](const Region &a, const Region &b) { return a.address < b.address; });
  int64_t end = 0, scratchEnd = 0;
  for (const Region &region : regions) {
    if (region.bytes == 0)
      continue;
    bool scratch = region.kind == Region::Kind::Scratch;
    if (region.address < end || (!scratch && region.address < scratchEnd))
      return Error{where + "regions overlap at " + std::to_string(region.address)};
    int64_t &reach = scratch ? scratchEnd : end;
    reach = std::max(reach, region.address + region.bytes);
  }
  return Status::success();
}

/// What the cores of a chip take of their shared memory is there.
Status checkShared(const ScheduleProblem &problem, const Schedule &schedule) {
  int64_t used = 0;
  for (size_t core = 0; core < schedule.cores.size(); ++core) {
    if (core % static_cast<size_t>(std::max<int64_t>(problem.coresPerChip, 1)) == 0)
      used = 0;
    used += schedule.cores[core].sharedBytes;
    if (schedule.cores[core].sharedBytes < 0 || used > problem.sharedBytesPerChip)
      return Error{"core " + std::to_string(core) + ": more shared memory used than there is"};
  }
  return Status::success();
}

/// Every stage that asks for memory of its own has it.
Status checkOwned(const ScheduleProblem &problem, const Schedule &schedule) {
  for (size_t s = 0; s < problem.stages.size(); ++s) {
    const Stage &stage = problem.stages[s];
    if (stage.core == kHostCore)
      continue;
    for (auto [kind, bytes] : {std::pair{Region::Kind::Scratch, stage.scratchBytes},
                               {Region::Kind::Constant, stage.constantBytes},
                               {Region::Kind::Accumulator, stage.accumulatorBytes}}) {
      const std::vector<Region> &regions = schedule.cores[stage.core].regions;
      auto owns = [&, kind = kind](const Region &region) {
        return region.kind == kind && region.stage == static_cast<int64_t>(s);
      };
      if (bytes > 0 && std::count_if(regions.begin(), regions.end(), owns) != 1)
        return Error{"stage '" + stage.name + "' does not have the memory it asks for"};
    }
  }
  return Status::success();
}

} // namespace

Status checkSchedule(const ScheduleProblem &problem, const Schedule &schedule) {
  Result<detail::Graph> graph = detail::buildGraph(problem);
  if (!graph)
    return graph.error();
  if (static_cast<int64_t>(schedule.cores.size()) != problem.cores)
    return Error{"the schedule has " + std::to_string(schedule.cores.size()) +
                 " cores, the problem " + std::to_string(problem.cores)};
  for (size_t core = 0; core < schedule.cores.size(); ++core)
    if (Status status = checkRegions(problem, schedule, core); !status)
      return status;
  if (Status status = checkShared(problem, schedule); !status)
    return status;
  if (Status status = checkOwned(problem, schedule); !status)
    return status;
  return Player(problem, schedule, *graph).run();
}

} // namespace cimc::mapping
