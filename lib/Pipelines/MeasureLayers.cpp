//===- MeasureLayers.cpp - What the deviations of each layer cost ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mapping against error starts from figures: the network is mapped as it is, and run on samples
// with each layer alone modelled in mode `analog`, converters, cells, wires and noise together.
//
//===--------------------------------------------------------------------------===//

#include "ConverterRanges.h"

#include "cimc/Executor/LayerErrors.h"
#include "cimc/Pipelines/Compile.h"

using namespace mlir;

namespace cimc {

namespace {

/// Samples on which layers are measured; their values outnumber these by far.
constexpr size_t kSamples = 32;
/// Seeds whose errors are added, since those of one differ by chance. No run uses them by itself,
/// so that what is chosen does not fit its cells.
constexpr uint64_t kFirstSeed = 0x9e3779b97f4a7c15u;
constexpr uint64_t kSeeds = 4;

} // namespace

FailureOr<std::vector<double>> Compilation::measureLayers(llvm::ArrayRef<std::string> names,
                                                          bool onlyCells) {
  if (failed(mapToChips(Level::Scheduled)))
    return failure();
  mapped = mappingFigures(*root, *options.target);
  if (failed(lowerTo(Level::Isa)))
    return failure();
  FailureOr<program::ValidatedProgram> program = toValidProgram();
  if (failed(program))
    return failure();
  Result<std::vector<TensorData>> inputs =
      toInputs(executor::Executor(*program).inputs(), options.calibration, kSamples);
  if (!inputs)
    return emitError(root->getLoc()) << inputs.error().message;
  std::vector<double> errors(names.size());
  auto add = [&](const executor::ModelOptions &model, double factor) -> LogicalResult {
    Result<std::vector<executor::SignalError>> found =
        executor::measureOutputErrors(*program, model, names, *inputs, {});
    if (!found)
      return emitError(root->getLoc()) << found.error().message;
    for (auto [error, one] : llvm::zip_equal(errors, *found))
      error += factor * one.error;
    return success();
  };
  LogicalResult measured = phase("measure layers", [&]() -> LogicalResult {
    executor::ModelOptions model;
    model.mode = executor::Mode::Converters;
    if (onlyCells && failed(add(model, -double(kSeeds))))
      return failure();
    model.mode = executor::Mode::Analog;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      model.analog.seed = kFirstSeed + seed;
      if (failed(add(model, 1)))
        return failure();
    }
    return success();
  });
  if (failed(measured))
    return failure();
  for (double &error : errors)
    error = std::max(error, 0.0);
  return errors;
}

} // namespace cimc
