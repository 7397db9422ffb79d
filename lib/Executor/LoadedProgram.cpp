//===- LoadedProgram.cpp - A program made ready to run ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loading looks up buffers, copies constants to aligned memory, resolves loops and asks the
// `prepare` function of each instruction for its operation. The program has been validated, so
// every index is in range, every operand lies inside its buffer and is aligned, and nothing is left
// to check.
//
//===--------------------------------------------------------------------------===//

#include "LoadedProgram.h"

#include "LayerRecorder.h"

#include <cstring>

using namespace cimc;
using namespace cimc::executor;

namespace {
constexpr size_t kAlignment = 64;

size_t roundUp(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

/// Lays out a core's memory: buffers that change at their addresses, constants in memory of their
/// own.
std::vector<BufferPlace> placeBuffers(const program::Program &program, const program::Core &core,
                                      LoadedCore &loaded) {
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

/// Values do not depend on which chips are on, so a shutdown is left out: the validator has proved
/// that every message finds its chip awake.
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
    } else if (std::holds_alternative<program::End>(instruction)) {
      steps.push_back({ControlStep::Kind::End, 0, 0, open.back()});
      steps[open.back()].other = here;
      open.pop_back();
    }
  }
  return steps;
}

/// The operation of a data instruction.
Operation prepareInstruction(const program::Instruction &instruction, const CoreContext &context) {
  return std::visit(
      [&]<typename T>(const T &alternative) -> Operation {
        if constexpr (T::kUnit == program::Unit::Control)
          return nullptr; // the validator allows none in a block
        else if constexpr (std::same_as<T, program::Wake>)
          return [](Frame &) { return true; }; // changes no value
        else
          return prepare(alternative, context);
      },
      instruction);
}

/// The layer whose results a block makes: that of the tiles that it reads; none if it reads none.
const std::string *layerOf(const program::Program &program, const program::Block &block) {
  for (const program::Instruction &instruction : block.instructions)
    if (const auto *read = std::get_if<program::Read>(&instruction))
      return &program.tiles[read->tile].layer;
  return nullptr;
}

LoadedCore loadCore(const program::Program &program, const program::Core &core,
                    CoreContext context) {
  LoadedCore loaded;
  loaded.chip = core.chip;
  loaded.index = core.index;
  context.buffers = placeBuffers(program, core, loaded);
  for (const program::Block &block : core.blocks) {
    LoadedBlock &target = loaded.blocks.emplace_back();
    target.name = block.name;
    const std::string *layer = context.recorded ? layerOf(program, block) : nullptr;
    for (const program::Instruction &instruction : block.instructions) {
      target.operations.push_back(prepareInstruction(instruction, context));
      const auto *requant = std::get_if<program::Requant>(&instruction);
      if (!layer || !requant)
        continue;
      target.operations.back() = recordResults(std::move(target.operations.back()), *requant,
                                               context, context.recorded->size());
      context.recorded->push_back(*layer);
    }
  }
  loaded.control = resolveControl(core.control);
  return loaded;
}

/// The tiles that some instruction reads transposed.
std::set<uint32_t> findTransposed(const program::Program &program) {
  std::set<uint32_t> tiles;
  for (const program::Core &core : program.cores)
    for (const program::Block &block : core.blocks)
      for (const program::Instruction &instruction : block.instructions)
        if (const auto *read = std::get_if<program::Read>(&instruction);
            read && read->direction == program::Direction::Transposed)
          tiles.insert(read->tile);
  return tiles;
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
} // namespace

size_t LoadedProgram::bytesPerSample() const {
  size_t bytes = 0;
  for (const LoadedCore &core : cores)
    bytes += core.memoryBytes;
  for (const LoadedChannel &channel : channels)
    bytes += channel.toHost ? 0 : size_t{channel.messageBytes} * channel.depth;
  return bytes;
}

LoadedProgram executor::load(const program::Program &program, const ModelOptions &model,
                             std::vector<std::string> *recorded) {
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
  TileMatrices matrices;
  uint32_t reads = 0;
  AnalogTiles analog;
  std::set<uint32_t> transposed = findTransposed(program);
  CoreContext context{&program, {},      &hostStreams, &matrices, model, &loaded.scratchBytes,
                      &reads,   &analog, &transposed, recorded};
  for (const program::Core &core : program.cores)
    loaded.cores.push_back(loadCore(program, core, context));
  loaded.scratchBytes += kSlack;
  return loaded;
}
