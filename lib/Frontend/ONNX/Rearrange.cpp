//===- Rearrange.cpp - Repeating, masking and folding blocks ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Data movement beyond slices: tiles, blocks between channels and space, triangles, one-hot codes,
// and updates at known places. Everything is a reshape, a transpose, a broadcast or a select with a
// constant mask.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"
#include "OpTable.h"
#include "Positions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <climits>
#include <numeric>

using namespace mlir;

namespace cimc::frontend {

//===--------------------------------------------------------------------------===//
// Tile
//===--------------------------------------------------------------------------===//

static LogicalResult convertTile(Node &node) {
  if (failed(node.expectInputs(2, 2)))
    return failure();
  FailureOr<std::vector<int64_t>> repeats = node.constantInts(1, "repeats");
  if (failed(repeats))
    return failure();
  const Shape &shape = node.input(0).shape;
  if (repeats->size() != shape.size())
    return node.error() << "has " << repeats->size() << " repeats, needs " << shape.size();
  Shape split, spread, merged;
  int64_t count = std::max<int64_t>(1, elementCount(shape));
  for (auto [dim, repeat] : llvm::zip_equal(shape, *repeats)) {
    if (repeat < 1 || count > (int64_t(1) << 31) / repeat)
      return node.error() << "repeats a dimension " << repeat
                          << " times, must be at least once and give less than 2147483648 elements";
    count *= repeat;
    if (repeat > 1) {
      split.push_back(1);
      spread.push_back(repeat);
    }
    split.push_back(dim);
    spread.push_back(dim);
    merged.push_back(dim * repeat);
  }
  if (const HostTensor *constant = node.constant(0))
    return node.setResult(constant->reshaped(split).broadcast(spread).reshaped(merged));
  Value value = buildReshape(node.builder, node.loc, node.value(0), split);
  value = buildReshape(node.builder, node.loc, buildBroadcast(node, value, spread), merged);
  return node.setResult(value, node.input(0).kind);
}

//===--------------------------------------------------------------------------===//
// Blocks
//===--------------------------------------------------------------------------===//

/// Reshape, transpose, reshape.
static LogicalResult refold(Node &node, const Shape &split, ArrayRef<int64_t> perm,
                            const Shape &merged) {
  Value value = buildReshape(node.builder, node.loc, node.value(0), split);
  value = buildTranspose(node.builder, node.loc, value, perm);
  return node.setResult(buildReshape(node.builder, node.loc, value, merged), node.input(0).kind);
}

/// The block size, which must divide what it splits.
static FailureOr<int64_t> readBlock(Node &node, bool space) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  const Shape &shape = node.input(0).shape;
  int64_t block = node.intAttribute("blocksize", 0);
  if (shape.size() != 4)
    return node.error() << "its input has shape " << printShape(shape)
                        << ", must have 4 dimensions";
  bool fits =
      block >= 1 && block < 1 << 15 &&
      (space ? shape[2] % block == 0 && shape[3] % block == 0 : shape[1] % (block * block) == 0);
  if (!fits)
    return node.error() << "attribute 'blocksize' is " << block
                        << ", which does not divide its input of shape " << printShape(shape);
  return block;
}

static LogicalResult convertDepthToSpace(Node &node) {
  FailureOr<int64_t> block = readBlock(node, /*space=*/false);
  if (failed(block))
    return failure();
  std::string mode = node.stringAttribute("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    return node.unsupportedAttribute("mode", "'" + mode + "'", "DCR and CRD");
  const Shape &s = node.input(0).shape;
  int64_t b = *block, channels = s[1] / (b * b);
  Shape merged = {s[0], channels, s[2] * b, s[3] * b};
  if (mode == "DCR")
    return refold(node, {s[0], b, b, channels, s[2], s[3]}, {0, 3, 4, 1, 5, 2}, merged);
  return refold(node, {s[0], channels, b, b, s[2], s[3]}, {0, 1, 4, 2, 5, 3}, merged);
}

static LogicalResult convertSpaceToDepth(Node &node) {
  FailureOr<int64_t> block = readBlock(node, /*space=*/true);
  if (failed(block))
    return failure();
  const Shape &s = node.input(0).shape;
  int64_t b = *block, h = s[2] / b, w = s[3] / b;
  return refold(node, {s[0], s[1], h, b, w, b}, {0, 3, 5, 1, 2, 4}, {s[0], s[1] * b * b, h, w});
}

//===--------------------------------------------------------------------------===//
// Masks
//===--------------------------------------------------------------------------===//

static LogicalResult convertTrilu(Node &node) {
  if (failed(node.expectInputs(1, 2)))
    return failure();
  TensorValue &input = node.input(0);
  if (input.rank() < 2)
    return node.error() << "its input has shape " << printShape(input.shape)
                        << ", must have at least 2 dimensions";
  int64_t offset = 0, rows = input.shape[input.rank() - 2], columns = input.shape.back();
  if (node.hasInput(1)) {
    FailureOr<std::vector<int64_t>> k = node.constantInts(1, "k");
    if (failed(k) || k->size() != 1)
      return failed(k) ? failure() : LogicalResult(node.error() << "its k must be one integer");
    offset = std::clamp<int64_t>(k->front(), -rows, columns);
  }
  bool upper = node.intAttribute("upper", 1) != 0;
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < rows * columns; ++i) {
    int64_t distance = i % columns - i / columns;
    kept.push_back(upper ? distance >= offset : distance <= offset);
  }
  if (const HostTensor *constant = node.constant(0)) {
    // Position `count` of the extended data is zero.
    int64_t count = constant->count();
    HostTensor zero = HostTensor::splat(input.kind, {1}, 0);
    std::vector<int64_t> sources;
    for (int64_t i = 0; i < count; ++i)
      sources.push_back(kept[i % (rows * columns)] ? i : count);
    HostTensor all = HostTensor::concat({constant->reshaped({count}), zero}, 0);
    return node.setResult(
        all.gathered(HostTensor::fromInts(ElementKind::I64, input.shape, sources), 0));
  }
  Value mask =
      makeConstant(node.builder, node.loc,
                   HostTensor::fromInts(ElementKind::Bool, {rows, columns}, kept), "triangle");
  Type type = elementType(node.builder.getContext(), input.kind);
  double zero = input.kind == ElementKind::U8 ? -128 : 0;
  Value result =
      buildElementwise(node.builder, node.loc, {mask, node.value(0)}, input.shape, type,
                       [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                         return arith::SelectOp::create(b, loc, args[0], args[1],
                                                        scalarConstant(b, loc, type, zero));
                       });
  return node.setResult(result, input.kind);
}

/// Inputs: indices, depth, values (off, on). The new axis holds `on` at the index.
static LogicalResult convertOneHot(Node &node) {
  if (failed(node.expectInputs(3, 3)))
    return failure();
  const HostTensor *depthValue = node.constant(1);
  if (!depthValue || depthValue->count() != 1)
    return node.error() << "its depth ('" << node.info.inputs[1]
                        << "') must be one number that is known at import";
  int64_t depth = depthValue->asInt(0);
  TensorValue &indices = node.input(0), &values = node.input(2);
  if (values.shape != Shape{2} || depth < 1 || depth > INT_MAX)
    return node.error() << "its values have shape " << printShape(values.shape)
                        << " and its depth is " << depth << ", must be 2 values and at least 1";
  if (failed(expectElements(node, 0)))
    return failure();
  if (indices.kind == ElementKind::U8)
    return node.error() << "its indices have element type uint8, must be signed or float";
  FailureOr<int64_t> axis = node.normalizeAxis(node.intAttribute("axis", -1), indices.rank() + 1);
  if (failed(axis))
    return failure();
  Shape split = indices.shape, result = indices.shape, along(indices.rank() + 1, 1);
  split.insert(split.begin() + *axis, 1);
  result.insert(result.begin() + *axis, depth);
  along[*axis] = depth;
  std::vector<int64_t> numbers(depth);
  std::iota(numbers.begin(), numbers.end(), 0);
  Value codes = makeConstant(node.builder, node.loc,
                             HostTensor::fromInts(indices.kind, along, numbers), "codes");
  auto choice = [&](int64_t at) {
    return buildSlice(node.builder, node.loc, node.value(2), {at}, {1}, {1});
  };
  Value inputs[] = {buildReshape(node.builder, node.loc, node.value(0), split), codes, choice(0),
                    choice(1)};
  Value hot = buildElementwise(
      node.builder, node.loc, inputs, result, elementType(node.builder.getContext(), values.kind),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        // Indices below zero count from the end.
        Type type = args[0].getType();
        Value zero = scalarConstant(b, loc, type, 0),
              size = scalarConstant(b, loc, type, static_cast<double>(depth));
        bool real = isa<FloatType>(type);
        auto compare = [&](arith::CmpFPredicate f, arith::CmpIPredicate i, Value x,
                           Value y) -> Value {
          return real ? Value(arith::CmpFOp::create(b, loc, f, x, y))
                      : Value(arith::CmpIOp::create(b, loc, i, x, y));
        };
        Value negative =
            compare(arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt, args[0], zero);
        Value wrapped = real ? Value(arith::AddFOp::create(b, loc, args[0], size))
                             : Value(arith::AddIOp::create(b, loc, args[0], size));
        Value index = arith::SelectOp::create(b, loc, negative, wrapped, args[0]);
        Value hit = compare(arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq, index, args[1]);
        return arith::SelectOp::create(b, loc, hit, args[3], args[2]);
      });
  return node.setResult(hot, values.kind);
}

//===--------------------------------------------------------------------------===//
// Known places
//===--------------------------------------------------------------------------===//

/// Rows of the input, some of which are replaced: row i of the result is row i of the input, or row
/// `updates[i]` of the updates where that is not negative. Both are read as `inner` elements a row.
static LogicalResult replaceRows(Node &node, ArrayRef<int64_t> updates, int64_t inner) {
  TensorValue &input = node.input(0);
  int64_t rows = updates.size(), changes = elementCount(node.input(2).shape) / inner;
  SmallVector<int64_t> sources;
  for (int64_t i = 0; i < rows; ++i)
    sources.push_back(updates[i] < 0 ? i : rows + updates[i]);
  Value old = buildReshape(node.builder, node.loc, node.value(0), {rows, inner});
  Value fresh = buildReshape(node.builder, node.loc, node.value(2), {changes, inner});
  Value result = takePositions(node, buildConcat(node, {old, fresh}, 0), 0, sources);
  return node.setResult(buildReshape(node.builder, node.loc, result, input.shape), input.kind);
}

static LogicalResult checkScatter(Node &node) {
  if (failed(node.expectInputs(3, 3)))
    return failure();
  std::string reduction = node.stringAttribute("reduction", "none");
  if (reduction != "none")
    return node.unsupportedAttribute("reduction", "'" + reduction + "'", "'none'");
  if (node.input(2).kind != node.input(0).kind)
    return node.error() << "its updates have element type " << elementName(node.input(2).kind)
                        << ", its input " << elementName(node.input(0).kind)
                        << ", must be the same";
  if (elementCount(node.input(0).shape) == 0 || elementCount(node.input(2).shape) == 0)
    return node.error() << "its input and its updates must not be empty";
  return success();
}

static LogicalResult convertScatterElements(Node &node) {
  if (failed(checkScatter(node)))
    return failure();
  const Shape &shape = node.input(0).shape, &own = node.input(1).shape;
  FailureOr<int64_t> axis = node.normalizeAxis(node.intAttribute("axis", 0), shape.size());
  FailureOr<std::vector<int64_t>> indices = node.constantInts(1, "indices");
  if (failed(axis) || failed(indices))
    return failure();
  bool fits = own.size() == shape.size() && node.input(2).shape == own;
  for (size_t d = 0; d < shape.size() && fits; ++d)
    fits = static_cast<int64_t>(d) == *axis || own[d] <= shape[d];
  if (!fits)
    return node.error() << "its indices of shape " << printShape(own)
                        << " do not fit an input of shape " << printShape(shape);
  Shape strides = rowMajorStrides(shape), ownStrides = rowMajorStrides(own);
  SmallVector<int64_t> updates(elementCount(shape), -1);
  for (size_t i = 0; i < indices->size(); ++i) {
    int64_t index = (*indices)[i], row = 0;
    if (index < -shape[*axis] || index >= shape[*axis])
      return node.error() << "writes position " << index << " of " << shape[*axis]
                          << " positions on axis " << *axis;
    for (size_t d = 0; d < shape.size(); ++d)
      row += strides[d] * (static_cast<int64_t>(d) == *axis
                               ? (index < 0 ? index + shape[d] : index)
                               : static_cast<int64_t>(i) / ownStrides[d] % own[d]);
    updates[row] = i;
  }
  return replaceRows(node, updates, 1);
}

static LogicalResult convertScatterND(Node &node) {
  if (failed(checkScatter(node)))
    return failure();
  const Shape &shape = node.input(0).shape, &own = node.input(1).shape;
  FailureOr<std::vector<int64_t>> indices = node.constantInts(1, "indices");
  if (failed(indices))
    return failure();
  int64_t depth = own.empty() ? 0 : own.back();
  Shape expected = own;
  if (depth >= 1 && depth <= static_cast<int64_t>(shape.size())) {
    expected.pop_back();
    expected.insert(expected.end(), shape.begin() + depth, shape.end());
  }
  if (depth < 1 || depth > static_cast<int64_t>(shape.size()) || node.input(2).shape != expected)
    return node.error() << "its indices of shape " << printShape(own) << " and updates of shape "
                        << printShape(node.input(2).shape) << " do not fit an input of shape "
                        << printShape(shape);
  Shape indexed(shape.begin(), shape.begin() + depth);
  Shape strides = rowMajorStrides(indexed);
  SmallVector<int64_t> updates(elementCount(indexed), -1);
  for (size_t i = 0; i < indices->size(); i += depth) {
    int64_t row = 0;
    for (int64_t d = 0; d < depth; ++d) {
      int64_t index = (*indices)[i + d];
      if (index < -shape[d] || index >= shape[d])
        return node.error() << "writes position " << index << " of " << shape[d]
                            << " positions on axis " << d;
      row += strides[d] * (index < 0 ? index + shape[d] : index);
    }
    updates[row] = i / depth;
  }
  return replaceRows(node, updates, elementCount(Shape(shape.begin() + depth, shape.end())));
}

ArrayRef<OpEntry> rearrangeOps() {
  static const OpEntry table[] = {{"", "Tile", 6, convertTile},
                                  {"", "DepthToSpace", 1, convertDepthToSpace},
                                  {"", "SpaceToDepth", 1, convertSpaceToDepth},
                                  {"", "Trilu", 14, convertTrilu},
                                  {"", "OneHot", 9, convertOneHot},
                                  {"", "ScatterElements", 11, convertScatterElements},
                                  {"", "ScatterND", 11, convertScatterND}};
  return table;
}

} // namespace cimc::frontend
