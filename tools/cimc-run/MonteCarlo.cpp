//===- MonteCarlo.cpp - Many seeds of mode analog ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MonteCarlo.h"

#include "cimc/Executor/LayerErrors.h"
#include "cimc/Support/DataSet.h"

#include <atomic>
#include <mutex>
#include <thread>

using namespace cimc;
using namespace cimc::run;

namespace {

class Runs {
public:
  Runs(const program::ValidatedProgram &program, const MonteCarlo &what,
       std::span<const TensorData> inputs, const std::vector<TensorData> &exact)
      : program(program), what(what), inputs(inputs), exact(exact) {
    for (const RunTime &time : what.times) {
      results.push_back({time, {}, std::vector<executor::SignalError>(what.seeds)});
      if (what.labels)
        results.back().top1.resize(what.seeds);
    }
    unsigned hardware = std::max(1u, std::thread::hardware_concurrency());
    unsigned threads = what.threads ? what.threads : hardware;
    bool sideBySide = what.seeds >= threads;
    workers = sideBySide ? threads : 1;
    run.threads = sideBySide ? 1 : threads;
    run.batch = what.batch;
  }

  Result<std::vector<TimeResults>> operator()() {
    std::vector<std::thread> others;
    for (unsigned i = 1; i < workers; ++i)
      others.emplace_back([this] { work(); });
    work();
    for (std::thread &thread : others)
      thread.join();
    if (!status)
      return status.error();
    return std::move(results);
  }

private:
  void work() {
    for (;;) {
      size_t seed = next++;
      if (seed >= what.seeds)
        return;
      for (size_t time = 0; time < what.times.size(); ++time) {
        Status done = runOne(seed, time);
        std::lock_guard lock(mutex);
        if (!done && status)
          status = done;
        if (!status)
          return;
        if (what.progress)
          what.progress(++finished, what.seeds * what.times.size());
      }
    }
  }

  Status runOne(size_t seed, size_t time) {
    executor::ModelOptions model = what.model;
    model.analog.seed += seed;
    model.analog.timeNs = what.times[time].ns;
    Result<std::vector<TensorData>> outputs = executor::Executor(program, model).run(inputs, run);
    if (!outputs)
      return outputs.error();
    results[time].outputs[seed] = executor::compareOutputs(exact, *outputs);
    if (!what.labels)
      return Status::success();
    Result<double> share = top1Accuracy(outputs->at(0), *what.labels);
    if (!share)
      return share.error();
    results[time].top1[seed] = *share;
    return Status::success();
  }

  const program::ValidatedProgram &program;
  const MonteCarlo &what;
  std::span<const TensorData> inputs;
  const std::vector<TensorData> &exact;
  executor::RunOptions run;
  unsigned workers = 1;
  std::vector<TimeResults> results;
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  size_t finished = 0;
  Status status;
};

} // namespace

Result<std::vector<TimeResults>> cimc::run::runSeeds(const program::ValidatedProgram &program,
                                                     const MonteCarlo &what,
                                                     std::span<const TensorData> inputs) {
  executor::RunOptions run;
  run.threads = what.threads;
  Result<std::vector<TensorData>> exact = executor::Executor(program).run(inputs, run);
  if (!exact)
    return exact.error();
  return Runs(program, what, inputs, *exact)();
}
