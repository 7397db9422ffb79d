//===- ValidatorTest.cpp - One bad program per reason for refusal ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every reason of docs/validation.md has a case here of the same name: a small good program that is
// broken in one place, and a part of the message that must name it.
//
//===--------------------------------------------------------------------------===//

#include "BadProgram.h"
#include "Example.h"

#include "cimc/Program/Limits.h"

#include <chrono>

using namespace cimc;
using namespace cimc::program;
using namespace cimc::program::testing;

namespace {

/// Three cores in a row. Core 0 receives four rows of 8 bytes and sends each to core 1 twice, on
/// two channels; core 1 adds nothing and sends one of them to the host; core 2 is idle.
Program pipeline() {
  Row row{0, 1, 1, 0, 0}, other{1, 1, 1, 0, 0};
  Program program = exampleProgram();
  program.tiles.clear();
  program.data.clear();
  program.target.chip.cores = 3;
  program.target.chip.gridColumns = 3;
  program.channels = {
      {"x", kHost, 0, 8, 1}, {"a", 0, 1, 8, 1}, {"b", 0, 1, 8, 1}, {"y", 1, kHost, 8, 1}};
  program.streams = {
      {"x", true, Format::I8, {1, 4, 8}, 4, 8, {1, 1, 1, 8}, {0, 0, 0, 1}, {0}, false},
      {"y", false, Format::I8, {1, 4, 8}, 4, 8, {1, 1, 1, 8}, {0, 0, 0, 1}, {3}, false}};
  Core first{0, 0, 64, {{"x", 0, 8, 4, {}, 0}}, {}, {Fire{0, 4}}};
  first.blocks = {{"first", {Recv{0, row, 1, 8, 8}, Send{1, row, 1, 8, 8}, Send{2, row, 1, 8, 8}}}};
  Core second{0, 1, 64, {{"a", 0, 8, 1, {}, 0}, {"b", 8, 8, 1, {}, 0}}, {}, {Fire{0, 4}}};
  second.blocks = {
      {"second", {Recv{1, row, 1, 8, 8}, Recv{2, other, 1, 8, 8}, Send{3, other, 1, 8, 8}}}};
  program.cores = {first, second, Core{0, 2, 64, {}, {}, {}}};
  return program;
}

template <class T> T &instruction(Program &program, size_t index, size_t core = 0) {
  return std::get<T>(program.cores[core].blocks[0].instructions[index]);
}
Recv &recv(Program &p) { return instruction<Recv>(p, 0); }
Read &read(Program &p) { return instruction<Read>(p, 1); }
Requant &requant(Program &p) { return instruction<Requant>(p, 2); }
Send &send(Program &p) { return instruction<Send>(p, 3); }
void insert(Program &p, size_t index, Instruction added) {
  auto &instructions = p.cores[0].blocks[0].instructions;
  instructions.insert(instructions.begin() + static_cast<std::ptrdiff_t>(index), std::move(added));
}
/// A segment that lives as long as the process.
void addSegment(Program &p, size_t size, int8_t value) {
  auto *bytes = new std::vector<std::byte>(size, static_cast<std::byte>(value));
  p.storage = std::shared_ptr<const void>(
      bytes, [](const void *b) { delete static_cast<const std::vector<std::byte> *>(b); });
  p.data.push_back(*bytes);
}
/// Adds a buffer to the first core, in new memory at its end, and gives its number.
uint32_t addBuffer(Program &p, uint32_t rowBytes, uint32_t rows) {
  Core &core = p.cores[0];
  core.buffers.push_back({"extra", core.memoryBytes, rowBytes, rows, {}, 0});
  core.memoryBytes += rowBytes * rows;
  return static_cast<uint32_t>(core.buffers.size() - 1);
}

constexpr std::array<int32_t, 4> kOne{1, 1, 1, 1}, kEight{1, 1, 1, 8}, kDense{0, 0, 0, 1},
    kStill{1, 1, 1, 1}, kNoSteps{};

const BadProgram kBadTables[] = {
    {"bad-target", exampleProgram, [](Program &p) { p.target.chip.core.array.rows = 0; }, "rows"},
    {"bad-core-chip", exampleProgram, [](Program &p) { p.cores[0].chip = 1; },
     "chip 1 does not exist"},
    {"bad-core-index", exampleProgram, [](Program &p) { p.cores[0].index = 7; },
     "index 7 does not exist"},
    {"bad-core-twice", pipeline, [](Program &p) { p.cores[2].index = 1; },
     "core 1 of chip 0 is used twice"},
    {"bad-core-memory", exampleProgram, [](Program &p) { p.cores[0].memoryBytes = 1u << 30; },
     "needs 1073741824 bytes"},
    {"bad-chip-buffer", exampleProgram,
     [](Program &p) {
       p.target.chip.buffer.sizeBytes = 64;
       p.cores[0].memoryBytes = p.target.chip.core.memoryBytes + 72;
     },
     "a buffer of 64 for all cores of a chip, of which cores up to this one take 72"},
    {"bad-buffer-across", exampleProgram,
     [](Program &p) {
       p.target.chip.buffer.sizeBytes = 4096;
       p.cores[0].memoryBytes = p.target.chip.core.memoryBytes + 4096;
       Buffer &buffer = p.cores[0].buffers[0];
       buffer.address = p.target.chip.core.memoryBytes - 4;
       buffer.rowBytes = 8;
     },
     "lies partly in the memory of its core"},
    {"bad-channel-buffer", exampleProgram, [](Program &p) { p.channels[0].inBuffer = true; },
     "bytes of the chip's buffer, target"},
    {"bad-tile-core", exampleProgram, [](Program &p) { p.tiles[0].core = 1; },
     "core 1 does not exist"},
    {"bad-tile-array", exampleProgram, [](Program &p) { p.tiles[0].array = 1; },
     "array 1 does not exist"},
    {"bad-tile-empty", exampleProgram, [](Program &p) { p.tiles[0].rows = 0; }, "at least one row"},
    {"bad-tile-cells", exampleProgram, [](Program &p) { p.tiles[0].row = 0xffffffff; },
     "leave the array"},
    {"bad-tile-pitch", exampleProgram, [](Program &p) { p.tiles[0].pitch = 7; },
     "pitch 7 must be at least"},
    {"bad-tile-steps", exampleProgram, [](Program &p) { p.tiles[0].steps = {1, 2, 3}; },
     "must have one converter step, one per column (8), or one per column and row ("},
    {"bad-tile-step", exampleProgram, [](Program &p) { p.tiles[0].steps = {0.5}; },
     "a converter step must be between 1 and 1.07374e+09, but is 0.5"},
    {"bad-engine-steps", exampleProgram,
     [](Program &p) {
       p.target.chip.core.kind = target::CoreKind::Engine;
       p.target.chip.core.engine.weightBytes = 1 << 20;
       p.tiles[0].steps = {1};
     },
     "an engine has no converters, but there are 1 steps"},
    {"bad-tile-segment", exampleProgram, [](Program &p) { p.tiles[0].data = 9; },
     "segment 9 does not exist"},
    {"bad-tile-data", exampleProgram, [](Program &p) { p.tiles[0].offset = UINT64_MAX - 3; },
     "needs 128 bytes at offset"},
    {"bad-tile-levels", exampleProgram,
     [](Program &p) {
       p.target.chip.core.array.cellBits = 2;
       addSegment(p, 16 * 8, 4);
       p.tiles[0].data = 1, p.tiles[0].offset = 0;
     },
     "weights from 4 to 4 must fit cells of 2 bits"},
    {"bad-tile-overlap", exampleProgram,
     [](Program &p) {
       p.tiles.push_back(p.tiles[0]);
       p.tiles[1].row = 15, p.tiles[1].col = 7, p.tiles[1].rows = p.tiles[1].cols = 1;
     },
     "shares cells of array 0 of core 0 with tile 0"},
    {"bad-channel-core", exampleProgram, [](Program &p) { p.channels[0].target = 4; },
     "core 4 does not exist"},
    {"bad-channel-ends", exampleProgram, [](Program &p) { p.channels[0].target = kHost; },
     "two different ends"},
    {"bad-channel-size", exampleProgram, [](Program &p) { p.channels[0].depth = 0; },
     "at least 1, but are 16 and 0"},
    {"bad-channel-host", exampleProgram,
     [](Program &p) { p.channels.push_back({"z", kHost, 0, 4, 1}); }, "belongs to no stream"},
    {"bad-stream-name", exampleProgram, [](Program &p) { p.streams.push_back(p.streams[0]); },
     "two inputs have this name"},
    {"bad-stream-rows", exampleProgram, [](Program &p) { p.streams[0].rows = 0; },
     "at least one row"},
    {"bad-stream-channels", exampleProgram, [](Program &p) { p.streams[1].channels = {1, 1}; },
     "exactly one channel"},
    {"bad-stream-shift", exampleProgram, [](Program &p) { p.streams[1].format = Format::F32; },
     "a signed shift needs format i8"},
    {"bad-stream-format", exampleProgram, [](Program &p) { p.streams[0].format = Format::F16; },
     "the format must be i8, i32, f32 or i64, but is f16"},
    {"bad-stream-shape", exampleProgram, [](Program &p) { p.streams[0].shape[1] = -1; },
     "has an extent of -1"},
    {"bad-stream-dims", exampleProgram, [](Program &p) { p.streams[0].dims[0] = 0; },
     "but one is 0"},
    {"bad-stream-elements", exampleProgram, [](Program &p) { p.streams[0].rowStride = 17; },
     "outside the tensor"},
    {"bad-stream-output", exampleProgram, [](Program &p) { p.streams[1].rows = 3; },
     "make up the whole tensor"},
    {"bad-stream-channel", exampleProgram, [](Program &p) { p.streams[0].channels = {-1}; },
     "channel 4294967295 does not exist"},
    {"bad-stream-end", exampleProgram, [](Program &p) { p.streams[0].channels = {1}; },
     "the host must be the source"},
    {"bad-stream-shared", exampleProgram, [](Program &p) { p.streams[0].channels = {0, 0}; },
     "belongs to two streams"},
    {"bad-stream-message", exampleProgram, [](Program &p) { p.streams[0].dims[3] = 15; },
     "must have the message size"},
    {"bad-buffer-empty", exampleProgram, [](Program &p) { p.cores[0].buffers[0].rows = 0; },
     "at least one row"},
    {"bad-buffer-memory", exampleProgram,
     [](Program &p) { p.cores[0].buffers[4].rows = 0x80000000; }, "bytes of memory"},
    {"bad-buffer-address", exampleProgram, [](Program &p) { p.cores[0].buffers[4].address = 130; },
     "multiple of 4"},
    {"bad-buffer-segment", exampleProgram, [](Program &p) { p.cores[0].buffers[2].data = 3; },
     "segment 3 does not exist"},
    {"bad-buffer-data", exampleProgram, [](Program &p) { p.cores[0].buffers[2].dataOffset = 176; },
     "which has 192"},
    {"bad-buffer-rows", exampleProgram,
     [](Program &p) {
       p.target.chip.core.memoryBytes = p.cores[0].memoryBytes = 1u << 26;
       p.cores[0].buffers.push_back({"huge", 4096, 1, 1u << 25, {}, 0});
     },
     "rows together"},
    {"bad-constant-shared", exampleProgram, [](Program &p) { p.cores[0].buffers[4].address = 92; },
     "shares memory"},
};

const BadProgram kBadControl[] = {
    {"bad-control-instruction", exampleProgram,
     [](Program &p) { p.cores[0].control.push_back(Fill{}); }, "control stream"},
    {"bad-loop-count", exampleProgram, [](Program &p) { p.cores[0].control[0] = Loop{0}; },
     "'count' must be at least 1"},
    {"bad-loop-depth", exampleProgram,
     [](Program &p) { p.cores[0].control.insert(p.cores[0].control.begin(), 17, Loop{1}); },
     "nested more than"},
    {"bad-loop-end", exampleProgram, [](Program &p) { p.cores[0].control.push_back(End{}); },
     "closes no loop"},
    {"bad-loop-open", exampleProgram, [](Program &p) { p.cores[0].control.pop_back(); },
     "no matching end"},
    {"bad-fire-block", exampleProgram, [](Program &p) { p.cores[0].control[1] = Fire{1, 2}; },
     "block 1 does not exist"},
    {"bad-fire-times", exampleProgram, [](Program &p) { p.cores[0].control[1] = Fire{0, 0}; },
     "'times' must be at least 1"},
    {"bad-firings", exampleProgram,
     [](Program &p) {
       p.cores[0].control = {Loop{0xffffffff},
                             Loop{0xffffffff},
                             Loop{0xffffffff},
                             Fire{0, 0xffffffff},
                             End{},
                             End{},
                             End{}};
     },
     "one inference fires more than"},
    {"bad-message-count", exampleProgram, [](Program &p) { p.cores[0].control[0] = Loop{3}; },
     "sends 4 messages and receives 6"},
    {"bad-deadlock", pipeline,
     [](Program &p) {
       std::swap(p.cores[1].blocks[0].instructions[0], p.cores[1].blocks[0].instructions[1]);
       auto &sends = p.cores[0].blocks;
       sends = {{"a", {sends[0].instructions[0], sends[0].instructions[1]}},
                {"b", {sends[0].instructions[2]}}};
       p.cores[0].control = {Fire{0, 4}, Fire{1, 4}};
     },
     "deadlock of 2 cores: core 0 waits to send to core 1 on channel 1 'a', which is full; core 1 "
     "waits to receive "
     "from core 0 on channel 2 'b', which is empty"},
};

/// A product of eight channels of one position with a matrix of two columns; the fields are what
/// the tests are about, the operands need not fit.
Matmul product(Format format, uint32_t groups, uint32_t columns, uint32_t pitch, int32_t zero) {
  return {format,  Window{4, 1, 1, 0, 4, 1, 8, 0, 8, 1, 1, 1, 1, 1, 0, 1, 0},
          groups,  Row{1, 0, 1, 0, 0},
          columns, Row{1, 0, 1, 0, 0},
          pitch,   false,
          zero,    0};
}

const BadProgram kBadFields[] = {
    {"bad-field-zero", exampleProgram, [](Program &p) { read(p).window.kernelH = 0; },
     "'window.kernel_h' must be at least 1"},
    {"bad-field-div", exampleProgram, [](Program &p) { send(p).src.div = 0; },
     "'src.div' must be at least 1"},
    {"bad-field-byte", exampleProgram, [](Program &p) { requant(p).zeroPoint = 128; },
     "must lie in [-128, 127], but is 128"},
    {"bad-field-scale", exampleProgram,
     [](Program &p) {
       insert(p, 4, Dequantize{Row{4, 1, 1, 0, 0}, Row{1, 0, 1, 0, 0}, 8, 0.0f, 0});
     },
     "'scale' must be positive"},
    {"bad-field-dims", exampleProgram,
     [](Program &p) {
       insert(p, 4,
              Copy{Format::I8,
                   {1, 1, 0, 1},
                   Row{4, 1, 1, 0, 0},
                   kDense,
                   kStill,
                   kNoSteps,
                   Row{1, 0, 1, 0, 0},
                   kDense});
     },
     "'dims' must be at least 1"},
    {"bad-field-turns", exampleProgram,
     [](Program &p) {
       insert(p, 4,
              Copy{Format::I8,
                   kEight,
                   Row{4, 1, 1, 0, 0},
                   kDense,
                   {1, 1, 1, 0},
                   kNoSteps,
                   Row{1, 0, 1, 0, 0},
                   kDense});
     },
     "'turns' must be at least 1"},
    {"bad-unfold-window", exampleProgram,
     [](Program &p) {
       Window wide = read(p).window;
       wide.channel = 1;
       insert(p, 1, Unfold{Format::I8, wide, Row{1, 0, 1, 0, 0}, 0, false});
     },
     "do not fit a position of 16"},
    {"bad-field-buffer", exampleProgram, [](Program &p) { requant(p).src.buffer = 5; },
     "'src.buffer' is 5, but the core has 5"},
    {"bad-field-channel", exampleProgram, [](Program &p) { send(p).channel = 2; },
     "channel 2 does not exist"},
    {"bad-field-tile", exampleProgram, [](Program &p) { read(p).tile = 1; },
     "tile 1 does not exist"},
    {"bad-field-passes", exampleProgram, [](Program &p) { read(p).passes = 3; },
     "'passes' must be 1 or 2"},
    {"bad-block-control", exampleProgram, [](Program &p) { insert(p, 0, End{}); },
     "cannot stand in a block"},
    {"bad-channel-sender", pipeline, [](Program &p) { instruction<Send>(p, 1).channel = 3; },
     "core 0 is not the source"},
    {"bad-channel-receiver", pipeline, [](Program &p) { instruction<Recv>(p, 0).channel = 1; },
     "core 0 is not the target"},
    {"bad-message-size", exampleProgram, [](Program &p) { recv(p).chunks = 2; },
     "2 chunks of 16 bytes are not a message"},
    {"bad-message-chunks", exampleProgram, [](Program &p) { recv(p) = {0, recv(p).dst, 2, 8, 4}; },
     "must not overlap"},
    {"bad-read-direction", exampleProgram,
     [](Program &p) { read(p).direction = Direction::Transposed; },
     "reads transposed, but the arrays of target"},
    {"bad-read-steps", exampleProgram,
     [](Program &p) {
       p.target.chip.core.array.readDirections = target::ReadDirections::Both;
       p.tiles[0].steps.assign(p.tiles[0].cols, 1.0f);
       read(p).direction = Direction::Transposed;
     },
     "must have converter steps of its rows too"},
    {"bad-read-core", pipeline,
     [](Program &p) {
       addSegment(p, 4, 1);
       p.tiles = {{"t", 1, 0, 0, 0, 2, 2, 0, 0, 2}};
       Window w{0, 1, 1, 0, 4, 1, 8, 0, 8, 1, 1, 1, 1, 1, 0, 1, 0};
       insert(p, 1,
              Read{0, Direction::Forward, w, 0, Row{addBuffer(p, 8, 1), 0, 1, 0, 0}, false, 1});
     },
     "tile 0 of 't' is on core 1"},
    {"bad-read-rows", exampleProgram, [](Program &p) { read(p).firstRow = 1; },
     "rows 1 to 16 do not lie in the window"},
    {"bad-window-channels", exampleProgram, [](Program &p) { read(p).window.channel = 1; },
     "do not fit a position of 16"},
    {"bad-window-size", exampleProgram, [](Program &p) { read(p).window.padLeft = 0x80000000; },
     "less than 2^31"},
    {"bad-window-padding", exampleProgram, [](Program &p) { read(p).window.padValue = 200; },
     "'window.pad_value' must lie"},
    {"bad-format", exampleProgram, [](Program &p) { requant(p).to = Format::I64; },
     "'to' must be i8, f32 or f16, but is i64"},
    {"bad-requant-pitch", exampleProgram, [](Program &p) { requant(p).dstPitch = 7; },
     "'dst_pitch' must be at least"},
    {"bad-matmul-format", exampleProgram,
     [](Program &p) { insert(p, 4, product(Format::I32, 1, 2, 2, 0)); },
     "'format' must be i8, f32 or f16, but is i32"},
    {"bad-matmul-groups", exampleProgram,
     [](Program &p) { insert(p, 4, product(Format::F32, 3, 2, 6, 0)); },
     "'groups' must divide the window's channels, 8, but is 3"},
    {"bad-matmul-pitch", exampleProgram,
     [](Program &p) { insert(p, 4, product(Format::F32, 2, 2, 3, 0)); },
     "'dst_pitch' must be at least groups x columns, 4, but is 3"},
    {"bad-matmul-size", exampleProgram,
     [](Program &p) { insert(p, 4, product(Format::F32, 1, 2, 0x80000000, 0)); },
     "positions and pitch must be less than 2^31"},
    {"bad-matmul-zero", exampleProgram,
     [](Program &p) { insert(p, 4, product(Format::F32, 1, 2, 2, 3)); },
     "zero points of f32 must be 0, but are 3 and 0"},
    {"bad-matmul-zero-half", exampleProgram,
     [](Program &p) { insert(p, 4, product(Format::F16, 1, 2, 2, 3)); },
     "zero points of f16 must be 0, but are 3 and 0"},
    {"bad-gather-index", exampleProgram,
     [](Program &p) {
       insert(p, 4,
              Gather{Format::F32, Row{1, 0, 1, 0, 0}, 4, 2, Format::I8, Row{4, 1, 1, 0, 0}, 1,
                     Row{1, 0, 1, 0, 0}});
     },
     "'index_format' must be i32 or i64, but is i8"},
    {"bad-gather-size", exampleProgram,
     [](Program &p) {
       insert(p, 4,
              Gather{Format::F32, Row{1, 0, 1, 0, 0}, 0x80000000, 2, Format::I32,
                     Row{4, 1, 1, 0, 0}, 1, Row{1, 0, 1, 0, 0}});
     },
     "entries and elements must be less than 2^31"},
    {"bad-clamp", exampleProgram, [](Program &p) { requant(p).lo = 4, requant(p).hi = 3; },
     "empty range [4, 3]"},
    {"bad-convert", exampleProgram,
     [](Program &p) {
       insert(p, 4, Convert{Format::I8, Format::I8, Row{4, 1, 1, 0, 0}, Row{1, 0, 1, 0, 0}, 8});
     },
     "must change the format"},
    {"bad-pool-function", exampleProgram,
     [](Program &p) {
       insert(p, 1, Pool{ReduceFn::Min, Format::I8, read(p).window, Row{1, 0, 1, 0, 0}});
     },
     "must be max or sum"},
};

const BadProgram kBadOperands[] = {
    {"bad-constant-write", exampleProgram, [](Program &p) { requant(p).dst.buffer = 2; },
     "the buffer is constant"},
    {"bad-row-negative", exampleProgram, [](Program &p) { send(p).src.add = -1; },
     "starts at row -1"},
    {"bad-constant-row", exampleProgram, [](Program &p) { requant(p).bias.mul = 1; },
     "reads row 3, but the constant has 1"},
    {"bad-operand-row", exampleProgram, [](Program &p) { recv(p).dst.offset = 1; },
     "touches bytes 1 to 16 of a row"},
    {"bad-operand-buffer", exampleProgram,
     [](Program &p) {
       insert(p, 4,
              Copy{Format::I8,
                   kEight,
                   Row{0, 0, 1, 0, 0},
                   {0, 0, 0, 4},
                   {1, 1, 1, 4},
                   {0, 0, 0, 2},
                   Row{1, 0, 1, 0, 0},
                   kDense});
     },
     "touches bytes 0 to 34 of a row"},
    {"bad-operand-window", exampleProgram, [](Program &p) { read(p).window.width = 2; },
     "touches bytes 0 to 31 of a row"},
    {"bad-operand-alignment", exampleProgram,
     [](Program &p) { insert(p, 4, Fill{Format::I32, Row{1, 0, 1, 0, 2}, 1, 0}); },
     "must be aligned to 4 bytes"},
    {"bad-operand-overlap", exampleProgram,
     [](Program &p) {
       insert(p, 4,
              Copy{Format::I8, kEight, Row{1, 0, 1, 0, 0}, kDense, kStill, kNoSteps,
                   Row{1, 0, 1, 0, 4}, kDense});
     },
     "'dst' in buffer 'dense.sums' cuts into 'src'"},
    {"bad-unfold-keep", exampleProgram,
     [](Program &p) {
       insert(p, 1, Unfold{Format::I8, read(p).window, Row{1, 0, 1, 0, 0}, 0, true});
     },
     "reads row 0 of buffer 'dense.sums', but nothing was written there yet"},
    {"bad-row-unwritten", exampleProgram, [](Program &p) { read(p).window.add = 1; },
     "nothing was written there yet"},
    {"bad-row-replaced", exampleProgram,
     [](Program &p) {
       read(p).window.add = -2;
       read(p).window.kernelH = 3;
     },
     "firing 2 reads row 0 of buffer 'x', but row 2 is in its place"},
    {"bad-row-overwritten", exampleProgram,
     [](Program &p) {
       uint32_t other = addBuffer(p, 16, 1);
       p.cores[0].buffers[other].address = 0;
       insert(p, 1, Fill{Format::I8, Row{other, 0, 1, 0, 0}, 16, 0});
     },
     "another buffer was written over it"},
    {"bad-sum", exampleProgram,
     [](Program &p) {
       addSegment(p, 256 * 256, -128);
       p.tiles[0] = {"big", 0, 0, 0, 0, 256, 256, 1, 0, 256};
       Read &wide = read(p);
       uint32_t sums = addBuffer(p, 1024, 1), input = addBuffer(p, 256, 1);
       wide.window.pitch = wide.window.channels = 256;
       wide.window.buffer = input;
       wide.window.mul = 0, wide.window.height = 1;
       wide.dst = Row{sums, 0, 1, 0, 0};
       wide.accumulate = true;
       insert(p, 0, Fill{Format::I8, Row{input, 0, 1, 0, 0}, 256, 0});
       insert(p, 0, Fill{Format::I32, Row{sums, 0, 1, 0, 0}, 256, 0x7fffffff});
       insert(p, 5, Fill{Format::I32, Row{1, 0, 1, 0, 0}, 8, 0});
       std::swap(p.cores[0].blocks[0].instructions[4], p.cores[0].blocks[0].instructions[5]);
     },
     "which overflow 32 bits"},
    {"bad-shift", exampleProgram,
     [](Program &p) {
       insert(p, 2, ShiftAdd{Row{1, 0, 1, 0, 0}, Row{1, 0, 1, 0, 0}, 8, 32, false});
     },
     "'shift' must be at most 31, but is 32"},
    {"bad-shift-sum", exampleProgram,
     [](Program &p) {
       insert(p, 2, ShiftAdd{Row{1, 0, 1, 0, 0}, Row{1, 0, 1, 0, 0}, 8, 31, false});
     },
     "which overflow 32 bits"},
    {"bad-shift-add-sum", exampleProgram,
     [](Program &p) {
       // The same sums twice as a shifted and as an added operand, until they overflow.
       uint32_t sums = addBuffer(p, 32, 1);
       for (int i = 0; i < 3; ++i)
         insert(p, 2, ShiftAdd{Row{1, 0, 1, 0, 0}, Row{sums, 0, 1, 0, 0}, 8, 18, true});
       insert(p, 2, Fill{Format::I32, Row{sums, 0, 1, 0, 0}, 8, 0x7fff0000});
     },
     "which overflow 32 bits"},
    {"bad-shift-unknown", exampleProgram,
     [](Program &p) {
       uint32_t floats = addBuffer(p, 32, 1);
       insert(p, 2, ShiftAdd{Row{floats, 0, 1, 0, 0}, Row{1, 0, 1, 0, 0}, 8, 1, true});
       insert(p, 2, Fill{Format::F32, Row{floats, 0, 1, 0, 0}, 8, 0});
       insert(p, 3, Unary{UnaryFn::Exp, Row{floats, 0, 1, 0, 0}, Row{floats, 0, 1, 0, 0}, 8});
     },
     "of unknown range"},
    {"bad-sum-unknown", exampleProgram,
     [](Program &p) {
       insert(p, 2, Recv{0, Row{1, 0, 1, 0, 0}, 1, 16, 16}), p.streams[0].rows = 8,
                                                             p.streams[0].shape[1] = 8;
     },
     "of unknown range"},
};

class ValidatorTest : public ::testing::TestWithParam<BadProgram> {};

TEST_P(ValidatorTest, Refuses) { expectRefused(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Tables, ValidatorTest, ::testing::ValuesIn(kBadTables), testName);
INSTANTIATE_TEST_SUITE_P(Control, ValidatorTest, ::testing::ValuesIn(kBadControl), testName);
INSTANTIATE_TEST_SUITE_P(Fields, ValidatorTest, ::testing::ValuesIn(kBadFields), testName);
INSTANTIATE_TEST_SUITE_P(Operands, ValidatorTest, ::testing::ValuesIn(kBadOperands), testName);

TEST(ValidatorTest, AcceptsExample) {
  Result<ValidatedProgram> result = validate(exampleProgram());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->program().name, "example");
}

TEST(ValidatorTest, AcceptsPipeline) {
  Result<ValidatedProgram> result = validate(pipeline());
  ASSERT_TRUE(result) << result.error().message;
}

TEST(ValidatorTest, AcceptsAnyBias) {
  Program program = exampleProgram();
  for (Block &block : program.cores[0].blocks)
    for (Instruction &instruction : block.instructions)
      if (auto *requant = std::get_if<Requant>(&instruction)) {
        uint32_t bias = addBuffer(program, 4 * requant->channels, 1);
        requant->bias = Row{bias, 0, 1, 0, 0};
        insert(program, 0, Fill{Format::I32, Row{bias, 0, 1, 0, 0}, requant->channels, 0x7fffffff});
        Result<ValidatedProgram> result = validate(std::move(program));
        ASSERT_TRUE(result) << result.error().message;
        return;
      }
  FAIL() << "the example has no requant";
}

TEST(ValidatorTest, AcceptsScratchThatSharesMemory) {
  Program program = exampleProgram();
  uint32_t other = addBuffer(program, 32, 1);
  program.cores[0].buffers[other].address = program.cores[0].buffers[1].address;
  insert(program, 4, Fill{Format::I32, Row{other, 0, 1, 0, 0}, 8, 1});
  Result<ValidatedProgram> result = validate(std::move(program));
  ASSERT_TRUE(result) << result.error().message;
}

TEST(ValidatorTest, AMillionFiringsAreQuick) {
  Program program = pipeline();
  constexpr uint32_t rows = 500'000;
  for (Stream &stream : program.streams)
    stream.rows = rows, stream.shape[1] = rows;
  for (Core &core : program.cores)
    if (!core.control.empty())
      core.control = {Loop{rows / 4}, Fire{0, 4}, End{}};
  auto start = std::chrono::steady_clock::now();
  Result<ValidatedProgram> result = validate(std::move(program));
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(result) << result.error().message;
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_LT(seconds.count(), 3.0); // 0.1 s on a quiet machine
}

} // namespace
