//===- NodeTest.cpp - One of ONNX's node tests -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tests feed everything as a network input, also axes and shapes that models have as
// constants. The import is tried with all inputs as data first; then the integers behind the first
// input become constants, then everything behind it, and at last all inputs.
//
//===--------------------------------------------------------------------------===//

#include "NodeTest.h"

#include "../Jit/Jit.h"
#include "Frontend/ONNX/Model.h"

#include "cimc/Frontend/ONNX/Import.h"
#include "cimc/Reference/Evaluator.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include "llvm/ADT/StringExtras.h"

#include <set>

using namespace mlir;

namespace cimc::test {

using frontend::HostTensor, frontend::Model;

namespace {

/// The inputs that are made constants in one attempt at the import.
using Known = std::vector<std::string>;

/// Collects errors; the first one tells the story.
class Errors {
public:
  explicit Errors(MLIRContext &context)
      : handler(&context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error && text.empty())
            text = diagnostic.str();
          return success();
        }) {}

  std::string take() { return std::exchange(text, {}); }

private:
  std::string text;
  ScopedDiagnosticHandler handler;
};

class NodeTest {
public:
  NodeTest(const std::string &folder, const DialectRegistry &registry)
      : folder(folder), context(registry, MLIRContext::Threading::DISABLED), errors(context) {}

  std::string run();

private:
  std::string dataFile(const char *role, size_t index) const {
    return folder + "/test_data_set_0/" + role + "_" + std::to_string(index) + ".pb";
  }
  std::string operators() const;
  std::string outcome();
  std::optional<std::string> readData();
  std::vector<Known> attempts() const;
  bool import(const Known &known);
  std::string checkContract();
  std::string evaluate();
  std::string compile();
  std::vector<std::string> feeds() const;
  std::string compareAll(const std::vector<std::string> &results) const;

  std::string folder;
  MLIRContext context;
  Errors errors;
  Model model;
  std::vector<HostTensor> inputs, outputs;
  OwningOpRef<ModuleOp> module;
  std::vector<size_t> fed; ///< the model's inputs that are arguments
  std::vector<Port> ports; ///< the results
  std::vector<Port> arguments;
};

} // namespace

/// Reads all tensors; returns what is wrong.
std::optional<std::string> NodeTest::readData() {
  for (size_t i = 0; i < model.inputs.size(); ++i) {
    Result<HostTensor> tensor = frontend::readTensorFile(dataFile("input", i));
    if (!tensor)
      return tensor.error().message;
    inputs.push_back(std::move(*tensor));
  }
  for (size_t i = 0; i < model.outputs.size(); ++i) {
    Result<HostTensor> tensor = frontend::readTensorFile(dataFile("output", i));
    if (!tensor)
      return tensor.error().message;
    outputs.push_back(std::move(*tensor));
  }
  return std::nullopt;
}

std::vector<Known> NodeTest::attempts() const {
  Known integers, others, all;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string &name = model.inputs[i].name;
    all.push_back(name);
    if (i == 0)
      continue;
    others.push_back(name);
    if (!isFloat(inputs[i].kind()))
      integers.push_back(name);
  }
  return {{}, integers, others, all};
}

bool NodeTest::import(const Known &known) {
  ImportOptions options;
  options.anyBatch = true;
  fed.clear();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string &name = model.inputs[i].name;
    if (llvm::is_contained(known, name)) {
      options.inputValues.emplace_back(name, dataFile("input", i));
      continue;
    }
    fed.push_back(i);
    options.inputShapes.emplace_back(name, inputs[i].shape());
  }
  module = importOnnx(folder + "/model.onnx", options, &context);
  return static_cast<bool>(module);
}

std::string NodeTest::checkContract() {
  PassManager manager(&context, ModuleOp::getOperationName());
  if (failed(parsePassPipeline("cim-check-input-contract{any-batch=true}", manager)) ||
      failed(manager.run(*module)))
    return errors.take();
  return {};
}

std::vector<std::string> NodeTest::feeds() const {
  std::vector<std::string> data;
  for (auto [index, port] : llvm::zip_equal(fed, arguments))
    data.push_back(toEntryBytes(inputs[index], port.type.getElementType(), port.shifted));
  return data;
}

std::string NodeTest::compareAll(const std::vector<std::string> &results) const {
  if (results.size() != outputs.size())
    return "there are " + std::to_string(results.size()) + " results, must be " +
           std::to_string(outputs.size());
  for (auto [index, result] : llvm::enumerate(results)) {
    const Port &port = ports[index];
    std::string what = "output " + std::to_string(index) + " ";
    llvm::ArrayRef<int64_t> shape = port.type.getShape();
    if (shape != llvm::ArrayRef<int64_t>(outputs[index].shape()))
      return what + "has shape " + frontend::printShape({shape.begin(), shape.end()}) +
             ", must have " + frontend::printShape(outputs[index].shape());
    if (auto difference =
            compareResult(outputs[index], port.type.getElementType(), port.shifted, result))
      return what + *difference;
  }
  return {};
}

/// Runs the float evaluator; returns what it objects to or where it differs.
std::string NodeTest::evaluate() {
  auto evaluator = reference::Evaluator::create(*module);
  if (failed(evaluator))
    return errors.take();
  std::vector<std::string> in = feeds(), out;
  std::vector<const char *> from;
  std::vector<char *> to;
  for (const std::string &data : in)
    from.push_back(data.data());
  for (const Port &port : ports)
    out.emplace_back(static_cast<size_t>(port.bytes()), '\0');
  for (std::string &data : out)
    to.push_back(data.data());
  reference::Session(**evaluator).run(from, to);
  return compareAll(out);
}

/// Runs the JIT, which changes the module; returns a reason with a message.
std::string NodeTest::compile() {
  Jit jit(*module, /*optimise=*/false);
  if (llvm::Error error = jit.prepare()) {
    std::string first = errors.take(), second = llvm::toString(std::move(error));
    return "lowering: " + (first.empty() ? second : first);
  }
  std::vector<std::string> in = feeds(), out;
  std::vector<std::byte *> from, to;
  for (std::string &data : in)
    from.push_back(reinterpret_cast<std::byte *>(data.data()));
  for (const Port &port : ports)
    out.emplace_back(static_cast<size_t>(port.bytes()), '\0');
  for (std::string &data : out)
    to.push_back(reinterpret_cast<std::byte *>(data.data()));
  if (llvm::Error error = jit.run(from, to))
    return "run: " + llvm::toString(std::move(error));
  std::string difference = compareAll(out);
  return difference.empty() ? difference : "differs: " + difference;
}

std::string NodeTest::operators() const {
  std::set<std::string> names;
  for (const frontend::NodeInfo &node : model.nodes)
    names.insert(node.op);
  return names.empty() ? "-" : llvm::join(names, ",");
}

std::string NodeTest::run() {
  Result<Model> read = frontend::readModel(folder + "/model.onnx");
  if (!read)
    return "- import: " + read.error().message;
  model = std::move(*read);
  std::string result = outcome();
  return operators() + " " + result;
}

std::string NodeTest::outcome() {
  if (auto problem = readData())
    return "data: " + *problem;
  Known known;
  std::string problem;
  for (const Known &attempt : attempts()) {
    known = attempt;
    if (import(attempt))
      break;
    // The first attempt's message is about the model rather than about our constants.
    std::string message = errors.take();
    if (problem.empty())
      problem = message;
  }
  if (!module)
    return "import: " + problem;
  auto function = module->lookupSymbol<func::FuncOp>("main");
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    arguments.push_back(portOf(function.getArgument(i).getType(), function.getArgAttrDict(i)));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    ports.push_back(portOf(function.getResultTypes()[i], function.getResultAttrDict(i)));
  std::string contract = checkContract(), evaluated = evaluate();
  if (std::string failure = compile(); !failure.empty())
    return failure;
  std::string text = "pass";
  if (!known.empty())
    text += " known: " + llvm::join(known, " ");
  if (!contract.empty())
    text += " contract: " + contract;
  if (!evaluated.empty())
    text += " evaluator: " + evaluated;
  return text;
}

std::string runNodeTest(const std::string &folder, const DialectRegistry &registry) {
  return NodeTest(folder, registry).run();
}

} // namespace cimc::test
