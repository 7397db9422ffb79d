//===- Scalars.h - Element types in the bodies of elementwise ops ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors store integers in signless types, unsigned bytes less 128. Bodies compute with the
// numbers themselves in a wider type, so that signed arithmetic and comparisons are right for every
// kind but 64-bit unsigned integers:
//
//   bool: i1    integers up to 16 bits, int32: i32    uint32, int64, uint64: i64    floats: f32
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_SCALARS_H
#define CIMC_LIB_FRONTEND_ONNX_SCALARS_H

#include "ImportContext.h"

namespace cimc::frontend {

/// The type in which bodies compute with numbers of `kind`.
mlir::Type computeType(mlir::MLIRContext *context, ElementKind kind);

/// The number that a stored element of `kind` means, in the compute type.
mlir::Value loadScalar(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value stored,
                       ElementKind kind);

/// The element that stores a number of the compute type; integers wrap to the range of `kind`.
mlir::Value storeScalar(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value number,
                        ElementKind kind);

/// How a cast treats numbers beyond the range of a float8 type.
struct CastOptions {
  bool saturate = true;
  enum class PowerOfTwo { Up, Down, Nearest } toPowerOfTwo = PowerOfTwo::Up; // e8m0 only
};

/// Converts a number (compute type of `from`) to the compute type of `to`, rounded or truncated as
/// ONNX's Cast does. Half and bfloat16 are computed as f32 and not rounded.
mlir::Value castScalar(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value number,
                       ElementKind from, ElementKind to, const CastOptions &options = {});

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_SCALARS_H
