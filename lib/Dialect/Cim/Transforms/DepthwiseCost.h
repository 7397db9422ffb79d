//===- DepthwiseCost.h - Candidates for depthwise layers ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a depthwise layer costs per inference in each way to compute it.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_DIALECT_CIM_TRANSFORMS_DEPTHWISECOST_H
#define CIMC_LIB_DIALECT_CIM_TRANSFORMS_DEPTHWISECOST_H

#include "cimc/Target/Target.h"

#include <cstdint>

namespace cimc::cim {

/// A depthwise layer: `channels` groups of `taps x multiplier` weights.
struct DepthwiseLayer {
  int64_t channels = 1, taps = 1, multiplier = 1;
  int64_t reads = 0;   ///< vectors per inference, passes counted
  int64_t outputs = 0; ///< output positions per inference
  int64_t slices = 1;  ///< of a weight, which take tiles of their own
};

/// Time and energy of one inference; steps that all candidates share (requantisation) are left out.
struct LayerCost {
  double ns = 0, pj = 0;
  int64_t arrays = 0; ///< at least
  double product() const { return ns * pj; }
};

/// As many channels per tile as fit, on the tile's diagonal; all tiles are read at the same time,
/// once per output position. The digital unit adds up slices.
LayerCost costOfBlockDiagonal(const DepthwiseLayer &layer, const target::Core &core);

/// Tiles of one channel that fill arrays side by side; each is a read of its own, one after the
/// other in each array.
LayerCost costOfInterleaved(const DepthwiseLayer &layer, const target::Core &core);

/// Multiply-accumulates in the digital unit, each one element of `multiply` and one of `add`.
LayerCost costOfDigital(const DepthwiseLayer &layer, const target::Digital &digital);

} // namespace cimc::cim

#endif // CIMC_LIB_DIALECT_CIM_TRANSFORMS_DEPTHWISECOST_H
