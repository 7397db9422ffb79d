//===- Report.cpp - What cimc-objdump prints -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything is a table of text cells; Table aligns it.
//
//===--------------------------------------------------------------------------===//

#include "Report.h"

#include "cimc/Program/Codec.h"
#include "cimc/Program/Disassembler.h"
#include "cimc/Target/Check.h"
#include "cimc/Target/Text.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

using namespace cimc;
using namespace cimc::program;

namespace {

/// Rows of cells. A column whose cells below the first row are all numbers is aligned to the right.
class Table {
public:
  explicit Table(std::vector<std::string> head) { rows.push_back(std::move(head)); }
  Table() = default;
  void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }

  std::string text() const {
    std::string out;
    for (const auto &row : rows) {
      std::string line = " ";
      for (size_t column = 0; column < row.size(); ++column) {
        std::string space(width(column) - row[column].size(), ' ');
        line += " " + (isNumeric(column) ? space + row[column] : row[column] + space) + " ";
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + "\n";
    }
    return out;
  }

private:
  size_t width(size_t column) const {
    if (column >= widths.size())
      measure();
    return widths[column];
  }
  bool isNumeric(size_t column) const { return numeric[column]; }
  void measure() const {
    for (const auto &row : rows)
      for (size_t column = 0; column < row.size(); ++column) {
        if (column == widths.size()) {
          widths.push_back(0);
          numeric.push_back(true);
        }
        widths[column] = std::max(widths[column], row[column].size());
        if (&row != &rows.front() &&
            row[column].find_first_not_of("0123456789.%") != std::string::npos)
          numeric[column] = false;
      }
  }

  std::vector<std::vector<std::string>> rows;
  mutable std::vector<size_t> widths;
  mutable std::vector<bool> numeric;
};

} // namespace

static std::string number(uint64_t value) { return std::to_string(value); }

static std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(value));
  return text;
}

template <class T> static std::string list(const std::vector<T> &values, const char *separator) {
  std::string out;
  for (const T &value : values)
    out += (out.empty() ? "" : separator) + std::to_string(value);
  return out;
}

static std::string streams(const Program &program) {
  Table table({"stream", "direction", "format", "shape", "rows", "channels"});
  for (const Stream &stream : program.streams)
    table.add({quoteName(stream.name), stream.isInput ? "input" : "output",
               stream.signedShift ? "u8 - 128" : std::string(toString(stream.format)),
               list(stream.shape, "x"), number(stream.rows), list(stream.channels, ",")});
  return table.text();
}

std::string objdump::headers(const Program &program, const FileLayout &layout) {
  const FileHeader &header = layout.header;
  Table table;
  table.add({"program", quoteName(program.name)});
  table.add({"format version", number(header.major) + "." + number(header.minor)});
  table.add({"feature bits", header.features == 0 ? "none" : hex(header.features)});
  table.add({"file", number(header.fileBytes) + " bytes"});
  table.add({"metadata", number(header.metadataBytes) + " bytes"});
  table.add({"checksum", hex(header.checksum)});
  table.add({"target", quoteName(program.target.name)});
  table.add({"chips",
             number(program.target.chips) + " of " + number(program.target.chip.cores) + " cores"});
  table.add({"woken by the host",
             program.hostWakes.empty() ? "none" : "chips " + list(program.hostWakes, ",")});
  return "header\n" + table.text() + "\ninputs and outputs\n" + streams(program);
}

/// The steps of a tile's converters: none, one, or the range of those of the columns.
static std::string steps(const Tile &tile) {
  if (tile.steps.empty())
    return "none";
  auto [least, greatest] = std::ranges::minmax(tile.steps);
  std::string from = target::formatNumber(double{least});
  return tile.steps.size() == 1 ? from : from + " to " + target::formatNumber(double{greatest});
}

static std::string tiles(const Program &program) {
  Table table({"tile", "layer", "core", "array", "row", "col", "rows", "cols", "segment", "offset",
               "pitch", "steps"});
  for (size_t i = 0; i < program.tiles.size(); ++i) {
    const Tile &tile = program.tiles[i];
    table.add({number(i), quoteName(tile.layer), number(tile.core), number(tile.array),
               number(tile.row), number(tile.col), number(tile.rows), number(tile.cols),
               number(tile.data), number(tile.offset), number(tile.pitch), steps(tile)});
  }
  return table.text();
}

static std::string channels(const Program &program) {
  Table table({"channel", "name", "from", "to", "message bytes", "depth"});
  for (size_t i = 0; i < program.channels.size(); ++i) {
    const Channel &channel = program.channels[i];
    table.add({number(i), quoteName(channel.name), endName(channel.source), endName(channel.target),
               number(channel.messageBytes), number(channel.depth)});
  }
  return table.text();
}

std::string objdump::sections(const Program &program, const FileLayout &layout) {
  Table parts({"section", "offset", "bytes", "checksum"});
  parts.add({"header", "0", number(kHeaderBytes), hex(layout.header.checksum)});
  parts.add({"metadata", number(layout.metadataOffset), number(layout.header.metadataBytes),
             hex(layout.header.checksum)});
  for (size_t i = 0; i < layout.segments.size(); ++i) {
    const SegmentEntry &segment = layout.segments[i];
    parts.add({"segment " + number(i), number(segment.offset), number(segment.size),
               hex(segment.checksum)});
  }
  return "sections\n" + parts.text() + "\ntiles\n" + tiles(program) + "\nchannels\n" +
         channels(program);
}

std::string objdump::target(const Program &program) {
  Table table;
  target::visitLeaves(program.target,
                      [&](const std::string &path, const target::Field &field, const auto &value) {
                        table.add({path, target::formatLeaf(field, value)});
                      });
  return "target\n" + table.text();
}

namespace {
/// Sums over one core, or over all of them.
struct Sums {
  uint64_t memory = 0, buffers = 0, blocks = 0, instructions = 0, codeBytes = 0;

  void add(const Sums &other) {
    memory += other.memory;
    buffers += other.buffers;
    blocks += other.blocks;
    instructions += other.instructions;
    codeBytes += other.codeBytes;
  }
  void addCode(const std::vector<Instruction> &code) {
    instructions += code.size();
    codeBytes += encodeInstructions(code).size();
  }
};
} // namespace

static Sums sumsOf(const Core &core) {
  Sums sums;
  for (const Buffer &buffer : core.buffers)
    sums.memory = std::max(sums.memory, buffer.address + uint64_t{buffer.rowBytes} * buffer.rows);
  sums.buffers = core.buffers.size();
  sums.blocks = core.blocks.size();
  for (const Block &block : core.blocks)
    sums.addCode(block.instructions);
  sums.addCode(core.control);
  return sums;
}

static std::string coreTable(const Program &program, Sums &total) {
  Table table({"core", "chip", "index", "memory used", "of", "buffers", "blocks", "instructions",
               "code bytes"});
  for (size_t i = 0; i < program.cores.size(); ++i) {
    const Core &core = program.cores[i];
    Sums sums = sumsOf(core);
    total.add(sums);
    table.add({number(i), number(core.chip), number(core.index), number(sums.memory),
               number(core.memoryBytes), number(sums.buffers), number(sums.blocks),
               number(sums.instructions), number(sums.codeBytes)});
  }
  return table.text();
}

static std::string instructionTable(const Program &program) {
  std::array<uint64_t, kInstructionCount> counts{};
  auto count = [&](const std::vector<Instruction> &code) {
    for (const Instruction &instruction : code)
      ++counts[instruction.index()];
  };
  for (const Core &core : program.cores) {
    for (const Block &block : core.blocks)
      count(block.instructions);
    count(core.control);
  }
  Table table({"instruction", "unit", "count"});
  for (size_t i = 0; i < kInstructionCount; ++i)
    if (counts[i] != 0)
      table.add({std::string(kInstructions[i].mnemonic),
                 std::string(toString(kInstructions[i].unit)), number(counts[i])});
  return table.text();
}

/// Shutdowns that a core executes in one inference, at most 2^40. Loops of a program that is not
/// valid need not be balanced.
static uint64_t shutdownsOf(const Core &core) {
  constexpr uint64_t most = uint64_t{1} << 40;
  uint64_t total = 0;
  std::vector<uint64_t> trips{1};
  for (const Instruction &instruction : core.control)
    if (auto *loop = std::get_if<Loop>(&instruction))
      trips.push_back(loop->count == 0 ? 0
                                       : std::min(trips.back(), most / loop->count) * loop->count);
    else if (std::holds_alternative<End>(instruction) && trips.size() > 1)
      trips.pop_back();
    else if (std::holds_alternative<Shutdown>(instruction))
      total = std::min(total + trips.back(), most);
  return total;
}

/// The chips that have cores or are woken: their epochs in one inference, and who wakes them.
static std::string chipTable(const Program &program) {
  struct Chip {
    uint64_t cores = 0, epochs = 0;
    std::set<std::string> wakers;
  };
  std::map<uint32_t, Chip> chips;
  for (uint32_t chip : program.hostWakes)
    chips[chip].wakers.insert("host");
  for (size_t i = 0; i < program.cores.size(); ++i) {
    const Core &core = program.cores[i];
    Chip &chip = chips[core.chip];
    ++chip.cores;
    chip.epochs = std::max(chip.epochs, shutdownsOf(core));
    for (const Block &block : core.blocks)
      for (const Instruction &instruction : block.instructions)
        if (auto *wake = std::get_if<Wake>(&instruction))
          chips[wake->chip].wakers.insert(endName(static_cast<uint32_t>(i)));
  }
  Table table({"chip", "cores", "epochs", "woken by"});
  for (const auto &[index, chip] : chips) {
    std::string wakers;
    for (const std::string &waker : chip.wakers)
      wakers += (wakers.empty() ? "" : ", ") + waker;
    table.add({number(index), number(chip.cores), number(chip.epochs),
               chip.epochs == 0 && wakers.empty() ? "always on" : wakers});
  }
  return table.text();
}

/// Cells with weights, and cells of the arrays that hold any, in percent; of engines bytes of their
/// weight memories.
static std::string arrayUse(const Program &program, size_t arrays) {
  const target::Core &core = program.target.chip.core;
  bool isEngine = core.kind == target::CoreKind::Engine;
  double each =
      isEngine ? core.engine.weightBytes : 1.0 * target::weightRows(core.array) * core.array.cols;
  double used = 0, all = static_cast<double>(arrays) * each;
  for (const Tile &tile : program.tiles)
    used += static_cast<double>(tile.rows) * tile.cols;
  char text[64];
  std::snprintf(text, sizeof text, "%zu, %.1f %% of their %s", arrays,
                all == 0 ? 0.0 : 100.0 * used / all, isEngine ? "weight memory" : "cells");
  return text;
}

std::string objdump::stats(const Program &program) {
  Sums total;
  std::string cores = coreTable(program, total);
  std::set<std::pair<uint32_t, uint32_t>> arrays;
  for (const Tile &tile : program.tiles)
    arrays.emplace(tile.core, tile.array);
  uint64_t constantBytes = 0, fifoBytes = 0;
  for (const Segment &segment : program.data)
    constantBytes += segment.size();
  for (const Channel &channel : program.channels)
    fifoBytes += uint64_t{channel.messageBytes} * channel.depth;
  Table table;
  table.add({"cores", number(program.cores.size())});
  bool isEngine = program.target.chip.core.kind == target::CoreKind::Engine;
  table.add({isEngine ? "engines" : "arrays", arrayUse(program, arrays.size())});
  table.add({"tiles", number(program.tiles.size())});
  table.add({"channels", number(program.channels.size()) + ", " + number(fifoBytes) + " bytes"});
  table.add({"constants",
             number(program.data.size()) + " segments, " + number(constantBytes) + " bytes"});
  table.add({"core memory", number(total.memory) + " bytes"});
  table.add(
      {"instructions", number(total.instructions) + ", " + number(total.codeBytes) + " bytes"});
  return "statistics\n" + table.text() + "\nchips\n" + chipTable(program) + "\ncores\n" + cores +
         "\ninstructions\n" + instructionTable(program);
}
