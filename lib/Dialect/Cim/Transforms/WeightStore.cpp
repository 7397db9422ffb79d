//===- WeightStore.cpp - Where the cores of a machine keep weights ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two kinds of places differ in how tiles are cut and packed.
//
//===--------------------------------------------------------------------------===//

#include "WeightStore.h"

#include "cimc/Mapping/EnginePacking.h"
#include "cimc/Target/Check.h"

namespace cimc::cim {

int64_t WeightStore::outputUnits(llvm::ArrayRef<int64_t> shape) const {
  int64_t groups = shape[0], columns = shape[2];
  if (groups > 1)
    return groups;
  if (!isEngine()) {
    // Columns of tiles, in narrower strips where one would fill much of a chip.
    int64_t width = cols();
    while (width > 16 && shape[1] * width > chipCells() / 8)
      width /= 2;
    int64_t units = std::max<int64_t>(1, columns / width);
    while (columns % units != 0) // equal parts, so that shares of bytes are exact
      --units;
    return units;
  }
  return columns;
}

double WeightStore::nsOf(llvm::ArrayRef<int64_t> shape, int64_t reads) const {
  if (!isEngine())
    return static_cast<double>(reads) * target::readNs(array());
  const target::Engine &engine = target.chip.core.engine;
  auto weights = static_cast<double>(shape[0] * shape[1] * shape[2]);
  double perCycle = static_cast<double>(engine.inputs) * engine.outputs * engine.parallelTaps;
  return static_cast<double>(reads) * weights / (perCycle * engine.clockGhz * engine.utilisation);
}

Result<mapping::Packing> WeightStore::pack(const mapping::PackingProblem &problem,
                                           mapping::PackPolicy policy) const {
  return isEngine() ? mapping::packEngines(problem) : mapping::pack(problem, policy);
}

} // namespace cimc::cim
