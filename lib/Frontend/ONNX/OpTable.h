//===- OpTable.h - Which converter handles which ONNX op -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each category's file offers its rows; the handler of a node is that of the highest version that
// is not above the model's.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_OPTABLE_H
#define CIMC_LIB_FRONTEND_ONNX_OPTABLE_H

#include "ImportContext.h"

namespace cimc::frontend {

llvm::ArrayRef<OpEntry> activationOps();
llvm::ArrayRef<OpEntry> attentionOps();
llvm::ArrayRef<OpEntry> castOps();
llvm::ArrayRef<OpEntry> constantOps();
llvm::ArrayRef<OpEntry> controlFlowOps();
llvm::ArrayRef<OpEntry> convOps();
llvm::ArrayRef<OpEntry> convTransposeOps();
llvm::ArrayRef<OpEntry> einsumOps();
llvm::ArrayRef<OpEntry> elementwiseOps();
llvm::ArrayRef<OpEntry> gatherOps();
llvm::ArrayRef<OpEntry> loopOps();
llvm::ArrayRef<OpEntry> matMulOps();
llvm::ArrayRef<OpEntry> normalizeLayerOps();
llvm::ArrayRef<OpEntry> normalizeOps();
llvm::ArrayRef<OpEntry> orderOps();
llvm::ArrayRef<OpEntry> poolOps();
llvm::ArrayRef<OpEntry> quantizeOps();
llvm::ArrayRef<OpEntry> randomOps();
llvm::ArrayRef<OpEntry> rearrangeOps();
llvm::ArrayRef<OpEntry> recurrentOps();
llvm::ArrayRef<OpEntry> reduceOps();
llvm::ArrayRef<OpEntry> resizeOps();
llvm::ArrayRef<OpEntry> shapeOps();

/// The handler of `op` for version `version` of `domain`'s operators; null if there is none.
Handler findHandler(llvm::StringRef domain, llvm::StringRef op, int64_t version);

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_OPTABLE_H
