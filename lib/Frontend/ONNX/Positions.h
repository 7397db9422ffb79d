//===- Positions.h - Taking positions of tensors ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Selecting along an axis, for every op that comes down to it. Positions that are known at import
// become slices, reversals, repetitions and concatenations; positions that are data become
// `tosa.gather` on `1 x K x C`, with everything that ONNX leaves implicit (counting from the end)
// written out before it.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_POSITIONS_H
#define CIMC_LIB_FRONTEND_ONNX_POSITIONS_H

#include "ImportContext.h"

namespace cimc::frontend {

/// The tensor turned round along `axis`.
mlir::Value buildReverse(Node &node, mlir::Value input, int64_t axis);

/// A new axis of size `count` in front of dimension `axis`, along which the tensor repeats.
mlir::Value buildRepeat(Node &node, mlir::Value input, int64_t axis, int64_t count);

/// The tensor repeated to `shape` as numpy broadcasts it. Requires: the shapes fit.
mlir::Value buildBroadcast(Node &node, mlir::Value input, const Shape &shape);

/// Tensors joined along `axis`. Requires: equal element types and other dimensions.
mlir::Value buildConcat(Node &node, llvm::ArrayRef<mlir::Value> parts, int64_t axis);

/// The tensor whose position i along `axis` is position `positions[i]` of `input`. Requires: at
/// least one position, all inside.
mlir::Value takePositions(Node &node, mlir::Value input, int64_t axis,
                          llvm::ArrayRef<int64_t> positions);

/// Rows of `table` (1 x K x C) by `indices` of type i32 and any shape, which lie in [0, K):
/// `1 x W x C`, W being the number of indices.
mlir::Value buildGather(Node &node, mlir::Value table, mlir::Value indices);

/// Integer `indices` as i32 positions among `size`: those below zero count from the end, and what
/// lies outside is clamped.
mlir::Value buildPositions(Node &node, mlir::Value indices, int64_t size);

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_POSITIONS_H
