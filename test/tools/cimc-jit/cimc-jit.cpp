//===- cimc-jit.cpp - Upstream's JIT as an oracle ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   cimc-jit LEVEL.mlir --input [name=]X.npy... --output Y.npy...
//
// Runs the entry or the quantised level through upstream's own lowering (tosa-to-linalg,
// bufferisation, loops, LLVM) and JIT, one sample at a time. It shares no code with the executor or
// the float evaluator, so what they agree on with it is right for two reasons. For tests only: it
// is slow.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Pipelines/Registration.h"
#include "cimc/Reference/Feed.h"
#include "cimc/Support/DataSet.h"
#include "cimc/Support/Npy.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"

#include <CLI/CLI.hpp>

#include <cstdlib>

using namespace mlir;
using namespace cimc;

namespace {

constexpr llvm::StringLiteral kLowering =
    "func.func(tosa-to-linalg-named,tosa-to-linalg,tosa-to-arith,tosa-to-tensor),canonicalize,"
    "one-shot-bufferize{bufferize-function-boundaries=true "
    "function-boundary-type-conversion=identity-layout-map},"
    "buffer-deallocation-pipeline,func.func(convert-linalg-to-loops),convert-scf-to-cf,expand-"
    "strided-metadata,"
    "lower-affine,convert-math-to-llvm,convert-math-to-libm,convert-arith-to-llvm,convert-index-to-"
    "llvm,"
    "finalize-memref-to-llvm,func.func(llvm-request-c-wrappers),convert-func-to-llvm,convert-cf-to-"
    "llvm,"
    "reconcile-unrealized-casts";

int fail(const std::string &message) {
  llvm::errs() << "cimc-jit: error: " << message << "\n";
  return 2;
}

/// A network argument or result.
struct Port {
  std::string name;
  RankedTensorType type;
  bool shifted = false;

  int64_t bytes() const {
    return type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
  }
};

/// A memref descriptor of any rank as upstream's C interface lays it out: two pointers, offset,
/// sizes, strides.
std::vector<int64_t> descriptor(const Port &port, void *data) {
  std::vector<int64_t> words{reinterpret_cast<int64_t>(data), reinterpret_cast<int64_t>(data), 0};
  llvm::ArrayRef<int64_t> shape = port.type.getShape();
  words.insert(words.end(), shape.begin(), shape.end());
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  words.insert(words.end(), strides.begin(), strides.end());
  return words;
}

ElementType elementTypeOf(const Port &port) {
  return reference::elementTypeOf(port.type.getElementType(), port.shifted)
      .value_or(ElementType::F32);
}

class Jit {
public:
  explicit Jit(ModuleOp module) : module(module) {}

  llvm::Error prepare() {
    auto function = module.lookupSymbol<func::FuncOp>("main");
    if (!function)
      return llvm::createStringError("the module has no function 'main'");
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      inputs.push_back(portOf(function.getArgument(i).getType(), function.getArgAttrDict(i)));
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      outputs.push_back(portOf(function.getResultTypes()[i], function.getResultAttrDict(i)));

    PassManager manager(module.getContext(), ModuleOp::getOperationName());
    if (failed(parsePassPipeline(kLowering, manager)) || failed(manager.run(module)))
      return llvm::createStringError("upstream's lowering failed");
    ExecutionEngineOptions options;
    optimise = makeOptimizingTransformer(2, 0, nullptr);
    options.transformer = optimise;
    llvm::StringRef support[] = {CIMC_JIT_SUPPORT_LIBRARY};
    options.sharedLibPaths = support;
    auto created = ExecutionEngine::create(module, options);
    if (!created)
      return created.takeError();
    engine = std::move(*created);
    return llvm::Error::success();
  }

  /// One sample.
  llvm::Error run(llvm::ArrayRef<std::byte *> in, llvm::ArrayRef<std::byte *> out) {
    size_t resultWords = 0;
    for (const Port &port : outputs)
      resultWords += 3 + 2 * port.type.getRank();
    std::vector<int64_t> results(resultWords);
    std::vector<std::vector<int64_t>> descriptors;
    for (auto [port, data] : llvm::zip_equal(inputs, in))
      descriptors.push_back(descriptor(port, data));
    std::vector<void *> pointers{results.data()};
    for (auto &words : descriptors)
      pointers.push_back(words.data());
    std::vector<void *> packed;
    for (void *&pointer : pointers)
      packed.push_back(&pointer);
    if (llvm::Error error = engine->invokePacked("_mlir_ciface_main", packed))
      return error;
    size_t at = 0;
    for (auto [port, data] : llvm::zip_equal(outputs, out)) {
      auto *aligned = reinterpret_cast<const char *>(results[at + 1]);
      int64_t elementBytes = (port.type.getElementTypeBitWidth() + 7) / 8;
      std::memcpy(data, aligned + results[at + 2] * elementBytes,
                  static_cast<size_t>(port.bytes()));
      release(reinterpret_cast<void *>(results[at]), in);
      at += 3 + 2 * port.type.getRank();
    }
    return llvm::Error::success();
  }

  std::vector<Port> inputs, outputs;

private:
  static Port portOf(Type type, DictionaryAttr attributes) {
    Port port;
    port.type = cast<RankedTensorType>(type);
    if (attributes) {
      if (auto name = attributes.getAs<StringAttr>("cim.name"))
        port.name = name.str();
      port.shifted = attributes.contains("cim.signed_shift");
    }
    return port;
  }

  /// A result that is an argument is not ours to free.
  static void release(void *pointer, llvm::ArrayRef<std::byte *> in) {
    for (std::byte *argument : in)
      if (argument == pointer)
        return;
    std::free(pointer);
  }

  ModuleOp module;
  std::function<llvm::Error(llvm::Module *)> optimise;
  std::unique_ptr<ExecutionEngine> engine;
};

int runSamples(Jit &jit, std::vector<TensorData> data,
               const std::vector<std::string> &outputPaths) {
  int64_t samples = 1;
  std::vector<std::vector<std::byte>> feeds;
  for (auto [index, port] : llvm::enumerate(jit.inputs)) {
    const TensorData *given = findTensor(data, port.name, index);
    if (!given || given->type != elementTypeOf(port) ||
        given->bytes.size() % static_cast<size_t>(port.bytes()) != 0)
      return fail("input '" + port.name + "' is missing or has another type or shape");
    samples = static_cast<int64_t>(given->bytes.size()) / port.bytes();
    feeds.push_back(given->bytes);
    if (port.shifted)
      reference::shiftSign(feeds.back());
  }
  std::vector<TensorData> results;
  for (const Port &port : jit.outputs) {
    TensorData result;
    result.type = elementTypeOf(port);
    result.shape = {samples};
    result.shape.insert(result.shape.end(), port.type.getShape().begin(),
                        port.type.getShape().end());
    result.bytes.resize(static_cast<size_t>(samples * port.bytes()));
    results.push_back(std::move(result));
  }
  for (int64_t s = 0; s < samples; ++s) {
    std::vector<std::byte *> in, out;
    for (auto [port, feed] : llvm::zip_equal(jit.inputs, feeds))
      in.push_back(feed.data() + s * port.bytes());
    for (auto [port, result] : llvm::zip_equal(jit.outputs, results))
      out.push_back(result.bytes.data() + s * port.bytes());
    if (llvm::Error error = jit.run(in, out))
      return fail(llvm::toString(std::move(error)));
  }
  for (auto [index, path] : llvm::enumerate(outputPaths)) {
    if (index >= results.size())
      return fail("the function has " + std::to_string(results.size()) + " results");
    if (jit.outputs[index].shifted)
      reference::shiftSign(results[index].bytes);
    if (Status status = writeNpy(path, results[index]); !status)
      return fail(status.error().message);
  }
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("cimc-jit: runs the entry or quantised level by upstream's JIT");
  std::string model;
  std::vector<std::string> inputs, outputs;
  app.add_option("LEVEL", model)->required();
  app.add_option("--input", inputs)->allow_extra_args(false);
  app.add_option("--output", outputs)->allow_extra_args(false);
  CLI11_PARSE(app, argc, argv);

  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllToLLVMIRTranslations(registry);
  registerAllPasses();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(model, ParserConfig(&context));
  if (!module)
    return 2;
  Result<std::vector<TensorData>> data = readNamedArrays(inputs);
  if (!data)
    return fail(data.error().message);
  Jit jit(*module);
  if (llvm::Error error = jit.prepare())
    return fail(llvm::toString(std::move(error)));
  return runSamples(jit, std::move(*data), outputs);
}
