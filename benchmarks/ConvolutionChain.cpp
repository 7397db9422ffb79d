//===- ConvolutionChain.cpp - Speed of the executor on a network -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Seventeen 3x3 convolutions of 32 x 32 x 16, each on its own core, streamed row by row: 40 million
// multiply-accumulates per inference, about as many as a ResNet-20 for CIFAR has, with small
// products and much else to do.
//
//===--------------------------------------------------------------------------===//

#include "ProgramBuilder.h"
#include "cimc/Executor/Timing.h"

#include <benchmark/benchmark.h>

using namespace cimc;
using namespace cimc::executor::testing;
using namespace cimc::program;

namespace {
constexpr uint32_t kLayers = 17, kSize = 32, kChannels = 16, kRow = kSize * kChannels;

std::optional<ValidatedProgram> makeChain() {
  Random random(1);
  ProgramBuilder builder(kLayers);
  uint32_t from = builder.input(0, Format::I8, {kSize, kSize, kChannels});
  for (uint32_t core = 0; core < kLayers; ++core) {
    bool last = core + 1 == kLayers;
    uint32_t to = last ? builder.output(core, Format::I8, {kSize, kSize, kChannels})
                       : builder.channel(core, core + 1, kRow, 2);
    uint32_t ring = builder.buffer(core, kRow, 3), sums = builder.buffer(core, kRow * 4),
             y = builder.buffer(core, kRow);
    uint32_t bias = builder.constant(core, random.integers(kChannels, 100));
    uint32_t scale = builder.constant(core, std::vector<float>(kChannels, 1e-3f));
    uint32_t tile =
        builder.tile(core, 9 * kChannels, kChannels, random.bytes(9 * kChannels * kChannels));
    Window window{ring, 1, 1, -1, kSize, kSize, kChannels, 0, kChannels,
                  3,    3, 1, 1,  1,     1,     kSize,     0};
    uint32_t receive = builder.block(core, {Recv{from, row(ring, 1), 1, kRow, 0}});
    uint32_t fire =
        builder.block(core, {Read{tile, Direction::Forward, window, 0, row(sums), false, 1},
                             Requant{row(sums), row(bias), row(scale), row(y), Format::I8, kSize,
                                     kChannels, kChannels, 0, -128, 127},
                             Send{to, row(y), 1, kRow, 0}});
    builder.control(core, {Fire{receive, 1}, Loop{kSize - 1}, Fire{receive, 1}, Fire{fire, 1},
                           End{}, Fire{fire, 1}});
    from = to;
  }
  return builder.build();
}

void chain(benchmark::State &state) {
  static const std::optional<ValidatedProgram> program = makeChain();
  executor::Executor executor(*program);
  constexpr size_t kInferences = 256;
  Random random(2);
  TensorData data =
      tensor({kInferences, kSize, kSize, kChannels}, random.bytes(kInferences * kSize * kRow));
  executor::RunOptions options;
  options.threads = 1;
  options.batch = static_cast<unsigned>(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(executor.run(std::span(&data, 1), options));
  double inferences = static_cast<double>(state.iterations()) * kInferences;
  state.counters["inferences/s"] = benchmark::Counter(inferences, benchmark::Counter::kIsRate);
  state.counters["MAC/s"] =
      benchmark::Counter(inferences * kLayers * kSize * kSize * 9 * kChannels * kChannels,
                         benchmark::Counter::kIsRate);
}
BENCHMARK(chain)->ArgName("batch")->Arg(0)->RangeMultiplier(2)->Range(1, 64)->Unit(
    benchmark::kMillisecond);

void timing(benchmark::State &state) {
  static const std::optional<ValidatedProgram> program = makeChain();
  executor::TimingOptions options;
  uint64_t instructions = 0;
  for (auto _ : state) // one inference alone, and several together
    instructions +=
        executor::simulateTiming(*program, options)->instructions * (1 + options.steadyInferences);
  state.counters["instructions/s"] =
      benchmark::Counter(static_cast<double>(instructions), benchmark::Counter::kIsRate);
}
BENCHMARK(timing)->Unit(benchmark::kMillisecond);
} // namespace

BENCHMARK_MAIN();
