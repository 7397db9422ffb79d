//===- TosaToCimPool.cpp - Pools and reductions ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A mean of f32 values is a sum pool and a division by the number of places that are not padding.
//
//===--------------------------------------------------------------------------===//

#include "TosaToCim.h"

#include "cimc/Transforms/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace cimc::conversion {

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

Value Converter::convertMaxPool(Operation *op) {
  auto pool = cast<tosa::MaxPool2dOp>(op);
  Value input = streamOf(op, pool.getInput());
  if (!input)
    return {};
  return cim::PoolOp::create(builder, op->getLoc(), streamTypeOf(pool.getType()), input,
                             cim::PoolKind::Max, pool.getKernel(), pool.getStride(),
                             ArrayRef<int64_t>{1, 1}, pool.getPad(), 0, IntegerAttr());
}

/// How many of the `kernel` places of window `index` lie inside `size`.
static int64_t placesInside(int64_t index, int64_t kernel, int64_t stride, int64_t low,
                            int64_t size) {
  int64_t first = index * stride - low;
  return std::min(first + kernel, size) - std::max<int64_t>(first, 0);
}

/// The number of places under each window that are not padding, as a constant that repeats over
/// what does not vary.
static cim::ConstantOp countPlaces(OpBuilder &builder, tosa::AvgPool2dOp pool) {
  ArrayRef<int64_t> in = tensorOf(pool.getInput()).getShape(), out = tensorOf(pool).getShape();
  ArrayRef<int64_t> kernel = pool.getKernel(), stride = pool.getStride(), pad = pool.getPad();
  bool varies = llvm::any_of(pad, [](int64_t amount) { return amount != 0; });
  int64_t height = varies ? out[1] : 1, width = varies ? out[2] : 1;
  std::vector<float> counts;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      counts.push_back(static_cast<float>(placesInside(y, kernel[0], stride[0], pad[0], in[1]) *
                                          placesInside(x, kernel[1], stride[1], pad[2], in[2])));
  auto type = RankedTensorType::get({1, height, width, 1}, builder.getF32Type());
  return cim::ConstantOp::create(builder, pool.getLoc(), type,
                                 cim::makeElements(type, ArrayRef<float>(counts), "places"));
}

Value Converter::convertAvgPool(Operation *op) {
  auto pool = cast<tosa::AvgPool2dOp>(op);
  if (!tensorOf(pool.getInput()).getElementType().isF32()) {
    op->emitError() << "'tosa.avg_pool2d' of integers must be a sum pool and a requantisation";
    failed = true;
    return {};
  }
  Value input = streamOf(op, pool.getInput());
  if (!input)
    return {};
  RankedTensorType type = streamTypeOf(pool.getType());
  Value sum = cim::PoolOp::create(builder, op->getLoc(), type, input, cim::PoolKind::Sum,
                                  pool.getKernel(), pool.getStride(), ArrayRef<int64_t>{1, 1},
                                  pool.getPad(), 0, IntegerAttr());
  auto mean = cim::ElementwiseOp::create(
      builder, op->getLoc(), type, ValueRange{sum, countPlaces(builder, pool)}, IntegerAttr());
  OpBuilder::InsertionGuard guard(builder);
  Type f32 = builder.getF32Type();
  Block *body = builder.createBlock(&mean.getBody(), {}, {f32, f32}, {op->getLoc(), op->getLoc()});
  Value quotient =
      arith::DivFOp::create(builder, op->getLoc(), body->getArgument(0), body->getArgument(1));
  cim::YieldOp::create(builder, op->getLoc(), quotient);
  return mean;
}

/// Whether a sum that starts with `value` starts at zero.
static bool startsAtZero(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  if (fill)
    return matchPattern(fill.getInputs()[0], m_Zero()) ||
           matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
  return getSplatInt(value) == 0 || getSplatFloat(value) == 0.0f;
}

Value Converter::convertSumPool(Operation *op) {
  auto pool = cast<linalg::PoolingNhwcSumOp>(op);
  if (!startsAtZero(pool.getOutputs()[0])) {
    op->emitError() << "sums must start at zero";
    failed = true;
    return {};
  }
  Value input = streamOf(op, pool.getInputs()[0]);
  if (!input)
    return {};
  ArrayRef<int64_t> window = tensorOf(pool.getInputs()[1]).getShape();
  SmallVector<int64_t> pad(4, 0);
  auto padding = input.getDefiningOp<cim::PadOp>();
  int32_t padValue = 0;
  if (padding && isa<IntegerAttr>(padding.getValue())) {
    input = absorbPadding(input, padding.getValue(), pad);
    if (input != padding.getResult())
      padValue = cast<IntegerAttr>(padding.getValue()).getInt();
  }
  return cim::PoolOp::create(
      builder, op->getLoc(), streamTypeOf(op->getResult(0).getType()), input, cim::PoolKind::Sum,
      window, llvm::to_vector(pool.getStrides().getValues<int64_t>()),
      llvm::to_vector(pool.getDilations().getValues<int64_t>()), pad, padValue, IntegerAttr());
}

/// The kind and axis of a reduction.
static std::pair<cim::ReduceKind, int64_t> describeReduce(Operation *op) {
  if (auto reduce = dyn_cast<tosa::ReduceSumOp>(op))
    return {cim::ReduceKind::Sum, reduce.getAxis()};
  if (auto reduce = dyn_cast<tosa::ReduceMaxOp>(op))
    return {cim::ReduceKind::Max, reduce.getAxis()};
  if (auto reduce = dyn_cast<tosa::ReduceMinOp>(op))
    return {cim::ReduceKind::Min, reduce.getAxis()};
  return {cim::ReduceKind::Prod, cast<tosa::ReduceProductOp>(op).getAxis()};
}

Value Converter::convertReduce(Operation *op) {
  Type element = tensorOf(op->getOperand(0)).getElementType();
  auto [kind, axis] = describeReduce(op);
  bool bytes = element.isSignlessInteger(8) &&
               (kind == cim::ReduceKind::Max || kind == cim::ReduceKind::Min);
  if (!element.isF32() && !element.isSignlessInteger(32) && !bytes) {
    op->emitError() << "'" << op->getName() << "' must have elements f32 or i32, has " << element;
    failed = true;
    return {};
  }
  Value input = streamOf(op, op->getOperand(0));
  if (!input)
    return {};
  StreamLayout layout = StreamLayout::of(op->getOperand(0).getType());
  ArrayRef<int64_t> shape = tensorOf(op->getResult(0)).getShape();
  FloatAttr one = builder.getF32FloatAttr(1.0f);
  IntegerAttr zero = builder.getI32IntegerAttr(0);
  Type inner = bytes ? builder.getF32Type() : element;
  if (bytes) // every 8-bit integer is a float, so the way through f32 is exact
    input = cim::DequantizeOp::create(builder, op->getLoc(),
                                      layout.typeOf(tensorOf(op->getOperand(0)).getShape(), inner),
                                      input, one, zero, IntegerAttr());
  Value result = cim::ReduceOp::create(builder, op->getLoc(), layout.typeOf(shape, inner), input,
                                       kind, layout.dims[axis], IntegerAttr());
  if (!bytes)
    return result;
  return cim::QuantizeOp::create(builder, op->getLoc(), layout.typeOf(shape, element), result, one,
                                 zero, builder.getDenseI32ArrayAttr({-128, 127}), IntegerAttr());
}

} // namespace cimc::conversion
