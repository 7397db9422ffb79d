//===- cimc-translate.cpp - Between MLIR text and .cimb files -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mlir-translate with cimc's translations only.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Frontend/ONNX/Import.h"
#include "cimc/Translation/Serialize.h"

#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"

int main(int argc, char **argv) {
  cimc::registerCimbTranslations();
  cimc::registerImportOnnx();
  return mlir::failed(mlir::mlirTranslateMain(argc, argv, "cimc translation driver"));
}
