//===- Objective.h - What a compilation optimises ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When chips wake, how long they are on and when rows travel decide time against energy. The plans
// are few, and what one is worth is what the timing engine says of the program that it leads to.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PIPELINES_OBJECTIVE_H
#define CIMC_PIPELINES_OBJECTIVE_H

#include "cimc/Executor/Timing.h"

#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cimc {

enum class Objective {
  Latency,    ///< time of one inference; of equal ones the least energy
  Energy,     ///< of one inference
  Throughput, ///< time between inferences
  Edp,        ///< energy times time of one inference
};

/// The name that `--objective` uses; the objective of that name.
llvm::StringRef toString(Objective objective);
std::optional<Objective> parseObjective(llvm::StringRef name);

/// How rows travel between chips, and who wakes chips before which firing; the options of the
/// passes `cim-hold-rows` and `cim-schedule-power`.
struct PowerPlan {
  double share = 0;
  std::map<int64_t, double> stages; ///< shares of single stages, by number
  std::string wake = "host";        ///< host, send, or none: chips are always on
  std::vector<std::string> calls;

  /// The passes from a placed to a scheduled network.
  std::string pipeline() const;
};

/// Tries plans on copies of a placed module and gives the best one. Plans that the memory of a core
/// does not allow are passed over. Fails, with the diagnostics of the first plan, if all are.
mlir::FailureOr<PowerPlan> choosePowerPlan(mlir::ModuleOp placed, Objective objective);

/// Runs passes on a module. Errors are diagnostics.
mlir::LogicalResult runPasses(mlir::ModuleOp module, llvm::StringRef pipeline);

/// A scheduled module's program on its target: what one inference takes. The module is used up.
mlir::FailureOr<executor::TimingReport> timeScheduled(mlir::ModuleOp scheduled,
                                                      const executor::TimingOptions &options = {});

} // namespace cimc

#endif // CIMC_PIPELINES_OBJECTIVE_H
