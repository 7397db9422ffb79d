//===- ValidatorPowerTest.cpp - Chips that are off, and engines -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reasons for refusal that have to do with several chips, their power states, and engine cores; see
// ValidatorTest.cpp.
//
//===--------------------------------------------------------------------------===//

#include "BadProgram.h"
#include "Example.h"

#include <chrono>

using namespace cimc;
using namespace cimc::program;
using namespace cimc::program::testing;

namespace {

const Row kRow{0, 1, 1, 0, 0};

/// Core 0 is on chip 0, which is always on. It receives four rows of 8 bytes from the host and
/// sends two for epoch 0 of chip 1 and two for its epoch 1. There, core 1 passes each on to the
/// host and to core 2.
Program twoChips() {
  Program program = exampleProgram();
  program.tiles.clear();
  program.data.clear();
  program.target.chips = 2;
  program.target.chip.cores = program.target.chip.gridColumns = 2;
  program.channels = {
      {"x", kHost, 0, 8, 1}, {"a", 0, 1, 8, 2}, {"y", 1, kHost, 8, 1}, {"b", 1, 2, 8, 2}};
  program.streams = {
      {"x", true, Format::I8, {1, 4, 8}, 4, 8, {1, 1, 1, 8}, {0, 0, 0, 1}, {0}, false},
      {"y", false, Format::I8, {1, 4, 8}, 4, 8, {1, 1, 1, 8}, {0, 0, 0, 1}, {2}, false}};
  Core first{0, 0, 64, {{"x", 0, 8, 1, {}, 0}}, {}, {Fire{0, 2}, Fire{1, 2}}};
  first.blocks = {{"early", {Recv{0, kRow, 1, 8, 8}, Wake{1, 0}, Send{1, kRow, 1, 8, 8}}},
                  {"late", {Recv{0, kRow, 1, 8, 8}, Wake{1, 1}, Send{1, kRow, 1, 8, 8}}}};
  Core second{1, 0, 64, {{"a", 0, 8, 4, {}, 0}}, {}, {}};
  second.blocks = {
      {"second", {Recv{1, kRow, 1, 8, 8}, Send{2, kRow, 1, 8, 8}, Send{3, kRow, 1, 8, 8}}}};
  second.control = {Fire{0, 2}, Shutdown{}, Fire{0, 2}, Shutdown{}};
  Core third{1, 1, 64, {{"b", 0, 8, 1, {}, 0}}, {}, {}};
  third.blocks = {{"third", {Recv{3, kRow, 1, 8, 8}}}};
  third.control = second.control;
  program.cores = {first, second, third};
  return program;
}

/// The example on a chip that is off between inferences.
Program gatedExample() {
  Program program = exampleProgram();
  program.cores[0].control.push_back(Shutdown{});
  program.hostWakes = {0};
  return program;
}

/// The example with its tile in an engine.
Program engineExample() {
  Program program = exampleProgram();
  program.target.chip.core.kind = target::CoreKind::Engine;
  program.target.chip.core.engine.weightBytes = 300;
  return program;
}

std::vector<Instruction> &code(Program &program, size_t core, size_t block) {
  return program.cores[core].blocks[block].instructions;
}
Wake &wake(Program &program, size_t block) { return std::get<Wake>(code(program, 0, block)[1]); }
Read &read(Program &program) { return std::get<Read>(code(program, 0, 0)[1]); }
void addTile(Program &program, uint32_t byte, uint32_t rows, uint32_t cols) {
  program.tiles.push_back({"more", 0, 0, byte, 0, rows, cols, 0, 0, cols});
}

/// Core 1 sends to the host in epoch 1 what it received in epoch 0.
void useOldRows(Program &program) {
  Row later{0, 1, 1, 2, 0};
  program.cores[1].blocks.push_back(
      {"old", {Recv{1, later, 1, 8, 8}, Send{2, kRow, 1, 8, 8}, Send{3, kRow, 1, 8, 8}}});
  program.cores[1].control = {Fire{0, 2}, Shutdown{}, Fire{1, 2}, Shutdown{}};
}

const BadProgram kBadPower[] = {
    {"bad-wake-chip", twoChips, [](Program &p) { wake(p, 0).chip = 5; },
     "core 0, block 0 'early', instruction 1 (wake): wakes chip 5, which does not exist, target "
     "'one-core' has 2"},
    {"bad-wake-unused", twoChips, [](Program &p) { p.target.chips = 3, wake(p, 0).chip = 2; },
     "wakes chip 2, which has no program and is always off"},
    {"bad-wake-on", twoChips, [](Program &p) { wake(p, 0).chip = 0; },
     "wakes chip 0, which executes no shutdown and is always on"},
    {"bad-wake-epoch", twoChips, [](Program &p) { wake(p, 1).epoch = 2; },
     "core 0, block 1 'late', instruction 1 (wake): wakes chip 1 for epoch 2, but the chip has 2 "
     "in one inference"},
    {"bad-host-wake-chip", twoChips, [](Program &p) { p.hostWakes = {2}; },
     "host: wakes chip 2, which does not exist"},
    {"bad-host-wake-on", twoChips, [](Program &p) { p.hostWakes = {0}; },
     "host: wakes chip 0, which executes no shutdown and is always on"},
    {"bad-host-wake-twice", twoChips, [](Program &p) { p.hostWakes = {1, 1}; },
     "host: wakes chip 1 twice"},
    {"bad-host-wake-missing", gatedExample, [](Program &p) { p.hostWakes.clear(); },
     "channel 0 'x': the host sends to core 0 on chip 0, which is off at the start of an "
     "inference and which the host does not wake for epoch 0"},
    {"bad-shutdown-count", twoChips,
     [](Program &p) { p.cores[2].control = {Fire{0, 4}, Shutdown{}}; },
     "core 2: executes 1 shutdowns in one inference, but core 1 of the same chip 1 executes 2"},
    {"bad-shutdown-last", twoChips,
     [](Program &p) { p.cores[1].control = {Fire{0, 2}, Shutdown{}, Shutdown{}, Fire{0, 2}}; },
     "core 1, control, instruction 3 (fire): must be a shutdown"},
    {"bad-shutdown-block", twoChips, [](Program &p) { code(p, 1, 0).push_back(Shutdown{}); },
     "core 1, block 0 'second', instruction 3 (shutdown): cannot stand in a block"},
    {"bad-shutdown-channel", twoChips,
     [](Program &p) { p.cores[2].control = {Fire{0, 1}, Shutdown{}, Fire{0, 3}, Shutdown{}}; },
     "ends epoch 0 of chip 1 with 1 messages in channel 3 'b', which core 1 sent in that epoch "
     "and core 2 has not received"},
    {"bad-send-unwoken", twoChips,
     [](Program &p) { code(p, 0, 0).erase(code(p, 0, 0).begin() + 1); },
     "core 0, block 0 'early', instruction 1 (send): sends to core 1 on chip 1 on channel 1 'a', "
     "but core 0 has not woken that chip before"},
    {"bad-message-epoch", twoChips,
     [](Program &p) {
       p.channels[1].depth = 1;
       p.cores[1].control = p.cores[2].control = {Fire{0, 1}, Shutdown{}, Fire{0, 3}, Shutdown{}};
     },
     "core 0, block 0 'early', instruction 2 (send): sends for epoch 0 of chip 1 on channel 1 "
     "'a', but core 1 does not receive the message in that epoch; the chip is in epoch 1"},
    {"bad-message-host-epoch", gatedExample,
     [](Program &p) {
       code(p, 0, 0).insert(code(p, 0, 0).begin(), Wake{0, 1});
       p.cores[0].control = {Fire{0, 2}, Shutdown{}, Fire{0, 2}, Shutdown{}};
     },
     "receives from the host in epoch 1 of chip 0 on channel 0 'x', but the host sends for epoch "
     "0"},
    {"bad-row-lost", twoChips, useOldRows,
     "core 1, block 1 'old', instruction 1 (send): firing 0 reads row 0 of buffer 'a', but it was "
     "written in epoch 0 of chip 1 and lost when the chip shut down, which is in epoch 1 now"},
    {"bad-deadlock-wake", twoChips,
     [](Program &p) {
       wake(p, 1).epoch = 0;
       p.cores[1].control = p.cores[2].control = {Fire{0, 4}, Shutdown{}, Shutdown{}};
     },
     "deadlock of 2 cores: core 1 waits for chip 1 to be woken for epoch 1; core 2 waits for chip "
     "1 to be woken for epoch 1"},
    {"bad-deadlock-epoch", twoChips, [](Program &p) { wake(p, 0).epoch = 1; },
     "deadlock of 3 cores: core 0 waits to send to core 1 on channel 1 'a', for chip 1 to end "
     "epoch 0, for epoch 1; core 1 waits for chip 1 to be woken for epoch 0"},
};

const BadProgram kBadEngines[] = {
    {"bad-engine-array", engineExample, [](Program &p) { p.tiles[0].array = 1; },
     "array 1 does not exist, a core has 1"},
    {"bad-engine-column", engineExample, [](Program &p) { p.tiles[0].col = 1; },
     "the first column must be 0 in an engine, but is 1"},
    {"bad-engine-bytes", engineExample, [](Program &p) { p.tiles[0].row = 173; },
     "16 x 8 weights at byte 173 leave the weight memory, which has 300 bytes"},
    {"bad-engine-overlap", engineExample,
     [](Program &p) { addTile(p, 200, 10, 10), addTile(p, 127, 2, 2); },
     "tile 2 of 'more': shares bytes from 127 on of the weight memory of core 0 with tile 0"},
    {"bad-engine-passes", engineExample, [](Program &p) { read(p).passes = 2; },
     "'passes' must be 1 on an engine, but is 2"},
    {"bad-engine-direction", engineExample,
     [](Program &p) { read(p).direction = Direction::Transposed; },
     "reads transposed, but the arrays of target"},
};

class ValidatorPowerTest : public ::testing::TestWithParam<BadProgram> {};

TEST_P(ValidatorPowerTest, Refuses) { expectRefused(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Power, ValidatorPowerTest, ::testing::ValuesIn(kBadPower), testName);
INSTANTIATE_TEST_SUITE_P(Engines, ValidatorPowerTest, ::testing::ValuesIn(kBadEngines), testName);

TEST(ValidatorPowerTest, AcceptsTwoChips) {
  expectAccepted(twoChips());
  expectAccepted(gatedExample());
}

TEST(ValidatorPowerTest, AcceptsSeveralWakesForOneEpoch) {
  Program program = twoChips();
  program.hostWakes = {1};
  for (size_t core : {0, 1, 2})
    for (Block &block : program.cores[core].blocks)
      block.instructions.insert(block.instructions.begin(), {Wake{1, 1}, Wake{1, 0}});
  expectAccepted(std::move(program));
}

TEST(ValidatorPowerTest, BeforeItsFirstWakeACoreSendsForTheHostsEpoch) {
  Program program = twoChips();
  program.hostWakes = {1};
  code(program, 0, 0).erase(code(program, 0, 0).begin() + 1);
  expectAccepted(std::move(program));
}

TEST(ValidatorPowerTest, AcceptsRowsOfAnEarlierEpochThatAreKept) {
  Program program = twoChips();
  useOldRows(program);
  program.target.chip.gating.buffers = target::Retention::Kept;
  expectAccepted(std::move(program));
}

TEST(ValidatorPowerTest, AcceptsEpochsInLoops) {
  Program program = twoChips();
  for (size_t core : {1, 2})
    program.cores[core].control = {Loop{2}, Fire{0, 2}, Shutdown{}, End{}};
  expectAccepted(std::move(program));
}

TEST(ValidatorPowerTest, AcceptsTilesThatFillAnEngine) {
  Program program = engineExample();
  addTile(program, 128, 12, 13);
  addTile(program, 284, 16, 1);
  expectAccepted(std::move(program));
}

/// Forgetting the rows one by one would take minutes.
TEST(ValidatorPowerTest, ManyShutdownsForgetALargeBufferQuickly) {
  Program program = gatedExample();
  Core &core = program.cores[0];
  core.memoryBytes = program.target.chip.core.memoryBytes = 1u << 25;
  core.buffers.push_back({"large", 4096, 8, 1u << 21, {}, 0});
  Row large{5, 0, 1, 0, 0};
  core.control = {Fire{0, 4}};
  code(program, 0, 0).push_back(Wake{0, 1});
  constexpr uint32_t epochs = 20'000;
  for (uint32_t epoch = 1; epoch <= epochs; ++epoch) {
    uint32_t next = epoch < epochs ? epoch + 1 : 0;
    core.blocks.push_back({"write", {Fill{Format::I32, large, 2, 0}, Wake{0, next}}});
    core.blocks.push_back(
        {"read", {Convert{Format::I32, Format::F32, large, Row{1, 0, 1, 0, 0}, 2}}});
    core.control.insert(core.control.end(),
                        {Shutdown{}, Fire{2 * epoch - 1, 1}, Fire{2 * epoch, 1}});
  }
  core.control.push_back(Shutdown{});
  auto start = std::chrono::steady_clock::now();
  expectAccepted(std::move(program));
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_LT(seconds.count(), 3.0); // 0.1 s on a quiet machine
}

/// A chain of chips of one core; each wakes the next and passes every row on to it.
Program longChain(uint32_t chips, uint32_t rows) {
  Program program = twoChips();
  program.target.chips = chips;
  program.target.chip.cores = program.target.chip.gridColumns = 1;
  program.hostWakes = {0};
  program.cores.clear();
  program.channels.clear();
  for (uint32_t i = 0; i <= chips; ++i)
    program.channels.push_back({"c", i == 0 ? kHost : i - 1, i == chips ? kHost : i, 8, 2});
  for (uint32_t i = 0; i < chips; ++i) {
    Core core{i, 0, 64, {{"x", 0, 8, 1, {}, 0}}, {}, {Fire{0, rows}, Shutdown{}}};
    core.blocks = {{"pass", {Recv{i, kRow, 1, 8, 8}, Send{i + 1, kRow, 1, 8, 8}}}};
    if (i + 1 < chips)
      core.blocks[0].instructions.insert(core.blocks[0].instructions.begin() + 1, Wake{i + 1, 0});
    program.cores.push_back(std::move(core));
  }
  for (Stream &stream : program.streams)
    stream.rows = rows, stream.shape[1] = rows;
  program.streams[1].channels = {static_cast<int32_t>(chips)};
  return program;
}

TEST(ValidatorPowerTest, ThousandsOfChipsAreQuick) {
  Program program = longChain(4096, 250);
  auto start = std::chrono::steady_clock::now();
  expectAccepted(std::move(program));
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_LT(seconds.count(), 3.0); // 0.1 s on a quiet machine
}

} // namespace
