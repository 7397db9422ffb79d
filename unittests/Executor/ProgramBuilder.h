//===- ProgramBuilder.h - Programs by hand, for tests ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Puts a program together piece by piece: buffers get the next free address, constants and weights
// go to one segment of data, and every function returns the number by which instructions name the
// thing.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_UNITTESTS_EXECUTOR_PROGRAMBUILDER_H
#define CIMC_UNITTESTS_EXECUTOR_PROGRAMBUILDER_H

#include "cimc/Executor/Executor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>

namespace cimc::executor::testing {

using program::Format;
using program::kHost;

class ProgramBuilder {
public:
  explicit ProgramBuilder(uint32_t cores = 1);

  /// Puts the cores on chips of `perChip` cores each.
  void spread(uint32_t perChip);
  /// Makes the cores engines, whose tiles follow each other in their weight memories.
  void useEngines() { program.target.chip.core.kind = target::CoreKind::Engine; }
  /// The host wakes these chips for their epoch 0.
  void wakeFirst(std::vector<uint32_t> chips) { program.hostWakes = std::move(chips); }

  /// `rows` rows of `rowBytes` bytes in the core's memory.
  uint32_t buffer(uint32_t core, uint32_t rowBytes, uint32_t rows = 1);
  /// A constant buffer of one row.
  template <typename T> uint32_t constant(uint32_t core, const std::vector<T> &values) {
    auto bytes = static_cast<uint32_t>(values.size() * sizeof(T));
    uint32_t number = buffer(core, bytes);
    program.cores[core].buffers[number].data = 0;
    program.cores[core].buffers[number].dataOffset = append(values.data(), bytes);
    return number;
  }
  /// Weights `rows x cols`, row-major, in an array of their own, or behind the last in the engine.
  uint32_t tile(uint32_t core, uint32_t rows, uint32_t cols, const std::vector<int8_t> &weights);
  /// Of all cores.
  target::Array &array() { return program.target.chip.core.array; }
  std::vector<float> &steps(uint32_t tile) { return program.tiles[tile].steps; }
  uint32_t channel(uint32_t source, uint32_t target, uint32_t messageBytes, uint32_t depth = 1);

  /// A network input or output of `shape` with one row per element of its first axis, and the
  /// channel that carries it.
  uint32_t input(uint32_t core, Format format, std::vector<int64_t> shape,
                 bool signedShift = false);
  uint32_t output(uint32_t core, Format format, std::vector<int64_t> shape,
                  bool signedShift = false);
  program::Stream &stream(size_t index) { return program.streams[index]; }

  /// A block of these instructions.
  uint32_t block(uint32_t core, std::vector<program::Instruction> instructions);
  void control(uint32_t core, std::vector<program::Instruction> instructions);
  /// One core, one block, fired `times` times.
  void fire(uint32_t core, std::vector<program::Instruction> instructions, uint32_t times = 1);

  /// The program, validated; a failure is reported with the validator's message.
  std::optional<program::ValidatedProgram> build();

private:
  uint64_t append(const void *bytes, size_t count);
  uint32_t host(uint32_t core, Format format, std::vector<int64_t> shape, bool signedShift,
                bool isInput);

  program::Program program;
  std::vector<std::byte> data;
  std::vector<uint32_t> arrays; ///< or bytes of the engine, used so far, by core
};

/// Row 0 of a buffer, or row `r * mul + add`.
program::Row row(uint32_t buffer, uint32_t mul = 0, int32_t add = 0, uint32_t offset = 0);

/// One position that sees the whole of one row of `elements` elements; row `r * mul`.
program::Window wholeRow(uint32_t buffer, uint32_t elements, uint32_t mul = 0, uint32_t height = 1);

/// Random numbers that are the same everywhere.
class Generator {
public:
  explicit Generator(uint32_t seed) : engine(seed) {}
  int below(int bound) { return static_cast<int>(engine() % static_cast<uint32_t>(bound)); }
  int between(int low, int high) { return low + below(high - low + 1); }
  int8_t byte() { return static_cast<int8_t>(between(-128, 127)); }
  /// In [-1, 1).
  float real() {
    return static_cast<float>(between(-(1 << 20), (1 << 20) - 1)) / static_cast<float>(1 << 20);
  }
  std::vector<int8_t> bytes(size_t count);
  std::vector<int32_t> integers(size_t count, int bound);
  std::vector<float> reals(size_t count, float scale);

private:
  std::mt19937 engine;
};

/// A data set of `shape` (first axis: inferences).
template <typename T> TensorData tensor(std::vector<int64_t> shape, const std::vector<T> &values) {
  ElementType type = std::is_same_v<T, float>     ? ElementType::F32
                     : std::is_same_v<T, int8_t>  ? ElementType::I8
                     : std::is_same_v<T, uint8_t> ? ElementType::U8
                     : std::is_same_v<T, int32_t> ? ElementType::I32
                                                  : ElementType::I64;
  TensorData result{"", type, std::move(shape), std::vector<std::byte>(values.size() * sizeof(T))};
  std::copy(values.begin(), values.end(), result.as<T>().begin());
  return result;
}

/// Runs the program on one thread and a batch of 1, then with several threads and batches, which
/// must give the same bits. Returns the first output's elements.
template <typename T>
std::vector<T> runEverywhere(const std::optional<program::ValidatedProgram> &program,
                             const std::vector<TensorData> &inputs, ModelOptions model = {}) {
  if (!program)
    return {};
  Executor executor(*program, model);
  std::vector<T> first;
  for (auto [threads, batch] :
       {std::pair(1u, 1u), {1u, 3u}, {2u, 2u}, {2u, 7u}, {3u, 64u}, {8u, 1u}, {8u, 7u}, {0u, 0u}}) {
    RunOptions options;
    options.threads = threads;
    options.batch = batch;
    Result<std::vector<TensorData>> outputs = executor.run(inputs, options);
    if (!outputs) {
      ADD_FAILURE() << outputs.error().message;
      return {};
    }
    std::span<const T> values = outputs->at(0).template as<T>();
    if (first.empty())
      first.assign(values.begin(), values.end());
    EXPECT_EQ(std::memcmp(first.data(), values.data(), values.size_bytes()), 0)
        << threads << " threads, batch " << batch;
  }
  return first;
}

/// The formula of a quantisation's last steps, as docs/numerics.md has it.
int8_t roundAndClamp(float f, int32_t zeroPoint, int32_t lo = -128, int32_t hi = 127);

} // namespace cimc::executor::testing

#endif // CIMC_UNITTESTS_EXECUTOR_PROGRAMBUILDER_H
