//===- Trace.h - What ran when --------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A record of a simulated run: for every resource of the machine (a *track*), which instruction or
// message had it from when to when. The times are those of the timing engine (Timing.h), so a trace
// is an account of the figures that it reports. docs/timing.md describes the file.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_EXECUTOR_TRACE_H
#define CIMC_EXECUTOR_TRACE_H

#include "cimc/Executor/Timing.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cimc::executor {

/// Slices and changes of FIFOs that a trace may hold; a viewer needs some hundred bytes for each.
inline constexpr uint64_t kMaxTraceEvents = 2'000'000;

/// A resource that does one thing at a time.
struct TraceTrack {
  enum class Kind : uint8_t {
    Power,
    HostIn,
    HostOut,
    Array,
    Digital,
    Send,
    Receive,
    Link,
    ChipLink
  };
  Kind kind = Kind::Power;
  uint32_t chip = 0;
  uint32_t core = 0;  ///< number in the program; units only
  uint32_t place = 0; ///< in the chip's grid: of the core, or where the link begins
  /// Of an array: its number in the core; of a link: the place where it ends; of a link between
  /// chips: the chip to which it leads from `chip`.
  uint32_t unit = 0;

  /// For people: `array 0`, `digital unit`, `link 3 to 4`, `chip 0 to chip 1`.
  std::string name() const;
};

/// What a slice shows: an instruction, a message or a state of power.
struct TraceAction {
  std::string name;        ///< the ONNX node's, or the channel's
  std::string instruction; ///< mnemonic; of messages on links `message`, of power `power`
  uint64_t bytes = 0;      ///< of messages
  uint64_t positions = 0;  ///< rows of the input that a read multiplies; 0 for others
  /// Of one run. A message's energy in the network is where it is sent, at a core or the host; its
  /// energy on the host link is there.
  EnergyParts energy;
  PowerState power = PowerState::Off; ///< on tracks of the kind Power
};

/// An action on a track.
struct TraceSlice {
  double startNs = 0, endNs = 0;
  uint32_t action = 0;
  uint32_t inference = 0;
  uint64_t firing = 0; ///< of the instruction's block; of a message from the host: its number
};

/// How full a FIFO is from a time on.
struct QueueLevel {
  double timeNs = 0;
  uint32_t messages = 0; ///< places that are taken, from the beginning of the send on
};

struct TraceQueue {
  std::string name; ///< of the channel
  uint32_t channel = 0;
  uint32_t core = 0; ///< number in the program of the core that receives; kHost for results
  uint32_t depth = 0;
  std::vector<QueueLevel> levels; ///< in order of time
};

/// From the first instruction or message to the last result. They overlap.
struct TraceInference {
  double startNs = 0, endNs = 0;
};

/// What a chip takes in its states, in milliwatts, and in picojoules for switching.
struct ChipPowerLevels {
  double idleMw = 0; ///< while it is not off: the chip and its cores with a program
  double restMw = 0; ///< while it is not off: its other cores
  double offMw = 0;  ///< the chip and all its cores
  double wakePj = 0, shutdownPj = 0;
};

struct Trace {
  std::string program, target;
  double resultNs = 0; ///< of the last result
  double endNs = 0;    ///< when also every chip that shuts down is off
  std::vector<TraceInference> inferences;
  std::vector<TraceTrack> tracks;              ///< chips, host, cores, links; those that are used
  std::vector<std::vector<TraceSlice>> slices; ///< by track, in order of time, never overlapping
  std::vector<TraceAction> actions;
  std::vector<TraceQueue> queues; ///< by channel
  std::vector<ChipPowerLevels>
      power; ///< by chip; tracks of the kind Power say in which state it is

  uint64_t events() const; ///< slices and changes of FIFOs
};

struct TraceOptions {
  uint32_t inferences = 1; ///< that follow each other as closely as they can. At least 1
  uint64_t maxEvents = kMaxTraceEvents;
};

/// Simulates the program and records it. Fails as simulateTiming does, and if the trace would hold
/// more than `maxEvents` events.
Result<Trace> traceTiming(const program::ValidatedProgram &program,
                          const TraceOptions &options = {});

/// Mean power of each part over equal pieces of [0, endNs), in milliwatts: the energy of what runs
/// spread over its time, and the power of chips in their states.
std::vector<EnergyParts> powerOverTime(const Trace &trace, size_t pieces);

/// The trace as Chrome trace events (JSON), which Perfetto and chrome://tracing open.
std::string traceToJson(const Trace &trace);

} // namespace cimc::executor

#endif // CIMC_EXECUTOR_TRACE_H
