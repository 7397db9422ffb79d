//===- HostTensor.h - Constant tensors while a model is imported -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Initializers and everything that is computed from them at import. Data are shared and never
// changed, so that a weight's bytes travel from the file to the resource of the module without a
// copy. A tensor whose elements are all equal keeps one element only.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_HOSTTENSOR_H
#define CIMC_LIB_FRONTEND_ONNX_HOSTTENSOR_H

#include "NumberFormats.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cimc::frontend {

using Shape = std::vector<int64_t>;

/// The number of elements of a shape whose product is known not to overflow.
int64_t elementCount(const Shape &shape);

/// A constant tensor, row major, in the byte order of the host.
class HostTensor {
public:
  HostTensor() = default;
  /// Refers to `data`, which `owner` keeps alive.
  HostTensor(ElementKind kind, Shape shape, std::shared_ptr<const void> owner, const char *data)
      : elementKind(kind), dims(std::move(shape)), owner(std::move(owner)), bytes(data) {}

  static HostTensor fromBytes(ElementKind kind, Shape shape, std::string data);
  static HostTensor fromInts(ElementKind kind, Shape shape, const std::vector<int64_t> &values);
  static HostTensor fromDoubles(ElementKind kind, Shape shape, const std::vector<double> &values);
  static HostTensor splat(ElementKind kind, Shape shape, double value);

  ElementKind kind() const { return elementKind; }
  const Shape &shape() const { return dims; }
  int64_t rank() const { return static_cast<int64_t>(dims.size()); }
  int64_t count() const { return elementCount(dims); }
  /// True if only one element is stored.
  bool isSplat() const { return single; }
  const char *data() const { return bytes; }
  size_t storedBytes() const {
    return static_cast<size_t>(single ? 1 : count()) * elementSize(elementKind);
  }
  const std::shared_ptr<const void> &ownerOfData() const { return owner; }

  double asDouble(int64_t index) const;
  int64_t asInt(int64_t index) const;
  std::vector<int64_t> ints() const;

  /// Same data, other shape. Requires: equal element counts.
  HostTensor reshaped(Shape shape) const;
  /// Dimension i of the result is dimension perm[i] of this tensor.
  HostTensor transposed(const std::vector<int64_t> &perm) const;
  /// Elements begin[i] + k * step[i], k < size[i]; steps may be negative.
  HostTensor sliced(const Shape &begin, const Shape &size, const Shape &step) const;
  /// Repeats dimensions of size 1. Requires: numpy-compatible shapes.
  HostTensor broadcast(const Shape &shape) const;
  HostTensor converted(ElementKind kind) const;
  /// Takes `indices` (already made non-negative) along `axis`; the indices' shape replaces that
  /// axis.
  HostTensor gathered(const HostTensor &indices, int64_t axis) const;
  static HostTensor concat(const std::vector<HostTensor> &parts, int64_t axis);

private:
  /// Builds a tensor of the same kind whose element i is this tensor's element source(i).
  HostTensor remapped(Shape shape, const std::function<int64_t(int64_t)> &source) const;
  /// As `remapped`, the source being base + sum of index[d] * stride[d].
  HostTensor strided(Shape shape, int64_t base, const Shape &strides) const;

  ElementKind elementKind = ElementKind::F32;
  Shape dims;
  std::shared_ptr<const void> owner;
  const char *bytes = nullptr;
  bool single = false;
};

/// Row-major strides of a shape, in elements.
Shape rowMajorStrides(const Shape &shape);

/// The shape of numpy broadcasting, or false.
bool broadcastShapes(const Shape &a, const Shape &b, Shape &result);

/// "1x3x32x32", or "scalar".
std::string printShape(const Shape &shape);

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_HOSTTENSOR_H
