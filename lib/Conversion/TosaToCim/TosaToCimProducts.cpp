//===- TosaToCimProducts.cpp - Products and tables of activations ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product with one constant matrix is a weighted layer; every other product is a stage of the
// digital unit, which takes batched matrices row by row, and single ones row of the left matrix by
// row, times the whole of the right one.
//
//===--------------------------------------------------------------------------===//

#include "TosaToCim.h"

#include "cimc/Transforms/Constants.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace cimc::conversion {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

Value Converter::streamOrConstant(Operation *user, Value value, RankedTensorType type) {
  ElementsAttr constant = getConstantElements(value);
  if (!constant)
    return streamAs(user, value, type);
  auto plain = RankedTensorType::get(type.getShape(), type.getElementType());
  return cim::ConstantOp::create(builder, user->getLoc(), plain, reshapedElements(constant, plain));
}

Value Converter::convertMatMul(Operation *op) {
  if (isLayer(op))
    return convertLayer(op);
  auto product = cast<tosa::MatMulOp>(op);
  std::optional<int64_t> lhsZero = constantZeroPoint(product.getAZp()),
                         rhsZero = constantZeroPoint(product.getBZp());
  RankedTensorType result = tensorOf(product);
  Type element = tensorOf(product.getA()).getElementType();
  if (!element.isF32() && !element.isSignlessInteger(8)) {
    op->emitError() << "'" << op->getName() << "' must have elements f32 or i8, has " << element;
    failed = true;
    return {};
  }
  if (!lhsZero || !rhsZero) {
    op->emitError() << "'" << op->getName() << "' must have constant zero points";
    failed = true;
    return {};
  }
  StreamLayout layout = StreamLayout::of(result);
  auto operand = [&](Value value) {
    return streamOrConstant(op, value, layout.typeOf(tensorOf(value).getShape(), element));
  };
  Value lhs = operand(product.getA()), rhs = operand(product.getB());
  if (!lhs || !rhs)
    return {};
  return cim::MatmulOp::create(builder, op->getLoc(), streamTypeOf(result), lhs, rhs,
                               builder.getI32IntegerAttr(*lhsZero),
                               builder.getI32IntegerAttr(*rhsZero), IntegerAttr());
}

Value Converter::convertGather(Operation *op) {
  auto gather = cast<tosa::GatherOp>(op);
  RankedTensorType values = tensorOf(gather.getValues()), indices = tensorOf(gather.getIndices());
  if (values.getDimSize(0) != 1) {
    op->emitError() << "'" << op->getName() << "' must have one table, has "
                    << values.getDimSize(0);
    failed = true;
    return {};
  }
  int64_t entries = values.getDimSize(1), elements = values.getDimSize(2),
          count = indices.getDimSize(1);
  Value table;
  if (ElementsAttr constant = getConstantElements(gather.getValues())) {
    auto type = RankedTensorType::get({entries, elements}, values.getElementType());
    table = cim::ConstantOp::create(builder, op->getLoc(), type, reshapedElements(constant, type));
  } else {
    table = streamAs(op, gather.getValues(), streamTypeOf(values));
  }
  Value numbers =
      streamOrConstant(op, gather.getIndices(),
                       cim::getRowTensorType({1, count, 1, 1}, indices.getElementType(), 1));
  if (!table || !numbers)
    return {};
  return cim::GatherOp::create(builder, op->getLoc(), streamTypeOf(gather.getType()), table,
                               numbers, IntegerAttr());
}

} // namespace cimc::conversion
