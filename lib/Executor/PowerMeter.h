//===- PowerMeter.h - Power over time -------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mean power over equal pieces of a run: the energy of everything that runs is spread evenly over
// its time.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_POWERMETER_H
#define CIMC_LIB_EXECUTOR_POWERMETER_H

#include "cimc/Executor/Timing.h"

#include <vector>

namespace cimc::executor {

class PowerMeter {
public:
  /// For the run [0, endNs); no pieces if that is empty.
  PowerMeter(double endNs, size_t pieces);

  /// Something took `energy` (in picojoules) from `startNs` to `endNs`.
  void add(double startNs, double endNs, const EnergyParts &energy);
  /// In milliwatts, by piece.
  const std::vector<EnergyParts> &power() const { return pieces; }
  double stepNs() const { return step; }

private:
  size_t pieceAt(double time) const;

  double step;
  std::vector<EnergyParts> pieces;
};

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_POWERMETER_H
