//===- ReadCost.cpp - Time and energy of reads -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A crossbar takes the same time for any tile, in either direction. An engine shares its
// multipliers among input channels, outputs and places of the kernel, so it matters how a tile's
// rows lie in the kernel.
//
//===--------------------------------------------------------------------------===//

#include "ReadCost.h"

#include "cimc/Target/Check.h"

#include <algorithm>

namespace cimc::executor::timing {
namespace {

uint64_t ceilDiv(uint64_t value, uint64_t by) { return (value + by - 1) / by; }

/// Cycles for one position: elements [first, first + inputs) of the flattened window, `channels`
/// for each place of the kernel.
uint64_t engineCycles(const target::Engine &engine, uint64_t first, uint64_t inputs,
                      uint64_t outputs, uint64_t channels) {
  uint64_t cycles = 0;
  auto addPart = [&](uint64_t taps, uint64_t ic) {
    cycles += ceilDiv(ic, engine.inputs) * ceilDiv(outputs, engine.outputs) *
              ceilDiv(taps, engine.parallelTaps);
  };
  if (uint64_t begun = first % channels; begun != 0) {
    uint64_t rest = std::min(channels - begun, inputs);
    addPart(1, rest);
    inputs -= rest;
  }
  if (inputs >= channels)
    addPart(inputs / channels, channels);
  if (inputs % channels != 0)
    addPart(1, inputs % channels);
  return cycles;
}

} // namespace

Cost readCost(const target::Core &core, const program::Tile &tile, const program::Read &read) {
  uint64_t positions = read.window.positions;
  if (core.kind == target::CoreKind::Crossbar) {
    auto reads = static_cast<double>(positions * read.passes);
    return {reads * target::readNs(core.array), reads * target::readPj(core.array)};
  }
  const target::Engine &engine = core.engine;
  bool forward = read.direction == program::Direction::Forward;
  uint64_t inputs = forward ? tile.rows : tile.cols, outputs = forward ? tile.cols : tile.rows;
  uint64_t cycles = positions * engineCycles(engine, read.firstRow, inputs, outputs,
                                             std::max(1u, read.window.channels));
  return {static_cast<double>(cycles) / (engine.clockGhz * engine.utilisation),
          static_cast<double>(positions * inputs * outputs) * engine.pjPerMac};
}

Cost programmingCost(const target::Core &core, const program::Tile &tile) {
  double rows = tile.rows, cells = rows * tile.cols;
  if (core.kind == target::CoreKind::Crossbar) {
    double each = core.array.rowsPerWeight;
    return {rows * each * core.array.programNsPerRow, cells * each * core.array.programPjPerCell};
  }
  return {cells * core.engine.programNsPerByte, cells * core.engine.programPjPerByte};
}

} // namespace cimc::executor::timing
