//===- ValidatorSums.cpp - How large 32-bit sums can get ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See ValidatorSums.h. Bounds are doubles: sums of at most 2^32 numbers below 2^32 are exact in
// them to far better than the margin that matters, and they cannot overflow.
//
//===--------------------------------------------------------------------------===//

#include "ValidatorSums.h"
#include "ValidatorChecks.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace cimc;
using namespace cimc::program;

/// The largest magnitude of an 8-bit integer.
static constexpr double kMaxInput = 128;

//===--------------------------------------------------------------------------===//
// Rules
//===--------------------------------------------------------------------------===//

/// The largest sum of magnitudes of a column of i8 weights.
static double largestColumn(const std::byte *weights, uint64_t rows, uint64_t cols,
                            uint64_t pitch) {
  std::vector<uint64_t> sums(cols);
  for (uint64_t row = 0; row < rows; ++row)
    for (uint64_t col = 0; col < cols; ++col) {
      auto weight = static_cast<int8_t>(weights[row * pitch + col]);
      sums[col] += static_cast<uint64_t>(weight < 0 ? -weight : weight);
    }
  return static_cast<double>(*std::max_element(sums.begin(), sums.end()));
}

/// The largest sum of magnitudes of a row of i8 weights.
static double largestRow(const std::byte *weights, uint64_t rows, uint64_t cols, uint64_t pitch) {
  double largest = 0;
  for (uint64_t row = 0; row < rows; ++row)
    largest = std::max(largest, largestColumn(weights + row * pitch, cols, 1, 1));
  return largest;
}

namespace {
/// One overload per instruction that touches 32-bit integers.
class RuleOf {
  using Kind = SumRule::Kind;

public:
  RuleOf(const Program &program, const Core &core) : program(program), core(core) {}

  SumRule operator()(const Read &i) const {
    const Tile &tile = program.tiles[i.tile];
    const std::byte *weights = program.data[tile.data].data() + tile.offset;
    double sum = i.direction == Direction::Forward
                     ? largestColumn(weights, tile.rows, tile.cols, tile.pitch)
                     : largestRow(weights, tile.rows, tile.cols, tile.pitch);
    return {.kind = Kind::Constant,
            .factor = kMaxInput * sum,
            .accumulate = i.accumulate,
            .mustBeKnown = true,
            .dst = 1};
  }
  SumRule operator()(const Depthwise &i) const {
    const Buffer &weights = core.buffers[i.weights.buffer];
    uint64_t kernel = uint64_t{i.window.kernelH} * i.window.kernelW;
    uint64_t cols = uint64_t{i.window.channels} * i.multiplier;
    double bound = kMaxInput * kMaxInput * static_cast<double>(kernel);
    if (weights.data && i.weights.mul == 0) {
      uint64_t offset = weights.dataOffset +
                        uint64_t{weights.rowBytes} * static_cast<uint32_t>(i.weights.add) +
                        i.weights.offset;
      bound = kMaxInput *
              largestColumn(program.data[*weights.data].data() + offset, kernel, cols, cols);
    }
    return {.kind = Kind::Constant, .factor = bound, .dst = 2};
  }
  SumRule operator()(const Matmul &i) const {
    if (i.format != Format::I8)
      return {.kind = Kind::Unknown, .dst = 2};
    // The magnitude of a difference of two 8-bit integers is at most 255.
    double taps =
        static_cast<double>(i.window.kernelH) * i.window.kernelW * (i.window.channels / i.groups);
    return {.kind = Kind::Constant,
            .factor = 255.0 * 255.0 * taps,
            .accumulate = i.accumulate,
            .mustBeKnown = true,
            .dst = 2};
  }
  SumRule operator()(const Gather &) const { return {.kind = Kind::Unknown, .dst = 2}; }
  SumRule operator()(const Pool &i) const {
    if (i.format != Format::I8 || i.fn != ReduceFn::Sum)
      return {.kind = Kind::Unknown, .dst = 1};
    return {.kind = Kind::Constant,
            .factor = kMaxInput * i.window.kernelH * i.window.kernelW,
            .dst = 1};
  }
  SumRule operator()(const Requant &) const {
    return {.kind = Kind::Bias, .mustBeKnown = true, .a = 0, .dst = 3};
  }
  SumRule operator()(const Binary &i) const {
    SumRule rule{.kind = Kind::Unknown, .a = 0, .b = 1, .dst = 2};
    if (i.format != Format::I32)
      return rule;
    switch (i.fn) {
    case BinaryFn::Add:
    case BinaryFn::Sub:
      rule.kind = Kind::Add;
      break;
    case BinaryFn::Mul:
      rule.kind = Kind::Multiply;
      break;
    case BinaryFn::Max:
    case BinaryFn::Min:
      rule.kind = Kind::Max;
      break;
    case BinaryFn::Eq:
    case BinaryFn::Lt:
    case BinaryFn::Le:
      rule.kind = Kind::Constant;
      rule.factor = 1;
      break;
    default:
      break;
    }
    return rule;
  }
  SumRule operator()(const Reduce &i) const {
    SumRule rule{.kind = Kind::Unknown, .accumulate = i.accumulate, .a = 0, .dst = 1};
    if (i.format == Format::I32 && i.fn == ReduceFn::Sum)
      rule.kind = Kind::Scale, rule.factor = i.extent;
    else if (i.format == Format::I32 && i.fn != ReduceFn::Prod)
      rule.kind = Kind::Max, rule.b = 0;
    return rule;
  }
  SumRule operator()(const Convert &i) const {
    if (i.to == Format::I32 && i.from == Format::I8)
      return {.kind = Kind::Constant, .factor = kMaxInput, .dst = 1};
    return {.kind = Kind::Unknown, .dst = 1};
  }
  SumRule operator()(const Copy &i) const {
    if (bytesOf(i.format) == 4)
      return {.kind = Kind::Scale, .factor = 1, .a = 0, .dst = 1};
    return {.kind = Kind::Unknown, .dst = 1};
  }
  SumRule operator()(const Unfold &i) const {
    // What is kept takes part with its own bound; a value other than 0 is not followed.
    if (bytesOf(i.format) == 4 && (i.keep || i.value == 0))
      return {.kind = Kind::Max, .accumulate = i.keep, .a = 0, .dst = 1};
    return {.kind = Kind::Unknown, .dst = 1};
  }
  SumRule operator()(const Fill &i) const {
    if (bytesOf(i.format) == 4)
      return {.kind = Kind::Constant, .factor = std::abs(static_cast<double>(i.value)), .dst = 0};
    return {.kind = Kind::Unknown, .dst = 0};
  }
  SumRule operator()(const Send &) const { return {.kind = Kind::Send, .a = 0}; }
  SumRule operator()(const Recv &) const { return {.kind = Kind::Receive, .dst = 0}; }
  SumRule operator()(const Wake &) const { return {}; }
  SumRule operator()(const Quantize &) const { return {.kind = Kind::Unknown, .dst = 1}; }
  SumRule operator()(const Dequantize &) const { return {.kind = Kind::Unknown, .dst = 1}; }
  SumRule operator()(const AddQuantized &) const { return {.kind = Kind::Unknown, .dst = 2}; }
  SumRule operator()(const ShiftAdd &i) const {
    return {.kind = Kind::Scale,
            .factor = std::ldexp(1.0, static_cast<int>(i.shift)),
            .accumulate = i.accumulate,
            .mustBeKnown = true,
            .a = 0,
            .dst = 1};
  }
  SumRule operator()(const Lookup &) const { return {.kind = Kind::Unknown, .dst = 2}; }
  SumRule operator()(const Unary &) const { return {.kind = Kind::Unknown, .dst = 1}; }
  SumRule operator()(const Random &) const { return {.kind = Kind::Unknown, .dst = 0}; }
  SumRule operator()(const UnaryF16 &) const { return {.kind = Kind::Unknown, .dst = 1}; }
  SumRule operator()(const Select &i) const {
    if (i.format != Format::I32)
      return {.kind = Kind::Unknown, .dst = 3};
    return {.kind = Kind::Max, .a = 1, .b = 2, .dst = 3};
  }
  template <typename T>
    requires(T::kUnit == Unit::Control)
  SumRule operator()(const T &) const {
    return {};
  }

private:
  const Program &program;
  const Core &core;
};
} // namespace

SumRule program::sumRuleOf(const Program &program, const Core &core,
                           const Instruction &instruction) {
  return std::visit(RuleOf(program, core), instruction);
}

//===--------------------------------------------------------------------------===//
// SumTracker
//===--------------------------------------------------------------------------===//

SumTracker::SumTracker(const Program &program, const Core &core, uint64_t &budget)
    : program(program), core(core), cuts(core.buffers.size()), cells(core.buffers.size()) {
  collectCuts(budget);
}

void SumTracker::collectCuts(uint64_t &budget) {
  std::vector<bool> holds(core.buffers.size());
  std::vector<std::vector<int64_t>> ends(core.buffers.size());
  for (const Block &block : core.blocks)
    for (const Instruction &instruction : block.instructions)
      for (const Access &access : accessesOf(program, instruction)) {
        if (core.buffers[access.buffer()].data)
          continue;
        if (access.format == Format::I32)
          holds[access.buffer()] = true;
        if (!access.crossesRows)
          ends[access.buffer()].insert(ends[access.buffer()].end(), {access.begin, access.end});
      }
  for (size_t i = 0; i < cuts.size(); ++i) {
    if (!holds[i])
      continue;
    const Buffer &buffer = core.buffers[i];
    ends[i].insert(ends[i].end(), {0, int64_t{buffer.rowBytes}});
    std::sort(ends[i].begin(), ends[i].end());
    ends[i].erase(std::unique(ends[i].begin(), ends[i].end()), ends[i].end());
    uint64_t extra = (ends[i].size() - 2) * uint64_t{buffer.rows};
    if (extra > budget)
      ends[i] = {0, int64_t{buffer.rowBytes}};
    else
      budget -= extra;
    cuts[i] = std::move(ends[i]);
    cells[i].resize((cuts[i].size() - 1) * uint64_t{buffer.rows});
  }
}

double SumTracker::constantBound(const Access &access) const {
  const Buffer &buffer = core.buffers[access.buffer()];
  if (access.format != Format::I32)
    return kAnyValue;
  const std::byte *bytes = program.data[*buffer.data].data() + buffer.dataOffset;
  // Of a constant with several rows, or one that is not read densely, every element counts.
  uint64_t begin = 0, end = uint64_t{buffer.rowBytes} * buffer.rows;
  if (buffer.rows == 1 && !access.moves())
    begin = static_cast<uint64_t>(access.begin), end = static_cast<uint64_t>(access.end);
  double bound = 0;
  for (uint64_t at = begin; at + 4 <= end; at += 4) {
    int32_t value;
    std::memcpy(&value, bytes + at, 4);
    bound = std::max(bound, std::abs(static_cast<double>(value)));
  }
  return bound;
}

SumTracker::Stretch SumTracker::stretchOf(const Access &access) const {
  Stretch stretch;
  stretch.dense = access.dense() && !access.crossesRows;
  const Buffer &buffer = core.buffers[access.buffer()];
  const std::vector<int64_t> &cut = cuts[access.buffer()];
  if (buffer.data)
    stretch.constant = constantBound(access);
  else if (cut.empty())
    stretch.constant = kAnyValue;
  else if (access.crossesRows || cut.size() == 2)
    stretch.last = static_cast<uint32_t>(cut.size() - 1);
  else {
    stretch.first =
        static_cast<uint32_t>(std::lower_bound(cut.begin(), cut.end(), access.begin) - cut.begin());
    stretch.last =
        static_cast<uint32_t>(std::lower_bound(cut.begin(), cut.end(), access.end) - cut.begin());
  }
  if (cut.size() == 2 && (access.begin != cut[0] || access.end != cut[1]))
    stretch.dense = false;
  return stretch;
}

double SumTracker::get(const RowUse &use, const Stretch &stretch, uint64_t r) const {
  if (stretch.constant)
    return *stretch.constant;
  const std::vector<Cell> &table = cells[use.buffer];
  double bound = 0;
  if (use.crosses) {
    for (const Cell &cell : table)
      bound = std::max(bound, cell.bound);
    return bound;
  }
  uint64_t base = use.slot(use.row(r)) * (cuts[use.buffer].size() - 1);
  for (uint32_t i = stretch.first; i < stretch.last; ++i)
    bound = std::max(bound, table[base + i].bound);
  return bound;
}

void SumTracker::set(const RowUse &use, const Stretch &stretch, uint64_t r, double bound,
                     uint64_t firing) {
  if (stretch.constant)
    return;
  std::vector<Cell> &table = cells[use.buffer];
  if (use.crosses) {
    for (Cell &cell : table)
      cell.bound = std::max(cell.bound, bound);
    return;
  }
  uint64_t base = use.slot(use.row(r)) * (cuts[use.buffer].size() - 1);
  for (uint32_t i = stretch.first; i < stretch.last; ++i) {
    Cell &cell = table[base + i];
    bool replaces = stretch.dense || cell.firing != firing;
    cell = {replaces ? bound : std::max(cell.bound, bound), firing};
  }
}
