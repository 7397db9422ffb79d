//===- ValidatorAccess.cpp - What an instruction reads and writes ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One overload per instruction, each a list of its operands in memory.
//
//===--------------------------------------------------------------------------===//

#include "ValidatorAccess.h"
#include "ValidatorChecks.h"

#include <algorithm>

using namespace cimc;
using namespace cimc::program;

int64_t program::saturatingProduct(int64_t a, int64_t b) {
  constexpr __int128 limit = __int128{1} << 60;
  __int128 product = static_cast<__int128>(a) * b;
  return static_cast<int64_t>(std::clamp(product, -limit, limit));
}

bool Access::dense() const {
  int64_t next = 1;
  for (size_t i = 4; i-- > 0;) {
    if (dims[i] != 1 && strides[i] != next)
      return false;
    next = saturatingProduct(next, dims[i]);
  }
  return true;
}

namespace {
using Quad = std::array<int32_t, 4>;

/// Product of counts, saturated.
int64_t product(std::initializer_list<uint32_t> counts) {
  int64_t result = 1;
  for (uint32_t count : counts)
    result = saturatingProduct(result, count);
  return result;
}

class Collector {
public:
  explicit Collector(const Program &program) : program(program) {}
  std::vector<Access> accesses;

  // One per instruction.
  void add(const Loop &) {}
  void add(const End &) {}
  void add(const Fire &) {}
  void add(const Shutdown &) {}
  void add(const Wake &) {}
  void add(const Send &i) { chunks("src", i.src, Mode::Read, i.chunks, i.chunkBytes, i.pitch); }
  void add(const Recv &i) { chunks("dst", i.dst, Mode::Write, i.chunks, i.chunkBytes, i.pitch); }
  void add(const Read &i) {
    window(i.window, Format::I8);
    dense("dst", i.dst, Format::I32,
          product({i.window.positions, outputsOf(program.tiles[i.tile], i.direction)}),
          i.accumulate ? Mode::Update : Mode::Write);
  }
  void add(const Requant &i) {
    dense("src", i.src, Format::I32, product({i.positions, i.channels}), Mode::Read);
    dense("bias", i.bias, Format::I32, i.channels, Mode::Read);
    dense("scale", i.scale, Format::F32, i.channels, Mode::Read);
    strided("dst", i.dst, i.to,
            {1, 1, static_cast<int32_t>(i.positions), static_cast<int32_t>(i.channels)},
            {0, 0, static_cast<int32_t>(i.dstPitch), 1}, Mode::Write);
  }
  void add(const Quantize &i) { convert(i.src, Format::F32, i.dst, Format::I8, i.count); }
  void add(const Dequantize &i) { convert(i.src, Format::I8, i.dst, Format::F32, i.count); }
  void add(const AddQuantized &i) {
    dense("a", i.a, Format::I8, i.count, Mode::Read);
    dense("b", i.b, Format::I8, i.count, Mode::Read);
    dense("dst", i.dst, Format::I8, i.count, Mode::Write);
  }
  void add(const ShiftAdd &i) {
    dense("src", i.src, Format::I32, i.count, Mode::Read);
    dense("dst", i.dst, Format::I32, i.count, i.accumulate ? Mode::Update : Mode::Write);
  }
  void add(const Lookup &i) {
    dense("src", i.src, Format::I8, i.count, Mode::Read);
    dense("table", i.table, Format::I8, 256, Mode::Read);
    dense("dst", i.dst, Format::I8, i.count, Mode::Write);
  }
  void add(const Unary &i) { convert(i.src, Format::F32, i.dst, Format::F32, i.count); }
  void add(const Random &i) { dense("dst", i.dst, Format::F32, i.count, Mode::Write); }
  void add(const UnaryF16 &i) { convert(i.src, Format::F16, i.dst, Format::F16, i.count); }
  void add(const Binary &i) {
    strided("a", i.a, i.format, i.dims, i.aStrides, Mode::Read);
    strided("b", i.b, i.format, i.dims, i.bStrides, Mode::Read);
    strided("dst", i.dst, i.format, i.dims, i.dstStrides, Mode::Write);
  }
  void add(const Select &i) {
    strided("condition", i.condition, Format::F32, i.dims, i.conditionStrides, Mode::Read);
    strided("a", i.a, i.format, i.dims, i.aStrides, Mode::Read);
    strided("b", i.b, i.format, i.dims, i.bStrides, Mode::Read);
    strided("dst", i.dst, i.format, i.dims, i.dstStrides, Mode::Write);
  }
  void add(const Convert &i) { convert(i.src, i.from, i.dst, i.to, i.count); }
  void add(const Copy &i) {
    strided("src", i.src, i.format, i.dims, i.srcStrides, Mode::Read);
    accesses.back().turns = i.turns;
    for (size_t k = 0; k < 4; ++k)
      accesses.back().steps[k] = int64_t{i.srcSteps[k]} * bytesOf(i.format);
    accesses.back().crossesRows = true;
    strided("dst", i.dst, i.format, i.dims, i.dstStrides, Mode::Write);
    accesses.back().crossesRows = true;
  }
  void add(const Fill &i) { dense("dst", i.dst, i.format, i.count, Mode::Write); }
  void add(const Reduce &i) {
    dense("src", i.src, i.format, product({i.outer, i.extent, i.inner}), Mode::Read);
    accesses.back().crossesRows = i.src.mul == 0; // a reduction over rows
    dense("dst", i.dst, i.format, product({i.outer, i.inner}),
          i.accumulate ? Mode::Update : Mode::Write);
  }
  void add(const Pool &i) {
    window(i.window, i.format);
    bool sums = i.format == Format::I8 && i.fn == ReduceFn::Sum;
    dense("dst", i.dst, sums ? Format::I32 : i.format,
          product({i.window.positions, i.window.channels}), Mode::Write);
  }
  void add(const Unfold &i) {
    const Window &w = i.window;
    window(w, i.format);
    dense("dst", i.dst, i.format, product({w.positions, w.kernelH, w.kernelW, w.channels}),
          i.keep ? Mode::Update : Mode::Write);
  }
  void add(const Depthwise &i) {
    window(i.window, Format::I8);
    const Window &w = i.window;
    dense("weights", i.weights, Format::I8,
          product({w.kernelH, w.kernelW, w.channels, i.multiplier}), Mode::Read);
    dense("dst", i.dst, Format::I32, product({w.positions, w.channels, i.multiplier}), Mode::Write);
  }
  void add(const Matmul &i) {
    window(i.window, i.format);
    const Window &w = i.window;
    dense("matrix", i.matrix, i.format, product({w.kernelH, w.kernelW, w.channels, i.columns}),
          Mode::Read);
    accesses.back().crossesRows = true;
    strided("dst", i.dst, i.format == Format::I8 ? Format::I32 : i.format,
            {1, 1, static_cast<int32_t>(w.positions), static_cast<int32_t>(i.groups * i.columns)},
            {0, 0, static_cast<int32_t>(i.dstPitch), 1}, i.accumulate ? Mode::Update : Mode::Write);
  }
  void add(const Gather &i) {
    dense("table", i.table, i.format, product({i.entries, i.elements}), Mode::Read);
    accesses.back().crossesRows = true;
    dense("index", i.index, i.indexFormat, i.count, Mode::Read);
    dense("dst", i.dst, i.format, product({i.count, i.elements}), Mode::Write);
  }

private:
  Access &start(std::string_view field, const Row &row, Format format, Mode mode) {
    accesses.push_back({.field = field, .mode = mode, .row = &row, .format = format});
    return accesses.back();
  }
  void dense(std::string_view field, const Row &row, Format format, int64_t count, Mode mode) {
    Access &access = start(field, row, format, mode);
    access.begin = row.offset;
    access.end = row.offset + saturatingProduct(count, bytesOf(format));
    access.dims[3] = static_cast<int32_t>(std::min<int64_t>(count, INT32_MAX));
    access.strides[3] = 1;
  }
  void convert(const Row &src, Format from, const Row &dst, Format to, uint32_t count) {
    dense("src", src, from, count, Mode::Read);
    dense("dst", dst, to, count, Mode::Write);
  }
  void strided(std::string_view field, const Row &row, Format format, const Quad &dims,
               const Quad &strides, Mode mode) {
    Access &access = start(field, row, format, mode);
    access.dims = dims;
    access.strides = strides;
    int64_t low = 0, high = 0; // of 2^62 at most: four products of 31-bit numbers, saturated
    for (size_t i = 0; i < 4; ++i) {
      int64_t reach = saturatingProduct(int64_t{dims[i]} - 1, strides[i]);
      (reach < 0 ? low : high) += reach;
    }
    access.begin = row.offset + saturatingProduct(low, bytesOf(format));
    access.end = row.offset + saturatingProduct(high + 1, bytesOf(format));
  }
  void chunks(std::string_view field, const Row &row, Mode mode, uint32_t count, uint32_t bytes,
              uint32_t pitch) {
    Access &access = start(field, row, Format::I8, mode);
    access.dims = {1, 1, static_cast<int32_t>(count), static_cast<int32_t>(bytes)};
    access.strides = {0, 0, static_cast<int32_t>(pitch), 1};
    access.begin = row.offset;
    access.end = row.offset + saturatingProduct(int64_t{count} - 1, pitch) + bytes;
  }
  void window(const Window &window, Format format) {
    accesses.push_back(
        {.field = "window", .mode = Mode::Read, .window = &window, .format = format});
    accesses.back().end = saturatingProduct(product({window.width, window.pitch}), bytesOf(format));
  }

  const Program &program;
};
} // namespace

std::vector<Access> program::accessesOf(const Program &program, const Instruction &instruction) {
  Collector collector(program);
  std::visit([&](const auto &fields) { collector.add(fields); }, instruction);
  return std::move(collector.accesses);
}
