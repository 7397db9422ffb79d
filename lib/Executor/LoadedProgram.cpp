//===- LoadedProgram.cpp - A program made ready to run ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loading looks up buffers, copies constants to aligned memory, resolves loops and asks the `prepare` function of each
// instruction for its operation. The program has been validated, so indices are in range; what is checked here is only
// what this engine needs beyond the rules of the instruction set (alignment).
//
//===--------------------------------------------------------------------------===//

#include "LoadedProgram.h"

#include <cstring>

using namespace cimc;
using namespace cimc::executor;

namespace {
constexpr size_t kAlignment = 64;

size_t roundUp(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

/// "chip 0 core 3 block 'conv1' instruction 4".
std::string placeOf(const program::Core &core, const std::string &block, size_t instruction) {
  return "chip " + std::to_string(core.chip) + " core " + std::to_string(core.index) + " block '" + block +
         "' instruction " + std::to_string(instruction);
}

/// Lays out a core's memory: buffers that change at their addresses, constants in memory of their own.
std::vector<BufferPlace> placeBuffers(const program::Program &program, const program::Core &core, LoadedCore &loaded) {
  std::vector<BufferPlace> places;
  std::vector<size_t> offsets;
  size_t constantBytes = 0, memoryBytes = 0;
  for (const program::Buffer &buffer : core.buffers) {
    size_t bytes = size_t{buffer.rowBytes} * buffer.rows;
    places.push_back({buffer.address, nullptr, buffer.rowBytes, buffer.rows});
    offsets.push_back(constantBytes);
    if (buffer.data)
      constantBytes += roundUp(bytes + kSlack);
    else
      memoryBytes = std::max(memoryBytes, buffer.address + bytes);
  }
  loaded.constants.resize(constantBytes + kAlignment);
  std::byte *base = loaded.constants.data();
  base += (kAlignment - reinterpret_cast<uintptr_t>(base) % kAlignment) % kAlignment;
  for (size_t i = 0; i < places.size(); ++i) {
    const program::Buffer &buffer = core.buffers[i];
    if (!buffer.data)
      continue;
    places[i].constant = base + offsets[i];
    std::memcpy(places[i].constant, program.data[*buffer.data].data() + buffer.dataOffset,
                size_t{buffer.rowBytes} * buffer.rows);
  }
  // An odd number of cache lines spreads the samples over the sets of the cache.
  loaded.memoryBytes = roundUp(memoryBytes + kSlack) | kAlignment;
  return places;
}

std::vector<ControlStep> resolveControl(const std::vector<program::Instruction> &control) {
  std::vector<ControlStep> steps;
  std::vector<uint32_t> open;
  for (const program::Instruction &instruction : control) {
    auto here = static_cast<uint32_t>(steps.size());
    if (const auto *fire = std::get_if<program::Fire>(&instruction)) {
      steps.push_back({ControlStep::Kind::Fire, fire->times, fire->block, 0});
    } else if (const auto *loop = std::get_if<program::Loop>(&instruction)) {
      steps.push_back({ControlStep::Kind::Loop, loop->count, 0, 0});
      open.push_back(here);
    } else {
      steps.push_back({ControlStep::Kind::End, 0, 0, open.back()});
      steps[open.back()].other = here;
      open.pop_back();
    }
  }
  return steps;
}

/// prepare for an alternative of Instruction; a control instruction in a block is an error.
struct PrepareVisitor {
  const CoreContext &context;
  template <typename T> Result<Operation> operator()(const T &instruction) const {
    if constexpr (T::kUnit == program::Unit::Control)
      return Error{"'" + std::string(T::kMnemonic) + "' is not a data instruction"};
    else
      return prepare(instruction, context);
  }
};

Result<LoadedCore> loadCore(const program::Program &program, const program::Core &core, CoreContext context) {
  LoadedCore loaded;
  loaded.chip = core.chip;
  loaded.index = core.index;
  context.buffers = placeBuffers(program, core, loaded);
  for (const program::Block &block : core.blocks) {
    LoadedBlock &target = loaded.blocks.emplace_back();
    target.name = block.name;
    for (const program::Instruction &instruction : block.instructions) {
      Result<Operation> operation = std::visit(PrepareVisitor{context}, instruction);
      if (!operation)
        return Error{placeOf(core, block.name, target.operations.size()) + ": " + operation.error().message};
      target.operations.push_back(std::move(*operation));
    }
  }
  loaded.control = resolveControl(core.control);
  return loaded;
}

std::unique_ptr<const HostStream> loadStream(const program::Stream &stream, size_t index) {
  auto loaded = std::make_unique<HostStream>();
  loaded->stream = index;
  loaded->elementBytes = formatBytes(stream.format);
  loaded->inferenceBytes = loaded->elementBytes;
  for (int64_t extent : stream.shape)
    loaded->inferenceBytes *= static_cast<size_t>(extent);
  loaded->rows = stream.rows;
  loaded->rowStride = stream.rowStride;
  loaded->dims = stream.dims;
  loaded->strides = stream.strides;
  loaded->signedShift = stream.signedShift;
  return loaded;
}

Error alignmentError(size_t alignment, const char *what, size_t value) {
  return {std::string(what) + " " + std::to_string(value) + " must be a multiple of " + std::to_string(alignment) +
          ", the size of the elements"};
}

/// The error if elements of `alignment` bytes would not be aligned in `buffer`.
Status checkAlignment(const BufferPlace &buffer, size_t offset, size_t alignment) {
  if (!buffer.constant && buffer.address % alignment)
    return alignmentError(alignment, "the buffer's address", buffer.address);
  if (buffer.rows > 1 && buffer.rowBytes % alignment)
    return alignmentError(alignment, "the buffer's row size", buffer.rowBytes);
  if (offset % alignment)
    return alignmentError(alignment, "the operand's offset", offset);
  return Status::success();
}
} // namespace

Result<RowOperand> CoreContext::row(const program::Row &row, size_t alignment) const {
  const BufferPlace &buffer = buffers[row.buffer];
  if (Status status = checkAlignment(buffer, row.offset, alignment); !status)
    return status.error();
  return RowOperand{buffer, row.mul, row.div, row.add, row.offset};
}

Result<WindowOperand> CoreContext::window(const program::Window &window, size_t alignment) const {
  const BufferPlace &buffer = buffers[window.buffer];
  if (Status status = checkAlignment(buffer, 0, alignment); !status)
    return status.error();
  return WindowOperand{window, buffer};
}

size_t LoadedProgram::bytesPerSample() const {
  size_t bytes = 0;
  for (const LoadedCore &core : cores)
    bytes += core.memoryBytes;
  for (const LoadedChannel &channel : channels)
    bytes += channel.toHost ? 0 : size_t{channel.messageBytes} * channel.depth;
  return bytes;
}

Result<LoadedProgram> executor::load(const program::Program &program) {
  LoadedProgram loaded;
  loaded.storage = program.storage;
  for (const program::Channel &channel : program.channels) {
    bool toHost = channel.source == program::kHost || channel.target == program::kHost;
    loaded.channels.push_back({channel.name, channel.messageBytes, channel.depth, toHost});
  }
  std::vector<const HostStream *> hostStreams(program.channels.size());
  for (size_t i = 0; i < program.streams.size(); ++i) {
    loaded.streams.push_back(loadStream(program.streams[i], i));
    for (int32_t channel : program.streams[i].channels)
      hostStreams[static_cast<size_t>(channel)] = loaded.streams.back().get();
  }
  std::vector<std::shared_ptr<const PackedMatrix>> matrices(program.tiles.size());
  CoreContext context{&program, {}, &hostStreams, &matrices, &loaded.scratchBytes};
  for (const program::Core &core : program.cores) {
    Result<LoadedCore> result = loadCore(program, core, context);
    if (!result)
      return result.error();
    loaded.cores.push_back(std::move(*result));
  }
  loaded.scratchBytes += kSlack;
  return loaded;
}
