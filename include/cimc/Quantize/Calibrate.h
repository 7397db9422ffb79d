//===- Calibrate.h - Ranges of a float model's tensors --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs samples through the float evaluator and chooses for every f32 tensor the range that its 8-bit form has to cover. `cim-quantize` reads
// the ranges from the attribute `cim.range = [lo, hi]` on ops and function arguments.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_QUANTIZE_CALIBRATE_H
#define CIMC_QUANTIZE_CALIBRATE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <vector>

namespace cimc {

enum class CalibrationMethod {
  MinMax,     ///< everything that occurred
  Percentile, ///< all but the largest magnitudes
  Mse         ///< the bound at which a symmetric 8-bit form has the smallest mean squared error
};

/// "minmax", "percentile", "mse".
std::optional<CalibrationMethod> parseCalibrationMethod(llvm::StringRef name);

struct CalibrationOptions {
  CalibrationMethod method = CalibrationMethod::MinMax;
  /// Percentile: how many of the magnitudes must be covered, in percent.
  double percentile = 99.99;
  /// Mse: the width that the error is computed for.
  unsigned bits = 8;
  /// 0: as many as the machine has.
  unsigned threads = 0;
};

/// The range of one tensor. Zero is always in it.
struct TensorRange {
  mlir::Value value;
  double lo = 0, hi = 0;
};

/// In program order, arguments first.
using CalibrationTable = std::vector<TensorRange>;

/// Runs `samples` samples of the function. `inputs[i]` points at the samples of argument `i`, one after another in C order with the argument's
/// element type. Fails with a diagnostic if the function cannot be evaluated, if there are no samples, or if a tensor becomes infinite or NaN.
mlir::FailureOr<CalibrationTable> calibrate(mlir::func::FuncOp function, int64_t samples, llvm::ArrayRef<const char *> inputs,
                                            const CalibrationOptions &options = {});

/// Writes the ranges into the IR as `cim.range`.
void attachRanges(const CalibrationTable &table);

} // namespace cimc

#endif // CIMC_QUANTIZE_CALIBRATE_H
