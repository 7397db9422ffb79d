//===- Constants.h - Reading and making constant tensors ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constants of more than 16 elements are resources (docs/input-contract.md): blobs beside the IR
// that are neither copied nor hashed. These functions read constants of either form without copying
// where the bytes allow it, and make them in the right form.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TRANSFORMS_CONSTANTS_H
#define CIMC_TRANSFORMS_CONSTANTS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

#include <optional>

namespace cimc {

/// Constants up to this number of elements are stored inline.
constexpr int64_t kInlineElements = 16;

/// The attribute of an `arith.constant` or `tosa.const` tensor; null if `value` is no such
/// constant.
mlir::ElementsAttr getConstantElements(mlir::Value value);
inline bool isConstantTensor(mlir::Value value) {
  return static_cast<bool>(getConstantElements(value));
}

/// The bytes of a constant: the resource's own, or those of a dense attribute (a splat has one
/// element). None for other attributes.
std::optional<llvm::ArrayRef<char>> getRawBytes(mlir::ElementsAttr attr);

/// Erases the constant behind `value` if nothing uses it any more, and frees its resource if no
/// other constant of the module has the same: passes that write weights anew would otherwise keep
/// every version until the end.
void eraseUnusedConstant(mlir::Value value);

/// Elements converted to float or i64 (a splat is expanded); none if the attribute is of another
/// kind. For small constants: scales, biases.
std::optional<llvm::SmallVector<float>> getFloats(mlir::Value value);
std::optional<llvm::SmallVector<int64_t>> getInts(mlir::Value value);

/// The only element of a one-element or splat constant.
std::optional<float> getSplatFloat(mlir::Value value);
std::optional<int64_t> getSplatInt(mlir::Value value);

/// A blob of `type`'s size with contents still to be written through `data`. Makes the op when
/// `finish` is called: one allocation, no copy.
class ConstantWriter {
public:
  /// `name` is a hint for the resource's key.
  ConstantWriter(mlir::RankedTensorType type, llvm::StringRef name = "constant");
  ~ConstantWriter();
  template <typename T> llvm::MutableArrayRef<T> data() {
    llvm::MutableArrayRef<char> all = bytes();
    return {reinterpret_cast<T *>(all.data()), all.size() / sizeof(T)};
  }
  mlir::Value finish(mlir::OpBuilder &builder, mlir::Location loc);

private:
  llvm::MutableArrayRef<char> bytes();
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// Small constants.
mlir::Value makeFloats(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<float> values, llvm::StringRef name = "constant");
mlir::Value makeInts(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<int32_t> values, llvm::StringRef name = "constant");
/// A `tensor<1xT>` for a zero point or pad value.
mlir::Value makeScalar(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type elementType,
                       double value);
/// A `tosa.const_shape`.
mlir::Value makeShape(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<int64_t> values);
/// The values of a `tosa.const_shape`; none if it is no constant.
std::optional<llvm::SmallVector<int64_t>> getShapeValues(mlir::Value value);

/// The number of the stream of random numbers that `op`, a `tosa.custom`, stands for; none if it is
/// no `random_uniform` of domain `cimc` with one operand and one f32 result of the same shape.
std::optional<uint32_t> randomStreamOf(mlir::Operation *op);
inline bool isRandom(mlir::Operation *op) { return randomStreamOf(op).has_value(); }

} // namespace cimc

#endif // CIMC_TRANSFORMS_CONSTANTS_H
