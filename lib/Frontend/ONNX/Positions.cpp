//===- Positions.cpp - Taking positions of tensors -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A list of positions is cut greedily into runs with a constant step. Few runs are data movement
// that every target can do; many are a gather with constant indices.
//
//===--------------------------------------------------------------------------===//

#include "Positions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;

namespace cimc::frontend {

/// More runs than this are taken by one gather.
static constexpr size_t maxRuns = 16;

Value buildReverse(Node &node, Value input, int64_t axis) {
  if (shapeOf(input)[axis] == 1)
    return input;
  return tosa::ReverseOp::create(node.builder, node.loc, input.getType(), input,
                                 node.builder.getI32IntegerAttr(static_cast<int32_t>(axis)));
}

Value buildBroadcast(Node &node, Value input, const Shape &shape) {
  if (shapeOf(input) == ArrayRef<int64_t>(shape))
    return input;
  return buildElementwise(node.builder, node.loc, input, shape,
                          cast<RankedTensorType>(input.getType()).getElementType(),
                          [](OpBuilder &, Location, ValueRange args) { return args[0]; });
}

Value buildRepeat(Node &node, Value input, int64_t axis, int64_t count) {
  Shape shape = shapeOf(input).vec();
  shape.insert(shape.begin() + axis, 1);
  Value result = buildReshape(node.builder, node.loc, input, shape);
  shape[axis] = count;
  return buildBroadcast(node, result, shape);
}

Value buildConcat(Node &node, ArrayRef<Value> parts, int64_t axis) {
  if (parts.size() == 1)
    return parts.front();
  Shape shape = shapeOf(parts.front()).vec();
  shape[axis] = 0;
  for (Value part : parts)
    shape[axis] += shapeOf(part)[axis];
  return tosa::ConcatOp::create(node.builder, node.loc,
                                cast<RankedTensorType>(parts.front().getType()).clone(shape), parts,
                                node.builder.getI32IntegerAttr(static_cast<int32_t>(axis)));
}

//===--------------------------------------------------------------------------===//
// Known positions
//===--------------------------------------------------------------------------===//

namespace {
/// Positions first, first + step, ..., `count` of them.
struct Run {
  int64_t first, count, step;
};
} // namespace

static SmallVector<Run> findRuns(ArrayRef<int64_t> positions) {
  SmallVector<Run> runs;
  for (size_t at = 0; at < positions.size();) {
    Run run{positions[at], 1, 1};
    if (at + 1 < positions.size())
      run.step = positions[at + 1] - positions[at];
    while (at + run.count < positions.size() &&
           positions[at + run.count] == run.first + run.count * run.step)
      ++run.count;
    at += run.count;
    runs.push_back(run);
  }
  return runs;
}

static Value takeRun(Node &node, Value input, int64_t axis, Run run) {
  Shape size = shapeOf(input).vec(), begin(size.size(), 0), step(size.size(), 1);
  bool repeated = run.step == 0, backwards = run.step < 0;
  size[axis] = repeated ? 1 : run.count;
  begin[axis] = backwards ? run.first + (run.count - 1) * run.step : run.first;
  if (run.count > 1 && !repeated)
    step[axis] = backwards ? -run.step : run.step;
  Value part = buildSlice(node.builder, node.loc, input, begin, size, step);
  if (backwards)
    return buildReverse(node, part, axis);
  size[axis] = run.count;
  return buildBroadcast(node, part, size);
}

/// The largest r for which the positions are a list whose elements stand r times in a row each, or
/// (`whole`) a list that stands r times one behind the other.
static int64_t findRepeat(ArrayRef<int64_t> positions, bool whole) {
  int64_t count = positions.size();
  for (int64_t repeat = count; repeat > 1; --repeat) {
    if (count % repeat != 0)
      continue;
    bool fits = true;
    for (int64_t i = 0; i < count && fits; ++i)
      fits = positions[i] == positions[whole ? i % (count / repeat) : i / repeat * repeat];
    if (fits)
      return repeat;
  }
  return 1;
}

/// Repeats every position, or the whole axis, by a broadcast between two reshapes.
static Value repeatAlong(Node &node, Value input, int64_t axis, int64_t repeat, bool whole) {
  Value spread = buildRepeat(node, input, whole ? axis : axis + 1, repeat);
  Shape shape = shapeOf(input).vec();
  shape[axis] *= repeat;
  return buildReshape(node.builder, node.loc, spread, shape);
}

/// A gather with constant indices.
static Value gatherConstant(Node &node, Value input, int64_t axis, ArrayRef<int64_t> positions) {
  Shape shape = shapeOf(input).vec();
  SmallVector<int64_t> perm{axis}, back;
  for (int64_t d = 0; d < static_cast<int64_t>(shape.size()); ++d)
    if (d != axis)
      perm.push_back(d);
  for (int64_t d = 0; d < static_cast<int64_t>(shape.size()); ++d)
    back.push_back(d < axis ? d + 1 : d == axis ? 0 : d);
  int64_t count = positions.size();
  Value indices =
      makeConstant(node.builder, node.loc,
                   HostTensor::fromInts(ElementKind::I32, {count}, positions.vec()), "positions");
  Value table = buildTranspose(node.builder, node.loc, input, perm);
  table = buildReshape(node.builder, node.loc, table,
                       {1, shape[axis], elementCount(shape) / shape[axis]});
  Value rows = buildGather(node, table, indices);
  Shape result{count};
  for (int64_t d : ArrayRef<int64_t>(perm).drop_front())
    result.push_back(shape[d]);
  rows = buildReshape(node.builder, node.loc, rows, result);
  return buildTranspose(node.builder, node.loc, rows, back);
}

Value takePositions(Node &node, Value input, int64_t axis, ArrayRef<int64_t> positions) {
  SmallVector<Run> runs = findRuns(positions);
  if (runs.size() == 1)
    return takeRun(node, input, axis, runs.front());
  for (bool whole : {false, true}) {
    int64_t repeat = findRepeat(positions, whole), count = positions.size();
    if (repeat == 1)
      continue;
    SmallVector<int64_t> once;
    for (int64_t i = 0; i < count / repeat; ++i)
      once.push_back(positions[whole ? i : i * repeat]);
    return repeatAlong(node, takePositions(node, input, axis, once), axis, repeat, whole);
  }
  if (runs.size() > maxRuns)
    return gatherConstant(node, input, axis, positions);
  SmallVector<Value> parts;
  for (Run run : runs)
    parts.push_back(takeRun(node, input, axis, run));
  return buildConcat(node, parts, axis);
}

//===--------------------------------------------------------------------------===//
// Positions that are data
//===--------------------------------------------------------------------------===//

Value buildGather(Node &node, Value table, Value indices) {
  int64_t count = elementCount(shapeOf(indices).vec()), channels = shapeOf(table)[2];
  Value flat = buildReshape(node.builder, node.loc, indices, {1, count});
  auto type = cast<RankedTensorType>(table.getType()).clone({1, count, channels});
  return tosa::GatherOp::create(node.builder, node.loc, type, table, flat);
}

Value buildPositions(Node &node, Value indices, int64_t size) {
  Type narrow = node.builder.getI32Type();
  return buildElementwise(
      node.builder, node.loc, indices, shapeOf(indices).vec(), narrow,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value index = args[0];
        Type type = index.getType();
        Value zero = scalarConstant(b, loc, type, 0);
        Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, index, zero);
        Value fromEnd = arith::AddIOp::create(b, loc, index, scalarConstant(b, loc, type, size));
        index = arith::SelectOp::create(b, loc, negative, fromEnd, index);
        index = arith::MaxSIOp::create(b, loc, index, zero);
        index = arith::MinSIOp::create(b, loc, index, scalarConstant(b, loc, type, size - 1));
        return type == narrow ? index : Value(arith::TruncIOp::create(b, loc, narrow, index));
      });
}

} // namespace cimc::frontend
