//===- TimingModel.cpp - Costs and operands of instructions ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns each instruction into its cost and the memory it touches; one function per instruction
// states both, in the terms of docs/timing.md. Operands are first byte ranges, one per slot of
// their ring; all ends of ranges together cut the memory into cells, and the ranges become ranges
// of cells. Buffers that share addresses are thereby seen to collide.
//
//===--------------------------------------------------------------------------===//

#include "TimingModel.h"

#include "MessageRoutes.h"
#include "ReadCost.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace cimc::executor::timing {
namespace {

using namespace cimc::program;
using Strides = std::array<int32_t, 4>;

/// More than this in one core is no sensible program, but could take all memory.
constexpr uint64_t kMaxRanges = uint64_t{1} << 26;

uint64_t sizeOf(Format format) {
  constexpr uint64_t sizes[] = {1, 4, 4, 8, 2};
  return sizes[static_cast<size_t>(format)];
}

uint64_t product(const Strides &dims) {
  uint64_t count = 1;
  for (int32_t extent : dims)
    count *= static_cast<uint64_t>(extent);
  return count;
}

const target::DigitalFunction &costOf(const target::Digital &digital, UnaryFn fn) {
  switch (fn) {
  case UnaryFn::Abs:
  case UnaryFn::Neg:
  case UnaryFn::Floor:
  case UnaryFn::Ceil:
  case UnaryFn::RoundEven:
    return digital.add;
  case UnaryFn::Sqrt:
  case UnaryFn::Rsqrt:
    return digital.divide;
  default:
    return digital.transcendental;
  }
}

const target::DigitalFunction &costOf(const target::Digital &digital, BinaryFn fn) {
  switch (fn) {
  case BinaryFn::Mul:
    return digital.multiply;
  case BinaryFn::Div:
    return digital.divide;
  case BinaryFn::Pow:
    return digital.transcendental;
  default:
    return digital.add;
  }
}

/// A range of bytes from the beginning of a row; `low` is negative for negative strides.
struct Extent {
  int64_t low = 0, high = 0;
};

Extent extentOf(uint64_t bytes) { return {0, static_cast<int64_t>(bytes)}; }

Extent extentOf(const Strides &dims, const Strides &strides, Format format) {
  int64_t low = 0, high = 0, size = static_cast<int64_t>(sizeOf(format));
  for (size_t i = 0; i < dims.size(); ++i) {
    int64_t reach = (int64_t(dims[i]) - 1) * strides[i];
    (reach < 0 ? low : high) += reach;
  }
  return {low * size, (high + 1) * size};
}

/// Reduces the instructions of one core.
class CoreBuilder {
public:
  CoreBuilder(const Program &program, uint32_t number, Model &model,
              std::map<std::string, uint32_t> &layerNumbers)
      : program(program), core(program.cores[number]), target(model.target.chip.core), model(model),
        layerNumbers(layerNumbers) {
    result.arrays = target.kind == target::CoreKind::Engine ? 1 : target.array.perCore;
    result.chip = core.chip;
    std::set<uint32_t> used;
    for (const Tile &tile : program.tiles)
      if (tile.core == number)
        used.insert(tile.array);
    result.arraysUsed = static_cast<uint32_t>(used.size());
    if (!used.empty())
      result.arrays = std::max(result.arrays, *used.rbegin() + 1);
  }

  Result<CoreModel> build() {
    for (const Block &block : core.blocks) {
      result.blockBegin.push_back(static_cast<uint32_t>(result.works.size()));
      for (const Instruction &instruction : block.instructions) {
        work = Work{};
        work.firstOperand = static_cast<uint32_t>(result.operands.size());
        work.layer = layerNumber(block.name);
        std::visit([this](const auto &op) { reduce(op); }, instruction);
        useBuffer();
        work.operands = static_cast<uint32_t>(result.operands.size()) - work.firstOperand;
        result.works.push_back(work);
      }
    }
    result.blockBegin.push_back(static_cast<uint32_t>(result.works.size()));
    for (const Instruction &instruction : core.control)
      std::visit([this](const auto &op) { addControl(op); }, instruction);
    if (tooManyRanges)
      return Error{"core " + std::to_string(core.index) + " has more than " +
                   std::to_string(kMaxRanges) + " places of operands to keep track of"};
    cutCells();
    return std::move(result);
  }

private:
  uint32_t layerNumber(const std::string &name) {
    auto [it, isNew] = layerNumbers.try_emplace(name, static_cast<uint32_t>(model.layers.size()));
    if (isNew)
      model.layers.push_back(name);
    return it->second;
  }

  // Control.
  void addControl(const Loop &op) {
    result.control.push_back({ControlStep::Kind::Loop, 0, op.count});
    turns.push_back(turns.back() * op.count);
  }
  void addControl(const End &) {
    result.control.push_back({ControlStep::Kind::End, 0, 0});
    turns.pop_back();
  }
  void addControl(const Shutdown &) {
    result.control.push_back({ControlStep::Kind::Shutdown, 0, 0});
    result.epochs += turns.back();
  }
  void addControl(const Fire &op) {
    result.control.push_back({ControlStep::Kind::Fire, op.block, op.times});
  }
  template <class T> void addControl(const T &) {}

  // Operands.
  void touch(const Row &row, Extent extent, bool isWrite) {
    const Buffer &buffer = core.buffers[row.buffer];
    Operand operand;
    operand.mul = row.mul;
    operand.div = row.div;
    operand.add = row.add;
    add(buffer, operand, {row.offset + extent.low, row.offset + extent.high}, isWrite);
  }

  void touch(const Window &window, Format format) {
    const Buffer &buffer = core.buffers[window.buffer];
    Operand operand;
    operand.mul = window.mul;
    operand.div = window.div;
    operand.add = window.add;
    operand.rows = window.kernelH;
    operand.step = window.dilationH;
    operand.height = window.height;
    int64_t size = static_cast<int64_t>(sizeOf(format)), channel = firstElementOf(window);
    int64_t first = std::max<int64_t>(firstColumnOf(window), 0) * window.pitch + channel;
    int64_t last = (int64_t(window.width) - 1) * window.pitch + channel + window.channels;
    add(buffer, operand, {first * size, last * size}, false);
  }

  void add(const Buffer &buffer, Operand operand, Extent extent, bool isWrite) {
    if (buffer.data || extent.low >= extent.high)
      return; // constants are always there
    operand.isWrite = isWrite;
    operand.slots = buffer.rows;
    if (buffer.address >= target.memoryBytes)
      sharedBytes += static_cast<uint64_t>(extent.high - extent.low) * operand.rows;
    operand.ranges = static_cast<uint32_t>(bytes.size());
    tooManyRanges |= bytes.size() + buffer.rows > kMaxRanges;
    if (!tooManyRanges)
      for (uint32_t slot = 0; slot < buffer.rows; ++slot) {
        int64_t base = int64_t(buffer.address) + int64_t(slot) * buffer.rowBytes;
        bytes.push_back({base + extent.low, base + extent.high});
      }
    result.operands.push_back(operand);
  }

  void read(const Row &row, Extent extent) { touch(row, extent, false); }
  void write(const Row &row, Extent extent) { touch(row, extent, true); }

  // Costs.
  void useMemory(uint64_t byteCount) {
    work.energy.memory += static_cast<double>(byteCount) * target.memoryPjPerByte;
  }

  /// Operands in the chip's buffer pass through its port while the instruction runs.
  void useBuffer() {
    const target::ChipBuffer &buffer = model.target.chip.buffer;
    if (uint64_t byteCount = std::exchange(sharedBytes, 0); byteCount > 0) {
      work.sharedNs = buffer.latencyNs + static_cast<double>(byteCount) / buffer.bytesPerNs;
      work.ns = std::max(work.ns, work.sharedNs);
      work.energy.memory += static_cast<double>(byteCount) * buffer.pjPerByte;
    }
  }

  void useDigital(const target::DigitalFunction &function, uint64_t elements) {
    work.unit = UnitKind::Digital;
    work.unitIndex = result.digitalUnit();
    double turns = std::ceil(static_cast<double>(elements) / target.digital.lanes);
    work.ns = (function.latencyCycles + turns * function.intervalCycles) / target.digital.clockGhz;
    work.energy.digital = static_cast<double>(elements) * function.pjPerElement;
  }

  void useLink(uint32_t channel, bool isSend) {
    work.unit = isSend ? UnitKind::Send : UnitKind::Receive;
    work.unitIndex = isSend ? result.sendUnit() : result.receiveUnit();
    work.channel = channel;
    const ChannelModel &route = model.channels[channel];
    work.ns = isSend ? route.routeNs : route.portNs;
    if (isSend)
      work.energy += route.energy;
    useMemory(program.channels[channel].messageBytes);
    if (program.channels[channel].inBuffer) // written when it arrives, read when it is taken
      sharedBytes += isSend ? 0 : 2 * uint64_t{program.channels[channel].messageBytes};
  }

  static Extent chunksOf(uint32_t chunks, uint32_t chunkBytes, uint32_t pitch) {
    return extentOf(chunks == 0 ? 0 : (uint64_t(chunks) - 1) * pitch + chunkBytes);
  }

  // One function per instruction.
  void reduce(const Wake &op) {
    work.unit = UnitKind::None;
    work.chip = op.chip;
    work.epoch = op.epoch;
  }
  void reduce(const Send &op) {
    useLink(op.channel, true);
    read(op.src, chunksOf(op.chunks, op.chunkBytes, op.pitch));
  }
  void reduce(const Recv &op) {
    useLink(op.channel, false);
    write(op.dst, chunksOf(op.chunks, op.chunkBytes, op.pitch));
  }
  void reduce(const Read &op) {
    const Tile &tile = program.tiles[op.tile];
    bool forward = op.direction == Direction::Forward;
    uint64_t inputs = forward ? tile.rows : tile.cols, outputs = forward ? tile.cols : tile.rows,
             positions = op.window.positions;
    work.unit = UnitKind::Array;
    work.unitIndex = tile.array;
    work.layer = layerNumber(tile.layer);
    work.reads = positions * op.passes;
    work.macs = positions * inputs * outputs;
    Cost cost = readCost(target, tile, op);
    work.ns = cost.ns;
    work.energy.array = cost.pj;
    useMemory(positions * inputs + positions * outputs * 4 * (op.accumulate ? 2 : 1));
    touch(op.window, Format::I8);
    write(op.dst, extentOf(positions * outputs * 4));
  }
  void reduce(const Requant &op) {
    uint64_t count = uint64_t(op.positions) * op.channels;
    useDigital(target.digital.multiply, count);
    useMemory(count * (4 + sizeOf(op.to)) + uint64_t(op.channels) * 8);
    read(op.src, extentOf(count * 4));
    write(op.dst,
          extentOf(((uint64_t(op.positions) - 1) * op.dstPitch + op.channels) * sizeOf(op.to)));
  }
  void reduce(const Quantize &op) {
    useDigital(target.digital.multiply, op.count);
    useMemory(uint64_t(op.count) * 5);
    read(op.src, extentOf(uint64_t(op.count) * 4));
    write(op.dst, extentOf(op.count));
  }
  void reduce(const Dequantize &op) {
    useDigital(target.digital.multiply, op.count);
    useMemory(uint64_t(op.count) * 5);
    read(op.src, extentOf(op.count));
    write(op.dst, extentOf(uint64_t(op.count) * 4));
  }
  void reduce(const AddQuantized &op) {
    useDigital(target.digital.multiply,
               uint64_t(op.count) * 3); // scale a, scale b and add, scale the sum
    useMemory(uint64_t(op.count) * 3);
    read(op.a, extentOf(op.count));
    read(op.b, extentOf(op.count));
    write(op.dst, extentOf(op.count));
  }
  void reduce(const ShiftAdd &op) {
    useDigital(target.digital.add, op.count); // a shift by a constant is wiring
    useMemory(uint64_t(op.count) * (op.accumulate ? 12 : 8));
    read(op.src, extentOf(uint64_t(op.count) * 4));
    if (op.accumulate)
      read(op.dst, extentOf(uint64_t(op.count) * 4));
    write(op.dst, extentOf(uint64_t(op.count) * 4));
  }
  void reduce(const Lookup &op) {
    useDigital(target.digital.multiply, op.count);
    useMemory(uint64_t(op.count) * 3);
    read(op.src, extentOf(op.count));
    read(op.table, extentOf(256));
    write(op.dst, extentOf(op.count));
  }
  template <class Op> void unary(const Op &op, Format format) {
    uint64_t bytes = op.count * sizeOf(format);
    useDigital(costOf(target.digital, op.fn), op.count);
    useMemory(bytes * 2);
    read(op.src, extentOf(bytes));
    write(op.dst, extentOf(bytes));
  }
  // A generator takes what a multiplication does: shift registers beside the multiplier.
  void reduce(const Random &op) {
    useDigital(target.digital.multiply, op.count);
    useMemory(uint64_t(op.count) * 4);
    write(op.dst, extentOf(uint64_t(op.count) * 4));
  }
  void reduce(const Unary &op) { unary(op, Format::F32); }
  void reduce(const UnaryF16 &op) { unary(op, Format::F16); }
  void reduce(const Binary &op) {
    uint64_t count = product(op.dims);
    useDigital(costOf(target.digital, op.fn), count);
    useMemory(count * 3 * sizeOf(op.format));
    read(op.a, extentOf(op.dims, op.aStrides, op.format));
    read(op.b, extentOf(op.dims, op.bStrides, op.format));
    write(op.dst, extentOf(op.dims, op.dstStrides, op.format));
  }
  void reduce(const Select &op) {
    uint64_t count = product(op.dims);
    useDigital(target.digital.add, count);
    useMemory(count * (4 + 3 * sizeOf(op.format)));
    read(op.condition, extentOf(op.dims, op.conditionStrides, Format::F32));
    read(op.a, extentOf(op.dims, op.aStrides, op.format));
    read(op.b, extentOf(op.dims, op.bStrides, op.format));
    write(op.dst, extentOf(op.dims, op.dstStrides, op.format));
  }
  void reduce(const Convert &op) {
    useDigital(target.digital.multiply, op.count);
    useMemory(op.count * (sizeOf(op.from) + sizeOf(op.to)));
    read(op.src, extentOf(op.count * sizeOf(op.from)));
    write(op.dst, extentOf(op.count * sizeOf(op.to)));
  }
  void reduce(const Copy &op) {
    uint64_t count = product(op.dims);
    useDigital(target.digital.move, count);
    useMemory(count * 2 * sizeOf(op.format));
    read(op.src, extentOf(op.dims, op.srcStrides, op.format));
    write(op.dst, extentOf(op.dims, op.dstStrides, op.format));
  }
  void reduce(const Fill &op) {
    useDigital(target.digital.move, op.count);
    useMemory(op.count * sizeOf(op.format));
    write(op.dst, extentOf(op.count * sizeOf(op.format)));
  }
  void reduce(const Reduce &op) {
    uint64_t results = uint64_t(op.outer) * op.inner, count = results * op.extent;
    useDigital(op.fn == ReduceFn::Prod ? target.digital.multiply : target.digital.add, count);
    useMemory((count + results * (op.accumulate ? 2 : 1)) * sizeOf(op.format));
    read(op.src, extentOf(count * sizeOf(op.format)));
    write(op.dst, extentOf(results * sizeOf(op.format)));
  }
  void reduce(const Pool &op) {
    const Window &window = op.window;
    uint64_t results = uint64_t(window.positions) * window.channels,
             count = results * window.kernelH * window.kernelW;
    uint64_t resultBytes =
        op.format == Format::I8 && op.fn == ReduceFn::Sum ? 4 : sizeOf(op.format);
    useDigital(op.fn == ReduceFn::Prod ? target.digital.multiply : target.digital.add, count);
    useMemory(count * sizeOf(op.format) + results * resultBytes);
    touch(window, op.format);
    write(op.dst, extentOf(results * resultBytes));
  }
  void reduce(const Unfold &op) {
    const Window &window = op.window;
    uint64_t count = uint64_t(window.positions) * window.channels * window.kernelH * window.kernelW;
    useDigital(target.digital.move, count);
    useMemory(count * 2 * sizeOf(op.format));
    touch(window, op.format);
    write(op.dst, extentOf(count * sizeOf(op.format)));
  }
  void reduce(const Depthwise &op) {
    const Window &window = op.window;
    uint64_t results = uint64_t(window.positions) * window.channels * op.multiplier,
             taps = uint64_t(window.kernelH) * window.kernelW;
    useDigital(target.digital.multiply, results * taps);
    useMemory(2 * results * taps + results * 4);
    touch(window, Format::I8);
    read(op.weights, extentOf(taps * window.channels * op.multiplier));
    write(op.dst, extentOf(results * 4));
  }
  void reduce(const Matmul &op) {
    const Window &window = op.window;
    uint64_t results = uint64_t(window.positions) * op.groups * op.columns,
             taps = uint64_t(window.kernelH) * window.kernelW * (window.channels / op.groups);
    useDigital(target.digital.multiply, results * taps);
    uint64_t resultBytes = op.format == Format::I8 ? 4 : sizeOf(op.format);
    useMemory(2 * results * taps * sizeOf(op.format) + results * resultBytes);
    touch(window, op.format);
    read(op.matrix, extentOf(taps * op.groups * op.columns * sizeOf(op.format)));
    write(op.dst, extentOf((uint64_t(window.positions - 1) * op.dstPitch + op.groups * op.columns) *
                           resultBytes));
  }
  void reduce(const Gather &op) {
    uint64_t count = uint64_t(op.count) * op.elements;
    useDigital(target.digital.move, count);
    useMemory(count * 2 * sizeOf(op.format) + op.count * sizeOf(op.indexFormat));
    read(op.table, extentOf(uint64_t(op.entries) * op.elements * sizeOf(op.format)));
    read(op.index, extentOf(op.count * sizeOf(op.indexFormat)));
    write(op.dst, extentOf(count * sizeOf(op.format)));
  }
  template <class T> void reduce(const T &) {} // control instructions are not in blocks

  /// Numbers the pieces of memory between all ends of operands.
  void cutCells() {
    std::vector<int64_t> cuts;
    cuts.reserve(2 * bytes.size());
    for (const Extent &range : bytes) {
      cuts.push_back(range.low);
      cuts.push_back(range.high);
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    auto cellAt = [&](int64_t address) {
      return static_cast<uint32_t>(std::lower_bound(cuts.begin(), cuts.end(), address) -
                                   cuts.begin());
    };
    for (const Extent &range : bytes)
      result.ranges.push_back({cellAt(range.low), cellAt(range.high)});
    result.cells = static_cast<uint32_t>(cuts.size());
  }

  const Program &program;
  const Core &core;
  const target::Core &target;
  Model &model;
  std::map<std::string, uint32_t> &layerNumbers;
  CoreModel result;
  Work work;
  std::vector<uint64_t> turns{1}; ///< how often a control instruction runs, by open loop
  std::vector<Extent> bytes;      ///< by operand and slot: addresses
  uint64_t sharedBytes = 0;       ///< that the instruction's operands have in the chip's buffer
  bool tooManyRanges = false;
};

} // namespace

bool Model::anyChipIsGated() const {
  return std::any_of(chips.begin(), chips.end(),
                     [](const ChipModel &chip) { return chip.isGated(); });
}

/// The machine of the run: an ideal one if options say so.
static target::Target targetOf(const Program &program, const TimingOptions &options) {
  target::Target target = program.target;
  if (options.freeLinks)
    target.links.latencyNs = target.links.pjPerByte = 0;
  target::Gating &gating = target.chip.gating;
  if (options.freeWaking)
    gating.wakeNs = gating.wakePj = gating.shutdownNs = gating.shutdownPj = 0;
  return target;
}

/// Which chips have programs, and which of them shut down.
static void addChips(Model &model) {
  model.chips.resize(model.target.chips);
  for (const CoreModel &core : model.cores) {
    ChipModel &chip = model.chips[core.chip];
    ++chip.cores;
    chip.shutdownCores += core.epochs > 0;
    chip.epochs = std::max(chip.epochs, core.epochs);
  }
  for (ChipModel &chip : model.chips)
    chip.power = powerLevels(model.target.chip, chip.cores);
}

Result<Model> buildModel(const Program &program, const TimingOptions &options) {
  Model model;
  model.target = targetOf(program, options);
  addChannels(program, options, model);
  for (const Stream &stream : program.streams)
    if (stream.isInput)
      for (int32_t channel : stream.channels)
        model.sources.push_back({static_cast<uint32_t>(channel), stream.rows});
  model.hostWakes = program.hostWakes;
  std::map<std::string, uint32_t> layerNumbers;
  for (uint32_t core = 0; core < program.cores.size(); ++core) {
    Result<CoreModel> reduced = CoreBuilder(program, core, model, layerNumbers).build();
    if (!reduced)
      return reduced.error();
    model.cores.push_back(std::move(*reduced));
  }
  addChips(model);
  return model;
}

} // namespace cimc::executor::timing
