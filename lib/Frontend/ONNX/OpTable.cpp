//===- OpTable.cpp - Which converter handles which ONNX op -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of all categories, searched in order: tables are small and a model has few thousand
// nodes.
//
//===--------------------------------------------------------------------------===//

#include "OpTable.h"

#include "cimc/Frontend/ONNX/Import.h"

namespace cimc::frontend {

namespace {
struct Category {
  const char *name;
  llvm::ArrayRef<OpEntry> table;
};
} // namespace

static llvm::ArrayRef<Category> categories() {
  static const Category all[] = {{"activation", activationOps()},
                                 {"attention", attentionOps()},
                                 {"cast", castOps()},
                                 {"constant", constantOps()},
                                 {"control", controlFlowOps()},
                                 {"convolution", convOps()},
                                 {"convolution", convTransposeOps()},
                                 {"elementwise", elementwiseOps()},
                                 {"gather", gatherOps()},
                                 {"loops", loopOps()},
                                 {"matrix", matMulOps()},
                                 {"matrix", einsumOps()},
                                 {"normalisation", normalizeOps()},
                                 {"normalisation", normalizeLayerOps()},
                                 {"order", orderOps()},
                                 {"pooling", poolOps()},
                                 {"quantisation", quantizeOps()},
                                 {"random", randomOps()},
                                 {"recurrence", recurrentOps()},
                                 {"reduction", reduceOps()},
                                 {"resize", resizeOps()},
                                 {"shape", rearrangeOps()},
                                 {"shape", shapeOps()}};
  return all;
}

Handler findHandler(llvm::StringRef domain, llvm::StringRef op, int64_t version) {
  const OpEntry *best = nullptr;
  for (const Category &category : categories())
    for (const OpEntry &entry : category.table)
      if (domain == entry.domain && op == entry.op && entry.sinceVersion <= version &&
          (!best || entry.sinceVersion > best->sinceVersion))
        best = &entry;
  return best ? best->handler : nullptr;
}

} // namespace cimc::frontend

void cimc::printOnnxOps(llvm::raw_ostream &os) {
  for (const frontend::Category &category : frontend::categories()) {
    std::vector<const frontend::OpEntry *> rows;
    for (const frontend::OpEntry &entry : category.table)
      rows.push_back(&entry);
    auto key = [](const frontend::OpEntry *row) {
      return std::tuple(llvm::StringRef(row->domain), llvm::StringRef(row->op), row->sinceVersion);
    };
    llvm::sort(rows, [&](const auto *a, const auto *b) { return key(a) < key(b); });
    for (const frontend::OpEntry *row : rows)
      os << category.name << " " << (*row->domain ? row->domain : "ai.onnx") << " " << row->op
         << " " << row->sinceVersion << "\n";
  }
}
