//===- InputSet.cpp - Arrays of a data set and the program's ports ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names, types and shapes are checked here, so that the executor gets what it asks for.
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

Result<SetPlacement> readInput(const PortFile &file, const Port &port, InputSet &set) {
  Result<TensorData> tensor = readNpy(file.path);
  if (!tensor)
    return tensor.error();
  if (Status status = matchType(*tensor, port, file.path, set.notes); !status)
    return status.error();
  std::optional<SetPlacement> placement = placeSamples(tensor->shape, port.shape);
  if (!placement)
    return Error{"input '" + port.name + "' needs shape " + neededShape(port.shape) +
                 " for N inferences, '" + file.path + "' has " + shapeString(tensor->shape)};
  if (placement->samples == 0)
    return Error{"input '" + port.name + "': '" + file.path + "' holds no samples"};
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
                                 const std::vector<Port> &ports, const std::string &option) {
  Result<std::vector<PortFile>> files = assignPorts(arguments, ports, "input");
  if (!files)
    return files.error();
  for (size_t i = 0; i < ports.size(); ++i)
    if (std::ranges::find(*files, i, &PortFile::port) == files->end())
      return Error{"input '" + ports[i].name + "' is missing: give --" + option + " " +
                   ports[i].name + "=FILE.npy with shape " + neededShape(ports[i].shape) + " of " +
                   std::string(toString(ports[i].type))};
  InputSet set;
  set.tensors.resize(ports.size());
  for (const PortFile &file : *files) {
    Result<SetPlacement> placement = readInput(file, ports[file.port], set);
    if (!placement)
      return placement.error();
    if (&file != &files->front() && placement->samples != set.inferences)
      return Error{"'" + file.path + "' holds " + std::to_string(placement->samples) +
                   " inferences, '" + files->front().path + "' holds " +
                   std::to_string(set.inferences)};
    set.inferences = placement->samples;
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
