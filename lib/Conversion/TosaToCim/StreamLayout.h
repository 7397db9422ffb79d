//===- StreamLayout.h - How tensors become streams of rows ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one rule by which a tensor of the quantised level becomes a stream. Most things are maps `1 x
// H x W x C` with rows along H; a vector `1 x K` is one row of one position with K channels, a
// sequence `1 x M x K` has M rows of one position.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_CONVERSION_TOSATOCIM_STREAMLAYOUT_H
#define CIMC_LIB_CONVERSION_TOSATOCIM_STREAMLAYOUT_H

#include "cimc/Dialect/Cim/IR/Cim.h"

namespace cimc::conversion {

/// Where the dimensions of a tensor go in its stream. They stay in order; other dimensions of the
/// stream have size 1.
struct StreamLayout {
  llvm::SmallVector<int64_t, 5> dims; ///< dimension of the stream, by dimension of the tensor
  int64_t rank = 4;                   ///< of the stream
  int64_t rowAxis = 1;

  /// The layout of streams for tensors of this shape.
  static StreamLayout of(llvm::ArrayRef<int64_t> shape);
  static StreamLayout of(mlir::Type type) {
    return of(mlir::cast<mlir::RankedTensorType>(type).getShape());
  }

  /// The same for tensors that no layer or pool reads as a map: where that would be a single row,
  /// rows lie along the first dimension of more than one element (but the last).
  static StreamLayout ofElements(llvm::ArrayRef<int64_t> shape);

  /// One value per tensor dimension becomes one per stream dimension, `fill` elsewhere.
  llvm::SmallVector<int64_t> spread(llvm::ArrayRef<int64_t> values, int64_t fill) const;
  /// A permutation of the tensor's dimensions becomes one of the stream's.
  llvm::SmallVector<int64_t> spreadPermutation(llvm::ArrayRef<int32_t> permutation) const;
  /// The type of a stream of a tensor of `shape` in this layout.
  mlir::RankedTensorType typeOf(llvm::ArrayRef<int64_t> shape, mlir::Type elementType) const;
};

/// The stream type of a tensor type.
mlir::RankedTensorType streamTypeOf(mlir::Type type);

/// `0, 1, .., rank - 1`.
llvm::SmallVector<int64_t> identityPermutation(int64_t rank);

} // namespace cimc::conversion

#endif // CIMC_LIB_CONVERSION_TOSATOCIM_STREAMLAYOUT_H
