//===- Report.h - A program's figures as a page ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One self-contained HTML page about a compiled program on its machine: headline figures, the chips
// as floorplans, what runs when, energy, layers and cores. It loads nothing from anywhere.
// docs/report.md describes it and the data that it carries.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_EXECUTOR_REPORT_H
#define CIMC_EXECUTOR_REPORT_H

#include "cimc/Executor/Timing.h"

#include <string>
#include <utility>
#include <vector>

namespace cimc::executor {

/// What the compiler adds to the page.
struct CompileFacts {
  struct Phase {
    std::string name;
    double seconds = 0;
  };
  std::vector<std::pair<std::string, std::string>> figures; ///< what it is, and its value as text
  std::vector<Phase> phases;                                ///< in their order
};

/// The page for `timing`, which is of `program`. Simulates one inference more, to see what runs
/// when. `compile` may be null. Fails as simulateTiming does.
Result<std::string> reportToHtml(const program::ValidatedProgram &program,
                                 const TimingReport &timing, const CompileFacts *compile = nullptr);

} // namespace cimc::executor

#endif // CIMC_EXECUTOR_REPORT_H
