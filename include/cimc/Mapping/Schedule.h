//===- Schedule.h - Stages over streams of rows ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A network is a graph of stages; a stage is an actor that fires once per output row. The scheduler
// computes one global firing sequence that completes with unbounded FIFOs. Each core's order is its
// projection and each buffer and FIFO holds at least its peak occupancy in that sequence, so the
// program cannot deadlock, whatever shares a core.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_MAPPING_SCHEDULE_H
#define CIMC_MAPPING_SCHEDULE_H

#include "cimc/Support/Result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cimc::mapping {

/// Rows of an input that firing r needs: [first, first + count) with first = floor(r * mul / div) +
/// add, clipped to the stream.
struct RowMap {
  int64_t mul = 1, div = 1, add = 0, count = 1;
};

/// A sequence of rows, written by one stage. (Parts that several stages write into one row are
/// several streams read by one receiver.)
struct Stream {
  std::string name;
  int64_t rows = 0;
  int64_t rowBytes = 0; ///< in the producer's and the receivers' buffers
};

/// Marks a core number as the host, which has no memory limit and whose actors only send or
/// receive.
inline constexpr int64_t kHostCore = -1;

/// Memory of a core that is never too small: the smallest buffers that a network needs come out.
inline constexpr int64_t kUnlimitedMemory = int64_t(1) << 50;

/// An actor. A cross-core edge is modelled by the caller as a receiving stage on the consumer's
/// core, whose input is the producer's stream (`viaChannel`) and whose output is the local copy; a
/// receiving stage has one input per part.
struct StageInput {
  int64_t stream = 0;
  RowMap rows;
  bool viaChannel =
      false; ///< row travels through a FIFO: it is consumed from the channel when the stage fires
  bool feedback = false; ///< closes a cycle: firing r needs rows before r only, none at the start
};
struct Stage {
  std::string name;
  int64_t core = 0;
  int64_t firings = 0;
  std::vector<StageInput> inputs;
  std::vector<int64_t> outputs; ///< streams; one row of each per firing
  int64_t scratchBytes = 0;     ///< memory that lives only during a firing
  int64_t constantBytes = 0;    ///< memory that lives for ever: biases, scales, tables
  int64_t accumulatorBytes = 0; ///< memory that lives from the stage's first firing to its last
  /// Fires as soon as it can rather than as late as possible: it takes a part of rows that other
  /// stages take other parts of, so that the rows need not wait for the slowest of them.
  bool eager = false;
};

struct ScheduleProblem {
  std::vector<Stream> streams;
  std::vector<Stage> stages;
  int64_t cores = 0;
  int64_t memoryBytesPerCore = 0;
  /// Memory that every `coresPerChip` cores in order share. Rings of rows and
  /// messages that a core's own memory does not hold lie in it, at addresses from
  /// `memoryBytesPerCore` on.
  int64_t sharedBytesPerChip = 0;
  int64_t coresPerChip = 1;
  /// Rows that senders run ahead of what receivers need in the firing sequence, as far as memory
  /// allows: while a core that holds several stages waits for a row that other cores still work on,
  /// it can do another stage's work.
  int64_t channelLead = 1;
  bool useSpareMemory = true; ///< give FIFOs, rings and scratch second slots while memory lasts;
                              ///< otherwise the smallest buffers
};

/// A step of a core's sequence: fire `stage` `count` times, or (stage < 0) repeat `body` `count`
/// times.
struct Step {
  int64_t stage = -1;
  int64_t count = 1;
  std::vector<Step> body;
};

/// A region of a core's memory, at a multiple of 8 bytes. Exactly one of stream and stage is >= 0,
/// except for a FIFO, which has both.
struct Region {
  enum class Kind {
    Rows,
    Scratch, ///< regions of different stages may overlap: only one stage fires at a time
    Constant,
    Accumulator,
    Fifo, ///< messages that have arrived and wait for the receiving stage `stage`; `rows` messages
          ///< fit
  };
  Kind kind = Kind::Rows;
  int64_t stream =
      -1; ///< Rows: ring buffer of this stream on this core; Fifo: the stream that is received
  int64_t stage = -1; ///< otherwise the stage that owns it
  int64_t address = 0, bytes = 0;
  int64_t rows = 0; ///< Rows: slots of the ring. Scratch: 1 or 2 slots of bytes / rows; firing r
                    ///< may use slot r mod rows
};

struct CoreSchedule {
  std::vector<Step> steps;
  std::vector<Region> regions;
  int64_t memoryBytes = 0; ///< end of the highest region
  int64_t sharedBytes = 0; ///< of them in the memory that the chip's cores share
  int64_t memoryBound = 0; ///< bytes that live at once at the worst moment of the firing sequence,
                           ///< whatever the layout
};

/// Depth in messages of the FIFO from a stream's producer to one receiving stage.
struct FifoDepth {
  int64_t stream = 0, receiver = 0, depth = 1;
};

struct Schedule {
  std::vector<CoreSchedule> cores; ///< by core number
  std::vector<FifoDepth> fifos;
};

/// Solves the problem. Deterministic. Fails if the graph has a cycle without a feedback edge, if
/// stages of a cycle wait for each other's later rows, or if a core's memory does
/// not suffice; the message names the core, the stages or streams that take most, the bytes needed
/// and available. Where memory is left (and `useSpareMemory`), FIFOs, rings and scratch get a slot
/// more, so that a core's units and its neighbours can work at the same time.
Result<Schedule> schedule(const ScheduleProblem &problem);

/// Checks a schedule without trusting the scheduler: runs every core's steps with bounded FIFOs and
/// rings until all are done, and fails if the cores block each other, if a row is read that is not
/// (or no longer) in its ring, if a stage fires too often or too seldom, if a message is left over,
/// or if regions overlap or leave the memory.
Status checkSchedule(const ScheduleProblem &problem, const Schedule &schedule);

} // namespace cimc::mapping

#endif // CIMC_MAPPING_SCHEDULE_H
