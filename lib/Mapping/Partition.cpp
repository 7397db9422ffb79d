//===- Partition.cpp - Counting, checking and solving partitions ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a chip receives depends on what lies on that chip alone, so the bytes of a partition are a
// sum over chips, and a move between two chips changes the terms of these two.
//
//===--------------------------------------------------------------------------===//

#include "PartitionInternal.h"

#include <algorithm>
#include <utility>

namespace cimc::mapping {

PartitionGraph::PartitionGraph(const PartitionProblem &problem)
    : problem(problem), reads(problem.nodes.size()) {
  int64_t before = 0;
  for (const PartitionNode &node : problem.nodes)
    turn.push_back(std::exchange(before, before + node.work));
  for (size_t value = 0; value < problem.values.size(); ++value)
    if (problem.values[value].producer != kHostReader)
      for (int64_t reader : problem.values[value].readers)
        if (reader != kHostReader)
          reads[size_t(reader)].push_back(int64_t(value));
}

//===--------------------------------------------------------------------------===//
// Shares
//===--------------------------------------------------------------------------===//

Shares::Shares(const PartitionGraph &graph)
    : graph(&graph), chips(size_t(graph.problem.chips)), byInputs(graph.problem.nodes.size()),
      finisher(graph.problem.nodes.size(), -1), stamp(graph.problem.values.size()) {}

int64_t Shares::unitsOf(int64_t node) const {
  const PartitionNode &info = graph->problem.nodes[size_t(node)];
  return byInputs[size_t(node)] ? info.inputUnits : info.outputUnits;
}

static auto findShare(auto &shares, int64_t node) {
  return std::lower_bound(shares.begin(), shares.end(), node,
                          [](const Share &share, int64_t number) { return share.node < number; });
}

int64_t Shares::on(int64_t chip, int64_t node) const {
  const std::vector<Share> &shares = chips[size_t(chip)];
  auto found = findShare(shares, node);
  return found != shares.end() && found->node == node ? found->units : 0;
}

void Shares::add(int64_t chip, int64_t node, int64_t units) {
  std::vector<Share> &shares = chips[size_t(chip)];
  auto found = findShare(shares, node);
  if (found == shares.end() || found->node != node)
    found = shares.insert(found, {node, 0});
  found->units += units;
  if (found->units == 0)
    shares.erase(found);
}

int64_t Shares::roomFor(int64_t node, int64_t units) const {
  int64_t all = unitsOf(node);
  return (graph->problem.nodes[size_t(node)].capacity * units + all - 1) / all;
}

int64_t Shares::roomUsed(int64_t chip) const {
  int64_t room = 0;
  for (const Share &share : chips[size_t(chip)])
    room += roomFor(share.node, share.units);
  return room;
}

int64_t Shares::memoryUsed(int64_t chip) const {
  int64_t memory = 0;
  for (const Share &share : chips[size_t(chip)])
    memory += graph->problem.nodes[size_t(share.node)].memoryBytes;
  return memory;
}

int64_t Shares::workOn(int64_t chip) const {
  int64_t work = 0;
  for (const Share &share : chips[size_t(chip)])
    work += graph->problem.nodes[size_t(share.node)].work * share.units / unitsOf(share.node);
  return work;
}

int64_t Shares::waitingOn(int64_t chip) const {
  const std::vector<Share> &shares = chips[size_t(chip)];
  if (shares.empty())
    return 0;
  int64_t last = shares.back().node;
  int64_t span = graph->turn[size_t(last)] + graph->problem.nodes[size_t(last)].work -
                 graph->turn[size_t(shares.front().node)];
  return span - workOn(chip);
}

double Shares::totalCost() const {
  double cost = double(totalReceived());
  for (int64_t chip = 0; chip < graph->problem.chips; ++chip)
    cost += graph->problem.bytesPerWait * double(waitingOn(chip));
  return cost;
}

int64_t Shares::received(int64_t chip) const {
  int64_t bytes = 0;
  ++stampNow;
  for (const Share &share : chips[size_t(chip)]) {
    for (int64_t value : graph->reads[size_t(share.node)]) {
      if (std::exchange(stamp[size_t(value)], stampNow) == stampNow)
        continue;
      const PartitionValue &info = graph->problem.values[size_t(value)];
      int64_t producer = info.producer, made = 0;
      if (!byInputs[size_t(producer)])
        made = info.bytes * on(chip, producer) / unitsOf(producer);
      else if (finisher[size_t(producer)] == chip)
        made = info.bytes;
      bytes += info.bytes - made;
    }
    if (byInputs[size_t(share.node)] && finisher[size_t(share.node)] != chip)
      bytes += graph->problem.nodes[size_t(share.node)].sumBytes;
  }
  return bytes;
}

int64_t Shares::totalReceived() const {
  int64_t bytes = 0;
  for (int64_t chip = 0; chip < graph->problem.chips; ++chip)
    bytes += received(chip);
  return bytes;
}

std::vector<Piece> Shares::pieces() const {
  std::vector<int64_t> next(graph->problem.nodes.size());
  std::vector<Piece> result;
  auto take = [&](int64_t chip, const Share &share) {
    int64_t begin = next[size_t(share.node)];
    next[size_t(share.node)] += share.units;
    result.push_back(
        {share.node, chip, begin, begin + share.units, bool(byInputs[size_t(share.node)])});
  };
  // The finisher's piece of a layer cut along its inputs comes first.
  for (int64_t chip = 0; chip < graph->problem.chips; ++chip)
    for (const Share &share : chips[size_t(chip)])
      if (byInputs[size_t(share.node)] && finisher[size_t(share.node)] == chip)
        take(chip, share);
  for (int64_t chip = 0; chip < graph->problem.chips; ++chip)
    for (const Share &share : chips[size_t(chip)])
      if (!byInputs[size_t(share.node)] || finisher[size_t(share.node)] != chip)
        take(chip, share);
  std::stable_sort(result.begin(), result.end(), [](const Piece &a, const Piece &b) {
    return std::pair(a.node, a.begin) < std::pair(b.node, b.begin);
  });
  return result;
}

//===--------------------------------------------------------------------------===//
// Counting and checking
//===--------------------------------------------------------------------------===//

/// The shares of pieces that cover every node.
static Shares sharesOf(const PartitionGraph &graph, const std::vector<Piece> &pieces) {
  Shares shares(graph);
  std::vector<int64_t> first(graph.problem.nodes.size(), INT64_MAX);
  for (const Piece &piece : pieces) {
    shares.byInputs[size_t(piece.node)] = piece.byInputs;
    if (piece.begin < first[size_t(piece.node)]) {
      first[size_t(piece.node)] = piece.begin;
      shares.finisher[size_t(piece.node)] = piece.chip;
    }
  }
  for (const Piece &piece : pieces)
    shares.add(piece.chip, piece.node, piece.end - piece.begin);
  return shares;
}

int64_t interchipBytes(const PartitionProblem &problem, const std::vector<Piece> &pieces) {
  PartitionGraph graph(problem);
  return sharesOf(graph, pieces).totalReceived();
}

static Error nodeError(const PartitionNode &node, const std::string &message) {
  return Error{"'" + node.name + "' " + message};
}

static Status checkCover(const PartitionProblem &problem, std::vector<Piece> pieces) {
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece &a, const Piece &b) {
    return std::pair(a.node, a.begin) < std::pair(b.node, b.begin);
  });
  size_t next = 0;
  for (size_t number = 0; number < problem.nodes.size(); ++number) {
    const PartitionNode &node = problem.nodes[number];
    int64_t covered = 0, units = node.outputUnits;
    bool isFirst = true, byInputs = false;
    for (; next < pieces.size() && pieces[next].node == int64_t(number); ++next) {
      const Piece &piece = pieces[next];
      if (std::exchange(isFirst, false)) {
        byInputs = piece.byInputs;
        units = byInputs ? node.inputUnits : node.outputUnits;
      }
      if (piece.byInputs != byInputs)
        return nodeError(node, "is cut along inputs and outputs");
      if (piece.chip < 0 || piece.chip >= problem.chips)
        return nodeError(node, "lies on chip " + std::to_string(piece.chip) + ", there are " +
                                   std::to_string(problem.chips));
      if (piece.begin != covered || piece.end <= piece.begin)
        return nodeError(node, "must have a piece that begins at unit " + std::to_string(covered) +
                                   ", the next begins at " + std::to_string(piece.begin));
      covered = piece.end;
    }
    if (covered != units)
      return nodeError(node, "has pieces for " + std::to_string(covered) + " of " +
                                 std::to_string(units) + " units");
  }
  if (next != pieces.size())
    return Error{"a piece belongs to node " + std::to_string(pieces[next].node) + ", there are " +
                 std::to_string(problem.nodes.size())};
  return Status::success();
}

Status checkPartition(const PartitionProblem &problem, const std::vector<Piece> &pieces) {
  if (Status status = checkCover(problem, pieces); !status)
    return status;
  PartitionGraph graph(problem);
  Shares shares = sharesOf(graph, pieces);
  for (int64_t chip = 0; chip < problem.chips; ++chip) {
    std::string name = "chip " + std::to_string(chip);
    if (int64_t room = shares.roomUsed(chip); room > problem.chipCapacity)
      return Error{name + " holds weights of " + std::to_string(room) + ", its capacity is " +
                   std::to_string(problem.chipCapacity)};
    if (int64_t memory = shares.memoryUsed(chip);
        problem.chipMemory > 0 && memory > problem.chipMemory)
      return Error{name + " keeps " + std::to_string(memory) + " bytes of activations, it has " +
                   std::to_string(problem.chipMemory)};
  }
  return Status::success();
}

int64_t leastChips(const PartitionProblem &problem) {
  int64_t room = 0;
  for (const PartitionNode &node : problem.nodes)
    room += node.capacity;
  return std::max<int64_t>(1, (room + problem.chipCapacity - 1) / problem.chipCapacity);
}

//===--------------------------------------------------------------------------===//
// Solving
//===--------------------------------------------------------------------------===//

std::optional<PartitionSolver> parsePartitionSolver(std::string_view name) {
  if (name == "auto")
    return PartitionSolver::Auto;
  if (name == "greedy")
    return PartitionSolver::Greedy;
  return std::nullopt;
}

/// Refuses what no partition can solve.
static Status checkFeasible(const PartitionProblem &problem) {
  int64_t room = 0;
  for (const PartitionNode &node : problem.nodes) {
    room += node.capacity;
    int64_t units = std::max(node.outputUnits, node.inputUnits);
    int64_t least = (node.capacity + units - 1) / units;
    if (least > problem.chipCapacity)
      return nodeError(node, "has weights that no cut lets fit: its smallest part takes " +
                                 std::to_string(least) + ", a chip holds " +
                                 std::to_string(problem.chipCapacity));
    if (problem.chipMemory > 0 && node.memoryBytes > problem.chipMemory)
      return nodeError(node, "keeps " + std::to_string(node.memoryBytes) +
                                 " bytes of activations, a chip has " +
                                 std::to_string(problem.chipMemory));
  }
  if (room > problem.chips * problem.chipCapacity)
    return Error{"the weights take " + std::to_string(room) + ", " + std::to_string(problem.chips) +
                 " chips of " + std::to_string(problem.chipCapacity) + " hold " +
                 std::to_string(problem.chips * problem.chipCapacity) + "; at least " +
                 std::to_string(leastChips(problem)) + " chips are needed"};
  return Status::success();
}

static Partition finish(const Shares &shares) {
  Partition result;
  result.pieces = shares.pieces();
  result.interchipBytes = shares.totalReceived();
  for (int64_t chip = 0; chip < shares.graph->problem.chips; ++chip) {
    result.chipsUsed += shares.chips[size_t(chip)].empty() ? 0 : 1;
    result.workOfBusiest = std::max(result.workOfBusiest, shares.workOn(chip));
    result.waiting += shares.waitingOn(chip);
    result.memoryOfFullest = std::max(result.memoryOfFullest, shares.memoryUsed(chip));
  }
  return result;
}

Partition partitionOf(const PartitionProblem &problem, const std::vector<Piece> &pieces) {
  PartitionGraph graph(problem);
  return finish(sharesOf(graph, pieces));
}

Result<Partition> partition(const PartitionProblem &problem, const PartitionOptions &options) {
  if (Status status = checkFeasible(problem); !status)
    return status.error();
  PartitionGraph graph(problem);
  Result<Shares> greedy = solveGreedily(graph);
  if (greedy && (options.solver == PartitionSolver::Greedy || problem.chips == 1))
    return finish(*greedy);
  if (!greedy && options.solver == PartitionSolver::Auto)
    greedy = solveLargestFirst(graph);
  if (!greedy)
    return greedy.error();
  constexpr int64_t kStarts = 4;
  Shares best = *greedy;
  for (int64_t start = 0; start < kStarts; ++start) {
    Shares found = improve(*greedy, options.moves / kStarts, options.seed + uint32_t(start));
    if (found.totalCost() < best.totalCost() && found.totalReceived() <= greedy->totalReceived())
      best = found;
  }
  return finish(best);
}

} // namespace cimc::mapping
