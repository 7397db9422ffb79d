//===- QuantizedForms.h - Bodies that mark and do quantisation ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Between real numbers and integers stand four elementwise operations: quantise, dequantise,
// requantise (accumulator to 8 bits) and requantise to float. Upstream has no op for them with the
// numerics of docs/numerics.md, so each is a `linalg.generic` with a fixed body
// (docs/input-contract.md). These functions build and recognise the bodies; nothing else in the
// compiler knows how they look.
//
// The matchers accept what the builders make, whatever passes such as CSE and canonicalisation did
// to it, and nothing whose result would differ.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TRANSFORMS_QUANTIZEDFORMS_H
#define CIMC_TRANSFORMS_QUANTIZEDFORMS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Builders.h"

#include <optional>

namespace cimc {

/// Scales of a tensor: one for all of it, or one per position of an axis.
struct Scales {
  /// One value, or as many as the axis has positions.
  llvm::SmallVector<float, 1> values;
  /// -1: one scale for the tensor.
  int64_t axis = -1;

  Scales() = default;
  Scales(float value) : values{value} {}
  Scales(llvm::ArrayRef<float> values, int64_t axis) : values(values), axis(axis) {}

  bool isPerTensor() const { return axis < 0; }
  /// The scale of position `i` of the axis (any `i` if there is one scale).
  float at(int64_t i) const { return isPerTensor() ? values.front() : values[i]; }
  bool operator==(const Scales &other) const = default;
};

/// `clamp(roundeven(x / scale) + zeroPoint, lo, hi)` as i8.
struct QuantizeForm {
  mlir::Value input; // f32
  float scale;
  int zeroPoint, lo, hi;
};

/// `(f32(x - zeroPoint)) * scale`.
struct DequantizeForm {
  mlir::Value input; // i8 or i32
  Scales scale;
  int zeroPoint;
};

/// `clamp(roundeven(f32(x + bias) * scale) + zeroPoint, lo, hi)` as i8.
struct RequantizeForm {
  mlir::Value input; // i32
  /// i32 per position of `channelAxis`, or one value in every position; empty: none.
  llvm::SmallVector<int32_t> bias;
  /// The axis of bias and scales; -1 if neither is per channel.
  int64_t channelAxis;
  Scales scale;
  int zeroPoint, lo, hi;

  /// The bias of channel `i`, 0 without bias.
  int32_t biasAt(int64_t i) const {
    return bias.empty() ? 0 : bias.size() == 1 ? bias.front() : bias[i];
  }
};

/// `f32(x + bias) * scale`.
struct RequantizeToFloatForm {
  mlir::Value input; // i32
  llvm::SmallVector<int32_t> bias;
  int64_t channelAxis;
  Scales scale;

  int32_t biasAt(int64_t i) const {
    return bias.empty() ? 0 : bias.size() == 1 ? bias.front() : bias[i];
  }
};

/// Recognise a form. A scale or bias that is an input of the generic must be a constant.
std::optional<QuantizeForm> matchQuantize(mlir::linalg::GenericOp op);
std::optional<DequantizeForm> matchDequantize(mlir::linalg::GenericOp op);
std::optional<RequantizeForm> matchRequantize(mlir::linalg::GenericOp op);
std::optional<RequantizeToFloatForm> matchRequantizeToFloat(mlir::linalg::GenericOp op);

/// The same for the op that defines `value`, if there is one.
std::optional<QuantizeForm> matchQuantize(mlir::Value value);
std::optional<DequantizeForm> matchDequantize(mlir::Value value);
std::optional<RequantizeForm> matchRequantize(mlir::Value value);
std::optional<RequantizeToFloatForm> matchRequantizeToFloat(mlir::Value value);

/// f32 tensor -> i8 tensor of the same shape.
mlir::Value buildQuantize(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x, float scale,
                          int zeroPoint, int lo = -128, int hi = 127);

/// i8 or i32 tensor -> f32 tensor. Scales per axis become an input of the generic.
mlir::Value buildDequantize(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x,
                            const Scales &scale, int zeroPoint);

/// i32 accumulators -> i8. `bias` is empty, one value, or one per position of `channelAxis`;
/// `scale` is per tensor or on `channelAxis`.
mlir::Value buildRequantize(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value acc,
                            llvm::ArrayRef<int32_t> bias, int64_t channelAxis, const Scales &scale,
                            int zeroPoint, int lo = -128, int hi = 127);

/// i32 accumulators -> f32.
mlir::Value buildRequantizeToFloat(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value acc,
                                   llvm::ArrayRef<int32_t> bias, int64_t channelAxis,
                                   const Scales &scale);

/// Whether the function has a float layer with constant weights whose weights or input are not
/// dequantised.
bool hasUnquantizedLayer(mlir::func::FuncOp function);

} // namespace cimc

#endif // CIMC_TRANSFORMS_QUANTIZEDFORMS_H
