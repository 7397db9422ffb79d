//===- ScalarEvaluator.h - Running bodies of arith and math ops -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Computes a body of `arith` and `math` ops on scalars, exactly as the digital unit would: f32 is
// IEEE single without contraction, and transcendental functions are those of the C++ library in
// single precision, as in the executor (docs/numerics.md).
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_CONVERSION_TOSATOCIM_SCALAREVALUATOR_H
#define CIMC_LIB_CONVERSION_TOSATOCIM_SCALAREVALUATOR_H

#include "mlir/IR/Block.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace cimc::conversion {

/// A number of type f32 (in `real`) or of an integer type (in `integer`, sign-extended; i1 is 0 or
/// 1).
struct Scalar {
  float real = 0;
  int64_t integer = 0;
};

/// Values of a body as they become known.
using ScalarMap = llvm::DenseMap<mlir::Value, Scalar>;

/// The scalar of an attribute; none unless it is an f32 or an integer of at most 64 bits.
std::optional<Scalar> scalarOf(mlir::Attribute attr);

/// Whether the evaluator knows `op`; these are the ops that the digital unit can do.
bool canEvaluate(mlir::Operation *op);

/// The operands of the terminator of `body` for block arguments `args`. None if an op is not known,
/// or a value used in the body is neither defined in it nor an `arith.constant`.
std::optional<llvm::SmallVector<Scalar>> evaluate(mlir::Block &body, llvm::ArrayRef<Scalar> args);

} // namespace cimc::conversion

#endif // CIMC_LIB_CONVERSION_TOSATOCIM_SCALAREVALUATOR_H
