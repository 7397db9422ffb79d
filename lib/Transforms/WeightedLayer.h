//===- WeightedLayer.h - One view of all layers with weights --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions, grouped and depthwise ones, and matrix products differ in where their weights have
// the output channel. This is what quantisation needs to know of them.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_TRANSFORMS_WEIGHTEDLAYER_H
#define CIMC_LIB_TRANSFORMS_WEIGHTEDLAYER_H

#include "cimc/Transforms/QuantizedForms.h"

namespace cimc {

/// A float or integer layer whose weights are constant or a dequantised constant.
struct WeightedLayer {
  mlir::Operation *op = nullptr;
  mlir::OpOperand *input = nullptr, *weights = nullptr;
  /// The bias operand, null if the op has none.
  mlir::OpOperand *bias = nullptr;
  int64_t outChannels = 0;
  /// Weights are `[output channel][...]` if true, `[...][output channel]` otherwise.
  bool channelOuter = false;
  bool padded = false;

  mlir::Value result() const { return op->getResult(0); }
  bool isFloat() const {
    return mlir::cast<mlir::RankedTensorType>(result().getType()).getElementType().isF32();
  }
  int64_t weightCount() const {
    return mlir::cast<mlir::RankedTensorType>(weights->get().getType()).getNumElements();
  }
  /// The output channel that weight `element` (C order) belongs to.
  int64_t channelOf(int64_t element) const {
    return channelOuter ? element / (weightCount() / outChannels) : element % outChannels;
  }
};

/// Where a layer's weights come from: a constant, perhaps dequantised, behind reshapes and
/// transposes.
struct WeightSource {
  mlir::Value constant;
  /// The dequantise behind the constant, if any.
  std::optional<DequantizeForm> dequantize;
  /// Reshapes and transposes from the constant to the layer.
  llvm::SmallVector<mlir::Operation *> moves;
};

std::optional<WeightSource> findWeights(mlir::Value operand);

/// The layer `op` is, if it is one and its weights are constant (`findWeights`).
std::optional<WeightedLayer> matchWeightedLayer(mlir::Operation *op);

/// Applies reshapes and transposes to elements in C order of `from`.
template <typename T>
llvm::SmallVector<T> applyMoves(llvm::ArrayRef<T> elements, mlir::RankedTensorType from,
                                llvm::ArrayRef<mlir::Operation *> moves);

/// What follows a layer: the result to go on from. For a grouped convolution it is the reshape that
/// merges groups and filters, made here if it is missing; the last axis is the output channel.
mlir::Value channelsLastResult(mlir::OpBuilder &builder, const WeightedLayer &layer);

/// "'name'" of an op's location, or the op's name in quotes: how messages speak of a layer.
std::string layerName(mlir::Operation *op);

} // namespace cimc

#endif // CIMC_LIB_TRANSFORMS_WEIGHTEDLAYER_H
