//===- PartitionExact.cpp - Optimal partitions -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One integer program of the whole problem: units of each node on each chip, whether a chip has
// any, and what it receives of each value. Equal chips can be renumbered, so the first node has its
// largest part on chip 0, and a node lies on chip k only if an earlier one lies on chip k - 1.
//
//===--------------------------------------------------------------------------===//

#include "IntegerProgram.h"

#include "cimc/Mapping/PartitionExact.h"

#include <cmath>

namespace cimc::mapping {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class WholeProgram {
public:
  explicit WholeProgram(const PartitionProblem &problem) : problem(problem) {
    for (size_t node = 0; node < problem.nodes.size(); ++node)
      addNode(problem.nodes[node]);
    for (int64_t chip = 0; chip < problem.chips; ++chip)
      addChip(chip);
    for (const PartitionValue &value : problem.values)
      if (value.producer != kHostReader && value.bytes > 0)
        addValue(value);
    breakSymmetry();
  }

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
    auto most = double(node.outputUnits);
    for (int64_t chip = 0; chip < problem.chips; ++chip) {
      amounts.push_back(program.addVariable(0, most, 0, true));
      marks.push_back(node.outputUnits == 1 ? amounts.back() : program.addVariable(0, 1, 0, true));
      if (node.outputUnits > 1)
        program.addConstraint({{amounts.back(), 1}, {marks.back(), -most}}, -kInfinity, 0);
      all.push_back({amounts.back(), 1});
      homes.push_back({marks.back(), 1});
    }
    program.addConstraint(all, most, most);
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

} // namespace

Result<ExactPartition> partitionExactly(const PartitionProblem &problem,
                                        const ExactOptions &options) {
  Result<Partition> start = partition(problem);
  if (!start)
    return start.error();
  ExactPartition result{std::move(*start), false, 0};
  if (result.partition.interchipBytes == 0) {
    result.proved = true;
    return result;
  }
  // Solutions with the bytes of the start are of no interest.
  auto known = double(result.partition.interchipBytes);
  IntegerProgram::Solution solution = WholeProgram(problem).solve(options.nodes, known - 1e-3);
  result.proved = solution.proved;
  if (solution.found) {
    std::vector<Piece> pieces = WholeProgram(problem).pieces(solution.values);
    if (int64_t bytes = interchipBytes(problem, pieces);
        checkPartition(problem, pieces) && bytes < result.partition.interchipBytes) {
      result.partition.pieces = std::move(pieces);
      result.partition.interchipBytes = bytes;
    }
  }
  result.bound = result.proved ? result.partition.interchipBytes
                               : int64_t(std::floor(std::min(solution.bound, known)));
  return result;
}

} // namespace cimc::mapping
