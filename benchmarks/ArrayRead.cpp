//===- ArrayRead.cpp - Speed of the executor's matrix product --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The product of a group of windows with a tile, for tile sizes that networks have:
// multiply-accumulates per second of every kernel of this processor, of oneDNN's 8-bit product for
// comparison, and as a share of the processor's peak. The peak is measured: a loop of the kernel's
// own instruction on registers.
//
//===--------------------------------------------------------------------------===//

#include "MatrixKernels.h"

#include <benchmark/benchmark.h>
#include <dnnl.h>

#include <ctime>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <random>

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

#if defined(__x86_64__)
/// Multiply-accumulates per second of one thread that does nothing else.
__attribute__((target("avx512f,avx512vnni"))) double measurePeak() {
  constexpr int kRounds = 4000000, kChains = 8;
  __m512i x = _mm512_set1_epi8(1), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x;
  std::clock_t start = std::clock(); // processor time: the machine may be busy otherwise
  for (int i = 0; i < kRounds; ++i)
    asm volatile(
        "vpdpbusd %8, %8, %0\n vpdpbusd %8, %8, %1\n vpdpbusd %8, %8, %2\n vpdpbusd %8, %8, %3\n"
        "vpdpbusd %8, %8, %4\n vpdpbusd %8, %8, %5\n vpdpbusd %8, %8, %6\n vpdpbusd %8, %8, %7"
        : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h)
        : "v"(x));
  double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  return 64.0 * kRounds * kChains / seconds;
}
#endif

double peak() {
#if defined(__x86_64__)
  static const double value = hasQuads() ? measurePeak() : 0;
  return value;
#else
  return 0;
#endif
}

void report(benchmark::State &state, size_t k, size_t n) {
  double macs = static_cast<double>(state.iterations()) * static_cast<double>(kMaxVectors * k * n);
  state.counters["MAC/s"] = benchmark::Counter(macs, benchmark::Counter::kIsRate);
  if (peak() > 0)
    state.counters["share of peak"] =
        benchmark::Counter(macs / peak(), benchmark::Counter::kIsRate);
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
  benchmark::RegisterBenchmark("diagonals", diagonals)
      ->ArgNames({"channels", "taps"})
      ->Args({28, 9})
      ->Args({64, 9});
  benchmark::AddCustomContext("kernels", kernelName());
  benchmark::AddCustomContext("peak MAC/s", std::to_string(peak()));
  benchmark::RunSpecifiedBenchmarks();
}
