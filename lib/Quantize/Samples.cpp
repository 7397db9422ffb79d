//===- Samples.cpp - Calibration from arrays ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ranges are measured by running the evaluator over the user's samples.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Quantize/Calibrate.h"
#include "cimc/Reference/Feed.h"

using namespace mlir;

namespace cimc::quantize {

LogicalResult calibrate(ModuleOp module, const std::vector<TensorData> &samples,
                        const Options &options) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal())
    return module.emitError("has no function @main to calibrate");
  FailureOr<reference::Feeds> feeds = reference::feedArguments(function, samples, "--calibrate");
  if (failed(feeds))
    return failure();
  FailureOr<RangeTable> table = measureRanges(function, feeds->samples, feeds->pointers, options);
  if (failed(table))
    return failure();
  attachRanges(*table);
  return success();
}

} // namespace cimc::quantize
