//===- ReportData.cpp - Collecting what the page shows --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cores that have a program, in the order in which the chips show them; how long each link is busy
// comes from the recorded lanes, so floorplan and timeline agree.
//
//===--------------------------------------------------------------------------===//

#include "ReportData.h"

#include "Json.h"

#include "cimc/Target/Check.h"

#include <algorithm>
#include <cmath>

namespace cimc::executor::report {
namespace {

std::vector<CoreUse> collectCores(const program::Program &program, const TimingReport &timing) {
  const target::Core &core = program.target.chip.core;
  std::vector<CoreUse> cores;
  for (uint32_t i = 0; i < program.cores.size(); ++i) {
    CoreUse use;
    use.number = i;
    use.chip = program.cores[i].chip;
    use.place = program.cores[i].index;
    use.cells = core.kind == target::CoreKind::Engine ? core.engine.weightBytes
                                                      : uint64_t{target::weightRows(core.array)} *
                                                            core.array.cols * core.array.perCore;
    use.memoryBytes = std::min(program.cores[i].memoryBytes, core.memoryBytes);
    use.bufferBytes = program.cores[i].memoryBytes - use.memoryBytes;
    use.memoryAvailable = core.memoryBytes;
    use.timing = &timing.cores[i];
    cores.push_back(use);
  }
  for (uint32_t i = 0; i < program.tiles.size(); ++i) {
    const program::Tile &tile = program.tiles[i];
    cores[tile.core].tiles.push_back(i);
    cores[tile.core].cellsUsed += uint64_t{tile.rows} * tile.cols;
  }
  std::stable_sort(cores.begin(), cores.end(), [](const CoreUse &a, const CoreUse &b) {
    return std::pair(a.chip, a.place) < std::pair(b.chip, b.place);
  });
  return cores;
}

std::vector<LinkUse> collectLinks(const Timeline &timeline) {
  std::vector<LinkUse> links;
  for (const Lane &lane : timeline.lanes) {
    if (lane.track.kind != TraceTrack::Kind::Link)
      continue;
    double busy = 0;
    for (const TimelineSlice &slice : lane.slices)
      busy += slice.busyNs;
    links.push_back({lane.track.chip, lane.track.place, lane.track.unit, busy});
  }
  return links;
}

constexpr const char *kKindNames[] = {"power", "host_in", "host_out", "array",    "digital",
                                      "send",  "receive", "link",     "chip_link"};

std::string integer(int64_t value) { return std::to_string(value); }

/// Five numbers for each slice: gap to the one before and length in picoseconds, busy time (0: all
/// of it), label, how many.
std::string slicesJson(const Lane &lane) {
  std::string out = "[";
  int64_t last = 0;
  auto picoseconds = [](double ns) { return static_cast<int64_t>(std::llround(ns * 1000)); };
  for (const TimelineSlice &slice : lane.slices) {
    int64_t start = picoseconds(slice.startNs), end = picoseconds(slice.endNs);
    int64_t busy = slice.count == 1 ? 0 : picoseconds(slice.busyNs);
    if (out.size() > 1)
      out += ',';
    out += integer(start - last) + ',' + integer(end - start) + ',' + integer(busy) + ',' +
           integer(slice.label) + ',' + integer(slice.count);
    last = end;
  }
  return out + ']';
}

std::string laneJson(const Lane &lane) {
  return "{\"kind\":\"" + std::string(kKindNames[static_cast<size_t>(lane.track.kind)]) +
         "\",\"chip\":" + integer(lane.track.chip) + ",\"core\":" + integer(lane.track.place) +
         ",\"name\":" + json::quote(lane.track.name()) + ",\"slices\":" + slicesJson(lane) + "}";
}

std::string timelineJson(const Timeline &timeline) {
  std::string power;
  for (const EnergyPart &part : kEnergyParts)
    power += (power.empty() ? "{\"" : ",\"") + std::string(part.name) +
             "\":" + json::row(timeline.powerMw, [&](const EnergyParts &mw) {
               return json::number(mw.*part.value);
             });
  return json::Object(2)
      .add("end_ns", timeline.endNs)
      .add("merged_below_ns", timeline.mergedBelowNs)
      .raw("labels",
           json::row(timeline.labels, [](const std::string &l) { return json::quote(l); }))
      .raw("lanes", json::array(timeline.lanes, 4, laneJson))
      .raw("power_mw", power + "}")
      .str();
}

std::string coreJson(const ReportData &data, const CoreUse &core) {
  const program::Program &program = *data.program;
  auto number = [](uint32_t n) { return std::to_string(n); };
  return json::Object(4)
      .add("chip", core.chip)
      .add("core", core.place)
      .add("cells", core.cells)
      .add("cells_used", core.cellsUsed)
      .add("memory_bytes", core.memoryBytes)
      .add("memory_available_bytes", core.memoryAvailable)
      .add("chip_buffer_bytes", core.bufferBytes)
      .raw("tiles",
           json::row(core.tiles,
                     [&](uint32_t i) {
                       const program::Tile &tile = program.tiles[i];
                       return "{\"layer\":" + json::quote(tile.layer) +
                              ",\"array\":" + number(tile.array) + ",\"row\":" + number(tile.row) +
                              ",\"col\":" + number(tile.col) + ",\"rows\":" + number(tile.rows) +
                              ",\"cols\":" + number(tile.cols) + "}";
                     }))
      .raw("blocks", json::row(program.cores[core.number].blocks,
                               [](const program::Block &block) { return json::quote(block.name); }))
      .str();
}

std::string channelJson(const program::Program &program, const program::Channel &channel) {
  auto end = [&](const std::string &key, uint32_t core) {
    bool isHost = core == program::kHost;
    auto text = [&](uint32_t number) { return isHost ? "null" : std::to_string(number); };
    return ",\"" + key + "_chip\":" + text(isHost ? 0 : program.cores[core].chip) + ",\"" + key +
           "\":" + text(isHost ? 0 : program.cores[core].index);
  };
  return "{\"name\":" + json::quote(channel.name) + end("from", channel.source) +
         end("to", channel.target) + ",\"message_bytes\":" + std::to_string(channel.messageBytes) +
         ",\"depth\":" + std::to_string(channel.depth) + "}";
}

std::string linkJson(const LinkUse &link) {
  return "{\"chip\":" + std::to_string(link.chip) + ",\"from\":" + std::to_string(link.from) +
         ",\"to\":" + std::to_string(link.to) + ",\"busy_ns\":" + json::number(link.busyNs) + "}";
}

std::string compileJson(const CompileFacts &compile) {
  auto figure = [](const auto &item) {
    return "{\"name\":" + json::quote(item.first) + ",\"value\":" + json::quote(item.second) + "}";
  };
  auto phase = [](const CompileFacts::Phase &phase) {
    return "{\"name\":" + json::quote(phase.name) + ",\"seconds\":" + json::number(phase.seconds) +
           "}";
  };
  return json::Object(2)
      .raw("figures", json::array(compile.figures, 4, figure))
      .raw("phases", json::array(compile.phases, 4, phase))
      .str();
}

} // namespace

Result<ReportData> collect(const program::Program &program, const TimingReport &timing,
                           const CompileFacts *compile) {
  Result<timing::Model> model = timing::buildModel(program);
  if (!model)
    return model.error();
  Result<Timeline> timeline = recordTimeline(program, *model, timing.restNs);
  if (!timeline)
    return timeline.error();
  ReportData data;
  data.program = &program;
  data.timing = &timing;
  data.compile = compile;
  data.cores = collectCores(program, timing);
  for (const CoreUse &core : data.cores)
    data.chips = std::max(data.chips, core.chip + 1);
  data.links = collectLinks(*timeline);
  data.timeline = std::move(*timeline);
  return data;
}

std::string toJson(const ReportData &data) {
  const program::Program &program = *data.program;
  const target::Chip &chip = program.target.chip;
  // The weight memory of an engine is drawn as one column of bytes.
  bool isEngine = chip.core.kind == target::CoreKind::Engine;
  uint32_t rows = isEngine ? chip.core.engine.weightBytes : target::weightRows(chip.core.array);
  uint32_t cols = isEngine ? 1 : chip.core.array.cols;
  json::Object object;
  object.add("version", uint32_t{1})
      .add("chips", data.chips)
      .add("cores_per_chip", chip.cores)
      .add("grid_columns", std::max(1u, chip.gridColumns))
      .raw("array", "{\"rows\":" + std::to_string(rows) + ",\"cols\":" + std::to_string(cols) + "}")
      .raw("timing", timingToJson(*data.timing, 2));
  if (data.compile)
    object.raw("compile", compileJson(*data.compile));
  return object
      .raw("cores",
           json::array(data.cores, 2, [&](const CoreUse &core) { return coreJson(data, core); }))
      .raw("channels", json::array(program.channels, 2,
                                   [&](const program::Channel &channel) {
                                     return channelJson(program, channel);
                                   }))
      .raw("links", json::array(data.links, 2, linkJson))
      .raw("timeline", timelineJson(data.timeline))
      .str();
}

} // namespace cimc::executor::report
