//===- Import.h - From an ONNX file to the entry level ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads an ONNX model and builds a module at the entry level of docs/input-contract.md: upstream
// dialects only, static shapes, weights as resources that are never copied again. Shape arithmetic
// disappears while the graph is read.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_FRONTEND_ONNX_IMPORT_H
#define CIMC_FRONTEND_ONNX_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cimc {

/// What the user may say about a model.
struct ImportOptions {
  /// Shapes of inputs by name, for dimensions that the model leaves open or to override static
  /// ones.
  std::vector<std::pair<std::string, std::vector<int64_t>>> inputShapes;
  /// Inputs that become constants, by name, each with its numbers ("16000" or "1,0.5,2"; one
  /// number fills any shape) or with a file that holds an ONNX TensorProto.
  std::vector<std::pair<std::string, std::string>> inputValues;
  /// Takes inputs whose first dimension is not 1. Such a module breaks the input contract and
  /// cannot be compiled for a chip.
  bool anyBatch = false;
};

/// Parses `name=1x3x32x32` (the form of `--input-shape`) into `options`; false if the text has
/// another form.
bool parseInputShape(llvm::StringRef text, ImportOptions &options);

/// Parses `name=16000`, `name=1,0.5,2` or `name=FILE.pb` (the forms of `--input-value`) into
/// `options`; false if the text has another form.
bool parseInputValue(llvm::StringRef text, ImportOptions &options);

/// Imports the model in file `path`. Every failure is one MLIR diagnostic whose location is the
/// ONNX node, tensor or file at fault; the result is then null. Loads the dialects it needs into
/// `context`.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef path, const ImportOptions &options,
                                             mlir::MLIRContext *context);

/// Prints the importer's table, one row `category domain op since_version` per line, in the order
/// of the categories and their names. The domain of the standard operators is `ai.onnx`.
void printOnnxOps(llvm::raw_ostream &os);

/// Registers `--import-onnx`, its options `--input-shape` and `--input-value`, and `--list-onnx-ops` with
/// cimc-translate.
void registerImportOnnx();

} // namespace cimc

#endif // CIMC_FRONTEND_ONNX_IMPORT_H
