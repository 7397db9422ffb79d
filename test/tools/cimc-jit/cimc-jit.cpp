//===- cimc-jit.cpp - Upstream's JIT as an oracle ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   cimc-jit LEVEL.mlir --input [name=]X.npy... --output Y.npy...
//
// Runs the entry or the quantised level on .npy files through test/tools/Jit.
//
//===--------------------------------------------------------------------------===//

#include "../Jit/Jit.h"

#include "cimc/Reference/Feed.h"
#include "cimc/Support/DataSet.h"
#include "cimc/Support/Npy.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include "llvm/Support/raw_ostream.h"

#include <CLI/CLI.hpp>

using namespace mlir;
using namespace cimc;
using test::Jit, test::Port;

namespace {

int fail(const std::string &message) {
  llvm::errs() << "cimc-jit: error: " << message << "\n";
  return 2;
}

ElementType elementTypeOf(const Port &port) {
  return reference::elementTypeOf(port.type.getElementType(), port.shifted)
      .value_or(ElementType::F32);
}

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

  DialectRegistry registry;
  test::registerJit(registry);
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
