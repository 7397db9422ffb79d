//===- PartitionBound.cpp - Bytes that no partition avoids -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Give each node a price that a chip earns for holding it. What all chips pay for received bytes is
// at least the sum of all prices plus, for each chip, the least that one chip can pay less what it
// earns: every partition is one such choice per chip that together hold each node once. The choice
// of one chip is a small integer program; prices are improved by subgradients. Chips are equal, so
// one program stands for all, and the symmetry that spoils integer programs of the whole problem is
// gone.
//
//===--------------------------------------------------------------------------===//

#include "IntegerProgram.h"

#include "cimc/Mapping/PartitionExact.h"

#include <algorithm>
#include <cmath>

namespace cimc::mapping {
namespace {

/// What one chip holds: a share of each node in 0 to 1 and whether it has any. It pays for each
/// value that it reads, less what it makes itself.
class ChipProgram {
public:
  explicit ChipProgram(const PartitionProblem &problem) {
    constexpr double kNone = -std::numeric_limits<double>::infinity();
    std::vector<std::pair<int, double>> room, memory;
    for (const PartitionNode &node : problem.nodes) {
      bool isWhole = node.outputUnits == 1;
      share.push_back(program.addVariable(0, 1, 0, isWhole));
      present.push_back(isWhole ? share.back() : program.addVariable(0, 1, 0, true));
      if (!isWhole)
        program.addConstraint({{share.back(), 1}, {present.back(), -1}}, kNone, 0);
      if (node.capacity > 0)
        room.push_back({share.back(), double(node.capacity)});
      if (node.memoryBytes > 0)
        memory.push_back({present.back(), double(node.memoryBytes)});
    }
    program.addConstraint(room, kNone, double(problem.chipCapacity));
    if (problem.chipMemory > 0 && !memory.empty())
      program.addConstraint(memory, kNone, double(problem.chipMemory));
    for (const PartitionValue &value : problem.values) {
      if (value.producer == kHostReader || value.bytes == 0)
        continue;
      int received = program.addVariable(0, double(value.bytes), 1, false);
      for (int64_t reader : value.readers)
        if (reader != kHostReader)
          program.addConstraint({{received, 1},
                                 {present[size_t(reader)], -double(value.bytes)},
                                 {share[size_t(value.producer)], double(value.bytes)}},
                                0, std::numeric_limits<double>::infinity());
    }
  }

  struct Choice {
    double cost = 0;           ///< at most what the best choice pays less what it earns
    std::vector<double> share; ///< of each node
  };
  Choice solve(const std::vector<double> &prices) {
    for (size_t node = 0; node < share.size(); ++node)
      program.setCost(share[node], -prices[node]);
    IntegerProgram::Solution solution = program.solve(100'000);
    Choice choice;
    choice.cost = std::min(0.0, solution.proved ? solution.cost : solution.bound);
    for (int variable : share)
      choice.share.push_back(solution.found ? solution.values[size_t(variable)] : 0);
    return choice;
  }

private:
  IntegerProgram program;
  std::vector<int> share, present;
};

} // namespace

int64_t interchipBound(const PartitionProblem &problem, int64_t known,
                       const BoundOptions &options) {
  // The program of a chip knows cuts along outputs only.
  bool hasInputCuts = std::any_of(problem.nodes.begin(), problem.nodes.end(),
                                  [](const PartitionNode &node) { return node.inputUnits > 1; });
  if (problem.chips == 1 || known == 0 || leastChips(problem) == 1 || hasInputCuts)
    return 0;
  size_t count = problem.nodes.size();
  double room = 0;
  for (const PartitionNode &node : problem.nodes)
    room += double(node.capacity);
  // What is known, spread over the weights, is a fair first price.
  std::vector<double> prices(count);
  for (size_t node = 0; node < count; ++node)
    prices[node] = double(known) * double(problem.nodes[node].capacity) / room;
  ChipProgram chip(problem);
  double best = 0, step = 1;
  std::vector<double> bestPrices = prices;
  int64_t sinceBetter = 0;
  for (int64_t round = 0; round < options.rounds; ++round) {
    ChipProgram::Choice choice = chip.solve(prices);
    double bound = double(problem.chips) * choice.cost;
    for (double price : prices)
      bound += price;
    if (bound > best) {
      best = bound;
      bestPrices = prices;
      sinceBetter = 0;
    } else if (++sinceBetter == 3) {
      step /= 2;
      sinceBetter = 0;
      prices = bestPrices;
      continue;
    }
    double norm = 0;
    std::vector<double> slope(count);
    for (size_t node = 0; node < count; ++node) {
      slope[node] = 1 - double(problem.chips) * choice.share[node];
      norm += slope[node] * slope[node];
    }
    if (norm < 1e-12)
      break;
    double length = step * std::max(double(known) - bound, 1.0) / norm;
    for (size_t node = 0; node < count; ++node)
      prices[node] += length * slope[node];
  }
  return std::min(known, int64_t(std::floor(best * (1 - 1e-9))));
}

} // namespace cimc::mapping
