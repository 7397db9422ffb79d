//===- ValidatorRows.cpp - Which rows a core's memory holds ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ValidatorRows.h.
//
//===--------------------------------------------------------------------------===//

#include "ValidatorRows.h"

#include <algorithm>
#include <map>
#include <set>

using namespace cimc;
using namespace cimc::program;

RowUse::RowUse(const Access &access, uint32_t bufferRows)
    : mode(access.mode), buffer(access.buffer()), rows(bufferRows), mul(access.mul()),
      div(access.div()), add(access.add()), isWindow(access.window != nullptr),
      crosses(access.crossesRows && mul == 0), begin(access.begin), end(access.end),
      moves(access.moves()), turns(access.turns), steps(access.steps) {
  if (!isWindow)
    return;
  kernel = access.window->kernelH;
  dilation = access.window->dilationH;
  height = access.window->height;
}

//===--------------------------------------------------------------------------===//
// Scratch
//===--------------------------------------------------------------------------===//

namespace {
/// Finds the buffers of a core that one block fills before it reads them, in every firing.
class ScratchFinder {
public:
  ScratchFinder(const Program &program, const Core &core) : buffers(core.buffers.size()) {
    for (uint32_t b = 0; b < core.blocks.size(); ++b)
      for (const Instruction &instruction : core.blocks[b].instructions) {
        std::vector<Access> accesses = accessesOf(program, instruction);
        for (const Access &access : accesses)
          if (access.reads())
            read(buffers[access.buffer()], access, b);
        for (const Access &access : accesses)
          if (access.writes())
            write(buffers[access.buffer()], access, b);
      }
  }
  bool isScratch(uint32_t buffer) const { return buffers[buffer].scratch; }
  /// Does the block that uses scratch `buffer` also write `other`?
  bool writesBoth(uint32_t buffer, uint32_t other) const {
    return buffers[buffer].block && buffers[other].writers.contains(*buffers[buffer].block);
  }

private:
  struct State {
    bool scratch = true;
    std::optional<uint32_t> block;
    std::set<uint32_t> writers;
    uint32_t mul = 0, div = 1;
    int32_t add = 0;
    std::map<int64_t, int64_t> written; ///< begin -> end, apart from each other
  };

  /// Is the access by the one block, to the one row of this firing?
  static bool same(const State &state, const Access &access, uint32_t block) {
    return state.block == block && state.mul == access.mul() && state.div == access.div() &&
           state.add == access.add() && !access.crossesRows &&
           (access.row || access.window->kernelH == 1);
  }
  static void read(State &state, const Access &access, uint32_t block) {
    auto cover = state.written.upper_bound(access.begin);
    bool covered = cover != state.written.begin() && std::prev(cover)->second >= access.end;
    state.scratch = state.scratch && same(state, access, block) && covered;
  }
  static void write(State &state, const Access &access, uint32_t block) {
    state.writers.insert(block);
    if (!state.block) {
      state.block = block;
      state.mul = access.mul(), state.div = access.div(), state.add = access.add();
    }
    state.scratch = state.scratch && same(state, access, block);
    int64_t begin = access.begin, end = access.end;
    auto next = state.written.upper_bound(begin);
    if (next != state.written.begin() && std::prev(next)->second >= begin)
      --next;
    while (next != state.written.end() && next->first <= end) {
      begin = std::min(begin, next->first);
      end = std::max(end, next->second);
      next = state.written.erase(next);
    }
    state.written[begin] = end;
  }

  std::vector<State> buffers;
};
} // namespace

//===--------------------------------------------------------------------------===//
// RowTracker
//===--------------------------------------------------------------------------===//

/// Pairs of buffers that share memory.
static std::vector<std::pair<uint32_t, uint32_t>> findPairs(const Core &core) {
  std::vector<uint32_t> order(core.buffers.size());
  for (uint32_t i = 0; i < order.size(); ++i)
    order[i] = i;
  auto address = [&](uint32_t i) { return uint64_t{core.buffers[i].address}; };
  auto end = [&](uint32_t i) {
    return address(i) + uint64_t{core.buffers[i].rowBytes} * core.buffers[i].rows;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return address(a) < address(b); });
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  for (size_t i = 0; i < order.size(); ++i)
    for (size_t j = i + 1; j < order.size() && address(order[j]) < end(order[i]); ++j)
      pairs.emplace_back(order[i], order[j]);
  return pairs;
}

RowTracker::RowTracker(const Program &program, const Core &core, bool loses)
    : rings(core.buffers.size()) {
  ScratchFinder scratch(program, core);
  std::vector<std::pair<uint32_t, uint32_t>> pairs = findPairs(core);
  for (uint32_t i = 0; i < rings.size(); ++i)
    rings[i].watched = !core.buffers[i].data && !scratch.isScratch(i);
  // Scratch must not be overwritten between being filled and being read.
  for (auto [a, b] : pairs) {
    rings[a].watched = rings[a].watched || scratch.writesBoth(a, b);
    rings[b].watched = rings[b].watched || scratch.writesBoth(b, a);
  }
  for (auto [a, b] : pairs) {
    if (rings[b].watched)
      rings[a].sharers.push_back(b);
    if (rings[a].watched)
      rings[b].sharers.push_back(a);
  }
  for (uint32_t i = 0; i < rings.size(); ++i) {
    rings[i].address = core.buffers[i].address;
    rings[i].rowBytes = core.buffers[i].rowBytes;
    if (rings[i].watched)
      rings[i].slots.assign(core.buffers[i].rows, kNothing);
    if (rings[i].watched && loses)
      rings[i].epochs.resize(core.buffers[i].rows);
  }
}

std::optional<RowTracker::Missing> RowTracker::missingRow(const RowUse &use, int64_t row) const {
  const Ring &ring = rings[use.buffer];
  uint32_t slot = use.slot(row);
  int64_t found = ring.slots[slot];
  // Firings do not span epochs, so what is not watched is never lost between being written and
  // being read.
  if (found == row && !ring.epochs.empty() && ring.epochs[slot] != epoch)
    return Missing{row, kLost, ring.epochs[slot]};
  if (found == row)
    return std::nullopt;
  return Missing{row, found};
}

std::optional<RowTracker::Missing> RowTracker::findMissing(const RowUse &use, uint64_t r) const {
  const Ring &ring = rings[use.buffer];
  if (!ring.watched)
    return std::nullopt;
  int64_t row = use.row(r);
  int64_t last = row, step = 1;
  if (use.isWindow) {
    step = use.dilation;
    last = row + (int64_t{use.kernel} - 1) * step;
    last = std::min(last, int64_t{use.height} - 1);
    if (row < 0)
      row += (-row + step - 1) / step * step;
  } else if (use.crosses) {
    int64_t moved = use.moved(r);
    last = row + (use.end + moved - 1) / ring.rowBytes;
    row += (use.begin + moved) / ring.rowBytes;
  }
  for (; row <= last; row += step)
    if (std::optional<Missing> missing = missingRow(use, row))
      return missing;
  return std::nullopt;
}

/// Destroys what watched buffers hold at the addresses [begin, end).
void RowTracker::destroy(const Ring &writer, int64_t begin, int64_t end) {
  for (uint32_t number : writer.sharers) {
    Ring &victim = rings[number];
    int64_t from = std::max<int64_t>(begin - victim.address, 0) / victim.rowBytes;
    int64_t to = std::min<int64_t>((end - victim.address + victim.rowBytes - 1) / victim.rowBytes,
                                   static_cast<int64_t>(victim.slots.size()));
    for (int64_t slot = from; slot < to; ++slot)
      victim.slots[slot] = kOverwritten;
  }
}

void RowTracker::write(const RowUse &use, uint64_t r) {
  Ring &ring = rings[use.buffer];
  if (!ring.watched && ring.sharers.empty())
    return;
  int64_t row = use.row(r), moved = use.moved(r);
  int64_t first = row, last = row;
  if (use.crosses) {
    last = row + (use.end + moved - 1) / ring.rowBytes;
    first = row + (use.begin + moved) / ring.rowBytes;
  }
  if (ring.watched)
    for (int64_t n = first; n <= last; ++n) {
      ring.slots[use.slot(n)] = n;
      if (!ring.epochs.empty())
        ring.epochs[use.slot(n)] = epoch;
    }
  if (!ring.sharers.empty()) {
    int64_t base = ring.address + use.slot(row) * ring.rowBytes + moved;
    destroy(ring, base + use.begin, base + use.end);
  }
}
