//===- ChipActivity.h - When units of chips work ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Watches a run and adds up, for each chip, the time in which at least one unit of its cores works.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_CHIPACTIVITY_H
#define CIMC_LIB_EXECUTOR_CHIPACTIVITY_H

#include "TimingModel.h"

namespace cimc::executor::timing {

class ChipActivity : public Observer {
public:
  explicit ChipActivity(const Model &model);

  void onWork(uint32_t core, uint32_t work, const Span &span) override;
  void onLink(uint32_t, uint32_t, const Span &) override {}
  void onHostLink(bool, uint32_t, const Span &) override {}
  void onQueue(uint32_t, double, int) override {}

  /// By chip. To be asked once, after the run.
  std::vector<double> busyNs();

private:
  struct Stretch {
    double startNs = 0, endNs = 0;
  };

  const Model &model;
  std::vector<std::vector<Stretch>> last;      ///< by core and unit: what may still grow
  std::vector<std::vector<Stretch>> stretches; ///< by chip
};

} // namespace cimc::executor::timing

#endif // CIMC_LIB_EXECUTOR_CHIPACTIVITY_H
