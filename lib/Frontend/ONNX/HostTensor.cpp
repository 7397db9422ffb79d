//===- HostTensor.cpp - Constant tensors while a model is imported ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every rearrangement (transpose, slice, broadcast) is one strided walk over the source.
//
//===--------------------------------------------------------------------------===//

#include "HostTensor.h"

#include <algorithm>
#include <cstring>

namespace cimc::frontend {

namespace {
template <typename T> T load(const char *data, int64_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T> void append(std::string &out, T value) {
  out.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

/// Adds one value of type `kind`; integers are taken from `integer` and wrap, floats from `real`
/// and are rounded.
void appendElement(std::string &out, ElementKind kind, double real, int64_t integer) {
  if (kind == ElementKind::F64)
    return append(out, real);
  if (isFloat(kind))
    return append(out, static_cast<float>(roundToKind(kind, real, /*saturate=*/true)));
  int64_t wrapped = wrapToKind(kind, integer);
  out.append(reinterpret_cast<const char *>(&wrapped), elementSize(kind));
}

/// Truncates towards zero and stays defined for values that no int64 holds.
int64_t toInt(double value) {
  if (!(value > -9.2e18))
    return value == value ? INT64_MIN : 0;
  return value < 9.2e18 ? static_cast<int64_t>(value) : INT64_MAX;
}
} // namespace

int64_t elementCount(const Shape &shape) {
  int64_t count = 1;
  for (int64_t dim : shape)
    count *= dim;
  return count;
}

Shape rowMajorStrides(const Shape &shape) {
  Shape strides(shape.size(), 1);
  for (size_t i = shape.size(); i > 1; --i)
    strides[i - 2] = strides[i - 1] * shape[i - 1];
  return strides;
}

bool broadcastShapes(const Shape &a, const Shape &b, Shape &result) {
  size_t rank = std::max(a.size(), b.size());
  Shape out(rank, 1);
  for (size_t i = 0; i < rank; ++i) {
    int64_t left = i < rank - a.size() ? 1 : a[i - (rank - a.size())];
    int64_t right = i < rank - b.size() ? 1 : b[i - (rank - b.size())];
    if (left != right && left != 1 && right != 1)
      return false;
    out[i] = left == 1 ? right : left;
  }
  result = std::move(out);
  return true;
}

std::string printShape(const Shape &shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t dim : shape)
    text += (text.empty() ? "" : "x") + std::to_string(dim);
  return text;
}

HostTensor HostTensor::fromBytes(ElementKind kind, Shape shape, std::string data) {
  auto owner = std::make_shared<const std::string>(std::move(data));
  return HostTensor(kind, std::move(shape), owner, owner->data());
}

HostTensor HostTensor::fromInts(ElementKind kind, Shape shape, const std::vector<int64_t> &values) {
  std::string data;
  data.reserve(values.size() * elementSize(kind));
  for (int64_t value : values)
    appendElement(data, kind, static_cast<double>(value), value);
  return fromBytes(kind, std::move(shape), std::move(data));
}

HostTensor HostTensor::fromDoubles(ElementKind kind, Shape shape,
                                   const std::vector<double> &values) {
  std::string data;
  data.reserve(values.size() * elementSize(kind));
  for (double value : values)
    appendElement(data, kind, value, toInt(value));
  return fromBytes(kind, std::move(shape), std::move(data));
}

HostTensor HostTensor::splat(ElementKind kind, Shape shape, double value) {
  HostTensor result = fromDoubles(kind, std::move(shape), {value});
  result.single = true;
  return result;
}

double HostTensor::asDouble(int64_t index) const {
  index = single ? 0 : index;
  if (elementKind == ElementKind::F64)
    return load<double>(bytes, index);
  if (isFloat(elementKind))
    return load<float>(bytes, index);
  if (elementKind == ElementKind::U64)
    return static_cast<double>(load<uint64_t>(bytes, index));
  return static_cast<double>(asInt(index));
}

int64_t HostTensor::asInt(int64_t index) const {
  if (isFloat(elementKind))
    return toInt(asDouble(index));
  index = single ? 0 : index;
  size_t size = elementSize(elementKind);
  int64_t value = 0;
  std::memcpy(&value, bytes + index * static_cast<int64_t>(size), size);
  return wrapToKind(elementKind, value);
}

std::vector<int64_t> HostTensor::ints() const {
  std::vector<int64_t> values(count());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = asInt(i);
  return values;
}

HostTensor HostTensor::reshaped(Shape shape) const {
  HostTensor result = *this;
  result.dims = std::move(shape);
  return result;
}

HostTensor HostTensor::remapped(Shape shape, const std::function<int64_t(int64_t)> &source) const {
  if (single)
    return reshaped(std::move(shape));
  size_t size = elementSize(elementKind);
  int64_t total = elementCount(shape);
  std::string out(static_cast<size_t>(total) * size, '\0');
  for (int64_t i = 0; i < total; ++i)
    std::memcpy(out.data() + i * size, bytes + source(i) * size, size);
  return fromBytes(elementKind, std::move(shape), std::move(out));
}

HostTensor HostTensor::strided(Shape shape, int64_t base, const Shape &strides) const {
  Shape index(shape.size(), 0);
  int64_t offset = base;
  // The walk is in row-major order, so the offset is advanced like an odometer instead of being
  // computed anew.
  return remapped(shape, [&](int64_t) {
    int64_t current = offset;
    for (size_t d = shape.size(); d-- > 0;) {
      offset += strides[d];
      if (++index[d] < shape[d])
        break;
      offset -= strides[d] * shape[d];
      index[d] = 0;
    }
    return current;
  });
}

HostTensor HostTensor::transposed(const std::vector<int64_t> &perm) const {
  Shape source = rowMajorStrides(dims), shape, strides;
  for (int64_t p : perm) {
    shape.push_back(dims[p]);
    strides.push_back(source[p]);
  }
  if (std::is_sorted(perm.begin(), perm.end()))
    return *this;
  return strided(std::move(shape), 0, strides);
}

HostTensor HostTensor::sliced(const Shape &begin, const Shape &size, const Shape &step) const {
  Shape strides = rowMajorStrides(dims);
  int64_t base = 0;
  for (size_t d = 0; d < dims.size(); ++d) {
    base += begin[d] * strides[d];
    strides[d] *= step[d];
  }
  return strided(size, base, strides);
}

HostTensor HostTensor::broadcast(const Shape &shape) const {
  if (shape == dims)
    return *this;
  Shape own = rowMajorStrides(dims), strides(shape.size(), 0);
  size_t lead = shape.size() - dims.size();
  for (size_t d = 0; d < dims.size(); ++d)
    strides[lead + d] = dims[d] == 1 ? 0 : own[d];
  return strided(shape, 0, strides);
}

HostTensor HostTensor::converted(ElementKind kind) const {
  if (kind == elementKind)
    return *this;
  if (kind == ElementKind::F32 && isFloat(elementKind) && elementKind != ElementKind::F64) {
    HostTensor result = *this; // stored as floats already
    result.elementKind = kind;
    return result;
  }
  int64_t stored = single ? 1 : count();
  std::string out;
  out.reserve(static_cast<size_t>(stored) * elementSize(kind));
  for (int64_t i = 0; i < stored; ++i) {
    // A cast to bool asks whether the value differs from zero, also for fractions.
    int64_t integer = kind == ElementKind::Bool ? asDouble(i) != 0.0 : asInt(i);
    appendElement(out, kind, asDouble(i), integer);
  }
  HostTensor result = fromBytes(kind, dims, std::move(out));
  result.single = single;
  return result;
}

HostTensor HostTensor::gathered(const HostTensor &indices, int64_t axis) const {
  Shape shape(dims.begin(), dims.begin() + axis);
  shape.insert(shape.end(), indices.dims.begin(), indices.dims.end());
  shape.insert(shape.end(), dims.begin() + axis + 1, dims.end());
  int64_t inner = elementCount(Shape(dims.begin() + axis + 1, dims.end()));
  int64_t picks = indices.count();
  return remapped(shape, [&](int64_t i) {
    int64_t within = i % inner, pick = (i / inner) % picks, outer = i / inner / picks;
    return (outer * dims[axis] + indices.asInt(pick)) * inner + within;
  });
}

HostTensor HostTensor::concat(const std::vector<HostTensor> &parts, int64_t axis) {
  const HostTensor &first = parts.front();
  Shape shape = first.dims;
  shape[axis] = 0;
  for (const HostTensor &part : parts)
    shape[axis] += part.dims[axis];
  int64_t outer = elementCount(Shape(shape.begin(), shape.begin() + axis));
  std::string out;
  out.reserve(static_cast<size_t>(elementCount(shape)) * elementSize(first.elementKind));
  for (int64_t o = 0; o < outer; ++o) {
    for (const HostTensor &part : parts) {
      int64_t run = elementCount(Shape(part.dims.begin() + axis, part.dims.end()));
      size_t size = elementSize(part.elementKind);
      for (int64_t i = 0; i < run; ++i)
        out.append(part.bytes + (part.single ? 0 : (o * run + i) * size), size);
    }
  }
  return fromBytes(first.elementKind, std::move(shape), std::move(out));
}

} // namespace cimc::frontend
