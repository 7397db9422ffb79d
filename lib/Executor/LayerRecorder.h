//===- LayerRecorder.h - Keeps what layers make ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Results of weighted layers pass through `requant`, which brings sums to their final form. Those
// instructions are numbered when a program is loaded for it, and what they write in a run is kept
// by that number.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_LAYERRECORDER_H
#define CIMC_LIB_EXECUTOR_LAYERRECORDER_H

#include "Operation.h"

namespace cimc::executor {

struct LayerRecorder {
  explicit LayerRecorder(size_t slots) : values(slots) {}
  /// Forgets values and keeps their memory.
  void clear() {
    for (std::vector<float> &ofSlot : values)
      ofSlot.clear();
  }
  std::vector<std::vector<float>> values; ///< by slot, in the order in which they were made
};

/// `operation`, the prepared `requant`, which then gives its results, less the zero point, to slot
/// `slot` of the worker's recorder, if there is one.
Operation recordResults(Operation operation, const program::Requant &requant,
                        const CoreContext &context, size_t slot);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_LAYERRECORDER_H
