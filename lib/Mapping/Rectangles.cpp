//===- Rectangles.cpp - Packing rectangles into equal bins -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each bin keeps its maximal free rectangles (J. Jylanki, "A thousand ways to pack the bin", 2010):
// the largest empty rectangles, which may overlap. Placing a rectangle splits all free ones that it
// touches. A heuristic is an order of the rectangles, a rule that scores a place, and the choice
// between the first bin with a place and the best place in all bins. Shuffled orders (from fixed
// seeds) follow while there is budget.
//
//===--------------------------------------------------------------------------===//

#include "Rectangles.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

namespace cimc::mapping {
namespace {

/// An empty part of a bin.
struct Area {
  int64_t row, col, rows, cols;

  bool holds(const Area &other) const {
    return other.row >= row && other.col >= col && other.row + other.rows <= row + rows &&
           other.col + other.cols <= col + cols;
  }
  bool overlaps(const Area &other) const {
    return row < other.row + other.rows && other.row < row + rows && col < other.col + other.cols &&
           other.col < col + cols;
  }
};

/// Which of several free areas is best for a rectangle: the smallest score, first then second.
enum class Rule { ShortSide, LeastArea, LowestRow, LowestColumn };

struct Score {
  int64_t first = std::numeric_limits<int64_t>::max(), second = 0;
  auto operator<=>(const Score &) const = default;
};

Score scoreOf(Rule rule, const Area &area, const Rectangle &rectangle) {
  int64_t spareRows = area.rows - rectangle.rows, spareCols = area.cols - rectangle.cols;
  switch (rule) {
  case Rule::ShortSide:
    return {std::min(spareRows, spareCols), std::max(spareRows, spareCols)};
  case Rule::LeastArea:
    return {area.rows * area.cols - rectangle.rows * rectangle.cols,
            std::min(spareRows, spareCols)};
  case Rule::LowestRow:
    return {area.row + rectangle.rows, area.col};
  case Rule::LowestColumn:
    return {area.col + rectangle.cols, area.row};
  }
  return {};
}

/// One bin.
class Bin {
public:
  Bin(int64_t rows, int64_t cols, int64_t load)
      : free{{0, 0, rows, cols}}, loadLeft(load), largestRows(rows), largestCols(cols) {}

  bool mayFit(const Rectangle &rectangle) const {
    return rectangle.load <= loadLeft && rectangle.rows <= largestRows &&
           rectangle.cols <= largestCols;
  }

  /// The best free area, if there is one with a better score than `score`, which it updates.
  const Area *find(const Rectangle &rectangle, Rule rule, Score &score, int64_t &budget) const {
    const Area *best = nullptr;
    budget -= int64_t(free.size());
    for (const Area &area : free) {
      if (area.rows < rectangle.rows || area.cols < rectangle.cols)
        continue;
      Score candidate = scoreOf(rule, area, rectangle);
      if (candidate < score) {
        score = candidate;
        best = &area;
      }
    }
    return best;
  }

  void place(const Rectangle &rectangle, int64_t row, int64_t col, int64_t &budget) {
    Area taken{row, col, rectangle.rows, rectangle.cols};
    loadLeft -= rectangle.load;
    std::vector<Area> kept, split;
    for (const Area &area : free)
      if (!area.overlaps(taken))
        kept.push_back(area);
      else
        splitAround(area, taken, split);
    addMaximal(kept, split, budget);
    free = std::move(kept);
    largestRows = largestCols = 0;
    for (const Area &area : free) {
      largestRows = std::max(largestRows, area.rows);
      largestCols = std::max(largestCols, area.cols);
    }
  }

private:
  std::vector<Area> free;
  int64_t loadLeft;
  int64_t largestRows, largestCols;

  /// The up to four maximal parts of `area` that `taken` leaves.
  static void splitAround(const Area &area, const Area &taken, std::vector<Area> &parts) {
    if (taken.row > area.row)
      parts.push_back({area.row, area.col, taken.row - area.row, area.cols});
    if (taken.col > area.col)
      parts.push_back({area.row, area.col, area.rows, taken.col - area.col});
    if (int64_t end = taken.row + taken.rows; end < area.row + area.rows)
      parts.push_back({end, area.col, area.row + area.rows - end, area.cols});
    if (int64_t end = taken.col + taken.cols; end < area.col + area.cols)
      parts.push_back({area.row, end, area.rows, area.col + area.cols - end});
  }

  /// Adds those parts that neither a kept area nor another part holds.
  static void addMaximal(std::vector<Area> &kept, const std::vector<Area> &parts, int64_t &budget) {
    budget -= int64_t(parts.size() * (kept.size() + parts.size()));
    size_t old = kept.size();
    for (size_t i = 0; i < parts.size(); ++i) {
      bool held = false;
      for (size_t j = 0; j < old && !held; ++j)
        held = kept[j].holds(parts[i]);
      // Of equal parts the first stays.
      for (size_t j = 0; j < parts.size() && !held; ++j)
        held = j != i && parts[j].holds(parts[i]) && (j < i || !parts[i].holds(parts[j]));
      if (!held)
        kept.push_back(parts[i]);
    }
  }
};

/// How rectangles are ordered before they are placed: by the largest key.
using OrderKey = std::function<Score(const Rectangle &, const RectangleProblem &)>;

/// A share of a whole in parts per million; the whole may be larger than 2^63 / 10^6.
int64_t share(int64_t part, int64_t whole) { return int64_t(double(part) / double(whole) * 1e6); }

Score byArea(const Rectangle &r, const RectangleProblem &) { return {r.rows * r.cols, r.rows}; }
Score byRows(const Rectangle &r, const RectangleProblem &) { return {r.rows, r.cols}; }
Score byCols(const Rectangle &r, const RectangleProblem &) { return {r.cols, r.rows}; }
Score byLongSide(const Rectangle &r, const RectangleProblem &) {
  return {std::max(r.rows, r.cols), std::min(r.rows, r.cols)};
}
Score byScarcest(const Rectangle &r, const RectangleProblem &problem) {
  int64_t area = share(r.rows * r.cols, problem.binRows * problem.binCols),
          load = share(r.load, problem.loadBound);
  return {std::max(area, load), area + load};
}
Score byLoad(const Rectangle &r, const RectangleProblem &) { return {r.load, r.rows * r.cols}; }

struct Heuristic {
  OrderKey key;
  Rule rule;
  bool bestBin; ///< the best place in all bins, not in the first that has one
};

const std::vector<Heuristic> &heuristics() {
  static const std::vector<Heuristic> list = {
      {byScarcest, Rule::ShortSide, false}, {byRows, Rule::ShortSide, true},
      {byArea, Rule::ShortSide, true},      {byCols, Rule::ShortSide, true},
      {byLoad, Rule::ShortSide, false},     {byLongSide, Rule::LeastArea, true},
      {byRows, Rule::LowestColumn, false},  {byCols, Rule::LowestRow, false},
      {byScarcest, Rule::LeastArea, true},  {byArea, Rule::LowestRow, false},
      {byRows, Rule::LowestRow, false},     {byLoad, Rule::LeastArea, true},
  };
  return list;
}

constexpr size_t kLastBins = 64;

/// Runs with shuffled orders, of each heuristic in turn, after all have run once.
constexpr uint64_t kShuffledRuns = 96;

/// A fixed hash (splitmix64).
uint64_t scramble(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// Runs one heuristic. Bins that cannot take even the smallest rectangle are no longer looked at.
class Run {
public:
  /// Seed 0 keeps the order of the heuristic's key, others shuffle rectangles of similar keys.
  Run(const RectangleProblem &problem, const Heuristic &heuristic, uint64_t seed, int64_t &budget)
      : problem(problem), heuristic(heuristic), seed(seed), budget(budget) {
    smallest = problem.rectangles.front();
    for (const Rectangle &r : problem.rectangles)
      smallest = {std::min(smallest.rows, r.rows), std::min(smallest.cols, r.cols),
                  std::min(smallest.load, r.load)};
  }

  RectanglePacking operator()() {
    result.places.resize(problem.rectangles.size());
    for (size_t index : order())
      placeOne(index);
    result.bins = int64_t(bins.size());
    for (int64_t load : loads)
      result.busiestLoad = std::max(result.busiestLoad, load);
    return std::move(result);
  }

private:
  const RectangleProblem &problem;
  const Heuristic &heuristic;
  uint64_t seed;
  int64_t &budget;
  Rectangle smallest;
  std::vector<Bin> bins;
  std::vector<int64_t> loads;
  std::vector<size_t> open; ///< numbers of bins that may take more
  RectanglePacking result;

  std::vector<size_t> order() const {
    std::vector<Score> keys;
    for (const Rectangle &rectangle : problem.rectangles) {
      keys.push_back(heuristic.key(rectangle, problem));
      if (seed)
        keys.back().first *= int64_t(600 + scramble(seed + keys.size()) % 800);
    }
    std::vector<size_t> indices(keys.size());
    std::iota(indices.begin(), indices.end(), 0);
    std::stable_sort(indices.begin(), indices.end(),
                     [&](size_t a, size_t b) { return keys[a] > keys[b]; });
    return indices;
  }

  void placeOne(size_t index) {
    const Rectangle &rectangle = problem.rectangles[index];
    auto [slot, area] = findPlace(rectangle);
    if (slot == open.size()) {
      open.push_back(bins.size());
      bins.emplace_back(problem.binRows, problem.binCols, problem.loadBound);
      loads.push_back(0);
      area = {0, 0, problem.binRows, problem.binCols};
    }
    size_t bin = open[slot];
    result.places[index] = {int64_t(bin), area.row, area.col};
    loads[bin] += rectangle.load;
    bins[bin].place(rectangle, area.row, area.col, budget);
    if (!bins[bin].mayFit(smallest))
      open.erase(open.begin() + int64_t(slot));
  }

  std::pair<size_t, Area> findPlace(const Rectangle &rectangle) {
    std::pair<size_t, Area> best{open.size(), {}};
    Score score;
    // Without budget only the newest bins are looked at, so that the time stays linear.
    size_t first = budget <= 0 && open.size() > kLastBins ? open.size() - kLastBins : 0;
    budget -= int64_t(open.size() - first);
    for (size_t slot = first; slot < open.size(); ++slot) {
      const Bin &bin = bins[open[slot]];
      if (!bin.mayFit(rectangle))
        continue;
      if (const Area *area = bin.find(rectangle, heuristic.rule, score, budget)) {
        best = {slot, *area};
        if (!heuristic.bestBin)
          break;
      }
    }
    return best;
  }
};

int64_t ceilDiv(__int128 value, __int128 by) { return int64_t((value + by - 1) / by); }

} // namespace

int64_t binsBound(const RectangleProblem &problem) {
  __int128 area = 0, load = 0;
  for (const Rectangle &r : problem.rectangles) {
    area += __int128(r.rows) * r.cols;
    load += r.load;
  }
  if (problem.rectangles.empty())
    return 0;
  int64_t byArea = ceilDiv(area, __int128(problem.binRows) * problem.binCols);
  return std::max(byArea, ceilDiv(load, problem.loadBound));
}

RectanglePacking packRectangles(const RectangleProblem &problem, int64_t &budget) {
  if (problem.rectangles.empty())
    return {};
  int64_t bound = binsBound(problem);
  std::optional<RectanglePacking> best;
  const std::vector<Heuristic> &list = heuristics();
  for (uint64_t run = 0; run < list.size() + kShuffledRuns; ++run) {
    uint64_t seed = run < list.size() ? 0 : run * 1'000'003;
    RectanglePacking candidate = Run(problem, list[run % list.size()], seed, budget)();
    if (!best ||
        std::pair(candidate.bins, candidate.busiestLoad) < std::pair(best->bins, best->busiestLoad))
      best = std::move(candidate);
    if (best->bins == bound || budget <= 0)
      break;
  }
  return std::move(*best);
}

} // namespace cimc::mapping
