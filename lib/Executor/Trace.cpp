//===- Trace.cpp - Recording a simulated run ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One inference is simulated without a record first: how often everything runs does not depend on
// time, so the size of the trace is known before it takes any memory.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Executor/Trace.h"

#include "ChipPower.h"
#include "PowerMeter.h"
#include "TraceTracks.h"

#include <algorithm>

namespace cimc::executor {
namespace {

using namespace timing;

/// Writes down everything.
class Recorder : public Observer {
public:
  Recorder(const TrackTable &table, size_t channels)
      : table(table), slices(table.tracks().size()), changes(channels) {}

  void onWork(uint32_t core, uint32_t work, const Span &span) override {
    add(table.ofWork(core, work), table.actionOfWork(core, work), span);
  }
  void onLink(uint32_t link, uint32_t channel, const Span &span) override {
    add(table.ofLink(link), table.actionOfMessage(channel), span);
  }
  void onHostLink(bool toHost, uint32_t channel, const Span &span) override {
    add(table.ofHost(toHost), table.actionOfHostMessage(channel), span);
  }
  void onQueue(uint32_t channel, double timeNs, int change) override {
    changes[channel].push_back({timeNs, change});
  }

  std::vector<std::vector<TraceSlice>> takeSlices() { return std::move(slices); }

  /// How full a FIFO is, one level for each time at which it changes.
  std::vector<QueueLevel> levels(uint32_t channel) {
    std::vector<Change> &list = changes[channel];
    std::stable_sort(list.begin(), list.end(),
                     [](const Change &a, const Change &b) { return a.timeNs < b.timeNs; });
    std::vector<QueueLevel> result;
    int64_t level = 0;
    for (const Change &change : list) {
      level += change.by;
      if (result.empty() || result.back().timeNs != change.timeNs)
        result.push_back({change.timeNs, 0});
      result.back().messages = static_cast<uint32_t>(std::max<int64_t>(level, 0));
    }
    return result;
  }

private:
  struct Change {
    double timeNs;
    int by;
  };

  void add(uint32_t track, uint32_t action, const Span &span) {
    slices[track].push_back({span.startNs, span.endNs, action, span.inference, span.firing});
  }

  const TrackTable &table;
  std::vector<std::vector<TraceSlice>> slices;
  std::vector<std::vector<Change>> changes; ///< by channel
};

/// Slices and changes of FIFOs in one inference.
uint64_t countEvents(const Model &model, const Run &run) {
  std::vector<uint64_t> messages(model.channels.size(), 0);
  uint64_t events = 0;
  for (size_t core = 0; core < model.cores.size(); ++core)
    for (size_t i = 0; i < model.cores[core].works.size(); ++i) {
      const Work &work = model.cores[core].works[i];
      if (work.unit == UnitKind::None)
        continue; // has no track
      events += run.runs[core][i];
      if (work.unit == UnitKind::Send)
        messages[work.channel] += run.runs[core][i];
    }
  for (const HostSource &source : model.sources)
    messages[source.channel] += source.messages;
  for (size_t i = 0; i < messages.size(); ++i) {
    const ChannelModel &channel = model.channels[i];
    events += messages[i] * (channel.route.size() + channel.fromHost + channel.toHost + 2);
  }
  for (const std::vector<PowerSpan> &spans : run.power)
    events += spans.size();
  return events;
}

void addInferences(const std::vector<double> &finish, Trace &trace) {
  for (double end : finish)
    trace.inferences.push_back({end, end});
  for (const std::vector<TraceSlice> &track : trace.slices)
    for (const TraceSlice &slice : track) {
      double &start = trace.inferences[slice.inference].startNs;
      start = std::min(start, slice.startNs);
    }
}

void addPower(const TrackTable &table, const Model &model, const Run &run, Trace &trace) {
  for (uint32_t chip = 0; chip < model.chips.size(); ++chip) {
    trace.power.push_back(model.chips[chip].power);
    for (const PowerSpan &span : run.power[chip])
      trace.slices[table.ofPower(chip)].push_back(
          {span.startNs, span.endNs, table.actionOfPower(span.state), 0, 0});
  }
}

Status checkSize(const Model &model, const Run &single, const TraceOptions &options) {
  uint64_t events = countEvents(model, single);
  if (options.inferences == 0)
    return Error{"a trace needs at least one inference"};
  if (events <= options.maxEvents / options.inferences)
    return Status::success();
  std::string message = "the trace of one inference would hold " + std::to_string(events) +
                        " events, at most " + std::to_string(options.maxEvents) + " are written";
  if (events > 0 && events <= options.maxEvents)
    message += ": trace at most " + std::to_string(options.maxEvents / events) +
               " inferences, not " + std::to_string(options.inferences);
  return Error{message};
}

} // namespace

uint64_t Trace::events() const {
  uint64_t count = 0;
  for (const std::vector<TraceSlice> &track : slices)
    count += track.size();
  for (const TraceQueue &queue : queues)
    count += queue.levels.size();
  return count;
}

Result<Trace> traceTiming(const program::ValidatedProgram &validated, const TraceOptions &options) {
  const program::Program &program = validated.program();
  Result<Model> model = buildModel(program);
  if (!model)
    return model.error();
  Result<Run> single = simulate(*model, {});
  if (!single)
    return single.error();
  if (Status status = checkSize(*model, *single, options); !status)
    return status.error();

  TrackTable table(program, *model);
  Recorder recorder(table, program.channels.size());
  Result<Run> run = simulate(*model, {options.inferences}, &recorder);
  if (!run)
    return run.error();
  Trace trace;
  trace.program = program.name;
  trace.target = program.target.name;
  trace.resultNs = *std::max_element(run->finish.begin(), run->finish.end());
  trace.endNs = run->restNs;
  trace.tracks = table.tracks();
  trace.actions = table.actions();
  trace.slices = recorder.takeSlices();
  addInferences(run->finish, trace);
  for (uint32_t i = 0; i < program.channels.size(); ++i) {
    const program::Channel &channel = program.channels[i];
    trace.queues.push_back({channel.name, i, channel.target, channel.depth, recorder.levels(i)});
  }
  addPower(table, *model, *run, trace);
  return trace;
}

std::vector<EnergyParts> powerOverTime(const Trace &trace, size_t pieces) {
  PowerMeter meter(trace.endNs, pieces);
  for (size_t i = 0; i < trace.tracks.size(); ++i) {
    if (trace.tracks[i].kind == TraceTrack::Kind::Power) {
      std::vector<PowerSpan> spans;
      for (const TraceSlice &slice : trace.slices[i])
        spans.push_back({trace.actions[slice.action].power, slice.startNs, slice.endNs});
      addChipPower(trace.power[trace.tracks[i].chip], spans, trace.endNs, meter);
    } else {
      for (const TraceSlice &slice : trace.slices[i])
        meter.add(slice.startNs, slice.endNs, trace.actions[slice.action].energy);
    }
  }
  return meter.power();
}

} // namespace cimc::executor
