//===- TimingTest.cpp - Tests of the timing engine ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small programs whose times are worked out by hand in the comments, on a machine with easy
// numbers, and the published peak of a machine with 64 cores.
//
//===--------------------------------------------------------------------------===//

#include "DensePrograms.h"

using namespace cimc;
using namespace cimc::program;
using namespace cimc::executor::testing;
using executor::TimingReport;

namespace {

TEST(TimingTest, OneDenseLayer) {
  Dense dense(plainTarget(), 1);
  uint32_t in = dense.channel(kHost, 0, 64), out = dense.channel(0, kHost, 16);
  dense.core(0, 64, 16, in, out);
  TimingReport report = dense.run();
  // Host 16 ns + 10 ns; receive 64/2 = 32 ns, to 58; read to 158; requantise (4 + 2 * 2) * 2 = 16
  // ns, to 174; send 8 ns, to 182; host 4 ns + 10 ns.
  EXPECT_DOUBLE_EQ(report.latencyNs, 196);
  // The input has one slot: a row is received while the array waits, and read while the port waits.
  EXPECT_DOUBLE_EQ(report.intervalNs, 132);
  EXPECT_DOUBLE_EQ(report.energy.array, 1000);
  EXPECT_DOUBLE_EQ(report.energy.digital, 2);
  // Receive 64, read 64 + 16 * 4, requantise 16 * (4 + 1) + 16 * 8, send 16 bytes.
  EXPECT_DOUBLE_EQ(report.energy.memory, 0.25 * (64 + 128 + 80 + 128 + 16));
  EXPECT_DOUBLE_EQ(report.energy.network, 0);
  EXPECT_DOUBLE_EQ(report.energy.host, 2 * (64 + 16));
  EXPECT_DOUBLE_EQ(report.energy.gated, 3 * 196);
  EXPECT_DOUBLE_EQ(report.energy.idle, (7 + 2) * 196);
  EXPECT_DOUBLE_EQ(report.programmingNs, 64 * 50);
  EXPECT_DOUBLE_EQ(report.programmingPj, 64 * 16 * 3);
  EXPECT_EQ(report.instructions, 4u);
  EXPECT_EQ(report.arrayMacs, 64u * 16);
  EXPECT_EQ(report.arraysUsed, 1u);
  EXPECT_DOUBLE_EQ(report.cores[0].arrayUtilisation, 100.0 / 196);
  EXPECT_DOUBLE_EQ(report.cores[0].steadyArrayUtilisation, 100.0 / 132);
  EXPECT_DOUBLE_EQ(report.cores[0].digitalUtilisation, 16.0 / 196);
}

TEST(TimingTest, ReadModeAndPasses) {
  Dense dense(plainTarget(), 1);
  uint32_t in = dense.channel(kHost, 0, 64), out = dense.channel(0, kHost, 16);
  dense.core(0, 64, 16, in, out);
  dense.program.target.chip.core.array.readPhases = 4;
  EXPECT_DOUBLE_EQ(dense.run().latencyNs, 196 + 300);
  std::get<Read>(dense.program.cores[0].blocks[1].instructions[0]).passes = 2;
  TimingReport report = dense.run();
  EXPECT_DOUBLE_EQ(report.latencyNs, 196 + 700);
  EXPECT_DOUBLE_EQ(report.energy.array, 8000);
  EXPECT_EQ(report.reads, 2u);
}

TEST(TimingTest, SlicesAreReadsAndAdditions) {
  Dense dense(plainTarget(), 1);
  uint32_t in = dense.channel(kHost, 0, 64), out = dense.channel(0, kHost, 16);
  dense.core(0, 64, 16, in, out);
  TimingReport whole = dense.run();
  // The same tile once more, shifted in place: 16 sums on 8 lanes, each read and written.
  std::vector<Instruction> &block = dense.program.cores[0].blocks[1].instructions;
  Instruction read = block[0];
  block.insert(block.begin() + 1, {read, ShiftAdd{at(1, 1), at(1, 1), 16, 4, false}});
  TimingReport sliced = dense.run();
  EXPECT_DOUBLE_EQ(sliced.latencyNs, whole.latencyNs + 100 + (4 + 2 * 2) * 2);
  EXPECT_DOUBLE_EQ(sliced.energy.array, 2 * whole.energy.array);
  EXPECT_DOUBLE_EQ(sliced.energy.digital, whole.energy.digital + 16 * 0.125);
  EXPECT_DOUBLE_EQ(sliced.energy.memory,
                   whole.energy.memory + 0.25 * ((64 + 16 * 4) + 16 * (4 + 4)));
  EXPECT_EQ(sliced.reads, 2u);
}

TEST(TimingTest, EpilogueOverlapsTheNextReadWithTwoSlots) {
  auto latency = [](uint32_t scratchSlots, uint32_t inputSlots) {
    Dense dense(plainTarget(), 8);
    uint32_t in = dense.channel(kHost, 0, 64), out = dense.channel(0, kHost, 64);
    dense.core(0, 64, 64, in, out, scratchSlots, inputSlots);
    return dense.run().latencyNs;
  };
  // Row: receive 32, read 100, requantise (4 + 8 * 2) * 2 = 40, send 32 ns. Before the first 26 ns;
  // after the last send 16 + 10 on the host link. With one slot of each the next read waits for the
  // requantiser; receiving hides behind it.
  EXPECT_DOUBLE_EQ(latency(1, 1), 26 + 32 + 8 * (100 + 40) + 32 + 26);
  // Two slots of sums, one of input: receive and read alternate.
  EXPECT_DOUBLE_EQ(latency(2, 1), 26 + 8 * (32 + 100) + 40 + 32 + 26);
  // Two slots of both: reads follow each other, and only the first receive and the last epilogue
  // show.
  EXPECT_DOUBLE_EQ(latency(2, 2), 26 + 32 + 8 * 100 + 40 + 32 + 26);
}

TEST(TimingTest, TwoCoresPipelined) {
  Dense dense(plainTarget(), 16);
  uint32_t in = dense.channel(kHost, 0, 8), middle = dense.channel(0, 1, 8),
           out = dense.channel(1, kHost, 8);
  dense.core(1, 8, 8, in, middle, 2, 2);
  dense.core(3, 8, 8, middle, out, 2, 2);
  TimingReport report = dense.run();
  // Host 2 + 10, one hop 3 + 4: the first row is in at 19. Then 16 reads on the first core. Its
  // last row: requantise 12, two hops 6 + 4, read 100, requantise 12, three hops 9 + 4, host 2
  // + 10.
  EXPECT_DOUBLE_EQ(report.latencyNs, 19 + 1600 + 12 + 10 + 100 + 12 + 13 + 12);
  EXPECT_DOUBLE_EQ(report.intervalNs, 1600);
  EXPECT_DOUBLE_EQ(report.cores[0].steadyArrayUtilisation, 1);
  EXPECT_DOUBLE_EQ(report.energy.network, 16 * 8 * (1 + 2 + 3) * 0.5);
}

TEST(TimingTest, TwoSendersShareALink) {
  // Cores at 0 and 1 send 100 bytes to the core at 2 at the same time; both need the link from 1
  // to 2.
  Program program;
  program.name = "contention";
  program.target = plainTarget();
  addZeros(program);
  for (uint32_t i = 0; i < 2; ++i) {
    program.channels.push_back({"c", i, 2, 100, 1});
    Core core;
    core.index = i;
    core.memoryBytes = 4096;
    core.buffers = {{"data", 0, 100, 1, 0, 0}};
    core.blocks = {{"send", {Send{i, at(0), 1, 100, 100}}}};
    core.control = {Fire{0, 1}};
    program.cores.push_back(core);
  }
  Core receiver;
  receiver.index = 2;
  receiver.memoryBytes = 4096;
  receiver.buffers = {{"a", 0, 100, 1, {}, 0}, {"b", 104, 100, 1, {}, 0}};
  receiver.blocks = {{"receive", {Recv{0, at(0), 1, 100, 100}, Recv{1, at(1), 1, 100, 100}}}};
  receiver.control = {Fire{0, 1}};
  program.cores.push_back(receiver);
  Result<TimingReport> report = simulateProgram(program);
  ASSERT_TRUE(report.ok()) << report.error().message;
  // The first message has the link from 3 to 53 and is in at 56; the second enters it at 53 and is
  // in at 53 + 3 + 50.
  EXPECT_DOUBLE_EQ(report->latencyNs, 106);
}

TEST(TimingTest, CoresShareTheBufferOfTheirChip) {
  // Two cores copy 100 elements of a row in the chip's buffer into their own memory.
  Program program;
  program.name = "buffer";
  program.target = plainTarget();
  program.target.chip.buffer = {4096, 2, 5, 3};
  addZeros(program);
  uint32_t own = program.target.chip.core.memoryBytes;
  for (uint32_t i = 0; i < 2; ++i) {
    Core core;
    core.index = i;
    core.memoryBytes = own + 104;
    core.buffers = {{"there", own, 100, 1, {}, 0}, {"here", 0, 100, 1, {}, 0}};
    Fill fill;
    fill.dst = at(0);
    fill.count = 100;
    Copy copy;
    copy.dims = {1, 1, 1, 100};
    copy.srcStrides = copy.dstStrides = {0, 0, 0, 1};
    copy.turns = {1, 1, 1, 1};
    copy.dst = at(1);
    copy.src = at(0);
    core.blocks = {{"work", {fill, copy}}};
    core.control = {Fire{0, 1}};
    program.cores.push_back(core);
  }
  Result<TimingReport> report = simulateProgram(program);
  ASSERT_TRUE(report.ok()) << report.error().message;
  // Each instruction takes the port for 5 + 100 / 2 ns; they follow each other. The unit itself needs
  // (4 + 13 * 2) * 2 = 60 ns.
  EXPECT_DOUBLE_EQ(report->latencyNs, 3 * 55 + 60);
  EXPECT_DOUBLE_EQ(report->energy.memory, 2 * (100 + 200) * 0.25 + 4 * 100 * 3.0);
}

TEST(TimingTest, FullFifoBlocksTheSender) {
  auto interval = [](uint32_t depth) {
    Dense dense(plainTarget(), 4);
    uint32_t in = dense.channel(kHost, 0, 8), middle = dense.channel(0, 1, 8, depth),
             out = dense.channel(1, kHost, 8);
    dense.core(0, 8, 8, in, middle, 2, 2);
    dense.core(1, 8, 8, middle, out, 1, 1);
    // The second core reads each row twice.
    dense.program.cores[1].blocks[1].instructions.insert(
        dense.program.cores[1].blocks[1].instructions.begin(),
        dense.program.cores[1].blocks[1].instructions.front());
    return dense.run().intervalNs;
  };
  // Two reads and the requantiser, behind which receiving hides if the message is already there.
  EXPECT_DOUBLE_EQ(interval(2), 4 * (200 + 12));
  // A single place is free once the row before is in the ring, and the next message is there long
  // before it is wanted.
  EXPECT_DOUBLE_EQ(interval(1), 4 * (200 + 12));
}

/// Every core reads its full array over and over.
Program peakProgram(uint32_t cores, uint32_t reads) {
  Program program;
  program.name = "peak";
  program.target = plainTarget(cores, 8);
  addZeros(program);
  for (uint32_t i = 0; i < cores; ++i) {
    Tile tile;
    tile.layer = "all";
    tile.core = i;
    tile.rows = tile.cols = tile.pitch = 256;
    program.tiles.push_back(tile);
    Core core;
    core.index = i;
    core.memoryBytes = 8192;
    core.buffers = {{"in", 0, 256, 1, 0, 0}, {"sums", 4096, 1024, 2, {}, 0}};
    core.blocks = {{"read", {readTile(i, vectorWindow(0, 256, 1, 0), at(1, 1))}}};
    core.control = {Fire{0, reads}};
    program.cores.push_back(core);
  }
  return program;
}

TEST(TimingTest, PeakOf64Cores) {
  // 63.1 TOPS and 9.76 TOPS/W with one phase, 16.1 and 2.48 with four, as published for 64 cores of
  // 256 x 256 cells.
  for (auto [phases, tops, topsPerWatt] : {std::tuple{1u, 63.1, 9.76}, {4u, 16.1, 2.48}}) {
    Program program = peakProgram(64, 1000);
    program.target.chip.core.array.readModes = {{1, 132.9, 13430}, {4, 521.0, 52850}};
    program.target.chip.core.array.readPhases = phases;
    Result<TimingReport> report = simulateProgram(program);
    ASSERT_TRUE(report.ok());
    EXPECT_NEAR(report->arrayTops(), tops, 0.01 * tops);
    double watts = report->energy.array / report->latencyNs * 1e-3;
    EXPECT_NEAR(report->arrayTops() / watts, topsPerWatt, 0.01 * topsPerWatt);
    EXPECT_NEAR(report->cores[63].arrayUtilisation, 1, 1e-9);
  }
}

TEST(TimingTest, LayerStepOf64CoreChip) {
  // A step of a layer with 252 inputs and 224 outputs takes 1.52 us on the chip, as published:
  // receive, four-phase read, addition of partial sums, scaling, send. The digital unit and the
  // links are assumptions of the target description.
  target::Target hermes = plainTarget(64, 8);
  hermes.chip.network = {1, 4, 8};
  hermes.chip.core.array.readModes = {{4, 521.0, 52850}};
  hermes.chip.core.array.readPhases = 4;
  hermes.chip.core.digital.lanes = 1;
  hermes.chip.core.digital.clockGhz = 1;
  hermes.chip.core.digital.add = {4, 1, 25};
  hermes.chip.core.digital.multiply = {8, 1, 25};
  hermes.host = {1e9, 0, 0}; // not part of the step
  Dense dense(hermes, 1);
  uint32_t in = dense.channel(kHost, 0, 252), out = dense.channel(0, kHost, 224);
  dense.core(0, 252, 224, in, out);
  Binary add;
  add.fn = BinaryFn::Add;
  add.format = Format::I32;
  add.dims = {1, 1, 1, 224};
  add.a = add.dst = at(1, 1);
  add.b = at(3);
  add.aStrides = add.bStrides = add.dstStrides = {0, 0, 0, 1};
  std::vector<Instruction> &instructions = dense.program.cores[0].blocks[1].instructions;
  instructions.insert(instructions.begin() + 1, add);
  EXPECT_NEAR(dense.run().latencyNs, 252 + 521 + (4 + 224) + (8 + 224) + 224, 0.01);
  EXPECT_NEAR(dense.run().latencyNs, 1520, 0.05 * 1520);
}

TEST(TimingTest, LongPipeline) {
  Dense dense(plainTarget(64, 8), 100);
  uint32_t channel = dense.channel(kHost, 0, 32);
  for (uint32_t i = 0; i < 64; ++i) {
    uint32_t next = dense.channel(i, i + 1 < 64 ? i + 1 : kHost, 32);
    dense.core(i, 32, 32, channel, next, 2, 2);
    channel = next;
  }
  TimingReport report = dense.run();
  EXPECT_EQ(report.instructions, 64u * 400);
  // All arrays are busy at once; only filling and draining the pipeline shows in the latency.
  EXPECT_DOUBLE_EQ(report.intervalNs, 100 * 100);
  EXPECT_GT(report.latencyNs, 100 * 100 + 63 * 100);
}

TEST(TimingTest, TableAndJsonAreComplete) {
  Dense dense(plainTarget(), 4);
  uint32_t in = dense.channel(kHost, 0, 64), out = dense.channel(0, kHost, 16);
  dense.core(0, 64, 16, in, out);
  TimingReport report = dense.run();
  std::string table = executor::formatTiming(report);
  EXPECT_EQ(table.find("nan"), std::string::npos);
  EXPECT_NE(table.find("interval between inferences"), std::string::npos) << table;
  std::string json = executor::timingToJson(report);
  for (const char *key : {"\"latency_ns\": ", "\"interval_ns\": ", "\"energy_pj\": ",
                          "\"array_utilisation\": ", "\"inferences_per_second\": "})
    EXPECT_NE(json.find(key), std::string::npos) << key;
  EXPECT_EQ(json.find("nan"), std::string::npos);
  double sum = 0;
  const executor::EnergyParts &parts = report.energy;
  for (const executor::EnergyPart &part : executor::kEnergyParts)
    sum += parts.*part.value;
  EXPECT_DOUBLE_EQ(sum, parts.total());
  // Nothing about chips where there is one, and it is always on.
  EXPECT_EQ(table.find("waking"), std::string::npos) << table;
}

TEST(TimingTest, EmptyProgram) {
  Program program;
  program.target = plainTarget();
  Result<TimingReport> report = simulateProgram(program);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->latencyNs, 0);
  EXPECT_EQ(executor::formatTiming(*report).find("nan"), std::string::npos);
}

} // namespace
