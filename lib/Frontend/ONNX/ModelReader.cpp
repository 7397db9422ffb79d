//===- ModelReader.cpp - Protobuf to Model ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The only file that sees protobuf and libonnx. It trusts nothing: sizes are multiplied with
// overflow checks, data must have exactly the bytes that the shape asks for, and files of external
// data must hold the range that the model names. Raw data move out of the protobuf message without
// a copy.
//
//===--------------------------------------------------------------------------===//

#include "Model.h"

#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <climits>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

namespace cimc::frontend {

namespace {

using ::onnx::TensorProto;

/// Elements of one tensor at most: a bound that no real model meets, far below any overflow.
constexpr int64_t maxElements = int64_t(1) << 36;

std::string quote(const std::string &name) { return "'" + name + "'"; }

Result<ElementKind> elementKind(int type, const std::string &what) {
  if (std::optional<ElementKind> kind = kindOfOnnxType(type))
    return *kind;
  std::string name =
      ::onnx::TensorProto_DataType_IsValid(type)
          ? ::onnx::TensorProto_DataType_Name(static_cast<::onnx::TensorProto_DataType>(type))
          : "number " + std::to_string(type);
  return Error{what + " has element type " + name + ", supported are all numbers and bool"};
}

Result<Shape> checkedShape(const TensorProto &tensor, const std::string &what) {
  Shape shape;
  int64_t count = 1;
  for (int64_t dim : tensor.dims()) {
    if (dim < 0)
      return Error{what + " has negative dimension " + std::to_string(dim)};
    if (dim != 0 && count > maxElements / dim)
      return Error{what + " has more than " + std::to_string(maxElements) + " elements"};
    count *= dim;
    shape.push_back(dim);
  }
  return shape;
}

/// Reads one entry of external_data that holds a number; false if it is none.
bool parseNumber(const std::string &text, uint64_t &value) {
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos)
    return false;
  value = std::stoull(text);
  return true;
}

/// The bytes of a tensor kept outside the model file.
Result<std::string> readExternal(const TensorProto &tensor, const std::string &what,
                                 const std::filesystem::path &folder, size_t expected) {
  std::string location;
  uint64_t offset = 0, length = expected;
  for (const auto &entry : tensor.external_data()) {
    if (entry.key() == "location")
      location = entry.value();
    else if (entry.key() == "offset" && !parseNumber(entry.value(), offset))
      return Error{what + " has external data offset " + quote(entry.value()) +
                   ", which is not a byte count"};
    else if (entry.key() == "length" && !parseNumber(entry.value(), length))
      return Error{what + " has external data length " + quote(entry.value()) +
                   ", which is not a byte count"};
  }
  std::filesystem::path relative(location);
  if (location.empty() || relative.is_absolute() || location.find("..") != std::string::npos)
    return Error{what + " has external data in " + quote(location) +
                 ", which must be a path inside the model's folder"};
  if (length != expected)
    return Error{what + " needs " + std::to_string(expected) +
                 " bytes of external data, the model names " + std::to_string(length)};
  std::string file = (folder / relative).string();
  std::error_code code;
  if (!std::filesystem::is_regular_file(file, code))
    return Error{what + " has its data in " + quote(file) + ", which does not exist"};
  uint64_t size = std::filesystem::file_size(file, code);
  if (code || offset > size || length > size - offset)
    return Error{what + " needs bytes " + std::to_string(offset) + " to " +
                 std::to_string(offset + length) + " of " + quote(file) + ", which has " +
                 std::to_string(size)};
  std::string data(length, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset));
  if (!stream.read(data.data(), static_cast<std::streamsize>(length)))
    return Error{"cannot read " + quote(file)};
  return data;
}

/// Copies one of protobuf's typed fields; the field's type is wider than T for small integers.
template <typename T, typename Field> std::string packField(const Field &field) {
  std::string data;
  data.reserve(field.size() * sizeof(T));
  for (auto value : field) {
    T narrow = static_cast<T>(value);
    data.append(reinterpret_cast<const char *>(&narrow), sizeof(T));
  }
  return data;
}

/// The elements of a typed field as raw data would hold them.
std::string packTyped(const TensorProto &tensor, ElementKind kind) {
  switch (kind) {
  case ElementKind::F32:
    return packField<float>(tensor.float_data());
  case ElementKind::F64:
    return packField<double>(tensor.double_data());
  case ElementKind::I64:
    return packField<int64_t>(tensor.int64_data());
  case ElementKind::U64:
    return packField<uint64_t>(tensor.uint64_data());
  case ElementKind::U32:
    return packField<uint32_t>(tensor.uint64_data());
  case ElementKind::I32:
    return packField<int32_t>(tensor.int32_data());
  default:
    return fileBits(kind) == 16 ? packField<uint16_t>(tensor.int32_data())
                                : packField<uint8_t>(tensor.int32_data());
  }
}

/// True if elements look otherwise on the host than in a file.
bool needsUnpacking(ElementKind kind) {
  return fileBits(kind) < 8 || kind == ElementKind::F8E8M0 || shortFloat(kind);
}

/// Turns short floats into floats and small integers into bytes.
HostTensor unpack(ElementKind kind, const Shape &shape, const std::string &data) {
  unsigned bits = fileBits(kind);
  std::string out;
  for (int64_t i = 0, end = elementCount(shape); i < end; ++i) {
    uint64_t at = static_cast<uint64_t>(i) * bits;
    uint32_t code = 0;
    std::memcpy(&code, data.data() + at / 8, bits > 8 ? 2 : 1);
    code = (code >> (at % 8)) & ((1u << bits) - 1);
    if (isFloat(kind)) {
      float value = decodeShortFloat(kind, code);
      out.append(reinterpret_cast<const char *>(&value), sizeof(value));
    } else {
      out.push_back(static_cast<char>(wrapToKind(kind, code)));
    }
  }
  return HostTensor::fromBytes(kind, shape, std::move(out));
}

/// Booleans in files may be any byte; inside they are 0 and 1.
void normaliseBooleans(std::string &data) {
  for (char &byte : data)
    byte = byte != 0;
}

Result<HostTensor> convertTensor(TensorProto &tensor, const std::string &what,
                                 const std::filesystem::path &folder) {
  Result<ElementKind> kind = elementKind(tensor.data_type(), what);
  if (!kind)
    return kind.error();
  Result<Shape> shape = checkedShape(tensor, what);
  if (!shape)
    return shape.error();
  size_t expected = (static_cast<size_t>(elementCount(*shape)) * fileBits(*kind) + 7) / 8;
  std::string data;
  if (tensor.has_segment())
    return Error{what + " is stored in segments, which is not supported"};
  if (tensor.data_location() == TensorProto::EXTERNAL) {
    Result<std::string> external = readExternal(tensor, what, folder, expected);
    if (!external)
      return external.error();
    data = std::move(*external);
  } else if (tensor.has_raw_data()) {
    data = std::move(*tensor.mutable_raw_data());
  } else {
    data = packTyped(tensor, *kind);
  }
  if (data.size() != expected)
    return Error{what + " of shape " + printShape(*shape) + " needs " + std::to_string(expected) +
                 " bytes of data, it has " + std::to_string(data.size())};
  if (*kind == ElementKind::Bool)
    normaliseBooleans(data);
  if (needsUnpacking(*kind))
    return unpack(*kind, *shape, data);
  return HostTensor::fromBytes(*kind, std::move(*shape), std::move(data));
}

/// A weight that is not a number would spoil every result silently.
Status checkFinite(const HostTensor &tensor, const std::string &what) {
  if (!isFloat(tensor.kind()) || tensor.kind() == ElementKind::F64)
    return Status::success();
  const char *data = tensor.data();
  for (int64_t i = 0, end = tensor.count(); i < end; ++i) {
    float value;
    std::memcpy(&value, data + i * sizeof(float), sizeof(float));
    if (!std::isfinite(value))
      return Error{what + " holds " + (std::isnan(value) ? "NaN" : "an infinite value") +
                   " at element " + std::to_string(i) + ", weights must be finite"};
  }
  return Status::success();
}

Status fillGraph(::onnx::GraphProto &proto, const std::filesystem::path &folder, bool nested,
                 Graph &graph);

Result<AttributeValue> convertAttribute(::onnx::AttributeProto &proto, const NodeInfo &node,
                                        const std::filesystem::path &folder) {
  AttributeValue value;
  using Type = AttributeValue::Type;
  switch (proto.type()) {
  case ::onnx::AttributeProto::FLOAT:
    value.type = Type::Float;
    value.real = proto.f();
    break;
  case ::onnx::AttributeProto::INT:
    value.type = Type::Int;
    value.integer = proto.i();
    break;
  case ::onnx::AttributeProto::STRING:
    value.type = Type::String;
    value.text = proto.s();
    break;
  case ::onnx::AttributeProto::FLOATS:
    value.type = Type::Floats;
    value.reals.assign(proto.floats().begin(), proto.floats().end());
    break;
  case ::onnx::AttributeProto::INTS:
    value.type = Type::Ints;
    value.integers.assign(proto.ints().begin(), proto.ints().end());
    break;
  case ::onnx::AttributeProto::STRINGS:
    value.type = Type::Strings;
    value.texts.assign(proto.strings().begin(), proto.strings().end());
    break;
  case ::onnx::AttributeProto::TENSOR: {
    value.type = Type::Tensor;
    Result<HostTensor> tensor = convertTensor(
        *proto.mutable_t(), "attribute " + quote(proto.name()) + " of node " + quote(node.label()),
        folder);
    if (!tensor)
      return tensor.error();
    value.tensor = std::move(*tensor);
    break;
  }
  case ::onnx::AttributeProto::GRAPH: {
    value.type = Type::Graph;
    auto graph = std::make_shared<Graph>();
    if (Status filled = fillGraph(*proto.mutable_g(), folder, /*nested=*/true, *graph); !filled)
      return filled.error();
    value.graph = std::move(graph);
    break;
  }
  default:
    break; // sparse tensors and types: no op that takes them is supported
  }
  return value;
}

Result<NodeInfo> convertNode(::onnx::NodeProto &proto, const std::filesystem::path &folder) {
  NodeInfo node;
  node.name = proto.name();
  node.op = proto.op_type();
  node.domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  for (auto &attribute : *proto.mutable_attribute()) {
    Result<AttributeValue> value = convertAttribute(attribute, node, folder);
    if (!value)
      return value.error();
    node.attributes[attribute.name()] = std::move(*value);
  }
  return node;
}

Result<ValueInfo> convertValueInfo(const ::onnx::ValueInfoProto &proto, const char *role,
                                   bool needsShape) {
  ValueInfo info;
  info.name = proto.name();
  std::string what = std::string(role) + " " + quote(info.name);
  if (!proto.type().has_tensor_type()) {
    if (needsShape)
      return Error{what + " is not a tensor"};
    return info;
  }
  const auto &type = proto.type().tensor_type();
  if (needsShape) {
    Result<ElementKind> kind = elementKind(type.elem_type(), what);
    if (!kind)
      return kind.error();
    info.kind = *kind;
  }
  for (const auto &dim : type.shape().dim()) {
    if (dim.has_dim_value() && dim.dim_value() < 0 && needsShape)
      return Error{what + " has negative dimension " + std::to_string(dim.dim_value())};
    bool open = !dim.has_dim_value() || dim.dim_value() <= 0;
    info.shape.push_back(open ? -1 : dim.dim_value());
    info.symbols.push_back(dim.dim_param());
  }
  return info;
}

/// Names the node that may come from anywhere, also from an optional input that is left out.
Status checkVersions(const ::onnx::ModelProto &proto, const std::string &path, Model &model) {
  if (!proto.has_graph() || proto.ir_version() <= 0)
    return Error{quote(path) + " is not an ONNX model: it has no graph"};
  for (const auto &opset : proto.opset_import())
    model.opsets[opset.domain() == "ai.onnx" ? "" : opset.domain()] = opset.version();
  auto standard = model.opsets.find("");
  if (standard == model.opsets.end())
    return Error{quote(path) + " does not say which version of the ONNX operators it uses"};
  if (standard->second < 7 || standard->second > 1000)
    return Error{quote(path) + " uses version " + std::to_string(standard->second) +
                 " of the ONNX operators, supported are 7 and later"};
  return Status::success();
}

/// libonnx checks what it knows; models from later versions are checked by the converters alone.
Status runChecker(::onnx::ModelProto &proto, const std::string &path,
                  const std::filesystem::path &folder, int64_t opset) {
  const auto &ranges = ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map();
  auto range = ranges.find("");
  if (range == ranges.end() || opset > range->second.second ||
      proto.ir_version() > ::onnx::IR_VERSION)
    return Status::success();
  for (const auto &tensor : proto.graph().initializer())
    if (tensor.data_location() == TensorProto::EXTERNAL)
      return Status::success(); // the checker looks for the files in the current folder
  // Outputs without a shape are wide-spread; the checker's demand for one serves nobody here.
  for (auto &output : *proto.mutable_graph()->mutable_output())
    if (output.type().has_tensor_type())
      output.mutable_type()->mutable_tensor_type()->mutable_shape();
  try {
    ::onnx::checker::check_model(proto);
  } catch (const std::exception &failure) {
    std::string text = failure.what();
    size_t end = text.find('\n');
    return Error{quote(path) + " is not a valid ONNX model: " + text.substr(0, end)};
  }
  return Status::success();
}

Status fillGraph(::onnx::GraphProto &proto, const std::filesystem::path &folder, bool nested,
                 Graph &graph) {
  if (proto.sparse_initializer_size() != 0)
    return Error{"sparse initializers are not supported"};
  for (auto &tensor : *proto.mutable_initializer()) {
    std::string what = "initializer " + quote(tensor.name());
    Result<HostTensor> value = convertTensor(tensor, what, folder);
    if (!value)
      return value.error();
    if (Status finite = checkFinite(*value, what); !finite)
      return finite;
    graph.initializers.insert_or_assign(tensor.name(), std::move(*value));
  }
  for (const auto &input : proto.input()) {
    if (graph.initializers.count(input.name()))
      continue; // up to IR version 3 initializers are listed as inputs too
    Result<ValueInfo> info = convertValueInfo(input, "input", !nested);
    if (!info)
      return info.error();
    graph.inputs.push_back(std::move(*info));
  }
  for (const auto &output : proto.output()) {
    Result<ValueInfo> info = convertValueInfo(output, "output", false);
    if (!info)
      return info.error();
    graph.outputs.push_back(std::move(*info));
  }
  for (auto &node : *proto.mutable_node()) {
    Result<NodeInfo> info = convertNode(node, folder);
    if (!info)
      return info.error();
    graph.nodes.push_back(std::move(*info));
  }
  return Status::success();
}

Result<std::string> readFile(const std::string &path) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code))
    return Error{"cannot open " + quote(path) + ": " +
                 (std::filesystem::exists(path, code) ? "it is not a file" : "no such file")};
  uint64_t size = std::filesystem::file_size(path, code);
  if (code || size > INT_MAX)
    return Error{
        quote(path) +
        " has more than 2 GB, which protobuf cannot hold; keep the weights in external data"};
  std::string data(size, '\0');
  std::ifstream stream(path, std::ios::binary);
  if (!stream.read(data.data(), static_cast<std::streamsize>(size)))
    return Error{"cannot read " + quote(path)};
  return data;
}

/// Parses a whole file as one message, `what` in the error.
Status parseFile(const std::string &path, const char *what, google::protobuf::Message &message) {
  // Protobuf would print its own opinion of a broken file beside ours.
  google::protobuf::LogSilencer silence;
  Result<std::string> bytes = readFile(path);
  if (!bytes)
    return bytes.error();
  google::protobuf::io::ArrayInputStream stream(bytes->data(), static_cast<int>(bytes->size()));
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(INT_MAX);
  if (!message.ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage())
    return Error{quote(path) + " is not " + what + ", or it is cut off"};
  return Status::success();
}

Result<Model> readModelOrThrow(const std::string &path) {
  ::onnx::ModelProto proto;
  if (Status parsed = parseFile(path, "an ONNX model", proto); !parsed)
    return parsed.error();
  Model model;
  if (Status versions = checkVersions(proto, path, model); !versions)
    return versions.error();
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (Status valid = runChecker(proto, path, folder, model.opsets[""]); !valid)
    return valid.error();
  if (Status filled = fillGraph(*proto.mutable_graph(), folder, /*nested=*/false, model); !filled)
    return filled.error();
  return model;
}

} // namespace

Result<HostTensor> readTensorFile(const std::string &path) {
  try {
    TensorProto proto;
    if (Status parsed = parseFile(path, "an ONNX tensor", proto); !parsed)
      return parsed.error();
    if (proto.data_location() == TensorProto::EXTERNAL)
      return Error{quote(path) + " has external data, which is not supported for a single tensor"};
    return convertTensor(proto, "tensor in " + quote(path), {});
  } catch (const std::exception &failure) {
    return Error{"cannot read " + quote(path) + ": " + failure.what()};
  }
}

Result<Model> readModel(const std::string &path) {
  try {
    return readModelOrThrow(path);
  } catch (const std::exception &failure) {
    return Error{"cannot read " + quote(path) + ": " + failure.what()};
  }
}

} // namespace cimc::frontend
