//===- RecurrentCells.h - One step of LSTM, GRU and RNN --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cell takes the input's share of its gates, which is computed for all steps at once outside the
// loop, and the states of the step before, and makes the next states. Gates are float; the only
// products inside are those with the recurrent matrix.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_RECURRENTCELLS_H
#define CIMC_LIB_FRONTEND_ONNX_RECURRENTCELLS_H

#include "Formula.h"
#include "Layers.h"
#include "Steps.h"

namespace cimc::frontend {

/// A function that ONNX lists for gates and states, with its parameters.
struct Activation {
  using Emit = mlir::Value (*)(const FloatScalars &, mlir::Value, double alpha, double beta);
  Emit emit = nullptr;
  double alpha = 0, beta = 0;
};

/// The activations of all directions, in the node's order; `defaults` are those of one direction.
mlir::FailureOr<llvm::SmallVector<Activation>>
readActivations(Node &node, llvm::ArrayRef<llvm::StringRef> defaults, int64_t directions);

/// One direction of a recurrent layer.
struct Cell {
  int64_t batch = 1, hidden = 1;
  TensorValue recurrent;                ///< gates * hidden x hidden
  std::optional<TensorValue> bias;      ///< both halves, 2 * gates * hidden
  std::optional<TensorValue> peepholes; ///< 3 * hidden: input, output, forget
  llvm::ArrayRef<Activation> activations;
  float clip = 0;           ///< 0: none
  bool inputForget = false; ///< LSTM: the forget gate is 1 - input gate
  bool resetAfter = false;  ///< GRU: linear_before_reset
};

/// `count` entries from `first` on of a matrix's rows or a vector; constants stay constants.
TensorValue rowsOf(Node &node, TensorValue &whole, int64_t first, int64_t count);

/// `left` (M x K) times the transpose of `weight` (N x K), plus `bias` (length N) if there is one.
mlir::Value buildProduct(Node &node, mlir::Value left, TensorValue &weight,
                         std::optional<TensorValue> bias, llvm::StringRef hint);

/// The bias of the product with the input, which is outside the loop: both halves, as far as they
/// can be added before the recurrent product is known.
std::optional<TensorValue> inputBias(Node &node, Cell &cell, int64_t gates);

/// Makes the step's next states; the first is the one that is put out.
using CellStep = llvm::SmallVector<mlir::Value> (*)(Node &node, Cell &cell, mlir::Value gates,
                                                    mlir::ValueRange states);
llvm::SmallVector<mlir::Value> lstmStep(Node &node, Cell &cell, mlir::Value gates,
                                        mlir::ValueRange states);
llvm::SmallVector<mlir::Value> gruStep(Node &node, Cell &cell, mlir::Value gates,
                                       mlir::ValueRange states);
llvm::SmallVector<mlir::Value> rnnStep(Node &node, Cell &cell, mlir::Value gates,
                                       mlir::ValueRange states);

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_RECURRENTCELLS_H
