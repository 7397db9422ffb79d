//===- TimingEngine.cpp - Discrete events over a program ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each core dispatches its instructions in program order to its units. A unit works on one
// instruction at a time, in order; an instruction starts when its unit is free and the cells of
// memory that it touches are ready. All of that is private to a core, so it is computed as the core
// walks its program. Only messages join cores: a core that finds no message waits for one, a send
// waits for room in its FIFO, and then takes its place in the queue of events, from which messages
// enter the links of the chip and the host in order of time (then of actor number). Whatever a core
// does after waiting is later than the event that freed it, apart from instructions that did not
// need that message; these reach shared links in the order in which they are found.
//
//===--------------------------------------------------------------------------===//

#include "TimingModel.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <utility>

namespace cimc::executor::timing {
namespace {

constexpr uint32_t kNobody = 0xffffffffu;

/// Walks a core's control stream, one instruction at a time, `inferences` times over.
class Cursor {
public:
  Cursor(const CoreModel &core, uint32_t inferences)
      : core(&core), inferencesLeft(inferences), counters(core.blockBegin.size() - 1, 0) {
    settle();
  }

  bool done() const { return inferencesLeft == 0; }
  uint32_t inference() const { return index; }
  const Work &work() const { return core->works[at]; }
  uint32_t workNumber() const { return at; }
  uint64_t counter() const { return counters[block]; }

  void advance() {
    if (++at < core->blockBegin[block + 1])
      return;
    ++counters[block];
    if (--timesLeft > 0) {
      at = core->blockBegin[block];
      return;
    }
    ++step;
    settle();
  }

private:
  struct OpenLoop {
    size_t body;
    uint64_t turnsLeft;
  };

  /// Moves to the next firing of a block that has instructions.
  void settle() {
    while (inferencesLeft > 0) {
      if (step == core->control.size()) {
        nextInference();
        continue;
      }
      const ControlStep &control = core->control[step];
      if (control.kind == ControlStep::Kind::Loop) {
        loops.push_back({++step, control.count});
      } else if (control.kind == ControlStep::Kind::End) {
        step = --loops.back().turnsLeft > 0 ? loops.back().body : step + 1;
        if (loops.back().turnsLeft == 0)
          loops.pop_back();
      } else if (core->blockBegin[control.block] == core->blockBegin[control.block + 1] ||
                 control.count == 0) {
        ++step;
      } else {
        block = control.block;
        at = core->blockBegin[block];
        timesLeft = control.count;
        return;
      }
    }
  }

  void nextInference() {
    --inferencesLeft;
    ++index;
    step = 0;
    std::fill(counters.begin(), counters.end(), 0);
  }

  const CoreModel *core;
  uint32_t inferencesLeft, index = 0;
  std::vector<uint64_t> counters; ///< by block
  std::vector<OpenLoop> loops;
  size_t step = 0;
  uint32_t block = 0, at = 0;
  uint64_t timesLeft = 0;
};

struct CoreState {
  Cursor cursor;
  std::vector<double> unitFree;
  std::vector<double> lastRead, lastWrite; ///< by cell: when the last read or write of it ends
  std::vector<uint64_t> runs;              ///< by work
};

struct ChannelState {
  std::deque<double> room;     ///< when each free slot became free
  std::deque<double> arrivals; ///< when each waiting message was complete
  uint32_t waitingReceiver = kNobody, waitingSender = kNobody;
};

struct SourceState {
  uint64_t left = 0;         ///< messages, of all inferences
  uint64_t perInference = 0; ///< messages
  uint32_t inference = 0;    ///< of the next message
  uint64_t sent = 0;         ///< messages of that inference
  double free = 0;

  void advance() {
    --left;
    if (++sent == perInference) {
      sent = 0;
      ++inference;
    }
  }
};

/// One message on its way, for who watches.
struct Message {
  uint32_t channel = 0, inference = 0;
  uint64_t firing = 0;

  Span span(double start, double end) const { return {start, end, inference, firing}; }
};

/// An actor that is about to send: a core, or (numbers from cores.size() on) a host source.
struct Event {
  double time;
  uint32_t actor;
  bool operator>(const Event &other) const {
    return time != other.time ? time > other.time : actor > other.actor;
  }
};

class Engine {
public:
  Engine(const Model &model, uint32_t inferences, Observer *observer)
      : model(model), observer(observer), hopNs(model.target->chip.network.hopNs),
        hostLatencyNs(model.target->host.latencyNs), channels(model.channels.size()),
        linkFree(model.links, 0) {
    run.finish.assign(inferences, 0);
    run.linkBusyNs.assign(model.links, 0);
    for (const CoreModel &core : model.cores)
      cores.push_back(CoreState{Cursor(core, inferences), std::vector<double>(core.units(), 0),
                                std::vector<double>(core.cells, 0),
                                std::vector<double>(core.cells, 0),
                                std::vector<uint64_t>(core.works.size(), 0)});
    for (size_t i = 0; i < channels.size(); ++i)
      channels[i].room.assign(model.channels[i].depth, 0.0);
    for (const HostSource &source : model.sources)
      sources.push_back({source.messages * inferences, source.messages, 0});
  }

  Result<Run> simulate() {
    for (uint32_t actor = 0; actor < cores.size() + sources.size(); ++actor)
      proceed(actor);
    while (!events.empty()) {
      Event event = events.top();
      events.pop();
      if (event.actor < cores.size())
        sendFromCore(event.actor, event.time);
      else
        sendFromHost(event.actor, event.time);
      proceed(event.actor);
    }
    if (std::optional<Error> error = findBlocked())
      return *error;
    for (CoreState &core : cores)
      run.runs.push_back(std::move(core.runs));
    return std::move(run);
  }

private:
  /// Runs an actor until it must wait or send.
  void proceed(uint32_t actor) {
    if (actor < cores.size())
      proceedCore(actor);
    else
      proceedSource(actor);
  }

  void proceedCore(uint32_t number) {
    CoreState &core = cores[number];
    while (!core.cursor.done()) {
      const Work &work = core.cursor.work();
      if (work.unit == UnitKind::Send) {
        requestSend(number, work.channel, readyTime(number, work));
        return;
      }
      if (work.unit == UnitKind::Receive) {
        if (channels[work.channel].arrivals.empty()) {
          channels[work.channel].waitingReceiver = number;
          return;
        }
        receive(number, work);
      } else {
        finish(number, work, readyTime(number, work));
      }
      core.cursor.advance();
    }
  }

  void proceedSource(uint32_t actor) {
    size_t i = actor - cores.size();
    if (sources[i].left > 0)
      requestSend(actor, model.sources[i].channel, sources[i].free);
  }

  /// Queues the actor's next send, now or as soon as there is room.
  void requestSend(uint32_t actor, uint32_t channel, double ready) {
    ChannelState &state = channels[channel];
    if (state.room.empty())
      state.waitingSender = actor;
    else
      events.push({std::max(ready, state.room.front()), actor});
  }

  void receive(uint32_t number, const Work &work) {
    ChannelState &state = channels[work.channel];
    double arrival = state.arrivals.front();
    state.arrivals.pop_front();
    double start = std::max(readyTime(number, work),
                            arrival - work.ns); // a message may stream through the port as it comes
    freeSlot(work.channel, finish(number, work, start));
  }

  void freeSlot(uint32_t channel, double time) {
    ChannelState &state = channels[channel];
    state.room.push_back(time);
    if (observer)
      observer->onQueue(channel, time, -1);
    if (uint32_t sender = std::exchange(state.waitingSender, kNobody); sender != kNobody)
      proceed(sender); // which only puts its send into the queue
  }

  void sendFromCore(uint32_t number, double time) {
    const Work &work = cores[number].cursor.work();
    const ChannelModel &channel = model.channels[work.channel];
    channels[work.channel].room.pop_front();
    uint32_t inference = cores[number].cursor.inference();
    Message message{work.channel, inference, cores[number].cursor.counter()};
    double start = enterNetwork(message, time);
    finish(number, work, start);
    if (observer)
      observer->onQueue(work.channel, start, 1);
    double arrival = start + leaveNetwork(channel);
    if (channel.toHost) {
      double hostStart = std::max(arrival, hostOutFree);
      hostOutFree = hostStart + channel.hostNs;
      run.hostOutBusyNs += channel.hostNs;
      if (observer)
        observer->onHostLink(true, work.channel, message.span(hostStart, hostOutFree));
      arrival = hostOutFree + hostLatencyNs;
      run.finish[inference] = std::max(run.finish[inference], arrival);
    }
    cores[number].cursor.advance();
    deliver(work.channel, arrival);
  }

  void sendFromHost(uint32_t actor, double time) {
    size_t i = actor - cores.size();
    uint32_t number = model.sources[i].channel;
    const ChannelModel &channel = model.channels[number];
    channels[number].room.pop_front();
    double start = std::max(time, hostInFree);
    hostInFree = start + channel.hostNs;
    run.hostInBusyNs += channel.hostNs;
    sources[i].free = hostInFree;
    Message message{number, sources[i].inference, sources[i].sent};
    sources[i].advance();
    if (observer) {
      observer->onQueue(number, start, 1);
      observer->onHostLink(false, number, message.span(start, hostInFree));
    }
    double atChip = hostInFree + hostLatencyNs;
    deliver(number, enterNetwork(message, atChip) + leaveNetwork(channel));
  }

  /// Reserves the links of a route; the head of the message takes `hopNs` from link to link.
  /// Returns when it enters the first.
  double enterNetwork(const Message &message, double ready) {
    const ChannelModel &channel = model.channels[message.channel];
    double start = ready;
    for (size_t hop = 0; hop < channel.route.size(); ++hop)
      start = std::max(start, linkFree[channel.route[hop]] - static_cast<double>(hop) * hopNs);
    for (size_t hop = 0; hop < channel.route.size(); ++hop) {
      uint32_t link = channel.route[hop];
      double entered = start + static_cast<double>(hop) * hopNs;
      linkFree[link] = entered + channel.networkNs;
      run.linkBusyNs[link] += channel.networkNs;
      if (observer)
        observer->onLink(link, message.channel, message.span(entered, linkFree[link]));
    }
    return start;
  }

  double leaveNetwork(const ChannelModel &channel) const {
    return static_cast<double>(channel.route.size()) * hopNs + channel.networkNs;
  }

  void deliver(uint32_t channel, double arrival) {
    ChannelState &state = channels[channel];
    if (model.channels[channel].toHost) {
      freeSlot(channel, arrival);
      return;
    }
    state.arrivals.push_back(arrival);
    if (uint32_t receiver = std::exchange(state.waitingReceiver, kNobody); receiver != kNobody)
      proceedCore(receiver);
  }

  template <class F>
  void forEachCell(const CoreModel &core, const Work &work, uint64_t counter, F &&visit) const {
    for (uint32_t i = work.firstOperand; i < work.firstOperand + work.operands; ++i) {
      const Operand &operand = core.operands[i];
      int64_t first = static_cast<int64_t>(counter * operand.mul / operand.div) + operand.add;
      for (uint32_t k = 0; k < operand.rows; ++k) {
        int64_t row = first + int64_t(k) * operand.step;
        if (operand.height >= 0 && (row < 0 || row >= operand.height))
          continue;
        const CellRange &range =
            core.ranges[operand.ranges + static_cast<uint64_t>(row) % operand.slots];
        for (uint32_t cell = range.begin; cell < range.end; ++cell)
          visit(cell, operand.isWrite);
      }
    }
  }

  /// When the unit is free and every operand is ready: reads wait for writes, writes for reads and
  /// writes.
  double readyTime(uint32_t number, const Work &work) const {
    const CoreState &core = cores[number];
    double ready = core.unitFree[work.unitIndex];
    forEachCell(model.cores[number], work, core.cursor.counter(), [&](uint32_t cell, bool isWrite) {
      ready = std::max(ready, core.lastWrite[cell]);
      if (isWrite)
        ready = std::max(ready, core.lastRead[cell]);
    });
    return ready;
  }

  /// Notes that the instruction runs from `start`; returns when it ends.
  double finish(uint32_t number, const Work &work, double start) {
    CoreState &core = cores[number];
    double end = start + work.ns;
    core.unitFree[work.unitIndex] = end;
    forEachCell(model.cores[number], work, core.cursor.counter(), [&](uint32_t cell, bool isWrite) {
      double &last = isWrite ? core.lastWrite[cell] : core.lastRead[cell];
      last = std::max(last, end);
    });
    ++core.runs[core.cursor.workNumber()];
    if (observer)
      observer->onWork(number, core.cursor.workNumber(),
                       {start, end, core.cursor.inference(), core.cursor.counter()});
    double &finished = run.finish[core.cursor.inference()];
    finished = std::max(finished, end);
    return end;
  }

  std::optional<Error> findBlocked() const {
    for (size_t i = 0; i < cores.size(); ++i)
      if (!cores[i].cursor.done())
        return Error{"core " + std::to_string(i) + " waits for ever for channel " +
                     std::to_string(cores[i].cursor.work().channel)};
    for (size_t i = 0; i < sources.size(); ++i)
      if (sources[i].left > 0)
        return Error{"the host waits for ever to send to channel " +
                     std::to_string(model.sources[i].channel)};
    return std::nullopt;
  }

  const Model &model;
  Observer *observer; ///< or null
  double hopNs, hostLatencyNs;
  std::vector<CoreState> cores;
  std::vector<ChannelState> channels;
  std::vector<SourceState> sources;
  std::vector<double> linkFree;
  double hostInFree = 0, hostOutFree = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  Run run;
};

} // namespace

Result<Run> simulate(const Model &model, uint32_t inferences, Observer *observer) {
  return Engine(model, inferences, observer).simulate();
}

} // namespace cimc::executor::timing
