//===- Placement.cpp - Putting arrays on the grid of cores -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Greedy start: the node with the most traffic to what is already placed (the host at core 0 to
// begin with) goes to the free core where that traffic travels least. Then local search: move a
// node to another core, or swap it with the node there, while that lowers the cost. Ties go to the
// smaller number, so that the result is deterministic.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Mapping/Placement.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

namespace cimc::mapping {
namespace {

/// Bytes between a node and one neighbour, which may be the host.
struct Edge {
  int64_t node = 0, bytes = 0;
};

constexpr int64_t kFree = -2;

/// Steps of the local search: one is the evaluation of one edge.
constexpr int64_t kBudget = 20'000'000;

class Placer {
public:
  explicit Placer(const PlacementProblem &problem)
      : problem(problem), edges(size_t(problem.nodes)), coreOf(size_t(problem.nodes), -1),
        nodeAt(size_t(problem.cores), kFree) {}

  Placement solve() {
    collectEdges();
    placeGreedily();
    while (improve() && budget > 0) {
    }
    Placement placement{coreOf, 0};
    for (const Traffic &traffic : problem.traffic)
      placement.byteHops +=
          traffic.bytes * distance(coreOfEnd(traffic.from), coreOfEnd(traffic.to));
    return placement;
  }

private:
  const PlacementProblem &problem;
  std::vector<std::vector<Edge>> edges; ///< by node, sorted by neighbour, both directions added
  std::vector<int64_t> coreOf;          ///< by node; -1: not placed
  std::vector<int64_t> nodeAt;          ///< by core
  int64_t firstFree = 0;                ///< all cores below hold a node
  int64_t budget = kBudget;

  int64_t coreOfEnd(int64_t node) const { return node == kHostNode ? 0 : coreOf[size_t(node)]; }
  int64_t distance(int64_t a, int64_t b) const { return hops(a, b, problem.gridColumns); }

  void collectEdges() {
    std::vector<std::map<int64_t, int64_t>> sums(edges.size());
    for (const Traffic &traffic : problem.traffic) {
      if (traffic.from == traffic.to)
        continue;
      if (traffic.from != kHostNode)
        sums[size_t(traffic.from)][traffic.to] += traffic.bytes;
      if (traffic.to != kHostNode)
        sums[size_t(traffic.to)][traffic.from] += traffic.bytes;
    }
    for (size_t i = 0; i < sums.size(); ++i)
      for (auto [node, bytes] : sums[i])
        edges[i].push_back({node, bytes});
  }

  /// Byte-hops of a node at a core; `other` is counted as if it were at `otherCore`.
  int64_t cost(int64_t node, int64_t core, int64_t other = kFree, int64_t otherCore = 0) {
    int64_t sum = 0;
    budget -= int64_t(edges[size_t(node)].size());
    for (const Edge &edge : edges[size_t(node)]) {
      int64_t at = edge.node == other ? otherCore : coreOfEnd(edge.node);
      if (at >= 0)
        sum += edge.bytes * distance(core, at);
    }
    return sum;
  }

  void put(int64_t node, int64_t core) {
    coreOf[size_t(node)] = core;
    nodeAt[size_t(core)] = node;
  }

  void placeGreedily() {
    std::vector<int64_t> pull(edges.size(), 0); ///< bytes to placed nodes
    for (size_t i = 0; i < edges.size(); ++i)
      for (const Edge &edge : edges[i])
        if (edge.node == kHostNode)
          pull[i] += edge.bytes;
    // Strongest pull first; of equal ones the smaller number.
    std::set<std::pair<int64_t, int64_t>> waiting;
    for (int64_t node = 0; node < problem.nodes; ++node)
      waiting.emplace(-pull[size_t(node)], node);
    while (!waiting.empty()) {
      int64_t node = waiting.extract(waiting.begin()).value().second;
      put(node, nearestFree(node));
      for (const Edge &edge : edges[size_t(node)])
        if (edge.node != kHostNode && coreOf[size_t(edge.node)] < 0) {
          int64_t &old = pull[size_t(edge.node)];
          waiting.erase({-old, edge.node});
          waiting.emplace(-(old += edge.bytes), edge.node);
        }
    }
  }

  /// The free core with the least cost; of equal ones the nearest to core 0, then the first.
  /// On a grid too large to search all of it for every node, the first free core.
  int64_t nearestFree(int64_t node) {
    int64_t best = -1;
    std::pair<int64_t, int64_t> bestCost;
    while (nodeAt[size_t(firstFree)] != kFree)
      ++firstFree;
    if (budget <= 0)
      return firstFree;
    budget -= problem.cores;
    for (int64_t core = firstFree; core < problem.cores; ++core) {
      if (nodeAt[size_t(core)] != kFree)
        continue;
      std::pair<int64_t, int64_t> candidate(cost(node, core), distance(core, 0));
      if (best < 0 || candidate < bestCost) {
        best = core;
        bestCost = candidate;
      }
    }
    return best;
  }

  /// One pass over all moves and swaps; true if one was made.
  bool improve() {
    bool changed = false;
    for (int64_t node = 0; node < problem.nodes; ++node)
      for (int64_t core = 0; core < problem.cores && budget > 0; ++core)
        changed |= tryMove(node, core);
    return changed;
  }

  bool tryMove(int64_t node, int64_t core) {
    int64_t from = coreOf[size_t(node)], other = nodeAt[size_t(core)];
    if (core == from)
      return false;
    int64_t before = cost(node, from), after = cost(node, core, other, from);
    if (other != kFree) {
      before += cost(other, core);
      after += cost(other, from, node, core);
    }
    if (after >= before)
      return false;
    nodeAt[size_t(from)] = kFree;
    put(node, core);
    if (other != kFree)
      put(other, from);
    return true;
  }
};

Status validate(const PlacementProblem &problem) {
  if (problem.cores < 1 || problem.gridColumns < 1 || problem.nodes < 0)
    return Error{"a grid must have at least one core and one column, but has " +
                 std::to_string(problem.cores) + " cores and " +
                 std::to_string(problem.gridColumns) + " columns"};
  if (problem.nodes > problem.cores)
    return Error{"the network needs " + std::to_string(problem.nodes) + " cores, the target has " +
                 std::to_string(problem.cores)};
  __int128 worst = 0;
  for (const Traffic &traffic : problem.traffic) {
    for (int64_t node : {traffic.from, traffic.to})
      if (node != kHostNode && (node < 0 || node >= problem.nodes))
        return Error{"traffic must be between nodes below " + std::to_string(problem.nodes) +
                     ", but names node " + std::to_string(node)};
    if (traffic.bytes < 0)
      return Error{"traffic must not be negative, but is " + std::to_string(traffic.bytes) +
                   " bytes"};
    worst += __int128(traffic.bytes) * problem.cores;
  }
  if (worst > INT64_MAX / 4)
    return Error{"the traffic between cores is larger than 2^61 bytes times hops"};
  return Status::success();
}

} // namespace

int64_t hops(int64_t coreA, int64_t coreB, int64_t gridColumns) {
  return std::abs(coreA / gridColumns - coreB / gridColumns) +
         std::abs(coreA % gridColumns - coreB % gridColumns);
}

Result<Placement> place(const PlacementProblem &problem) {
  if (Status status = validate(problem); !status)
    return status.error();
  return Placer(problem).solve();
}

} // namespace cimc::mapping
