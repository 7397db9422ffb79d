//===- PartitionSearch.cpp - Local search for partitions -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Simulated annealing over shares. A move takes units of a node to another chip; where they do not
// fit there, units of another node come back in exchange. Which amounts are tried follows from the
// cost: it is linear in the units between two chips that both hold the node, so a best solution
// moves as much as fits. Only the two chips' terms change, unless a layer is cut along its inputs;
// such layers stay where they are.
//
//===--------------------------------------------------------------------------===//

#include "PartitionInternal.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace cimc::mapping {
namespace {

class Annealer {
public:
  Annealer(const Shares &start, uint32_t seed)
      : problem(start.graph->problem), current(start), engine(seed), terms(start.chips.size()) {
    for (int64_t chip = 0; chip < problem.chips; ++chip) {
      refresh(chip);
      allWork += double(terms[size_t(chip)].work);
    }
  }

  Shares run(int64_t moves) {
    Shares best = current;
    double bestCost = cost();
    double scale = startTemperature();
    for (int64_t move = 0; move < moves; ++move) {
      double left = 1 - double(move) / double(moves);
      temperature = scale * left * left;
      if (!tryMove())
        continue;
      if (double now = cost(); now < bestCost) {
        bestCost = now;
        best = current;
      }
    }
    return best;
  }

private:
  /// Bytes and waiting count, and a little each piece, so that layers are not cut for nothing; how
  /// unevenly work is spread decides between equals.
  double cost() const {
    return double(bytes) + problem.bytesPerWait * double(waiting) + 8 * double(pieces) +
           0.5 * squares / (allWork * allWork);
  }

  double startTemperature() const {
    double most = 1;
    for (const PartitionValue &value : problem.values)
      most = std::max(most, double(value.bytes));
    return std::min(most, std::max(double(bytes) / double(terms.size()), 1.0)) / 2;
  }

  /// What a chip adds to the sums.
  struct Terms {
    int64_t room = 0, received = 0, work = 0, pieces = 0, waiting = 0;
  };

  void refresh(int64_t chip) {
    set(chip, {current.roomUsed(chip), current.received(chip), current.workOn(chip),
               int64_t(current.chips[size_t(chip)].size()), current.waitingOn(chip)});
  }
  void set(int64_t chip, const Terms &now) {
    Terms &old = terms[size_t(chip)];
    bytes += now.received - old.received;
    pieces += now.pieces - old.pieces;
    waiting += now.waiting - old.waiting;
    squares += double(now.work) * double(now.work) - double(old.work) * double(old.work);
    old = now;
  }

  int64_t draw(int64_t below) { return int64_t(engine() % uint64_t(below)); }

  /// A chip that `node` has something to do with: one with its neighbours, or any.
  int64_t drawTarget(int64_t node) {
    const std::vector<int64_t> &reads = current.graph->reads[size_t(node)];
    if (!reads.empty() && draw(4) != 0) {
      int64_t value = reads[size_t(draw(int64_t(reads.size())))];
      int64_t other = problem.values[size_t(value)].producer;
      const std::vector<int64_t> &readers = problem.values[size_t(value)].readers;
      if (draw(2) == 0)
        other = std::max<int64_t>(readers[size_t(draw(int64_t(readers.size())))], 0);
      for (int64_t chip = draw(problem.chips), i = 0; i < problem.chips; ++i)
        if (current.on((chip + i) % problem.chips, other) > 0)
          return (chip + i) % problem.chips;
    }
    return draw(problem.chips);
  }

  bool fits(int64_t chip) const {
    return current.roomUsed(chip) <= problem.chipCapacity &&
           (problem.chipMemory == 0 || current.memoryUsed(chip) <= problem.chipMemory);
  }

  /// Most units of a node that fit a room.
  int64_t unitsIn(int64_t node, int64_t space) const {
    int64_t capacity = problem.nodes[size_t(node)].capacity, units = current.unitsOf(node);
    return capacity == 0 ? units : std::max<int64_t>(space, 0) * units / capacity;
  }

  void shift(int64_t node, int64_t units, int64_t from, int64_t to) {
    current.add(from, node, -units);
    current.add(to, node, units);
    done.push_back({node, units, from, to});
  }

  /// Gives back from `to` to `from` what exceeds the room of `to`: units of one node, then of
  /// others.
  bool makeRoom(int64_t keep, int64_t from, int64_t to) {
    for (int64_t round = 0; round < 3; ++round) {
      int64_t excess = current.roomUsed(to) - problem.chipCapacity;
      if (excess <= 0)
        return true;
      const std::vector<Share> &shares = current.chips[size_t(to)];
      Share share = shares[size_t(draw(int64_t(shares.size())))];
      int64_t capacity = problem.nodes[size_t(share.node)].capacity;
      if (share.node == keep || capacity == 0 || current.byInputs[size_t(share.node)])
        continue;
      int64_t all = current.unitsOf(share.node);
      int64_t units = (excess * all + capacity - 1) / capacity;
      if (units > share.units || draw(3) == 0)
        units = share.units;
      shift(share.node, units, to, from);
    }
    return current.roomUsed(to) <= problem.chipCapacity;
  }

  void undo() {
    for (; !done.empty(); done.pop_back()) {
      const Step &step = done.back();
      current.add(step.to, step.node, -step.units);
      current.add(step.from, step.node, step.units);
    }
  }

  /// Proposes a move; returns whether it was accepted.
  bool tryMove() {
    int64_t from = draw(problem.chips);
    const std::vector<Share> &shares = current.chips[size_t(from)];
    if (shares.empty())
      return false;
    Share share = shares[size_t(draw(int64_t(shares.size())))];
    if (current.byInputs[size_t(share.node)])
      return false;
    int64_t to = drawTarget(share.node);
    if (to == from)
      return false;
    int64_t free = unitsIn(share.node, problem.chipCapacity - terms[size_t(to)].room);
    bool exchange = draw(2) == 0;
    int64_t units = exchange ? share.units : std::min(share.units, free);
    if (exchange && draw(4) == 0)
      units = 1 + draw(share.units);
    if (units == 0)
      return false;
    done.clear();
    shift(share.node, units, from, to);
    if (!makeRoom(share.node, from, to) || !fits(from) || !fits(to))
      return undo(), false;
    return decide(from, to);
  }

  bool decide(int64_t a, int64_t b) {
    double before = cost();
    Terms oldA = terms[size_t(a)], oldB = terms[size_t(b)];
    refresh(a);
    refresh(b);
    double change = cost() - before;
    if (change <= 0 ||
        (temperature > 0 && double(engine()) / 4294967296.0 < std::exp(-change / temperature)))
      return true;
    set(a, oldA);
    set(b, oldB);
    undo();
    return false;
  }

  struct Step {
    int64_t node, units, from, to;
  };

  const PartitionProblem &problem;
  Shares current;
  std::mt19937 engine;
  std::vector<Terms> terms; ///< by chip
  int64_t bytes = 0;        ///< received by all
  int64_t pieces = 0;       ///< on all
  int64_t waiting = 0;      ///< of all
  double squares = 0, allWork = 1;
  std::vector<Step> done; ///< of the move that is tried
  double temperature = 0;
};

} // namespace

Shares improve(const Shares &start, int64_t moves, uint32_t seed) {
  return Annealer(start, seed).run(moves);
}

} // namespace cimc::mapping
