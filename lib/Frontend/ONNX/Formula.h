//===- Formula.h - Float tensors in formulas -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Converters that write an op out (normalisations, attention) state it as formulas over whole
// tensors: elementwise ones with broadcasting, and sums along axes.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_FORMULA_H
#define CIMC_LIB_FRONTEND_ONNX_FORMULA_H

#include "ImportContext.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace cimc::frontend {

/// Builds f32 scalars in the body of an elementwise op. Numbers are written out as constants.
struct FloatScalars {
  mlir::OpBuilder &builder;
  mlir::Location loc;

  mlir::Value constant(double value) const;
  mlir::Value add(mlir::Value a, mlir::Value b) const;
  mlir::Value add(mlir::Value a, double b) const { return add(a, constant(b)); }
  mlir::Value sub(mlir::Value a, mlir::Value b) const;
  mlir::Value mul(mlir::Value a, mlir::Value b) const;
  mlir::Value mul(mlir::Value a, double b) const { return mul(a, constant(b)); }
  mlir::Value div(mlir::Value a, mlir::Value b) const;
  mlir::Value max(mlir::Value a, mlir::Value b) const;
  mlir::Value max(mlir::Value a, double b) const { return max(a, constant(b)); }
  mlir::Value min(mlir::Value a, mlir::Value b) const;
  mlir::Value min(mlir::Value a, double b) const { return min(a, constant(b)); }
  mlir::Value clamp(mlir::Value a, double low, double high) const { return min(max(a, low), high); }
  mlir::Value pow(mlir::Value a, mlir::Value b) const;
  mlir::Value abs(mlir::Value a) const;
  mlir::Value neg(mlir::Value a) const;
  mlir::Value exp(mlir::Value a) const;
  mlir::Value log(mlir::Value a) const;
  mlir::Value roundEven(mlir::Value a) const;
  mlir::Value sqrt(mlir::Value a) const;
  mlir::Value tanh(mlir::Value a) const;
  mlir::Value erf(mlir::Value a) const;
  /// 1 - a.
  mlir::Value oneMinus(mlir::Value a) const { return sub(constant(1), a); }
  /// 1 / (1 + exp(-a)).
  mlir::Value sigmoid(mlir::Value a) const;
  /// log(1 + exp(a)) without overflow.
  mlir::Value softplus(mlir::Value a) const;
  /// `yes` where the boolean `condition` holds.
  mlir::Value select(mlir::Value condition, mlir::Value yes, mlir::Value no) const;
  /// `yes` where `a predicate bound` holds.
  mlir::Value choose(mlir::arith::CmpFPredicate predicate, mlir::Value a, double bound,
                     mlir::Value yes, mlir::Value no) const;
};

using FormulaBody = llvm::function_ref<mlir::Value(const FloatScalars &, mlir::ValueRange)>;

/// An elementwise op on `inputs`, which broadcast, with an f32 result. Requires: shapes that
/// broadcast.
mlir::Value buildFormula(Node &node, mlir::ValueRange inputs, FormulaBody body);

/// Sum, mean and maximum along `axes`, which keep size 1.
mlir::Value buildSum(Node &node, mlir::Value value, llvm::ArrayRef<int64_t> axes);
mlir::Value buildMean(Node &node, mlir::Value value, llvm::ArrayRef<int64_t> axes);
mlir::Value buildMaximum(Node &node, mlir::Value value, llvm::ArrayRef<int64_t> axes);

/// Checks that input `index` has elements; only constants can be empty.
mlir::LogicalResult expectElements(Node &node, size_t index);

/// A value in the IR as a tensor of a converter.
TensorValue tensorOf(mlir::Value value, ElementKind kind = ElementKind::F32);

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_FORMULA_H
