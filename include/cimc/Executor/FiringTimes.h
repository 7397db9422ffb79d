//===- FiringTimes.h - When the firings of a core begin -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For a compiler that places something between two firings of a core, such as the wake of another
// chip, and wants to know when it would take effect.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_EXECUTOR_FIRINGTIMES_H
#define CIMC_EXECUTOR_FIRINGTIMES_H

#include "cimc/Program/Validator.h"
#include "cimc/Support/Result.h"

#include <vector>

namespace cimc::executor {

/// By core of the program and firing (over all its blocks, in program order), for one inference
/// that has the machine for itself: the time in nanoseconds at which all instructions before the
/// firing have started. Never decreases along a core. Blocks that only wake chips are no firings.
/// Fails as simulateTiming does.
Result<std::vector<std::vector<double>>> firingTimes(const program::ValidatedProgram &program);

} // namespace cimc::executor

#endif // CIMC_EXECUTOR_FIRINGTIMES_H
