//===- ConvertersTest.cpp - Reads through converters, step by step ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One read of random weights and inputs on machines of every input coding and number of phases,
// against the formulas of docs/numerics.md written out one column at a time.
//
//===--------------------------------------------------------------------------===//

#include "ProgramBuilder.h"

#include "cimc/Target/Converters.h"

#include <cmath>

using namespace cimc;
using namespace cimc::executor;
using namespace cimc::executor::testing;

namespace {
struct Problem {
  target::Array array;
  uint32_t rows = 1, cols = 1, samples = 9;
  std::vector<int8_t> weights, inputs;
  std::vector<float> steps;
  bool accumulate = false; ///< a second read of the same, added to the first
};

Problem makeProblem(Generator &random) {
  Problem p;
  p.rows = static_cast<uint32_t>(random.between(1, 150));
  p.cols = static_cast<uint32_t>(random.between(1, 70));
  p.weights = random.bytes(size_t{p.rows} * p.cols);
  p.inputs = random.bytes(size_t{p.rows} * p.samples);
  p.accumulate = random.below(2) == 0;
  p.array.rows = p.array.cols = 512;
  p.array.perCore = 8;
  p.array.readPhases = std::array{1u, 2u, 3u, 4u}[static_cast<size_t>(random.below(4))];
  p.array.readModes = {{p.array.readPhases, 100, 1}};
  p.array.inputBits = random.below(2) ? 8 : static_cast<uint32_t>(random.between(2, 8));
  p.array.outputBits = static_cast<uint32_t>(random.between(1, 24));
  p.array.inputCoding = static_cast<target::InputCoding>(random.below(2));
  p.array.inputConverter = static_cast<target::InputConverter>(random.below(3) == 0);
  uint32_t count = random.below(2) ? 1 : p.cols;
  for (uint32_t i = 0; i < count; ++i)
    p.steps.push_back(1.0f + std::abs(random.real()) * static_cast<float>(random.below(5000)));
  return p;
}

std::optional<program::ValidatedProgram> build(const Problem &p) {
  ProgramBuilder builder;
  builder.array() = p.array;
  uint32_t x = builder.buffer(0, p.rows), sums = builder.buffer(0, 4 * p.cols);
  uint32_t in = builder.input(0, Format::I8, {1, p.rows});
  uint32_t out = builder.output(0, Format::I32, {1, p.cols});
  uint32_t tile = builder.tile(0, p.rows, p.cols, p.weights);
  builder.steps(tile) = p.steps;
  program::Read read{tile, program::Direction::Forward, wholeRow(x, p.rows), 0, row(sums), false,
                     1};
  std::vector<program::Instruction> code = {program::Recv{in, row(x), 1, p.rows, p.rows}, read};
  if (p.accumulate) {
    read.accumulate = true;
    code.push_back(read);
  }
  code.push_back(program::Send{out, row(sums), 1, 4 * p.cols, 4 * p.cols});
  builder.fire(0, code);
  return builder.build();
}

int sign(int value) { return (value > 0) - (value < 0); }

/// Step 1 of the formulas.
int inputOf(const target::Array &array, int x) {
  if (array.inputBits == 8)
    return x;
  int unit = 1 << (8 - array.inputBits), high = (1 << (array.inputBits - 1)) - 1;
  int low = array.inputCoding == target::InputCoding::TwosComplement ? -high - 1 : -high;
  return std::clamp(static_cast<int>(std::nearbyint(static_cast<double>(x) / unit)), low, high) *
         unit;
}

/// Steps 2 to 4 for one column.
int32_t convertColumn(const Problem &p, const int8_t *x, uint32_t col) {
  bool serial = p.array.inputConverter == target::InputConverter::BitSerial;
  bool twos = p.array.inputCoding == target::InputCoding::TwosComplement;
  float step = p.steps[p.steps.size() == 1 ? 0 : col], inverse = 1 / step;
  auto limit = static_cast<float>((1 << p.array.outputBits) - 1);
  bool inputsApart = p.array.readPhases == 2 || p.array.readPhases == 4;
  int64_t total = 0;
  for (int bit = 0; bit < (serial ? 8 : 1); ++bit)
    for (int inputSign : {1, -1})
      for (int weightSign : {1, -1}) {
        if ((!inputsApart && inputSign < 0) || (p.array.readPhases != 4 && weightSign < 0))
          continue;
        int64_t sum = 0;
        for (uint32_t r = 0; r < p.rows; ++r) {
          int d = inputOf(p.array, x[r]);
          if (serial)
            d = twos ? ((d >> bit) & 1) * (bit == 7 ? -1 : 1)
                     : ((std::abs(d) >> bit) & 1) * sign(d);
          int w = p.weights[size_t{r} * p.cols + col];
          bool takesPart = (!inputsApart || sign(d) == inputSign) &&
                           (p.array.readPhases != 4 || sign(w) == weightSign);
          sum += takesPart ? d * w : 0;
        }
        float code = std::clamp(static_cast<float>(sum) * inverse, -limit, limit);
        total += static_cast<int64_t>(std::nearbyint(code)) * (1 << bit);
      }
  return static_cast<int32_t>(
      step == 1 ? total : std::llrint(std::nearbyint(static_cast<float>(total) * step)));
}

TEST(Converters, FollowTheFormulas) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Generator random(seed);
    Problem p = makeProblem(random);
    std::vector<int32_t> results = runEverywhere<int32_t>(
        build(p), {tensor({p.samples, 1, p.rows}, p.inputs)}, {Mode::Converters, nullptr});
    ASSERT_EQ(results.size(), size_t{p.samples} * p.cols);
    for (uint32_t s = 0; s < p.samples; ++s)
      for (uint32_t c = 0; c < p.cols; ++c)
        ASSERT_EQ(results[s * p.cols + c],
                  convertColumn(p, p.inputs.data() + size_t{s} * p.rows, c) *
                      (p.accumulate ? 2 : 1))
            << "seed " << seed << ", sample " << s << ", column " << c;
  }
}

TEST(Converters, AreExactWithEnoughBits) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    Generator random(1000 + seed);
    Problem p = makeProblem(random);
    p.array.inputBits = 8;
    p.array.outputBits = 24;
    std::vector<int64_t> bounds =
        target::columnBounds(p.array, p.weights.data(), p.rows, p.cols, p.cols);
    p.steps.clear();
    for (int64_t bound : bounds)
      p.steps.push_back(target::stepFor(p.array, static_cast<double>(bound)));
    EXPECT_EQ(std::ranges::count(p.steps, 1.0f), p.cols);
    auto program = build(p);
    std::vector<TensorData> inputs = {tensor({p.samples, 1, p.rows}, p.inputs)};
    EXPECT_EQ(runEverywhere<int32_t>(program, inputs, {Mode::Converters, nullptr}),
              runEverywhere<int32_t>(program, inputs));
  }
}

/// The largest sum of each conversion.
struct Largest : SumObserver {
  std::vector<int64_t> columns;
  explicit Largest(size_t cols) : columns(cols) {}
  void observe(uint32_t, program::Direction, uint32_t, const int32_t *sums, size_t count) override {
    for (size_t i = 0; i < count * columns.size(); ++i) {
      int64_t &largest = columns[i % columns.size()];
      largest = std::max<int64_t>(largest, std::abs(sums[i]));
    }
  }
};

TEST(Converters, BoundsAreReachedAndNeverExceeded) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Generator random(2000 + seed);
    Problem p = makeProblem(random);
    p.cols = 1;
    p.steps = {1};
    p.weights.resize(p.rows);
    // The inputs that drive a column furthest in either direction, and random ones.
    for (uint32_t r = 0; r < p.rows; ++r) {
      p.inputs[r] = p.weights[r] > 0 ? 127 : -128;
      p.inputs[p.rows + r] = p.weights[r] > 0 ? -128 : 127;
      p.inputs[2 * p.rows + r] = -128;
      p.inputs[3 * p.rows + r] = 127;
    }
    auto program = build(p);
    ASSERT_TRUE(program);
    Largest largest(1);
    RunOptions options;
    options.threads = 1;
    auto outputs = Executor(*program, {Mode::Exact, &largest})
                       .run(std::vector{tensor({p.samples, 1, p.rows}, p.inputs)}, options);
    ASSERT_TRUE(outputs) << outputs.error().message;
    int64_t bound = target::columnBounds(p.array, p.weights.data(), p.rows, 1, 1)[0];
    EXPECT_LE(largest.columns[0], bound) << "seed " << seed;
    if (p.array.inputConverter == target::InputConverter::PulseWidth) {
      EXPECT_EQ(largest.columns[0], bound) << "seed " << seed;
    }
  }
}

TEST(Converters, NeedRanges) {
  Generator random(7);
  Problem p = makeProblem(random);
  p.steps.clear();
  auto program = build(p);
  ASSERT_TRUE(program);
  auto outputs = Executor(*program, {Mode::Converters, nullptr})
                     .run(std::vector{tensor({p.samples, 1, p.rows}, p.inputs)}, {});
  ASSERT_FALSE(outputs);
  EXPECT_EQ(outputs.error().message,
            "mode converters needs the ranges of all converters, tile 0 of "
            "'w' has none; compile the model again");
}
} // namespace
