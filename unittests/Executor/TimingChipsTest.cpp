//===- TimingChipsTest.cpp - Several chips, power states, engines ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs on two chips whose messages, wakes and energies are worked out by hand in the comments.
//
//===--------------------------------------------------------------------------===//

#include "DensePrograms.h"

#include "cimc/Executor/Trace.h"

using namespace cimc;
using namespace cimc::program;
using namespace cimc::executor::testing;
using executor::TimingOptions;
using executor::TimingReport;

namespace {

/// Chips of four cores in a row, links of 1 byte/ns and 20 ns. A chip that is on takes 7 + 2 mW
/// with one core, and 3 mW for the others; one that is off 0.5 + 4 mW.
target::Target chipTarget(uint32_t chips = 2) {
  target::Target target = plainTarget();
  target.chips = chips;
  target.links.bytesPerNs = 1;
  target.links.latencyNs = 20;
  target.links.pjPerByte = 3;
  target.chip.gating = {200, 11, 50, 5, 0.5, target::Retention::Lost};
  return target;
}

/// A layer on chip 0 at place 1, the next on the last chip at place 2.
Dense twoLayers(uint32_t chips = 2, uint32_t rows = 1) {
  Dense dense(chipTarget(chips), rows);
  uint32_t in = dense.channel(kHost, 0, 8), middle = dense.channel(0, 1, 8),
           out = dense.channel(1, kHost, 8);
  dense.core(1, 8, 8, in, middle);
  dense.core(2, 8, 8, middle, out);
  dense.program.cores[1].chip = chips - 1;
  return dense;
}

/// The same, where the second chip shuts down and the first wakes it when it has a row.
Dense gatedLayers() {
  Dense dense = twoLayers();
  dense.program.cores[0].blocks[0].instructions.push_back(Wake{1, 0});
  dense.program.cores[1].control.push_back(Shutdown{});
  return dense;
}

/// Core 0 sends the host's row to chip 1 in two epochs, and reads its array `reads` times between.
/// Chip 1 sends what it receives to the host.
Program twoEpochs(uint32_t reads) {
  Dense dense(chipTarget(), 1);
  uint32_t in = dense.channel(kHost, 0, 8), middle = dense.channel(0, 1, 8),
           out = dense.channel(1, kHost, 8);
  dense.core(1, 8, 8, in, middle);
  Program program = dense.program;
  program.streams[1].rows = 2;
  program.streams[1].shape = {2, 8};
  Core &first = program.cores[0];
  Send send{middle, at(0), 1, 8, 8};
  first.blocks[1].instructions = {Wake{1, 0}, send};
  first.blocks.push_back({"read", {readTile(0, vectorWindow(0, 8, 1, 0), at(1))}});
  first.blocks.push_back({"again", {Wake{1, 1}, send}});
  first.control = {Fire{0, 1}, Fire{1, 1}};
  if (reads > 0)
    first.control.push_back(Fire{2, reads});
  first.control.push_back(Fire{3, 1});
  Core second;
  second.chip = 1;
  second.index = 2;
  second.memoryBytes = 64;
  second.buffers = {{"row", 0, 8, 1, {}, 0}};
  second.blocks = {{"pass", {Recv{middle, at(0, 1), 1, 8, 8}, Send{out, at(0, 1), 1, 8, 8}}}};
  second.control = {Fire{0, 1}, Shutdown{}, Fire{0, 1}, Shutdown{}};
  program.cores.push_back(second);
  return program;
}

TimingReport run(const Program &program, const TimingOptions &options = {}) {
  Result<TimingReport> report = simulateProgram(program, options);
  EXPECT_TRUE(report.ok()) << report.error().message;
  return report.ok() ? *report : TimingReport();
}

TEST(TimingChipsTest, MessageToAnotherChip) {
  TimingReport report = twoLayers().run();
  // Host 2 + 10 ns, one hop 3 + 4: the row is in at 19; read to 119, requantise 12 to 131. Then one
  // hop to place 0, a link of 20 ns, two hops: 29 ns, and 8 ns at the pace of the link, so the row
  // is in at 168. Read to 268, requantise to 280, two hops 6 + 4, host 2 + 10.
  EXPECT_DOUBLE_EQ(report.latencyNs, 302);
  EXPECT_DOUBLE_EQ(report.restNs, 302);
  EXPECT_DOUBLE_EQ(report.energy.network, 8 * (1 + 3 + 2) * 0.5);
  EXPECT_DOUBLE_EQ(report.energy.links, 8 * 3);
  EXPECT_DOUBLE_EQ(report.energy.idle, 2 * 9 * 302);
  EXPECT_DOUBLE_EQ(report.energy.gated, 2 * 3 * 302);
  EXPECT_DOUBLE_EQ(report.energy.wake, 0);
  EXPECT_EQ(report.interchipBytes(), 8u);
  EXPECT_EQ(report.coresTotal, 8u);
  EXPECT_DOUBLE_EQ(report.cores[0].sendBusyNs, 8);
  EXPECT_DOUBLE_EQ(report.cores[1].receiveBusyNs, 4);
  // What the layer sends is part of its energy, also between chips.
  double atLayer = 1000 + 8 * 0.125 + 0.25 * (8 + 32 + 8 * 5 + 64 + 8) + 8 * 3 * 0.5 + 8 * 3;
  ASSERT_EQ(report.layers[1].name, "layer0");
  EXPECT_DOUBLE_EQ(report.layers[1].energyPj, atLayer);
}

TEST(TimingChipsTest, LinksOnTheWay) {
  // From chip 0 to chip 2 a chain has two links, and nothing has to be on between them.
  Dense dense = twoLayers(3);
  TimingReport report = dense.run();
  EXPECT_DOUBLE_EQ(report.latencyNs, 302 + 20);
  EXPECT_DOUBLE_EQ(report.energy.links, 8 * 2 * 3);
  ASSERT_EQ(report.traffic.size(), 1u);
  EXPECT_EQ(report.traffic[0].from, 0u);
  EXPECT_EQ(report.traffic[0].to, 2u);
  EXPECT_EQ(report.traffic[0].links, 2u);
  EXPECT_EQ(report.traffic[0].bytes, 8u);
  // The chip without a program is off, the others are on.
  EXPECT_DOUBLE_EQ(report.chips[1].alone.onNs, 0);
  EXPECT_DOUBLE_EQ(report.chips[1].alone.energyPj, 4.5 * 322);
  EXPECT_DOUBLE_EQ(report.energy.gated, (2 * 3 + 4.5) * 322);
  dense.program.target.links.topology = target::Topology::Ring;
  EXPECT_DOUBLE_EQ(dense.run().latencyNs, 302);
}

TEST(TimingChipsTest, TwoSendersShareALinkBetweenChips) {
  Program program;
  program.name = "contention";
  program.target = chipTarget();
  addZeros(program);
  for (uint32_t i = 0; i < 2; ++i) {
    program.channels.push_back({"c", i, 2, 100, 1});
    Core core;
    core.index = i;
    core.memoryBytes = 128;
    core.buffers = {{"data", 0, 100, 1, 0, 0}};
    core.blocks = {{"send", {Send{i, at(0), 1, 100, 100}}}};
    core.control = {Fire{0, 1}};
    program.cores.push_back(core);
  }
  Core receiver;
  receiver.chip = 1;
  receiver.memoryBytes = 256;
  receiver.buffers = {{"a", 0, 100, 1, {}, 0}, {"b", 104, 100, 1, {}, 0}};
  receiver.blocks = {{"receive", {Recv{0, at(0), 1, 100, 100}, Recv{1, at(1), 1, 100, 100}}}};
  receiver.control = {Fire{0, 1}};
  program.cores.push_back(receiver);
  // The first has the link from 0 to 100 and is in at 120. The second needs a hop of 3 ns, enters
  // that at 97 and the link at 100, and is in at 100 + 20 + 100.
  EXPECT_DOUBLE_EQ(run(program).latencyNs, 220);
  // Without links both come at the pace of the network and share only the receive port.
  EXPECT_DOUBLE_EQ(run(program, {.freeLinks = true}).latencyNs, 2 * 50);
}

TEST(TimingChipsTest, AChipWakesAndShutsDown) {
  TimingReport report = gatedLayers().run();
  // The row is received from 15 to 19; when that starts, the wake is issued. The chip is on at 215,
  // until then the message waits, which was ready at 131. It is in at 215 + 37, read at 352,
  // requantised at 364, sent at 368; the host has it at 364 + 10 + 12. The chip is off at 418.
  EXPECT_DOUBLE_EQ(report.latencyNs, 386);
  EXPECT_DOUBLE_EQ(report.restNs, 418);
  const executor::ChipTiming &chip = report.chips[1];
  EXPECT_EQ(chip.epochs, 1u);
  EXPECT_DOUBLE_EQ(chip.alone.wakingNs, 200);
  EXPECT_DOUBLE_EQ(chip.alone.onNs, 368 - 215);
  EXPECT_DOUBLE_EQ(chip.alone.shuttingDownNs, 50);
  EXPECT_DOUBLE_EQ(chip.alone.wakes, 1);
  // Its units work from 248 to 368; those of the other chip from 15 to 131 and from 215 to 223.
  EXPECT_DOUBLE_EQ(chip.waitingNs, 248 - 215);
  EXPECT_DOUBLE_EQ(report.chips[0].waitingNs, 418 - 116 - 8);
  EXPECT_DOUBLE_EQ(report.energy.idle, 9 * 418 + 9 * 153);
  EXPECT_DOUBLE_EQ(report.energy.wake, 9 * 250 + 11 + 5);
  EXPECT_DOUBLE_EQ(report.energy.gated, 3 * 418 + 4.5 * 15 + 3 * 403);
  double operations =
      report.energy.total() - report.energy.idle - report.energy.wake - report.energy.gated;
  EXPECT_DOUBLE_EQ(report.ungatedPj, operations + 2 * (7 + 4 * 2) * 386);
  EXPECT_DOUBLE_EQ(report.gatingEnergyRatio(), report.ungatedPj / report.energy.total());
  EXPECT_NEAR(report.chips[0].alone.energyPj + chip.alone.energyPj,
              report.energy.total() - 8 * 2 - 8 * 0.5, 1e-9); // the host's message is no chip's
}

TEST(TimingChipsTest, AtTheFullRatePowerAddsUp) {
  TimingReport report = gatedLayers().run();
  const executor::ChipStates &one = report.chips[0].steady, &two = report.chips[1].steady;
  EXPECT_DOUBLE_EQ(one.onNs, report.intervalNs);
  EXPECT_GT(two.onNs, 0);
  double off = report.intervalNs - two.onNs - two.wakingNs - two.shuttingDownNs;
  EXPECT_GE(off, -1e-9);
  EXPECT_NEAR(report.steadyEnergy.idle, 9 * (one.onNs + two.onNs), 1e-6);
  EXPECT_NEAR(report.steadyEnergy.wake,
              9 * (two.wakingNs + two.shuttingDownNs) + 11 * two.wakingNs / 200 +
                  5 * two.shuttingDownNs / 50,
              1e-6);
  EXPECT_NEAR(report.steadyEnergy.gated,
              3 * (one.onNs + two.onNs + two.wakingNs + two.shuttingDownNs) + 4.5 * off, 1e-6);
}

TEST(TimingChipsTest, EachInferenceWakesTheChipAgain) {
  // Reads on chip 0 make inferences follow each other so slowly that chip 1 is off in between: the
  // wake comes with the next row, long after the chip had nothing more to do.
  Dense dense = gatedLayers();
  Core &first = dense.program.cores[0];
  std::vector<Instruction> &instructions = first.blocks[1].instructions;
  for (int i = 0; i < 9; ++i)
    instructions.insert(instructions.begin(), Instruction(instructions.front()));
  first.blocks[0].instructions.pop_back();
  instructions.insert(instructions.end() - 1, Wake{1, 0});
  TimingReport report = dense.run();
  // Ten reads and the requantiser; then the row is in the way of the next one.
  EXPECT_DOUBLE_EQ(report.chips[1].steady.wakes, 1);
  EXPECT_DOUBLE_EQ(report.chips[1].steady.wakingNs, 200);
  EXPECT_DOUBLE_EQ(report.chips[1].steady.shuttingDownNs, 50);
  EXPECT_DOUBLE_EQ(report.chips[1].steady.onNs, report.chips[1].alone.onNs);
}

TEST(TimingChipsTest, TheHostWakes) {
  Dense dense = gatedLayers();
  dense.program.cores[0].blocks[0].instructions.pop_back();
  dense.program.hostWakes = {1};
  // On at 200, where the message has been ready since 131.
  EXPECT_DOUBLE_EQ(dense.run().latencyNs, 302 + 200 - 131);
  // Both: nothing goes before 200, and then nothing waits.
  dense.program.cores[0].control.push_back(Shutdown{});
  dense.program.hostWakes = {0, 1};
  TimingReport report = dense.run();
  EXPECT_DOUBLE_EQ(report.latencyNs, 502);
  EXPECT_DOUBLE_EQ(report.chips[0].alone.onNs, 339 - 200); // until the message is sent
}

TEST(TimingChipsTest, WokenBeforeItEndsItsEpochAChipStaysOn) {
  TimingReport report = run(twoEpochs(0));
  // On at 215. The first message is in at 252 and sent at 256, which ends the epoch; the wake for
  // the next one came at 215, when the first message was sent. So the second one enters at 256, is
  // in at 293, sent at 297; the host has it at 293 + 10 + 12.
  EXPECT_DOUBLE_EQ(report.latencyNs, 315);
  EXPECT_DOUBLE_EQ(report.restNs, 347);
  EXPECT_EQ(report.chips[1].epochs, 2u);
  EXPECT_DOUBLE_EQ(report.chips[1].alone.wakes, 1);
  EXPECT_DOUBLE_EQ(report.chips[1].alone.onNs, 297 - 215);
  EXPECT_EQ(report.interchipBytes(), 16u);
}

TEST(TimingChipsTest, WokenLaterItShutsDownInBetween) {
  // The fourth read starts at 319, and the wake with it. The chip shut down from 256 to 306; it is
  // on at 519. The message is in at 556, and sent at 560.
  TimingReport report = run(twoEpochs(4));
  EXPECT_DOUBLE_EQ(report.latencyNs, 556 + 10 + 12);
  EXPECT_DOUBLE_EQ(report.restNs, 610);
  EXPECT_DOUBLE_EQ(report.chips[1].alone.wakes, 2);
  EXPECT_DOUBLE_EQ(report.chips[1].alone.wakingNs, 400);
  EXPECT_DOUBLE_EQ(report.chips[1].alone.shuttingDownNs, 100);
  EXPECT_DOUBLE_EQ(report.chips[1].alone.onNs, 41 + 41);
  EXPECT_DOUBLE_EQ(report.energy.wake, 9 * 500 + 2 * 16);
  // A wake that comes while the chip shuts down waits for that.
  Program program = twoEpochs(4);
  program.target.chip.gating.shutdownNs = 100;
  EXPECT_DOUBLE_EQ(run(program).latencyNs, 578 + 356 - 319);
  // The third read starts at 219, before the epoch ends.
  EXPECT_DOUBLE_EQ(run(twoEpochs(3)).chips[1].alone.wakes, 1);
}

TEST(TimingChipsTest, AnIdealMachine) {
  TimingReport links = twoLayers().run({.freeLinks = true});
  // Three hops of 3 ns and 4 ns at the pace of the network, not 29 and 8.
  EXPECT_DOUBLE_EQ(links.latencyNs, 302 - 20 - 4);
  EXPECT_DOUBLE_EQ(links.energy.links, 0);
  EXPECT_EQ(links.interchipBytes(), 8u);
  TimingReport waking = gatedLayers().run({.freeWaking = true});
  EXPECT_DOUBLE_EQ(waking.latencyNs, 302);
  EXPECT_DOUBLE_EQ(waking.energy.wake, 0);
  EXPECT_DOUBLE_EQ(waking.restNs, 302);
  EXPECT_DOUBLE_EQ(waking.chips[1].alone.onNs, 284 - 15);
  EXPECT_DOUBLE_EQ(waking.chips[1].alone.wakes, 1);
}

TEST(TimingChipsTest, PowerOverTimeIsTheEnergy) {
  for (Program program : {gatedLayers().program, twoEpochs(4), twoLayers(3).program}) {
    double expected = run(program).energy.total();
    Result<ValidatedProgram> validated = validate(std::move(program));
    ASSERT_TRUE(validated.ok()) << validated.error().message;
    Result<executor::Trace> trace = executor::traceTiming(*validated);
    ASSERT_TRUE(trace.ok()) << trace.error().message;
    for (size_t pieces : {1u, 7u, 500u}) {
      double energy = 0;
      for (const executor::EnergyParts &mw : executor::powerOverTime(*trace, pieces))
        energy += mw.total() * trace->endNs / static_cast<double>(pieces);
      EXPECT_NEAR(energy, expected, 1e-6 * expected);
    }
  }
}

TEST(TimingChipsTest, TheTableHasChips) {
  std::string table = executor::formatTiming(gatedLayers().run());
  for (const char *text : {"of that waiting", "0 to 1", "if nothing were ever off", "chip.core"})
    EXPECT_NE(table.find(text), std::string::npos) << table;
  std::string json = executor::timingToJson(gatedLayers().run());
  for (const char *text :
       {"\"interchip_bytes\": 8", "\"gating_energy_ratio\": ", "\"rest_ns\": 418",
        "\"waking_ns\": 200", "\"waiting_ns\": 33", "\"wake\": 2266"})
    EXPECT_NE(json.find(text), std::string::npos) << text << json;
}

//===--------------------------------------------------------------------------===//
// Engines
//===--------------------------------------------------------------------------===//

/// The time of one read on an engine of 16 inputs, 16 outputs and 9 taps at 0.5 GHz, half used.
double engineNs(uint32_t kernel, uint32_t channels, uint32_t firstRow, uint32_t rows, uint32_t cols,
                uint32_t positions, double *pj = nullptr) {
  Program program;
  program.target = plainTarget();
  target::Core &core = program.target.chip.core;
  core.kind = target::CoreKind::Engine;
  core.engine = {1 << 20, 16, 16, 9, 0.5, 0.5, 2, 3, 7, 0};
  core.array = target::Array();
  addZeros(program);
  Tile tile;
  tile.layer = "conv";
  tile.rows = rows;
  tile.cols = tile.pitch = cols;
  program.tiles.push_back(tile);
  uint32_t width = positions + kernel - 1;
  Window window = vectorWindow(0, channels, kernel, 0);
  window.width = width;
  window.kernelH = window.kernelW = kernel;
  window.positions = positions;
  Read read = readTile(0, window, at(1));
  read.firstRow = firstRow;
  Core program0;
  program0.memoryBytes = 65536;
  program0.buffers = {{"in", 0, width * channels, kernel, 0, 0},
                      {"sums", 16384, 4 * cols * positions, 1, {}, 0}};
  program0.blocks = {{"read", {read}}};
  program0.control = {Fire{0, 1}};
  program.cores.push_back(program0);
  TimingReport report = run(program);
  if (pj)
    *pj = report.energy.array;
  EXPECT_DOUBLE_EQ(report.programmingNs, 3.0 * rows * cols);
  EXPECT_DOUBLE_EQ(report.programmingPj, 7.0 * rows * cols);
  return report.latencyNs;
}

TEST(TimingChipsTest, AnEngineSharesItsMultipliers) {
  // A cycle takes 2 ns, and 4 ns with half of the multipliers in use.
  double pj = 0;
  EXPECT_DOUBLE_EQ(engineNs(3, 16, 0, 144, 16, 5, &pj), 5 * 1 * 4);
  EXPECT_DOUBLE_EQ(pj, 5 * 144 * 16 * 2);
  EXPECT_DOUBLE_EQ(engineNs(3, 17, 0, 153, 33, 1), 2 * 3 * 4);
  // A kernel of one place leaves eight of nine multipliers unused.
  EXPECT_DOUBLE_EQ(engineNs(1, 64, 0, 64, 32, 4), 4 * (4 * 2) * 4);
  // Part of a layer: 10 channels of place 0, places 1 to 3, 4 channels of place 4.
  EXPECT_DOUBLE_EQ(engineNs(3, 16, 6, 10 + 48 + 4, 16, 1), (1 + 1 + 1) * 4);
  EXPECT_DOUBLE_EQ(engineNs(3, 32, 8, 24 + 64 + 20, 16, 1), (2 + 2 + 2) * 4);
  // Less than a place, inside it and at its end.
  EXPECT_DOUBLE_EQ(engineNs(3, 32, 40, 20, 16, 1), 2 * 4);
  EXPECT_DOUBLE_EQ(engineNs(3, 32, 56, 8, 16, 1), 1 * 4);
}

} // namespace
