//===- LayersTest.cpp - Whole layers against plain loops -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each test builds the program of a layer of random geometry by hand, runs it for several
// inferences, threads and batches, and compares every bit with loops that say what the layer is.
//
//===--------------------------------------------------------------------------===//

#include "ProgramBuilder.h"

#include <algorithm>
#include <bit>

using namespace cimc;
using namespace cimc::executor::testing;
using namespace cimc::program;

namespace {
constexpr size_t kInferences = 5;

TEST(Dense, EightBit) {
  Generator random(10);
  for (int round = 0; round < 20; ++round) {
    auto inputs = static_cast<uint32_t>(random.between(1, 300)),
         outputs = static_cast<uint32_t>(random.between(1, 150));
    int zeroPoint = random.between(-20, 20), lo = random.between(-128, 0);
    std::vector<int8_t> weights = random.bytes(size_t{inputs} * outputs);
    std::vector<int32_t> bias = random.integers(outputs, 10000);
    std::vector<float> scale = random.reals(outputs, 1e-3f);
    for (float &s : scale)
      s = std::abs(s) + 1e-5f;

    ProgramBuilder builder;
    uint32_t in = builder.input(0, Format::I8, {1, inputs}),
             out = builder.output(0, Format::I8, {1, outputs});
    uint32_t x = builder.buffer(0, inputs), sums = builder.buffer(0, outputs * 4),
             y = builder.buffer(0, outputs);
    uint32_t b = builder.constant(0, bias), s = builder.constant(0, scale),
             w = builder.tile(0, inputs, outputs, weights);
    builder.fire(0, {Recv{in, row(x), 1, inputs, 0},
                     Read{w, Direction::Forward, wholeRow(x, inputs), 0, row(sums), false, 1},
                     Requant{row(sums), row(b), row(s), row(y), Format::I8, 1, outputs, outputs,
                             zeroPoint, lo, 127},
                     Send{out, row(y), 1, outputs, 0}});
    std::vector<int8_t> data = random.bytes(kInferences * inputs);
    std::vector<int8_t> results =
        runEverywhere<int8_t>(builder.build(), {tensor({kInferences, inputs}, data)});
    ASSERT_EQ(results.size(), kInferences * outputs);
    for (size_t n = 0; n < kInferences; ++n)
      for (size_t o = 0; o < outputs; ++o) {
        int32_t sum = 0;
        for (size_t i = 0; i < inputs; ++i)
          sum += data[n * inputs + i] * weights[i * outputs + o];
        ASSERT_EQ(results[n * outputs + o],
                  roundAndClamp(static_cast<float>(sum + bias[o]) * scale[o], zeroPoint, lo));
      }
  }
}

/// A 2-D window over an image in `height x width x channels` order.
struct Geometry {
  uint32_t height, width, channels, kernelH, kernelW, strideH, strideW, dilationH, dilationW,
      padTop, padLeft;
  uint32_t padBottom = 0, padRight = 0;
  int32_t padValue = 0;
  uint32_t skip = 0; ///< positions at the left that the window does not start with

  uint32_t outHeight() const {
    return (height + padTop + padBottom - (kernelH - 1) * dilationH - 1) / strideH + 1;
  }
  uint32_t outWidth() const {
    return (width - skip + padLeft + padRight - (kernelW - 1) * dilationW - 1) / strideW + 1;
  }
  uint32_t windowSize() const { return kernelH * kernelW * channels; }

  /// The element at kernel place (i, j) of output (r, p), or nothing outside the image.
  template <typename T>
  std::optional<T> at(const T *image, uint32_t r, uint32_t p, uint32_t i, uint32_t j,
                      uint32_t c) const {
    int64_t y = int64_t{r} * strideH + i * dilationH - padTop,
            x = int64_t{p} * strideW + j * dilationW - padLeft + skip;
    if (y < 0 || x < 0 || y >= height || x >= width)
      return std::nullopt;
    return image[(static_cast<size_t>(y) * width + static_cast<size_t>(x)) * channels + c];
  }

  Window window(uint32_t buffer) const {
    return {buffer,    strideH, 1,        -static_cast<int32_t>(padTop),
            height,    width,   channels, skip * channels,
            channels,  kernelH, kernelW,  dilationH,
            dilationW, strideW, padLeft,  outWidth(),
            padValue};
  }
};

Geometry randomGeometry(Generator &random, int maxChannels) {
  auto pick = [&](int low, int high) { return static_cast<uint32_t>(random.between(low, high)); };
  Geometry g{};
  g.channels = pick(1, maxChannels);
  g.kernelH = pick(1, 3);
  g.kernelW = pick(1, 3);
  g.strideH = pick(1, 2);
  g.strideW = pick(1, 2);
  g.dilationH = pick(1, 2);
  g.dilationW = pick(1, 2);
  g.padTop = pick(0, 2) % g.kernelH;
  g.padLeft = pick(0, 2) % g.kernelW;
  g.padBottom = pick(0, 2) % g.kernelH;
  g.padRight = pick(0, 2) % g.kernelW;
  g.height = pick(6, 11);
  g.width = pick(9, 16);
  g.skip = pick(0, 3);
  g.padValue = random.between(-128, 127);
  return g;
}

/// Firings of a stage that reads rows through a window: before firing r, rows up to `last(r)` must
/// be there. Rows that no firing needs come at the end. `receive` takes one row, `fire` fires once.
std::vector<Instruction> streamRows(const Geometry &g, uint32_t receive, uint32_t fire) {
  std::vector<Instruction> control;
  uint32_t received = 0;
  auto receiveUntil = [&](int64_t count) {
    if (count > received) {
      control.push_back(Fire{receive, static_cast<uint32_t>(count) - received});
      received = static_cast<uint32_t>(count);
    }
  };
  for (uint32_t r = 0; r < g.outHeight(); ++r) {
    int64_t last = int64_t{r} * g.strideH + (g.kernelH - 1) * g.dilationH - g.padTop;
    receiveUntil(std::min<int64_t>(last + 1, g.height));
    control.push_back(Fire{fire, 1});
  }
  receiveUntil(g.height);
  return control;
}

/// Rows of the ring that such a stage needs.
uint32_t ringRows(const Geometry &g) {
  return std::max((g.kernelH - 1) * g.dilationH + 1, g.strideH);
}

std::vector<int32_t> convolve(const Geometry &g, const int8_t *image,
                              const std::vector<int8_t> &weights, uint32_t outputs) {
  std::vector<int32_t> sums(size_t{g.outHeight()} * g.outWidth() * outputs);
  size_t at = 0;
  for (uint32_t r = 0; r < g.outHeight(); ++r)
    for (uint32_t p = 0; p < g.outWidth(); ++p)
      for (uint32_t o = 0; o < outputs; ++o, ++at)
        for (uint32_t i = 0; i < g.kernelH; ++i)
          for (uint32_t j = 0; j < g.kernelW; ++j)
            for (uint32_t c = 0; c < g.channels; ++c) {
              size_t weight = (size_t{i} * g.kernelW + j) * g.channels + c;
              sums[at] +=
                  g.at(image, r, p, i, j, c).value_or(g.padValue) * weights[weight * outputs + o];
            }
  return sums;
}

/// Two cores: the first streams rows to the second in a FIFO, the second convolves them with its
/// weights cut into two tiles of rows, whose sums it adds.
TEST(Convolution, StreamedOverTwoCores) {
  Generator random(11);
  for (int round = 0; round < 40; ++round) {
    Geometry g = randomGeometry(random, round % 2 ? 40 : 5);
    auto outputs = static_cast<uint32_t>(random.between(1, 40)), size = g.windowSize();
    uint32_t rowBytes = g.width * g.channels, count = g.outWidth() * outputs;
    uint32_t cut =
        size > 1 ? static_cast<uint32_t>(random.between(1, static_cast<int>(size) - 1)) : 0;
    std::vector<int8_t> weights = random.bytes(size_t{size} * outputs);
    std::vector<int8_t> upper(weights.begin(), weights.begin() + cut * outputs),
        lower(weights.begin() + cut * outputs, weights.end());

    ProgramBuilder builder(2);
    uint32_t in = builder.input(0, Format::I8, {g.height, g.width, g.channels});
    uint32_t fifo = builder.channel(0, 1, rowBytes, static_cast<uint32_t>(random.between(1, 4)));
    uint32_t out = builder.output(1, Format::I32, {g.outHeight(), g.outWidth(), outputs});
    uint32_t relay = builder.buffer(0, rowBytes, 2);
    builder.fire(
        0, {Recv{in, row(relay, 1), 1, rowBytes, 0}, Send{fifo, row(relay, 1), 1, rowBytes, 0}},
        g.height);

    uint32_t ring = builder.buffer(1, rowBytes, ringRows(g)), sums = builder.buffer(1, count * 4);
    std::vector<Instruction> reads;
    if (cut)
      reads.push_back(Read{builder.tile(1, cut, outputs, upper), Direction::Forward, g.window(ring),
                           0, row(sums), false, 1});
    reads.push_back(Read{builder.tile(1, size - cut, outputs, lower), Direction::Forward,
                         g.window(ring), cut, row(sums), cut > 0, 1});
    reads.push_back(Send{out, row(sums), 1, count * 4, 0});
    uint32_t receive = builder.block(1, {Recv{fifo, row(ring, 1), 1, rowBytes, 0}});
    builder.control(1, streamRows(g, receive, builder.block(1, reads)));

    size_t imageSize = size_t{g.height} * rowBytes;
    std::vector<int8_t> data = random.bytes(kInferences * imageSize);
    std::vector<int32_t> results = runEverywhere<int32_t>(
        builder.build(), {tensor({kInferences, g.height, g.width, g.channels}, data)});
    for (size_t n = 0; n < kInferences; ++n) {
      std::vector<int32_t> expected = convolve(g, data.data() + n * imageSize, weights, outputs);
      ASSERT_EQ(results.size(), kInferences * expected.size());
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(),
                             results.begin() + static_cast<ptrdiff_t>(n * expected.size())))
          << "round " << round;
    }
  }
}

/// The same sums by the digital unit and by a block-diagonal tile.
TEST(Convolution, DepthwiseBothWays) {
  Generator random(12);
  for (int round = 0; round < 30; ++round) {
    Geometry g = randomGeometry(random, 36);
    auto multiplier = static_cast<uint32_t>(round % 3 ? 1 : random.between(1, 3));
    uint32_t rowBytes = g.width * g.channels, cols = g.channels * multiplier, size = g.windowSize();
    std::vector<int8_t> weights = random.bytes(size_t{size} * multiplier),
                        dense(size_t{size} * cols);
    for (uint32_t place = 0; place < size; ++place)
      for (uint32_t m = 0; m < multiplier; ++m)
        dense[size_t{place} * cols + (place % g.channels) * multiplier + m] =
            weights[place * multiplier + m];

    ProgramBuilder builder;
    uint32_t in = builder.input(0, Format::I8, {g.height, g.width, g.channels});
    uint32_t out = builder.output(0, Format::I32, {g.outHeight(), 2, g.outWidth(), cols});
    uint32_t ring = builder.buffer(0, rowBytes, ringRows(g)),
             both = builder.buffer(0, 2 * g.outWidth() * cols * 4);
    uint32_t w = builder.constant(0, weights), half = g.outWidth() * cols * 4;
    uint32_t receive = builder.block(0, {Recv{in, row(ring, 1), 1, rowBytes, 0}});
    uint32_t fire = builder.block(0, {Depthwise{g.window(ring), row(w), multiplier, row(both)},
                                      Read{builder.tile(0, size, cols, dense), Direction::Forward,
                                           g.window(ring), 0, row(both, 0, 0, half), false, 1},
                                      Send{out, row(both), 1, 2 * half, 0}});
    builder.control(0, streamRows(g, receive, fire));

    size_t imageSize = size_t{g.height} * rowBytes, line = size_t{g.outWidth()} * cols;
    std::vector<int8_t> data = random.bytes(kInferences * imageSize);
    std::vector<int32_t> results = runEverywhere<int32_t>(
        builder.build(), {tensor({kInferences, g.height, g.width, g.channels}, data)});
    ASSERT_EQ(results.size(), kInferences * 2 * g.outHeight() * line);
    for (size_t n = 0; n < kInferences; ++n) {
      std::vector<int32_t> expected = convolve(g, data.data() + n * imageSize, dense, cols);
      for (size_t r = 0; r < g.outHeight(); ++r)
        for (size_t i = 0; i < line; ++i)
          for (size_t way : {0, 1})
            ASSERT_EQ(results[((n * g.outHeight() + r) * 2 + way) * line + i],
                      expected[r * line + i])
                << "round " << round;
    }
  }
}

/// A pool of the input as it is (`In`), with results of type `Out`.
template <typename In, typename Out>
void checkPool(ReduceFn fn, Format from, Format to, std::vector<In> (*draw)(Generator &, size_t),
               uint32_t seed) {
  Generator random(seed);
  for (int round = 0; round < 15; ++round) {
    Geometry g = randomGeometry(random, 20);
    uint32_t line = g.width * g.channels, count = g.outWidth() * g.channels;
    auto rowBytes = static_cast<uint32_t>(line * sizeof(In)),
         outBytes = static_cast<uint32_t>(count * sizeof(Out));
    ProgramBuilder builder;
    uint32_t in = builder.input(0, from, {g.height, g.width, g.channels});
    uint32_t out = builder.output(0, to, {g.outHeight(), g.outWidth(), g.channels});
    uint32_t ring = builder.buffer(0, rowBytes, ringRows(g)), y = builder.buffer(0, outBytes);
    uint32_t receive = builder.block(0, {Recv{in, row(ring, 1), 1, rowBytes, 0}});
    uint32_t fire = builder.block(
        0, {Pool{fn, from, g.window(ring), row(y)}, Send{out, row(y), 1, outBytes, 0}});
    builder.control(0, streamRows(g, receive, fire));

    size_t imageSize = size_t{g.height} * line;
    std::vector<In> data = draw(random, kInferences * imageSize);
    std::vector<Out> results = runEverywhere<Out>(
        builder.build(), {tensor({kInferences, g.height, g.width, g.channels}, data)});
    ASSERT_EQ(results.size(), kInferences * g.outHeight() * count);
    size_t at = 0;
    for (size_t n = 0; n < kInferences; ++n)
      for (uint32_t r = 0; r < g.outHeight(); ++r)
        for (uint32_t p = 0; p < g.outWidth(); ++p)
          for (uint32_t c = 0; c < g.channels; ++c, ++at) {
            Out sum = 0;
            std::optional<In> greatest;
            for (uint32_t i = 0; i < g.kernelH; ++i)
              for (uint32_t j = 0; j < g.kernelW; ++j) {
                std::optional<In> element = g.at(data.data() + n * imageSize, r, p, i, j, c);
                sum += static_cast<Out>(element.value_or(static_cast<In>(g.padValue)));
                if (element && (!greatest || *element > *greatest))
                  greatest = element;
              }
            if (fn == ReduceFn::Max && !greatest)
              continue; // a window without a place in the image has no maximum
            ASSERT_EQ(results[at], fn == ReduceFn::Sum ? sum : static_cast<Out>(*greatest))
                << "round " << round;
          }
  }
}
/// The windows of an input of format `format`, once all of them and once what lies in the image on
/// top of the row before.
template <typename T>
void checkUnfold(Format format, int32_t value, std::vector<T> (*draw)(Generator &, size_t),
                 uint32_t seed) {
  Generator random(seed);
  for (int round = 0; round < 15; ++round) {
    Geometry g = randomGeometry(random, 12);
    uint32_t line = g.width * g.channels, count = g.outWidth() * g.kernelH * g.kernelW * g.channels;
    auto rowBytes = static_cast<uint32_t>(line * sizeof(T)),
         outBytes = static_cast<uint32_t>(count * sizeof(T));
    ProgramBuilder builder;
    uint32_t in = builder.input(0, format, {g.height, g.width, g.channels});
    uint32_t out = builder.output(0, format, {2 * g.outHeight(), count});
    uint32_t ring = builder.buffer(0, rowBytes, ringRows(g)), y = builder.buffer(0, outBytes);
    uint32_t receive = builder.block(0, {Recv{in, row(ring, 1), 1, rowBytes, 0}});
    uint32_t fire = builder.block(
        0, {Unfold{format, g.window(ring), row(y), value, false}, Send{out, row(y), 1, outBytes, 0},
            Fill{format, row(y), count, 7}, Unfold{format, g.window(ring), row(y), value, true},
            Send{out, row(y), 1, outBytes, 0}});
    builder.control(0, streamRows(g, receive, fire));

    size_t imageSize = size_t{g.height} * line;
    std::vector<T> data = draw(random, kInferences * imageSize);
    std::vector<T> results = runEverywhere<T>(
        builder.build(), {tensor({kInferences, g.height, g.width, g.channels}, data)});
    ASSERT_EQ(results.size(), kInferences * 2 * g.outHeight() * count);
    auto bits = [](int32_t number) {
      if constexpr (sizeof(T) == 4)
        return std::bit_cast<T>(number);
      else
        return static_cast<T>(number);
    };
    size_t at = 0;
    for (size_t n = 0; n < kInferences; ++n)
      for (uint32_t r = 0; r < g.outHeight(); ++r)
        for (int32_t outside : {value, 7})
          for (uint32_t p = 0; p < g.outWidth(); ++p)
            for (uint32_t i = 0; i < g.kernelH; ++i)
              for (uint32_t j = 0; j < g.kernelW; ++j)
                for (uint32_t c = 0; c < g.channels; ++c, ++at)
                  ASSERT_EQ(
                      results[at],
                      g.at(data.data() + n * imageSize, r, p, i, j, c).value_or(bits(outside)))
                      << "round " << round;
  }
}

std::vector<int8_t> drawBytes(Generator &random, size_t count) { return random.bytes(count); }
std::vector<float> drawReals(Generator &random, size_t count) { return random.reals(count, 100); }

TEST(Pool, MaxOfBytes) {
  checkPool<int8_t, int8_t>(ReduceFn::Max, Format::I8, Format::I8, drawBytes, 13);
}
TEST(Pool, SumOfBytes) {
  checkPool<int8_t, int32_t>(ReduceFn::Sum, Format::I8, Format::I32, drawBytes, 14);
}
TEST(Pool, MaxOfFloats) {
  checkPool<float, float>(ReduceFn::Max, Format::F32, Format::F32, drawReals, 15);
}
TEST(Unfold, Bytes) { checkUnfold<int8_t>(Format::I8, -3, drawBytes, 17); }
TEST(Unfold, Floats) {
  checkUnfold<float>(Format::F32, std::bit_cast<int32_t>(0.3f), drawReals, 18);
}
TEST(Pool, SumOfFloats) {
  checkPool<float, float>(ReduceFn::Sum, Format::F32, Format::F32, drawReals, 16);
}

TEST(ShiftAdd, ShiftsAndAdds) {
  Generator random(31);
  for (int round = 0; round < 20; ++round) {
    auto count = static_cast<uint32_t>(random.between(1, 200)),
         shift = static_cast<uint32_t>(random.between(0, 7));
    bool accumulate = round % 2, inPlace = round % 4 == 2;
    ProgramBuilder builder;
    uint32_t first = builder.input(0, Format::I8, {1, count}),
             second = builder.input(0, Format::I8, {1, count}),
             out = builder.output(0, Format::I32, {1, count});
    uint32_t a = builder.buffer(0, count), b = builder.buffer(0, count),
             source = builder.buffer(0, count * 4), sums = builder.buffer(0, count * 4);
    builder.fire(0, {Recv{first, row(a), 1, count, 0}, Recv{second, row(b), 1, count, 0},
                     Convert{Format::I8, Format::I32, row(a), row(inPlace ? sums : source), count},
                     Convert{Format::I8, Format::I32, row(b), row(inPlace ? source : sums), count},
                     ShiftAdd{row(inPlace ? sums : source), row(sums), count, shift, accumulate},
                     Send{out, row(sums), 1, count * 4, 0}});
    std::vector<int8_t> left = random.bytes(kInferences * count),
                        right = random.bytes(kInferences * count);
    std::vector<int32_t> results = runEverywhere<int32_t>(
        builder.build(), {tensor({kInferences, count}, left), tensor({kInferences, count}, right)});
    ASSERT_EQ(results.size(), left.size());
    for (size_t i = 0; i < results.size(); ++i)
      ASSERT_EQ(results[i], left[i] * (1 << shift) + (accumulate ? right[i] : 0));
  }
}

TEST(AddQuantized, FollowsTheFormula) {
  Generator random(17);
  for (int round = 0; round < 20; ++round) {
    auto count = static_cast<uint32_t>(random.between(1, 200));
    AddQuantized add{};
    add.count = count;
    add.aScale = std::abs(random.real()) + 0.01f;
    add.bScale = std::abs(random.real()) + 0.01f;
    add.scale = std::abs(random.real()) + 0.01f;
    add.aZeroPoint = random.byte();
    add.bZeroPoint = random.byte();
    add.zeroPoint = random.byte();
    add.lo = random.between(-128, 0);
    add.hi = random.between(0, 127);
    ProgramBuilder builder;
    uint32_t first = builder.input(0, Format::I8, {1, count}),
             second = builder.input(0, Format::I8, {1, count});
    uint32_t out = builder.output(0, Format::I8, {1, count});
    uint32_t a = builder.buffer(0, count), b = builder.buffer(0, count);
    add.a = row(a);
    add.b = row(b);
    add.dst = round % 2 ? row(a) : row(builder.buffer(0, count)); // in place, too
    builder.fire(0, {Recv{first, row(a), 1, count, 0}, Recv{second, row(b), 1, count, 0}, add,
                     Send{out, add.dst, 1, count, 0}});
    std::vector<int8_t> left = random.bytes(kInferences * count),
                        right = random.bytes(kInferences * count);
    std::vector<int8_t> results = runEverywhere<int8_t>(
        builder.build(), {tensor({kInferences, count}, left), tensor({kInferences, count}, right)});
    ASSERT_EQ(results.size(), left.size());
    for (size_t i = 0; i < results.size(); ++i) {
      float sum = static_cast<float>(left[i] - add.aZeroPoint) * add.aScale +
                  static_cast<float>(right[i] - add.bZeroPoint) * add.bScale;
      ASSERT_EQ(results[i], roundAndClamp(sum / add.scale, add.zeroPoint, add.lo, add.hi));
    }
  }
}

TEST(Lookup, AllBytes) {
  Generator random(18);
  std::vector<int8_t> table = random.bytes(256), data(256);
  for (int i = 0; i < 256; ++i)
    data[static_cast<size_t>(i)] = static_cast<int8_t>(i - 128);
  ProgramBuilder builder;
  uint32_t in = builder.input(0, Format::I8, {1, 256}),
           out = builder.output(0, Format::I8, {1, 256});
  uint32_t x = builder.buffer(0, 256), t = builder.constant(0, table);
  builder.fire(0, {Recv{in, row(x), 1, 256, 0}, Lookup{row(x), row(t), row(x), 256},
                   Send{out, row(x), 1, 256, 0}});
  EXPECT_EQ(runEverywhere<int8_t>(builder.build(), {tensor({1, 256}, data)}), table);
}

TEST(Quantize, EveryTieAndEveryLimit) {
  std::vector<float> data;
  for (int i = -600; i <= 600; ++i) // multiples of 1/4 give ties at every half
    data.push_back(static_cast<float>(i) / 4);
  for (float special : {INFINITY, -INFINITY, NAN, 1e30f, -1e30f, 0.0f, -0.0f, 0.49999997f, 1e-40f})
    data.push_back(special);
  auto count = static_cast<uint32_t>(data.size());
  for (auto [zeroPoint, lo, hi] :
       {std::tuple(0, -128, 127), {7, 7, 127}, {-128, -128, 100}, {3, 10, 20}}) {
    ProgramBuilder builder;
    uint32_t in = builder.input(0, Format::F32, {1, count}),
             out = builder.output(0, Format::I8, {1, count});
    uint32_t x = builder.buffer(0, count * 4), y = builder.buffer(0, count);
    builder.fire(0, {Recv{in, row(x), 1, count * 4, 0},
                     Quantize{row(x), row(y), count, 0.5f, zeroPoint, lo, hi},
                     Send{out, row(y), 1, count, 0}});
    std::vector<int8_t> results =
        runEverywhere<int8_t>(builder.build(), {tensor({1, count}, data)});
    ASSERT_EQ(results.size(), data.size());
    for (size_t i = 0; i < data.size(); ++i)
      ASSERT_EQ(results[i], roundAndClamp(data[i] / 0.5f, zeroPoint, lo, hi)) << data[i];
  }
}

/// softmax(x) over the last axis of `rows x classes`, from vector instructions with broadcasting.
TEST(VectorInstructions, Softmax) {
  constexpr uint32_t kRows = 3, kClasses = 11, kCount = kRows * kClasses;
  constexpr std::array<int32_t, 4> kDims{1, 1, kRows, kClasses}, kDense{0, 0, kClasses, 1},
      kPerRow{0, 0, 1, 0};
  ProgramBuilder builder;
  uint32_t in = builder.input(0, Format::F32, {1, kRows, kClasses}),
           out = builder.output(0, Format::F32, {1, kRows, kClasses});
  uint32_t x = builder.buffer(0, kCount * 4), y = builder.buffer(0, kCount * 4),
           perRow = builder.buffer(0, kRows * 4);
  auto binary = [&](BinaryFn fn, uint32_t a, uint32_t b, uint32_t dst) {
    return Binary{fn, Format::F32, kDims, row(a), kDense, row(b), kPerRow, row(dst), kDense};
  };
  builder.fire(0,
               {Recv{in, row(x), 1, kCount * 4, 0},
                Reduce{ReduceFn::Max, Format::F32, row(x), row(perRow), kRows, kClasses, 1, false},
                binary(BinaryFn::Sub, x, perRow, y), Unary{UnaryFn::Exp, row(y), row(y), kCount},
                Reduce{ReduceFn::Sum, Format::F32, row(y), row(perRow), kRows, kClasses, 1, false},
                binary(BinaryFn::Div, y, perRow, x), Send{out, row(x), 1, kCount * 4, 0}});
  Generator random(19);
  std::vector<float> data = random.reals(kInferences * kCount, 20);
  std::vector<float> results =
      runEverywhere<float>(builder.build(), {tensor({kInferences, kRows, kClasses}, data)});
  ASSERT_EQ(results.size(), data.size());
  for (size_t line = 0; line < data.size(); line += kClasses) {
    float greatest = *std::max_element(data.begin() + static_cast<ptrdiff_t>(line),
                                       data.begin() + static_cast<ptrdiff_t>(line + kClasses));
    float sum = 0;
    for (size_t i = 0; i < kClasses; ++i)
      sum += std::exp(data[line + i] - greatest);
    for (size_t i = 0; i < kClasses; ++i)
      ASSERT_EQ(results[line + i], std::exp(data[line + i] - greatest) / sum);
  }
}

/// An image that the model keeps channels first and unsigned, streamed row by row with channels
/// last.
TEST(HostStream, StridesAndSignedShift) {
  constexpr uint32_t kChannels = 3, kHeight = 4, kWidth = 5, kRow = kWidth * kChannels;
  ProgramBuilder builder;
  uint32_t in = builder.input(0, Format::I8, {kHeight, kRow}, true),
           out = builder.output(0, Format::I8, {kHeight, kRow}, true);
  uint32_t ring = builder.buffer(0, 2 * kRow, 2);
  for (size_t i : {0, 1}) {
    Stream &stream = builder.stream(i);
    stream.shape = {1, kChannels, kHeight, kWidth};
    stream.rowStride = kWidth;
    stream.dims = {1, 1, kWidth, kChannels};
    stream.strides = {0, 0, 1, kHeight * kWidth};
  }
  builder.stream(1).shape = {1, kHeight, kWidth, kChannels};
  builder.stream(1).rowStride = kRow;
  builder.stream(1).strides = {0, 0, kChannels, 1};
  // Positions stand two bytes further apart than they need.
  constexpr uint32_t kPitch = kChannels + 2;
  builder.fire(0,
               {Recv{in, row(ring, 1), kWidth, kChannels, kPitch},
                Send{out, row(ring, 1), kWidth, kChannels, kPitch}},
               kHeight);
  std::vector<uint8_t> data(kInferences * kHeight * kRow);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<uint8_t>(i * 37);
  std::vector<uint8_t> results = runEverywhere<uint8_t>(
      builder.build(), {tensor({kInferences, kChannels, kHeight, kWidth}, data)});
  ASSERT_EQ(results.size(), data.size());
  size_t at = 0;
  for (size_t n = 0; n < kInferences; ++n)
    for (size_t y = 0; y < kHeight; ++y)
      for (size_t x = 0; x < kWidth; ++x)
        for (size_t c = 0; c < kChannels; ++c, ++at)
          ASSERT_EQ(results[at], data[((n * kChannels + c) * kHeight + y) * kWidth + x]);
}

/// Copies with steps and strides, fills, conversions, selections and integer arithmetic in one
/// block.
TEST(VectorInstructions, TransposeSelectConvert) {
  constexpr uint32_t kRows = 4, kCols = 6, kCount = kRows * kCols;
  ProgramBuilder builder;
  uint32_t in = builder.input(0, Format::I32, {1, kRows, kCols}),
           out = builder.output(0, Format::I32, {kCols, kRows});
  uint32_t x = builder.buffer(0, kCount * 4), column = builder.buffer(0, kRows * 4),
           doubled = builder.buffer(0, kRows * 4);
  uint32_t f = builder.buffer(0, kRows * 4), negative = builder.buffer(0, kRows * 4),
           zero = builder.buffer(0, 4);
  constexpr std::array<int32_t, 4> kDims{1, 1, 1, kRows}, kUnit{0, 0, 0, 1}, kNone{0, 0, 0, 0},
      kDown{0, 0, 0, kCols};
  uint32_t receive = builder.block(0, {Recv{in, row(x), 1, kCount * 4, 0}});
  // Column r of x; twice its elements; as floats, the negative ones replaced by zero.
  uint32_t fire = builder.block(
      0, {Copy{Format::I32, kDims, row(x), kDown, {1, 1, 1, kCols}, kUnit, row(column), kUnit},
          Binary{BinaryFn::Add, Format::I32, kDims, row(column), kUnit, row(column), kUnit,
                 row(doubled), kUnit},
          Convert{Format::I32, Format::F32, row(doubled), row(f), kRows},
          Fill{Format::F32, row(zero), 1, 0},
          Binary{BinaryFn::Lt, Format::F32, kDims, row(f), kUnit, row(zero), kNone, row(negative),
                 kUnit},
          Select{Format::F32, kDims, row(negative), kUnit, row(zero), kNone, row(f), kUnit, row(f),
                 kUnit},
          Convert{Format::F32, Format::I32, row(f), row(doubled), kRows},
          Send{out, row(doubled), 1, kRows * 4, 0}});
  builder.control(0, {Fire{receive, 1}, Loop{2}, Loop{3}, Fire{fire, 1}, End{}, End{}});
  Generator random(20);
  std::vector<int32_t> data = random.integers(kInferences * kCount, 1000);
  std::vector<int32_t> results =
      runEverywhere<int32_t>(builder.build(), {tensor({kInferences, kRows, kCols}, data)});
  ASSERT_EQ(results.size(), data.size());
  for (size_t n = 0; n < kInferences; ++n)
    for (size_t c = 0; c < kCols; ++c)
      for (size_t r = 0; r < kRows; ++r)
        ASSERT_EQ(results[(n * kCols + c) * kRows + r],
                  std::max(0, 2 * data[(n * kRows + r) * kCols + c]));
}

TEST(Inputs, ErrorsSayWhatIsNeeded) {
  ProgramBuilder builder;
  uint32_t in = builder.input(0, Format::I8, {1, 4}), out = builder.output(0, Format::I8, {1, 4}),
           x = builder.buffer(0, 4);
  builder.fire(0, {Recv{in, row(x), 1, 4, 0}, Send{out, row(x), 1, 4, 0}});
  auto program = builder.build();
  ASSERT_TRUE(program);
  executor::Executor executor(*program);
  auto message = [&](std::vector<TensorData> inputs) {
    auto result = executor.run(inputs, {});
    return result ? "" : result.error().message;
  };
  EXPECT_EQ(message({}), "the program has 1 inputs, 0 are given");
  EXPECT_EQ(message({tensor({1, 4}, std::vector<float>(4))}),
            "input 'in0' needs elements of int8, given are float32");
  EXPECT_EQ(message({tensor({1, 3}, std::vector<int8_t>(3))}),
            "input 'in0' needs a multiple of [1,4], given is [1,3]");
  EXPECT_EQ(message({tensor({0, 4}, std::vector<int8_t>())}), "");
}
} // namespace
