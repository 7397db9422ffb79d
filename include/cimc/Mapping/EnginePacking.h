//===- EnginePacking.h - Filling the weight memories of engines ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An engine keeps any tiles whose bytes fit its memory, so there is no geometry to pack.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_MAPPING_ENGINEPACKING_H
#define CIMC_MAPPING_ENGINEPACKING_H

#include "cimc/Mapping/Packing.h"

namespace cimc::mapping {

/// Puts the matrices one behind the other into the memories of `problem.arrays` engines of
/// `arrayRows` bytes each. A matrix that does not fit the rest of an engine is cut by columns. A
/// tile has one group; its `arrayRow` is the number of its first byte, its `arrayCol` 0.
/// Deterministic. Fails, with the bytes needed and available, if the matrices do not fit.
Result<Packing> packEngines(const PackingProblem &problem);

} // namespace cimc::mapping

#endif // CIMC_MAPPING_ENGINEPACKING_H
