//===- AnalogRuns.h - Seeds and times of mode analog ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options that say which machines of mode `analog` are run, and what their accuracies are together.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TOOLS_CIMC_RUN_ANALOGRUNS_H
#define CIMC_TOOLS_CIMC_RUN_ANALOGRUNS_H

#include "cimc/Executor/Executor.h"
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
/// negative, or is not later than the one before it.
Result<std::vector<RunTime>> parseTimes(const std::string &text);

/// `none`, `global`, `column` or `affine`.
executor::Compensation parseCompensation(const std::string &name);

/// Accuracies of all seeds at one time.
struct TimeAccuracy {
  RunTime time;
  std::vector<double> top1; ///< by seed, a share of 1

  double mean() const;
  /// Of a sample: the squares are divided by one less than the seeds; 0 for one seed.
  double deviation() const;
};

/// A table with a line for each time.
std::string formatAccuracies(const std::vector<TimeAccuracy> &times);
nlohmann::ordered_json accuraciesToJson(const std::vector<TimeAccuracy> &times);

} // namespace cimc::run

#endif // CIMC_TOOLS_CIMC_RUN_ANALOGRUNS_H
