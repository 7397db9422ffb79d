//===- ElementwiseOps.h - Scalar ops over vectors -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The body of an elementwise generic runs as a list of vector functions: each applies one scalar op
// to a block of elements, so that the cost of interpretation is shared by the block and the loops
// vectorise.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_REFERENCE_ELEMENTWISEOPS_H
#define CIMC_LIB_REFERENCE_ELEMENTWISEOPS_H

#include "mlir/IR/Operation.h"

namespace cimc::reference {

/// How a scalar lives in a block register: f32; i1 (0 or 1), i8 and i32 as int32_t; i64 and index
/// as int64_t.
enum class RegisterType { F32, I32, I64 };

std::optional<RegisterType> registerType(mlir::Type type);
inline int64_t registerBytes(RegisterType type) { return type == RegisterType::I64 ? 8 : 4; }

/// Applies an op to `n` elements. `in` has three pointers; those the op has no operand for are
/// null.
using VectorFn = void (*)(int64_t n, const void *const *in, void *out);

/// The function of a body op, null if there is none.
VectorFn vectorFunction(mlir::Operation *op);

/// Brings an i1, i8 or i16 result, computed in 32 bits, back into its range; null where nothing is to be
/// done.
VectorFn wrapFunction(mlir::Type type);

/// Loads elements as they lie in memory into a register, and back; null if the register's form is
/// that of memory.
VectorFn loadFunction(mlir::Type type);
VectorFn storeFunction(mlir::Type type);

} // namespace cimc::reference

#endif // CIMC_LIB_REFERENCE_ELEMENTWISEOPS_H
