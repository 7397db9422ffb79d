//===- ValidatorTables.cpp - Cores, tiles, channels and streams -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every index of a table points into the table it names, and every rectangle and range lies inside
// what holds it. Sums of fields are avoided: what is left is found by subtraction, which cannot
// wrap.
//
//===--------------------------------------------------------------------------===//

#include "ValidatorChecks.h"
#include "cimc/Program/Limits.h"
#include "cimc/Target/Check.h"
#include "cimc/Target/Slices.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

using namespace cimc;
using namespace cimc::program;

/// Is [offset, offset + length) inside [0, size)?
static bool fits(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

Status program::checkCores(const Program &program) {
  const target::Target &target = program.target;
  std::set<std::pair<uint32_t, uint32_t>> places;
  std::map<uint32_t, uint64_t> shared; // bytes of its buffer, by chip
  for (size_t i = 0; i < program.cores.size(); ++i) {
    const Core &core = program.cores[i];
    if (core.chip >= target.chips)
      return failure("core ", i, ": chip ", core.chip, " does not exist, target '", target.name,
                     "' has ", target.chips);
    if (core.index >= target.chip.cores)
      return failure("core ", i, ": index ", core.index, " does not exist, a chip of target '",
                     target.name, "' has ", target.chip.cores, " cores");
    if (!places.insert({core.chip, core.index}).second)
      return failure("core ", i, ": core ", core.index, " of chip ", core.chip, " is used twice");
    if (core.memoryBytes <= target.chip.core.memoryBytes)
      continue;
    uint64_t &used = shared[core.chip];
    used += core.memoryBytes - target.chip.core.memoryBytes;
    if (used > target.chip.buffer.sizeBytes)
      return failure("core ", i, ": needs ", core.memoryBytes, " bytes of memory, target '",
                     target.name, "' has ", target.chip.core.memoryBytes,
                     target.chip.buffer.sizeBytes == 0
                         ? std::string()
                         : " and a buffer of " + std::to_string(target.chip.buffer.sizeBytes) +
                               " for all cores of a chip, of which cores up to this one take " +
                               std::to_string(used));
  }
  return Status::success();
}

//===--------------------------------------------------------------------------===//
// Tiles
//===--------------------------------------------------------------------------===//

/// The bytes of a tile's weights lie in its segment.
static Status checkTileData(const Program &program, const Tile &tile, const std::string &where) {
  if (tile.data >= program.data.size())
    return failure(where, "data segment ", tile.data, " does not exist, the program has ",
                   program.data.size());
  if (tile.pitch < tile.cols)
    return failure(where, "pitch ", tile.pitch, " must be at least the number of columns, ",
                   tile.cols);
  uint64_t bytes = uint64_t{tile.rows - 1} * tile.pitch + tile.cols;
  if (!fits(tile.offset, bytes, program.data[tile.data].size()))
    return failure(where, "needs ", bytes, " bytes at offset ", tile.offset, " of segment ",
                   tile.data, ", which has ", program.data[tile.data].size());
  return Status::success();
}

static bool isEngine(const Program &program) {
  return program.target.chip.core.kind == target::CoreKind::Engine;
}

/// The tile's weights are levels that cells have. Engines keep bytes.
static Status checkCells(const Program &program, const Tile &tile, const std::string &where) {
  uint32_t cellBits = program.target.chip.core.array.cellBits;
  if (isEngine(program) || cellBits == 0 || cellBits >= 8)
    return Status::success();
  const std::byte *weights = program.data[tile.data].data() + tile.offset;
  int8_t smallest = INT8_MAX, largest = INT8_MIN;
  for (uint64_t row = 0; row < tile.rows; ++row)
    for (uint64_t col = 0; col < tile.cols; ++col) {
      auto weight = static_cast<int8_t>(weights[row * tile.pitch + col]);
      smallest = std::min(smallest, weight);
      largest = std::max(largest, weight);
    }
  if (!target::fitCells(smallest, largest, cellBits))
    return failure(where, "weights from ", int{smallest}, " to ", int{largest},
                   " must fit cells of ", cellBits, " bits, all signed or all unsigned");
  return Status::success();
}

/// The bytes that a tile takes in an engine.
static uint64_t weightBytes(const Tile &tile) { return uint64_t{tile.rows} * tile.cols; }

/// Steps of converters are one for the tile, one per column, or one per column and row, and none of
/// them finer than the integers of the sums. An engine has no converters.
static Status checkSteps(const Program &program, const Tile &tile, const std::string &where) {
  size_t count = tile.steps.size();
  if (count == 0)
    return Status::success();
  if (isEngine(program))
    return failure(where, "an engine has no converters, but there are ", count, " steps");
  if (count != 1 && count != tile.cols && count != uint64_t{tile.cols} + tile.rows)
    return failure(where, "must have one converter step, one per column (", tile.cols,
                   "), or one per column and row (", uint64_t{tile.cols} + tile.rows, "), but has ",
                   count);
  for (float step : tile.steps)
    if (!(step >= 1 && step <= kMaxConverterStep)) // a NaN fails
      return failure(where, "a converter step must be between 1 and ", kMaxConverterStep,
                     ", but is ", step);
  return Status::success();
}

/// A tile lies inside its array, or inside the weight memory of its engine.
static Status checkTilePlace(const target::Core &core, const Tile &tile, const std::string &where) {
  if (core.kind == target::CoreKind::Engine) {
    if (tile.col != 0)
      return failure(where, "the first column must be 0 in an engine, but is ", tile.col);
    if (!fits(tile.row, weightBytes(tile), core.engine.weightBytes))
      return failure(where, tile.rows, " x ", tile.cols, " weights at byte ", tile.row,
                     " leave the weight memory, which has ", core.engine.weightBytes, " bytes");
    return Status::success();
  }
  const target::Array &array = core.array;
  uint32_t rows = target::weightRows(array);
  if (!fits(tile.row, tile.rows, rows) || !fits(tile.col, tile.cols, array.cols))
    return failure(where, tile.rows, " x ", tile.cols, " weights at row ", tile.row, ", column ",
                   tile.col, " leave the array, which has ", rows, " x ", array.cols);
  return Status::success();
}

Status program::checkTileRanges(const Program &program) {
  const target::Core &core = program.target.chip.core;
  // The weight memory of an engine counts as its one array.
  uint32_t arrays = isEngine(program) ? 1 : core.array.perCore;
  for (size_t i = 0; i < program.tiles.size(); ++i) {
    const Tile &tile = program.tiles[i];
    std::string where = "tile " + std::to_string(i) + " of '" + tile.layer + "': ";
    if (tile.core >= program.cores.size())
      return failure(where, "core ", tile.core, " does not exist, the program has ",
                     program.cores.size());
    if (tile.array >= arrays)
      return failure(where, "array ", tile.array, " does not exist, a core has ", arrays);
    if (tile.rows == 0 || tile.cols == 0)
      return failure(where, "must have at least one row and one column, but is ", tile.rows, " x ",
                     tile.cols);
    if (Status status = checkTilePlace(core, tile, where); !status)
      return status;
    if (Status status = checkTileData(program, tile, where); !status)
      return status;
    if (Status status = checkCells(program, tile, where); !status)
      return status;
    if (Status status = checkSteps(program, tile, where); !status)
      return status;
  }
  return Status::success();
}

/// Sweeps over the rows of one array; `order` holds its tiles, by first row. Columns of tiles under
/// the sweep are kept by first column; a new tile can only meet its neighbours.
static Status sweepArray(const Program &program, std::span<const uint32_t> order) {
  std::map<uint32_t, uint32_t> open;      // first column -> tile
  std::multimap<uint32_t, uint32_t> ends; // end row -> tile
  for (uint32_t number : order) {
    const Tile &tile = program.tiles[number];
    while (!ends.empty() && ends.begin()->first <= tile.row) {
      open.erase(program.tiles[ends.begin()->second].col);
      ends.erase(ends.begin());
    }
    auto next = open.lower_bound(tile.col);
    std::optional<uint32_t> other;
    if (next != open.end() && next->first < tile.col + tile.cols)
      other = next->second;
    if (next != open.begin()) {
      const Tile &left = program.tiles[std::prev(next)->second];
      if (left.col + left.cols > tile.col)
        other = std::prev(next)->second;
    }
    if (other)
      return failure("tile ", number, " of '", tile.layer, "': shares cells of array ", tile.array,
                     " of core ", tile.core, " with tile ", *other, " of '",
                     program.tiles[*other].layer, "'");
    open[tile.col] = number;
    ends.emplace(tile.row + tile.rows, number);
  }
  return Status::success();
}

/// `order` holds the tiles of one engine, by first byte. All before one are apart, so it can only
/// meet the last of them.
static Status sweepEngine(const Program &program, std::span<const uint32_t> order) {
  for (size_t i = 1; i < order.size(); ++i) {
    const Tile &tile = program.tiles[order[i]], &before = program.tiles[order[i - 1]];
    if (before.row + weightBytes(before) > tile.row)
      return failure("tile ", order[i], " of '", tile.layer, "': shares bytes from ", tile.row,
                     " on of the weight memory of core ", tile.core, " with tile ", order[i - 1],
                     " of '", before.layer, "'");
  }
  return Status::success();
}

Status program::checkTilesDisjoint(const Program &program) {
  std::vector<uint32_t> order(program.tiles.size());
  for (uint32_t i = 0; i < order.size(); ++i)
    order[i] = i;
  auto key = [&](uint32_t i) {
    const Tile &tile = program.tiles[i];
    return std::tuple(tile.core, tile.array, tile.row, i);
  };
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return key(a) < key(b); });
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    const Tile &first = program.tiles[order[begin]];
    while (end < order.size() && program.tiles[order[end]].core == first.core &&
           program.tiles[order[end]].array == first.array)
      ++end;
    auto sweep = isEngine(program) ? sweepEngine : sweepArray;
    if (Status status = sweep(program, std::span(order).subspan(begin, end - begin)); !status)
      return status;
  }
  return Status::success();
}

//===--------------------------------------------------------------------------===//
// Channels and streams
//===--------------------------------------------------------------------------===//

Status program::checkChannels(const Program &program) {
  for (size_t i = 0; i < program.channels.size(); ++i) {
    const Channel &channel = program.channels[i];
    std::string where = "channel " + std::to_string(i) + " '" + channel.name + "': ";
    for (uint32_t end : {channel.source, channel.target})
      if (end != kHost && end >= program.cores.size())
        return failure(where, "core ", end, " does not exist, the program has ",
                       program.cores.size());
    if (channel.source == channel.target)
      return failure(where, "must join two different ends, but source and target are the same");
    if (channel.messageBytes == 0 || channel.depth == 0)
      return failure(where, "message bytes and depth must be at least 1, but are ",
                     channel.messageBytes, " and ", channel.depth);
    uint64_t bytes = uint64_t{channel.messageBytes} * channel.depth;
    if (uint64_t size = program.target.chip.buffer.sizeBytes; channel.inBuffer && bytes > size)
      return failure(where, "its messages take ", bytes, " bytes of the chip's buffer, target '",
                     program.target.name, "' has ", size);
    if (channel.inBuffer && channel.target == kHost)
      return failure(where, "its messages go to the host, so they cannot wait in a chip's buffer");
  }
  return Status::success();
}

/// Every element that a stream's rows touch lies in its tensor.
static Status checkStreamElements(const Stream &stream, const std::string &where) {
  uint64_t elements = 1;
  for (int64_t extent : stream.shape) {
    if (extent < 1 || static_cast<uint64_t>(extent) > kMaxStreamElements / elements)
      return failure(where, "the shape must have extents of at least 1 and at most ",
                     kMaxStreamElements, " elements, but has an extent of ", extent);
    elements *= static_cast<uint64_t>(extent);
  }
  __int128 low = 0, high = 0, perRow = 1;
  auto extend = [&](__int128 extent, __int128 stride) {
    __int128 reach = (extent - 1) * stride;
    (reach < 0 ? low : high) += reach;
  };
  extend(stream.rows, stream.rowStride);
  for (size_t i = 0; i < 4; ++i) {
    if (stream.dims[i] < 1)
      return failure(where, "dimensions of a row must be at least 1, but one is ", stream.dims[i]);
    extend(stream.dims[i], stream.strides[i]);
    perRow *= stream.dims[i];
  }
  if (low < 0 || high >= static_cast<__int128>(elements))
    return failure(where, "rows reach elements outside the tensor of ", elements, " elements");
  if (!stream.isInput && perRow * stream.rows != static_cast<__int128>(elements))
    return failure(where, "the rows of an output must make up the whole tensor of ", elements,
                   " elements");
  return Status::success();
}

/// A stream's channel joins it with the host and carries its rows.
static Status checkStreamChannel(const Program &program, const Stream &stream, uint32_t number,
                                 std::vector<bool> &taken, const std::string &where) {
  if (number >= program.channels.size())
    return failure(where, "channel ", number, " does not exist, the program has ",
                   program.channels.size());
  const Channel &channel = program.channels[number];
  if ((stream.isInput ? channel.source : channel.target) != kHost)
    return failure(where, "the host must be the ", stream.isInput ? "source" : "target",
                   " of channel ", number, " '", channel.name, "'");
  if (taken[number])
    return failure(where, "channel ", number, " '", channel.name, "' belongs to two streams");
  taken[number] = true;
  __int128 bytes = bytesOf(stream.format);
  for (int32_t extent : stream.dims)
    bytes *= extent;
  if (bytes != channel.messageBytes)
    return failure(where, "a row must have the message size of channel ", number, ", ",
                   channel.messageBytes, " bytes, but its dimensions are ", stream.dims[0], " x ",
                   stream.dims[1], " x ", stream.dims[2], " x ", stream.dims[3], " of ",
                   bytesOf(stream.format), " bytes");
  return Status::success();
}

static Status checkStream(const Program &program, const Stream &stream, std::vector<bool> &taken) {
  std::string where = "stream '" + stream.name + "': ";
  if (stream.rows == 0)
    return failure(where, "must have at least one row");
  if (stream.format == Format::F16)
    return failure(where, "the format must be i8, i32, f32 or i64, but is f16, which the host does "
                          "not keep");
  if (stream.channels.empty() || (!stream.isInput && stream.channels.size() != 1))
    return failure(where, "must have ", stream.isInput ? "at least" : "exactly",
                   " one channel, but has ", stream.channels.size());
  if (stream.signedShift && stream.format != Format::I8)
    return failure(where, "a signed shift needs format i8, but the format is ",
                   toString(stream.format));
  if (Status status = checkStreamElements(stream, where); !status)
    return status;
  for (int32_t channel : stream.channels)
    if (Status status =
            checkStreamChannel(program, stream, static_cast<uint32_t>(channel), taken, where);
        !status)
      return status;
  return Status::success();
}

Status program::checkStreams(const Program &program) {
  std::vector<bool> taken(program.channels.size());
  std::set<std::pair<bool, std::string>> names;
  for (const Stream &stream : program.streams) {
    if (!names.insert({stream.isInput, stream.name}).second)
      return failure("stream '", stream.name, "': two ", stream.isInput ? "inputs" : "outputs",
                     " have this name");
    if (Status status = checkStream(program, stream, taken); !status)
      return status;
  }
  for (size_t i = 0; i < taken.size(); ++i) {
    const Channel &channel = program.channels[i];
    if (!taken[i] && (channel.source == kHost || channel.target == kHost))
      return failure("channel ", i, " '", channel.name,
                     "': ends at the host, but belongs to no stream");
  }
  return Status::success();
}
