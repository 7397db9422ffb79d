//===- Order.cpp - Positions of extremes, and running sums -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops about the order along an axis, written out in reductions and elementwise ops. Positions are
// computed as floats, which is exact for any axis that fits a machine, and become int64 at the end.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"
#include "OpTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <limits>

using namespace mlir;

namespace cimc::frontend {

/// Positions beyond this are not exact as floats.
static constexpr int64_t maxAxisLength = int64_t(1) << 24;

/// 0, 1, 2, ... along `axis` of a tensor of rank `rank`, broadcast elsewhere.
static Value positionsAlong(Node &node, int64_t axis, int64_t length, int64_t rank) {
  std::vector<double> values(length);
  for (int64_t i = 0; i < length; ++i)
    values[i] = static_cast<double>(i);
  Shape shape(rank, 1);
  shape[axis] = length;
  return makeConstant(node.builder, node.loc,
                      HostTensor::fromDoubles(ElementKind::F32, shape, values), "positions");
}

static Value reduceAlong(Node &node, Value value, int64_t axis, bool largest) {
  auto type = cast<RankedTensorType>(value.getType());
  Shape shape = type.getShape().vec();
  shape[axis] = 1;
  auto attr = node.builder.getI32IntegerAttr(static_cast<int32_t>(axis));
  if (largest)
    return tosa::ReduceMaxOp::create(node.builder, node.loc, type.clone(shape), value, attr);
  return tosa::ReduceMinOp::create(node.builder, node.loc, type.clone(shape), value, attr);
}

/// The position of `extreme` in `value` along an axis: of the last one if `last`, else of the
/// first. Elements whose `taken` (may be null) is not 0 do not count.
static Value positionOf(Node &node, Value value, Value extreme, Value taken, int64_t axis,
                        bool last) {
  Shape shape = shapeOf(value).vec();
  int64_t length = shape[axis];
  Value positions = positionsAlong(node, axis, length, static_cast<int64_t>(shape.size()));
  SmallVector<Value> inputs = {value, extreme, positions};
  if (taken)
    inputs.push_back(taken);
  double none = last ? -1.0 : static_cast<double>(length);
  Value candidates = buildFormula(node, inputs, [&](const FloatScalars &s, ValueRange x) {
    Value hits = arith::CmpFOp::create(s.builder, s.loc, arith::CmpFPredicate::OEQ, x[0], x[1]);
    Value chosen = s.select(hits, x[2], s.constant(none));
    if (!taken)
      return chosen;
    Value used =
        arith::CmpFOp::create(s.builder, s.loc, arith::CmpFPredicate::UNE, x[3], s.constant(0.0));
    return s.select(used, s.constant(none), chosen);
  });
  return reduceAlong(node, candidates, axis, last);
}

static Value toIndices(Node &node, Value positions) {
  return buildElementwise(node.builder, node.loc, positions, shapeOf(positions).vec(),
                          node.builder.getI64Type(),
                          [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                            return arith::FPToSIOp::create(b, loc, b.getI64Type(), args[0]);
                          });
}

/// The axis of an op on floats, if its length is in range.
static FailureOr<int64_t> readAxis(Node &node, int64_t fallback) {
  if (failed(node.expectFloat(0)))
    return failure();
  const Shape &shape = node.input(0).shape;
  FailureOr<int64_t> axis = node.normalizeAxis(node.intAttribute("axis", fallback), shape.size());
  if (succeeded(axis) && shape[*axis] > maxAxisLength)
    return node.error() << "its axis has " << shape[*axis] << " positions, at most "
                        << maxAxisLength << " are supported";
  return axis;
}

template <bool largest> static LogicalResult convertArg(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  FailureOr<int64_t> axis = readAxis(node, 0);
  if (failed(axis))
    return failure();
  Value value = node.value(0);
  Value extreme = reduceAlong(node, value, *axis, largest);
  bool last = node.intAttribute("select_last_index", 0) != 0;
  Value position = positionOf(node, value, extreme, {}, *axis, last);
  if (node.intAttribute("keepdims", 1) == 0) {
    Shape shape = shapeOf(position).vec();
    shape.erase(shape.begin() + *axis);
    position = buildReshape(node.builder, node.loc, position, shape);
  }
  return node.setResult(toIndices(node, position), ElementKind::I64);
}

static Value joinAlong(Node &node, ArrayRef<Value> parts, int64_t axis) {
  if (parts.size() == 1)
    return parts[0];
  auto type = cast<RankedTensorType>(parts[0].getType());
  Shape shape = type.getShape().vec();
  shape[axis] = static_cast<int64_t>(parts.size());
  return tosa::ConcatOp::create(node.builder, node.loc, type.clone(shape), ValueRange(parts),
                                node.builder.getI32IntegerAttr(static_cast<int32_t>(axis)));
}

/// TopK: one extreme after the other; what was taken does not count again.
static LogicalResult convertTopK(Node &node) {
  constexpr int64_t maxK = 64;
  if (failed(node.expectInputs(1, 2)))
    return failure();
  FailureOr<int64_t> axis = readAxis(node, -1);
  if (failed(axis))
    return failure();
  int64_t count = node.intAttribute("k", 1);
  if (node.opset() >= 10) {
    FailureOr<std::vector<int64_t>> k = node.constantInts(1, "k");
    if (failed(k) || k->size() != 1)
      return failed(k) ? failure() : LogicalResult(node.error() << "its k must have one element");
    count = k->front();
  }
  if (count < 1 || count > std::min(maxK, node.input(0).shape[*axis]))
    return node.error() << "its k is " << count << ", must be 1 to "
                        << std::min(maxK, node.input(0).shape[*axis]);
  bool largest = node.intAttribute("largest", 1) != 0;
  double beyond =
      largest ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  Value rest = node.value(0), taken;
  Shape shape = shapeOf(rest).vec();
  Value positions = positionsAlong(node, *axis, shape[*axis], shape.size());
  SmallVector<Value> values, indices;
  for (int64_t i = 0; i < count; ++i) {
    values.push_back(reduceAlong(node, rest, *axis, largest));
    indices.push_back(positionOf(node, rest, values.back(), taken, *axis, false));
    if (i + 1 == count)
      break;
    auto isChosen = [](const FloatScalars &s, Value position, Value chosen) -> Value {
      return arith::CmpFOp::create(s.builder, s.loc, arith::CmpFPredicate::OEQ, position, chosen);
    };
    rest = buildFormula(node, {rest, positions, indices.back()},
                        [&](const FloatScalars &s, ValueRange x) {
                          return s.select(isChosen(s, x[1], x[2]), s.constant(beyond), x[0]);
                        });
    SmallVector<Value> inputs = {positions, indices.back()};
    if (taken)
      inputs.push_back(taken);
    taken = buildFormula(node, inputs, [&](const FloatScalars &s, ValueRange x) {
      Value before = x.size() > 2 ? x[2] : s.constant(0.0);
      return s.select(isChosen(s, x[0], x[1]), s.constant(1.0), before);
    });
  }
  if (failed(node.setResult(joinAlong(node, values, *axis), ElementKind::F32, 0)))
    return failure();
  return node.setResult(toIndices(node, joinAlong(node, indices, *axis)), ElementKind::I64, 1);
}

/// The value moved by `distance` positions along an axis, zeros behind.
static Value shifted(Node &node, Value value, int64_t axis, int64_t distance, bool towardsStart) {
  Shape shape = shapeOf(value).vec(), none(shape.size(), 0), ones(shape.size(), 1);
  Shape begin = none, size = shape, low = none, high = none;
  begin[axis] = towardsStart ? distance : 0;
  size[axis] -= distance;
  (towardsStart ? high : low)[axis] = distance;
  Value kept = buildSlice(node.builder, node.loc, value, begin, size, ones);
  return buildPad(node.builder, node.loc, kept, low, high, 0.0);
}

/// CumSum: sums over 1, 2, 4, ... positions, each of two of the half length.
static LogicalResult convertCumSum(Node &node) {
  if (failed(node.expectInputs(2, 2)))
    return failure();
  ElementKind kind = node.input(0).kind;
  if (!isFloat(kind) && kind != ElementKind::I32 && kind != ElementKind::I64)
    return node.error() << "its input has element type " << elementName(kind)
                        << ", supported is float, int32 and int64";
  FailureOr<std::vector<int64_t>> given = node.constantInts(1, "axis");
  if (failed(given) || given->size() != 1)
    return failed(given) ? failure() : LogicalResult(node.error() << "has no single axis");
  Shape shape = node.input(0).shape;
  FailureOr<int64_t> axis = node.normalizeAxis(given->front(), shape.size());
  if (failed(axis))
    return failure();
  bool reverse = node.intAttribute("reverse", 0) != 0;
  int64_t length = shape[*axis];
  Value sum = node.value(0);
  for (int64_t distance = 1; distance < length; distance *= 2) {
    Value other = shifted(node, sum, *axis, distance, reverse);
    sum = buildElementwise(node.builder, node.loc, {sum, other}, shape,
                           elementType(node.builder.getContext(), kind),
                           [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                             if (isFloat(kind))
                               return arith::AddFOp::create(b, loc, args[0], args[1]);
                             return arith::AddIOp::create(b, loc, args[0], args[1]);
                           });
  }
  if (node.intAttribute("exclusive", 0) == 0)
    return node.setResult(sum, kind);
  if (length == 1) // nothing is left to sum
    return node.setResult(HostTensor::splat(graphKind(kind), shape, 0.0));
  return node.setResult(shifted(node, sum, *axis, 1, reverse), kind);
}

ArrayRef<OpEntry> orderOps() {
  static const OpEntry table[] = {{"", "ArgMax", 1, convertArg<true>},
                                  {"", "ArgMin", 1, convertArg<false>},
                                  {"", "TopK", 1, convertTopK},
                                  {"", "CumSum", 11, convertCumSum}};
  return table;
}

} // namespace cimc::frontend
