//===- Model.h - A parsed ONNX model without protobuf ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the converters see of a model. ModelReader.cpp fills it; no other file needs protobuf's
// headers, which are slow to compile and throw exceptions.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_MODEL_H
#define CIMC_LIB_FRONTEND_ONNX_MODEL_H

#include "HostTensor.h"
#include "cimc/Support/Result.h"
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cimc::frontend {

struct Graph;

/// The value of a node's attribute; exactly one member is meaningful, by `type`.
struct AttributeValue {
  enum class Type { Float, Int, String, Tensor, Floats, Ints, Strings, Graph, Other };
  Type type = Type::Other;
  float real = 0;
  int64_t integer = 0;
  std::string text;
  std::optional<HostTensor> tensor;
  std::vector<float> reals;
  std::vector<int64_t> integers;
  std::vector<std::string> texts;
  std::shared_ptr<const frontend::Graph> graph;
};

/// One node of the graph.
struct NodeInfo {
  std::string name, op, domain;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, AttributeValue, std::less<>> attributes;

  /// The node's name, or the name of its first output where it has none.
  const std::string &label() const {
    for (const std::string &output : outputs)
      if (name.empty() && !output.empty())
        return output;
    return name;
  }
};

/// A network input or output. A dimension that the model leaves open is -1, with its symbol if it
/// has one.
struct ValueInfo {
  std::string name;
  ElementKind kind = ElementKind::F32;
  Shape shape;
  std::vector<std::string> symbols;
};

/// Nodes in an order in which they can be computed. In a graph inside of a node, types and shapes
/// of inputs and outputs may be missing; its nodes also see the names around it.
struct Graph {
  std::vector<NodeInfo> nodes;
  std::map<std::string, HostTensor, std::less<>> initializers;
  std::vector<ValueInfo> inputs, outputs;
};

struct Model : Graph {
  std::map<std::string, int64_t, std::less<>> opsets; // the default domain is ""
};

/// Parses the file. Runs libonnx's checker where the model's versions are known to it. External
/// data are read relative to the model's folder.
Result<Model> readModel(const std::string &path);

/// Reads a file that holds one tensor (ONNX's TensorProto). External data are refused.
Result<HostTensor> readTensorFile(const std::string &path);

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_MODEL_H
