//===- MemoryTest.cpp - Memory of many runs ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A run allocates its workers and results before the first inference and nothing after that, and
// memory does not grow from run to run. Allocations are counted by replacing operator new, which is
// why this is a program of its own.
//
//===--------------------------------------------------------------------------===//

#include "ProgramBuilder.h"

#include "cimc/Target/Yaml.h"

#include <sys/resource.h>

#include <atomic>
#include <cstdlib>
#include <new>

using namespace cimc;
using namespace cimc::executor;
using namespace cimc::executor::testing;

namespace {
std::atomic<size_t> allocations = 0;

void *allocate(size_t bytes, size_t alignment) {
  ++allocations;
  size_t rounded = (std::max<size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  if (void *memory = std::aligned_alloc(alignment, rounded))
    return memory;
  throw std::bad_alloc();
}
} // namespace

void *operator new(size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void *operator new(size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void *memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {
constexpr uint32_t kRows = 70, kCols = 20;

/// A network of one read, on the arrays and the device of HERMES.
std::optional<program::ValidatedProgram> oneRead() {
  ProgramBuilder builder;
  builder.array() = target::lookup("hermes")->chip.core.array;
  uint32_t x = builder.buffer(0, kRows), sums = builder.buffer(0, 4 * kCols);
  uint32_t in = builder.input(0, Format::I8, {1, kRows});
  uint32_t out = builder.output(0, Format::I32, {1, kCols});
  Generator random(4);
  uint32_t tile = builder.tile(0, kRows, kCols, random.bytes(size_t{kRows} * kCols));
  builder.steps(tile) = {100.0f};
  builder.fire(0, {program::Recv{in, row(x), 1, kRows, kRows},
                   program::Read{tile, program::Direction::Forward, wholeRow(x, kRows), 0,
                                 row(sums), false, 1},
                   program::Send{out, row(sums), 1, 4 * kCols, 4 * kCols}});
  return builder.build();
}

TensorData inputs(uint32_t samples) {
  return tensor({samples, 1, kRows}, Generator(5).bytes(size_t{samples} * kRows));
}

void runOnce(const Executor &executor, const TensorData &input, unsigned threads) {
  RunOptions options;
  options.threads = threads;
  options.batch = 2;
  Result<std::vector<TensorData>> results = executor.run({&input, 1}, options);
  ASSERT_TRUE(results) << results.error().message;
}

/// The most memory that the process ever held, in KiB.
long peakMemory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

class Memory : public ::testing::TestWithParam<Mode> {
protected:
  std::optional<program::ValidatedProgram> program = oneRead();
};

TEST_P(Memory, InferencesAllocateNothing) {
  ASSERT_TRUE(program);
  Executor executor(*program, {GetParam(), nullptr, {}});
  size_t counts[2] = {};
  TensorData few = inputs(4), many = inputs(400);
  for (auto [input, count] : {std::pair(&few, &counts[0]), {&many, &counts[1]}}) {
    size_t before = allocations;
    runOnce(executor, *input, 1);
    *count = allocations - before;
  }
  EXPECT_GT(counts[0], 0u);
  EXPECT_EQ(counts[0], counts[1]);
}

TEST_P(Memory, DoesNotGrowFromRunToRun) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep freed memory";
#endif
  ASSERT_TRUE(program);
  Executor executor(*program, {GetParam(), nullptr, {}});
  TensorData input = inputs(4);
  long after1000 = 0;
  for (int run = 1; run <= 10'000; ++run) {
    ASSERT_NO_FATAL_FAILURE(runOnce(executor, input, 2));
    if (run == 1000)
      after1000 = peakMemory();
  }
  // 57 bytes a run would be seen.
  EXPECT_LE(peakMemory(), after1000 + 512);
}

INSTANTIATE_TEST_SUITE_P(Modes, Memory,
                         ::testing::Values(Mode::Exact, Mode::Converters, Mode::Analog),
                         [](const ::testing::TestParamInfo<Mode> &info) {
                           return info.param == Mode::Exact        ? "Exact"
                                  : info.param == Mode::Converters ? "Converters"
                                                                   : "Analog";
                         });
} // namespace
