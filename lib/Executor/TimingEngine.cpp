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
// Ends of epochs and wakes are such events too. An epoch ends when everything that the core did has
// ended, a wake is issued when all of it has started, so both are found in order of time, and
// whether a chip was woken before its epoch ended is known when it ends. Cores of a chip that is
// off, and messages to it, wait until it is known when it is on.
//
// The cores of a chip share the port of its buffer, so instructions whose operands lie there are
// events as well.
//
//===--------------------------------------------------------------------------===//

#include "Cursor.h"
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

/// For which epoch a core woke a chip last, and in which inference.
struct LastWake {
  uint32_t inference = 0, epoch = 0;
};

struct CoreState {
  explicit CoreState(Cursor cursor) : cursor(std::move(cursor)) {}

  Cursor cursor;
  std::vector<double> unitFree;
  std::vector<double> lastRead, lastWrite; ///< by cell: when the last read or write of it ends
  std::vector<uint64_t> runs;              ///< by work
  std::vector<LastWake> lastWakes;         ///< by chip; empty if no chip shuts down
  uint64_t epoch = 0;                      ///< of all inferences
  bool isAwake = false;                    ///< is it known when the chip is on for it?
  double awakeNs = 0;                      ///< if so: when
  double allStartedNs = 0, allEndedNs = 0; ///< everything that it did so far
};

/// Who waits until it is known when a chip is on: a core that is to run on it, or an actor whose
/// message to it has been ready since `timeNs`.
struct Waiter {
  uint32_t actor = 0;
  bool isSender = false;
  double timeNs = 0;
};

struct ChipState {
  std::optional<EpochClock> clock; ///< if it shuts down
  std::vector<Waiter> waiters;
  double bufferFree = 0; ///< the port of its buffer
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

/// An actor that is about to send, to use its chip's buffer, to wake or to end its epoch: a core,
/// or (numbers from cores.size() on) a host source.
struct Event {
  double time;
  uint32_t actor;
  bool operator>(const Event &other) const {
    return time != other.time ? time > other.time : actor > other.actor;
  }
};

class Engine {
public:
  Engine(const Model &model, const RunLength &length, Observer *observer)
      : model(model), observer(observer), hostLatencyNs(model.target.host.latencyNs),
        counted(length.inferences), mayStop(length.further > 0), channels(model.channels.size()),
        linkFree(model.links.size(), 0), chips(model.chips.size()) {
    uint32_t inferences = length.inferences + length.further;
    run.finish.assign(inferences, 0);
    run.linkBusyNs.assign(model.links.size(), 0);
    for (size_t i = 0; i < chips.size(); ++i)
      if (model.chips[i].isGated())
        chips[i].clock.emplace(model.target.chip.gating, model.chips[i].shutdownCores);
    for (const CoreModel &core : model.cores)
      addCore(core, inferences);
    for (size_t i = 0; i < channels.size(); ++i)
      channels[i].room.assign(model.channels[i].depth, 0.0);
    for (const HostSource &source : model.sources)
      sources.push_back({source.messages * inferences, source.messages, 0});
    if (sources.empty())
      beginInferences(inferences, 0);
  }

  Result<Run> simulate() {
    for (uint32_t actor = 0; actor < cores.size() + sources.size(); ++actor)
      proceed(actor);
    bool isStopped = false;
    while (!events.empty() && !(isStopped = isEnough(events.top().time))) {
      Event event = events.top();
      events.pop();
      if (act(event))
        proceed(event.actor);
    }
    if (!isStopped)
      if (std::optional<Error> error = findBlocked())
        return *error;
    run.finish.resize(counted);
    addPower();
    for (CoreState &core : cores)
      run.runs.push_back(std::move(core.runs));
    return std::move(run);
  }

private:
  void addCore(const CoreModel &core, uint32_t inferences) {
    CoreState state(Cursor(core, inferences));
    state.unitFree.assign(core.units(), 0);
    state.lastRead.assign(core.cells, 0);
    state.lastWrite.assign(core.cells, 0);
    state.runs.assign(core.works.size(), 0);
    if (model.anyChipIsGated())
      state.lastWakes.resize(model.chips.size());
    state.isAwake = !chips[core.chip].clock;
    coresBehind += !state.cursor.done() && state.cursor.inference() < counted;
    cores.push_back(std::move(state));
  }

  /// Are all inferences that count over at that time? Nothing that happens later matters then.
  bool isEnough(double time) const {
    return mayStop && coresBehind == 0 &&
           time > *std::max_element(run.finish.begin(), run.finish.begin() + counted);
  }

  /// Runs an actor until it must wait or send.
  void proceed(uint32_t actor) {
    if (actor < cores.size())
      proceedCore(actor);
    else
      proceedSource(actor);
  }

  /// Does what the event is for. False if it cannot be done yet; the actor has another event then,
  /// or waits for a chip.
  bool act(const Event &event) {
    if (event.actor >= cores.size())
      return sendFromHost(event.actor, event.time);
    const Cursor &cursor = cores[event.actor].cursor;
    if (cursor.atShutdown())
      endEpoch(event.actor, event.time);
    else if (cursor.work().unit == UnitKind::None)
      wakeFromCore(event.actor, event.time);
    else if (cursor.work().unit == UnitKind::Send)
      return sendFromCore(event.actor, event.time);
    else
      return runWithBuffer(event.actor, event.time);
    return true;
  }

  void proceedCore(uint32_t number) {
    CoreState &core = cores[number];
    while (!core.cursor.done()) {
      if (!core.isAwake && !findAwake(number))
        return;
      if (core.cursor.atShutdown()) {
        events.push({std::max(core.allEndedNs, core.awakeNs), number});
        return;
      }
      const Work &work = core.cursor.work();
      if (work.unit == UnitKind::None) {
        events.push({std::max(core.allStartedNs, core.awakeNs), number});
        return;
      }
      if (work.unit == UnitKind::Send) {
        requestSend(number, work.channel, readyTime(number, work));
        return;
      }
      if (work.unit == UnitKind::Receive) {
        if (channels[work.channel].arrivals.empty()) {
          channels[work.channel].waitingReceiver = number;
          return;
        }
        if (work.sharedNs > 0) {
          events.push({receiveTime(number, work), number});
          return;
        }
        receive(number, work);
      } else if (work.sharedNs > 0) {
        events.push({readyTime(number, work), number});
        return;
      } else {
        finish(number, work, readyTime(number, work));
      }
      advance(core);
    }
  }

  /// Runs an instruction other than a send that uses the chip's buffer. False if the port is taken;
  /// the core has another event then.
  bool runWithBuffer(uint32_t number, double time) {
    const Work &work = cores[number].cursor.work();
    if (double free = chips[model.cores[number].chip].bufferFree; free > time) {
      events.push({free, number});
      return false;
    }
    takeBuffer(number, work, time);
    if (work.unit == UnitKind::Receive)
      receive(number, work, time);
    else
      finish(number, work, time);
    advance(cores[number]);
    return true;
  }

  void takeBuffer(uint32_t number, const Work &work, double start) {
    double &free = chips[model.cores[number].chip].bufferFree;
    free = std::max(free, start) + work.sharedNs;
  }

  void advance(CoreState &core) {
    bool wasBehind = core.cursor.inference() < counted;
    core.cursor.advance();
    coresBehind -= wasBehind && (core.cursor.done() || core.cursor.inference() >= counted);
  }

  //===--------------------------------------------------------------------------===//
  // Chips
  //===--------------------------------------------------------------------------===//

  /// The epoch, counted over all inferences.
  uint64_t epochOf(uint32_t chip, uint32_t inference, uint64_t epoch) const {
    return inference * model.chips[chip].epochs + epoch;
  }

  /// Finds out when the core's chip is on for its epoch. False if that is not known; the core
  /// waits.
  bool findAwake(uint32_t number) {
    CoreState &core = cores[number];
    ChipState &chip = chips[model.cores[number].chip];
    std::optional<double> on = chip.clock->onFrom(core.epoch);
    if (!on) {
      chip.waiters.push_back({number});
      return false;
    }
    core.isAwake = true;
    core.awakeNs = *on;
    return true;
  }

  /// May a message that is ready at `time` enter its route? If its chip is not on, the sender waits
  /// until it is, and has another event when that is known.
  bool mayEnter(uint32_t actor, uint32_t chip, uint64_t epoch, double time) {
    std::optional<double> on = chips[chip].clock->onFrom(epoch);
    if (!on)
      chips[chip].waiters.push_back({actor, true, time});
    else if (*on > time)
      events.push({*on, actor});
    return on && *on <= time;
  }

  void wake(uint32_t chip, uint64_t epoch, double time) {
    if (chips[chip].clock && chips[chip].clock->wake(epoch, time))
      release(chip);
  }

  void release(uint32_t chip) {
    for (const Waiter &waiter : std::exchange(chips[chip].waiters, {}))
      if (waiter.isSender)
        events.push({waiter.timeNs, waiter.actor});
      else
        proceedCore(waiter.actor);
  }

  void wakeFromCore(uint32_t number, double time) {
    CoreState &core = cores[number];
    const Work &work = core.cursor.work();
    uint32_t inference = core.cursor.inference();
    core.lastWakes[work.chip] = {inference, work.epoch};
    advance(core);
    wake(work.chip, epochOf(work.chip, inference, work.epoch), time);
  }

  void endEpoch(uint32_t number, double time) {
    CoreState &core = cores[number];
    uint32_t chip = model.cores[number].chip;
    ++core.epoch;
    core.isAwake = false;
    advance(core);
    if (chips[chip].clock->endEpoch(time))
      release(chip);
  }

  /// The host begins the inferences before `end` that it has not begun.
  void beginInferences(uint32_t end, double time) {
    for (; begun < end; ++begun)
      for (uint32_t chip : model.hostWakes)
        wake(chip, epochOf(chip, begun, 0), time);
  }

  void addPower() {
    run.restNs = *std::max_element(run.finish.begin(), run.finish.end());
    for (const ChipState &chip : chips)
      if (chip.clock)
        run.restNs = std::max(run.restNs, chip.clock->restNs().value_or(0));
    for (size_t i = 0; i < chips.size(); ++i)
      if (chips[i].clock)
        run.power.push_back(chips[i].clock->take(run.restNs));
      else if (model.chips[i].cores > 0)
        run.power.push_back({{PowerState::On, 0, run.restNs}});
      else
        run.power.push_back({});
  }

  //===--------------------------------------------------------------------------===//
  // Messages
  //===--------------------------------------------------------------------------===//

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

  /// When the first message of the channel can be taken. It may stream through the port as it
  /// comes.
  double receiveTime(uint32_t number, const Work &work) const {
    return std::max(readyTime(number, work), channels[work.channel].arrivals.front() - work.ns);
  }

  void receive(uint32_t number, const Work &work, double earliest = 0) {
    double start = std::max(receiveTime(number, work), earliest);
    channels[work.channel].arrivals.pop_front();
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

  bool sendFromCore(uint32_t number, double time) {
    const Work &work = cores[number].cursor.work();
    const ChannelModel &channel = model.channels[work.channel];
    uint32_t inference = cores[number].cursor.inference();
    if (uint32_t chip = channel.targetChip; channel.joinsChips() && chips[chip].clock) {
      LastWake last = cores[number].lastWakes[chip];
      if (!mayEnter(number, chip,
                    epochOf(chip, inference, last.inference == inference ? last.epoch : 0), time))
        return false;
    }
    if (work.sharedNs > 0) {
      if (double free = chips[model.cores[number].chip].bufferFree; free > time) {
        events.push({free, number});
        return false;
      }
      takeBuffer(number, work, time);
    }
    channels[work.channel].room.pop_front();
    Message message{work.channel, inference, cores[number].cursor.counter()};
    double start = enterNetwork(message, time);
    finish(number, work, start);
    if (observer)
      observer->onQueue(work.channel, start, 1);
    double arrival = start + channel.delayNs + channel.routeNs;
    if (channel.toHost)
      arrival = sendToHost(message, arrival);
    advance(cores[number]);
    deliver(work.channel, arrival);
    return true;
  }

  /// The message is at place 0 of its chip at `time`. Returns when the host has it.
  double sendToHost(const Message &message, double time) {
    double lane = model.channels[message.channel].hostNs, start = std::max(time, hostOutFree);
    hostOutFree = start + lane;
    run.hostOutBusyNs += lane;
    if (observer)
      observer->onHostLink(true, message.channel, message.span(start, hostOutFree));
    double arrival = hostOutFree + hostLatencyNs;
    run.finish[message.inference] = std::max(run.finish[message.inference], arrival);
    return arrival;
  }

  bool sendFromHost(uint32_t actor, double time) {
    size_t i = actor - cores.size();
    uint32_t number = model.sources[i].channel;
    const ChannelModel &channel = model.channels[number];
    beginInferences(sources[i].inference + 1, time);
    if (uint32_t chip = channel.targetChip; chips[chip].clock)
      if (!mayEnter(actor, chip, epochOf(chip, sources[i].inference, 0), time))
        return false;
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
    deliver(number, enterNetwork(message, atChip) + channel.delayNs + channel.routeNs);
    return true;
  }

  /// Reserves the links of a route. Returns when the message enters the first.
  double enterNetwork(const Message &message, double ready) {
    const ChannelModel &channel = model.channels[message.channel];
    double start = ready;
    for (const Hop &hop : channel.route)
      start = std::max(start, linkFree[hop.link] - hop.delayNs);
    for (const Hop &hop : channel.route) {
      double entered = start + hop.delayNs;
      linkFree[hop.link] = entered + channel.routeNs;
      run.linkBusyNs[hop.link] += channel.routeNs;
      if (observer)
        observer->onLink(hop.link, message.channel, message.span(entered, linkFree[hop.link]));
    }
    return start;
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
    double ready = std::max(core.unitFree[work.unitIndex], core.awakeNs);
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
    core.allStartedNs = std::max(core.allStartedNs, start);
    core.allEndedNs = std::max(core.allEndedNs, end);
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
    auto name = [&](uint32_t actor) {
      return actor < cores.size() ? "core " + std::to_string(actor) : std::string("the host");
    };
    for (size_t i = 0; i < chips.size(); ++i)
      for (const Waiter &waiter : chips[i].waiters)
        return Error{name(waiter.actor) + " waits for ever for chip " + std::to_string(i)};
    for (uint32_t i = 0; i < cores.size(); ++i)
      if (!cores[i].cursor.done())
        return Error{name(i) + " waits for ever for channel " +
                     std::to_string(cores[i].cursor.work().channel)};
    for (size_t i = 0; i < sources.size(); ++i)
      if (sources[i].left > 0)
        return Error{"the host waits for ever to send to channel " +
                     std::to_string(model.sources[i].channel)};
    return std::nullopt;
  }

  const Model &model;
  Observer *observer; ///< or null
  double hostLatencyNs;
  uint32_t counted;         ///< inferences
  bool mayStop;             ///< once those are over
  uint32_t coresBehind = 0; ///< that have not run all of those
  uint32_t begun = 0;       ///< inferences, by the host
  std::vector<CoreState> cores;
  std::vector<ChannelState> channels;
  std::vector<SourceState> sources;
  std::vector<double> linkFree;
  std::vector<ChipState> chips;
  double hostInFree = 0, hostOutFree = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  Run run;
};

} // namespace

Result<Run> simulate(const Model &model, const RunLength &length, Observer *observer) {
  return Engine(model, length, observer).simulate();
}

} // namespace cimc::executor::timing
