//===- StreamLayout.cpp - How tensors become streams of rows --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See StreamLayout.h.
//
//===--------------------------------------------------------------------------===//

#include "StreamLayout.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace cimc::conversion {

StreamLayout StreamLayout::of(ArrayRef<int64_t> shape) {
  int64_t rank = shape.size();
  bool batched = rank == 0 || shape.front() == 1;
  switch (rank) {
  case 0:
    return {{}, 4, 1};
  case 1:
    return {{3}, 4, 1};
  case 2:
    return {{1, 3}, 4, 1};
  case 3:
    if (batched)
      return {{0, 1, 3}, 4, 1};
    return {{1, 2, 3}, 4, 1};
  default:
    SmallVector<int64_t> dims = identityPermutation(rank);
    return {{dims.begin(), dims.end()}, rank, batched ? 1 : 0};
  }
}

StreamLayout StreamLayout::ofElements(ArrayRef<int64_t> shape) {
  StreamLayout layout = of(shape);
  for (size_t dim = 0; dim + 1 < shape.size() && layout.rank == static_cast<int64_t>(shape.size());
       ++dim)
    if (shape[dim] > 1) {
      layout.rowAxis = layout.dims[dim];
      break;
    }
  return layout;
}

SmallVector<int64_t> StreamLayout::spread(ArrayRef<int64_t> values, int64_t fill) const {
  SmallVector<int64_t> result(rank, fill);
  for (auto [dim, value] : llvm::zip_equal(dims, values))
    result[dim] = value;
  return result;
}

SmallVector<int64_t> StreamLayout::spreadPermutation(ArrayRef<int32_t> permutation) const {
  SmallVector<int64_t> result;
  for (int64_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(dims, dim))
      result.push_back(dim);
  for (int32_t dim : permutation)
    result.push_back(dims[dim]);
  return result;
}

RankedTensorType StreamLayout::typeOf(ArrayRef<int64_t> shape, Type elementType) const {
  return cim::getRowTensorType(spread(shape, 1), elementType, rowAxis);
}

RankedTensorType streamTypeOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return StreamLayout::of(type).typeOf(tensor.getShape(), tensor.getElementType());
}

SmallVector<int64_t> identityPermutation(int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

} // namespace cimc::conversion
