//===- ValidatorInstructions.cpp - Fields of single instructions ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an instruction's fields must hold by themselves and against the tables. Rules that go by a
// field's name (counts, scales, zero points) are a table; the rest is one overload per instruction.
//
//===--------------------------------------------------------------------------===//

#include "ValidatorChecks.h"

#include "cimc/Target/Check.h"

#include <algorithm>
#include <cmath>

using namespace cimc;
using namespace cimc::program;

namespace {

/// Unsigned fields that must be at least 1, in instructions and in composite operands.
constexpr std::string_view kPositive[] = {
    "chunks",     "chunk_bytes", "positions",  "channels", "count",  "outer",
    "groups",     "columns",     "entries",    "elements", "extent", "inner",
    "multiplier", "div",         "height",     "width",    "pitch",  "kernel_h",
    "kernel_w",   "dilation_h",  "dilation_w", "stride_w"};
/// Signed fields that hold 8-bit integers.
constexpr std::string_view kBytes[] = {"zero_point", "a_zero_point", "b_zero_point", "lo", "hi"};

template <size_t N> bool contains(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// Checks the fields that a rule by name exists for. `prefix` names the composite operand that is
/// being visited.
class FieldRules {
public:
  FieldRules(const Place &place, std::string prefix) : place(place), prefix(std::move(prefix)) {}
  Status status;

  void operator()(std::string_view name, uint32_t value) {
    // The pitch of a single chunk means nothing.
    bool pitchOfChunks = name == "pitch" && prefix.empty();
    if (value == 0 && contains(kPositive, name) && !pitchOfChunks)
      fail(name, "must be at least 1, but is 0");
  }
  void operator()(std::string_view name, int32_t value) {
    if (contains(kBytes, name) && (value < -128 || value > 127))
      fail(name, "must lie in [-128, 127], but is ", value);
  }
  void operator()(std::string_view name, float value) {
    if (!std::isfinite(value) || value <= 0)
      fail(name, "must be positive and finite, but is ", value);
  }
  void operator()(std::string_view name, const std::array<int32_t, 4> &value) {
    if ((name == "dims" || name == "turns") && *std::min_element(value.begin(), value.end()) < 1)
      fail(name, "must be at least 1, but one is ", *std::min_element(value.begin(), value.end()));
  }
  template <Composite T> void operator()(std::string_view name, const T &value) {
    FieldRules inner(place, prefix + std::string(name) + ".");
    visitFields(value, inner);
    size_t buffers = place.coreTable().buffers.size();
    if (inner.status && value.buffer >= buffers)
      inner.fail("buffer", "is ", value.buffer, ", but the core has ", buffers, " buffers");
    if (status && !inner.status)
      status = inner.status;
  }
  void operator()(std::string_view, bool) {}
  template <InstructionEnum E> void operator()(std::string_view, E) {}

private:
  template <typename... Parts> void fail(std::string_view name, const Parts &...parts) {
    if (status)
      status = failure(place, ": '", prefix, name, "' ", parts...);
  }

  const Place &place;
  std::string prefix;
};

/// Requires: the rules by name hold.
class InstructionRules {
public:
  explicit InstructionRules(const Place &place) : place(place), program(place.program) {}

  Status operator()(const Send &i) {
    return channel(i.channel, &Channel::source, "source", i.chunks, i.chunkBytes);
  }
  Status operator()(const Recv &i) {
    if (i.chunks > 1 && i.pitch < i.chunkBytes)
      return failure(place, ": chunks of ", i.chunkBytes,
                     " bytes must not overlap, but 'pitch' is ", i.pitch);
    return channel(i.channel, &Channel::target, "target", i.chunks, i.chunkBytes);
  }
  Status operator()(const Wake &) { return Status::success(); }
  Status operator()(const Read &i) {
    if (Status status = window(i.window); !status)
      return status;
    if (i.direction == Direction::Transposed && !target::readsTransposed(program.target.chip.core))
      return failure(place, ": reads transposed, but the arrays of target '", program.target.name,
                     "' are read forward only");
    if (program.target.chip.core.kind == target::CoreKind::Engine && i.passes != 1)
      return failure(place, ": 'passes' must be 1 on an engine, but is ", i.passes);
    if (i.passes != 1 && i.passes != 2)
      return failure(place, ": 'passes' must be 1 or 2, but is ", i.passes);
    return tile(i);
  }
  Status operator()(const Requant &i) {
    if (i.to != Format::I8 && !isFloat(i.to))
      return badFormat("to", "i8, f32 or f16", i.to);
    if (i.dstPitch < i.channels)
      return failure(place, ": 'dst_pitch' must be at least 'channels', ", i.channels, ", but is ",
                     i.dstPitch);
    if (std::max({i.positions, i.channels, i.dstPitch}) > INT32_MAX)
      return failure(place, ": positions, channels and pitch must be less than 2^31");
    return clamp(i.lo, i.hi);
  }
  Status operator()(const Quantize &i) { return clamp(i.lo, i.hi); }
  Status operator()(const AddQuantized &i) { return clamp(i.lo, i.hi); }
  Status operator()(const ShiftAdd &i) {
    if (i.shift > 31)
      return failure(place, ": 'shift' must be at most 31, but is ", i.shift);
    return Status::success();
  }
  Status operator()(const Binary &i) { return wideFormat(i.format); }
  Status operator()(const Select &i) { return wideFormat(i.format); }
  Status operator()(const Reduce &i) { return arithmetic(i.format); }
  Status operator()(const Convert &i) {
    if (i.from == i.to)
      return failure(place, ": must change the format, but both are ", toString(i.to));
    return Status::success();
  }
  Status operator()(const Pool &i) {
    if (i.fn != ReduceFn::Max && i.fn != ReduceFn::Sum)
      return failure(place, ": 'fn' must be max or sum, but is ", toString(i.fn));
    if (i.format != Format::I8 && !isFloat(i.format))
      return badFormat("format", "i8, f32 or f16", i.format);
    return window(i.window);
  }
  Status operator()(const Depthwise &i) { return window(i.window); }
  Status operator()(const Unfold &i) { return window(i.window); }
  Status operator()(const Matmul &i) {
    if (i.format != Format::I8 && !isFloat(i.format))
      return badFormat("format", "i8, f32 or f16", i.format);
    if (isFloat(i.format) && (i.aZeroPoint != 0 || i.bZeroPoint != 0))
      return failure(place, ": zero points of ", toString(i.format), " must be 0, but are ",
                     i.aZeroPoint, " and ", i.bZeroPoint);
    if (i.window.channels % i.groups != 0)
      return failure(place, ": 'groups' must divide the window's channels, ", i.window.channels,
                     ", but is ", i.groups);
    uint64_t results = uint64_t{i.groups} * i.columns;
    if (i.dstPitch < results)
      return failure(place, ": 'dst_pitch' must be at least groups x columns, ", results,
                     ", but is ", i.dstPitch);
    if (std::max(i.window.positions, i.dstPitch) > INT32_MAX)
      return failure(place, ": positions and pitch must be less than 2^31");
    return window(i.window);
  }
  Status operator()(const Gather &i) {
    if (i.indexFormat != Format::I32 && i.indexFormat != Format::I64)
      return badFormat("index_format", "i32 or i64", i.indexFormat);
    if (std::max(i.entries, i.elements) > INT32_MAX)
      return failure(place, ": entries and elements must be less than 2^31");
    return Status::success();
  }
  Status operator()(const Dequantize &) { return Status::success(); }
  Status operator()(const Lookup &) { return Status::success(); }
  Status operator()(const Unary &) { return Status::success(); }
  Status operator()(const UnaryF16 &) { return Status::success(); }
  Status operator()(const Random &) { return Status::success(); }
  Status operator()(const Copy &) { return Status::success(); }
  Status operator()(const Fill &) { return Status::success(); }
  template <typename T>
    requires(T::kUnit == Unit::Control)
  Status operator()(const T &) {
    return failure(place, ": cannot stand in a block");
  }

private:
  static bool isFloat(Format format) { return format == Format::F32 || format == Format::F16; }
  Status badFormat(std::string_view field, std::string_view allowed, Format actual) {
    return failure(place, ": '", field, "' must be ", allowed, ", but is ", toString(actual));
  }
  Status wideFormat(Format format) {
    return format == Format::I8 ? badFormat("format", "i32, f32, i64 or f16", format)
                                : Status::success();
  }
  Status arithmetic(Format format) {
    if (format == Format::I32 || isFloat(format))
      return Status::success();
    return badFormat("format", "i32, f32 or f16", format);
  }
  Status clamp(int32_t lo, int32_t hi) {
    if (lo > hi)
      return failure(place, ": clamps to the empty range [", lo, ", ", hi, "]");
    return Status::success();
  }

  Status channel(uint32_t number, uint32_t Channel::*end, std::string_view name, uint32_t chunks,
                 uint32_t bytes) {
    if (number >= program.channels.size())
      return failure(place, ": channel ", number, " does not exist, the program has ",
                     program.channels.size());
    const Channel &channel = program.channels[number];
    if (channel.*end != place.core)
      return failure(place, ": core ", place.core, " is not the ", name, " of channel ", number,
                     " '", channel.name, "', core ", channel.*end, " is");
    if (uint64_t{chunks} * bytes != channel.messageBytes)
      return failure(place, ": ", chunks, " chunks of ", bytes,
                     " bytes are not a message of channel ", number, " '", channel.name,
                     "', which has ", channel.messageBytes, " bytes");
    return Status::success();
  }

  Status window(const Window &w) {
    if (w.channels > w.pitch || w.channel % w.pitch > w.pitch - w.channels)
      return failure(place, ": the window's ", w.channels, " channels from channel ", w.channel,
                     " on do not fit a position of ", w.pitch, " elements");
    auto reach = [](uint32_t count, uint32_t distance) { return (uint64_t{count} - 1) * distance; };
    uint64_t columns = reach(w.positions, w.strideW) + w.padLeft + w.channel / w.pitch;
    uint64_t kernel = std::max(reach(w.kernelH, w.dilationH), reach(w.kernelW, w.dilationW));
    if (columns > INT32_MAX || kernel > INT32_MAX - columns || w.width > INT32_MAX ||
        w.height > INT32_MAX)
      return failure(place, ": the window's positions must be less than 2^31");
    if (w.padValue < -128 || w.padValue > 127)
      return failure(place, ": 'window.pad_value' must lie in [-128, 127], but is ", w.padValue);
    return Status::success();
  }

  Status tile(const Read &i) {
    if (i.tile >= program.tiles.size())
      return failure(place, ": tile ", i.tile, " does not exist, the program has ",
                     program.tiles.size());
    const Tile &tile = program.tiles[i.tile];
    if (tile.core != place.core)
      return failure(place, ": tile ", i.tile, " of '", tile.layer, "' is on core ", tile.core);
    const Window &w = i.window;
    // Kernel extents are below 2^31 each and channels below 2^32, so only the second product can
    // leave 64 bits.
    uint64_t kernel = uint64_t{w.kernelH} * w.kernelW;
    uint64_t rows = kernel > UINT64_MAX / w.channels ? UINT64_MAX : kernel * w.channels;
    uint32_t driven = inputsOf(tile, i.direction);
    if (i.firstRow > rows || driven > rows - i.firstRow)
      return failure(place, ": rows ", i.firstRow, " to ", uint64_t{i.firstRow} + driven - 1,
                     " do not lie in the window, which has ", rows, " elements");
    size_t steps = tile.steps.size();
    if (i.direction == Direction::Transposed && steps > 1 &&
        steps != uint64_t{tile.cols} + tile.rows)
      return failure(place, ": tile ", i.tile, " of '", tile.layer,
                     "' is read transposed and must have converter steps of its rows too, ",
                     uint64_t{tile.cols} + tile.rows, " in all, but has ", steps);
    return Status::success();
  }

  const Place &place;
  const Program &program;
};

} // namespace

static Status checkInstruction(const Place &place) {
  return std::visit(
      [&](const auto &instruction) -> Status {
        FieldRules rules(place, "");
        visitFields(instruction, rules);
        return rules.status ? InstructionRules(place)(instruction) : rules.status;
      },
      place.get());
}

Status program::checkInstructions(const Program &program) {
  for (uint32_t c = 0; c < program.cores.size(); ++c)
    for (uint32_t b = 0; b < program.cores[c].blocks.size(); ++b)
      for (uint32_t i = 0; i < program.cores[c].blocks[b].instructions.size(); ++i)
        if (Status status = checkInstruction(Place{program, c, b, i}); !status)
          return status;
  return Status::success();
}
