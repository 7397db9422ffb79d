//===- OpTable.cpp - Which converter handles which ONNX op -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of all categories, searched in order: tables are small and a model has few thousand
// nodes.
//
//===--------------------------------------------------------------------------===//

#include "OpTable.h"

namespace cimc::frontend {

Handler findHandler(llvm::StringRef domain, llvm::StringRef op, int64_t version) {
  const OpEntry *best = nullptr;
  for (llvm::ArrayRef<OpEntry> table :
       {constantOps(), convOps(), elementwiseOps(), matMulOps(), normalizeOps(), poolOps(),
        quantizeOps(), reduceOps(), shapeOps()})
    for (const OpEntry &entry : table)
      if (domain == entry.domain && op == entry.op && entry.sinceVersion <= version &&
          (!best || entry.sinceVersion > best->sinceVersion))
        best = &entry;
  return best ? best->handler : nullptr;
}

} // namespace cimc::frontend
