//===- LayerTail.h - What a requantisation takes over ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A bias, bounds (Relu, Clip) and a quantise that follow a layer or a mean become part of its
// requantisation. This is the one place that says which ops those are: the quantiser puts no
// quantise between them, the lowering absorbs them.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_TRANSFORMS_LAYERTAIL_H
#define CIMC_LIB_TRANSFORMS_LAYERTAIL_H

#include "UnaryChain.h"

#include "cimc/Transforms/QuantizedForms.h"

#include <limits>

namespace cimc {

/// Elementwise ops that a requantisation takes over.
struct Tail {
  /// The float value that the integer result takes the place of, if there is no quantise.
  mlir::Value floatEnd;
  /// Added constants, per channel or one.
  llvm::SmallVector<ChannelValues> added;
  /// Bounds of the real value.
  float low = -std::numeric_limits<float>::infinity(),
        high = std::numeric_limits<float>::infinity();
  std::optional<QuantizeForm> quantize;
  mlir::Value quantized;
};

/// Follows single uses from `start` to a quantise. Without one, bounds stay where they are and only
/// added constants are taken.
Tail followTail(mlir::Value start);

/// The value behind the added constants and bounds that follow `start` by single uses: where a
/// quantise belongs.
mlir::Value tailEnd(mlir::Value start);

/// Whether an elementwise op rounds to levels, or chooses between two by a comparison that another
/// op made. Its input must not be rounded before.
bool isStep(mlir::linalg::GenericOp op);

/// Whether an elementwise op is one sum, perhaps with bounds: the machine adds bytes of different
/// scales. All else it does with several tensors it does with floats.
bool isSum(mlir::linalg::GenericOp op);

/// Whether single uses from `start` lead through elementwise ops to a step, and not to a quantise.
bool leadsToStep(mlir::Value start);

/// Adds one value per position of the last axis to a float tensor.
mlir::Value addPerChannel(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value tensor,
                          llvm::ArrayRef<float> values);

} // namespace cimc

#endif // CIMC_LIB_TRANSFORMS_LAYERTAIL_H
