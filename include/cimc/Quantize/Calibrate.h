//===- Calibrate.h - Ranges of a float model's tensors --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs samples through the float evaluator and chooses for every f32 tensor the range that its
// 8-bit form has to cover, and for the inputs of weighted layers the mean of every channel.
// `cim-quantize` reads them from the attributes `cim.range = [lo, hi]` and `cim.mean` on ops and
// function arguments.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_QUANTIZE_CALIBRATE_H
#define CIMC_QUANTIZE_CALIBRATE_H

#include "cimc/Support/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <vector>

namespace cimc::quantize {

enum class Method {
  MinMax,     ///< everything that occurred
  Percentile, ///< all but the largest magnitudes
  Mse         ///< the bound at which a symmetric 8-bit form has the smallest mean squared error
};

/// "minmax", "percentile", "mse"; the default for an empty name.
std::optional<Method> parseMethod(llvm::StringRef name);

struct Options {
  Method method = Method::Mse;
  /// Percentile: how many of the magnitudes must be covered, in percent.
  double percentile = 99.99;
  /// Mse: the width that the error is computed for.
  unsigned bits = 8;
  /// Tensors on one side of 0 use all integers, twice as many steps (`cim-quantize{asymmetric}`).
  bool asymmetric = false;
  /// 0: as many as the machine has.
  unsigned threads = 0;
};

/// The range of one tensor. Zero is always in it.
struct TensorRange {
  mlir::Value value;
  double lo = 0, hi = 0;
  /// The mean of each channel (position of the last dimension), if a weighted layer reads the
  /// tensor.
  std::vector<float> means;
};

/// In program order, arguments first.
using RangeTable = std::vector<TensorRange>;

/// Whether @main has a layer with constant weights that is not in QDQ form or integer yet.
bool needsCalibration(mlir::ModuleOp module);

/// Runs `samples` samples of the function. `inputs[i]` points at the samples of argument `i`, one
/// after another in C order with the argument's element type. Fails with a diagnostic if the
/// function cannot be evaluated, if there are no samples, or if a tensor becomes infinite or NaN.
mlir::FailureOr<RangeTable> measureRanges(mlir::func::FuncOp function, int64_t samples,
                                          llvm::ArrayRef<const char *> inputs,
                                          const Options &options = {});

/// Runs the samples in the same way and attaches the largest magnitudes of the channels of layers'
/// inputs as `cim.largest`, for `cim-equalize`.
mlir::LogicalResult measureChannels(mlir::func::FuncOp function, int64_t samples,
                                    llvm::ArrayRef<const char *> inputs,
                                    const Options &options = {});

/// The same from arrays of samples, for @main.
mlir::LogicalResult measureChannels(mlir::ModuleOp module, const std::vector<TensorData> &samples,
                                    const Options &options);

/// Calibrates @main from arrays of samples (the first axis beyond the argument's own shape is the
/// data set; `name` is the argument's `cim.name`, or empty for the argument of that position) and
/// attaches the ranges.
mlir::LogicalResult calibrate(mlir::ModuleOp module, const std::vector<TensorData> &samples,
                              const Options &options);

/// Writes the table into the IR as `cim.range` and `cim.mean`.
void attachRanges(const RangeTable &table);

} // namespace cimc::quantize

#endif // CIMC_QUANTIZE_CALIBRATE_H
