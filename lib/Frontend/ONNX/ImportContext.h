//===- ImportContext.h - State and helpers of the converters ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A converter (handler) sees one node through `Node`: typed attributes with defaults, inputs as
// MLIR values or as constants, located errors, and builders for the forms of the entry level. A
// value is a constant as long as nothing needs it in the IR; a dequantised constant stays in its
// integer form, so that weights can be laid out before they are dequantised.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_IMPORTCONTEXT_H
#define CIMC_LIB_FRONTEND_ONNX_IMPORTCONTEXT_H

#include "HostTensor.h"
#include "Model.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"

#include <optional>

namespace cimc::frontend {

/// A constant that a DequantizeLinear turns into floats: (data - zeroPoint) * scale. `data` is
/// signed already.
struct DequantizedConstant {
  HostTensor data;
  std::vector<float> scales; // one, or one per position of `axis`
  int64_t axis = -1;
  int zeroPoint = 0;

  DequantizedConstant reshaped(const Shape &shape, int64_t newAxis) const;
  DequantizedConstant transposed(const std::vector<int64_t> &perm) const;
};

/// What an ONNX name stands for: a constant, a dequantised constant, or a value in the IR (made on
/// first use).
struct TensorValue {
  ElementKind kind = ElementKind::F32;
  Shape shape;
  mlir::Value value;
  std::optional<HostTensor> constant;
  std::optional<DequantizedConstant> dequantized;

  /// Half and bfloat16 become floats; doubles stay exact as long as they are constants.
  static TensorValue ofConstant(HostTensor constant);

  bool isConstant() const { return constant.has_value(); }
  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
};

/// All values by ONNX name, and the place where ops are inserted.
class ImportContext {
public:
  ImportContext(mlir::OpBuilder &builder, int64_t opset) : builder(builder), opset(opset) {}

  mlir::OpBuilder &builder;
  const int64_t opset; // of the default domain

  /// Null if the name is unknown.
  TensorValue *lookup(llvm::StringRef name);
  void define(llvm::StringRef name, TensorValue value) { values[name] = std::move(value); }
  /// Makes a name of a graph inside of a node unknown again.
  void forget(llvm::StringRef name) { values.erase(name); }
  /// The value in the IR; makes a constant on first use.
  mlir::Value materialize(TensorValue &value, mlir::Location loc, llvm::StringRef hint);

  /// A number for the next stream of random numbers.
  uint32_t nextRandomStream() { return randomStreams++; }

  /// Converts the nodes of a graph inside of a node at the builder's place. Its inputs must be
  /// defined; afterwards its outputs are. Set by the driver.
  std::function<mlir::LogicalResult(const Graph &)> convertGraph;

private:
  uint32_t randomStreams = 0;
  llvm::StringMap<TensorValue> values;
};

/// The entry level's type of a kind: all floats are f32, integers are signless and at least 8 bits
/// wide. Unsigned bytes are shifted to signed ones, other unsigned integers keep their bits.
mlir::Type elementType(mlir::MLIRContext *context, ElementKind kind);
mlir::RankedTensorType tensorType(mlir::MLIRContext *context, ElementKind kind, const Shape &shape);
llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);

/// A constant op with the tensor's data: inline up to 16 elements and for splats, otherwise a
/// resource that shares the bytes.
mlir::Value makeConstant(mlir::OpBuilder &builder, mlir::Location loc, const HostTensor &tensor,
                         llvm::StringRef hint);

// Builders of entry-level ops. All shapes are static; the caller guarantees that they fit.
mlir::Value buildReshape(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value input,
                         const Shape &shape);
mlir::Value buildTranspose(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value input,
                           llvm::ArrayRef<int64_t> perm);
mlir::Value buildSlice(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value input,
                       const Shape &begin, const Shape &size, const Shape &step);
mlir::Value buildPad(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value input,
                     const Shape &low, const Shape &high, double value);

/// Builds the body of an elementwise op from its scalar operands.
using ScalarBody =
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// A `linalg.generic` over `resultShape`; inputs broadcast as in numpy by their indexing maps.
mlir::Value buildElementwise(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange inputs,
                             const Shape &resultShape, mlir::Type resultElement, ScalarBody body);

/// A `linalg.generic` whose first input has the result's shape and whose other inputs are vectors
/// along `axis`.
mlir::Value buildPerChannel(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange inputs,
                            int64_t axis, ScalarBody body);

/// An arith.constant of element type `type`.
mlir::Value scalarConstant(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
                           double value);

/// One node during its conversion.
class Node {
public:
  Node(ImportContext &context, const NodeInfo &info);

  ImportContext &context;
  const NodeInfo &info;
  mlir::Location loc;
  mlir::OpBuilder &builder;
  int64_t opset() const { return context.opset; }

  // Errors name the node and its op.
  mlir::InFlightDiagnostic error() const;
  /// "attribute 'x' is ..., supported is ...".
  mlir::LogicalResult unsupportedAttribute(llvm::StringRef attribute, const llvm::Twine &actual,
                                           const llvm::Twine &supported) const;

  // Attributes. A wrong type is reported by `checkAttributes`, which runs before the handler, so
  // that these cannot fail.
  bool hasAttribute(llvm::StringRef attribute) const;
  const AttributeValue *attribute(llvm::StringRef attribute) const;
  int64_t intAttribute(llvm::StringRef attribute, int64_t fallback) const;
  float floatAttribute(llvm::StringRef attribute, float fallback) const;
  std::string stringAttribute(llvm::StringRef attribute, llvm::StringRef fallback) const;
  std::vector<int64_t> intsAttribute(llvm::StringRef attribute,
                                     std::vector<int64_t> fallback = {}) const;

  // Inputs.
  size_t inputCount() const { return info.inputs.size(); }
  bool hasInput(size_t index) const {
    return index < info.inputs.size() && !info.inputs[index].empty();
  }
  /// Requires: hasInput(index). The driver has checked that the name is defined.
  TensorValue &input(size_t index) { return *context.lookup(info.inputs[index]); }
  /// The input as a value in the IR.
  mlir::Value value(size_t index) {
    return context.materialize(input(index), loc, info.inputs[index]);
  }
  /// Null if the input is absent or not known at import.
  const HostTensor *constant(size_t index);
  /// The integers of a constant input; reports an input that is not constant.
  mlir::FailureOr<std::vector<int64_t>> constantInts(size_t index, llvm::StringRef what);
  bool allConstant();
  mlir::LogicalResult expectInputs(size_t least, size_t most);
  /// Checks that input `index` is float.
  mlir::LogicalResult expectFloat(size_t index);
  /// Reads attribute `name`, or from opset `since` on input `index`; `present` says whether either
  /// is there.
  mlir::FailureOr<std::vector<int64_t>> intsFromAttributeOrInput(llvm::StringRef name, size_t index,
                                                                 bool &present);

  // Results.
  size_t outputCount() const { return info.outputs.size(); }
  bool wantsOutput(size_t index) const {
    return index < info.outputs.size() && !info.outputs[index].empty();
  }
  mlir::LogicalResult setResult(mlir::Value value, ElementKind kind, size_t index = 0);
  mlir::LogicalResult setResult(HostTensor constant, size_t index = 0);
  mlir::LogicalResult setResult(TensorValue value, size_t index = 0);

  /// Makes `axis` non-negative for `rank`, or reports it.
  mlir::FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank);

  /// An elementwise result of `inputs` (indices into the node's inputs), with broadcasting.
  /// Constants of one element become constants in the body, others lose dimensions of size 1 so
  /// that they are plain per-channel vectors where possible.
  mlir::FailureOr<mlir::Value> elementwise(llvm::ArrayRef<size_t> inputs, ElementKind resultKind,
                                           ScalarBody body);
};

/// Converts one node.
using Handler = mlir::LogicalResult (*)(Node &);

/// One row of the operator table: the handler holds from version `sinceVersion` of the domain's
/// operators on.
struct OpEntry {
  const char *domain;
  const char *op;
  int64_t sinceVersion;
  Handler handler;
};

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_IMPORTCONTEXT_H
