//===- PartitionExact.cpp - Optimal partitions -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One integer program of the whole problem: units of each node on each chip, whether a chip has
// any, and what it receives of each value. Where no node is larger than a chip, equal chips are
// renumbered by a constraint: a node lies on chip k only if an earlier one lies on chip k - 1.
//
// Nodes that are larger than a chip must be cut and decide most of what travels, while the relaxed
// program spreads them over all chips, where nothing does. So the ways in which they can lie on
// chips are listed first, each once up to the numbering of equal chips, and the program is solved
// once for every way.
//
//===--------------------------------------------------------------------------===//

#include "IntegerProgram.h"

#include "cimc/Mapping/PartitionExact.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cimc::mapping {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class WholeProgram {
public:
  explicit WholeProgram(const PartitionProblem &problem, bool numberChips) : problem(problem) {
    for (size_t node = 0; node < problem.nodes.size(); ++node)
      addNode(problem.nodes[node]);
    for (int64_t chip = 0; chip < problem.chips; ++chip)
      addChip(chip);
    for (const PartitionValue &value : problem.values)
      if (value.producer != kHostReader && value.bytes > 0)
        addValue(value);
    if (numberChips)
      breakSymmetry();
  }

  /// Has `node` lie on the chips that `chips` marks, with at least a unit, and on no others.
  void fix(size_t node, const std::vector<bool> &chips) {
    for (size_t chip = 0; chip < chips.size(); ++chip) {
      double is = chips[chip] ? 1 : 0;
      program.setBounds(present[node][chip], is, is);
      if (problem.nodes[node].outputUnits > 1)
        program.setBounds(units[node][chip], is, is * double(problem.nodes[node].outputUnits));
    }
  }

  double relaxedCost() { return program.relaxedCost(); }

  IntegerProgram::Solution solve(int64_t maxNodes, double cutoff) {
    return program.solve(maxNodes, cutoff);
  }

  std::vector<Piece> pieces(const std::vector<double> &values) const {
    std::vector<Piece> result;
    for (size_t node = 0; node < problem.nodes.size(); ++node) {
      int64_t next = 0;
      for (int64_t chip = 0; chip < problem.chips; ++chip) {
        int64_t units = std::lround(values[size_t(this->units[node][size_t(chip)])]);
        if (units > 0)
          result.push_back({int64_t(node), chip, next, next + units, false});
        next += units;
      }
    }
    return result;
  }

private:
  void addNode(const PartitionNode &node) {
    std::vector<int> &amounts = units.emplace_back(), &marks = present.emplace_back();
    std::vector<std::pair<int, double>> all, homes;
    auto whole = double(node.outputUnits);
    double most = whole;
    if (node.capacity > 0) { // no more than fits a chip
      double unit = std::ceil(double(node.capacity) / double(node.outputUnits));
      most = std::min(most, std::floor(double(problem.chipCapacity) / unit));
    }
    for (int64_t chip = 0; chip < problem.chips; ++chip) {
      amounts.push_back(program.addVariable(0, most, 0, true));
      marks.push_back(node.outputUnits == 1 ? amounts.back() : program.addVariable(0, 1, 0, true));
      if (node.outputUnits > 1)
        program.addConstraint({{amounts.back(), 1}, {marks.back(), -most}}, -kInfinity, 0);
      all.push_back({amounts.back(), 1});
      homes.push_back({marks.back(), 1});
    }
    program.addConstraint(all, whole, whole);
    int64_t least = (node.capacity + problem.chipCapacity - 1) / problem.chipCapacity;
    program.addConstraint(homes, double(std::max<int64_t>(least, 1)), kInfinity);
  }

  void addChip(int64_t chip) {
    std::vector<std::pair<int, double>> room, memory;
    for (size_t node = 0; node < problem.nodes.size(); ++node) {
      const PartitionNode &info = problem.nodes[node];
      if (info.capacity > 0)
        room.push_back({units[node][size_t(chip)],
                        std::ceil(double(info.capacity) / double(info.outputUnits))});
      if (info.memoryBytes > 0)
        memory.push_back({present[node][size_t(chip)], double(info.memoryBytes)});
    }
    program.addConstraint(room, -kInfinity, double(problem.chipCapacity));
    if (problem.chipMemory > 0 && !memory.empty())
      program.addConstraint(memory, -kInfinity, double(problem.chipMemory));
  }

  /// A chip with a reader receives what it does not make. All chips together receive the value once
  /// less than they are, at least, since it is made once.
  void addValue(const PartitionValue &value) {
    auto producer = size_t(value.producer);
    double unit = double(value.bytes) / double(problem.nodes[producer].outputUnits);
    for (int64_t chip = 0; chip < problem.chips; ++chip) {
      int received = -1;
      for (int64_t reader : value.readers) {
        if (reader == kHostReader)
          continue;
        if (received < 0)
          received = program.addVariable(0, double(value.bytes), 1, false);
        program.addConstraint({{received, 1},
                               {present[size_t(reader)][size_t(chip)], -double(value.bytes)},
                               {units[producer][size_t(chip)], unit}},
                              0, kInfinity);
      }
    }
  }

  void breakSymmetry() {
    for (size_t node = 0; node < problem.nodes.size(); ++node)
      for (int64_t chip = 1; chip < problem.chips; ++chip) {
        std::vector<std::pair<int, double>> terms = {{present[node][size_t(chip)], -1}};
        for (size_t earlier = 0; earlier <= node; ++earlier)
          terms.push_back({present[earlier][size_t(chip - 1)], 1});
        program.addConstraint(terms, 0, kInfinity);
      }
  }

  const PartitionProblem &problem;
  IntegerProgram program;
  std::vector<std::vector<int>> units, present; ///< variables, by node and chip
};

/// Goes through the ways in which the nodes that are larger than a chip can lie on chips.
class WaySearch {
public:
  WaySearch(const PartitionProblem &problem, int64_t maxNodes, ExactPartition &result)
      : problem(problem), nodesLeft(maxNodes), result(result) {
    for (size_t node = 0; node < problem.nodes.size(); ++node)
      if (problem.nodes[node].capacity > problem.chipCapacity)
        large.push_back(node);
  }

  void run() {
    std::vector<int64_t> all(static_cast<size_t>(problem.chips));
    std::iota(all.begin(), all.end(), 0);
    list({all}, {});
    std::stable_sort(ways.begin(), ways.end(),
                     [](const Way &a, const Way &b) { return a.bound < b.bound; });
    for (Way &way : ways)
      solve(way);
    auto bound = double(result.partition.interchipBytes);
    result.proved = complete;
    for (const Way &way : ways) {
      result.proved &= way.proved;
      if (!way.proved)
        bound = std::min(bound, way.bound);
    }
    result.bound = complete ? std::max<int64_t>(0, int64_t(std::floor(bound + 1e-3))) : 0;
  }

private:
  /// The chips of each large node.
  using Chips = std::vector<std::vector<bool>>;
  struct Way {
    Chips chips;
    double bound = 0; ///< bytes of every partition of this way
    bool proved = false;
  };
  /// Chips that hold the same of the nodes so far, so that only their number counts.
  using Groups = std::vector<std::vector<int64_t>>;

  /// Partitions with the bytes of the best one are of no interest.
  double cutoff() const { return double(result.partition.interchipBytes) - 1e-3; }

  WholeProgram programOf(const Chips &chips) const {
    WholeProgram program(problem, large.empty());
    for (size_t i = 0; i < chips.size(); ++i)
      program.fix(large[i], chips[i]);
    return program;
  }

  void list(const Groups &groups, const Chips &chips) {
    if (nodesLeft <= 0) {
      complete = false;
      return;
    }
    double bound = 0;
    if (!chips.empty()) {
      --nodesLeft;
      bound = programOf(chips).relaxedCost();
      if (bound > cutoff())
        return;
    }
    if (chips.size() == large.size())
      ways.push_back({chips, bound, false});
    else
      choose(groups, 0, {}, std::vector<bool>(static_cast<size_t>(problem.chips)), chips);
  }

  /// Takes none, one, two, ... chips of each group for the next node.
  void choose(const Groups &groups, size_t group, const Groups &divided,
              const std::vector<bool> &taken, const Chips &chips) {
    if (group == groups.size()) {
      int64_t room = problem.chipCapacity * std::count(taken.begin(), taken.end(), true);
      if (room < problem.nodes[large[chips.size()]].capacity)
        return;
      Chips more = chips;
      more.push_back(taken);
      list(divided, more);
      return;
    }
    const std::vector<int64_t> &members = groups[group];
    for (size_t count = 0; count <= members.size(); ++count) {
      Groups parts = divided;
      std::vector<bool> with = taken;
      auto middle = members.begin() + static_cast<std::ptrdiff_t>(count);
      for (auto chip = members.begin(); chip != middle; ++chip)
        with[static_cast<size_t>(*chip)] = true;
      if (count > 0)
        parts.emplace_back(members.begin(), middle);
      if (count < members.size())
        parts.emplace_back(middle, members.end());
      choose(groups, group + 1, parts, with, chips);
    }
  }

  void solve(Way &way) {
    way.proved = way.bound > cutoff();
    if (way.proved || nodesLeft <= 0)
      return;
    WholeProgram program = programOf(way.chips);
    IntegerProgram::Solution solution = program.solve(nodesLeft, cutoff());
    nodesLeft -= std::max<int64_t>(solution.nodes, 1);
    way.proved = solution.proved;
    way.bound = std::max(way.bound, solution.bound);
    if (!solution.found)
      return;
    std::vector<Piece> pieces = program.pieces(solution.values);
    if (int64_t bytes = interchipBytes(problem, pieces);
        checkPartition(problem, pieces) && bytes < result.partition.interchipBytes)
      result.partition = partitionOf(problem, pieces);
  }

  const PartitionProblem &problem;
  int64_t nodesLeft; ///< of search trees, until the search gives up
  ExactPartition &result;
  std::vector<size_t> large;
  std::vector<Way> ways;
  bool complete = true; ///< all ways are listed
};

} // namespace

Result<ExactPartition> partitionExactly(const PartitionProblem &problem,
                                        const ExactOptions &options) {
  PartitionProblem bytesOnly = problem;
  bytesOnly.bytesPerWait = 0;
  Result<Partition> start = partition(bytesOnly);
  if (!start)
    return start.error();
  ExactPartition result{std::move(*start), false, 0};
  if (result.partition.interchipBytes == 0)
    result.proved = true;
  else
    WaySearch(problem, options.nodes, result).run();
  if (!result.proved)
    result.bound = std::max(result.bound, interchipBound(problem, result.partition.interchipBytes));
  return result;
}

} // namespace cimc::mapping
