//===- TimingModel.h - A program as the timing engine sees it -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every instruction is reduced, once, to the unit that it occupies, for how long, at what energy,
// and which places of the core's memory it reads and writes. Nothing in here depends on time.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_TIMINGMODEL_H
#define CIMC_LIB_EXECUTOR_TIMINGMODEL_H

#include "ChipPower.h"

#include "cimc/Executor/Timing.h"

namespace cimc::executor::timing {

/// What an instruction occupies; `wake` occupies nothing.
enum class UnitKind : uint8_t { Array, Digital, Send, Receive, None };

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
  uint32_t unitIndex = 0;       ///< among the core's units
  uint32_t channel = 0;         ///< Send, Receive
  uint32_t chip = 0, epoch = 0; ///< that a `wake` names
  uint32_t firstOperand = 0, operands = 0;
  uint32_t layer = 0;
  uint64_t reads = 0, macs = 0;
  double ns = 0;
  double sharedNs = 0; ///< that it takes the port of its chip's buffer
  EnergyParts energy;  ///< array, digital, memory, network, links, host
};

/// A control instruction. Loops know where they end.
struct ControlStep {
  enum class Kind : uint8_t { Fire, Loop, End, Shutdown } kind = Kind::Fire;
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
  uint32_t chip = 0;
  uint64_t epochs = 0; ///< shutdowns in one inference
  uint32_t digitalUnit() const { return arrays; }
  uint32_t sendUnit() const { return arrays + 1; }
  uint32_t receiveUnit() const { return arrays + 2; }
  uint32_t units() const { return arrays + 3; }
};

/// A link in one direction: between neighbours of a chip's grid (by their places), or between two
/// chips.
struct Link {
  bool joinsChips = false;
  uint32_t chip = 0; ///< in whose grid it is
  uint32_t from = 0, to = 0;
};

/// A link of a route.
struct Hop {
  uint32_t link = 0;  ///< Model::links
  double delayNs = 0; ///< from where the message enters its route to there
};

struct ChannelModel {
  bool fromHost = false, toHost = false;
  uint32_t sourceChip = 0, targetChip = 0; ///< the same if one end is the host
  uint32_t depth = 1;
  std::vector<Hop> route;
  double delayNs = 0;    ///< of all links
  double routeNs = 0;    ///< a message on each link and at the send port
  double portNs = 0;     ///< a message at the receive port
  double hostNs = 0;     ///< a message on the host link, without its latency
  EnergyParts energy;    ///< of one message: network, links and host
  uint32_t chipHops = 0; ///< links between chips that it takes

  bool joinsChips() const { return sourceChip != targetChip; }
};

/// A channel that the host feeds.
struct HostSource {
  uint32_t channel = 0;
  uint64_t messages = 0; ///< per inference
};

/// A chip of the machine.
struct ChipModel {
  uint32_t cores = 0;         ///< with a program
  uint32_t shutdownCores = 0; ///< that take part in ending its epochs
  uint64_t epochs = 0;        ///< in one inference; 0: it never shuts down
  ChipPowerLevels power;

  bool isGated() const { return epochs > 0; }
};

struct Model {
  target::Target target; ///< the program's, as far as options do not change it
  std::vector<ChipModel> chips;
  std::vector<CoreModel> cores;
  std::vector<ChannelModel> channels;
  std::vector<HostSource> sources;
  std::vector<uint32_t> hostWakes; ///< chips
  std::vector<std::string> layers;
  std::vector<Link> links; ///< that some route has

  bool anyChipIsGated() const;
};

/// Reduces the program. Fails if it is too large to time.
Result<Model> buildModel(const program::Program &program, const TimingOptions &options = {});

/// What a simulated run of several inferences gave.
struct Run {
  std::vector<double> finish;              ///< by inference: its last result or instruction
  std::vector<std::vector<uint64_t>> runs; ///< by core and work: how often it ran
  std::vector<double> linkBusyNs;          ///< by link
  double hostInBusyNs = 0, hostOutBusyNs = 0;
  std::vector<std::vector<PowerSpan>> power; ///< by chip, in order of time
  double restNs = 0; ///< when everything is done, and every chip that shuts down is off
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
  /// A message of `channel` on a link of a chip or between chips.
  virtual void onLink(uint32_t link, uint32_t channel, const Span &span) = 0;
  /// A message of `channel` on the host link.
  virtual void onHostLink(bool toHost, uint32_t channel, const Span &span) = 0;
  /// A place of the channel's FIFO is taken (`change` 1) or free again (-1).
  virtual void onQueue(uint32_t channel, double timeNs, int change) = 0;
};

struct RunLength {
  uint32_t inferences = 1; ///< that follow each other as closely as they can
  /// More of them that the machine goes on with; the run ends with the last result of those before,
  /// so that they end among others. How often works ran is then not to be used.
  uint32_t further = 0;
};

/// Simulates inferences. `observer` may be null, and then costs nothing.
Result<Run> simulate(const Model &model, const RunLength &length, Observer *observer = nullptr);

} // namespace cimc::executor::timing

#endif // CIMC_LIB_EXECUTOR_TIMINGMODEL_H
