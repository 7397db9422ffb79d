//===- Example.cpp - A small program by hand -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Example.h.
//
//===--------------------------------------------------------------------------===//

#include "Example.h"

#include <bit>
#include <cstring>

using namespace cimc;
using namespace cimc::program;

static constexpr uint32_t inputs = 16, outputs = 8, rows = 4;

/// Weight (i, o) is i - o; bias o is 10 * o, scale 1/8.
static std::vector<std::byte> makeConstants() {
  std::vector<std::byte> bytes;
  for (uint32_t i = 0; i < inputs; ++i)
    for (uint32_t o = 0; o < outputs; ++o)
      bytes.push_back(static_cast<std::byte>(i - o));
  auto word = [&](uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8)
      bytes.push_back(static_cast<std::byte>(value >> shift));
  };
  for (uint32_t o = 0; o < outputs; ++o)
    word(10 * o);
  for (uint32_t o = 0; o < outputs; ++o)
    word(std::bit_cast<uint32_t>(0.125f));
  return bytes;
}

static Window denseWindow() {
  Window window{};
  window.buffer = 0;
  window.mul = window.div = 1;
  window.height = rows;
  window.width = window.positions = 1;
  window.pitch = window.channels = inputs;
  window.kernelH = window.kernelW = window.dilationH = window.dilationW = window.strideW = 1;
  return window;
}

static Core makeCore() {
  Row input{0, 1, 1, 0, 0}, sums{1, 0, 1, 0, 0}, bias{2, 0, 1, 0, 0}, scale{3, 0, 1, 0, 0},
      result{4, 1, 1, 0, 0};
  Core core{0, 0, 4096, {}, {}, {}};
  core.buffers = {{"x", 0, inputs, 2, {}, 0},
                  {"dense.sums", 32, 4 * outputs, 1, {}, 0},
                  {"dense.bias", 64, 4 * outputs, 1, 0u, inputs * outputs},
                  {"dense.scale", 96, 4 * outputs, 1, 0u, inputs * outputs + 4 * outputs},
                  {"y", 128, outputs, 1, {}, 0}};
  core.blocks = {
      {"dense",
       {Recv{0, input, 1, inputs, inputs},
        Read{0, Direction::Forward, denseWindow(), 0, sums, false, 1},
        Requant{sums, bias, scale, result, Format::I8, 1, outputs, outputs, -3, -128, 127},
        Send{1, result, 1, outputs, outputs}}}};
  core.control = {Loop{2}, Fire{0, 2}, End{}};
  return core;
}

Program cimc::program::testing::exampleProgram() {
  static const std::vector<std::byte> constants = makeConstants();
  Program program;
  program.name = "example";
  program.target.name = "one-core";
  program.target.chip.core.array.readModes = {{1, 100.0, 5.0}};
  program.data = {constants};
  program.tiles = {{"dense", 0, 0, 0, 0, inputs, outputs, 0, 0, outputs}};
  program.channels = {{"x", kHost, 0, inputs, 2}, {"y", 0, kHost, outputs, 2}};
  program.streams = {{"x",
                      true,
                      Format::I8,
                      {1, rows, inputs},
                      rows,
                      inputs,
                      {1, 1, 1, inputs},
                      {0, 0, 0, 1},
                      {0},
                      false},
                     {"y",
                      false,
                      Format::I8,
                      {1, rows, outputs},
                      rows,
                      outputs,
                      {1, 1, 1, outputs},
                      {0, 0, 0, 1},
                      {1},
                      true}};
  program.cores = {makeCore()};
  return program;
}

Program cimc::program::testing::chipsProgram() {
  Program program = exampleProgram();
  program.name = "two-chips";
  target::Target &target = program.target;
  target.name = "two-chips";
  target.chips = 2;
  target.links.latencyNs = 10;
  target.links.pjPerByte = 2;
  target.chip.idleMw = 1;
  target.chip.core.idleMw = 1;
  target.chip.gating = {50, 8, 20, 4, 0.25, target::Retention::Lost};
  program.channels = {
      {"x", kHost, 0, inputs, 2}, {"middle", 0, 1, outputs, 2}, {"y", 1, kHost, outputs, 2}};
  program.streams[1].channels = {2};
  program.cores[0].blocks.push_back({"wake first", {Wake{1, 0}}});
  // Two reads of no use, so that the second chip has nothing to do for a while.
  Instruction read = program.cores[0].blocks[0].instructions[1];
  program.cores[0].blocks.push_back({"wake again", {read, read, Wake{1, 1}}});
  program.cores[0].control = {Fire{1, 1}, Fire{0, 2}, Fire{2, 1}, Fire{0, 2}};
  Core second{1, 0, 64, {{"y", 0, outputs, 1, {}, 0}}, {}, {}};
  Row row{0, 1, 1, 0, 0};
  second.blocks = {
      {"pass", {Recv{1, row, 1, outputs, outputs}, Send{2, row, 1, outputs, outputs}}}};
  second.control = {Loop{2}, Fire{0, 2}, Shutdown{}, End{}};
  program.cores.push_back(second);
  return program;
}
