//===- HalfOperationsTest.cpp - Instructions in half precision --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every instruction that has the format f16, against the formulas of docs/numerics.md in binary64:
// where binary32 is exact, or rounds to the same half, the bits must agree; functions of the C
// library may differ by a unit in the last place. The oracle rounds by the definition of the
// format, not by the executor's conversion.
//
//===--------------------------------------------------------------------------===//

#include "ProgramBuilder.h"

#include <cmath>
#include <functional>

using namespace cimc;
using namespace cimc::executor::testing;
using namespace cimc::program;

namespace {
using Function = std::function<double(double, double)>;
constexpr uint32_t kCount = 96;
constexpr std::array<int32_t, 4> kLine{0, 0, 0, 1}, kWhole{1, 1, 1, kCount};

/// The distance between halves around `x`.
double stepAt(double x) { return std::ldexp(1, std::max(x == 0 ? -14 : std::ilogb(x), -14) - 10); }

/// The nearest half, ties to even.
double toHalf(double x) {
  if (x == 0 || !std::isfinite(x))
    return x;
  double rounded = std::nearbyint(x / stepAt(x)) * stepAt(x);
  return std::abs(rounded) >= 65536 ? std::copysign(INFINITY, x) : rounded;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// A program on vectors in f32: converts inputs `a` and `b` to halves, runs `instructions` over the
/// rows of the buffers, and converts the result of `results` halves back.
class HalfProgram {
public:
  explicit HalfProgram(uint32_t results = kCount) : results(results) {
    in = builder.input(0, Format::F32, {2, kCount});
    out = builder.output(0, Format::F32, {1, results});
    x = builder.buffer(0, kCount * 4, 2);
    a = builder.buffer(0, kCount * 2), b = builder.buffer(0, kCount * 2);
    y = builder.buffer(0, results * 2 + 2), wide = builder.buffer(0, results * 4);
  }

  std::vector<float> run(std::vector<Instruction> instructions, const std::vector<float> &data) {
    uint32_t load = builder.block(0, {Recv{in, row(x, 1), 1, kCount * 4, 0}});
    std::vector<Instruction> all{Convert{Format::F32, Format::F16, row(x), row(a), kCount},
                                 Convert{Format::F32, Format::F16, row(x, 0, 1), row(b), kCount}};
    all.insert(all.end(), instructions.begin(), instructions.end());
    all.push_back(Convert{Format::F16, Format::F32, row(y), row(wide), results});
    all.push_back(Send{out, row(wide), 1, results * 4, 0});
    builder.control(0, {Fire{load, 2}, Fire{builder.block(0, all), 1}});
    return runEverywhere<float>(builder.build(), {tensor({1, 2, kCount}, data)});
  }

  ProgramBuilder builder;
  uint32_t in, out, x, a, b, y, wide, results;
};

/// Numbers of all sizes, and the special ones.
std::vector<float> numbers(Generator &random) {
  std::vector<float> values{0.0f,       -0.0f,    1.0f,     -1.0f,     65504.0f,
                            -65504.0f,  65519.0f, 65520.0f, 0x1p-24f,  0x1p-25f,
                            0x1.8p-25f, 0x1p-14f, INFINITY, -INFINITY, NAN};
  while (values.size() < 2 * kCount)
    values.push_back(std::ldexp(random.real(), random.between(-16, 12)));
  for (size_t i = values.size(); i-- > 1;) // shuffled
    std::swap(values[i], values[static_cast<size_t>(random.below(static_cast<int>(i) + 1))]);
  return values;
}

double maximumOf(double a, double b) { return a != a || b != b ? NAN : std::max(a, b); }
double minimumOf(double a, double b) { return a != a || b != b ? NAN : std::min(a, b); }

TEST(HalfOperations, Binary) {
  const std::pair<BinaryFn, Function> functions[] = {
      {BinaryFn::Add, std::plus<double>()},
      {BinaryFn::Sub, std::minus<double>()},
      {BinaryFn::Mul, std::multiplies<double>()},
      {BinaryFn::Div, std::divides<double>()},
      {BinaryFn::Max, maximumOf},
      {BinaryFn::Min, minimumOf},
      {BinaryFn::Eq, [](double a, double b) { return a == b; }},
      {BinaryFn::Lt, [](double a, double b) { return a < b; }},
      {BinaryFn::Le, [](double a, double b) { return a <= b; }}};
  Generator random(31);
  for (const auto &[fn, oracle] : functions)
    for (int round = 0; round < 8; ++round) {
      std::vector<float> data = numbers(random);
      HalfProgram program;
      std::vector<float> results =
          program.run({Binary{fn, Format::F16, kWhole, row(program.a), kLine, row(program.b), kLine,
                              row(program.y), kLine}},
                      data);
      ASSERT_EQ(results.size(), kCount);
      for (size_t i = 0; i < kCount; ++i) {
        double a = toHalf(data[i]), b = toHalf(data[kCount + i]);
        EXPECT_TRUE(same(results[i], toHalf(oracle(a, b))))
            << toString(fn) << " of " << a << " and " << b << " gives " << results[i];
      }
    }
}

TEST(HalfOperations, Unary) {
  using One = double (*)(double);
  const std::pair<UnaryFn, One> functions[] = {
      {UnaryFn::Abs, std::fabs},
      {UnaryFn::Neg, [](double x) { return -x; }},
      {UnaryFn::Exp, std::exp},
      {UnaryFn::Log, std::log},
      {UnaryFn::Tanh, std::tanh},
      {UnaryFn::Sqrt, std::sqrt},
      {UnaryFn::Rsqrt, [](double x) { return 1 / std::sqrt(x); }},
      {UnaryFn::Floor, std::floor},
      {UnaryFn::Ceil, std::ceil},
      {UnaryFn::RoundEven, std::nearbyint},
      {UnaryFn::Erf, std::erf},
      {UnaryFn::Sin, std::sin},
      {UnaryFn::Cos, std::cos}};
  Generator random(32);
  for (const auto &[fn, oracle] : functions) {
    bool exact = fn == UnaryFn::Abs || fn == UnaryFn::Neg || fn == UnaryFn::Sqrt ||
                 fn == UnaryFn::Floor || fn == UnaryFn::Ceil || fn == UnaryFn::RoundEven;
    for (int round = 0; round < 8; ++round) {
      std::vector<float> data = numbers(random);
      HalfProgram program;
      std::vector<float> results =
          program.run({UnaryF16{fn, row(program.a), row(program.y), kCount}}, data);
      ASSERT_EQ(results.size(), kCount);
      for (size_t i = 0; i < kCount; ++i) {
        double x = toHalf(data[i]), expected = toHalf(oracle(x));
        bool close = !exact && std::abs(results[i] - expected) <= stepAt(expected);
        EXPECT_TRUE(same(results[i], expected) || close)
            << toString(fn) << " of " << x << " gives " << results[i] << ", not " << expected;
      }
    }
  }
}

/// A sum in binary32 step by step, as the formula has it.
TEST(HalfOperations, ReduceRoundsOnce) {
  constexpr uint32_t kOuter = 2, kInner = 3, kExtent = kCount / kOuter / kInner;
  for (bool accumulate : {false, true})
    for (ReduceFn fn : {ReduceFn::Sum, ReduceFn::Max, ReduceFn::Min, ReduceFn::Prod}) {
      Generator random(33);
      std::vector<float> data = random.reals(2 * kCount, fn == ReduceFn::Prod ? 2 : 50);
      HalfProgram program(kOuter * kInner);
      std::vector<float> results =
          program.run({Fill{Format::F16, row(program.y), kOuter * kInner, 0x3c00}, // 1
                       Reduce{fn, Format::F16, row(program.a), row(program.y), kOuter, kExtent,
                              kInner, accumulate}},
                      data);
      ASSERT_EQ(results.size(), kOuter * kInner);
      bool roundingShows = false;
      for (uint32_t o = 0; o < kOuter; ++o)
        for (uint32_t i = 0; i < kInner; ++i) {
          auto take = [&](float a, float b) {
            return fn == ReduceFn::Sum    ? a + b
                   : fn == ReduceFn::Prod ? a * b
                   : fn == ReduceFn::Max  ? std::max(a, b)
                                          : std::min(a, b);
          };
          auto at = [&](uint32_t e) {
            return static_cast<float>(toHalf(data[(o * kExtent + e) * kInner + i]));
          };
          float wide = accumulate ? take(1, at(0)) : at(0), stepwise = wide;
          for (uint32_t e = 1; e < kExtent; ++e) {
            wide = take(wide, at(e));
            stepwise = static_cast<float>(toHalf(take(stepwise, at(e))));
          }
          roundingShows |= toHalf(wide) != stepwise;
          EXPECT_EQ(results[o * kInner + i], toHalf(wide)) << toString(fn);
        }
      if (fn == ReduceFn::Sum) {
        EXPECT_TRUE(roundingShows); // else the test could not tell
      }
    }
}

TEST(HalfOperations, MatmulRoundsOnce) {
  for (bool accumulate : {false, true})
    for (uint32_t groups : {1u, 2u}) {
      constexpr uint32_t kColumns = 5, kPositions = 3, kChannels = kCount / 4;
      uint32_t depth = kChannels / groups, outputs = groups * kColumns;
      Generator random(34);
      std::vector<float> data = random.reals(2 * kCount, 40),
                         weights = random.reals(groups * depth * kColumns, 2);
      std::vector<uint16_t> matrix;
      for (float &weight : weights) {
        weight = static_cast<float>(toHalf(weight));
        double size = std::abs(weight), step = stepAt(size);
        bool normal = size >= 0x1p-14;
        auto bits = static_cast<uint16_t>(size / step); // with the leading one if it is normal
        if (normal)
          bits = static_cast<uint16_t>(bits + ((std::ilogb(size) + 14) << 10));
        matrix.push_back(static_cast<uint16_t>(bits | (std::signbit(weight) ? 0x8000 : 0)));
      }
      HalfProgram program(kPositions * outputs);
      uint32_t w = program.builder.constant(0, matrix);
      // Three positions of two, the last beside the row: it reads the padding, 3.
      Window window{program.a, 0, 1, 0, 1, 2, 2 * kChannels, 0, kChannels,
                    1,         1, 1, 1, 1, 0, kPositions,    3};
      std::vector<float> results =
          program.run({Fill{Format::F16, row(program.y), kPositions * outputs, 0x4000}, // 2
                       Matmul{Format::F16, window, groups, row(w), kColumns, row(program.y),
                              outputs, accumulate, 0, 0}},
                      data);
      ASSERT_EQ(results.size(), kPositions * outputs);
      for (uint32_t p = 0; p < kPositions; ++p)
        for (uint32_t out = 0; out < outputs; ++out) {
          float sum = accumulate ? 2.0f : 0.0f;
          for (uint32_t k = 0; k < depth; ++k) {
            uint32_t channel = out / kColumns * depth + k;
            float a = p == 2 ? 3.0f : static_cast<float>(toHalf(data[p * 2 * kChannels + channel]));
            float product = a * weights[(out / kColumns * depth + k) * kColumns + out % kColumns];
            sum += product;
          }
          EXPECT_EQ(results[p * outputs + out], toHalf(sum)) << p << " " << out;
        }
    }
}

TEST(HalfOperations, PoolRoundsOnce) {
  for (ReduceFn fn : {ReduceFn::Max, ReduceFn::Sum}) {
    constexpr uint32_t kChannels = 4, kWidth = kCount / kChannels, kKernel = 3;
    Generator random(35);
    std::vector<float> data = random.reals(2 * kCount, 100);
    HalfProgram program;
    Window window{program.a, 0,       1, 0, 1, kWidth, kChannels, 0, kChannels,
                  1,         kKernel, 1, 1, 1, 1,      kWidth,    -2};
    std::vector<float> results = program.run({Pool{fn, Format::F16, window, row(program.y)}}, data);
    ASSERT_EQ(results.size(), kCount);
    for (int p = 0; p < static_cast<int>(kWidth); ++p)
      for (uint32_t c = 0; c < kChannels; ++c) {
        float sum = 0, greatest = -INFINITY;
        for (int j = p - 1; j <= p + 1; ++j) {
          bool inside = j >= 0 && j < static_cast<int>(kWidth);
          auto place = static_cast<size_t>(j) * kChannels + c;
          sum += inside ? static_cast<float>(toHalf(data[place])) : -2.0f;
          if (inside)
            greatest = std::max(greatest, static_cast<float>(toHalf(data[place])));
        }
        EXPECT_EQ(results[static_cast<size_t>(p) * kChannels + c],
                  fn == ReduceFn::Max ? greatest : toHalf(sum));
      }
  }
}

/// Requantisation, and what only moves bits: fill, copy, select, gather, unfold.
TEST(HalfOperations, RequantizeAndMove) {
  Generator random(36);
  std::vector<float> data = random.reals(2 * kCount, 100);
  std::vector<int32_t> sums = random.integers(kCount, 100000), bias = random.integers(8, 1000);
  std::vector<float> scale = random.reals(8, 0.5);
  for (float &s : scale)
    s = std::abs(s) + 1e-3f;
  {
    HalfProgram program;
    uint32_t q = program.builder.constant(0, sums), c = program.builder.constant(0, bias),
             f = program.builder.constant(0, scale);
    std::vector<float> results = program.run({Requant{row(q), row(c), row(f), row(program.y),
                                                      Format::F16, kCount / 8, 8, 8, 0, -128, 127}},
                                             data);
    ASSERT_EQ(results.size(), kCount);
    for (size_t i = 0; i < kCount; ++i) {
      float product = static_cast<float>(sums[i] + bias[i % 8]) * scale[i % 8];
      EXPECT_EQ(results[i], toHalf(product));
    }
  }
  HalfProgram program;
  std::vector<int32_t> index(kCount);
  for (size_t i = 0; i < kCount; ++i)
    index[i] = static_cast<int32_t>(kCount - 1 - i);
  std::vector<float> truth(kCount);
  for (size_t i = 0; i < kCount; i += 3)
    truth[i] = 1;
  uint32_t n = program.builder.constant(0, index), t = program.builder.constant(0, truth),
           r = program.builder.buffer(0, kCount * 2), s = program.builder.buffer(0, kCount * 2);
  Window window{program.a, 0, 1, 0, 1, kCount, 1, 0, 1, 1, 1, 1, 1, 1, 2, kCount, 0};
  std::vector<float> results = program.run(
      {Gather{Format::F16, row(program.b), kCount, 1, Format::I32, row(n), kCount, row(r)},
       Unfold{Format::F16, window, row(s), 0x4200, false}, // 3
       Select{Format::F16, kWhole, row(t), kLine, row(r), kLine, row(s), kLine, row(program.y),
              kLine},
       Copy{Format::F16,
            {1, 1, 1, 2},
            row(program.y),
            kLine,
            {1, 1, 1, 1},
            {0, 0, 0, 0},
            row(program.y, 0, 0, 20),
            kLine}},
      data);
  ASSERT_EQ(results.size(), kCount);
  auto expected = [&](size_t i) {
    if (i % 3 == 0)
      return toHalf(data[2 * kCount - 1 - i]);
    return i < 2 ? 3.0 : toHalf(data[i - 2]);
  };
  for (size_t i = 0; i < kCount; ++i)
    EXPECT_EQ(results[i], expected(i == 10 || i == 11 ? i - 10 : i)) << i;
}

TEST(HalfOperations, ConvertIntegers) {
  Generator random(37);
  std::vector<float> data = numbers(random);
  HalfProgram program;
  uint32_t i32 = program.builder.buffer(0, kCount * 4), i64 = program.builder.buffer(0, kCount * 8);
  std::vector<float> results =
      program.run({Convert{Format::F16, Format::I32, row(program.a), row(i32), kCount},
                   Convert{Format::I32, Format::I64, row(i32), row(i64), kCount},
                   Convert{Format::I64, Format::F16, row(i64), row(program.y), kCount}},
                  data);
  ASSERT_EQ(results.size(), kCount);
  for (size_t i = 0; i < kCount; ++i) {
    double x = toHalf(data[i]);
    double whole = x != x          ? 0
                   : std::isinf(x) ? std::copysign(INFINITY, x) // 2^31 has no half
                                   : std::trunc(x);
    EXPECT_EQ(results[i], toHalf(whole)) << x;
  }
}
} // namespace
