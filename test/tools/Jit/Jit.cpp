//===- Jit.cpp - Upstream's lowering and JIT -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pipeline of passes is upstream's alone. Functions are called through the C interface of
// memref descriptors.
//
//===--------------------------------------------------------------------------===//

#include "Jit.h"

#include "cimc/Pipelines/Registration.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

#include "llvm/Support/TargetSelect.h"

#include <cstdlib>
#include <set>

using namespace mlir;

namespace cimc::test {

/// Wrappers are asked for before functions of the mathematical library are declared, which have
/// none.
static constexpr llvm::StringLiteral kLowering =
    "func.func(llvm-request-c-wrappers,tosa-to-linalg-named,tosa-to-linalg,tosa-to-arith,"
    "tosa-to-tensor),canonicalize,"
    "one-shot-bufferize{bufferize-function-boundaries=true "
    "function-boundary-type-conversion=identity-layout-map allow-return-allocs-from-loops=true},"
    "buffer-deallocation-pipeline,convert-bufferization-to-memref,"
    "func.func(convert-linalg-to-loops),convert-scf-to-cf,expand-strided-metadata,lower-affine,"
    "arith-expand,convert-math-to-funcs,convert-math-to-llvm,convert-math-to-libm,convert-arith-to-"
    "llvm,"
    "convert-index-to-llvm,finalize-memref-to-llvm,convert-func-to-llvm,convert-cf-to-llvm,"
    "reconcile-unrealized-casts";

/// A memref descriptor of any rank as upstream's C interface lays it out: two pointers, offset,
/// sizes, strides.
static std::vector<int64_t> descriptor(const Port &port, void *data) {
  std::vector<int64_t> words{reinterpret_cast<int64_t>(data), reinterpret_cast<int64_t>(data), 0};
  llvm::ArrayRef<int64_t> shape = port.type.getShape();
  words.insert(words.end(), shape.begin(), shape.end());
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  words.insert(words.end(), strides.begin(), strides.end());
  return words;
}

Port portOf(Type type, DictionaryAttr attributes) {
  Port port;
  port.type = cast<RankedTensorType>(type);
  if (attributes) {
    if (auto name = attributes.getAs<StringAttr>("cim.name"))
      port.name = name.str();
    port.shifted = attributes.contains("cim.signed_shift");
  }
  return port;
}

/// Frees the results' memory, which two results may share; that of an argument is not ours.
static void release(llvm::ArrayRef<void *> results, llvm::ArrayRef<std::byte *> in) {
  std::set<void *> made(results.begin(), results.end());
  for (std::byte *argument : in)
    made.erase(argument);
  for (void *pointer : made)
    std::free(pointer);
}

void registerJit(DialectRegistry &registry) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  registerAllDialects(registry);
  registerAllToLLVMIRTranslations(registry);
  registerAllPasses();
}

llvm::Error Jit::prepare() {
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
  transformer = makeOptimizingTransformer(optimising ? 2 : 0, 0, nullptr);
  options.transformer = transformer;
  if (!optimising)
    options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::None;
  llvm::StringRef support[] = {CIMC_JIT_SUPPORT_LIBRARY};
  options.sharedLibPaths = support;
  auto created = ExecutionEngine::create(module, options);
  if (!created)
    return created.takeError();
  engine = std::move(*created);
  return llvm::Error::success();
}

llvm::Error Jit::run(llvm::ArrayRef<std::byte *> in, llvm::ArrayRef<std::byte *> out) {
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
  std::vector<void *> memory;
  for (auto [port, data] : llvm::zip_equal(outputs, out)) {
    auto *aligned = reinterpret_cast<const char *>(results[at + 1]);
    int64_t elementBytes = (port.type.getElementTypeBitWidth() + 7) / 8;
    std::memcpy(data, aligned + results[at + 2] * elementBytes, static_cast<size_t>(port.bytes()));
    memory.push_back(reinterpret_cast<void *>(results[at]));
    at += 3 + 2 * port.type.getRank();
  }
  release(memory, in);
  return llvm::Error::success();
}

} // namespace cimc::test
