//===- LayerErrors.h - What each layer loses ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Converters and cells make results deviate. Here the results of every weighted layer, and those of
// the network, are compared with the exact run of the same program on the same inputs: with all
// layers modelled, and with one at a time, which tells apart what a layer loses from what it was
// given. docs/accuracy.md describes the figures.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_EXECUTOR_LAYERERRORS_H
#define CIMC_EXECUTOR_LAYERERRORS_H

#include "cimc/Executor/Executor.h"

#include <cstdint>
#include <optional>

namespace cimc::executor {

/// A signal and how far it is off, as sums of squares over all values.
struct SignalError {
  double signal = 0; ///< of the exact values
  double error = 0;  ///< of the differences from them
  uint64_t values = 0;

  void add(double exact, double modelled) {
    signal += exact * exact;
    error += (modelled - exact) * (modelled - exact);
    ++values;
  }
  /// 10 log10(signal / error); none if nothing is off, if all exact values are 0, or if nothing was
  /// seen.
  std::optional<double> decibels() const;
  /// Root of the mean squared error, in the values' own unit; 0 if nothing was seen.
  double rootMeanSquare() const;
};

/// All outputs of a run together, against those of the exact run. Requires: the same shapes.
SignalError compareOutputs(const std::vector<TensorData> &exact,
                           const std::vector<TensorData> &modelled);

/// What one layer loses. Values are those after bias, scale and rounding, less the zero point.
struct LayerError {
  std::string layer;          ///< the ONNX node
  uint64_t cells = 0;         ///< weights of its tiles
  SignalError all;            ///< of its results, with all layers modelled
  SignalError alone;          ///< of its results, with it alone modelled
  SignalError outputs;        ///< of the network's outputs, with it alone modelled
  double share = 0;           ///< of the outputs' error, summed over all layers alone
  std::optional<double> top1; ///< with it alone modelled, a share of 1
};

struct LayerErrors {
  std::vector<LayerError> layers; ///< in the order of the program's tiles
  SignalError outputs;            ///< with all layers modelled
  std::optional<double> top1, exactTop1;
};

/// Compares `program` in `model.mode` with itself in mode `Exact`. Every layer is modelled alone
/// once, so this takes about twice the time of the exact run for each. With `labels`, one class per
/// inference, it also tells accuracies. Layers whose results are 32-bit sums are seen at the
/// outputs only. Fails if a run fails, or if the program has no layer in a crossbar.
Result<LayerErrors> measureLayerErrors(const program::ValidatedProgram &program,
                                       const ModelOptions &model,
                                       std::span<const TensorData> inputs,
                                       const RunOptions &options,
                                       const TensorData *labels = nullptr);

/// Of each layer of `layers` (`Tile::layer`) the errors of the network's outputs with it alone
/// modelled, as LayerError::outputs: the part of measureLayerErrors that needs one run a layer.
Result<std::vector<SignalError>> measureOutputErrors(const program::ValidatedProgram &program,
                                                     const ModelOptions &model,
                                                     std::span<const std::string> layers,
                                                     std::span<const TensorData> inputs,
                                                     const RunOptions &options);

} // namespace cimc::executor

#endif // CIMC_EXECUTOR_LAYERERRORS_H
