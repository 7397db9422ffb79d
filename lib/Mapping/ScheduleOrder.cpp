//===- ScheduleOrder.cpp - The global firing sequence ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Firings are pulled by demand. The stage without readers that is furthest behind (as a share of
// its firings) fires next; what it needs fires just before it, and what that needs just before
// that. Rows are thus written as late as possible and few are live at a time. Rows that travel
// through channels are asked for a little ahead. Eager stages fire as soon as what they need is
// there. Firings that nobody asks for (rows that a stride
// leaves over) come last, readers before producers, so that a row that is sent anyway is received
// at once.
//
//===--------------------------------------------------------------------------===//

#include "ScheduleInternal.h"

#include <optional>
#include <queue>

namespace cimc::mapping::detail {
namespace {

class Puller {
public:
  Puller(const ScheduleProblem &problem, const Graph &graph, int64_t lead)
      : problem(problem), graph(graph), lead(lead), fired(problem.stages.size(), 0),
        waiting(problem.stages.size(), false) {
    order.when.resize(problem.stages.size());
    for (size_t s = 0; s < problem.stages.size(); ++s)
      order.when[s].reserve(static_cast<size_t>(problem.stages[s].firings));
  }

  /// Fires `stage` until it has fired `target` times, and before it what it needs. Fails if a
  /// firing would have to come before itself.
  Status pull(int32_t stage, int64_t target) {
    push({stage, target});
    while (!stack.empty()) {
      Demand demand = stack.back();
      if (fired[demand.stage] >= demand.target) {
        waiting[demand.stage] = false;
        stack.pop_back();
        continue;
      }
      std::optional<Demand> before = missingProducer(demand.stage);
      if (!before)
        fire(demand.stage);
      else if (waiting[before->stage])
        return selfReference(before->stage);
      else
        push(*before);
    }
    return Status::success();
  }

  int64_t firedOf(int32_t stage) const { return fired[stage]; }
  Order take() { return std::move(order); }

private:
  struct Demand {
    int32_t stage;
    int64_t target;
  };

  void push(Demand demand) {
    waiting[demand.stage] = true;
    stack.push_back(demand);
  }

  std::optional<Demand> missingProducer(int32_t s) const {
    for (const StageInput &input : problem.stages[s].inputs) {
      int64_t rows = problem.streams[input.stream].rows,
              needed = rowsNeeded(input.rows, fired[s], rows).end;
      int32_t producer = graph.producer[input.stream];
      if (input.viaChannel && needed > 0 && graph.component[producer] != graph.component[s])
        needed = std::min(needed + lead, rows);
      if (fired[producer] < needed)
        return Demand{producer, needed};
    }
    return std::nullopt;
  }

  /// Fires a stage, and the eager ones that can then fire.
  void fire(int32_t first) {
    std::vector<int32_t> ready{first};
    for (size_t next = 0; next < ready.size(); ++next) {
      int32_t s = ready[next];
      order.when[s].push_back(static_cast<int32_t>(order.sequence.size()));
      order.sequence.push_back(s);
      ++fired[s];
      for (int64_t stream : problem.stages[s].outputs)
        for (const Use &use : graph.uses[stream])
          if (problem.stages[use.stage].eager && canFire(use.stage) &&
              std::find(ready.begin() + static_cast<int64_t>(next) + 1, ready.end(), use.stage) ==
                  ready.end())
            ready.push_back(use.stage);
    }
  }

  bool canFire(int32_t s) const {
    const Stage &stage = problem.stages[s];
    return fired[s] < stage.firings && std::all_of(
                                           stage.inputs.begin(), stage.inputs.end(),
                                           [&](const StageInput &input) {
                                             int64_t rows = problem.streams[input.stream].rows;
                                             return fired[graph.producer[input.stream]] >=
                                                    rowsNeeded(input.rows, fired[s], rows).end;
                                           });
  }

  /// `stage` waits for what waits for it.
  Error selfReference(int32_t stage) const {
    std::string names;
    auto from = std::find_if(stack.begin(), stack.end(),
                             [&](const Demand &demand) { return demand.stage == stage; });
    for (; from != stack.end(); ++from)
      names += "'" + problem.stages[from->stage].name + "' <- ";
    return Error{"in a cycle with feedback row " + std::to_string(fired[stage]) +
                 " would have to be made before itself: " + names + "'" +
                 problem.stages[stage].name + "'"};
  }

  const ScheduleProblem &problem;
  const Graph &graph;
  int64_t lead;
  std::vector<int64_t> fired;
  std::vector<bool> waiting; ///< by stage: it is on the stack
  std::vector<Demand> stack;
  Order order;
};

bool hasReaders(const Stage &stage, const Graph &graph) {
  return std::any_of(stage.outputs.begin(), stage.outputs.end(),
                     [&](int64_t stream) { return !graph.uses[stream].empty(); });
}

} // namespace

Result<Order> findOrder(const ScheduleProblem &problem, const Graph &graph, int64_t lead) {
  Puller puller(problem, graph, lead);
  // True if stage a is further along than stage b, or as far and later in the list.
  auto further = [&](int32_t a, int32_t b) {
    int64_t left = puller.firedOf(a) * problem.stages[b].firings,
            right = puller.firedOf(b) * problem.stages[a].firings;
    return left != right ? left > right : a > b;
  };
  std::priority_queue<int32_t, std::vector<int32_t>, decltype(further)> sinks(further);
  for (size_t s = 0; s < problem.stages.size(); ++s)
    if (problem.stages[s].firings > 0 && !hasReaders(problem.stages[s], graph))
      sinks.push(static_cast<int32_t>(s));
  while (!sinks.empty()) {
    int32_t sink = sinks.top();
    sinks.pop(); // before the stage's share changes
    if (Status status = puller.pull(sink, puller.firedOf(sink) + 1); !status)
      return status.error();
    if (puller.firedOf(sink) < problem.stages[sink].firings)
      sinks.push(sink);
  }
  for (auto stage = graph.topological.rbegin(); stage != graph.topological.rend(); ++stage)
    if (Status status = puller.pull(*stage, problem.stages[*stage].firings); !status)
      return status.error();
  return puller.take();
}

} // namespace cimc::mapping::detail
