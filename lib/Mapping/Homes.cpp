//===- Homes.cpp - Which node computes which stage -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Local search. The node that exceeds its memory most gives a stage away; each of its movable
// stages, alone or with the movable stages of the node that follow from it, is tried on the nodes
// that it talks to and on the emptiest ones. The move with the least overflow, then the least
// traffic, is made. A node where no move helps is left until another move has been made.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Mapping/Homes.h"

#include <algorithm>
#include <set>
#include <string>

namespace cimc::mapping {
namespace {

/// How many of the emptiest nodes are tried for each move.
constexpr size_t kEmptiest = 6;

/// Steps of the search; one is the look at one value of a node.
constexpr int64_t kBudget = 30'000'000;

int64_t alignUp(int64_t bytes) { return (bytes + 7) / 8 * 8; }

using Numbers = std::vector<int64_t>;

/// The problem with its edges in both directions, and homes.
class State {
public:
  explicit State(const HomeProblem &problem)
      : problem(problem), values(problem.stages.size()), stagesAt(size_t(problem.nodes)) {
    for (const HomeStage &stage : problem.stages)
      home.push_back(stage.node);
    for (size_t v = 0; v < problem.values.size(); ++v) {
      for (const HomePart &part : problem.values[v].parts)
        values[size_t(part.stage)].push_back(int64_t(v));
      for (int64_t reader : problem.values[v].readers)
        values[size_t(reader)].push_back(int64_t(v));
    }
    for (size_t s = 0; s < home.size(); ++s)
      if (home[s] != kHostNode)
        stagesAt[size_t(home[s])].insert(int64_t(s));
  }

  /// Numbers of the values that a node's stages make or read, each once.
  Numbers valuesAt(int64_t node) const {
    Numbers found;
    for (int64_t stage : stagesAt[size_t(node)])
      found.insert(found.end(), values[size_t(stage)].begin(), values[size_t(stage)].end());
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }

  bool isRead(const HomeValue &value, int64_t node) const {
    return std::any_of(value.readers.begin(), value.readers.end(),
                       [&](int64_t reader) { return home[size_t(reader)] == node; });
  }

  /// Buffers of a value on a node.
  int64_t valueBytes(const HomeValue &value, int64_t node) const {
    int64_t row = 0, here = 0, made = 0, received = 0;
    for (const HomePart &part : value.parts) {
      row += part.rowBytes;
      bool local = home[size_t(part.stage)] == node;
      here += local ? alignUp(part.rowBytes) : 0;
      made += local;
      received += local ? 0 : alignUp(part.rowBytes * value.messages);
    }
    if (!isRead(value, node))
      return here;
    if (value.direct)
      return here + received;
    if (made == 1 && value.parts.size() == 1)
      return alignUp(row * std::max<int64_t>(value.liveRows, 1));
    return here + received + alignUp(row * std::max<int64_t>(value.liveRows, 1));
  }

  int64_t memory(int64_t node) {
    int64_t constants = 0, scratch = 0, buffers = 0;
    for (int64_t s : stagesAt[size_t(node)]) {
      const HomeStage &stage = problem.stages[size_t(s)];
      constants += alignUp(stage.constantBytes);
      scratch = std::max(scratch, alignUp(stage.scratchBytes));
    }
    for (int64_t v : valuesAt(node)) {
      buffers += valueBytes(problem.values[size_t(v)], node);
      --budget;
    }
    return constants + scratch + buffers;
  }

  int64_t overflow(int64_t node) {
    return std::max<int64_t>(0, memory(node) - problem.memoryBytes);
  }

  /// Bytes of a value that leave their nodes: each part once to every other node that reads.
  int64_t traffic(const HomeValue &value) const {
    std::set<int64_t> nodes;
    for (int64_t reader : value.readers)
      nodes.insert(home[size_t(reader)]);
    int64_t bytes = 0;
    for (int64_t node : nodes)
      for (const HomePart &part : value.parts)
        bytes += home[size_t(part.stage)] == node ? 0 : part.rowBytes * value.rows;
    return bytes;
  }

  void move(const Numbers &stages, int64_t node) {
    for (int64_t stage : stages) {
      stagesAt[size_t(home[size_t(stage)])].erase(stage);
      stagesAt[size_t(node)].insert(stage);
      home[size_t(stage)] = node;
    }
  }

  const HomeProblem &problem;
  Numbers home; ///< by stage
  std::vector<Numbers> values;
  std::vector<std::set<int64_t>> stagesAt;
  int64_t budget = kBudget;
};

/// What a move does to the whole: less is better, overflow first.
using Change = std::pair<int64_t, int64_t>;

class Search {
public:
  explicit Search(const HomeProblem &problem) : state(problem), bytes(size_t(problem.nodes)) {
    for (int64_t node = 0; node < problem.nodes; ++node)
      bytes[size_t(node)] = state.memory(node);
  }

  Homes solve() {
    std::set<int64_t> stuck;
    for (int64_t node = fullest(stuck); node >= 0 && state.budget > 0; node = fullest(stuck)) {
      if (relieve(node))
        stuck.clear();
      else
        stuck.insert(node);
    }
    Homes homes{state.home, 0, 0, 0};
    for (const HomeValue &value : state.problem.values) {
      homes.trafficBytes += state.traffic(value);
      homes.trafficBound += boundOf(value);
    }
    for (int64_t used : bytes)
      homes.overflowBytes += std::max<int64_t>(0, used - state.problem.memoryBytes);
    return homes;
  }

private:
  /// The node that exceeds its memory most and is not stuck; -1 if none does.
  int64_t fullest(const std::set<int64_t> &stuck) const {
    int64_t found = -1, most = state.problem.memoryBytes;
    for (size_t node = 0; node < bytes.size(); ++node)
      if (bytes[node] > most && !stuck.count(int64_t(node))) {
        most = bytes[node];
        found = int64_t(node);
      }
    return found;
  }

  bool isMovable(int64_t stage) const { return state.problem.stages[size_t(stage)].movable; }

  /// A stage and the movable stages of its node that read what it makes, and so on.
  Numbers withFollowers(int64_t first) const {
    Numbers group{first};
    for (size_t next = 0; next < group.size(); ++next)
      for (int64_t v : state.values[size_t(group[next])]) {
        const HomeValue &value = state.problem.values[size_t(v)];
        bool makes = std::any_of(value.parts.begin(), value.parts.end(),
                                 [&](const HomePart &part) { return part.stage == group[next]; });
        for (int64_t reader : value.readers)
          if (makes && isMovable(reader) &&
              state.home[size_t(reader)] == state.home[size_t(first)] &&
              std::find(group.begin(), group.end(), reader) == group.end())
            group.push_back(reader);
      }
    return group;
  }

  Numbers valuesOf(const Numbers &stages) const {
    std::set<int64_t> found;
    for (int64_t stage : stages)
      found.insert(state.values[size_t(stage)].begin(), state.values[size_t(stage)].end());
    return {found.begin(), found.end()};
  }

  /// Nodes that make or read what these stages do.
  std::set<int64_t> neighbours(const Numbers &stages) const {
    std::set<int64_t> nodes;
    for (int64_t v : valuesOf(stages)) {
      for (const HomePart &part : state.problem.values[size_t(v)].parts)
        nodes.insert(state.home[size_t(part.stage)]);
      for (int64_t reader : state.problem.values[size_t(v)].readers)
        nodes.insert(state.home[size_t(reader)]);
    }
    nodes.erase(kHostNode);
    return nodes;
  }

  bool mayMove(int64_t from, int64_t to) const {
    int64_t group = state.problem.nodesPerGroup;
    return group == 0 || from / group == to / group;
  }

  /// The nodes with most room among those that a stage of `node` may move to.
  Numbers emptiest(int64_t node) const {
    int64_t group = state.problem.nodesPerGroup, count = int64_t(bytes.size());
    int64_t first = group == 0 ? 0 : node / group * group;
    Numbers nodes(size_t(group == 0 ? count : std::min(group, count - first)));
    for (size_t i = 0; i < nodes.size(); ++i)
      nodes[i] = first + int64_t(i);
    size_t kept = std::min(kEmptiest, nodes.size());
    std::partial_sort(nodes.begin(), nodes.begin() + int64_t(kept), nodes.end(),
                      [&](int64_t a, int64_t b) {
                        return std::pair(bytes[size_t(a)], a) < std::pair(bytes[size_t(b)], b);
                      });
    nodes.resize(kept);
    return nodes;
  }

  /// Overflow and traffic of everything that a move of `stages` to `node` touches, now.
  Change costOf(const Numbers &touchedValues, const std::set<int64_t> &touchedNodes) {
    Change cost{0, 0};
    for (int64_t node : touchedNodes)
      cost.first += state.overflow(node);
    for (int64_t v : touchedValues)
      cost.second += state.traffic(state.problem.values[size_t(v)]);
    return cost;
  }

  /// Makes the best move away from `node`; false if none lowers the cost.
  bool relieve(int64_t node) {
    Change best{0, 0};
    Numbers bestStages;
    int64_t bestNode = -1;
    Numbers empty = emptiest(node);
    Numbers stages(state.stagesAt[size_t(node)].begin(), state.stagesAt[size_t(node)].end());
    for (int64_t stage : stages) {
      if (!isMovable(stage))
        continue;
      Numbers group = withFollowers(stage);
      for (const Numbers &moved : {Numbers{stage}, group}) {
        Numbers touchedValues = valuesOf(moved);
        std::set<int64_t> nearby = neighbours(moved), tried = nearby;
        tried.insert(empty.begin(), empty.end());
        tried.erase(node);
        for (int64_t target : tried) {
          if (!mayMove(node, target))
            continue;
          std::set<int64_t> touched = nearby;
          touched.insert({node, target});
          Change before = costOf(touchedValues, touched);
          state.move(moved, target);
          Change after = costOf(touchedValues, touched);
          state.move(moved, node);
          Change change{after.first - before.first, after.second - before.second};
          if (change < best) {
            best = change;
            bestStages = moved;
            bestNode = target;
          }
        }
        if (group.size() == 1)
          break;
      }
    }
    if (bestNode < 0 || best.first >= 0) // only overflow is a reason to move
      return false;
    std::set<int64_t> touched = neighbours(bestStages);
    touched.insert({node, bestNode});
    state.move(bestStages, bestNode);
    for (int64_t changed : touched)
      bytes[size_t(changed)] = state.memory(changed);
    return true;
  }

  /// What parts that stay send to readers that stay.
  int64_t boundOf(const HomeValue &value) const {
    std::set<int64_t> nodes;
    for (int64_t reader : value.readers)
      if (!isMovable(reader))
        nodes.insert(state.problem.stages[size_t(reader)].node);
    int64_t sum = 0;
    for (int64_t node : nodes)
      for (const HomePart &part : value.parts)
        if (!isMovable(part.stage) && state.problem.stages[size_t(part.stage)].node != node)
          sum += part.rowBytes * value.rows;
    return sum;
  }

  State state;
  Numbers bytes; ///< memory by node
};

Status validate(const HomeProblem &problem) {
  auto count = int64_t(problem.stages.size());
  for (const HomeStage &stage : problem.stages)
    if (stage.node >= problem.nodes || (stage.node < 0 && stage.node != kHostNode) ||
        (stage.node == kHostNode && stage.movable))
      return Error{"a stage must lie on one of " + std::to_string(problem.nodes) +
                   " nodes, or stay at the host, but is on node " + std::to_string(stage.node)};
  for (const HomeValue &value : problem.values) {
    for (const HomePart &part : value.parts)
      if (part.stage < 0 || part.stage >= count)
        return Error{"a value must be made by one of " + std::to_string(count) +
                     " stages, but names stage " + std::to_string(part.stage)};
    for (int64_t reader : value.readers)
      if (reader < 0 || reader >= count)
        return Error{"a value must be read by some of " + std::to_string(count) +
                     " stages, but names stage " + std::to_string(reader)};
  }
  return Status::success();
}

} // namespace

int64_t nodeMemory(const HomeProblem &problem, const std::vector<int64_t> &nodeOfStage,
                   int64_t node) {
  HomeProblem placed = problem;
  for (size_t s = 0; s < placed.stages.size(); ++s)
    placed.stages[s].node = nodeOfStage[s];
  return State(placed).memory(node);
}

Result<Homes> findHomes(const HomeProblem &problem) {
  if (Status status = validate(problem); !status)
    return status.error();
  return Search(problem).solve();
}

} // namespace cimc::mapping
