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

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include "llvm/ADT/DenseSet.h"

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
  /// Calls `fn(element, output channel, input channel)` for all weights in C order, counting
  /// instead of dividing: large layers have a hundred million. The layer reads `inputs` channels.
  template <typename Fn> void forEachWeight(int64_t inputs, Fn fn) const {
    int64_t count = weightCount(), element = 0, in = 0;
    bool depthwise = mlir::isa<mlir::tosa::DepthwiseConv2DOp>(op);
    int64_t inner = channelOuter ? count / outChannels : outChannels;
    int64_t repeats = depthwise ? outChannels / inputs : inner; // weights in a row of one input
    for (int64_t outer = 0; element < count; ++outer) {
      if (channelOuter) {
        for (int64_t k = 0; k < inner; ++k, in = in + 1 == inputs ? 0 : in + 1)
          fn(element++, outer, in);
        continue;
      }
      for (int64_t out = 0; out < outChannels; in = in + 1 == inputs ? 0 : in + 1)
        for (int64_t end = out + repeats; out < end; ++out)
          fn(element++, out, in);
    }
  }
  template <typename Fn> void forEachWeight(Fn fn) const {
    forEachWeight(outChannels, [&](int64_t element, int64_t out, int64_t) { fn(element, out); });
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

/// The float layers of `function` whose weights, inputs by outputs, are the transpose of those of
/// another one.
llvm::DenseSet<mlir::Operation *> findTransposedPairs(mlir::func::FuncOp function);

/// What follows a layer: the result to go on from. For a grouped convolution it is the reshape that
/// merges groups and filters, made here if it is missing; the last axis is the output channel.
mlir::Value channelsLastResult(mlir::OpBuilder &builder, const WeightedLayer &layer);

/// "'name'" of an op's location, or the op's name in quotes: how messages speak of a layer.
std::string layerName(mlir::Operation *op);

} // namespace cimc

#endif // CIMC_LIB_TRANSFORMS_WEIGHTEDLAYER_H
