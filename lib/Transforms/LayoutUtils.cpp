//===- LayoutUtils.cpp - Elementwise ops and constants in other layouts ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constants are reordered byte-wise, each element once.
//
//===--------------------------------------------------------------------------===//

#include "LayoutUtils.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Elementwise.h"
#include "cimc/Transforms/QuantizedForms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>

using namespace mlir;

namespace cimc::layout {

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// Dimensions ascend, and a constant result is 0.
static bool isElementwiseMap(AffineMap map) {
  int64_t last = -1;
  for (AffineExpr expr : map.getResults()) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
      if (constant.getValue() != 0)
        return false;
      continue;
    }
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || static_cast<int64_t>(dim.getPosition()) <= last)
      return false;
    last = dim.getPosition();
  }
  return true;
}

bool isElementwise(linalg::GenericOp op) {
  if (!isElementwiseGeneric(op))
    return false;
  for (OpOperand *input : op.getDpsInputOperands())
    if (!isa<RankedTensorType>(input->get().getType()) ||
        !isElementwiseMap(op.getMatchingIndexingMap(input)))
      return false;
  return true;
}

bool isFullRank(AffineMap map) {
  if (map.getNumResults() != map.getNumDims())
    return false;
  for (auto [position, expr] : llvm::enumerate(map.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && dim.getPosition() != position)
      return false;
  return true;
}

linalg::GenericOp rebuildElementwise(OpBuilder &builder, linalg::GenericOp op, ValueRange inputs,
                                     ArrayRef<AffineMap> inputMaps, ArrayRef<int64_t> shape) {
  auto element = cast<RankedTensorType>(op.getResult(0).getType()).getElementType();
  Value init = tensor::EmptyOp::create(builder, op.getLoc(), shape, element);
  SmallVector<AffineMap> maps(inputMaps);
  maps.push_back(builder.getMultiDimIdentityMap(shape.size()));
  SmallVector<utils::IteratorType> iterators(shape.size(), utils::IteratorType::parallel);
  auto result = linalg::GenericOp::create(builder, op.getLoc(), TypeRange{init.getType()}, inputs,
                                          ValueRange{init}, maps, iterators);
  IRMapping mapping;
  op.getRegion().cloneInto(&result.getRegion(), mapping);
  result->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  return result;
}

SmallVector<int64_t> invertPermutation(ArrayRef<int64_t> perm) {
  SmallVector<int64_t> inverse(perm.size());
  for (auto [i, p] : llvm::enumerate(perm))
    inverse[p] = i;
  return inverse;
}

bool isIdentity(ArrayRef<int64_t> perm) { return llvm::is_sorted(perm); }

SmallVector<int64_t> permuteShape(ArrayRef<int64_t> shape, ArrayRef<int64_t> perm) {
  SmallVector<int64_t> result;
  for (int64_t p : perm)
    result.push_back(shape[p]);
  return result;
}

Value makeTranspose(OpBuilder &builder, Location loc, Value input, ArrayRef<int64_t> perm) {
  auto type = cast<RankedTensorType>(input.getType());
  return tosa::TransposeOp::create(builder, loc, type.clone(permuteShape(type.getShape(), perm)),
                                   input, SmallVector<int32_t>(perm.begin(), perm.end()));
}

Value makeReshape(OpBuilder &builder, Location loc, Value input, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(input.getType());
  if (type.getShape() == shape)
    return input;
  return tosa::ReshapeOp::create(builder, loc, type.clone(shape), input,
                                 makeShape(builder, loc, shape));
}

SmallVector<int64_t> transposedOrder(ArrayRef<int64_t> shape, ArrayRef<int64_t> perm) {
  size_t rank = shape.size();
  SmallVector<int64_t> strides(rank, 1), index(rank, 0), order;
  for (size_t d = rank; d-- > 1;)
    strides[d - 1] = strides[d] * shape[d];
  int64_t count = ShapedType::getNumElements(shape), offset = 0;
  order.reserve(count);
  for (int64_t i = 0; i < count; ++i) {
    order.push_back(offset);
    for (size_t d = rank; d-- > 0;) {
      offset += strides[perm[d]];
      if (++index[d] < shape[perm[d]])
        break;
      offset -= strides[perm[d]] * shape[perm[d]];
      index[d] = 0;
    }
  }
  return order;
}

Value reorderConstant(OpBuilder &builder, Value value, RankedTensorType type,
                      llvm::function_ref<int64_t(int64_t)> source) {
  ElementsAttr attr = getConstantElements(value);
  if (!attr)
    return {};
  Location loc = value.getLoc();
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (dense && dense.isSplat())
    return arith::ConstantOp::create(builder, loc, dense.resizeSplat(type));
  std::optional<ArrayRef<char>> bytes = getRawBytes(attr);
  unsigned width = type.getElementTypeBitWidth();
  if (!bytes || width % 8 != 0)
    return {};
  size_t size = width / 8;
  std::string name = "reordered";
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    name = resource.getRawHandle().getKey().str();
  ConstantWriter writer(type, name);
  llvm::MutableArrayRef<char> out = writer.data<char>();
  for (int64_t i = 0, end = type.getNumElements(); i < end; ++i)
    std::memcpy(out.data() + i * size, bytes->data() + source(i) * size, size);
  return writer.finish(builder, loc);
}

Value reshapeConstant(OpBuilder &builder, Value value, ArrayRef<int64_t> shape) {
  ElementsAttr attr = getConstantElements(value);
  if (!attr)
    return {};
  auto type = cast<RankedTensorType>(value.getType()).clone(shape);
  if (auto dense = dyn_cast<DenseElementsAttr>(attr))
    return arith::ConstantOp::create(builder, value.getLoc(), dense.reshape(type));
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    return arith::ConstantOp::create(builder, value.getLoc(),
                                     DenseResourceElementsAttr::get(type, resource.getRawHandle()));
  return {};
}

bool isWeightValue(Value value) {
  if (isConstantTensor(value))
    return true;
  std::optional<DequantizeForm> form = matchDequantize(value);
  return form && isConstantTensor(form->input);
}

Value reorderWeight(OpBuilder &builder, Value value, ArrayRef<int64_t> shape,
                    llvm::function_ref<int64_t(int64_t)> source, int64_t axisBefore, int64_t axis) {
  auto typeOf = [&](Value of) { return cast<RankedTensorType>(of.getType()).clone(shape); };
  if (isConstantTensor(value))
    return reorderConstant(builder, value, typeOf(value), source);
  std::optional<DequantizeForm> form = matchDequantize(value);
  if (!form || (!form->scale.isPerTensor() && form->scale.axis != axisBefore))
    return {};
  Value data = reorderConstant(builder, form->input, typeOf(form->input), source);
  if (!data)
    return {};
  Scales scale = form->scale;
  if (!scale.isPerTensor())
    scale.axis = axis;
  return buildDequantize(builder, value.getLoc(), data, scale, form->zeroPoint);
}

} // namespace cimc::layout
