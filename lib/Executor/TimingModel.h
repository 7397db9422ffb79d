//===- TimingModel.h - A program as the timing engine sees it -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every instruction is reduced, once, to the unit that it occupies, for how long, at what energy,
// and which places of the core's memory it reads and writes. Nothing in here depends on time.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_TIMINGMODEL_H
#define CIMC_LIB_EXECUTOR_TIMINGMODEL_H

#include "cimc/Executor/Timing.h"

namespace cimc::executor::timing {

enum class UnitKind : uint8_t { Array, Digital, Send, Receive };

/// Cells [begin, end): the core's memory cut wherever an operand begins or ends, so that two
/// operands overlap exactly if they share a cell.
struct CellRange {
  uint32_t begin = 0, end = 0;
};

/// A place that an instruction reads or writes: rows floor(r * mul / div) + add + k * step, 0 <= k
/// < rows, of a ring.
struct Operand {
  uint32_t mul = 0, div = 1, rows = 1, step = 1;
  int64_t add = 0;
  int64_t height = -1; ///< rows outside [0, height) are not touched; -1: no such bound
  uint32_t slots = 1;
  uint32_t ranges = 0; ///< CoreModel::ranges of slot 0; one per slot
  bool isWrite = false;
};

/// One instruction.
struct Work {
  UnitKind unit = UnitKind::Digital;
  uint32_t unitIndex = 0; ///< among the core's units
  uint32_t channel = 0;   ///< Send, Receive
  uint32_t firstOperand = 0, operands = 0;
  uint32_t layer = 0;
  uint64_t reads = 0, macs = 0;
  double ns = 0;
  EnergyParts energy; ///< array, digital, memory, network, host
};

/// A control instruction. Loops know where they end.
struct ControlStep {
  enum class Kind : uint8_t { Fire, Loop, End } kind = Kind::Fire;
  uint32_t block = 0;
  uint32_t count = 1;
};

struct CoreModel {
  std::vector<Work> works;
  std::vector<uint32_t> blockBegin; ///< block b is works [blockBegin[b], blockBegin[b + 1])
  std::vector<ControlStep> control;
  std::vector<Operand> operands;
  std::vector<CellRange> ranges;
  uint32_t cells = 0;
  uint32_t arrays = 0; ///< units 0 to arrays - 1 are arrays, then come the digital unit, the send
                       ///< port and the receive port
  uint32_t arraysUsed = 0; ///< with weights
  uint32_t digitalUnit() const { return arrays; }
  uint32_t sendUnit() const { return arrays + 1; }
  uint32_t receiveUnit() const { return arrays + 2; }
  uint32_t units() const { return arrays + 3; }
};

struct ChannelModel {
  bool fromHost = false, toHost = false;
  uint32_t depth = 1;
  std::vector<uint32_t> route; ///< links of the chip, in order
  double networkNs = 0;        ///< a message on one link or port
  double hostNs = 0;           ///< a message on the host link, without its latency
  EnergyParts energy;          ///< of one message: network and host
};

/// A channel that the host feeds.
struct HostSource {
  uint32_t channel = 0;
  uint64_t messages = 0; ///< per inference
};

struct Model {
  const target::Target *target = nullptr;
  std::vector<CoreModel> cores;
  std::vector<ChannelModel> channels;
  std::vector<HostSource> sources;
  std::vector<std::string> layers;
  uint32_t links = 0;
};

/// The places of the grid that a link leaves and reaches.
struct LinkEnds {
  uint32_t from = 0, to = 0;
};
LinkEnds endsOf(const Model &model, uint32_t link);

/// Reduces the program. Fails if it uses more than one chip or places a core outside the grid.
Result<Model> buildModel(const program::Program &program);

/// Power that flows all the time, in milliwatts: of the chip and the cores that have a program, and
/// of the cores without one.
struct StaticPower {
  double idleMw = 0, gatedMw = 0;
};
StaticPower staticPower(const program::Program &program);

/// What a simulated run of several inferences gave.
struct Run {
  std::vector<double> finish;              ///< by inference: its last result or instruction
  std::vector<std::vector<uint64_t>> runs; ///< by core and work: how often it ran
  std::vector<double> linkBusyNs;          ///< by link
  double hostInBusyNs = 0, hostOutBusyNs = 0;
};

/// When something took a resource, and for which inference and firing (of the instruction's block,
/// or the message's number at the host).
struct Span {
  double startNs = 0, endNs = 0;
  uint32_t inference = 0;
  uint64_t firing = 0;
};

/// Is told what runs when. What takes one unit, link or lane is reported in order of time;
/// different ones are not ordered.
class Observer {
public:
  virtual ~Observer() = default;
  /// Instruction `work` of a core, on the unit that it names.
  virtual void onWork(uint32_t core, uint32_t work, const Span &span) = 0;
  /// A message of `channel` on a link of the chip.
  virtual void onLink(uint32_t link, uint32_t channel, const Span &span) = 0;
  /// A message of `channel` on the host link.
  virtual void onHostLink(bool toHost, uint32_t channel, const Span &span) = 0;
  /// A place of the channel's FIFO is taken (`change` 1) or free again (-1).
  virtual void onQueue(uint32_t channel, double timeNs, int change) = 0;
};

/// Simulates `inferences` inferences that follow each other as closely as they can. `observer` may
/// be null, and then costs nothing.
Result<Run> simulate(const Model &model, uint32_t inferences, Observer *observer = nullptr);

} // namespace cimc::executor::timing

#endif // CIMC_LIB_EXECUTOR_TIMINGMODEL_H
