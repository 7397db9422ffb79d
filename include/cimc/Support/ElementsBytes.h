//===- ElementsBytes.h - Raw bytes of constant tensors ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constants are `dense` or `dense_resource`. These functions read both as the bytes of their
// elements in C order, without copying where the bytes already lie so in memory.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_SUPPORT_ELEMENTSBYTES_H
#define CIMC_SUPPORT_ELEMENTSBYTES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include "llvm/ADT/SmallVector.h"

namespace cimc {

/// Bytes of one element as it lies in memory (i1 takes a byte).
inline int64_t elementBytes(mlir::Type type) { return (type.getIntOrFloatBitWidth() + 7) / 8; }

/// The bytes of `value`'s elements; `storage` holds them if they had to be written out (a splat).
/// Empty if the resource is missing.
inline llvm::ArrayRef<char> elementsBytes(mlir::ElementsAttr value,
                                          llvm::SmallVectorImpl<char> &storage) {
  if (auto resource = llvm::dyn_cast<mlir::DenseResourceElementsAttr>(value)) {
    mlir::AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? blob->getData() : llvm::ArrayRef<char>();
  }
  auto dense = llvm::dyn_cast<mlir::DenseElementsAttr>(value);
  if (!dense)
    return {};
  llvm::ArrayRef<char> raw = dense.getRawData();
  if (!dense.isSplat() || value.getNumElements() == 1)
    return raw;
  storage.clear();
  storage.reserve(raw.size() * value.getNumElements());
  for (int64_t i = 0; i < value.getNumElements(); ++i)
    storage.append(raw.begin(), raw.end());
  return storage;
}

/// Elements [first, first + count) of `value` in C order, as a dense vector.
inline mlir::DenseElementsAttr sliceElements(mlir::ElementsAttr value, int64_t first,
                                             int64_t count) {
  llvm::SmallVector<char> storage;
  llvm::ArrayRef<char> bytes = elementsBytes(value, storage);
  mlir::Type type = value.getShapedType().getElementType();
  int64_t size = elementBytes(type);
  return mlir::DenseElementsAttr::getFromRawBuffer(mlir::RankedTensorType::get({count}, type),
                                                   bytes.slice(first * size, count * size));
}

} // namespace cimc

#endif // CIMC_SUPPORT_ELEMENTSBYTES_H
