//===- DataSet.cpp - Arrays from the command line, and accuracy -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "cimc/Support/DataSet.h"

#include "cimc/Support/Npy.h"

#include <algorithm>
#include <filesystem>

namespace cimc {

namespace {

/// Element `index` of `tensor` as a double, exact for all types but large int64.
double valueAt(const TensorData &tensor, size_t index) {
  switch (tensor.type) {
  case ElementType::Bool:
  case ElementType::U8:
    return tensor.as<uint8_t>()[index];
  case ElementType::I8:
    return tensor.as<int8_t>()[index];
  case ElementType::I16:
    return tensor.as<int16_t>()[index];
  case ElementType::I32:
    return tensor.as<int32_t>()[index];
  case ElementType::I64:
    return static_cast<double>(tensor.as<int64_t>()[index]);
  case ElementType::F32:
    return tensor.as<float>()[index];
  case ElementType::F64:
    return tensor.as<double>()[index];
  }
  return 0;
}

size_t argmax(const TensorData &scores, size_t first, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; ++i)
    if (valueAt(scores, first + i) > valueAt(scores, first + best))
      best = i;
  return best;
}

} // namespace

NamedFile parseNamedFile(const std::string &text) {
  size_t equals = text.find('=');
  std::error_code code;
  if (equals == std::string::npos || std::filesystem::exists(text, code))
    return {"", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

Result<std::vector<TensorData>> readNamedArrays(const std::vector<std::string> &arguments) {
  std::vector<TensorData> arrays;
  for (const std::string &argument : arguments) {
    NamedFile file = parseNamedFile(argument);
    Result<TensorData> data = readNpy(file.path);
    if (!data)
      return data.error();
    data->name = file.name;
    arrays.push_back(std::move(*data));
  }
  return arrays;
}

const TensorData *findTensor(const std::vector<TensorData> &tensors, const std::string &name,
                             size_t index) {
  for (const TensorData &tensor : tensors)
    if (!tensor.name.empty() && tensor.name == name)
      return &tensor;
  if (index < tensors.size() && tensors[index].name.empty())
    return &tensors[index];
  return nullptr;
}

std::optional<SetPlacement> placeSamples(std::span<const int64_t> given,
                                         std::span<const int64_t> own) {
  size_t samples = given.empty() ? 1 : static_cast<size_t>(given[0]);
  if (!own.empty() && own[0] == 1 && given.size() == own.size() &&
      std::ranges::equal(given.subspan(1), own.subspan(1)))
    return SetPlacement{SetAxis::Merged, samples};
  if (std::ranges::equal(given, own))
    return SetPlacement{SetAxis::None, 1};
  if (given.size() == own.size() + 1 && std::ranges::equal(given.subspan(1), own))
    return SetPlacement{SetAxis::Extra, samples};
  return std::nullopt;
}

std::string neededShape(std::span<const int64_t> own) {
  bool merged = !own.empty() && own[0] == 1;
  std::string text = "[N";
  for (int64_t size : own.subspan(merged ? 1 : 0))
    text += "," + std::to_string(size);
  return text + "]";
}

void convertToFloat(TensorData &tensor) {
  std::vector<std::byte> bytes(tensor.elements() * sizeof(float));
  auto *out = reinterpret_cast<float *>(bytes.data());
  for (size_t i = 0; i < tensor.elements(); ++i)
    out[i] = static_cast<float>(valueAt(tensor, i));
  tensor.bytes = std::move(bytes);
  tensor.type = ElementType::F32;
}

Result<double> top1Accuracy(const TensorData &scores, const TensorData &labels) {
  if (labels.type == ElementType::F32 || labels.type == ElementType::F64)
    return Error{"labels must be integers, the array has elements of type " +
                 std::string(toString(labels.type))};
  size_t samples = labels.elements();
  if (samples == 0 || scores.elements() % samples != 0 || scores.elements() == 0)
    return Error{"the labels have shape " + shapeString(labels.shape) + ", the output has shape " +
                 shapeString(scores.shape) + ": one label is needed for each inference"};
  size_t width = scores.elements() / samples, right = 0;
  for (size_t i = 0; i < samples; ++i) {
    if (valueAt(labels, i) < 0 || valueAt(labels, i) >= static_cast<double>(width))
      return Error{"label " + std::to_string(i) + " is " +
                   std::to_string(static_cast<int64_t>(valueAt(labels, i))) +
                   ", the model has classes 0 to " + std::to_string(width - 1)};
    right += static_cast<double>(argmax(scores, i * width, width)) == valueAt(labels, i);
  }
  return static_cast<double>(right) / static_cast<double>(samples);
}

} // namespace cimc
