//===- Timeline.cpp - What runs when, in bounded size ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each lane is told in order of time, so a slice either joins the last one of its lane or is new.
// When there are too many, the gap below which slices are joined doubles and all lanes are joined
// again.
//
//===--------------------------------------------------------------------------===//

#include "Timeline.h"

#include "ChipPower.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

namespace cimc::executor::report {
namespace {

using namespace timing;

/// The first gap below which slices are joined is the length of the run over this: less than a
/// pixel.
constexpr double kFirstMerge = 1.0 / 16384;

class Recorder : public Observer {
public:
  Recorder(const TrackTable &table, double endNs, const TimelineOptions &options)
      : table(table), maxSlices(options.maxSlices), meter(endNs, options.powerPieces) {
    timeline.endNs = endNs;
    for (const TraceTrack &track : table.tracks())
      timeline.lanes.push_back({track, {}});
    std::map<std::string_view, uint32_t> numbers;
    for (const TraceAction &action : table.actions()) {
      auto [it, isNew] =
          numbers.try_emplace(action.name, static_cast<uint32_t>(timeline.labels.size()));
      if (isNew)
        timeline.labels.push_back(action.name);
      labelOf.push_back(it->second);
    }
    firstStart.assign(timeline.labels.size(), std::numeric_limits<double>::infinity());
    timeline.activities.assign(timeline.labels.size(), {endNs, -1});
  }

  void onWork(uint32_t core, uint32_t work, const Span &span) override {
    uint32_t action = table.actionOfWork(core, work);
    Activity &activity = timeline.activities[labelOf[action]];
    activity.startNs = std::min(activity.startNs, span.startNs);
    activity.endNs = std::max(activity.endNs, span.endNs);
    add(table.ofWork(core, work), action, span);
  }
  void onLink(uint32_t link, uint32_t channel, const Span &span) override {
    add(table.ofLink(link), table.actionOfMessage(channel), span);
  }
  void onHostLink(bool toHost, uint32_t channel, const Span &span) override {
    add(table.ofHost(toHost), table.actionOfHostMessage(channel), span);
  }
  void onQueue(uint32_t, double, int) override {}

  Timeline take(const Model &model, const Run &run) {
    for (uint32_t chip = 0; chip < model.chips.size(); ++chip) {
      for (const PowerSpan &span : run.power[chip])
        add(table.ofPower(chip), table.actionOfPower(span.state), {span.startNs, span.endNs, 0, 0});
      addChipPower(model.chips[chip].power, run.power[chip], timeline.endNs, meter);
    }
    timeline.powerMw = meter.power();
    sortLabels();
    return std::move(timeline);
  }

private:
  void add(uint32_t lane, uint32_t action, const Span &span) {
    uint32_t label = labelOf[action];
    firstStart[label] = std::min(firstStart[label], span.startNs);
    meter.add(span.startNs, span.endNs, table.actions()[action].energy);
    append(timeline.lanes[lane].slices,
           {span.startNs, span.endNs, span.endNs - span.startNs, static_cast<int32_t>(label), 1});
    while (total > maxSlices && timeline.mergedBelowNs < timeline.endNs)
      mergeMore();
  }

  /// Adds to the end of a lane, or joins.
  void append(std::vector<TimelineSlice> &lane, const TimelineSlice &slice) {
    if (!lane.empty() && joins(lane.back(), slice)) {
      TimelineSlice &last = lane.back();
      if (last.label != slice.label)
        last.label = kSeveral;
      last.endNs = slice.endNs;
      last.busyNs += slice.busyNs;
      last.count += slice.count;
      return;
    }
    lane.push_back(slice);
    ++total;
  }

  /// Those of one name if little is between them; those of different names only if they are short.
  bool joins(const TimelineSlice &last, const TimelineSlice &slice) const {
    double gap = timeline.mergedBelowNs;
    if (gap == 0 || slice.startNs - last.endNs > gap)
      return false;
    return last.label == slice.label || slice.endNs - last.startNs <= 2 * gap;
  }

  void mergeMore() {
    timeline.mergedBelowNs =
        timeline.mergedBelowNs == 0 ? timeline.endNs * kFirstMerge : 2 * timeline.mergedBelowNs;
    total = 0;
    for (Lane &lane : timeline.lanes) {
      std::vector<TimelineSlice> before = std::move(lane.slices);
      lane.slices.clear();
      for (const TimelineSlice &slice : before)
        append(lane.slices, slice);
    }
  }

  /// Gives labels their numbers by time.
  void sortLabels() {
    std::vector<uint32_t> order(timeline.labels.size()), number(order.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return firstStart[a] < firstStart[b]; });
    Timeline sorted;
    for (uint32_t label : order) {
      if (firstStart[label] == std::numeric_limits<double>::infinity())
        break; // never seen
      number[label] = static_cast<uint32_t>(sorted.labels.size());
      sorted.labels.push_back(timeline.labels[label]);
      sorted.activities.push_back(timeline.activities[label]);
    }
    timeline.labels = std::move(sorted.labels);
    timeline.activities = std::move(sorted.activities);
    for (Lane &lane : timeline.lanes)
      for (TimelineSlice &slice : lane.slices)
        if (slice.label != kSeveral)
          slice.label = static_cast<int32_t>(number[static_cast<size_t>(slice.label)]);
  }

  const TrackTable &table;
  size_t maxSlices, total = 0;
  PowerMeter meter;
  Timeline timeline;
  std::vector<uint32_t> labelOf;  ///< by action
  std::vector<double> firstStart; ///< by label
};

} // namespace

Result<Timeline> recordTimeline(const program::Program &program, const Model &model, double endNs,
                                const TimelineOptions &options) {
  TrackTable table(program, model);
  Recorder recorder(table, endNs, options);
  Result<Run> run = simulate(model, {}, &recorder);
  if (!run)
    return run.error();
  return recorder.take(model, *run);
}

} // namespace cimc::executor::report
