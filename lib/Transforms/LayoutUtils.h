//===- LayoutUtils.h - Elementwise ops and constants in other layouts ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the passes that move transposes and reshapes share: which ops are elementwise, the same op
// over another shape, and constants whose elements are put in another order.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_TRANSFORMS_LAYOUTUTILS_H
#define CIMC_LIB_TRANSFORMS_LAYOUTUTILS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace cimc::layout {

/// True for the elementwise form of docs/input-contract.md: `isElementwiseGeneric`, and inputs that
/// project or repeat dimensions in ascending order.
bool isElementwise(mlir::linalg::GenericOp op);

/// True if `map` is the identity but for dimensions that the input repeats (constant 0).
bool isFullRank(mlir::AffineMap map);

/// The same op over `shape` with other inputs and maps.
mlir::linalg::GenericOp rebuildElementwise(mlir::OpBuilder &builder, mlir::linalg::GenericOp op,
                                           mlir::ValueRange inputs,
                                           llvm::ArrayRef<mlir::AffineMap> inputMaps,
                                           llvm::ArrayRef<int64_t> shape);

/// Inverse of a permutation.
llvm::SmallVector<int64_t> invertPermutation(llvm::ArrayRef<int64_t> perm);
bool isIdentity(llvm::ArrayRef<int64_t> perm);
/// `shape[perm[i]]` for all i.
llvm::SmallVector<int64_t> permuteShape(llvm::ArrayRef<int64_t> shape,
                                        llvm::ArrayRef<int64_t> perm);

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);
mlir::Value makeTranspose(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value input,
                          llvm::ArrayRef<int64_t> perm);
/// A reshape, or `input` itself if it has the shape.
mlir::Value makeReshape(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value input,
                        llvm::ArrayRef<int64_t> shape);

/// For each element of transpose(x, perm), in row-major order, the row-major index of that element
/// in x.
llvm::SmallVector<int64_t> transposedOrder(llvm::ArrayRef<int64_t> shape,
                                           llvm::ArrayRef<int64_t> perm);

/// A constant of type `type` (same element count and element type as the constant `value`) whose
/// element i is element source(i) of `value`. Null if `value` is no constant or its bytes are out
/// of reach.
mlir::Value reorderConstant(mlir::OpBuilder &builder, mlir::Value value,
                            mlir::RankedTensorType type,
                            llvm::function_ref<int64_t(int64_t)> source);

/// A constant with another shape; shares the bytes of a resource. Null if `value` is no constant.
mlir::Value reshapeConstant(mlir::OpBuilder &builder, mlir::Value value,
                            llvm::ArrayRef<int64_t> shape);

/// True if `value` is a constant or a dequantised constant.
bool isWeightValue(mlir::Value value);

/// reorderConstant also through a dequantisation, whose scales stay on dimension `axis` of the
/// result if they are per channel. Null where that is not possible. `axis` is the dimension of the
/// result that holds what is dimension `axisBefore` of `value`.
mlir::Value reorderWeight(mlir::OpBuilder &builder, mlir::Value value,
                          llvm::ArrayRef<int64_t> shape,
                          llvm::function_ref<int64_t(int64_t)> source, int64_t axisBefore,
                          int64_t axis);

} // namespace cimc::layout

#endif // CIMC_LIB_TRANSFORMS_LAYOUTUTILS_H
