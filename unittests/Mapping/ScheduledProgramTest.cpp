//===- ScheduledProgramTest.cpp - Schedules as programs -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns scheduled graphs of stages into programs and lets the validator judge them: it replays
// programs with its own notion of rows, rings and channels. The timing engine must then bring them
// to their end.
//
//===--------------------------------------------------------------------------===//

#include "StageBuilder.h"
#include "cimc/Executor/Executor.h"
#include "cimc/Executor/Timing.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

using namespace cimc;
using namespace cimc::mapping::testing;
using mapping::kHostCore;
using mapping::Region;
using mapping::Schedule;
using mapping::ScheduleProblem;
using mapping::StageInput;
using mapping::Step;

namespace {

/// Turns a schedule into a program in which a stage takes the maximum of each window it reads and
/// then writes its rows.
class ProgramMaker {
public:
  ProgramMaker(const ScheduleProblem &problem, const Schedule &schedule)
      : problem(problem), schedule(schedule) {}

  program::Program make() {
    program.name = "scheduled";
    program.target = machine();
    addChannels();
    for (size_t core = 0; core < schedule.cores.size(); ++core)
      addCore(static_cast<int64_t>(core));
    addHostStreams();
    return std::move(program);
  }

private:
  using RowPlace = program::Row;

  target::Target machine() const {
    target::Target target;
    target.name = "grid";
    target.chip.gridColumns = 1;
    while (target.chip.gridColumns * target.chip.gridColumns < problem.cores)
      ++target.chip.gridColumns;
    target.chip.cores = static_cast<uint32_t>(problem.cores);
    while (target.chip.cores % target.chip.gridColumns != 0)
      ++target.chip.cores;
    target.chip.core.memoryBytes = 1u << 30;
    target.chip.core.array.readModes = {{1, 100, 1}};
    target.chip.core.digital.lanes = 1;
    target.chip.network.bytesPerNs = 16;
    target.host.bytesPerNs = 16;
    return target;
  }

  void addChannels() {
    for (const mapping::FifoDepth &fifo : schedule.fifos) {
      channels[{fifo.stream, fifo.receiver}] = static_cast<uint32_t>(program.channels.size());
      int64_t source = producerOf(fifo.stream).core, target = problem.stages[fifo.receiver].core;
      auto number = [](int64_t core) {
        return core == kHostCore ? program::kHost : static_cast<uint32_t>(core);
      };
      program.channels.push_back({problem.streams[fifo.stream].name, number(source), number(target),
                                  static_cast<uint32_t>(problem.streams[fifo.stream].rowBytes),
                                  static_cast<uint32_t>(fifo.depth)});
    }
  }

  const mapping::Stage &producerOf(int64_t stream) const {
    for (const mapping::Stage &stage : problem.stages)
      if (std::count(stage.outputs.begin(), stage.outputs.end(), stream) > 0)
        return stage;
    return problem.stages.front();
  }

  void addCore(int64_t number) {
    const mapping::CoreSchedule &planned = schedule.cores[number];
    program::Core core;
    core.index = static_cast<uint32_t>(number);
    core.memoryBytes = static_cast<uint32_t>(planned.memoryBytes);
    rings.clear();
    scratch.clear();
    for (const Region &region : planned.regions) {
      uint32_t next = static_cast<uint32_t>(core.buffers.size()),
               rows = static_cast<uint32_t>(region.rows);
      if (region.kind == Region::Kind::Rows)
        rings[region.stream] = next;
      else if (region.kind == Region::Kind::Scratch)
        scratch[region.stage] = next;
      else
        continue;
      core.buffers.push_back({"b",
                              static_cast<uint32_t>(region.address),
                              static_cast<uint32_t>(region.bytes) / rows,
                              rows,
                              {},
                              0});
    }
    std::map<int64_t, uint32_t> blockOf;
    for (size_t stage = 0; stage < problem.stages.size(); ++stage)
      if (problem.stages[stage].core == number) {
        blockOf[static_cast<int64_t>(stage)] = static_cast<uint32_t>(core.blocks.size());
        core.blocks.push_back(makeBlock(static_cast<int64_t>(stage)));
      }
    addSteps(planned.steps, blockOf, core.control);
    program.cores.push_back(core);
  }

  program::Block makeBlock(int64_t number) {
    const mapping::Stage &stage = problem.stages[number];
    program::Block block;
    block.name = stage.name;
    int64_t output = stage.outputs.at(0);
    uint32_t bytes = static_cast<uint32_t>(problem.streams[output].rowBytes);
    RowPlace place{rings.at(output), 1, 1, 0, 0};
    bool received = false;
    for (const StageInput &input : stage.inputs)
      if (input.viaChannel) {
        block.instructions.push_back(
            program::Recv{channels.at({input.stream, number}), place, 1, bytes, bytes});
        received = true;
      } else {
        block.instructions.push_back(makePool(input, number));
      }
    if (!received)
      block.instructions.push_back(program::Fill{program::Format::I8, place, bytes, 0});
    for (const auto &[ends, channel] : channels)
      if (ends.first == output)
        block.instructions.push_back(program::Send{channel, place, 1, bytes, bytes});
    return block;
  }

  program::Pool makePool(const StageInput &input, int64_t stage) {
    program::Window window;
    window.buffer = rings.at(input.stream);
    window.mul = static_cast<uint32_t>(input.rows.mul);
    window.div = static_cast<uint32_t>(input.rows.div);
    window.add = static_cast<int32_t>(input.rows.add);
    window.height = static_cast<uint32_t>(problem.streams[input.stream].rows);
    window.kernelH = static_cast<uint32_t>(input.rows.count);
    window.width = window.kernelW = window.dilationH = window.dilationW = window.strideW =
        window.positions = 1;
    window.pitch = window.channels = static_cast<uint32_t>(problem.streams[input.stream].rowBytes);
    return {program::ReduceFn::Max, program::Format::I8, window, {scratch.at(stage), 1, 1, 0, 0}};
  }

  static void addSteps(const std::vector<Step> &steps, const std::map<int64_t, uint32_t> &blockOf,
                       std::vector<program::Instruction> &control) {
    for (const Step &step : steps)
      if (step.stage >= 0) {
        control.push_back(program::Fire{blockOf.at(step.stage), static_cast<uint32_t>(step.count)});
      } else {
        control.push_back(program::Loop{static_cast<uint32_t>(step.count)});
        addSteps(step.body, blockOf, control);
        control.push_back(program::End{});
      }
  }

  void addHostStreams() {
    for (size_t s = 0; s < problem.stages.size(); ++s) {
      const mapping::Stage &stage = problem.stages[s];
      if (stage.core != kHostCore)
        continue;
      bool isInput = !stage.outputs.empty();
      int64_t stream = isInput ? stage.outputs[0] : stage.inputs[0].stream;
      int64_t rows = problem.streams[stream].rows, bytes = problem.streams[stream].rowBytes;
      program::Stream port;
      port.name = stage.name + std::to_string(s);
      port.isInput = isInput;
      port.shape = {rows, bytes};
      port.rows = static_cast<uint32_t>(rows);
      port.rowStride = bytes;
      port.dims = {1, 1, 1, static_cast<int32_t>(bytes)};
      port.strides = {0, 0, 0, 1};
      for (const auto &[ends, channel] : channels)
        if (ends.first == stream && (isInput || ends.second == static_cast<int64_t>(s)))
          port.channels.push_back(static_cast<int32_t>(channel));
      if (!port.channels.empty())
        program.streams.push_back(port);
    }
  }

  const ScheduleProblem &problem;
  const Schedule &schedule;
  program::Program program;
  std::map<std::pair<int64_t, int64_t>, uint32_t> channels; ///< by stream and receiver
  std::map<int64_t, uint32_t> rings, scratch;               ///< of the core at hand
};

/// Gives the stages the scratch memory that ProgramMaker uses, and every row at least one byte.
/// False if a stage does what no program can.
bool prepare(ScheduleProblem &problem) {
  for (mapping::Stream &stream : problem.streams)
    stream.rowBytes = std::max<int64_t>(stream.rowBytes, 4);
  for (mapping::Stage &stage : problem.stages) {
    stage.scratchBytes = 0;
    for (const StageInput &input : stage.inputs) {
      if (input.rows.mul < 0)
        return false; // instructions do not count backwards
      if (!input.viaChannel)
        stage.scratchBytes = std::max(stage.scratchBytes, problem.streams[input.stream].rowBytes);
    }
  }
  return true;
}

/// Puts the cores on gated chips of `perChip` cores. The host wakes the chips that it feeds and
/// those that nobody else could wake; a core wakes the others that it sends to before it does
/// anything else.
class ChipSpreader {
public:
  explicit ChipSpreader(program::Program &program) : program(program) {}

  void spread(uint32_t perChip) {
    auto cores = static_cast<uint32_t>(program.cores.size());
    program.target.chips = (cores + perChip - 1) / perChip;
    program.target.chip.cores = program.target.chip.gridColumns = perChip;
    for (uint32_t i = 0; i < cores; ++i) {
      program.cores[i].chip = i / perChip;
      program.cores[i].index = i % perChip;
      program.cores[i].control.push_back(program::Shutdown{});
    }
    awake.resize(program.target.chips);
    for (const program::Channel &channel : program.channels)
      if (channel.source == program::kHost && channel.target != program::kHost)
        wakeByHost(chipOf(channel.target));
    for (uint32_t chip = 0; chip < program.target.chips; ++chip)
      if (!awake[chip])
        wakeByHost(chip);
    wakeByCores();
  }

private:
  uint32_t chipOf(uint32_t core) const { return program.cores[core].chip; }
  bool isHostWoken(uint32_t chip) const {
    return std::count(program.hostWakes.begin(), program.hostWakes.end(), chip) > 0;
  }
  static bool joinsCores(const program::Channel &channel) {
    return channel.source != program::kHost && channel.target != program::kHost;
  }

  /// Marks what is awake once `chip` is.
  void wakeByHost(uint32_t chip) {
    if (isHostWoken(chip))
      return;
    program.hostWakes.push_back(chip);
    awake[chip] = true;
    std::vector<uint32_t> open{chip};
    while (!open.empty()) {
      uint32_t from = open.back();
      open.pop_back();
      for (const program::Channel &channel : program.channels)
        if (joinsCores(channel) && chipOf(channel.source) == from &&
            !awake[chipOf(channel.target)]) {
          awake[chipOf(channel.target)] = true;
          open.push_back(chipOf(channel.target));
        }
    }
  }

  void wakeByCores() {
    std::map<uint32_t, std::vector<program::Instruction>> wakes;
    for (const program::Channel &channel : program.channels)
      if (joinsCores(channel) && chipOf(channel.source) != chipOf(channel.target) &&
          !isHostWoken(chipOf(channel.target)))
        wakes[channel.source].push_back(program::Wake{chipOf(channel.target), 0});
    for (auto &[core, instructions] : wakes) {
      program::Core &waker = program.cores[core];
      waker.control.insert(waker.control.begin(),
                           program::Fire{static_cast<uint32_t>(waker.blocks.size()), 1});
      waker.blocks.push_back({"wake", std::move(instructions)});
    }
  }

  program::Program &program;
  std::vector<bool> awake; ///< by chip
};

/// All outputs of a few inferences of random data.
Result<std::vector<std::byte>> run(const program::ValidatedProgram &program, uint32_t threads,
                                   uint32_t batch) {
  std::mt19937 random(1);
  std::vector<TensorData> inputs;
  for (const program::Stream &stream : program.program().streams)
    if (stream.isInput) {
      TensorData data{"", ElementType::I8, stream.shape, {}};
      data.shape.insert(data.shape.begin(), 5);
      data.bytes.resize(size_t(5 * stream.shape[0] * stream.shape[1]));
      for (std::byte &byte : data.bytes)
        byte = static_cast<std::byte>(random());
      inputs.push_back(std::move(data));
    }
  executor::RunOptions options;
  options.threads = threads;
  options.batch = batch;
  Result<std::vector<TensorData>> outputs = executor::Executor(program).run(inputs, options);
  if (!outputs)
    return outputs.error();
  std::vector<std::byte> bytes;
  for (const TensorData &output : *outputs)
    bytes.insert(bytes.end(), output.bytes.begin(), output.bytes.end());
  return bytes;
}

Result<executor::TimingReport> timeSchedule(const ScheduleProblem &problem) {
  Result<Schedule> schedule = mapping::schedule(problem);
  if (!schedule)
    return schedule.error();
  Result<program::ValidatedProgram> validated =
      program::validate(ProgramMaker(problem, *schedule).make());
  if (!validated)
    return validated.error();
  return executor::simulateTiming(*validated);
}

TEST(ScheduledProgramTest, RandomSchedulesAreValidPrograms) {
  int tried = 0;
  for (uint32_t seed = 0; seed < 900; ++seed) {
    ScheduleProblem problem = seed < 600 ? randomProblem(seed) : randomRecurrence(seed);
    if (!prepare(problem))
      continue;
    ++tried;
    for (bool tight : {false, true}) {
      problem.useSpareMemory = !tight;
      problem.channelLead = tight ? 0 : 1;
      Result<executor::TimingReport> report = timeSchedule(problem);
      ASSERT_TRUE(report.ok()) << "seed " << seed << ": " << report.error().message;
      for (const executor::CoreTiming &core : report->cores)
        EXPECT_LE(core.digitalBusyNs, report->latencyNs);
    }
  }
  EXPECT_GT(tried, 200);
}

TEST(ScheduledProgramTest, RandomSchedulesRunOnChipsThatAreWoken) {
  int tried = 0, wakes = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    ScheduleProblem problem = seed % 3 ? randomProblem(seed) : randomRecurrence(seed);
    if (!prepare(problem))
      continue;
    Result<Schedule> schedule = mapping::schedule(problem);
    ASSERT_TRUE(schedule.ok()) << schedule.error().message;
    program::Program program = ProgramMaker(problem, *schedule).make();
    Result<program::ValidatedProgram> together = program::validate(program);
    ASSERT_TRUE(together.ok()) << together.error().message;
    ChipSpreader(program).spread(1 + seed % 2);
    for (const program::Core &core : program.cores)
      wakes += !core.blocks.empty() && core.blocks.back().name == "wake";
    Result<program::ValidatedProgram> apart = program::validate(program);
    ASSERT_TRUE(apart.ok()) << "seed " << seed << ": " << apart.error().message;
    Result<executor::TimingReport> report = executor::simulateTiming(*apart);
    ASSERT_TRUE(report.ok()) << "seed " << seed << ": " << report.error().message;
    Result<std::vector<std::byte>> expected = run(*together, 1, 1);
    ASSERT_TRUE(expected.ok()) << expected.error().message;
    for (auto [threads, batch] : {std::pair(1u, 1u), {2u, 7u}, {8u, 1u}}) {
      Result<std::vector<std::byte>> values = run(*apart, threads, batch);
      ASSERT_TRUE(values.ok()) << values.error().message;
      EXPECT_EQ(*values, *expected) << "seed " << seed;
    }
    ++tried;
  }
  EXPECT_GT(tried, 100);
  EXPECT_GT(wakes, 30);
}

TEST(ScheduledProgramTest, SecondSlotsAndLeadPayInTime) {
  ScheduleProblem problem = residualNetwork(9, 1, 7, 32);
  ASSERT_TRUE(prepare(problem));
  auto interval = [&](bool spare, int64_t lead) {
    ScheduleProblem variant = problem;
    variant.useSpareMemory = spare;
    variant.channelLead = lead;
    Result<executor::TimingReport> report = timeSchedule(variant);
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report.ok() ? report->intervalNs : 0;
  };
  double tight = interval(false, 0), spare = interval(true, 0), ahead = interval(true, 1);
  EXPECT_LE(spare, tight);
  EXPECT_LT(ahead, spare / 2);
}

} // namespace
