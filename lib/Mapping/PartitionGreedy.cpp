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

} // namespace

Result<Shares> solveGreedily(const PartitionGraph &graph) { return Filler(graph).fill(); }

} // namespace cimc::mapping
