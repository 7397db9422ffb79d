//===- Tensor.h - A dense array with its type and shape --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What goes into and comes out of a run: a name, an element type, a shape and the elements in C
// order.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_SUPPORT_TENSOR_H
#define CIMC_SUPPORT_TENSOR_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cimc {

enum class ElementType : uint8_t { Bool, I8, U8, I16, I32, I64, F32, F64 };

/// Bytes of one element.
size_t elementBytes(ElementType type);
/// The name that messages use: "int8", "float32" and so on.
std::string_view toString(ElementType type);

/// A dense array. `bytes` holds the elements in C order, little-endian.
struct TensorData {
  std::string name; ///< may be empty
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape;
  std::vector<std::byte> bytes;

  /// Number of elements that the shape says.
  size_t elements() const;

  /// The elements as T. Requires: sizeof(T) == elementBytes(type).
  template <typename T> std::span<T> as() {
    return {reinterpret_cast<T *>(bytes.data()), bytes.size() / sizeof(T)};
  }
  template <typename T> std::span<const T> as() const {
    return {reinterpret_cast<const T *>(bytes.data()), bytes.size() / sizeof(T)};
  }
};

/// "[10000,1,28,28]".
std::string shapeString(std::span<const int64_t> shape);

} // namespace cimc

#endif // CIMC_SUPPORT_TENSOR_H
