//===- Program.h - A compiled program in memory ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables of a `.cimb` file as plain structs, one per structural op of the `cimisa` dialect,
// field for field. A Program is data that someone claims to be a program; only a ValidatedProgram
// (Validator.h) may be run.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PROGRAM_PROGRAM_H
#define CIMC_PROGRAM_PROGRAM_H

#include "cimc/Program/Instructions.h" // Row, Window, Format, one struct per instruction, Instruction
#include "cimc/Target/Target.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cimc::program {

/// Core number of a channel's end that is the host.
inline constexpr uint32_t kHost = 0xffffffffu;

/// Constant bytes. They belong to the Program's `storage` (a mapped file or owned memory).
using Segment = std::span<const std::byte>;

/// A rectangle of a crossbar, or a run of an engine's weight memory, and the weights in it; see
/// `cimisa.tile`.
struct Tile {
  std::string layer;
  uint32_t core = 0, array = 0, row = 0, col = 0, rows = 0, cols = 0;
  uint32_t data = 0;
  uint64_t offset = 0;
  uint32_t pitch = 0;
  /// Steps of the output converters, in integer units of a sum per code: none (mode `exact` only),
  /// one for the tile, one per column, or one per column and then, for transposed reads, one per
  /// row.
  std::vector<float> steps;
  bool operator==(const Tile &) const = default;
};

/// Elements that drive a tile in a read, and sums that it gives.
inline uint32_t inputsOf(const Tile &tile, Direction direction) {
  return direction == Direction::Forward ? tile.rows : tile.cols;
}
inline uint32_t outputsOf(const Tile &tile, Direction direction) {
  return direction == Direction::Forward ? tile.cols : tile.rows;
}
/// The converter step of output `output`. Requires: the tile has steps for the direction.
inline float stepOf(const Tile &tile, Direction direction, uint32_t output) {
  if (tile.steps.size() == 1)
    return tile.steps.front();
  return tile.steps[(direction == Direction::Forward ? 0 : size_t{tile.cols}) + output];
}
/// The weights of a tile with rows and columns exchanged, row by row without gaps. Requires: the
/// tile lies in its segment.
std::vector<int8_t> transposedWeights(std::span<const std::byte> segment, const Tile &tile);

/// A bounded FIFO; see `cimisa.channel`.
struct Channel {
  std::string name;
  uint32_t source = kHost, target = kHost, messageBytes = 0, depth = 0;
  bool inBuffer = false; ///< messages wait in the buffer of the receiver's chip
  bool operator==(const Channel &) const = default;
};

/// A network input or output; see `cimisa.stream`.
struct Stream {
  std::string name;
  bool isInput = false;
  Format format = Format::I8;
  std::vector<int64_t> shape;
  uint32_t rows = 0;
  int64_t rowStride = 0;
  std::array<int32_t, 4> dims{}, strides{};
  std::vector<int32_t> channels;
  bool signedShift = false;
  bool operator==(const Stream &) const = default;
};

/// A ring of rows in a core's memory; see `cimisa.buffer`.
struct Buffer {
  std::string name;
  uint32_t address = 0, rowBytes = 0, rows = 0;
  std::optional<uint32_t> data;
  uint64_t dataOffset = 0;
  bool operator==(const Buffer &) const = default;
};

/// The instructions of one firing; see `cimisa.block`.
struct Block {
  std::string name;
  std::vector<Instruction> instructions;
  bool operator==(const Block &) const = default;
};

/// A core's memory and program; see `cimisa.core`.
struct Core {
  uint32_t chip = 0, index = 0, memoryBytes = 0;
  std::vector<Buffer> buffers;
  std::vector<Block> blocks;
  std::vector<Instruction> control;
  bool operator==(const Core &) const = default;
};

/// A whole program.
struct Program {
  std::string name;
  target::Target target;
  std::vector<Segment> data;
  std::vector<Tile> tiles;
  std::vector<Channel> channels;
  std::vector<Stream> streams;
  std::vector<Core> cores;
  /// Chips that the host wakes for their epoch 0 at the beginning of each inference.
  std::vector<uint32_t> hostWakes;
  /// Keeps the memory behind `data` alive.
  std::shared_ptr<const void> storage;
};

} // namespace cimc::program

#endif // CIMC_PROGRAM_PROGRAM_H
