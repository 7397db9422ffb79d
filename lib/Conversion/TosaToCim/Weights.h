//===- Weights.h - Making cim.weight symbols ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns constant weights of any layout into the matrices that arrays hold, one symbol per distinct
// use of a constant, so that layers that share weights share the symbol.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_CONVERSION_TOSATOCIM_WEIGHTS_H
#define CIMC_LIB_CONVERSION_TOSATOCIM_WEIGHTS_H

#include "cimc/Dialect/Cim/IR/Cim.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"

namespace cimc::conversion {

/// One dimension of a weight: how many, and how far apart in the constant (elements).
struct WeightDim {
  int64_t size = 1, stride = 0;
  bool operator==(const WeightDim &) const = default;
};

/// Where element (group, kernel row, kernel column, input channel of the group, output channel of
/// the group) is.
struct WeightLayout {
  WeightDim group, kernelH, kernelW, input, output;
  bool operator==(const WeightLayout &) const = default;

  int64_t rows() const { return kernelH.size * kernelW.size * input.size; }
  int64_t outputs() const { return group.size * output.size; }
};

/// A weight symbol, and what its consumers fold into biases.
struct Weight {
  mlir::FlatSymbolRefAttr symbol;
  size_t outputs = 0;              ///< channels of the result
  std::vector<int64_t> columnSums; ///< per output channel; empty where the weight is float
  bool transposed = false;         ///< the symbol holds the transpose
};

/// The weights of one module.
class WeightTable {
public:
  /// With `sharesDirections`, a matrix that is the transpose of one that is there already becomes a
  /// transposed use of the same symbol.
  WeightTable(mlir::ModuleOp module, bool sharesDirections)
      : symbols(module), module(module), sharesDirections(sharesDirections) {}

  /// The weight for constant `source` read with `layout`; made before function `user`'s if it is
  /// new, and named after `user`'s location. Null with an error at `user` if the data is neither i8
  /// nor f32, or is missing.
  const Weight *get(mlir::Operation *user, mlir::ElementsAttr source, const WeightLayout &layout);

private:
  struct Entry {
    WeightLayout layout;
    std::unique_ptr<Weight> weight;
  };
  /// The symbol that holds the transpose of the one-group matrix `data`, or null.
  mlir::FlatSymbolRefAttr findTranspose(llvm::ArrayRef<int8_t> data, int64_t rows,
                                        int64_t cols) const;

  mlir::SymbolTable symbols;
  mlir::ModuleOp module;
  bool sharesDirections;
  llvm::MapVector<mlir::StringAttr, mlir::ElementsAttr> matrices; ///< of one group, i8, by symbol
  llvm::DenseMap<mlir::Attribute, llvm::SmallVector<Entry, 1>> entries;
};

/// The name of the model's node that `loc` stands for, or `fallback`.
std::string nodeName(mlir::Location loc, llvm::StringRef fallback);

} // namespace cimc::conversion

#endif // CIMC_LIB_CONVERSION_TOSATOCIM_WEIGHTS_H
