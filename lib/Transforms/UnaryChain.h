//===- UnaryChain.h - Elementwise ops with one input and constants --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Biases, normalisations and clips are elementwise ops of one tensor and constants.
// `matchUnaryChain` reads the body of such a generic as a list of steps with constant operands,
// each per tensor or per position of one axis.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_TRANSFORMS_UNARYCHAIN_H
#define CIMC_LIB_TRANSFORMS_UNARYCHAIN_H

#include "cimc/Transforms/Elementwise.h"

#include <optional>

namespace cimc {

/// One value, or one per position of an axis.
struct ChannelValues {
  llvm::SmallVector<double, 1> values;
  int64_t axis = -1;
  double at(int64_t i) const { return values.size() == 1 ? values.front() : values[i]; }
};

/// `x op value`, with x as the left operand; ReverseSubtract is `value - x`.
struct ChainStep {
  enum Kind { Add, Subtract, ReverseSubtract, Multiply, Divide, Maximum, Minimum } kind;
  ChannelValues value;
};

struct UnaryChain {
  mlir::OpOperand *input;
  llvm::SmallVector<ChainStep> steps;
};

/// None if the body holds anything else, or the input is not read in place.
std::optional<UnaryChain> matchUnaryChain(mlir::linalg::GenericOp op);

/// The only input of an elementwise f32 or i8 valued generic that is not constant and is read in
/// place; null if there is none or more than one.
mlir::OpOperand *onlyVariableInput(mlir::linalg::GenericOp op);

/// Moves elementwise ops of one variable input above reshapes that keep the last dimension or whose
/// op has no constants per channel, so that biases, activations and quantisations stand directly
/// behind their layers. Dequantisations stay. Returns whether anything moved.
bool hoistOverReshapes(mlir::Operation *root);

} // namespace cimc

#endif // CIMC_LIB_TRANSFORMS_UNARYCHAIN_H
