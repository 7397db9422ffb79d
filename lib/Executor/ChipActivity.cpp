//===- ChipActivity.cpp - When units of chips work -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A unit's work comes in order of time, so what follows without a gap is one stretch. Stretches of
// all units of a chip are put in order and joined at the end.
//
//===--------------------------------------------------------------------------===//

#include "ChipActivity.h"

#include <algorithm>

namespace cimc::executor::timing {

ChipActivity::ChipActivity(const Model &model) : model(model), stretches(model.chips.size()) {
  for (const CoreModel &core : model.cores)
    last.emplace_back(core.units());
}

void ChipActivity::onWork(uint32_t core, uint32_t work, const Span &span) {
  Stretch &open = last[core][model.cores[core].works[work].unitIndex];
  if (span.startNs > open.endNs) {
    if (open.endNs > open.startNs)
      stretches[model.cores[core].chip].push_back(open);
    open.startNs = span.startNs;
  }
  open.endNs = span.endNs;
}

std::vector<double> ChipActivity::busyNs() {
  for (size_t core = 0; core < last.size(); ++core)
    for (const Stretch &open : last[core])
      stretches[model.cores[core].chip].push_back(open);
  std::vector<double> busy;
  for (std::vector<Stretch> &list : stretches) {
    std::sort(list.begin(), list.end(),
              [](const Stretch &a, const Stretch &b) { return a.startNs < b.startNs; });
    double sum = 0, covered = 0;
    for (const Stretch &stretch : list) {
      sum += std::max(0.0, stretch.endNs - std::max(stretch.startNs, covered));
      covered = std::max(covered, stretch.endNs);
    }
    busy.push_back(sum);
  }
  return busy;
}

} // namespace cimc::executor::timing
