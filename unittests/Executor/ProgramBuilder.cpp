//===- ProgramBuilder.cpp - Programs by hand, for tests --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ProgramBuilder.h"

#include <cmath>
#include <cstring>

using namespace cimc;
using namespace cimc::executor;
using namespace cimc::executor::testing;

ProgramBuilder::ProgramBuilder(uint32_t cores) {
  program.name = "test";
  program.target.name = "bench";
  program.target.chip.cores = cores;
  program.target.chip.gridColumns = cores;
  program.target.chip.core.memoryBytes = 1 << 20;
  program.target.chip.core.array.perCore = 8;
  program.target.chip.core.array.rows = program.target.chip.core.array.cols = 512;
  program.target.chip.core.array.inputCoding = target::InputCoding::TwosComplement;
  program.target.chip.core.array.readModes = {{1, 100, 1}};
  program.target.chip.core.engine.weightBytes = 1 << 18;
  program.cores.resize(cores);
  for (uint32_t i = 0; i < cores; ++i)
    program.cores[i].index = i;
  arrays.resize(cores);
}

void ProgramBuilder::spread(uint32_t perChip) {
  auto cores = static_cast<uint32_t>(program.cores.size());
  program.target.chips = (cores + perChip - 1) / perChip;
  program.target.chip.cores = program.target.chip.gridColumns = perChip;
  for (uint32_t i = 0; i < cores; ++i) {
    program.cores[i].chip = i / perChip;
    program.cores[i].index = i % perChip;
  }
}

uint64_t ProgramBuilder::append(const void *bytes, size_t count) {
  size_t offset = (data.size() + 7) / 8 * 8;
  data.resize(offset + count);
  std::memcpy(data.data() + offset, bytes, count);
  return offset;
}

uint32_t ProgramBuilder::buffer(uint32_t core, uint32_t rowBytes, uint32_t rows) {
  program::Core &target = program.cores[core];
  auto number = static_cast<uint32_t>(target.buffers.size());
  target.buffers.push_back(
      {"b" + std::to_string(number), target.memoryBytes, rowBytes, rows, std::nullopt, 0});
  target.memoryBytes += (rowBytes * rows + 7) / 8 * 8;
  return number;
}

uint32_t ProgramBuilder::tile(uint32_t core, uint32_t rows, uint32_t cols,
                              const std::vector<int8_t> &weights) {
  uint64_t offset = append(weights.data(), weights.size());
  if (program.target.chip.core.kind == target::CoreKind::Engine) {
    program.tiles.push_back({"w", core, 0, arrays[core], 0, rows, cols, 0, offset, cols});
    arrays[core] += rows * cols;
  } else {
    program.tiles.push_back({"w", core, arrays[core]++, 0, 0, rows, cols, 0, offset, cols});
  }
  return static_cast<uint32_t>(program.tiles.size() - 1);
}

uint32_t ProgramBuilder::channel(uint32_t source, uint32_t target, uint32_t messageBytes,
                                 uint32_t depth) {
  auto number = static_cast<uint32_t>(program.channels.size());
  program.channels.push_back({"c" + std::to_string(number), source, target, messageBytes, depth});
  return number;
}

uint32_t ProgramBuilder::host(uint32_t core, Format format, std::vector<int64_t> shape,
                              bool signedShift, bool isInput) {
  int64_t rows = shape.empty() ? 1 : shape[0], elements = 1;
  for (size_t i = 1; i < shape.size(); ++i)
    elements *= shape[i];
  size_t bytes = format == Format::I8 ? 1 : format == Format::I64 ? 8 : 4;
  auto messageBytes = static_cast<uint32_t>(static_cast<size_t>(elements) * bytes);
  uint32_t number =
      isInput ? channel(kHost, core, messageBytes) : channel(core, kHost, messageBytes);
  program::Stream stream;
  stream.name = (isInput ? "in" : "out") + std::to_string(program.streams.size());
  stream.isInput = isInput;
  stream.format = format;
  stream.shape = std::move(shape);
  stream.rows = static_cast<uint32_t>(rows);
  stream.rowStride = elements;
  stream.dims = {1, 1, 1, static_cast<int32_t>(elements)};
  stream.strides = {0, 0, 0, 1};
  stream.channels = {static_cast<int32_t>(number)};
  stream.signedShift = signedShift;
  program.streams.push_back(std::move(stream));
  return number;
}

uint32_t ProgramBuilder::input(uint32_t core, Format format, std::vector<int64_t> shape,
                               bool signedShift) {
  return host(core, format, std::move(shape), signedShift, true);
}
uint32_t ProgramBuilder::output(uint32_t core, Format format, std::vector<int64_t> shape,
                                bool signedShift) {
  return host(core, format, std::move(shape), signedShift, false);
}

uint32_t ProgramBuilder::block(uint32_t core, std::vector<program::Instruction> instructions) {
  program::Core &target = program.cores[core];
  target.blocks.push_back(
      {"block" + std::to_string(target.blocks.size()), std::move(instructions)});
  return static_cast<uint32_t>(target.blocks.size() - 1);
}

void ProgramBuilder::control(uint32_t core, std::vector<program::Instruction> instructions) {
  program.cores[core].control = std::move(instructions);
}

void ProgramBuilder::fire(uint32_t core, std::vector<program::Instruction> instructions,
                          uint32_t times) {
  uint32_t number = block(core, std::move(instructions));
  program.cores[core].control.push_back(program::Fire{number, times});
}

std::optional<program::ValidatedProgram> ProgramBuilder::build() {
  auto storage = std::make_shared<const std::vector<std::byte>>(std::move(data));
  program.data = {std::span(*storage)};
  program.storage = storage;
  Result<program::ValidatedProgram> validated = program::validate(std::move(program));
  if (!validated) {
    ADD_FAILURE() << validated.error().message;
    return std::nullopt;
  }
  return std::move(*validated);
}

program::Row executor::testing::row(uint32_t buffer, uint32_t mul, int32_t add, uint32_t offset) {
  return {buffer, mul, 1, add, offset};
}

program::Window executor::testing::wholeRow(uint32_t buffer, uint32_t elements, uint32_t mul,
                                            uint32_t height) {
  program::Window window;
  window.buffer = buffer;
  window.mul = mul;
  window.div = 1;
  window.height = height;
  window.width = window.kernelH = window.kernelW = window.dilationH = window.dilationW =
      window.strideW = 1;
  window.positions = 1;
  window.pitch = window.channels = elements;
  return window;
}

std::vector<int8_t> executor::testing::Generator::bytes(size_t count) {
  std::vector<int8_t> values(count);
  for (int8_t &value : values)
    value = byte();
  return values;
}
std::vector<int32_t> executor::testing::Generator::integers(size_t count, int bound) {
  std::vector<int32_t> values(count);
  for (int32_t &value : values)
    value = between(-bound, bound);
  return values;
}
std::vector<float> executor::testing::Generator::reals(size_t count, float scale) {
  std::vector<float> values(count);
  for (float &value : values)
    value = real() * scale;
  return values;
}

int8_t executor::testing::roundAndClamp(float f, int32_t zeroPoint, int32_t lo, int32_t hi) {
  if (std::isnan(f))
    return static_cast<int8_t>(std::clamp(zeroPoint, lo, hi));
  double rounded = std::nearbyint(static_cast<double>(f)) + zeroPoint;
  return static_cast<int8_t>(std::clamp(rounded, static_cast<double>(lo), static_cast<double>(hi)));
}
