//===- MonteCarlo.h - Many seeds of mode analog -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A seed is a machine of its own: cells are programmed once, and the same machine is run at all
// times. Seeds are run side by side.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TOOLS_CIMC_RUN_MONTECARLO_H
#define CIMC_TOOLS_CIMC_RUN_MONTECARLO_H

#include "AnalogRuns.h"

namespace cimc::run {

/// What is run for each seed at each time.
struct MonteCarlo {
  executor::ModelOptions model; ///< with the first seed
  uint64_t seeds = 1;
  std::vector<RunTime> times;
  unsigned threads = 0, batch = 0;    ///< as in RunOptions
  const TensorData *labels = nullptr; ///< classes, one per inference; may be null
  std::function<void(size_t done, size_t total)> progress; ///< runs of all seeds and times
};

/// Runs all seeds at all times and compares each with the exact run of the same inputs. Each thread
/// takes the next seed, with an executor of its own, as long as there are enough seeds for all;
/// otherwise threads share the inferences of a seed. The results do not depend on that.
Result<std::vector<TimeResults>> runSeeds(const program::ValidatedProgram &program,
                                          const MonteCarlo &what,
                                          std::span<const TensorData> inputs);

} // namespace cimc::run

#endif // CIMC_TOOLS_CIMC_RUN_MONTECARLO_H
