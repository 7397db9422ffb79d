//===- InputSet.cpp - Arrays of a data set and the program's ports ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types are handled by one visitor that turns an ElementType into a C++ type.
//
//===--------------------------------------------------------------------------===//

#include "InputSet.h"

#include "cimc/Support/Npy.h"

#include <algorithm>
#include <optional>

using namespace cimc;
using namespace cimc::run;
using executor::Port;

namespace {
/// Calls `visit` with the elements as a span of their C++ type.
template <typename Visit> auto visitElements(const TensorData &tensor, Visit visit) {
  switch (tensor.type) {
  case ElementType::Bool:
  case ElementType::U8:
    return visit(tensor.as<uint8_t>());
  case ElementType::I8:
    return visit(tensor.as<int8_t>());
  case ElementType::I16:
    return visit(tensor.as<int16_t>());
  case ElementType::I32:
    return visit(tensor.as<int32_t>());
  case ElementType::I64:
    return visit(tensor.as<int64_t>());
  case ElementType::F32:
    return visit(tensor.as<float>());
  default:
    return visit(tensor.as<double>());
  }
}

void convertToFloat(TensorData &tensor) {
  std::vector<std::byte> bytes(tensor.elements() * sizeof(float));
  auto *out = reinterpret_cast<float *>(bytes.data());
  visitElements(tensor, [&](auto elements) {
    std::transform(elements.begin(), elements.end(), out,
                   [](auto value) { return static_cast<float>(value); });
  });
  tensor.bytes = std::move(bytes);
  tensor.type = ElementType::F32;
}

/// What the user may give for `port`: "[N,1,28,28]".
std::string neededShape(const Port &port) {
  bool merged = !port.shape.empty() && port.shape[0] == 1;
  std::string text = "[N";
  for (size_t i = merged ? 1 : 0; i < port.shape.size(); ++i)
    text += "," + std::to_string(port.shape[i]);
  return text + "]";
}

struct Placement {
  SetAxis axis;
  size_t inferences;
};

std::optional<Placement> placeShape(std::span<const int64_t> given, std::span<const int64_t> own) {
  auto inferences = given.empty() ? 1 : static_cast<size_t>(given[0]);
  if (!own.empty() && own[0] == 1 && given.size() == own.size() &&
      std::ranges::equal(given.subspan(1), own.subspan(1)))
    return Placement{SetAxis::Merged, inferences};
  if (std::ranges::equal(given, own))
    return Placement{SetAxis::None, 1};
  if (given.size() == own.size() + 1 && std::ranges::equal(given.subspan(1), own))
    return Placement{SetAxis::Extra, inferences};
  return std::nullopt;
}

/// Brings `tensor` to the port's type. Says so in `notes`.
Status matchType(TensorData &tensor, const Port &port, const std::string &path,
                 std::vector<std::string> &notes) {
  if (tensor.type == port.type)
    return Status::success();
  std::string given(toString(tensor.type)), needed(toString(port.type));
  if (port.type != ElementType::F32)
    return Error{"input '" + port.name + "' needs elements of type " + needed + ", '" + path +
                 "' has " + given};
  convertToFloat(tensor);
  notes.push_back("input '" + port.name + "': " + given + " of '" + path + "' converted to " +
                  needed);
  return Status::success();
}

Result<Placement> readInput(const PortFile &file, const Port &port, InputSet &set) {
  Result<TensorData> tensor = readNpy(file.path);
  if (!tensor)
    return tensor.error();
  if (Status status = matchType(*tensor, port, file.path, set.notes); !status)
    return status.error();
  std::optional<Placement> placement = placeShape(tensor->shape, port.shape);
  if (!placement)
    return Error{"input '" + port.name + "' needs shape " + neededShape(port) +
                 " for N inferences, '" + file.path + "' has " + shapeString(tensor->shape)};
  tensor->name = port.name;
  set.tensors[file.port] = std::move(*tensor);
  return *placement;
}
} // namespace

Result<std::vector<PortFile>> run::assignPorts(const std::vector<std::string> &arguments,
                                               const std::vector<Port> &ports,
                                               const std::string &kind) {
  std::vector<PortFile> files;
  std::vector<bool> taken(ports.size());
  std::vector<std::string> unnamed;
  for (const std::string &argument : arguments) {
    size_t equals = argument.find('=');
    auto port = std::ranges::find(ports, argument.substr(0, equals), &Port::name);
    if (equals == std::string::npos || port == ports.end()) {
      unnamed.push_back(argument);
      continue;
    }
    auto index = static_cast<size_t>(port - ports.begin());
    if (taken[index])
      return Error{kind + " '" + port->name + "' is given twice"};
    taken[index] = true;
    files.push_back({index, argument.substr(equals + 1)});
  }
  for (const std::string &path : unnamed) {
    auto free = std::ranges::find(taken, false);
    if (free == taken.end())
      return Error{"the program has " + std::to_string(ports.size()) + " " + kind +
                   (ports.size() == 1 ? "" : "s") + ", '" + path + "' is one too many"};
    *free = true;
    files.push_back({static_cast<size_t>(free - taken.begin()), path});
  }
  return files;
}

Result<InputSet> run::readInputs(const std::vector<std::string> &arguments,
                                 const std::vector<Port> &ports) {
  Result<std::vector<PortFile>> files = assignPorts(arguments, ports, "input");
  if (!files)
    return files.error();
  for (size_t i = 0; i < ports.size(); ++i)
    if (std::ranges::find(*files, i, &PortFile::port) == files->end())
      return Error{"input '" + ports[i].name + "' is missing: give --input " + ports[i].name +
                   "=FILE.npy with shape " + neededShape(ports[i]) + " of " +
                   std::string(toString(ports[i].type))};
  InputSet set;
  set.tensors.resize(ports.size());
  for (const PortFile &file : *files) {
    Result<Placement> placement = readInput(file, ports[file.port], set);
    if (!placement)
      return placement.error();
    if (&file != &files->front() && placement->inferences != set.inferences)
      return Error{"'" + file.path + "' holds " + std::to_string(placement->inferences) +
                   " inferences, '" + files->front().path + "' holds " +
                   std::to_string(set.inferences)};
    set.inferences = placement->inferences;
    set.axis = placement->axis;
  }
  return set;
}

void run::shapeOutput(TensorData &output, const Port &port, SetAxis axis) {
  bool leadingOne = !port.shape.empty() && port.shape[0] == 1;
  if (axis == SetAxis::None)
    output.shape = port.shape;
  else if (axis == SetAxis::Merged && leadingOne)
    output.shape.erase(output.shape.begin() + 1);
}
