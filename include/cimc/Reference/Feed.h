//===- Feed.h - Data sets as arguments of a network -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Users give arrays in the model's types; the IR has signless integers, in which unsigned 8-bit
// data are stored as x - 128. Evaluation and calibration bring arrays into that form here.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_REFERENCE_FEED_H
#define CIMC_REFERENCE_FEED_H

#include "cimc/Support/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <optional>
#include <vector>

namespace cimc::reference {

/// The array element type that holds elements of `type`: unsigned bytes where they are `shifted`.
/// None if no array file holds them.
std::optional<ElementType> elementTypeOf(mlir::Type type, bool shifted);

/// Turns x into x - 128 and back, in place.
void shiftSign(std::vector<std::byte> &bytes);

/// The arguments' data, sample after sample, and what holds them where they had to be changed.
struct Feeds {
  llvm::SmallVector<const char *> pointers; ///< one per argument
  int64_t samples = 1;
  std::vector<std::vector<std::byte>> changed;
};

/// Finds the array of each argument of `function` by name (`cim.name`) or position and checks its
/// type, its shape, and that all have as many samples. `arrays` must outlive the result. Failures
/// are diagnostics at the function; they name `option` as the way to give data.
mlir::FailureOr<Feeds> feedArguments(mlir::func::FuncOp function,
                                     const std::vector<TensorData> &arrays, llvm::StringRef option);

} // namespace cimc::reference

#endif // CIMC_REFERENCE_FEED_H
