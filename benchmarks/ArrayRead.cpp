//===- ArrayRead.cpp - Speed of the executor's matrix product --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The product of a group of windows with a tile, for tile sizes that networks have:
// multiply-accumulates per second of every kernel of this processor, of oneDNN's 8-bit product for
// comparison, and of the 16-bit products of analog arrays; and as a share of the processor's peak
// (Peaks.h).
//
//===--------------------------------------------------------------------------===//

#include "MatrixKernels.h"
#include "PairKernel.h"
#include "Peaks.h"

#include <benchmark/benchmark.h>
#include <dnnl.h>

#include <random>

using namespace cimc;
using namespace cimc::executor;

namespace {
struct Data {
  std::vector<int8_t> weights, inputs;
  std::vector<int32_t> results;
  std::vector<const int8_t *> vectors;
  std::vector<int32_t *> rows;

  Data(size_t k, size_t n)
      : weights(k * n), inputs(kMaxVectors * (k + 64)), results(kMaxVectors * n) {
    std::mt19937 engine(1);
    for (int8_t &weight : weights)
      weight = static_cast<int8_t>(engine());
    for (int8_t &input : inputs)
      input = static_cast<int8_t>(engine());
    for (size_t i = 0; i < kMaxVectors; ++i) {
      vectors.push_back(inputs.data() + i * (k + 64));
      rows.push_back(results.data() + i * n);
    }
  }
};

double peak(const std::string &name) {
  static const std::vector<bench::Peak> peaks = bench::measurePeaks();
  return bench::macsPerSecond(peaks, name);
}

void report(benchmark::State &state, size_t k, size_t n, const char *instruction = "int8") {
  double macs = static_cast<double>(state.iterations()) * static_cast<double>(kMaxVectors * k * n);
  state.counters["MAC/s"] = benchmark::Counter(macs, benchmark::Counter::kIsRate);
  if (double most = peak(instruction); most > 0)
    state.counters["share of peak"] = benchmark::Counter(macs / most, benchmark::Counter::kIsRate);
}

void kernel(benchmark::State &state, const MatrixKernel *kernel) {
  auto k = static_cast<size_t>(state.range(0)), n = static_cast<size_t>(state.range(1));
  Data data(k, n);
  PackedMatrix matrix = packMatrix(data.weights.data(), n, k, n, kernel);
  for (auto _ : state) {
    multiply(matrix, data.vectors.data(), data.rows.data(), kMaxVectors, false);
    benchmark::ClobberMemory();
  }
  report(state, k, n);
}

void oneDnn(benchmark::State &state) {
  auto k = static_cast<dnnl_dim_t>(state.range(0)), n = static_cast<dnnl_dim_t>(state.range(1));
  Data data(static_cast<size_t>(k), static_cast<size_t>(n));
  int32_t offset = 0;
  for (auto _ : state) {
    dnnl_gemm_s8s8s32('N', 'N', 'F', kMaxVectors, n, k, 1.0f, data.inputs.data(), k + 64, 0,
                      data.weights.data(), n, 0, 0.0f, data.results.data(), n, &offset);
    benchmark::ClobberMemory();
  }
  report(state, static_cast<size_t>(k), static_cast<size_t>(n));
}

/// 16-bit products of analog arrays, with the products of squares that noise takes if wanted. Only
/// the products of weights count.
void pairs(benchmark::State &state, bool squares) {
  auto k = static_cast<size_t>(state.range(0)), n = static_cast<size_t>(state.range(1));
  PairMatrix matrix(k, n), variances(k, n);
  std::mt19937 engine(1);
  std::vector<int16_t> inputs(kMaxVectors * (k + 2));
  for (std::vector<int16_t> *numbers : {&matrix.numbers, &variances.numbers, &inputs})
    for (int16_t &number : *numbers)
      number = static_cast<int16_t>(engine() % 256);
  std::vector<int32_t> results(2 * kPairBlocks * kPairVectors * PairMatrix::kBlock);
  size_t blocks = (n + PairMatrix::kBlock - 1) / PairMatrix::kBlock;
  for (auto _ : state) {
    for (size_t v = 0; v < kMaxVectors; v += kPairVectors) {
      const int16_t *vectors[kPairVectors];
      for (size_t i = 0; i < kPairVectors; ++i)
        vectors[i] = inputs.data() + (v + i) * (k + 2);
      for (size_t b = 0; b < blocks; b += kPairBlocks) {
        PairBlocks call{std::min(kPairBlocks, blocks - b), matrix.pairs(), {}, {}};
        for (size_t i = 0; i < call.count; ++i) {
          call.numbers[i] = matrix.block(b + i);
          call.squares[i] = squares ? variances.block(b + i) : nullptr;
        }
        multiplyPairs(call, vectors, vectors, kPairVectors, results.data(),
                      results.data() + results.size() / 2);
        benchmark::ClobberMemory();
      }
    }
  }
  report(state, k, n, "int16");
}

void diagonals(benchmark::State &state) {
  auto channels = static_cast<size_t>(state.range(0)), taps = static_cast<size_t>(state.range(1));
  Data data(channels * taps, channels);
  std::vector<Diagonal> all;
  for (size_t tap = 0; tap < taps; ++tap)
    all.push_back({0, static_cast<uint32_t>(tap * channels), static_cast<uint32_t>(channels),
                   data.weights.data() + tap * channels});
  for (auto _ : state) {
    multiplyDiagonals(all.data(), all.size(), channels, data.vectors.data(), data.rows.data(),
                      kMaxVectors, false);
    benchmark::ClobberMemory();
  }
  report(state, taps, channels);
}

void sizes(benchmark::internal::Benchmark *benchmark) {
  benchmark->ArgNames({"K", "N"});
  for (auto [k, n] : {std::pair(27, 16),
                      {144, 16},
                      {144, 32},
                      {252, 28},
                      {252, 112},
                      {256, 64},
                      {256, 256},
                      {512, 512}})
    benchmark->Args({k, n});
}
} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  for (const MatrixKernel *each : matrixKernels())
    benchmark::RegisterBenchmark(each->name, kernel, each)->Apply(sizes);
  benchmark::RegisterBenchmark("oneDNN gemm_s8s8s32", oneDnn)->Apply(sizes);
  benchmark::RegisterBenchmark("16 bits", pairs, false)->Apply(sizes);
  benchmark::RegisterBenchmark("16 bits with squares", pairs, true)->Apply(sizes);
  benchmark::RegisterBenchmark("diagonals", diagonals)
      ->ArgNames({"channels", "taps"})
      ->Args({28, 9})
      ->Args({64, 9});
  benchmark::AddCustomContext("kernels", kernelName());
  benchmark::AddCustomContext("peak MAC/s", std::to_string(peak("int8")));
  benchmark::RunSpecifiedBenchmarks();
}
