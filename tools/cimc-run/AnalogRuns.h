//===- AnalogRuns.h - Seeds and times of mode analog ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options that say which machines of mode `analog` are run, and what their accuracies are together.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TOOLS_CIMC_RUN_ANALOGRUNS_H
#define CIMC_TOOLS_CIMC_RUN_ANALOGRUNS_H

#include "cimc/Executor/LayerErrors.h"
#include "cimc/Support/Result.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace cimc::run {

/// A time since programming, as it was written.
struct RunTime {
  std::string text;
  double ns = 0;
};

/// Reads `0s,1h,1d`: numbers with ns, us, ms, s, min, h or d. Fails if one has no such unit, is
/// negative, later than 1e18 ns, or not later than the one before it.
Result<std::vector<RunTime>> parseTimes(const std::string &text);

/// `none`, `global`, `column` or `affine`.
executor::Compensation parseCompensation(const std::string &name);

/// What all seeds give at one time.
struct TimeResults {
  RunTime time;
  std::vector<double> top1; ///< by seed, a share of 1; empty without labels
  /// By seed, the network's outputs against those of the exact run; empty where it was not run.
  std::vector<executor::SignalError> outputs;
};

/// A table with a line for each time: of accuracies, or without labels of signal over error in dB.
std::string formatResults(const std::vector<TimeResults> &times);
nlohmann::ordered_json resultsToJson(const std::vector<TimeResults> &times);
/// The same for plots, as comma-separated values: `time_ns,seed,top1,outputs_db`, a line for each
/// run. What is not known is empty.
std::string resultsToTable(const std::vector<TimeResults> &times, uint64_t firstSeed);

} // namespace cimc::run

#endif // CIMC_TOOLS_CIMC_RUN_ANALOGRUNS_H
