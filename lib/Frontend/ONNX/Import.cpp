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
static LogicalResult checkAttributes(const Node &node) {
  using Type = AttributeValue::Type;
  static const std::pair<const char *, Type> known[] = {
      {"axis", Type::Int},
      {"batch_dims", Type::Int},
      {"interleaved", Type::Int},
      {"rotary_embedding_dim", Type::Int},
      {"num_heads", Type::Int},
      {"softcap", Type::Float},
      {"scale", Type::Float},
      {"qk_matmul_output_mode", Type::Int},
      {"kv_num_heads", Type::Int},
      {"q_num_heads", Type::Int},
      {"is_causal", Type::Int},
      {"equation", Type::String},
      {"output_shape", Type::Ints},
      {"output_padding", Type::Ints},
      {"num_groups", Type::Int},
      {"reduction", Type::String},
      {"upper", Type::Int},
      {"blocksize", Type::Int},
      {"then_branch", Type::Graph},
      {"else_branch", Type::Graph},
      {"keep_aspect_ratio_policy", Type::String},
      {"nearest_mode", Type::String},
      {"coordinate_transformation_mode", Type::String},
      {"scales", Type::Floats},
      {"extrapolation_value", Type::Float},
      {"cubic_coeff_a", Type::Float},
      {"exclude_outside", Type::Int},
      {"antialias", Type::Int},
      {"group", Type::Int},
      {"ceil_mode", Type::Int},
      {"count_include_pad", Type::Int},
      {"keepdims", Type::Int},
      {"transA", Type::Int},
      {"transB", Type::Int},
      {"allowzero", Type::Int},
      {"to", Type::Int},
      {"alpha", Type::Float},
      {"beta", Type::Float},
      {"epsilon", Type::Float},
      {"auto_pad", Type::String},
      {"mode", Type::String},
      {"kernel_shape", Type::Ints},
      {"strides", Type::Ints},
      {"dilations", Type::Ints},
      {"pads", Type::Ints},
      {"perm", Type::Ints},
      {"axes", Type::Ints},
      {"starts", Type::Ints},
      {"ends", Type::Ints},
      {"split", Type::Ints},
      {"shape", Type::Ints},
      {"min", Type::Float},
      {"max", Type::Float},
      {"value_int", Type::Int},
      {"value_ints", Type::Ints},
      {"value_float", Type::Float},
      {"value_floats", Type::Floats},
      {"training_mode", Type::Int},
      {"spatial", Type::Int},
      {"channels_last", Type::Int},
      {"storage_order", Type::Int},
      {"bias", Type::Float},
      {"gamma", Type::Float},
      {"size", Type::Int},
      {"start", Type::Int},
      {"end", Type::Int},
      {"num_outputs", Type::Int},
      {"activations", Type::Strings},
      {"activation_alpha", Type::Floats},
      {"activation_beta", Type::Floats},
      {"clip", Type::Float},
      {"direction", Type::String},
      {"hidden_size", Type::Int},
      {"input_forget", Type::Int},
      {"layout", Type::Int},
      {"linear_before_reset", Type::Int},
      {"lambd", Type::Float},
      {"fmod", Type::Int},
      {"approximate", Type::String},
      {"saturate", Type::Int},
      {"round_mode", Type::String},
      {"detect_positive", Type::Int},
      {"detect_negative", Type::Int},
      {"block_size", Type::Int},
      {"output_dtype", Type::Int},
      {"dtype", Type::Int},
      {"output_datatype", Type::Int},
      {"periodic", Type::Int},
      {"k", Type::Int},
      {"p", Type::Int},
      {"largest", Type::Int},
      {"sorted", Type::Int},
      {"exclusive", Type::Int},
      {"reverse", Type::Int},
      {"select_last_index", Type::Int},
      {"noop_with_empty_axes", Type::Int}};
  for (const auto &[name, type] : known) {
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
