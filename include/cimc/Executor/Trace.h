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

/// A state of a chip's power.
enum class PowerState : uint8_t { Off, Waking, On, ShuttingDown };

/// A resource that does one thing at a time.
struct TraceTrack {
  enum class Kind : uint8_t { Power, HostIn, HostOut, Array, Digital, Send, Receive, Link };
  Kind kind = Kind::Power;
  uint32_t chip = 0;
  uint32_t core = 0;  ///< number in the program; units only
  uint32_t place = 0; ///< in the chip's grid: of the core, or where the link begins
  uint32_t unit = 0;  ///< of an array: its number in the core; of a link: the place where it ends

  /// For people: `array 0`, `digital unit`, `link 3 to 4`.
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

struct Trace {
  std::string program, target;
  double endNs = 0; ///< of the last result
  std::vector<TraceInference> inferences;
  std::vector<TraceTrack> tracks;              ///< chips, host, cores, links; those that are used
  std::vector<std::vector<TraceSlice>> slices; ///< by track, in order of time, never overlapping
  std::vector<TraceAction> actions;
  std::vector<TraceQueue> queues; ///< by channel
  double idleMw = 0, gatedMw = 0; ///< flow all the time

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
/// spread over its time, and idle and gated power.
std::vector<EnergyParts> powerOverTime(const Trace &trace, size_t pieces);

/// The trace as Chrome trace events (JSON), which Perfetto and chrome://tracing open.
std::string traceToJson(const Trace &trace);

} // namespace cimc::executor

#endif // CIMC_EXECUTOR_TRACE_H
