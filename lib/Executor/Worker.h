//===- Worker.h - Runs a batch on all cores --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A worker owns the memory of all cores for one batch and runs them by turns: a core goes on until
// it waits for a channel, then the next one has its turn. The cores form a Kahn network, so the
// order does not change any value.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_WORKER_H
#define CIMC_LIB_EXECUTOR_WORKER_H

#include "LoadedProgram.h"

#include "cimc/Support/Result.h"

namespace cimc::executor {

class Worker {
public:
  /// Allocates everything for batches of up to `batch` samples. `inputs` and `outputs` are the
  /// whole data set's tensors, by stream (null where the stream goes the other way).
  Worker(const LoadedProgram &program, uint32_t batch, std::vector<const std::byte *> inputs,
         std::vector<std::byte *> outputs);

  /// Runs the inferences `first` to `first + samples - 1` of the data set. Requires: samples <=
  /// batch.
  Status run(size_t first, uint32_t samples);

  /// Gives what layers make to `recorder` from now on. Requires: the program was loaded for it.
  void record(LayerRecorder *recorder) { shared.recorder = recorder; }

private:
  /// Where a core stands in its program.
  struct CoreState {
    Frame frame;
    std::vector<uint32_t> counters; ///< by block
    std::vector<uint32_t> trips;    ///< by control step: trips left of an open loop
    uint32_t step = 0;              ///< next control step
    uint32_t firings = 0;           ///< left of the current fire
    uint32_t block = 0, operation = 0;
    bool finished = false;
  };

  void reset(uint32_t samples);
  bool runCore(const LoadedCore &core, CoreState &state);
  bool runBlock(const LoadedCore &core, CoreState &state);
  static void nextStep(const LoadedCore &core, CoreState &state);
  Error describeDeadlock() const;
  /// Where a core stands: chip, core, block and instruction.
  std::string placeOf(size_t core) const;

  const LoadedProgram &program;
  std::vector<std::byte> arena;
  std::vector<CoreState> cores;
  WorkerState shared;
};

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_WORKER_H
