//===- Schedule.cpp - Firing order, loops and memory of all cores ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks the stage graph and puts the scheduler's parts together. One global firing sequence is
// found first; every core's steps are its projection, and every ring and FIFO holds its peak
// occupancy in that sequence. The sequence itself is therefore one valid run of the program, and
// since neither order nor timing changes what actors on bounded FIFOs can do in the end, every
// other run completes as well.
//
//===--------------------------------------------------------------------------===//

#include "ScheduleInternal.h"

namespace cimc::mapping {
namespace detail {
namespace {

constexpr int64_t kMaxNumber = int64_t(1) << 31; // keeps every product of two fields inside 64 bits
constexpr int64_t kMaxBytes = int64_t(1) << 40;

Error stageError(const Stage &stage, std::string what) {
  return Error{"stage '" + stage.name + "' " + std::move(what)};
}

bool inRange(int64_t value, int64_t limit) { return value >= 0 && value <= limit; }

Status checkNumbers(const ScheduleProblem &problem) {
  int64_t firings = 0;
  for (const Stream &stream : problem.streams)
    if (!inRange(stream.rows, kMaxNumber) || !inRange(stream.rowBytes, kMaxBytes))
      return Error{"stream '" + stream.name + "' has " + std::to_string(stream.rows) + " rows of " +
                   std::to_string(stream.rowBytes) + " bytes, which is out of range"};
  for (const Stage &stage : problem.stages) {
    if (stage.core < kHostCore || stage.core >= problem.cores)
      return stageError(stage, "is on core " + std::to_string(stage.core) + ", there are " +
                                   std::to_string(problem.cores));
    if (!inRange(stage.firings, kMaxNumber) || (firings += stage.firings) >= kMaxNumber)
      return stageError(stage, "brings the number of firings to more than " +
                                   std::to_string(kMaxNumber - 1));
    if (!inRange(stage.scratchBytes, kMaxBytes) || !inRange(stage.constantBytes, kMaxBytes) ||
        !inRange(stage.accumulatorBytes, kMaxBytes))
      return stageError(stage, "has a memory size that is out of range");
  }
  return Status::success();
}

Status checkMap(const Stage &stage, const RowMap &map) {
  auto small = [](int64_t value) { return value > -kMaxNumber && value < kMaxNumber; };
  if (map.div <= 0 || map.count < 0 || !small(map.mul) || !small(map.div) || !small(map.add) ||
      !small(map.count))
    return stageError(stage, "has a row map that is out of range");
  return Status::success();
}

Status addOutputs(const ScheduleProblem &problem, Graph &graph) {
  for (size_t s = 0; s < problem.stages.size(); ++s) {
    const Stage &stage = problem.stages[s];
    for (int64_t stream : stage.outputs) {
      if (stream < 0 || stream >= static_cast<int64_t>(problem.streams.size()))
        return stageError(stage,
                          "writes stream " + std::to_string(stream) + ", which does not exist");
      const Stream &written = problem.streams[stream];
      if (graph.producer[stream] >= 0)
        return stageError(stage, "writes stream '" + written.name + "', which stage '" +
                                     problem.stages[graph.producer[stream]].name +
                                     "' writes already");
      if (written.rows != stage.firings)
        return stageError(stage, "fires " + std::to_string(stage.firings) +
                                     " times but writes stream '" + written.name + "' of " +
                                     std::to_string(written.rows) + " rows");
      graph.producer[stream] = static_cast<int32_t>(s);
    }
  }
  return Status::success();
}

/// A channel hands over every row once and in order.
Status checkChannel(const ScheduleProblem &problem, const Graph &graph, const Stage &stage,
                    const StageInput &input) {
  const Stream &stream = problem.streams[input.stream];
  if (problem.stages[graph.producer[input.stream]].core == stage.core)
    return stageError(stage,
                      "receives stream '" + stream.name + "' through a channel from its own core");
  for (const Use &use : graph.uses[input.stream]) {
    const Stage &other = problem.stages[use.stage];
    if (&other == &stage && &other.inputs[use.input] != &input &&
        other.inputs[use.input].viaChannel)
      return stageError(stage, "receives stream '" + stream.name + "' twice");
  }
  int64_t taken = 0;
  for (int64_t firing = 0; firing < stage.firings; ++firing) {
    RowRange range = rowsNeeded(input.rows, firing, stream.rows);
    if (range.empty())
      continue;
    if (range.begin != taken)
      return stageError(stage, "must receive every row of stream '" + stream.name +
                                   "' once and in order, but firing " + std::to_string(firing) +
                                   " asks for row " + std::to_string(range.begin) + " after " +
                                   std::to_string(taken) + " rows");
    taken = range.end;
  }
  if (taken != stream.rows)
    return stageError(stage, "must receive all " + std::to_string(stream.rows) +
                                 " rows of stream '" + stream.name + "', but receives " +
                                 std::to_string(taken));
  return Status::success();
}

Status addInputs(const ScheduleProblem &problem, Graph &graph) {
  for (size_t s = 0; s < problem.stages.size(); ++s) {
    const Stage &stage = problem.stages[s];
    for (size_t i = 0; i < stage.inputs.size(); ++i) {
      const StageInput &input = stage.inputs[i];
      if (input.stream < 0 || input.stream >= static_cast<int64_t>(problem.streams.size()))
        return stageError(stage, "reads stream " + std::to_string(input.stream) +
                                     ", which does not exist");
      if (graph.producer[input.stream] < 0)
        return stageError(stage, "reads stream '" + problem.streams[input.stream].name +
                                     "', which no stage writes");
      if (Status status = checkMap(stage, input.rows); !status)
        return status;
      const RowMap &map = input.rows;
      if (input.feedback && (map.mul != map.div || map.add + map.count > 0))
        return stageError(stage,
                          "reads stream '" + problem.streams[input.stream].name +
                              "' as feedback, of which firing r may need rows before r only");
      graph.uses[input.stream].push_back({static_cast<int32_t>(s), static_cast<int32_t>(i)});
    }
  }
  for (const Stage &stage : problem.stages)
    for (const StageInput &input : stage.inputs) {
      const Stage &producer = problem.stages[graph.producer[input.stream]];
      if (input.viaChannel) {
        if (Status status = checkChannel(problem, graph, stage, input); !status)
          return status;
      } else if (producer.core != stage.core) {
        return stageError(stage, "on core " + std::to_string(stage.core) + " reads stream '" +
                                     problem.streams[input.stream].name + "' of core " +
                                     std::to_string(producer.core) + " without a channel");
      }
    }
  return Status::success();
}

/// Walks back from a stage that could not be ordered until a stage repeats.
Error describeCycle(const ScheduleProblem &problem, const Graph &graph,
                    const std::vector<int32_t> &missing, int32_t start) {
  std::vector<int32_t> path;
  int32_t stage = start;
  while (std::find(path.begin(), path.end(), stage) == path.end()) {
    path.push_back(stage);
    for (const StageInput &input : problem.stages[stage].inputs)
      if (int32_t producer = graph.producer[input.stream];
          missing[producer] > 0 && !input.feedback) {
        stage = producer;
        break;
      }
  }
  path.erase(path.begin(), std::find(path.begin(), path.end(), stage));
  std::string names = "'" + problem.stages[stage].name + "'";
  for (auto it = path.rbegin(); it != path.rend(); ++it)
    names += " -> '" + problem.stages[*it].name + "'";
  return Error{"the stages form a cycle without feedback: " + names};
}

Status sortStages(const ScheduleProblem &problem, Graph &graph) {
  std::vector<int32_t> missing(problem.stages.size(), 0);
  for (size_t s = 0; s < problem.stages.size(); ++s)
    missing[s] = static_cast<int32_t>(
        std::count_if(problem.stages[s].inputs.begin(), problem.stages[s].inputs.end(),
                      [](const StageInput &input) { return !input.feedback; }));
  std::vector<int32_t> &order = graph.topological;
  for (size_t s = 0; s < problem.stages.size(); ++s)
    if (missing[s] == 0)
      order.push_back(static_cast<int32_t>(s));
  for (size_t next = 0; next < order.size(); ++next)
    for (int64_t stream : problem.stages[order[next]].outputs)
      for (const Use &use : graph.uses[stream])
        if (!problem.stages[use.stage].inputs[use.input].feedback && --missing[use.stage] == 0)
          order.push_back(use.stage);
  for (size_t s = 0; s < problem.stages.size(); ++s)
    if (missing[s] > 0)
      return describeCycle(problem, graph, missing, static_cast<int32_t>(s));
  return Status::success();
}

/// Marks the stages that `start` reaches along the edges, or from which it is reached.
std::vector<bool> reach(const ScheduleProblem &problem, const Graph &graph, int32_t start,
                        bool forwards) {
  std::vector<bool> seen(problem.stages.size(), false);
  std::vector<int32_t> open{start};
  seen[start] = true;
  auto visit = [&](int32_t stage) {
    if (!seen[stage]) {
      seen[stage] = true;
      open.push_back(stage);
    }
  };
  while (!open.empty()) {
    const Stage &stage = problem.stages[open.back()];
    open.pop_back();
    if (forwards)
      for (int64_t stream : stage.outputs)
        for (const Use &use : graph.uses[stream])
          visit(use.stage);
    else
      for (const StageInput &input : stage.inputs)
        visit(graph.producer[input.stream]);
  }
  return seen;
}

/// Stages that a feedback edge's reader reaches and that reach it are on one cycle.
void findComponents(const ScheduleProblem &problem, Graph &graph) {
  auto count = static_cast<int32_t>(problem.stages.size());
  for (int32_t s = 0; s < count; ++s)
    graph.component.push_back(s);
  std::vector<bool> known(problem.stages.size(), false);
  for (int32_t s = 0; s < count; ++s) {
    const std::vector<StageInput> &inputs = problem.stages[s].inputs;
    if (known[s] || std::none_of(inputs.begin(), inputs.end(),
                                 [](const StageInput &input) { return input.feedback; }))
      continue;
    std::vector<bool> after = reach(problem, graph, s, true),
                      before = reach(problem, graph, s, false);
    for (int32_t other = 0; other < count; ++other)
      if (after[other] && before[other]) {
        graph.component[other] = s;
        known[other] = true;
      }
  }
}

} // namespace

Result<Graph> buildGraph(const ScheduleProblem &problem) {
  Graph graph;
  graph.producer.assign(problem.streams.size(), -1);
  graph.uses.resize(problem.streams.size());
  if (Status status = checkNumbers(problem); !status)
    return status.error();
  if (Status status = addOutputs(problem, graph); !status)
    return status.error();
  if (Status status = addInputs(problem, graph); !status)
    return status.error();
  if (Status status = sortStages(problem, graph); !status)
    return status.error();
  findComponents(problem, graph);
  return graph;
}

namespace {

Result<Schedule> scheduleWithLead(const ScheduleProblem &problem, const Graph &graph,
                                  int64_t lead) {
  Result<Order> found = findOrder(problem, graph, lead);
  if (!found)
    return found.error();
  Order order = std::move(*found);
  Schedule result;
  result.cores.resize(static_cast<size_t>(problem.cores));
  if (Status status = layOutMemory(problem, graph, order, result); !status)
    return status.error();
  std::vector<std::vector<int32_t>> projections(result.cores.size());
  for (int32_t stage : order.sequence)
    if (int64_t core = problem.stages[stage].core; core != kHostCore)
      projections[core].push_back(stage);
  for (size_t core = 0; core < projections.size(); ++core)
    result.cores[core].steps = compressSteps(projections[core]);
  return result;
}

} // namespace
} // namespace detail

Result<Schedule> schedule(const ScheduleProblem &problem) {
  Result<detail::Graph> graph = detail::buildGraph(problem);
  if (!graph)
    return graph.error();
  for (int64_t lead = std::max<int64_t>(0, problem.channelLead);; lead /= 2)
    if (Result<Schedule> result = detail::scheduleWithLead(problem, *graph, lead);
        result || lead == 0)
      return result;
}

} // namespace cimc::mapping
