//===- ProductsTest.cpp - Products and tables of activations ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of random windows with random matrices, and entries of tables by index, against plain
// loops in the order of docs/numerics.md. Every bit must agree.
//
//===--------------------------------------------------------------------------===//

#include "ProgramBuilder.h"

using namespace cimc;
using namespace cimc::executor::testing;
using namespace cimc::program;

namespace {
constexpr size_t kInferences = 4;

/// A window over an image of `height x width x channels`, and the matrices that multiply it.
struct Geometry {
  uint32_t height, width, channels, groups, columns, kernel, stride, pad;
  uint32_t outHeight() const { return (height + 2 * pad - kernel) / stride + 1; }
  uint32_t positions() const { return (width + 2 * pad - kernel) / stride + 1; }
  uint32_t rows() const { return kernel * kernel * channels / groups; }
  uint32_t outputs() const { return groups * columns; }
  Window window(uint32_t buffer, int32_t padValue) const {
    return {buffer,   stride, 1,        -static_cast<int32_t>(pad),
            height,   width,  channels, 0,
            channels, kernel, kernel,   1,
            1,        stride, pad,      positions(),
            padValue};
  }
};

Geometry randomGeometry(Generator &random) {
  Geometry g;
  g.kernel = static_cast<uint32_t>(random.between(1, 3));
  g.pad = static_cast<uint32_t>(random.below(static_cast<int>(g.kernel)));
  g.stride = static_cast<uint32_t>(random.between(1, 2));
  g.height = g.kernel + static_cast<uint32_t>(random.between(0, 5));
  g.width = g.kernel + static_cast<uint32_t>(random.between(0, 20));
  g.groups = static_cast<uint32_t>(random.between(1, 3));
  g.channels = g.groups * static_cast<uint32_t>(random.between(1, 5));
  g.columns = static_cast<uint32_t>(random.between(1, 150));
  return g;
}

/// What `matmul` is.
template <typename In, typename Out>
std::vector<Out> multiply(const Geometry &g, const In *image, const std::vector<In> &matrix,
                          Out zeroPoint, Out matrixZeroPoint, Out padValue, Out start) {
  std::vector<Out> results;
  uint32_t channels = g.channels / g.groups;
  for (uint32_t y = 0; y < g.outHeight(); ++y)
    for (uint32_t p = 0; p < g.positions(); ++p)
      for (uint32_t out = 0; out < g.outputs(); ++out) {
        uint32_t group = out / g.columns, column = out % g.columns, k = 0;
        Out sum = start;
        for (uint32_t i = 0; i < g.kernel; ++i)
          for (uint32_t j = 0; j < g.kernel; ++j)
            for (uint32_t c = 0; c < channels; ++c, ++k) {
              int64_t row = int64_t{y} * g.stride + i - g.pad,
                      place = int64_t{p} * g.stride + j - g.pad;
              bool inside = row >= 0 && row < g.height && place >= 0 && place < g.width;
              Out x = inside
                          ? static_cast<Out>(
                                image[(row * g.width + place) * g.channels + group * channels + c])
                          : padValue;
              Out product =
                  (x - zeroPoint) *
                  (static_cast<Out>(matrix[(size_t{group} * g.rows() + k) * g.columns + column]) -
                   matrixZeroPoint);
              sum = sum + product;
            }
        results.push_back(sum);
      }
  return results;
}

TEST(Matmul, FloatWindows) {
  Generator random(20);
  for (int round = 0; round < 30; ++round) {
    Geometry g = randomGeometry(random);
    bool accumulate = round % 3 == 0;
    std::vector<float> matrix = random.reals(size_t{g.groups} * g.rows() * g.columns, 1);
    ProgramBuilder builder;
    uint32_t in = builder.input(0, Format::F32, {g.height, g.width, g.channels}),
             out = builder.output(0, Format::F32, {g.outHeight(), g.positions(), g.outputs()});
    uint32_t lineBytes = g.width * g.channels * 4, resultBytes = g.positions() * g.outputs() * 4;
    uint32_t ring = builder.buffer(0, lineBytes, g.height), y = builder.buffer(0, resultBytes),
             w = builder.constant(0, matrix);
    float start = accumulate ? 0.75f : 0.0f;
    uint32_t load = builder.block(0, {Recv{in, row(ring, 1), 1, lineBytes, 0}}),
             fire = builder.block(0, {Fill{Format::F32, row(y), g.positions() * g.outputs(),
                                           std::bit_cast<int32_t>(accumulate ? start : 9.0f)},
                                      Matmul{Format::F32, g.window(ring, 0), g.groups, row(w),
                                             g.columns, row(y), g.outputs(), accumulate, 0, 0},
                                      Send{out, row(y), 1, resultBytes, 0}});
    builder.control(0, {Fire{load, g.height}, Fire{fire, g.outHeight()}});
    size_t each = size_t{g.height} * g.width * g.channels;
    std::vector<float> data = random.reals(kInferences * each, 2);
    std::vector<float> results = runEverywhere<float>(
        builder.build(), {tensor({kInferences, g.height, g.width, g.channels}, data)});
    std::vector<float> expected;
    for (size_t n = 0; n < kInferences; ++n)
      for (float value : multiply<float, float>(g, &data[n * each], matrix, 0, 0, 0, start))
        expected.push_back(value);
    ASSERT_EQ(results, expected) << "round " << round;
  }
}

TEST(Matmul, IntegersWithZeroPoints) {
  Generator random(21);
  for (int round = 0; round < 20; ++round) {
    Geometry g = randomGeometry(random);
    int32_t a = random.between(-128, 127), b = random.between(-128, 127);
    std::vector<int8_t> matrix = random.bytes(size_t{g.groups} * g.rows() * g.columns);
    ProgramBuilder builder;
    uint32_t in = builder.input(0, Format::I8, {g.height, g.width, g.channels}),
             out = builder.output(0, Format::I32, {g.outHeight(), g.positions(), g.outputs()});
    uint32_t lineBytes = g.width * g.channels, resultBytes = g.positions() * g.outputs() * 4;
    uint32_t ring = builder.buffer(0, lineBytes, g.height), y = builder.buffer(0, resultBytes),
             w = builder.constant(0, matrix);
    uint32_t load = builder.block(0, {Recv{in, row(ring, 1), 1, lineBytes, 0}}),
             fire = builder.block(0, {Matmul{Format::I8, g.window(ring, a), g.groups, row(w),
                                             g.columns, row(y), g.outputs(), false, a, b},
                                      Send{out, row(y), 1, resultBytes, 0}});
    builder.control(0, {Fire{load, g.height}, Fire{fire, g.outHeight()}});
    size_t each = size_t{g.height} * g.width * g.channels;
    std::vector<int8_t> data = random.bytes(kInferences * each);
    std::vector<int32_t> results = runEverywhere<int32_t>(
        builder.build(), {tensor({kInferences, g.height, g.width, g.channels}, data)});
    std::vector<int32_t> expected;
    for (size_t n = 0; n < kInferences; ++n)
      for (int32_t value : multiply<int8_t, int32_t>(g, &data[n * each], matrix, a, b, a, 0))
        expected.push_back(value);
    ASSERT_EQ(results, expected) << "round " << round;
  }
}

/// A program that looks two entries of a table of `entries` up.
std::optional<ValidatedProgram> lookUp(const std::vector<float> &table, uint32_t elements) {
  ProgramBuilder builder;
  uint32_t in = builder.input(0, Format::I32, {1, 2}),
           out = builder.output(0, Format::F32, {1, 2, elements});
  uint32_t x = builder.buffer(0, 8), y = builder.buffer(0, 8 * elements),
           t = builder.constant(0, table);
  builder.fire(0, {Recv{in, row(x), 1, 8, 0},
                   Gather{Format::F32, row(t), static_cast<uint32_t>(table.size()) / elements,
                          elements, Format::I32, row(x), 2, row(y)},
                   Send{out, row(y), 1, 8 * elements, 0}});
  return builder.build();
}

TEST(Gather, CopiesEntries) {
  std::vector<float> results = runEverywhere<float>(lookUp({1, 2, 3, 4, 5, 6}, 2),
                                                    {tensor<int32_t>({2, 1, 2}, {2, 0, 1, 1})});
  EXPECT_EQ(results, (std::vector<float>{5, 6, 1, 2, 3, 4, 3, 4}));
}

TEST(Gather, IndexOutsideTheTableIsATrap) {
  auto program = lookUp({1, 2, 3, 4, 5, 6}, 2);
  ASSERT_TRUE(program);
  for (int32_t index : {3, -1}) {
    std::vector<TensorData> inputs{tensor<int32_t>({2, 1, 2}, {0, 1, 2, index})};
    auto outputs = executor::Executor(*program).run(inputs, {});
    ASSERT_FALSE(outputs);
    EXPECT_EQ(outputs.error().message,
              "chip 0 core 0 block 'block0' instruction 1: index " + std::to_string(index) +
                  " of inference 1 lies outside the table, which has 3 entries");
  }
}

} // namespace
