//===- Target.h - A compute-in-memory machine as data ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain structs that describe a machine. Each struct lists its fields once (Fields.h); the YAML
// reader and printer, the binary form, the manual and `--set` all visit that list. Times are
// nanoseconds, energies picojoules, powers milliwatts, sizes bytes unless a name says otherwise.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_TARGET_H
#define CIMC_TARGET_TARGET_H

#include "cimc/Target/Device.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cimc::target {

enum class CoreKind : uint8_t { Crossbar, Engine };
/// How chips are joined. Messages between chips that no link joins pass through others.
enum class Topology : uint8_t {
  Chain,    ///< chip i and chip i + 1
  Ring,     ///< a chain whose ends are joined
  Mesh,     ///< a grid of `columns`, each chip and the next of its row and of its column
  AllToAll, ///< every chip and every other
  Listed,   ///< the pairs of `connections`
};
/// What becomes of the contents of a chip's buffers when it is shut down. Weights always stay.
enum class Retention : uint8_t { Lost, Kept };
enum class InputCoding : uint8_t {
  SignMagnitude, ///< sign and (bits - 1)-bit magnitude: -128 does not exist at 8 bits
  TwosComplement,
};
/// How an input reaches its row.
enum class InputConverter : uint8_t {
  PulseWidth, ///< the whole number at once, as a time; one conversion per phase
  BitSerial,  ///< bit by bit; one conversion per phase and bit, shifted and added digitally
  PulseCount, ///< bit b as 2^b equal pulses whose charges add up; one conversion per phase
};
/// In which directions an array can be read.
enum class ReadDirections : uint8_t {
  Forward, ///< inputs on rows, results from columns
  Both,    ///< also inputs on columns, results from rows
};

/// One way to read a crossbar (HERMES: 1-phase or 4-phase). The cost is that of one vector,
/// whatever part of the array is used: a constant, and what grows with the bits of the converters
/// (Check.h, readNs and readPj).
struct ReadMode {
  uint32_t phases = 1;
  double readNs = 0;
  double readPj = 0;
  double pulseNs = 0, pulsePj = 0; ///< of each pulse of the inputs
  double stepNs = 0, stepPj = 0;   ///< of each step of a counting output converter
  bool operator==(const ReadMode &) const = default;
};

/// A crossbar array and its converters.
struct Array {
  uint32_t rows = 256, cols = 256; ///< of cells
  uint32_t rowsPerWeight = 1;      ///< 2: a weight is the difference of two cells of a column
  uint32_t perCore = 1;
  uint32_t weightBits = 8; ///< bits of the widest weight in mode `exact`
  uint32_t cellBits = 0;   ///< bits that one cell holds; 0: a whole weight
  uint32_t inputBits = 8;
  InputCoding inputCoding = InputCoding::SignMagnitude;
  InputConverter inputConverter = InputConverter::PulseWidth;
  uint32_t outputBits = 12;         ///< of the magnitude of a code
  double outputGainDeviation = 0;   ///< between columns, a share of the gain
  double outputOffsetDeviation = 0; ///< between columns, in codes
  ReadDirections readDirections = ReadDirections::Forward;
  uint32_t readPhases = 1; ///< which of `readModes` is used
  std::vector<ReadMode> readModes;
  double programNsPerRow = 0;
  double programPjPerCell = 0;
  uint64_t enduranceCycles = 0; ///< 0: not known
  Device device;                ///< in mode `analog`
  bool operator==(const Array &) const = default;
};

/// A digital matrix engine beside a memory that keeps the weights. It holds any tiles whose bytes
/// fit and works on one at a time. A tile of `taps x ic` rows and `oc` columns takes
/// ceil(ic / inputs) * ceil(oc / outputs) * ceil(taps / parallelTaps) cycles per output position.
struct Engine {
  uint32_t weightBytes = 1; ///< capacity
  uint32_t inputs = 16, outputs = 16,
           parallelTaps = 9; ///< multiply-accumulators, by what they share
  double clockGhz = 1;
  double utilisation = 1; ///< share of the peak rate that is reached
  double pjPerMac = 0;
  double programNsPerByte = 0, programPjPerByte = 0;
  uint64_t enduranceCycles = 0; ///< 0: not known
  bool operator==(const Engine &) const = default;
};

/// Cost of one function class of the digital unit: a run over n elements takes latency + ceil(n /
/// lanes) * interval cycles.
struct DigitalFunction {
  uint32_t latencyCycles = 1, intervalCycles = 1;
  double pjPerElement = 0;
  bool operator==(const DigitalFunction &) const = default;
};

/// The digital unit of a core.
struct Digital {
  uint32_t lanes = 64;
  double clockGhz = 1;
  DigitalFunction move;     ///< copy, fill
  DigitalFunction add;      ///< add, sub, max, min, comparisons, select, accumulate, pool steps
  DigitalFunction multiply; ///< multiply, requantise, quantise, dequantise, convert, lookup
  DigitalFunction divide;   ///< divide, sqrt, rsqrt
  DigitalFunction transcendental; ///< exp, log, tanh, pow, erf, sin, cos
  bool operator==(const Digital &) const = default;
};

/// One core.
struct Core {
  CoreKind kind = CoreKind::Crossbar;
  uint32_t memoryBytes = 131072;
  Array array;   ///< of a crossbar
  Engine engine; ///< of an engine
  Digital digital;
  double memoryPjPerByte = 0;
  double idleMw = 0;  ///< powered, doing nothing
  double gatedMw = 0; ///< power-gated
  bool operator==(const Core &) const = default;
};

/// Links of the on-chip network (a grid with dimension-ordered routes, horizontal first).
struct Network {
  double bytesPerNs = 1; ///< of one link
  double hopNs = 1;
  double pjPerByteHop = 0;
  bool operator==(const Network &) const = default;
};

/// The link between host and chip.
struct HostLink {
  double bytesPerNs = 1;
  double latencyNs = 0;
  double pjPerByte = 0;
  bool operator==(const HostLink &) const = default;
};

/// What it takes to switch a chip on and off. A chip that is off keeps its weights, executes
/// nothing and takes its gated power and that of its cores.
struct Gating {
  double wakeNs = 0, wakePj = 0;
  double shutdownNs = 0, shutdownPj = 0;
  double gatedMw = 0; ///< of the chip beside its cores
  Retention buffers = Retention::Lost;
  bool operator==(const Gating &) const = default;
};

/// Two chips that a link joins.
struct Connection {
  uint32_t from = 0, to = 0;
  bool operator==(const Connection &) const = default;
};

/// The links between chips. A link carries one message at a time in each direction.
struct ChipLinks {
  Topology topology = Topology::Chain;
  uint32_t columns = 1;                ///< of a mesh
  std::vector<Connection> connections; ///< of listed links
  double bytesPerNs = 1;
  double latencyNs = 0; ///< of one link, without the time that the bytes take
  double pjPerByte = 0; ///< over one link
  bool operator==(const ChipLinks &) const = default;
};

/// Memory that the cores of a chip share. A core's addresses beyond its own memory lie in it. It
/// has one port.
struct ChipBuffer {
  uint32_t sizeBytes = 0; ///< 0: there is none
  double bytesPerNs = 1;
  double latencyNs = 0;
  double pjPerByte = 0;
  bool operator==(const ChipBuffer &) const = default;
};

/// One chip: a grid of equal cores.
struct Chip {
  uint32_t cores = 1;       ///< used cores of the grid, numbered row by row
  uint32_t gridColumns = 1; ///< columns of the grid; rows follow
  Core core;
  ChipBuffer buffer;
  Network network;
  double idleMw = 0;
  Gating gating;
  bool operator==(const Chip &) const = default;
};

/// The whole machine.
struct Target {
  std::string name;
  std::string description;
  uint32_t chips = 1;
  Chip chip;
  ChipLinks links;
  HostLink host;
  bool operator==(const Target &) const = default;
};

} // namespace cimc::target

#endif // CIMC_TARGET_TARGET_H
