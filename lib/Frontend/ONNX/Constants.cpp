//===- Constants.cpp - Constants of the graph ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops whose results are always known at import: they leave nothing in the module unless something
// else uses their values.
//
//===--------------------------------------------------------------------------===//

#include "OpTable.h"

#include <cmath>

using namespace mlir;

namespace cimc::frontend {

static LogicalResult convertConstant(Node &node) {
  for (const auto &[name, value] : node.info.attributes) {
    if (name == "value" && value.tensor)
      return node.setResult(*value.tensor);
    if (name == "value_float")
      return node.setResult(HostTensor::fromDoubles(ElementKind::F32, {}, {value.real}));
    if (name == "value_int")
      return node.setResult(HostTensor::fromInts(ElementKind::I64, {}, {value.integer}));
    if (name == "value_ints")
      return node.setResult(HostTensor::fromInts(
          ElementKind::I64, {static_cast<int64_t>(value.integers.size())}, value.integers));
    if (name == "value_floats") {
      std::vector<double> values(value.reals.begin(), value.reals.end());
      return node.setResult(
          HostTensor::fromDoubles(ElementKind::F32, {static_cast<int64_t>(values.size())}, values));
    }
  }
  return node.error() << "has no value; supported are value, value_float, value_floats, value_int "
                         "and value_ints";
}

static LogicalResult convertConstantOfShape(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  FailureOr<std::vector<int64_t>> shape = node.constantInts(0, "shape");
  if (failed(shape))
    return failure();
  int64_t count = 1;
  for (int64_t dim : *shape) {
    if (dim < 0)
      return node.error() << "its shape holds negative dimension " << dim;
    if (dim != 0 && count > (int64_t(1) << 33) / dim)
      return node.error() << "its result of shape " << printShape(*shape) << " is too large";
    count *= dim;
  }
  const AttributeValue *value = node.attribute("value");
  ElementKind kind = value && value->tensor ? value->tensor->kind() : ElementKind::F32;
  if (value && (!value->tensor || value->tensor->count() != 1))
    return node.error() << "attribute 'value' must be a tensor of one element";
  return node.setResult(HostTensor::splat(kind, *shape, value ? value->tensor->asDouble(0) : 0.0));
}

/// Ones on a diagonal, of the shape of the input.
static LogicalResult convertEyeLike(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  const Shape &shape = node.input(0).shape;
  if (shape.size() != 2)
    return node.error() << "its input has shape " << printShape(shape)
                        << ", must have 2 dimensions";
  std::optional<ElementKind> kind = node.input(0).kind;
  if (node.hasAttribute("dtype"))
    kind = kindOfOnnxType(node.intAttribute("dtype", 0));
  if (!kind)
    return node.unsupportedAttribute("dtype",
                                     "type " + std::to_string(node.intAttribute("dtype", 0)),
                                     "all types of numbers and bool");
  int64_t offset = std::clamp<int64_t>(node.intAttribute("k", 0), -shape[0], shape[1]);
  std::vector<double> values(elementCount(shape), 0.0);
  for (int64_t row = 0; row < shape[0]; ++row)
    if (row + offset >= 0 && row + offset < shape[1])
      values[row * shape[1] + row + offset] = 1.0;
  return node.setResult(HostTensor::fromDoubles(ElementKind::F64, shape, values).converted(*kind));
}

static LogicalResult convertShape(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  const Shape &shape = node.input(0).shape;
  int64_t rank = shape.size();
  auto bound = [&](const char *name, int64_t fallback) {
    int64_t value = node.intAttribute(name, fallback);
    return std::clamp<int64_t>(value < 0 ? value + rank : value, 0, rank);
  };
  int64_t start = bound("start", 0), end = std::max(bound("end", rank), bound("start", 0));
  std::vector<int64_t> dims(shape.begin() + start, shape.begin() + end);
  return node.setResult(
      HostTensor::fromInts(ElementKind::I64, {static_cast<int64_t>(dims.size())}, dims));
}

static LogicalResult convertSize(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  return node.setResult(
      HostTensor::fromInts(ElementKind::I64, {}, {elementCount(node.input(0).shape)}));
}

static LogicalResult convertRange(Node &node) {
  if (failed(node.expectInputs(3, 3)))
    return failure();
  if (!node.allConstant() || node.constant(0)->count() != 1 || node.constant(1)->count() != 1 ||
      node.constant(2)->count() != 1)
    return node.error() << "its inputs must be constant scalars";
  double start = node.constant(0)->asDouble(0), limit = node.constant(1)->asDouble(0),
         delta = node.constant(2)->asDouble(0);
  double count = std::ceil((limit - start) / delta);
  if (!(delta != 0) || !(count <= 1 << 20))
    return node.error() << "its result has " << count << " elements, at most " << (1 << 20)
                        << " are supported";
  std::vector<double> values;
  for (int64_t i = 0; i < static_cast<int64_t>(count); ++i)
    values.push_back(start + static_cast<double>(i) * delta);
  Shape shape = {static_cast<int64_t>(values.size())};
  return node.setResult(HostTensor::fromDoubles(node.input(0).kind, shape, values));
}

ArrayRef<OpEntry> constantOps() {
  static const OpEntry table[] = {
      {"", "Constant", 1, convertConstant}, {"", "ConstantOfShape", 9, convertConstantOfShape},
      {"", "EyeLike", 9, convertEyeLike},   {"", "Shape", 1, convertShape},
      {"", "Size", 1, convertSize},         {"", "Range", 11, convertRange}};
  return table;
}

} // namespace cimc::frontend
