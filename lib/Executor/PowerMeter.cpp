//===- PowerMeter.cpp - Power over time -----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One picojoule in one nanosecond is one milliwatt.
//
//===--------------------------------------------------------------------------===//

#include "PowerMeter.h"

#include <algorithm>

namespace cimc::executor {

PowerMeter::PowerMeter(double endNs, size_t pieces)
    : step(endNs / static_cast<double>(std::max<size_t>(1, pieces))),
      pieces(endNs > 0 ? pieces : 0) {}

size_t PowerMeter::pieceAt(double time) const {
  return std::min(static_cast<size_t>(time / step), pieces.size() - 1);
}

void PowerMeter::add(double startNs, double endNs, const EnergyParts &energy) {
  if (pieces.empty() || energy.total() == 0)
    return;
  size_t first = pieceAt(startNs), last = pieceAt(endNs);
  if (first == last) {
    pieces[first] += energy.scaled(1 / step);
    return;
  }
  for (size_t i = first; i <= last; ++i) {
    double begin = i == first ? startNs : static_cast<double>(i) * step;
    double end = i == last ? endNs : static_cast<double>(i + 1) * step;
    pieces[i] += energy.scaled((end - begin) / (endNs - startNs) / step);
  }
}

} // namespace cimc::executor
