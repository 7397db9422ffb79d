//===- Constants.cpp - Reading and making constant tensors ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A resource's key is made unique by the blob manager; the hints that passes give are stable, so
// the printed form is too.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Transforms/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>

using namespace mlir;

namespace cimc {

ElementsAttr getConstantElements(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast_or_null<arith::ConstantOp>(op))
    return dyn_cast<ElementsAttr>(constant.getValue());
  if (auto constant = dyn_cast_or_null<tosa::ConstOp>(op))
    return constant.getValues();
  return {};
}

std::optional<ArrayRef<char>> getRawBytes(ElementsAttr attr) {
  if (auto dense = dyn_cast<DenseElementsAttr>(attr))
    return dense.getRawData();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return blob->getData();
  return std::nullopt;
}

namespace {

/// Calls `convert` with a typed view of the bytes.
template <typename T, typename To> SmallVector<To> convertAll(ArrayRef<char> bytes, int64_t count) {
  SmallVector<To> result(count);
  int64_t stored = bytes.size() / sizeof(T);
  for (int64_t i = 0; i < count; ++i) {
    T element;
    std::memcpy(&element, bytes.data() + (stored == 1 ? 0 : i) * sizeof(T), sizeof(T));
    result[i] = static_cast<To>(element);
  }
  return result;
}

/// The elements of a float or integer constant as `To`; i1 constants are not needed by anyone.
template <typename To> std::optional<SmallVector<To>> convertElements(Value value, bool wantFloat) {
  ElementsAttr attr = getConstantElements(value);
  if (!attr)
    return std::nullopt;
  Type type = attr.getElementType();
  std::optional<ArrayRef<char>> bytes = getRawBytes(attr);
  if (!bytes || wantFloat != isa<FloatType>(type))
    return std::nullopt;
  int64_t count = attr.getNumElements();
  if (type.isF32())
    return convertAll<float, To>(*bytes, count);
  if (type.isInteger(8))
    return convertAll<int8_t, To>(*bytes, count);
  if (type.isInteger(32))
    return convertAll<int32_t, To>(*bytes, count);
  if (type.isInteger(64) || type.isIndex())
    return convertAll<int64_t, To>(*bytes, count);
  return std::nullopt;
}

template <typename T> std::optional<T> onlyElement(const std::optional<SmallVector<T>> &all) {
  if (!all || all->empty() || !llvm::all_equal(*all))
    return std::nullopt;
  return all->front();
}

} // namespace

std::optional<SmallVector<float>> getFloats(Value value) {
  return convertElements<float>(value, /*wantFloat=*/true);
}
std::optional<SmallVector<int64_t>> getInts(Value value) {
  return convertElements<int64_t>(value, /*wantFloat=*/false);
}
std::optional<float> getSplatFloat(Value value) { return onlyElement(getFloats(value)); }
std::optional<int64_t> getSplatInt(Value value) { return onlyElement(getInts(value)); }

void eraseUnusedConstant(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (!constant || !constant->use_empty())
    return;
  auto attr = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  auto module = constant->getParentOfType<ModuleOp>();
  constant.erase();
  if (!attr || !module)
    return;
  auto *entry = attr.getRawHandle().getResource();
  WalkResult found = module.walk([&](Operation *op) {
    for (NamedAttribute other : op->getAttrs())
      if (auto resource = dyn_cast<DenseResourceElementsAttr>(other.getValue()))
        if (resource.getRawHandle().getResource() == entry)
          return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (!found.wasInterrupted())
    entry->setBlob(AsmResourceBlob());
}

struct ConstantWriter::Impl {
  RankedTensorType type;
  std::string name;
  AsmResourceBlob blob;
};

ConstantWriter::ConstantWriter(RankedTensorType type, StringRef name)
    : impl(std::make_unique<Impl>()) {
  impl->type = type;
  impl->name = name.str();
  size_t size = type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  impl->blob = HeapAsmResourceBlob::allocate(size, /*align=*/64);
}

ConstantWriter::~ConstantWriter() = default;

MutableArrayRef<char> ConstantWriter::bytes() { return impl->blob.getMutableData(); }

Value ConstantWriter::finish(OpBuilder &builder, Location loc) {
  ElementsAttr attr;
  if (impl->type.getNumElements() <= kInlineElements)
    attr = DenseElementsAttr::getFromRawBuffer(impl->type, impl->blob.getData());
  else
    attr = DenseResourceElementsAttr::get(
        impl->type, DenseResourceElementsHandle::getManagerInterface(builder.getContext())
                        .insert(impl->name, std::move(impl->blob)));
  return arith::ConstantOp::create(builder, loc, cast<TypedAttr>(attr));
}

namespace {

template <typename T>
Value makeConstant(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape, Type element,
                   ArrayRef<T> values, StringRef name) {
  ConstantWriter writer(RankedTensorType::get(shape, element), name);
  llvm::copy(values, writer.data<T>().begin());
  return writer.finish(builder, loc);
}

} // namespace

Value makeFloats(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape, ArrayRef<float> values,
                 StringRef name) {
  return makeConstant<float>(builder, loc, shape, builder.getF32Type(), values, name);
}

Value makeInts(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape, ArrayRef<int32_t> values,
               StringRef name) {
  return makeConstant<int32_t>(builder, loc, shape, builder.getI32Type(), values, name);
}

Value makeScalar(OpBuilder &builder, Location loc, Type elementType, double value) {
  auto type = RankedTensorType::get({1}, elementType);
  Attribute element =
      isa<FloatType>(elementType)
          ? Attribute(builder.getFloatAttr(elementType, value))
          : Attribute(builder.getIntegerAttr(elementType, static_cast<int64_t>(value)));
  return tosa::ConstOp::create(builder, loc, type,
                               DenseElementsAttr::get(type, ArrayRef<Attribute>(element)));
}

Value makeShape(OpBuilder &builder, Location loc, ArrayRef<int64_t> values) {
  return tosa::ConstShapeOp::create(builder, loc,
                                    tosa::shapeType::get(builder.getContext(), values.size()),
                                    builder.getIndexTensorAttr(values));
}

std::optional<SmallVector<int64_t>> getShapeValues(Value value) {
  auto op = value.getDefiningOp<tosa::ConstShapeOp>();
  if (!op)
    return std::nullopt;
  return SmallVector<int64_t>(op.getValues().getValues<int64_t>());
}

std::optional<uint32_t> randomStreamOf(Operation *op) {
  auto custom = dyn_cast_or_null<tosa::CustomOp>(op);
  if (!custom || custom.getDomainName() != "cimc" || custom.getOperatorName() != "random_uniform" ||
      op->getNumOperands() != 1 || op->getNumResults() != 1)
    return std::nullopt;
  auto from = dyn_cast<RankedTensorType>(op->getOperand(0).getType()),
       to = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  uint32_t number = 0;
  if (!from || !to || from.getShape() != to.getShape() || !to.getElementType().isF32() ||
      custom.getImplementationAttrs().getAsInteger(10, number))
    return std::nullopt;
  return number;
}

} // namespace cimc
