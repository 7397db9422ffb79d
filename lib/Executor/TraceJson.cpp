//===- TraceJson.cpp - A trace as Chrome trace events ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A process per chip, core and for the host, a thread per track. Times are whole picoseconds,
// written as microseconds with six decimals: a start and an end are rounded alike, so slices that
// touch still touch and never overlap. Slices are complete events ("X"), inferences asynchronous
// ones ("b", "e"), FIFOs and power counters ("C").
//
//===--------------------------------------------------------------------------===//

#include "cimc/Executor/Trace.h"

#include "Json.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace cimc::executor {
namespace {

using json::number;
using json::quote;
using Kind = TraceTrack::Kind;

/// Points of the curves of power.
constexpr size_t kPowerPieces = 500;

int64_t picoseconds(double ns) { return std::llround(ns * 1000); }

/// Microseconds, exactly.
std::string microseconds(int64_t ps) {
  char text[40];
  int length =
      std::snprintf(text, sizeof text, "%lld.%06lld", static_cast<long long>(ps / 1'000'000),
                    static_cast<long long>(ps % 1'000'000));
  while (text[length - 1] == '0')
    --length;
  if (text[length - 1] == '.')
    --length;
  return std::string(text, static_cast<size_t>(length));
}

class Writer {
public:
  explicit Writer(const Trace &trace) : trace(trace) {}

  std::string write() {
    nameProcesses();
    for (uint32_t track = 0; track < trace.tracks.size(); ++track)
      nameThread(track);
    addInferences();
    prepareActions();
    for (uint32_t track = 0; track < trace.tracks.size(); ++track)
      for (const TraceSlice &slice : trace.slices[track])
        addSlice(track, slice);
    for (const TraceQueue &queue : trace.queues)
      addQueue(queue);
    addPower();
    return "{\"displayTimeUnit\":\"ns\",\n\"otherData\":{\"program\":" + quote(trace.program) +
           ",\"target\":" + quote(trace.target) + ",\"result_ns\":" + number(trace.resultNs) +
           ",\"end_ns\":" + number(trace.endNs) +
           ",\"inferences\":" + std::to_string(trace.inferences.size()) +
           ",\"chips\":" + json::row(trace.power, levels) + "},\n\"traceEvents\":[\n" + out +
           "\n]}\n";
  }

private:
  static std::string levels(const ChipPowerLevels &chip) {
    return "{\"idle_mw\":" + number(chip.idleMw) + ",\"rest_mw\":" + number(chip.restMw) +
           ",\"off_mw\":" + number(chip.offMw) + ",\"wake_pj\":" + number(chip.wakePj) +
           ",\"shutdown_pj\":" + number(chip.shutdownPj) + "}";
  }

  /// Begins an event; its members follow.
  void event(const char *phase, uint32_t process) {
    out += out.empty() ? "{\"ph\":\"" : ",\n{\"ph\":\"";
    out += phase;
    out += "\",\"pid\":" + std::to_string(process);
  }

  void metadata(const char *what, uint32_t process, const std::string &rest) {
    event("M", process);
    out += ",\"name\":\"" + std::string(what) + "\"" + rest + "}";
  }

  /// Processes by number: the host, the machine, then come the chips, then the cores.
  void nameProcesses() {
    for (const TraceTrack &track : trace.tracks)
      if (track.kind == Kind::Power)
        chips = std::max(chips, track.chip + 1);
    nameProcess(kHost, "host");
    nameProcess(kMachine, "machine");
    for (uint32_t chip = 0; chip < chips; ++chip)
      nameProcess(chipProcess(chip), "chip " + std::to_string(chip));
    for (uint32_t i = 0; i < trace.tracks.size(); ++i) {
      const TraceTrack &track = trace.tracks[i];
      if (track.kind < Kind::Array || track.kind > Kind::Receive)
        continue;
      if (cores.try_emplace(track.core, firstCore() + static_cast<uint32_t>(cores.size())).second)
        nameProcess(cores[track.core],
                    "chip " + std::to_string(track.chip) + " core " + std::to_string(track.place));
    }
  }

  void nameProcess(uint32_t process, const std::string &name) {
    metadata("process_name", process, ",\"args\":{\"name\":" + quote(name) + "}");
    metadata("process_sort_index", process,
             ",\"args\":{\"sort_index\":" + std::to_string(process) + "}");
  }

  void nameThread(uint32_t track) {
    std::string thread = ",\"tid\":" + std::to_string(track + 1), process;
    metadata("thread_name", processOf(trace.tracks[track]),
             thread + ",\"args\":{\"name\":" + quote(trace.tracks[track].name()) + "}");
    metadata("thread_sort_index", processOf(trace.tracks[track]),
             thread + ",\"args\":{\"sort_index\":" + std::to_string(track + 1) + "}");
  }

  uint32_t chipProcess(uint32_t chip) const { return kMachine + 1 + chip; }
  uint32_t firstCore() const { return kMachine + 1 + chips; }
  uint32_t processOf(const TraceTrack &track) const {
    switch (track.kind) {
    case Kind::HostIn:
    case Kind::HostOut:
      return kHost;
    case Kind::ChipLink:
      return kMachine;
    case Kind::Power:
    case Kind::Link:
      return chipProcess(track.chip);
    default:
      return cores.at(track.core);
    }
  }

  void addInferences() {
    for (size_t i = 0; i < trace.inferences.size(); ++i) {
      const TraceInference &inference = trace.inferences[i];
      for (auto [phase, time] : {std::pair("b", inference.startNs), {"e", inference.endNs}}) {
        event(phase, kHost);
        out += ",\"tid\":0,\"cat\":\"inference\",\"id\":" + std::to_string(i) +
               ",\"name\":\"inference " + std::to_string(i) +
               "\",\"ts\":" + microseconds(picoseconds(time)) + "}";
      }
    }
  }

  /// What all slices of an action have in common.
  void prepareActions() {
    for (const TraceAction &action : trace.actions) {
      std::string text = ",\"name\":" + quote(action.name) +
                         ",\"args\":{\"instruction\":" + quote(action.instruction);
      if (action.bytes > 0)
        text += ",\"bytes\":" + std::to_string(action.bytes);
      if (action.positions > 0)
        text += ",\"positions\":" + std::to_string(action.positions);
      if (action.energy.total() > 0)
        text += ",\"energy_pj\":" + number(action.energy.total());
      actionTexts.push_back(text);
    }
  }

  void addSlice(uint32_t track, const TraceSlice &slice) {
    int64_t start = picoseconds(slice.startNs), end = picoseconds(slice.endNs);
    event("X", processOf(trace.tracks[track]));
    out += ",\"tid\":" + std::to_string(track + 1) + ",\"ts\":" + microseconds(start) +
           ",\"dur\":" + microseconds(end - start) + actionTexts[slice.action];
    if (trace.tracks[track].kind != Kind::Power)
      out += ",\"firing\":" + std::to_string(slice.firing) +
             ",\"inference\":" + std::to_string(slice.inference);
    out += "}}";
  }

  void addQueue(const TraceQueue &queue) {
    auto core = cores.find(queue.core);
    uint32_t process = core == cores.end() ? kHost : core->second;
    std::string name = quote("FIFO " + std::to_string(queue.channel) + " " + queue.name + " (of " +
                             std::to_string(queue.depth) + ")");
    for (const QueueLevel &level : queue.levels) {
      event("C", process);
      out += ",\"name\":" + name + ",\"ts\":" + microseconds(picoseconds(level.timeNs)) +
             ",\"args\":{\"messages\":" + std::to_string(level.messages) + "}}";
    }
  }

  void addPower() {
    std::vector<EnergyParts> power = powerOverTime(trace, kPowerPieces);
    for (size_t i = 0; i < power.size(); ++i) {
      double time = trace.endNs * static_cast<double>(i) / static_cast<double>(power.size());
      event("C", kMachine);
      out += ",\"name\":\"power in mW\",\"ts\":" + microseconds(picoseconds(time)) + ",\"args\":{";
      bool first = true;
      for (const EnergyPart &part : kEnergyParts) {
        out += std::string(first ? "\"" : ",\"") + part.name + "\":" + number(power[i].*part.value);
        first = false;
      }
      out += "}}";
    }
  }

  static constexpr uint32_t kHost = 1, kMachine = 2;

  const Trace &trace;
  std::string out;
  uint32_t chips = 0;
  std::map<uint32_t, uint32_t> cores; ///< process by core number
  std::vector<std::string> actionTexts;
};

} // namespace

std::string traceToJson(const Trace &trace) { return Writer(trace).write(); }

} // namespace cimc::executor
