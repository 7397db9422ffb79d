//===- Timeline.h - What runs when, in bounded size -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A record of one inference that a page can carry: where there is more than can be shown, slices
// that are close together become one, which knows how many they were and how long they ran.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_REPORT_TIMELINE_H
#define CIMC_LIB_EXECUTOR_REPORT_TIMELINE_H

#include "PowerMeter.h"
#include "TraceTracks.h"

namespace cimc::executor::report {

/// Something on a lane, or several things close together.
struct TimelineSlice {
  double startNs = 0, endNs = 0;
  double busyNs = 0;  ///< of what is in it
  int32_t label = 0;  ///< Timeline::labels, or kSeveral
  uint32_t count = 1; ///< how many
};

inline constexpr int32_t kSeveral = -1;

struct Lane {
  TraceTrack track;
  std::vector<TimelineSlice> slices; ///< in order of time
};

/// When something of that name first starts and last ends on a unit of a core.
struct Activity {
  double startNs = 0, endNs = 0;
};

struct Timeline {
  double endNs = 0;
  double mergedBelowNs = 0;         ///< slices of a lane with smaller gaps are one
  std::vector<std::string> labels;  ///< in the order in which they first appear in time
  std::vector<Activity> activities; ///< by label; start > end: only on links
  std::vector<Lane> lanes;
  std::vector<EnergyParts> powerMw; ///< over equal pieces of [0, endNs)
};

struct TimelineOptions {
  size_t maxSlices = 60'000; ///< of all lanes together, as far as the number of lanes allows
  size_t powerPieces = 240;
};

/// Simulates one inference. `endNs` is when the machine is at rest after it.
Result<Timeline> recordTimeline(const program::Program &program, const timing::Model &model,
                                double endNs, const TimelineOptions &options = {});

} // namespace cimc::executor::report

#endif // CIMC_LIB_EXECUTOR_REPORT_TIMELINE_H
