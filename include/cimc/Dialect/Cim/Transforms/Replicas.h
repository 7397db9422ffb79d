//===- Replicas.h - The replication problem of a module --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How busy the units of a tiled network are, as a problem of Mapping/Replication.h. The pass that
// copies weights solves it, reports say how good its answer is.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIM_TRANSFORMS_REPLICAS_H
#define CIMC_DIALECT_CIM_TRANSFORMS_REPLICAS_H

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Mapping/Replication.h"
#include "cimc/Target/Target.h"

#include <vector>

namespace cimc::cim {

/// The weights of a module that lie in arrays, by stage of the problem that their first copies
/// make.
struct Replicas {
  mapping::ReplicationProblem problem;
  std::vector<WeightOp> weights;
  std::vector<int64_t> copies; ///< that there are now, by stage
};

/// Describes a tiled or placed module. Digital ops other than the finishing of weighted layers are
/// left out, since they can be put on any core.
Replicas describeReplicas(mlir::ModuleOp module, const target::Target &target);

} // namespace cimc::cim

#endif // CIMC_DIALECT_CIM_TRANSFORMS_REPLICAS_H
