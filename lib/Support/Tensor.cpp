//===- Tensor.cpp - A dense array with its type and shape ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names and sizes of element types come from one table, in the order of the enum.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Support/Tensor.h"

#include <array>

using namespace cimc;

namespace {
struct TypeInfo {
  std::string_view name;
  size_t bytes;
};
constexpr std::array<TypeInfo, 8> kTypes{{{"bool", 1},
                                          {"int8", 1},
                                          {"uint8", 1},
                                          {"int16", 2},
                                          {"int32", 4},
                                          {"int64", 8},
                                          {"float32", 4},
                                          {"float64", 8}}};
} // namespace

size_t cimc::elementBytes(ElementType type) { return kTypes[static_cast<size_t>(type)].bytes; }

std::string_view cimc::toString(ElementType type) { return kTypes[static_cast<size_t>(type)].name; }

size_t TensorData::elements() const {
  size_t product = 1;
  for (int64_t extent : shape)
    product *= static_cast<size_t>(extent);
  return product;
}

std::string cimc::shapeString(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}
