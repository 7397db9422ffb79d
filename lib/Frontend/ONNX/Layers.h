//===- Layers.h - Weighted layers for several ONNX ops ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conv, QLinearConv, Gemm, MatMul and QLinearMatMul come down to two builders. Weights are
// constants (floats, or integers to be dequantised) that are laid out once, or values in the IR
// that are transposed there.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_LAYERS_H
#define CIMC_LIB_FRONTEND_ONNX_LAYERS_H

#include "ImportContext.h"

namespace cimc::frontend {

/// Where a weight's output channels are before and after it is read with another shape.
struct ChannelAxis {
  int64_t original, reshaped;
};

/// Reads a weight as `shape`, then permutes it by `perm`. The result is in the IR; a constant is
/// laid out here and now.
mlir::Value layOutWeight(Node &node, TensorValue &weight, const Shape &shape,
                         const std::vector<int64_t> &perm, ChannelAxis axis, llvm::StringRef hint);

/// A convolution with ONNX's attributes; `bias` may be null. The result is `N x O x spatial...`,
/// f32.
mlir::FailureOr<mlir::Value> buildConvolution(Node &node, TensorValue &input, TensorValue &weight,
                                              TensorValue *bias);

struct Window;

/// A convolution of an `N x H x W x C` input whose window fits exactly; `weight` is in ONNX's order
/// `O x C/group x spatial...`, `bias` may be null. The result is `N x H x W x O`, f32.
mlir::Value buildWindowed(Node &node, const Window &window, int64_t group, mlir::Value input,
                          TensorValue &weight, mlir::Value bias);

/// numpy's matmul, f32. `bias` of length N may be given where `right` is a constant of rank 2.
mlir::FailureOr<mlir::Value> buildMatMul(Node &node, TensorValue &left, TensorValue &right,
                                         TensorValue *bias);

/// `left` (M x K) times the constant `weight` (N x K if `transposed`, otherwise K x N) plus `bias`
/// (length N or null), as a 1x1 convolution.
mlir::Value buildDense(Node &node, mlir::Value left, TensorValue &weight, bool transposed,
                       mlir::Value bias, llvm::StringRef hint);

/// Softmax along one axis, f32, or its logarithm.
mlir::Value buildSoftmax(Node &node, mlir::Value input, int64_t axis, bool logarithm);

/// Sets result 0 of a convolution or product that is computed in QDQ form: quantises `value` with
/// scale and zero point inputs.
mlir::LogicalResult setQuantizedResult(Node &node, mlir::Value value, size_t scaleInput,
                                       size_t zeroPointInput);

/// Input `data` of a QLinear op as a dequantised value; `axis` is that of scales per channel.
mlir::FailureOr<TensorValue> dequantizeInput(Node &node, size_t data, size_t scale,
                                             size_t zeroPoint, int64_t axis);

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_LAYERS_H
