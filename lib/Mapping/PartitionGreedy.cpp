//===- PartitionGreedy.cpp - One chip after the other ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rule of the Illusion system (R. M. Radway et al., Nature Electronics 4, 2021): walk the
// layers in network order. A layer that fits the rest of the chip goes there whole. Else it is cut,
// along its outputs if it has at least as many of them as inputs; the chip takes as many as fit,
// the next chips the rest.
//
//===--------------------------------------------------------------------------===//

#include "PartitionInternal.h"

#include <algorithm>
#include <numeric>

namespace cimc::mapping {
namespace {

class Filler {
public:
  explicit Filler(const PartitionGraph &graph) : problem(graph.problem), shares(graph) {}

  Result<Shares> fill() {
    for (size_t node = 0; node < problem.nodes.size(); ++node)
      if (!place(int64_t(node), problem.nodes[node]))
        return Error{"'" + problem.nodes[node].name +
                     "' does not fit behind the layers before it: " +
                     std::to_string(problem.chips) + " chips are full"};
    return std::move(shares);
  }

private:
  bool hasMemory(const PartitionNode &info) const {
    return problem.chipMemory == 0 || memory + info.memoryBytes <= problem.chipMemory;
  }
  bool nextChip() {
    room = memory = 0;
    return ++chip < problem.chips;
  }

  void take(int64_t node, const PartitionNode &info, int64_t units) {
    shares.add(chip, node, units);
    if (shares.finisher[size_t(node)] < 0)
      shares.finisher[size_t(node)] = chip;
    room += shares.roomFor(node, units);
    memory += info.memoryBytes;
  }

  bool place(int64_t node, const PartitionNode &info) {
    if (info.capacity == 0) {
      while (!hasMemory(info))
        if (!nextChip())
          return false;
      take(node, info, shares.unitsOf(node));
      return true;
    }
    if (room + info.capacity <= problem.chipCapacity && hasMemory(info)) {
      take(node, info, shares.unitsOf(node));
      return true;
    }
    shares.byInputs[size_t(node)] = info.outputUnits < info.inputUnits;
    for (int64_t left = shares.unitsOf(node); left > 0;) {
      // Units that fit what is left.
      int64_t units =
          hasMemory(info)
              ? std::min(left, (problem.chipCapacity - room) * shares.unitsOf(node) / info.capacity)
              : 0;
      if (units > 0)
        take(node, info, units);
      left -= units;
      if (left > 0 && !nextChip())
        return false;
    }
    return true;
  }

  const PartitionProblem &problem;
  Shares shares;
  int64_t chip = 0, room = 0, memory = 0; ///< of the chip that is being filled
};

/// Puts `units` of a node on the chip where they leave least room; false if none has room.
bool putTight(Shares &shares, int64_t node, int64_t units) {
  const PartitionProblem &problem = shares.graph->problem;
  int64_t best = -1, bestLeft = 0;
  for (int64_t chip = 0; chip < problem.chips; ++chip) {
    int64_t left = problem.chipCapacity - shares.roomUsed(chip) - shares.roomFor(node, units);
    bool fits =
        problem.chipMemory == 0 || shares.on(chip, node) > 0 ||
        shares.memoryUsed(chip) + problem.nodes[size_t(node)].memoryBytes <= problem.chipMemory;
    if (left >= 0 && fits && (best < 0 || left < bestLeft)) {
      best = chip;
      bestLeft = left;
    }
  }
  if (best < 0)
    return false;
  shares.add(best, node, units);
  if (shares.finisher[size_t(node)] < 0)
    shares.finisher[size_t(node)] = best;
  return true;
}

} // namespace

Result<Shares> solveLargestFirst(const PartitionGraph &graph) {
  const PartitionProblem &problem = graph.problem;
  std::vector<int64_t> order(problem.nodes.size());
  std::iota(order.begin(), order.end(), 0);
  auto unit = [&](int64_t node) {
    const PartitionNode &info = problem.nodes[size_t(node)];
    return info.capacity / info.outputUnits;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return unit(a) > unit(b); });
  Shares shares(graph);
  for (int64_t node : order) {
    const PartitionNode &info = problem.nodes[size_t(node)];
    if (putTight(shares, node, info.outputUnits))
      continue;
    for (int64_t placed = 0; placed < info.outputUnits; ++placed)
      if (!putTight(shares, node, 1))
        return Error{"'" + info.name +
                     "' does not fit beside the other layers: " + std::to_string(problem.chips) +
                     " chips of " + std::to_string(problem.chipCapacity) + " have no room for " +
                     std::to_string(info.outputUnits - placed) + " of its " +
                     std::to_string(info.outputUnits) + " outputs"};
  }
  return std::move(shares);
}

Result<Shares> solveGreedily(const PartitionGraph &graph) { return Filler(graph).fill(); }

} // namespace cimc::mapping
