//===- Gather.cpp - Selecting by indices -----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All three gathers read rows of a two-dimensional table. Gather brings its axis to the front;
// GatherElements and GatherND compute the number of the row from one index per dimension.
//
//===--------------------------------------------------------------------------===//

#include "OpTable.h"
#include "Positions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <climits>

using namespace mlir;

namespace cimc::frontend {

/// Reports indices that no gather can take.
static LogicalResult checkIndices(Node &node, int64_t positions) {
  ElementKind kind = node.input(1).kind;
  if (kind != ElementKind::I32 && kind != ElementKind::I64)
    return node.error() << "its indices have element type " << elementName(kind)
                        << ", must be int32 or int64";
  if (positions == 0 || elementCount(node.input(1).shape) == 0)
    return node.error() << "selects " << printShape(node.input(1).shape) << " of "
                        << printShape(node.input(0).shape) << " positions, neither may be empty";
  if (positions > INT_MAX)
    return node.error() << "selects among " << positions << " positions, at most " << INT_MAX
                        << " are supported";
  return success();
}

/// Constant indices as positions among `size`, or an error.
static LogicalResult wrapIndices(Node &node, std::vector<int64_t> &indices, int64_t size,
                                 int64_t axis) {
  for (int64_t &index : indices) {
    if (index < -size || index >= size)
      return node.error() << "takes position " << index << " of " << size << " positions on axis "
                          << axis;
    index = index < 0 ? index + size : index;
  }
  return success();
}

//===--------------------------------------------------------------------------===//
// Gather
//===--------------------------------------------------------------------------===//

/// The shape with `axis` replaced by the dimensions of the indices.
static Shape replacedAxis(const Shape &input, int64_t axis, const Shape &indices) {
  Shape shape(input.begin(), input.begin() + axis);
  shape.insert(shape.end(), indices.begin(), indices.end());
  shape.insert(shape.end(), input.begin() + axis + 1, input.end());
  return shape;
}

/// Gather with known indices.
static LogicalResult gatherKnown(Node &node, std::vector<int64_t> indices, int64_t axis) {
  TensorValue &input = node.input(0);
  Shape indexShape = node.input(1).shape;
  if (failed(wrapIndices(node, indices, input.shape[axis], axis)))
    return failure();
  if (input.constant)
    return node.setResult(input.constant->gathered(
        HostTensor::fromInts(ElementKind::I64, indexShape, indices), axis));
  if (indices.empty())
    return node.error() << "takes no position";
  Value result = takePositions(node, node.value(0), axis, indices);
  return node.setResult(
      buildReshape(node.builder, node.loc, result, replacedAxis(input.shape, axis, indexShape)),
      input.kind);
}

/// The input as a table `1 x K x C` of the positions on `axis`; a constant is laid out here and
/// now.
static Value tableAlong(Node &node, int64_t axis, const SmallVector<int64_t> &perm) {
  TensorValue &input = node.input(0);
  Shape table = {1, input.shape[axis], elementCount(input.shape) / input.shape[axis]};
  if (input.constant)
    return makeConstant(node.builder, node.loc,
                        input.constant->transposed({perm.begin(), perm.end()}).reshaped(table),
                        node.info.inputs[0]);
  Value rows = buildTranspose(node.builder, node.loc, node.value(0), perm);
  return buildReshape(node.builder, node.loc, rows, table);
}

/// Gather with indices that are data.
static LogicalResult gatherData(Node &node, int64_t axis) {
  TensorValue &input = node.input(0);
  Shape indexShape = node.input(1).shape;
  if (failed(checkIndices(node, input.shape[axis])))
    return failure();
  SmallVector<int64_t> perm{axis};
  for (int64_t d = 0; d < input.rank(); ++d)
    if (d != axis)
      perm.push_back(d);
  Value indices = buildPositions(node, node.value(1), input.shape[axis]);
  Value rows = buildGather(node, tableAlong(node, axis, perm), indices);
  Shape gathered = indexShape;
  for (int64_t d : ArrayRef<int64_t>(perm).drop_front())
    gathered.push_back(input.shape[d]);
  rows = buildReshape(node.builder, node.loc, rows, gathered);
  // The dimensions before the axis go back to the front.
  SmallVector<int64_t> back;
  int64_t picks = indexShape.size();
  for (int64_t d = 0; d < static_cast<int64_t>(gathered.size()); ++d)
    back.push_back(d < axis ? picks + d : d < axis + picks ? d - axis : d);
  return node.setResult(buildTranspose(node.builder, node.loc, rows, back), input.kind);
}

static LogicalResult convertGather(Node &node) {
  if (failed(node.expectInputs(2, 2)))
    return failure();
  FailureOr<int64_t> axis = node.normalizeAxis(node.intAttribute("axis", 0), node.input(0).rank());
  if (failed(axis))
    return failure();
  if (!node.constant(1))
    return gatherData(node, *axis);
  FailureOr<std::vector<int64_t>> indices = node.constantInts(1, "indices");
  return failed(indices) ? failure() : gatherKnown(node, *indices, *axis);
}

//===--------------------------------------------------------------------------===//
// One index per dimension
//===--------------------------------------------------------------------------===//

static Value addIntegers(Node &node, Value a, Value b, int64_t factor) {
  return buildElementwise(
      node.builder, node.loc, {a, b}, shapeOf(a).vec(), node.builder.getI32Type(),
      [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
        Value scale = scalarConstant(nested, loc, args[0].getType(), factor);
        return arith::AddIOp::create(nested, loc, args[0],
                                     arith::MulIOp::create(nested, loc, args[1], scale));
      });
}

/// A constant of type i32 and shape `shape` whose element at an index is the sum of `strides` times
/// the index.
static Value makeOffsets(Node &node, const Shape &shape, const Shape &strides) {
  std::vector<int64_t> values;
  Shape own = rowMajorStrides(shape);
  for (int64_t i = 0, end = elementCount(shape); i < end; ++i) {
    int64_t offset = 0;
    for (size_t d = 0; d < shape.size(); ++d)
      offset += i / own[d] % shape[d] * strides[d];
    values.push_back(offset);
  }
  return makeConstant(node.builder, node.loc, HostTensor::fromInts(ElementKind::I32, shape, values),
                      "offsets");
}

static LogicalResult convertGatherElements(Node &node) {
  if (failed(node.expectInputs(2, 2)))
    return failure();
  TensorValue &input = node.input(0);
  Shape shape = node.input(1).shape;
  int64_t rank = input.rank(), count = elementCount(input.shape);
  FailureOr<int64_t> axis = node.normalizeAxis(node.intAttribute("axis", 0), rank);
  if (failed(axis) || failed(checkIndices(node, count)))
    return failure();
  bool fits = static_cast<int64_t>(shape.size()) == rank;
  for (int64_t d = 0; d < rank && fits; ++d)
    fits = d == *axis || shape[d] <= input.shape[d];
  if (!fits)
    return node.error() << "its indices of shape " << printShape(shape)
                        << " do not fit an input of shape " << printShape(input.shape);
  Shape strides = rowMajorStrides(input.shape);
  int64_t along = strides[*axis];
  strides[*axis] = 0;
  Value rows = addIntegers(node, makeOffsets(node, shape, strides),
                           buildPositions(node, node.value(1), input.shape[*axis]), along);
  Value table = buildReshape(node.builder, node.loc, node.value(0), {1, count, 1});
  return node.setResult(buildReshape(node.builder, node.loc, buildGather(node, table, rows), shape),
                        input.kind);
}

/// Numbers of rows from tuples of indices along the last dimension: `batch x picks`.
static Value numberRows(Node &node, const Shape &input, int64_t batchDims, int64_t depth) {
  Shape shape = node.input(1).shape;
  shape.pop_back();
  int64_t batch = elementCount(Shape(shape.begin(), shape.begin() + batchDims)),
          picks = elementCount(shape) / batch;
  Shape indexed(input.begin(), input.begin() + batchDims + depth);
  Shape strides = rowMajorStrides(indexed);
  int64_t perBatch = elementCount(Shape(indexed.begin() + batchDims, indexed.end()));
  Value rows = makeOffsets(node, {batch, picks}, {perBatch, 0});
  Value indices = buildReshape(node.builder, node.loc, node.value(1), {batch, picks, depth});
  for (int64_t d = 0; d < depth; ++d) {
    Value column =
        buildSlice(node.builder, node.loc, indices, {0, 0, d}, {batch, picks, 1}, {1, 1, 1});
    column = buildReshape(node.builder, node.loc, column, {batch, picks});
    rows = addIntegers(node, rows, buildPositions(node, column, indexed[batchDims + d]),
                       strides[batchDims + d]);
  }
  return rows;
}

static LogicalResult convertGatherND(Node &node) {
  if (failed(node.expectInputs(2, 2)))
    return failure();
  TensorValue &input = node.input(0);
  const Shape &indices = node.input(1).shape;
  int64_t batchDims = node.intAttribute("batch_dims", 0),
          depth = indices.empty() ? 0 : indices.back();
  if (failed(checkIndices(node, elementCount(input.shape))))
    return failure();
  bool fits = batchDims >= 0 && batchDims < static_cast<int64_t>(indices.size()) &&
              batchDims < input.rank() && depth >= 1 && depth <= input.rank() - batchDims &&
              std::equal(indices.begin(), indices.begin() + batchDims, input.shape.begin());
  if (!fits)
    return node.error() << "its indices of shape " << printShape(indices) << " with " << batchDims
                        << " batch dimensions do not fit an input of shape "
                        << printShape(input.shape);
  Shape rest(input.shape.begin() + batchDims + depth, input.shape.end());
  int64_t inner = elementCount(rest), rows = elementCount(input.shape) / inner;
  Value table = buildReshape(node.builder, node.loc, node.value(0), {1, rows, inner});
  Value result = buildGather(node, table, numberRows(node, input.shape, batchDims, depth));
  Shape shape(indices.begin(), indices.end() - 1);
  shape.insert(shape.end(), rest.begin(), rest.end());
  return node.setResult(buildReshape(node.builder, node.loc, result, shape), input.kind);
}

ArrayRef<OpEntry> gatherOps() {
  static const OpEntry table[] = {{"", "Gather", 1, convertGather},
                                  {"", "GatherElements", 11, convertGatherElements},
                                  {"", "GatherND", 11, convertGatherND}};
  return table;
}

} // namespace cimc::frontend
