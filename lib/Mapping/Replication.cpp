//===- Replication.cpp - Copies of busy weights in free arrays --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Units are the arrays of first copies, the digital units beside them, and one for the further
// copies of each stage, which are all alike. A heap gives the busiest; entries that have become
// stale are dropped when they come up.
//
// Where every unit serves one stage this is optimal: a stage is given a step more only while it is
// the busiest, so whatever is better than the result has at least as many copies of every stage,
// and the step that did not fit.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Mapping/Replication.h"

#include <algorithm>
#include <limits>
#include <map>
#include <queue>

namespace cimc::mapping {

namespace {

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The next number of copies with a smaller largest share; none where each has one position.
int64_t nextCopies(int64_t positions, int64_t copies) {
  int64_t share = ceilDiv(positions, copies);
  return share <= 1 ? 0 : ceilDiv(positions, share - 1);
}

/// Loads of all units.
class Units {
public:
  explicit Units(const ReplicationProblem &problem)
      : problem(problem), copies(problem.stages.size(), 1), unitsOf(problem.stages.size()) {
    std::map<int64_t, size_t> arrays, cores;
    for (size_t s = 0; s < problem.stages.size(); ++s) {
      const ReplicaStage &stage = problem.stages[s];
      double most = 0;
      for (const ArrayWork &work : stage.work) {
        add(arrays, work.array, s, work.ns);
        most = std::max(most, work.ns);
      }
      if (!stage.work.empty())
        add(cores, stage.work.front().array / problem.arraysPerCore, s, stage.digitalNs);
      // Copies that lie on one core share its digital unit.
      auto size = static_cast<int64_t>(stage.work.size());
      int64_t together = size > 0 ? std::max<int64_t>(problem.arraysPerCore / size, 1) : 1;
      further.push_back(std::max(most, stage.digitalNs * static_cast<double>(together)));
      if (!arrays.empty())
        used = std::max(used, arrays.rbegin()->first + 1);
    }
  }

  /// The load of unit `unit`.
  double load(size_t unit) const {
    double sum = 0;
    for (auto [stage, ns] : units[unit])
      sum += ns * share(stage);
    return sum;
  }
  /// The load of each copy of a stage after the first.
  double furtherLoad(size_t stage) const {
    return copies[stage] > 1 ? further[stage] * share(stage) : 0;
  }
  double share(size_t stage) const {
    return largestShare(problem.stages[stage].positions, copies[stage]);
  }
  double busiest() const {
    double most = 0;
    for (size_t unit = 0; unit < units.size(); ++unit)
      most = std::max(most, load(unit));
    for (size_t stage = 0; stage < copies.size(); ++stage)
      most = std::max(most, furtherLoad(stage));
    return most;
  }

  const ReplicationProblem &problem;
  std::vector<int64_t> copies;
  std::vector<std::vector<std::pair<size_t, double>>> units; ///< stages and their work
  std::vector<std::vector<size_t>> unitsOf;                  ///< by stage
  std::vector<double> further;                               ///< work of further copies, by stage
  int64_t used = 0;                                          ///< arrays of first copies

private:
  void add(std::map<int64_t, size_t> &numbers, int64_t key, size_t stage, double ns) {
    auto [entry, inserted] = numbers.try_emplace(key, units.size());
    if (inserted)
      units.emplace_back();
    units[entry->second].push_back({stage, ns});
    unitsOf[stage].push_back(entry->second);
  }
};

Status check(const ReplicationProblem &problem) {
  if (problem.arraysPerCore < 1)
    return Error{"cores must have arrays, have " + std::to_string(problem.arraysPerCore)};
  for (const ReplicaStage &stage : problem.stages) {
    if (stage.positions < 1)
      return Error{"stage '" + stage.name + "' must have positions, has " +
                   std::to_string(stage.positions)};
    for (const ArrayWork &work : stage.work)
      if (work.array < 0 || work.array >= problem.arrays)
        return Error{"stage '" + stage.name + "' lies in array " + std::to_string(work.array) +
                     ", the machine has " + std::to_string(problem.arrays)};
  }
  return Status::success();
}

/// Gives copies to the busiest units.
class Greedy {
public:
  explicit Greedy(Units &units) : units(units), left(units.problem.arrays - units.used) {
    for (size_t unit = 0; unit < units.units.size(); ++unit)
      push(unit);
    for (size_t stage = 0; stage < units.copies.size(); ++stage)
      push(units.units.size() + stage);
  }

  void run() {
    while (!heap.empty()) {
      auto [ns, negated] = heap.top();
      size_t place = size_t(-negated);
      heap.pop();
      if (ns != loadOf(place))
        continue; // stale
      if (ns < busiest) {
        busiest = ns;
        steps.clear();
      }
      size_t stage = bestStage(place);
      if (stage == units.copies.size())
        break; // nothing relieves the busiest unit
      left -= cost(stage);
      steps.push_back({stage, units.copies[stage]});
      units.copies[stage] = nextCopies(units.problem.stages[stage].positions, units.copies[stage]);
      for (size_t unit : units.unitsOf[stage])
        push(unit);
      push(units.units.size() + stage);
    }
    // Steps that relieved some of several units that are equally busy were of no use.
    for (; !steps.empty(); steps.pop_back())
      units.copies[steps.back().first] = steps.back().second;
  }

private:
  double loadOf(size_t place) const {
    return place < units.units.size() ? units.load(place)
                                      : units.furtherLoad(place - units.units.size());
  }
  void push(size_t place) {
    if (double ns = loadOf(place); ns > 0)
      heap.push({ns, -static_cast<int64_t>(place)}); // of equal ones the first
  }
  /// Arrays that the next step of a stage takes; more than there are if it has none.
  int64_t cost(size_t stage) const {
    const ReplicaStage &problem = units.problem.stages[stage];
    int64_t next = nextCopies(problem.positions, units.copies[stage]);
    return next ? (next - units.copies[stage]) * static_cast<int64_t>(problem.work.size())
                : left + 1;
  }
  /// The stage whose next step relieves `place` most per array; the number of stages if none does.
  size_t bestStage(size_t place) const {
    size_t best = units.copies.size();
    double most = 0;
    auto consider = [&](size_t stage, double ns) {
      if (cost(stage) > left || cost(stage) == 0)
        return;
      int64_t positions = units.problem.stages[stage].positions,
              next = nextCopies(positions, units.copies[stage]);
      double relief = ns * (units.share(stage) - largestShare(positions, next)) /
                      static_cast<double>(cost(stage));
      if (relief > most) {
        most = relief;
        best = stage;
      }
    };
    if (place < units.units.size())
      for (auto [stage, ns] : units.units[place])
        consider(stage, ns);
    else
      consider(place - units.units.size(), units.further[place - units.units.size()]);
    return best;
  }

  Units &units;
  int64_t left;
  double busiest = std::numeric_limits<double>::infinity();
  std::vector<std::pair<size_t, int64_t>> steps; ///< since `busiest`: stage, copies before
  std::priority_queue<std::pair<double, int64_t>> heap;
};

} // namespace

double largestShare(int64_t positions, int64_t copies) {
  return static_cast<double>(ceilDiv(positions, copies)) / static_cast<double>(positions);
}

double busiestNs(const ReplicationProblem &problem, const std::vector<int64_t> &copies) {
  Units units(problem);
  units.copies = copies;
  return units.busiest();
}

double busiestBound(const ReplicationProblem &problem) {
  double arrays = 0, digital = 0, bound = 0;
  for (const ReplicaStage &stage : problem.stages) {
    double most = stage.digitalNs;
    for (const ArrayWork &work : stage.work) {
      arrays += work.ns;
      most = std::max(most, work.ns);
    }
    digital += stage.digitalNs;
    bound = std::max(bound, most / static_cast<double>(stage.positions));
  }
  auto count = static_cast<double>(std::max<int64_t>(problem.arrays, 1));
  auto cores = static_cast<double>(
      std::max<int64_t>(problem.arrays / std::max<int64_t>(problem.arraysPerCore, 1), 1));
  return std::max({bound, arrays / count, digital / cores});
}

int64_t arraysUsed(const ReplicationProblem &problem, const std::vector<int64_t> &copies) {
  int64_t used = Units(problem).used;
  for (size_t s = 0; s < copies.size(); ++s)
    used += (copies[s] - 1) * static_cast<int64_t>(problem.stages[s].work.size());
  return used;
}

Result<Replication> replicate(const ReplicationProblem &problem) {
  if (Status status = check(problem); !status)
    return status.error();
  Units units(problem);
  Greedy(units).run();
  return Replication{units.copies, arraysUsed(problem, units.copies), units.busiest(),
                     busiestBound(problem)};
}

} // namespace cimc::mapping
