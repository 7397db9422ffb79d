//===- TimingChips.h - Figures about chips --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the report says about chips: their power and states, and the messages between them.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_TIMINGCHIPS_H
#define CIMC_LIB_EXECUTOR_TIMINGCHIPS_H

#include "TimingModel.h"

namespace cimc::executor::timing {

/// Adds power to the energies of the report and of its chips, whose energy is that of instructions
/// so far, and says how long they are in which state. Requires: the report has its times and chips.
void addPower(const Model &model, const Run &single, const Run &steady, TimingReport &report);

/// Adds what the runs would take if nothing were ever off. Requires: energies are complete.
void addUngated(const Model &model, TimingReport &report);

/// Adds the messages between chips of one inference.
void addTraffic(const program::Program &program, const Model &model, const Run &single,
                TimingReport &report);

} // namespace cimc::executor::timing

#endif // CIMC_LIB_EXECUTOR_TIMINGCHIPS_H
