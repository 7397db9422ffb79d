//===- RandomProgram.cpp - Well-formed programs from a seed ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See RandomProgram.h.
//
//===--------------------------------------------------------------------------===//

#include "RandomProgram.h"

#include "cimc/Target/Serialize.h"

#include <algorithm>

using namespace cimc;
using namespace cimc::program;
using cimc::program::testing::Generator;

uint32_t Generator::number() {
  // Around each power of two the length of the encoding changes.
  uint32_t power = uint32_t{1} << below(32);
  switch (below(4)) {
  case 0:
    return static_cast<uint32_t>(engine());
  case 1:
    return power - 1;
  case 2:
    return 0u - power;
  default:
    return power;
  }
}

std::string Generator::name() {
  std::string text;
  for (uint64_t left = below(12); left > 0; --left)
    text.push_back(static_cast<char>(below(256)));
  return text;
}

Instruction Generator::instruction(size_t index) {
  Instruction instruction = *makeInstruction(kInstructions[index].opcode);
  std::visit([&](auto &alternative) { visitFields(alternative, *this); }, instruction);
  return instruction;
}

std::vector<Instruction> Generator::code(size_t maxCount) {
  std::vector<Instruction> code(below(maxCount + 1));
  for (Instruction &element : code)
    element = instruction(below(kInstructionCount));
  return code;
}

Stream Generator::stream(size_t size) {
  Stream stream;
  stream.name = name();
  (*this)("", stream.isInput);
  (*this)("", stream.format);
  stream.shape.resize(below(5));
  for (int64_t &extent : stream.shape)
    extent = static_cast<int64_t>(engine());
  stream.rows = number();
  stream.rowStride = static_cast<int64_t>(engine());
  (*this)("", stream.dims);
  (*this)("", stream.strides);
  stream.channels.resize(below(size + 1));
  for (int32_t &channel : stream.channels)
    (*this)("", channel);
  (*this)("", stream.signedShift);
  return stream;
}

Core Generator::core(size_t size) {
  Core core{number(), number(), number(), {}, {}, {}};
  for (uint64_t left = below(size + 1); left > 0; --left) {
    std::optional<uint32_t> data;
    if (below(2))
      data = number();
    core.buffers.push_back({name(), number(), number(), number(), data, engine()});
  }
  for (uint64_t left = below(size + 1); left > 0; --left)
    core.blocks.push_back({name(), code(size)});
  core.control = code(size);
  return core;
}

Program Generator::program(size_t size) {
  Program program;
  program.name = name();
  program.target.name = "random";
  program.target.chips = 1;
  program.target.chip.core.array.readModes = {{1, 100.0, 5.0}};
  auto bytes = std::make_shared<std::vector<std::byte>>(below(3 * 4096) + size);
  for (std::byte &byte : *bytes)
    byte = static_cast<std::byte>(below(256));
  for (uint64_t left = below(size + 1); left > 0; --left) {
    size_t begin = below(bytes->size()), count = below(bytes->size() - begin + 1);
    program.data.push_back(std::span<const std::byte>(*bytes).subspan(begin, count));
  }
  program.storage = bytes;
  for (uint64_t left = below(size + 1); left > 0; --left) {
    program.tiles.push_back({name(),
                             number(),
                             number(),
                             number(),
                             number(),
                             number(),
                             number(),
                             number(),
                             engine(),
                             number(),
                             {}});
    for (uint64_t steps = below(4); steps > 0; --steps)
      program.tiles.back().steps.push_back(static_cast<float>(number()) / 8);
  }
  for (uint64_t left = below(size + 1); left > 0; --left)
    program.channels.push_back({name(), number(), number(), number(), number()});
  for (uint64_t left = below(size + 1); left > 0; --left)
    program.streams.push_back(stream(size));
  for (uint64_t left = below(size + 1); left > 0; --left)
    program.cores.push_back(core(size));
  for (uint64_t left = below(size + 1); left > 0; --left)
    program.hostWakes.push_back(number());
  return program;
}

bool cimc::program::testing::equal(const Program &a, const Program &b) {
  auto sameBytes = [](const Segment &x, const Segment &y) { return std::ranges::equal(x, y); };
  return a.name == b.name && target::encode(a.target) == target::encode(b.target) &&
         std::ranges::equal(a.data, b.data, sameBytes) && a.tiles == b.tiles &&
         a.channels == b.channels && a.streams == b.streams && a.cores == b.cores &&
         a.hostWakes == b.hostWakes;
}
