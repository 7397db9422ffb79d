//===- ChipsTest.cpp - Values of programs on several chips ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two dense layers on two chips that are woken and shut down, with crossbars and with engines,
// against plain loops, for any number of threads and batches.
//
//===--------------------------------------------------------------------------===//

#include "ProgramBuilder.h"

using namespace cimc;
using namespace cimc::executor::testing;
using namespace cimc::program;

namespace {
constexpr uint32_t kRows = 4;

/// A dense layer from 8 to 8 bits, for one row at a time.
struct Layer {
  Layer(Generator &random, uint32_t inputs, uint32_t outputs)
      : inputs(inputs), outputs(outputs), zeroPoint(random.between(-20, 20)),
        weights(random.bytes(size_t{inputs} * outputs)), bias(random.integers(outputs, 10000)),
        scale(random.reals(outputs, 1e-3f)) {
    for (float &s : scale)
      s = std::abs(s) + 1e-5f;
  }

  std::vector<int8_t> operator()(std::span<const int8_t> x) const {
    std::vector<int8_t> result;
    for (size_t o = 0; o < outputs; ++o) {
      int32_t sum = bias[o];
      for (size_t i = 0; i < inputs; ++i)
        sum += x[i] * weights[i * outputs + o];
      result.push_back(roundAndClamp(static_cast<float>(sum) * scale[o], zeroPoint));
    }
    return result;
  }

  /// Adds the layer to `core`, with its weights cut into tiles of `cut` rows, and gives the
  /// instructions that compute row 0 of buffer `y` from row 0 of buffer `x`.
  std::vector<Instruction> addTo(ProgramBuilder &builder, uint32_t core, uint32_t cut, uint32_t x,
                                 uint32_t y) const {
    uint32_t sums = builder.buffer(core, outputs * 4), b = builder.constant(core, bias),
             s = builder.constant(core, scale);
    std::vector<Instruction> instructions;
    for (uint32_t first = 0; first < inputs; first += cut) {
      uint32_t rows = std::min(cut, inputs - first);
      auto begin = weights.begin() + std::ptrdiff_t{first} * outputs;
      uint32_t tile = builder.tile(
          core, rows, outputs, std::vector<int8_t>(begin, begin + std::ptrdiff_t{rows} * outputs));
      instructions.push_back(
          Read{tile, Direction::Forward, wholeRow(x, inputs), first, row(sums), first > 0, 1});
    }
    instructions.push_back(Requant{row(sums), row(b), row(s), row(y), Format::I8, 1, outputs,
                                   outputs, zeroPoint, -128, 127});
    return instructions;
  }

  uint32_t inputs, outputs;
  int32_t zeroPoint;
  std::vector<int8_t> weights;
  std::vector<int32_t> bias;
  std::vector<float> scale;
};

/// Puts a receive in front of instructions and what follows behind them.
std::vector<Instruction> around(Instruction first, std::vector<Instruction> middle,
                                std::vector<Instruction> last) {
  middle.insert(middle.begin(), std::move(first));
  middle.insert(middle.end(), last.begin(), last.end());
  return middle;
}

/// Chip 0 holds the first layer on core 0 and gives results to the host from core 1; the host wakes
/// it. Chip 1 holds the second layer on core 2, whose results go through core 3 back to chip 0;
/// core 0 wakes it twice, for two rows each.
void addTwoChips(ProgramBuilder &builder, const Layer &first, const Layer &second, uint32_t cut) {
  builder.spread(2);
  builder.wakeFirst({0});
  uint32_t middle = first.outputs, bytes = second.outputs;
  uint32_t in = builder.input(0, Format::I8, {kRows, first.inputs}),
           out = builder.output(1, Format::I8, {kRows, bytes}), a = builder.channel(0, 2, middle),
           b = builder.channel(2, 3, bytes, 2), c = builder.channel(3, 1, bytes);

  uint32_t x = builder.buffer(0, first.inputs), y = builder.buffer(0, middle);
  std::vector<Instruction> layer = first.addTo(builder, 0, cut, x, y);
  for (uint32_t epoch : {0, 1})
    builder.block(0, around(Recv{in, row(x), 1, first.inputs, 0}, layer,
                            {Wake{1, epoch}, Send{a, row(y), 1, middle, 0}}));
  builder.control(0, {Fire{0, 2}, Fire{1, 2}, Shutdown{}});

  uint32_t x2 = builder.buffer(2, middle), y2 = builder.buffer(2, bytes);
  layer = second.addTo(builder, 2, cut, x2, y2);
  builder.block(2, around(Recv{a, row(x2), 1, middle, 0}, layer, {Send{b, row(y2), 1, bytes, 0}}));
  builder.control(2, {Loop{2}, Fire{0, 2}, Shutdown{}, End{}});

  uint32_t x3 = builder.buffer(3, bytes), x1 = builder.buffer(1, bytes);
  builder.block(3, {Recv{b, row(x3), 1, bytes, 0}, Send{c, row(x3), 1, bytes, 0}});
  builder.control(3, {Fire{0, 2}, Shutdown{}, Fire{0, 2}, Shutdown{}});
  builder.block(1, {Recv{c, row(x1), 1, bytes, 0}, Send{out, row(x1), 1, bytes, 0}});
  builder.control(1, {Fire{0, kRows}, Shutdown{}});
}

class Chips : public ::testing::TestWithParam<bool> {};

TEST_P(Chips, WakesChangeNoValue) {
  Generator random(30);
  constexpr size_t inferences = 15;
  for (int round = 0; round < 8; ++round) {
    auto draw = [&](int most) { return static_cast<uint32_t>(random.between(1, most)); };
    uint32_t inputs = draw(200), middle = draw(120), outputs = draw(60);
    Layer first(random, inputs, middle), second(random, middle, outputs);
    ProgramBuilder builder(4);
    if (GetParam())
      builder.useEngines();
    addTwoChips(builder, first, second, std::max(inputs, middle) / draw(4) + 1);
    std::vector<int8_t> data = random.bytes(inferences * kRows * inputs);
    std::vector<int8_t> results =
        runEverywhere<int8_t>(builder.build(), {tensor({inferences, kRows, inputs}, data)});
    std::vector<int8_t> expected;
    for (size_t n = 0; n < inferences * kRows; ++n) {
      std::vector<int8_t> y = second(first(std::span(data).subspan(n * inputs, inputs)));
      expected.insert(expected.end(), y.begin(), y.end());
    }
    ASSERT_EQ(results, expected) << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Chips, ::testing::Bool(),
                         [](const auto &info) { return info.param ? "Engines" : "Crossbars"; });

} // namespace
