//===- ScheduleInternal.h - Steps of the scheduler ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the scheduler's parts share: check the graph, find the firing sequence, recover loops, lay
// out memory.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_MAPPING_SCHEDULEINTERNAL_H
#define CIMC_LIB_MAPPING_SCHEDULEINTERNAL_H

#include "cimc/Mapping/Schedule.h"

#include <algorithm>

namespace cimc::mapping::detail {

/// Rows [begin, end) of a stream; empty if begin == end.
struct RowRange {
  int64_t begin = 0, end = 0;
  bool empty() const { return begin >= end; }
};

inline int64_t floorDiv(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

/// First row that `firing` asks for, before clipping.
inline int64_t firstRow(const RowMap &map, int64_t firing) {
  return floorDiv(firing * map.mul, map.div) + map.add;
}

/// Rows that `firing` needs of a stream of `rows` rows.
inline RowRange rowsNeeded(const RowMap &map, int64_t firing, int64_t rows) {
  int64_t first = firstRow(map, firing);
  RowRange range{std::clamp<int64_t>(first, 0, rows),
                 std::clamp<int64_t>(first + map.count, 0, rows)};
  if (range.empty())
    range = {0, 0};
  return range;
}

/// One use of a stream: input number `input` of stage `stage`.
struct Use {
  int32_t stage = 0, input = 0;
};

/// The problem's edges, looked up from the streams.
struct Graph {
  std::vector<int32_t> producer;      ///< by stream, -1 if none
  std::vector<std::vector<Use>> uses; ///< by stream
  std::vector<int32_t> topological;   ///< stages, producers first, but for feedback
  /// By stage: stages on a common cycle have the same number.
  std::vector<int32_t> component;
};

/// Checks the problem and builds the graph. Fails if a number is out of range, an edge makes no
/// sense, or the stages form a cycle without feedback.
Result<Graph> buildGraph(const ScheduleProblem &problem);

/// The global firing sequence. Firing number i, counted over all stages, is a firing of stage
/// `sequence[i]`.
struct Order {
  std::vector<int32_t> sequence;
  std::vector<std::vector<int32_t>> when; ///< by stage and firing: its number in `sequence`
};

/// Finds a sequence in which every firing comes as late as its readers allow, so that few rows are
/// live; rows for channels come `lead` firings earlier, except inside a cycle, where the next row
/// can only be made when this one has come round. Fails if a firing needs itself.
Result<Order> findOrder(const ScheduleProblem &problem, const Graph &graph, int64_t lead);

/// Recovers loops from a core's sequence of stages.
std::vector<Step> compressSteps(const std::vector<int32_t> &sequence);

/// Sizes and places every ring, FIFO and scratch area; fills in the cores' regions and the FIFO
/// depths.
Status layOutMemory(const ScheduleProblem &problem, const Graph &graph, const Order &order,
                    Schedule &schedule);

} // namespace cimc::mapping::detail

#endif // CIMC_LIB_MAPPING_SCHEDULEINTERNAL_H
