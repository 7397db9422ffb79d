//===- Import.cpp - From an ONNX file to the entry level -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the model, looks at all its ops before it converts any, settles the shapes of the inputs,
// converts node by node in the model's order, and returns the results from one function `main`.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Frontend/ONNX/Import.h"

#include "ImportContext.h"
#include "Model.h"
#include "OpTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

#include "llvm/ADT/StringSet.h"

#include <set>

using namespace mlir;

namespace cimc {

using namespace frontend;

namespace {

/// Tensors beyond this size are refused: 2^33 elements are 32 GB of floats.
constexpr int64_t maxTensorElements = int64_t(1) << 33;

/// The import of one model.
class Importer {
public:
  Importer(llvm::StringRef path, const ImportOptions &options, MLIRContext *context)
      : path(path), options(options), builder(context),
        fileLoc(NameLoc::get(StringAttr::get(context, path))) {}

  OwningOpRef<ModuleOp> run();

private:
  LogicalResult checkOps(const Graph &graph);
  LogicalResult fixInputs();
  LogicalResult settleShapes();
  LogicalResult checkBatch();
  LogicalResult overrideShape(const std::string &name, const std::vector<int64_t> &shape);
  LogicalResult settleShape(ValueInfo &input);
  func::FuncOp makeFunction();
  LogicalResult convertGraph(ImportContext &context, const Graph &graph);
  LogicalResult convertNode(ImportContext &context, const NodeInfo &info);
  LogicalResult returnResults(ImportContext &context, func::FuncOp function);
  int64_t version(const NodeInfo &node) const;

  llvm::StringRef path;
  const ImportOptions &options;
  OpBuilder builder;
  Location fileLoc;
  Model model;
};

} // namespace

/// Microsoft's operators never had more than one version.
int64_t Importer::version(const NodeInfo &node) const {
  auto found = model.opsets.find(node.domain);
  return found != model.opsets.end() ? found->second : 1;
}

LogicalResult Importer::checkOps(const Graph &graph) {
  std::vector<const NodeInfo *> missing;
  for (const NodeInfo &node : graph.nodes)
    if (!findHandler(node.domain, node.op, version(node)))
      missing.push_back(&node);
  if (missing.empty())
    return success();
  InFlightDiagnostic diagnostic = emitError(fileLoc);
  diagnostic << "'" << path << "' uses " << missing.size()
             << (missing.size() == 1 ? " node" : " nodes") << " whose op is not supported: ";
  llvm::interleave(
      missing,
      [&](const NodeInfo *node) {
        diagnostic << node->op << (node->domain.empty() ? "" : " (" + node->domain + ")") << " '"
                   << node->label() << "'";
      },
      [&] { diagnostic << ", "; });
  return diagnostic;
}

LogicalResult Importer::overrideShape(const std::string &name, const std::vector<int64_t> &shape) {
  for (ValueInfo &input : model.inputs) {
    if (input.name != name)
      continue;
    if (!input.shape.empty() && input.shape.size() != shape.size())
      return emitError(fileLoc) << "--input-shape gives input '" << name << "' " << shape.size()
                                << " dimensions, it has " << input.shape.size();
    input.shape = shape;
    input.symbols.assign(shape.size(), "");
    return success();
  }
  InFlightDiagnostic diagnostic = emitError(fileLoc) << "--input-shape names input '" << name
                                                     << "', the model's inputs are ";
  llvm::interleave(
      model.inputs, [&](const ValueInfo &input) { diagnostic << "'" << input.name << "'"; },
      [&] { diagnostic << ", "; });
  return diagnostic;
}

/// "1x3x?x?" as a suggestion for `--input-shape`: open dimensions stay visible.
static std::string suggestShape(const Shape &shape) {
  std::string text;
  for (size_t d = 0; d < shape.size(); ++d)
    text += (d ? "x" : "") + (d == 0 ? "1" : shape[d] < 0 ? "?" : std::to_string(shape[d]));
  return text;
}

LogicalResult Importer::settleShape(ValueInfo &input) {
  if (!input.shape.empty() && input.shape[0] < 0)
    input.shape[0] = 1;
  int64_t count = 1;
  for (size_t d = 0; d < input.shape.size(); ++d) {
    int64_t dim = input.shape[d];
    if (dim < 0)
      return emitError(fileLoc) << "input '" << input.name << "' leaves dimension " << d
                                << (input.symbols[d].empty() ? "" : " ('" + input.symbols[d] + "')")
                                << " open, fix it with --input-shape " << input.name << "="
                                << suggestShape(input.shape);
    if (dim == 0 || count > maxTensorElements / dim)
      return emitError(fileLoc) << "input '" << input.name << "' has shape "
                                << printShape(input.shape) << ", must have 1 to "
                                << maxTensorElements << " elements";
    count *= dim;
  }
  return success();
}

/// The numbers in "16000" or "1,0.5,2", or nothing if the text is something else.
static std::optional<std::vector<double>> parseNumbers(llvm::StringRef text) {
  std::vector<double> numbers;
  SmallVector<llvm::StringRef> parts;
  text.split(parts, ',');
  for (llvm::StringRef part : parts) {
    double number;
    if (part.getAsDouble(number))
      return std::nullopt;
    numbers.push_back(number);
  }
  return numbers;
}

/// The constant that `text` gives for an input: numbers in its shape, one number for all of it, or
/// a file.
static Result<HostTensor> readValue(const ValueInfo &input, const std::string &text) {
  std::optional<std::vector<double>> numbers = parseNumbers(text);
  if (!numbers)
    return readTensorFile(text);
  Shape shape = input.shape;
  int64_t given = numbers->size();
  if (shape.size() == 1 && shape[0] < 0)
    shape[0] = given;
  bool open = llvm::any_of(shape, [](int64_t dim) { return dim < 0; });
  if (!open && given == elementCount(shape))
    return HostTensor::fromDoubles(input.kind, shape, *numbers);
  if (!open && given == 1)
    return HostTensor::splat(input.kind, shape, numbers->front());
  return Error{"the value of input '" + input.name + "' has " + std::to_string(given) +
               " numbers, its shape is " + printShape(shape)};
}

/// Turns the inputs that the user gives values for into initializers.
LogicalResult Importer::fixInputs() {
  for (const auto &[name, text] : options.inputValues) {
    auto input = llvm::find_if(model.inputs, [&](const ValueInfo &i) { return i.name == name; });
    if (input == model.inputs.end())
      return emitError(fileLoc) << "a value is given for input '" << name
                                << "', which the model does not have";
    Result<HostTensor> value = readValue(*input, text);
    if (!value)
      return emitError(fileLoc) << value.error().message;
    if (value->kind() != input->kind)
      return emitError(fileLoc) << "the value of input '" << name << "' has element type "
                                << elementName(value->kind()) << ", must be "
                                << elementName(input->kind);
    model.initializers.insert_or_assign(name, std::move(*value));
    model.inputs.erase(input);
  }
  return success();
}

/// Dimension 0 is the batch if no input has 1 there; beside a batch of 1 it may be anything, as in
/// the states of recurrent models.
LogicalResult Importer::checkBatch() {
  const ValueInfo *batched = nullptr;
  for (const ValueInfo &input : model.inputs) {
    if (input.shape.empty())
      continue;
    if (options.anyBatch || input.shape[0] == 1)
      return success();
    batched = batched ? batched : &input;
  }
  if (!batched)
    return success();
  return emitError(fileLoc) << "input '" << batched->name << "' has batch size "
                            << batched->shape[0] << ", must be 1; fix it with --input-shape "
                            << batched->name << "=" << suggestShape(batched->shape);
}

LogicalResult Importer::settleShapes() {
  for (const auto &[name, shape] : options.inputShapes)
    if (failed(overrideShape(name, shape)))
      return failure();
  for (ValueInfo &input : model.inputs)
    if (failed(settleShape(input)))
      return failure();
  return checkBatch();
}

func::FuncOp Importer::makeFunction() {
  SmallVector<Type> types;
  for (const ValueInfo &input : model.inputs)
    types.push_back(tensorType(builder.getContext(), input.kind, input.shape));
  auto function =
      func::FuncOp::create(builder, fileLoc, "main", builder.getFunctionType(types, {}));
  for (auto [index, input] : llvm::enumerate(model.inputs)) {
    function.setArgAttr(index, "cim.name", builder.getStringAttr(input.name));
    if (input.kind == ElementKind::U8)
      function.setArgAttr(index, "cim.signed_shift", builder.getUnitAttr());
  }
  return function;
}

/// Attributes that handlers read with a fixed type. A file may store anything under these names.
static const std::pair<const char *, AttributeValue::Type> knownAttributes[] = {
    {"axis", AttributeValue::Type::Int},
    {"batch_dims", AttributeValue::Type::Int},
    {"interleaved", AttributeValue::Type::Int},
    {"rotary_embedding_dim", AttributeValue::Type::Int},
    {"num_heads", AttributeValue::Type::Int},
    {"softcap", AttributeValue::Type::Float},
    {"scale", AttributeValue::Type::Float},
    {"qk_matmul_output_mode", AttributeValue::Type::Int},
    {"kv_num_heads", AttributeValue::Type::Int},
    {"q_num_heads", AttributeValue::Type::Int},
    {"is_causal", AttributeValue::Type::Int},
    {"equation", AttributeValue::Type::String},
    {"output_shape", AttributeValue::Type::Ints},
    {"output_padding", AttributeValue::Type::Ints},
    {"num_groups", AttributeValue::Type::Int},
    {"reduction", AttributeValue::Type::String},
    {"upper", AttributeValue::Type::Int},
    {"blocksize", AttributeValue::Type::Int},
    {"body", AttributeValue::Type::Graph},
    {"num_scan_inputs", AttributeValue::Type::Int},
    {"scan_input_axes", AttributeValue::Type::Ints},
    {"scan_input_directions", AttributeValue::Type::Ints},
    {"scan_output_axes", AttributeValue::Type::Ints},
    {"scan_output_directions", AttributeValue::Type::Ints},
    {"then_branch", AttributeValue::Type::Graph},
    {"else_branch", AttributeValue::Type::Graph},
    {"keep_aspect_ratio_policy", AttributeValue::Type::String},
    {"nearest_mode", AttributeValue::Type::String},
    {"coordinate_transformation_mode", AttributeValue::Type::String},
    {"scales", AttributeValue::Type::Floats},
    {"extrapolation_value", AttributeValue::Type::Float},
    {"cubic_coeff_a", AttributeValue::Type::Float},
    {"exclude_outside", AttributeValue::Type::Int},
    {"antialias", AttributeValue::Type::Int},
    {"group", AttributeValue::Type::Int},
    {"ceil_mode", AttributeValue::Type::Int},
    {"count_include_pad", AttributeValue::Type::Int},
    {"keepdims", AttributeValue::Type::Int},
    {"transA", AttributeValue::Type::Int},
    {"transB", AttributeValue::Type::Int},
    {"allowzero", AttributeValue::Type::Int},
    {"to", AttributeValue::Type::Int},
    {"alpha", AttributeValue::Type::Float},
    {"beta", AttributeValue::Type::Float},
    {"epsilon", AttributeValue::Type::Float},
    {"auto_pad", AttributeValue::Type::String},
    {"mode", AttributeValue::Type::String},
    {"kernel_shape", AttributeValue::Type::Ints},
    {"strides", AttributeValue::Type::Ints},
    {"dilations", AttributeValue::Type::Ints},
    {"pads", AttributeValue::Type::Ints},
    {"perm", AttributeValue::Type::Ints},
    {"axes", AttributeValue::Type::Ints},
    {"starts", AttributeValue::Type::Ints},
    {"ends", AttributeValue::Type::Ints},
    {"split", AttributeValue::Type::Ints},
    {"shape", AttributeValue::Type::Ints},
    {"min", AttributeValue::Type::Float},
    {"max", AttributeValue::Type::Float},
    {"value_int", AttributeValue::Type::Int},
    {"value_ints", AttributeValue::Type::Ints},
    {"value_float", AttributeValue::Type::Float},
    {"value_floats", AttributeValue::Type::Floats},
    {"training_mode", AttributeValue::Type::Int},
    {"spatial", AttributeValue::Type::Int},
    {"channels_last", AttributeValue::Type::Int},
    {"storage_order", AttributeValue::Type::Int},
    {"bias", AttributeValue::Type::Float},
    {"gamma", AttributeValue::Type::Float},
    {"size", AttributeValue::Type::Int},
    {"start", AttributeValue::Type::Int},
    {"end", AttributeValue::Type::Int},
    {"num_outputs", AttributeValue::Type::Int},
    {"activations", AttributeValue::Type::Strings},
    {"activation_alpha", AttributeValue::Type::Floats},
    {"activation_beta", AttributeValue::Type::Floats},
    {"clip", AttributeValue::Type::Float},
    {"direction", AttributeValue::Type::String},
    {"hidden_size", AttributeValue::Type::Int},
    {"input_forget", AttributeValue::Type::Int},
    {"layout", AttributeValue::Type::Int},
    {"linear_before_reset", AttributeValue::Type::Int},
    {"lambd", AttributeValue::Type::Float},
    {"fmod", AttributeValue::Type::Int},
    {"approximate", AttributeValue::Type::String},
    {"saturate", AttributeValue::Type::Int},
    {"round_mode", AttributeValue::Type::String},
    {"detect_positive", AttributeValue::Type::Int},
    {"detect_negative", AttributeValue::Type::Int},
    {"block_size", AttributeValue::Type::Int},
    {"output_dtype", AttributeValue::Type::Int},
    {"dtype", AttributeValue::Type::Int},
    {"output_datatype", AttributeValue::Type::Int},
    {"periodic", AttributeValue::Type::Int},
    {"k", AttributeValue::Type::Int},
    {"p", AttributeValue::Type::Int},
    {"largest", AttributeValue::Type::Int},
    {"sorted", AttributeValue::Type::Int},
    {"exclusive", AttributeValue::Type::Int},
    {"reverse", AttributeValue::Type::Int},
    {"select_last_index", AttributeValue::Type::Int},
    {"noop_with_empty_axes", AttributeValue::Type::Int}};

static LogicalResult checkAttributes(const Node &node) {
  for (const auto &[name, type] : knownAttributes) {
    const AttributeValue *value = node.attribute(name);
    if (value && value->type != type)
      return node.error() << "attribute '" << name
                          << "' has another type than the operator's definition says";
  }
  return success();
}

LogicalResult Importer::convertNode(ImportContext &context, const NodeInfo &info) {
  Node node(context, info);
  for (const std::string &input : info.inputs)
    if (!input.empty() && !context.lookup(input))
      return node.error()
             << "input '" << input
             << "' is no network input, no initializer and no supported output of an earlier node";
  if (failed(checkAttributes(node)))
    return failure();
  if (failed(findHandler(info.domain, info.op, version(info))(node)))
    return failure();
  for (const std::string &output : info.outputs) {
    // Optional outputs (a mask, indices) may stay undefined; it is an error to use them.
    TensorValue *value = output.empty() ? nullptr : context.lookup(output);
    if (!value)
      continue;
    int64_t count = 1;
    for (int64_t dim : value->shape) {
      if (dim != 0 && count > maxTensorElements / dim)
        return node.error() << "its result of shape " << printShape(value->shape)
                            << " has more than " << maxTensorElements << " elements";
      count *= dim;
    }
    if (count == 0 && !value->isConstant())
      return node.error() << "its result of shape " << printShape(value->shape) << " is empty";
  }
  return success();
}

/// Tensors share their data, so that defining them copies nothing.
LogicalResult Importer::convertGraph(ImportContext &context, const Graph &graph) {
  for (const auto &[name, tensor] : graph.initializers)
    context.define(name, TensorValue::ofConstant(tensor));
  // All nodes that cannot be converted are reported; those that only depend on them are not.
  bool ok = true;
  llvm::StringSet<> missing;
  for (const NodeInfo &node : graph.nodes) {
    bool depends = llvm::any_of(node.inputs,
                                [&](const std::string &input) { return missing.contains(input); });
    if (!depends && succeeded(convertNode(context, node)))
      continue;
    ok = false;
    for (const std::string &output : node.outputs)
      if (!output.empty())
        missing.insert(output);
  }
  return success(ok);
}

LogicalResult Importer::returnResults(ImportContext &context, func::FuncOp function) {
  SmallVector<Value> results;
  SmallVector<ElementKind> kinds;
  for (const ValueInfo &output : model.outputs) {
    TensorValue *value = context.lookup(output.name);
    if (!value)
      return emitError(fileLoc) << "output '" << output.name << "' is not defined by any node";
    Location loc = NameLoc::get(builder.getStringAttr(output.name));
    results.push_back(context.materialize(*value, loc, output.name));
    kinds.push_back(value->kind);
  }
  func::ReturnOp::create(builder, fileLoc, results);
  function.setFunctionType(
      builder.getFunctionType(function.getArgumentTypes(), TypeRange(ValueRange(results))));
  for (auto [index, output] : llvm::enumerate(model.outputs)) {
    function.setResultAttr(index, "cim.name", builder.getStringAttr(output.name));
    if (kinds[index] == ElementKind::U8)
      function.setResultAttr(index, "cim.signed_shift", builder.getUnitAttr());
  }
  return success();
}

OwningOpRef<ModuleOp> Importer::run() {
  Result<Model> read = readModel(path.str());
  if (!read) {
    emitError(fileLoc) << read.error().message;
    return {};
  }
  model = std::move(*read);
  if (failed(checkOps(model)) || failed(fixInputs()) || failed(settleShapes()))
    return {};
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, fileLoc);
  builder.setInsertionPointToStart(module->getBody());
  func::FuncOp function = makeFunction();
  Block *block = function.addEntryBlock();
  builder.setInsertionPointToStart(block);
  ImportContext context(builder, model.opsets[""]);
  for (auto [input, argument] : llvm::zip(model.inputs, block->getArguments())) {
    TensorValue value;
    value.kind = graphKind(input.kind);
    value.shape = input.shape;
    value.value = argument;
    context.define(input.name, std::move(value));
  }
  context.convertGraph = [&](const Graph &graph) {
    return failed(checkOps(graph)) ? failure() : convertGraph(context, graph);
  };
  if (failed(convertGraph(context, model)) || failed(returnResults(context, function)) ||
      failed(verify(*module)))
    return {};
  return module;
}

OwningOpRef<ModuleOp> importOnnx(llvm::StringRef path, const ImportOptions &options,
                                 MLIRContext *context) {
  context->loadDialect<func::FuncDialect, tosa::TosaDialect, linalg::LinalgDialect,
                       tensor::TensorDialect, arith::ArithDialect, math::MathDialect,
                       scf::SCFDialect>();
  return Importer(path, options, context).run();
}

bool parseInputValue(llvm::StringRef text, ImportOptions &options) {
  auto [name, value] = text.split('=');
  if (name.empty() || value.empty())
    return false;
  options.inputValues.emplace_back(name.str(), value.str());
  return true;
}

bool parseInputShape(llvm::StringRef text, ImportOptions &options) {
  // Names may hold '=', shapes cannot.
  auto [name, dims] = text.rsplit('=');
  std::vector<int64_t> shape;
  while (!dims.empty()) {
    auto [head, tail] = dims.split('x');
    int64_t dim;
    if (head.getAsInteger(10, dim) || dim < 1 || (tail.empty() && dims.ends_with("x")))
      return false;
    shape.push_back(dim);
    dims = tail;
  }
  if (name.empty() || shape.empty())
    return false;
  options.inputShapes.emplace_back(name.str(), std::move(shape));
  return true;
}

} // namespace cimc
