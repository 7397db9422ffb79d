//===- ScheduleMemory.cpp - Depths and addresses of buffers ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A row of a stream lives on its producer's core from the firing that writes it to the last firing
// there that reads it (a row that is only sent away, or that no one reads, dies at once). Row n
// sits in slot n mod rows of its ring, so the ring has as many slots as the rows between the oldest
// live row and the one being written, at the worst moment. A FIFO holds the largest number of
// messages that were sent and not yet taken; its storage counts in the receiver's memory. What is
// then left of a core's memory buys second slots, in this order: FIFOs of one message, rings of one
// row, scratch, and one slot more for every other ring.
//
// Where a core's memory does not suffice, rings and then FIFOs go into the memory that the chip's
// cores share: the smallest that is enough, or the largest ones. What every firing touches does
// not.
//
//===--------------------------------------------------------------------------===//

#include "ScheduleInternal.h"

#include <map>

namespace cimc::mapping::detail {
namespace {

constexpr int64_t kAlign = 8;
int64_t alignUp(int64_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

/// A buffer of slots that may grow.
struct Slots {
  Region region;
  int64_t slotBytes = 0;
  int64_t mostRows = 0;  ///< more are of no use
  size_t fifo = 0;       ///< FIFOs: index into Schedule::fifos
  bool isShared = false; ///< lies in the memory that the chip's cores share
};

/// What one core keeps in memory.
struct CorePlan {
  std::vector<Region> constants, accumulators, scratch;
  std::vector<Slots> rings, fifos;
  int64_t scratchSlots = 1;
};

/// Bytes that live on a core over its own firings: index 2i + 1 is during firing i, 2i between the
/// firings around it.
class LiveBytes {
public:
  explicit LiveBytes(size_t firings) : changes(2 * firings + 2, 0) {}
  void add(int64_t from, int64_t to, int64_t bytes) {
    changes[static_cast<size_t>(from)] += bytes;
    changes[static_cast<size_t>(to) + 1] -= bytes;
  }
  int64_t peak() const {
    int64_t live = 0, most = 0;
    for (int64_t change : changes)
      most = std::max(most, live += change);
    return most;
  }

private:
  std::vector<int64_t> changes;
};

class Planner {
public:
  Planner(const ScheduleProblem &problem, const Graph &graph, const Order &order,
          Schedule &schedule)
      : problem(problem), graph(graph), order(order), schedule(schedule),
        plans(schedule.cores.size()) {}

  Status run() {
    numberFirings();
    for (size_t s = 0; s < problem.stages.size(); ++s)
      addStage(static_cast<int32_t>(s));
    for (size_t stream = 0; stream < problem.streams.size(); ++stream)
      if (graph.producer[stream] >= 0)
        addStream(static_cast<int64_t>(stream));
    for (size_t core = 0; core < plans.size(); ++core) {
      if (!shareRows(static_cast<int64_t>(core)))
        return tooLarge(static_cast<int64_t>(core));
      if (problem.useSpareMemory)
        enlarge(plans[core]);
      place(static_cast<int64_t>(core));
    }
    return Status::success();
  }

private:
  const Stage &stageOf(int32_t stage) const { return problem.stages[stage]; }

  void numberFirings() {
    position.resize(problem.stages.size());
    std::vector<int32_t> next(schedule.cores.size(), 0);
    times.resize(schedule.cores.size());
    for (size_t time = 0; time < order.sequence.size(); ++time)
      if (int32_t stage = order.sequence[time]; stageOf(stage).core != kHostCore) {
        position[stage].push_back(next[stageOf(stage).core]++);
        times[stageOf(stage).core].push_back(static_cast<int32_t>(time));
      }
    for (const std::vector<int32_t> &coreTimes : times)
      live.emplace_back(coreTimes.size());
  }

  void addStage(int32_t s) {
    const Stage &stage = stageOf(s);
    if (stage.core == kHostCore)
      return;
    CorePlan &plan = plans[stage.core];
    auto add = [&](std::vector<Region> &list, Region::Kind kind, int64_t bytes) {
      if (bytes > 0)
        list.push_back(Region{kind, -1, s, 0, bytes, kind == Region::Kind::Scratch ? 1 : 0});
    };
    add(plan.constants, Region::Kind::Constant, stage.constantBytes);
    add(plan.accumulators, Region::Kind::Accumulator, stage.accumulatorBytes);
    add(plan.scratch, Region::Kind::Scratch, stage.scratchBytes);
    LiveBytes &bytes = live[stage.core];
    bytes.add(0, 2 * static_cast<int64_t>(times[stage.core].size()), stage.constantBytes);
    if (position[s].empty())
      return;
    bytes.add(2 * position[s].front() + 1, 2 * position[s].back() + 1, stage.accumulatorBytes);
    if (stage.scratchBytes > 0)
      for (int32_t firing : position[s])
        bytes.add(2 * firing + 1, 2 * firing + 1, stage.scratchBytes);
  }

  void addStream(int64_t stream) {
    const Stage &producer = stageOf(graph.producer[stream]);
    for (const Use &use : graph.uses[stream])
      if (stageOf(use.stage).inputs[use.input].viaChannel)
        addFifo(stream, use);
    if (producer.core == kHostCore || problem.streams[stream].rows == 0)
      return;
    std::vector<int32_t> lastUse = findLastUses(stream);
    Slots ring{Region{Region::Kind::Rows, stream, -1, 0, 0, 1}, problem.streams[stream].rowBytes,
               problem.streams[stream].rows};
    const std::vector<int32_t> &written = position[graph.producer[stream]];
    size_t oldest = 0;
    for (size_t row = 0; row < written.size(); ++row) {
      while (lastUse[oldest] < written[row])
        ++oldest;
      ring.region.rows = std::max(ring.region.rows, static_cast<int64_t>(row - oldest) + 1);
      live[producer.core].add(2 * written[row] + 1, 2 * lastUse[row] + 1, ring.slotBytes);
    }
    plans[producer.core].rings.push_back(ring);
  }

  /// For every row the position on its core of the last firing that reads it, or of the one that
  /// writes it.
  std::vector<int32_t> findLastUses(int64_t stream) const {
    std::vector<int32_t> last = position[graph.producer[stream]];
    for (const Use &use : graph.uses[stream]) {
      const StageInput &input = stageOf(use.stage).inputs[use.input];
      if (input.viaChannel)
        continue;
      // Starts move in one direction as firings go up, so the rows that a firing is the last to see
      // are those that the next one does not see.
      RowRange next;
      for (int64_t firing = stageOf(use.stage).firings; firing-- > 0;) {
        RowRange range = rowsNeeded(input.rows, firing, problem.streams[stream].rows);
        auto mark = [&](int64_t begin, int64_t end) {
          for (int64_t row = begin; row < end; ++row)
            last[row] = std::max(last[row], position[use.stage][firing]);
        };
        if (next.empty()) {
          mark(range.begin, range.end);
        } else {
          mark(range.begin, std::min(range.end, next.begin));
          mark(std::max(range.begin, next.end), range.end);
        }
        if (!range.empty())
          next = range;
      }
    }
    return last;
  }

  void addFifo(int64_t stream, const Use &use) {
    const std::vector<int32_t> &sent = order.when[graph.producer[stream]],
                               &taken = order.when[use.stage];
    const RowMap &map = stageOf(use.stage).inputs[use.input].rows;
    int64_t rows = problem.streams[stream].rows, core = stageOf(use.stage).core;
    int64_t depth = 1, firing = 0, gone = 0;
    for (int64_t row = 0; row < rows; ++row) {
      for (; firing < static_cast<int64_t>(taken.size()) && taken[firing] < sent[row]; ++firing)
        gone = std::max(gone, rowsNeeded(map, firing, rows).end);
      depth = std::max(depth, row + 1 - gone);
    }
    schedule.fifos.push_back({stream, use.stage, depth});
    if (core == kHostCore || rows == 0)
      return;
    int64_t bytes = problem.streams[stream].rowBytes;
    plans[core].fifos.push_back({Region{Region::Kind::Fifo, stream, use.stage, 0, 0, depth}, bytes,
                                 rows, schedule.fifos.size() - 1});
    noteMessages(core, use.stage, map, sent, bytes);
  }

  /// Messages live in the receiver's memory from their sending to the end of the firing that takes
  /// them.
  void noteMessages(int64_t core, int32_t receiver, const RowMap &map,
                    const std::vector<int32_t> &sent, int64_t bytes) {
    int64_t rows = static_cast<int64_t>(sent.size()), firing = 0, before = 0;
    for (int64_t row = 0; row < rows; ++row) {
      while (rowsNeeded(map, firing, rows).end <= row)
        ++firing;
      while (before < static_cast<int64_t>(times[core].size()) && times[core][before] < sent[row])
        ++before;
      live[core].add(2 * before, 2 * position[receiver][firing] + 1, bytes);
    }
  }

  static int64_t bytesOf(const Slots &slots) {
    return alignUp(slots.slotBytes * slots.region.rows);
  }

  static int64_t scratchSize(const CorePlan &plan, int64_t slots) {
    int64_t most = 0;
    for (const Region &region : plan.scratch)
      most = std::max(most, alignUp(region.bytes) * slots);
    return most;
  }

  /// Bytes of the core's own memory.
  static int64_t size(const CorePlan &plan) {
    int64_t total = scratchSize(plan, plan.scratchSlots);
    for (const std::vector<Region> *list : {&plan.constants, &plan.accumulators})
      for (const Region &region : *list)
        total += alignUp(region.bytes);
    for (const std::vector<Slots> *list : {&plan.rings, &plan.fifos})
      for (const Slots &slots : *list)
        total += slots.isShared ? 0 : bytesOf(slots);
    return total;
  }

  int64_t chipOf(int64_t core) const { return core / std::max<int64_t>(problem.coresPerChip, 1); }

  /// What is left of the memory that the core shares.
  int64_t sharedLeft(int64_t core) const {
    auto used = sharedUsed.find(chipOf(core));
    return problem.sharedBytesPerChip - (used == sharedUsed.end() ? 0 : used->second);
  }

  /// Moves rings, then FIFOs into shared memory until the rest fits the core. False if it never
  /// does.
  bool shareRows(int64_t core) {
    CorePlan &plan = plans[static_cast<size_t>(core)];
    int64_t excess = 0;
    while ((excess = size(plan) - problem.memoryBytesPerCore) > 0) {
      Slots *best = nullptr;
      for (std::vector<Slots> *list : {&plan.rings, &plan.fifos}) {
        for (Slots &slots : *list) {
          int64_t bytes = bytesOf(slots), most = best ? bytesOf(*best) : 0;
          if (slots.isShared || bytes > sharedLeft(core))
            continue;
          if (most >= excess ? bytes >= excess && bytes < most : bytes > most)
            best = &slots;
        }
        if (best)
          break;
      }
      if (!best)
        return false;
      best->isShared = true;
      sharedUsed[chipOf(core)] += bytesOf(*best);
    }
    return true;
  }

  void enlarge(CorePlan &plan) {
    int64_t left = problem.memoryBytesPerCore - size(plan);
    auto grow = [&](Slots &slots) {
      Slots larger = slots;
      ++larger.region.rows;
      if (int64_t more = bytesOf(larger) - bytesOf(slots);
          larger.region.rows <= larger.mostRows && more <= left) {
        slots = larger;
        left -= more;
        return true;
      }
      return false;
    };
    for (Slots &fifo : plan.fifos)
      if (!fifo.isShared && fifo.region.rows == 1 && grow(fifo))
        schedule.fifos[fifo.fifo].depth = fifo.region.rows;
    std::vector<bool> grown(plan.rings.size(), false);
    for (size_t i = 0; i < plan.rings.size(); ++i)
      grown[i] = !plan.rings[i].isShared && plan.rings[i].region.rows == 1 && grow(plan.rings[i]);
    if (int64_t more = scratchSize(plan, 2) - scratchSize(plan, 1); more <= left) {
      plan.scratchSlots = 2;
      left -= more;
    }
    for (size_t i = 0; i < plan.rings.size(); ++i)
      if (!grown[i] && !plan.rings[i].isShared)
        grow(plan.rings[i]);
    // A chip can be shut down once it has sent all, and must not wait until another one has used
    // it.
    for (bool more = true; more;) {
      more = false;
      for (Slots &fifo : plan.fifos)
        if (!fifo.isShared && comesFromAnotherChip(fifo) && grow(fifo)) {
          schedule.fifos[fifo.fifo].depth = fifo.region.rows;
          more = true;
        }
    }
  }

  bool comesFromAnotherChip(const Slots &fifo) const {
    int64_t sender = stageOf(graph.producer[static_cast<size_t>(fifo.region.stream)]).core,
            receiver = stageOf(static_cast<int32_t>(fifo.region.stage)).core;
    return sender != kHostCore && chipOf(sender) != chipOf(receiver);
  }

  void place(int64_t core) {
    CorePlan &plan = plans[core];
    CoreSchedule &result = schedule.cores[core];
    int64_t address = 0, sharedEnd = problem.memoryBytesPerCore;
    auto put = [&](Region region, bool isShared = false) {
      int64_t &next = isShared ? sharedEnd : address;
      region.address = next;
      next += alignUp(region.bytes);
      result.regions.push_back(region);
    };
    for (const Region &region : plan.constants)
      put(region);
    for (const std::vector<Slots> *list : {&plan.rings, &plan.fifos})
      for (Slots slots : *list) {
        slots.region.bytes = slots.slotBytes * slots.region.rows;
        put(slots.region, slots.isShared);
      }
    for (const Region &region : plan.accumulators)
      put(region);
    for (Region region : plan.scratch) {
      region.address = address;
      region.rows = plan.scratchSlots;
      region.bytes = alignUp(region.bytes) * plan.scratchSlots;
      result.regions.push_back(region);
    }
    result.sharedBytes = sharedEnd - problem.memoryBytesPerCore;
    result.memoryBytes =
        result.sharedBytes > 0 ? sharedEnd : address + scratchSize(plan, plan.scratchSlots);
    result.memoryBound = live[core].peak();
  }

  struct Taker {
    std::string what;
    int64_t bytes;
  };

  std::vector<Taker> listTakers(const CorePlan &plan) const {
    std::vector<Taker> takers;
    auto name = [&](const Region &region) {
      return "'" +
             (region.stage >= 0 ? problem.stages[region.stage].name
                                : problem.streams[region.stream].name) +
             "'";
    };
    auto slots = [&](const Slots &slots, const char *kind, const char *unit) {
      takers.push_back({kind + name(slots.region) + " with " + std::to_string(slots.region.rows) +
                            " " + unit + (slots.region.rows == 1 ? " of " : "s of ") +
                            std::to_string(slots.slotBytes) + " bytes",
                        bytesOf(slots)});
    };
    for (const Region &region : plan.constants)
      takers.push_back({"constants of " + name(region), alignUp(region.bytes)});
    for (const Region &region : plan.accumulators)
      takers.push_back({"sums of " + name(region), alignUp(region.bytes)});
    for (const Region &region : plan.scratch)
      if (alignUp(region.bytes) == scratchSize(plan, 1)) {
        takers.push_back({"scratch of " + name(region), alignUp(region.bytes)});
        break; // the others share it
      }
    for (const Slots &ring : plan.rings)
      if (!ring.isShared)
        slots(ring, "buffer of ", "row");
    for (const Slots &fifo : plan.fifos)
      if (!fifo.isShared)
        slots(fifo, "channel into ", "message");
    std::stable_sort(takers.begin(), takers.end(),
                     [](const Taker &a, const Taker &b) { return a.bytes > b.bytes; });
    return takers;
  }

  std::string nameOf(int64_t core) const {
    int64_t perChip = std::max<int64_t>(problem.coresPerChip, 1);
    bool severalChips = static_cast<int64_t>(plans.size()) > perChip;
    return severalChips ? "core " + std::to_string(core % perChip) + " of chip " +
                              std::to_string(chipOf(core))
                        : "core " + std::to_string(core);
  }

  Error tooLarge(int64_t core) const {
    int64_t needed = size(plans[core]), available = problem.memoryBytesPerCore;
    std::string message =
        nameOf(core) + " needs " + std::to_string(needed) + " bytes of memory, the target has " +
        std::to_string(available) +
        (problem.sharedBytesPerChip > 0 ? " and " + std::to_string(sharedLeft(core)) +
                                              " left in the chip's buffer, for rows and messages"
                                        : std::string()) +
        "; largest: ";
    std::vector<Taker> takers = listTakers(plans[core]);
    const size_t shown = std::min<size_t>(takers.size(), 4);
    for (size_t i = 0; i < shown; ++i)
      message.append(i > 0 ? ", " : "")
          .append(takers[i].what + " (" + std::to_string(takers[i].bytes) + " bytes)");
    int64_t others = needed;
    for (size_t i = 0; i < takers.size() && others > available; ++i) {
      others -= takers[i].bytes;
      if (others <= available)
        message += "; without the " +
                   (i > 0 ? std::to_string(i + 1) + " largest" : std::string("largest")) +
                   " it would fit, with " + std::to_string(available - others) + " bytes to spare";
    }
    return Error{message};
  }

  const ScheduleProblem &problem;
  const Graph &graph;
  const Order &order;
  Schedule &schedule;
  std::vector<CorePlan> plans;
  std::vector<std::vector<int32_t>>
      position; ///< by stage and firing: its number among the firings of its core
  std::vector<std::vector<int32_t>> times; ///< by core and position: number in the global sequence
  std::vector<LiveBytes> live;             ///< by core
  std::map<int64_t, int64_t> sharedUsed;   ///< by chip
};

} // namespace

Status layOutMemory(const ScheduleProblem &problem, const Graph &graph, const Order &order,
                    Schedule &schedule) {
  return Planner(problem, graph, order, schedule).run();
}

} // namespace cimc::mapping::detail
