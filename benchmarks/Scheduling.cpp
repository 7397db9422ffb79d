//===- Scheduling.cpp - Speed of the scheduler ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Residual networks of several sizes on many, few and one core: firings scheduled per second, and
// how many steps the programs have.
//
//===--------------------------------------------------------------------------===//

#include "StageBuilder.h"

#include <benchmark/benchmark.h>

using namespace cimc;
using namespace cimc::mapping;

namespace {
size_t countSteps(const std::vector<Step> &steps) {
  size_t count = steps.size();
  for (const Step &step : steps)
    count += countSteps(step.body);
  return count;
}

/// Sixteen blocks of four-part layers, as many as ResNet-50 has.
void residual(benchmark::State &state) {
  ScheduleProblem problem = testing::residualNetwork(16, 4, state.range(0), state.range(1));
  int64_t firings = 0;
  for (const Stage &stage : problem.stages)
    firings += stage.firings;
  size_t steps = 0;
  for (auto _ : state) {
    Result<Schedule> result = schedule(problem);
    steps = 0;
    for (const CoreSchedule &core : result->cores)
      steps += countSteps(core.steps);
  }
  state.counters["stages"] = static_cast<double>(problem.stages.size());
  state.counters["steps"] = static_cast<double>(steps);
  state.counters["firings/s"] = benchmark::Counter(
      static_cast<double>(firings * state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(residual)
    ->ArgNames({"cores", "rows"})
    ->ArgsProduct({{100, 7, 1}, {112, 2240}})
    ->Unit(benchmark::kMillisecond);
} // namespace

BENCHMARK_MAIN();
