//===- DensePrograms.h - Small programs for timing, by hand ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs of dense layers on a machine with easy numbers, so that times can be worked out by hand.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_UNITTESTS_EXECUTOR_DENSEPROGRAMS_H
#define CIMC_UNITTESTS_EXECUTOR_DENSEPROGRAMS_H

#include "cimc/Executor/Timing.h"

#include <gtest/gtest.h>

namespace cimc::executor::testing {

using namespace cimc::program;

/// Validates and simulates.
inline Result<TimingReport> simulateProgram(Program program, const TimingOptions &options = {}) {
  Result<ValidatedProgram> validated = validate(std::move(program));
  if (!validated)
    return validated.error();
  return executor::simulateTiming(*validated, options);
}

/// A segment of zeros, long enough for all constants.
inline void addZeros(Program &program) {
  auto zeros = std::make_shared<std::vector<std::byte>>(65536);
  program.data = {Segment(*zeros)};
  program.storage = zeros;
}

/// Network 2 bytes/ns and 3 ns a hop, host 4 bytes/ns and 10 ns, a read 100 ns, the digital unit 8
/// lanes of 2 ns cycles.
inline target::Target plainTarget(uint32_t cores = 4, uint32_t columns = 4) {
  target::Target t;
  t.name = "plain";
  t.chip.cores = cores;
  t.chip.gridColumns = columns;
  t.chip.network = {2, 3, 0.5};
  t.chip.idleMw = 7;
  t.chip.core.idleMw = 2;
  t.chip.core.gatedMw = 1;
  t.chip.core.memoryPjPerByte = 0.25;
  t.chip.core.array.readModes = {{1, 100, 1000}, {4, 400, 4000}};
  t.chip.core.array.programNsPerRow = 50;
  t.chip.core.array.programPjPerCell = 3;
  t.chip.core.digital.lanes = 8;
  t.chip.core.digital.clockGhz = 0.5;
  for (target::DigitalFunction *function :
       {&t.chip.core.digital.move, &t.chip.core.digital.add, &t.chip.core.digital.multiply,
        &t.chip.core.digital.divide, &t.chip.core.digital.transcendental})
    *function = {4, 2, 0.125};
  t.host = {4, 10, 2};
  return t;
}

inline Row at(uint32_t buffer, uint32_t mul = 0, uint32_t offset = 0) {
  return {buffer, mul, 1, 0, offset};
}

inline Window vectorWindow(uint32_t buffer, uint32_t channels, uint32_t height, uint32_t mul) {
  Window window;
  window.buffer = buffer;
  window.mul = mul;
  window.div = 1;
  window.height = height;
  window.width = window.kernelH = window.kernelW = window.dilationH = window.dilationW =
      window.strideW = window.positions = 1;
  window.pitch = window.channels = channels;
  return window;
}

inline Read readTile(uint32_t tile, const Window &window, const Row &dst) {
  Read read;
  read.tile = tile;
  read.window = window;
  read.dst = dst;
  read.passes = 1;
  return read;
}

inline Requant requant(const Row &src, const Row &dst, uint32_t channels) {
  Requant op;
  op.src = src;
  op.dst = dst;
  op.bias = op.scale = at(3);
  op.positions = 1;
  op.channels = op.dstPitch = channels;
  return op;
}

/// A program in which every core is a dense layer of `rows` firings: receive, read, requantise,
/// send.
class Dense {
public:
  explicit Dense(target::Target target, uint32_t rows) : rows(rows) {
    program.name = "dense";
    program.target = std::move(target);
    addZeros(program);
  }

  /// Adds a core at place `index` that takes `in` and gives `out` bytes per row. Returns its
  /// number.
  uint32_t core(uint32_t index, uint32_t in, uint32_t out, uint32_t from, uint32_t to,
                uint32_t scratchSlots = 1, uint32_t inputSlots = 1) {
    uint32_t number = static_cast<uint32_t>(program.cores.size());
    Core core;
    core.index = index;
    core.memoryBytes = 65536;
    core.buffers = {{"in", 0, in, inputSlots, {}, 0},
                    {"sums", 4096, 4 * out, scratchSlots, {}, 0},
                    {"out", 16384, out, 1, {}, 0},
                    {"scale", 32768, 4 * out, 1, 0, 0}};
    Tile tile;
    tile.layer = "layer" + std::to_string(number);
    tile.core = number;
    tile.rows = in;
    tile.cols = tile.pitch = out;
    core.blocks = {{"receive", {Recv{from, at(0, 1), 1, in, in}}},
                   {tile.layer,
                    {readTile(number, vectorWindow(0, in, rows, 1), at(1, 1)),
                     requant(at(1, 1), at(2), out), Send{to, at(2), 1, out, out}}}};
    core.control = {Loop{rows}, Fire{0, 1}, Fire{1, 1}, End{}};
    program.tiles.push_back(tile);
    program.cores.push_back(core);
    return number;
  }

  uint32_t channel(uint32_t source, uint32_t target, uint32_t bytes, uint32_t depth = 2) {
    uint32_t number = static_cast<uint32_t>(program.channels.size());
    program.channels.push_back({"c" + std::to_string(number), source, target, bytes, depth});
    if (source == kHost || target == kHost) {
      Stream stream;
      stream.name = program.channels.back().name;
      stream.isInput = source == kHost;
      stream.rows = rows;
      stream.shape = {rows, bytes};
      stream.rowStride = bytes;
      stream.dims = {1, 1, 1, static_cast<int32_t>(bytes)};
      stream.strides = {0, 0, 0, 1};
      stream.channels = {static_cast<int32_t>(number)};
      program.streams.push_back(stream);
    }
    return number;
  }

  TimingReport run(const TimingOptions &options = {}) {
    Result<TimingReport> report = simulateProgram(program, options);
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report.ok() ? *report : TimingReport();
  }

  Program program;

private:
  uint32_t rows;
};

} // namespace cimc::executor::testing

#endif // CIMC_UNITTESTS_EXECUTOR_DENSEPROGRAMS_H
