//===- Registration.cpp - --import-onnx of cimc-translate ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The importer takes the path of the file rather than its bytes, because external data lie beside
// it.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Frontend/ONNX/Import.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"
#include <cstdlib>

using namespace mlir;

namespace cimc {

void registerImportOnnx() {
  static llvm::cl::list<std::string> inputShapes(
      "input-shape", llvm::cl::desc("Shape of an ONNX model's input, for example x=1x3x32x32"));
  static llvm::cl::list<std::string> inputValues(
      "input-value",
      llvm::cl::desc("Makes an ONNX model's input a constant, for example rate=16000 "
                     "or axes=FILE.pb with an ONNX tensor in the file"));
  static llvm::cl::opt<bool> anyBatch(
      "any-batch",
      llvm::cl::desc("Import an ONNX model whose inputs' first dimension is not 1 all the same"));
  static llvm::cl::opt<bool> listOps(
      "list-onnx-ops", llvm::cl::desc("Print the ONNX operators that the importer knows, and exit"),
      llvm::cl::ValueDisallowed, llvm::cl::callback([](const bool &) {
        printOnnxOps(llvm::outs());
        llvm::outs().flush();
        std::exit(0);
      }));
  static TranslateToMLIRRegistration registration(
      "import-onnx", "read an ONNX model",
      [](llvm::SourceMgr &sources, MLIRContext *context) -> OwningOpRef<Operation *> {
        llvm::StringRef path =
            sources.getMemoryBuffer(sources.getMainFileID())->getBufferIdentifier();
        ImportOptions options;
        for (const std::string &text : inputShapes) {
          if (!parseInputShape(text, options)) {
            emitError(UnknownLoc::get(context))
                << "--input-shape '" << text << "' must have the form name=1x3x32x32";
            return {};
          }
        }
        options.anyBatch = anyBatch;
        for (const std::string &text : inputValues) {
          if (!parseInputValue(text, options)) {
            emitError(UnknownLoc::get(context))
                << "--input-value '" << text << "' must have the form name=1,2,3 or name=FILE.pb";
            return {};
          }
        }
        return OwningOpRef<Operation *>(importOnnx(path, options, context).release());
      },
      [](DialectRegistry &registry) {
        registry.insert<func::FuncDialect, tosa::TosaDialect, linalg::LinalgDialect,
                        tensor::TensorDialect, arith::ArithDialect, math::MathDialect,
                        scf::SCFDialect>();
      });
}

} // namespace cimc
