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

namespace {

struct Input {
  func::FuncOp function;
  reference::Feeds feeds;
};

FailureOr<Input> inputOf(ModuleOp module, const std::vector<TensorData> &samples) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal())
    return module.emitError("has no function @main to calibrate");
  FailureOr<reference::Feeds> feeds = reference::feedArguments(function, samples, "--calibrate");
  if (failed(feeds))
    return failure();
  return Input{function, std::move(*feeds)};
}

} // namespace

LogicalResult measureChannels(ModuleOp module, const std::vector<TensorData> &samples,
                              const Options &options) {
  FailureOr<Input> input = inputOf(module, samples);
  if (failed(input))
    return failure();
  return measureChannels(input->function, input->feeds.samples, input->feeds.pointers, options);
}

LogicalResult calibrate(ModuleOp module, const std::vector<TensorData> &samples,
                        const Options &options) {
  FailureOr<Input> input = inputOf(module, samples);
  if (failed(input))
    return failure();
  FailureOr<RangeTable> table =
      measureRanges(input->function, input->feeds.samples, input->feeds.pointers, options);
  if (failed(table))
    return failure();
  attachRanges(*table);
  return success();
}

} // namespace cimc::quantize
