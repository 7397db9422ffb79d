//===- Cim.h - The mapping dialect ------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C++ side of dialect `cim` (CimOps.td): ops, attributes, the interface of stages, and the
// questions that every pass asks about a stream's type: its row axis, and how large one row is.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIM_IR_CIM_H
#define CIMC_DIALECT_CIM_IR_CIM_H

#include "cimc/Mapping/Schedule.h"
#include "cimc/Target/Target.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace cimc::cim {

/// Name of the module attribute that holds the machine, a TargetAttr.
inline constexpr llvm::StringLiteral kTargetAttrName = "cim.target";

/// How many instances of a weight may be averaged.
inline constexpr int64_t kMaxRedundancy = 8;

/// Whether `type` is a static ranked tensor with a #cim.rows encoding.
bool isRowTensor(mlir::Type type);
/// Whether `type` is a static ranked tensor without encoding.
bool isPlainTensor(mlir::Type type);

/// The dimension that numbers the rows. Requires: isRowTensor(type); the same for the functions
/// below.
int64_t getRowAxis(mlir::Type type);
/// Rows of the stream, which is the size of the row axis.
int64_t getNumRows(mlir::Type type);
/// The dimensions after the row axis, that is, of one row. A row of a one-dimensional stream has no
/// dimensions and one element.
llvm::ArrayRef<int64_t> getRowShape(mlir::Type type);
/// Elements of one row.
int64_t getRowElements(mlir::Type type);
/// Bytes of one row, elements densely stored; i1 takes one byte.
int64_t getRowBytes(mlir::Type type);
/// Bytes of one element as it is stored in memory.
int64_t getElementBytes(mlir::Type elementType);

/// Whether the digital unit computes floats of `elementType`: f32 or f16.
bool isDigitalFloat(mlir::Type elementType);

/// Positions of one row: its elements over the last dimension, the channels.
int64_t getRowPositions(mlir::Type type);

/// Some of the positions of a row.
struct Positions {
  int64_t first = 0, count = 0;
  int64_t end() const { return first + count; }
  bool operator==(const Positions &) const = default;
};
/// The share of number `copy` of `copies` that divide `positions` evenly; none of them for some
/// where copies are more than positions.
Positions getShare(int64_t positions, int64_t copy, int64_t copies);

/// A tensor type whose rows lie along `axis`.
mlir::RankedTensorType getRowTensorType(llvm::ArrayRef<int64_t> shape, mlir::Type elementType,
                                        int64_t axis);

/// The machine that `module` is compiled for. Emits an error at the module if there is none.
mlir::FailureOr<target::Target> getTarget(mlir::ModuleOp module);

/// The values of `attr` (dense, splat or resource) in C order. Fails, without a message, if the
/// elements are not of type `T` or a resource is missing or has the wrong size. Instantiated for
/// int8_t, int32_t and float.
template <typename T> mlir::FailureOr<std::vector<T>> readElements(mlir::ElementsAttr attr);

/// An attribute for `values`: `dense` for at most 16 elements, else a new `dense_resource` whose
/// key starts with `name`.
template <typename T>
mlir::ElementsAttr makeElements(mlir::RankedTensorType type, llvm::ArrayRef<T> values,
                                llvm::StringRef name);

} // namespace cimc::cim

#include "cimc/Dialect/Cim/IR/CimEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "cimc/Dialect/Cim/IR/CimAttributes.h.inc"

#include "cimc/Dialect/Cim/IR/CimDialect.h.inc"

#include "cimc/Dialect/Cim/IR/CimInterfaces.h.inc"

#define GET_OP_CLASSES
#include "cimc/Dialect/Cim/IR/CimOps.h.inc"

#endif // CIMC_DIALECT_CIM_IR_CIM_H
