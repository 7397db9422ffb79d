//===- IdealMachine.h - Several chips against one ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ideal that a system of several chips is held against: one chip with room for all weights, one
// engine (or as many crossbar cores), the same memory for activations, the same bandwidths, and one
// wake-up.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PIPELINES_IDEALMACHINE_H
#define CIMC_PIPELINES_IDEALMACHINE_H

#include "cimc/Executor/Timing.h"
#include "cimc/Program/Validator.h"

#include <string>
#include <vector>

namespace cimc {

/// The ideal chip for a machine. Fails if no target can describe it.
Result<target::Target> idealTarget(const target::Target &target);

/// A part of an overhead: what it adds, in nanoseconds or picojoules; negative if it saves.
struct OverheadPart {
  std::string name;
  double amount = 0;
};

struct IdealComparison {
  double latencyNs = 0, idealLatencyNs = 0;
  double energyPj = 0, idealEnergyPj = 0;
  std::vector<OverheadPart> time, energy; ///< which add up to the differences

  double timeOverhead() const { return latencyNs / idealLatencyNs - 1; }
  double energyOverhead() const { return energyPj / idealEnergyPj - 1; }
};

/// Compares one inference of a program that has its machine for itself with the same network on the
/// ideal chip. Time is divided by asking what the program would take if links, and then waking,
/// were free: messages, waking, waiting (for rows, beside the busiest chip's work), imbalance (the
/// busiest chip's work over the mean), and working in parallel (the mean over the ideal chip's
/// work).
Result<IdealComparison> compareWithIdeal(const program::ValidatedProgram &program,
                                         const program::ValidatedProgram &ideal);

} // namespace cimc

#endif // CIMC_PIPELINES_IDEALMACHINE_H
