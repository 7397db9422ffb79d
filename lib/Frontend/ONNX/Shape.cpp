//===- Shape.cpp - Data movement ---------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that move data without computing. On constants they are carried out at import, so that shape
// arithmetic disappears and weights arrive in the form their layer wants.
//
//===--------------------------------------------------------------------------===//

#include "Layers.h"
#include "OpTable.h"
#include "Positions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <climits>
#include <numeric>

using namespace mlir;

namespace cimc::frontend {

/// Gives result 0 the input's data with another shape.
static LogicalResult setReshaped(Node &node, const Shape &shape) {
  TensorValue &input = node.input(0);
  if (input.constant)
    return node.setResult(input.constant->reshaped(shape));
  if (input.dequantized && input.dequantized->axis < 0) {
    TensorValue result = input;
    result.value = {};
    result.shape = shape;
    result.dequantized = input.dequantized->reshaped(shape, -1);
    return node.setResult(std::move(result));
  }
  return node.setResult(buildReshape(node.builder, node.loc, node.value(0), shape), input.kind);
}

static LogicalResult convertIdentity(Node &node) {
  if (failed(node.expectInputs(1, 3)))
    return failure();
  TensorValue copy = node.input(0);
  return node.setResult(std::move(copy));
}

//===--------------------------------------------------------------------------===//
// Shapes
//===--------------------------------------------------------------------------===//

static LogicalResult convertReshape(Node &node) {
  if (failed(node.expectInputs(1, 2)))
    return failure();
  bool present = false;
  FailureOr<std::vector<int64_t>> wanted = node.intsFromAttributeOrInput("shape", 1, present);
  if (failed(wanted))
    return failure();
  const Shape &input = node.input(0).shape;
  Shape shape = *wanted;
  int64_t known = 1, open = -1, count = elementCount(input);
  bool allowZero = node.intAttribute("allowzero", 0) != 0;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 0 && !allowZero) {
      if (d >= input.size())
        return node.error() << "its shape copies dimension " << d << " of an input of shape "
                            << printShape(input);
      shape[d] = input[d];
    }
    if (shape[d] < -1 || (shape[d] == -1 && open >= 0))
      return node.error() << "its shape " << printShape(*wanted) << " is not valid";
    if (shape[d] == -1)
      open = d;
    else if (shape[d] != 0 && known > count / shape[d])
      known = count + 1; // too large already, and must not overflow
    else
      known *= shape[d];
  }
  if (open >= 0 && known > 0 && count % known == 0)
    shape[open] = count / known, known = count;
  if (known != count || llvm::is_contained(shape, -1))
    return node.error() << "its shape " << printShape(*wanted) << " does not fit an input of shape "
                        << printShape(input);
  return setReshaped(node, shape);
}

static LogicalResult convertFlatten(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  const Shape &input = node.input(0).shape;
  int64_t axis = node.intAttribute("axis", 1), rank = input.size();
  if (axis < -rank || axis > rank)
    return node.error() << "axis " << axis << " is outside the " << rank
                        << " dimensions of its input";
  axis = axis < 0 ? axis + rank : axis;
  return setReshaped(node, {elementCount(Shape(input.begin(), input.begin() + axis)),
                            elementCount(Shape(input.begin() + axis, input.end()))});
}

static LogicalResult convertSqueeze(Node &node) {
  if (failed(node.expectInputs(1, 2)))
    return failure();
  bool present = false;
  FailureOr<std::vector<int64_t>> axes = node.intsFromAttributeOrInput("axes", 1, present);
  if (failed(axes))
    return failure();
  const Shape &input = node.input(0).shape;
  std::vector<bool> drop(input.size(), false);
  for (size_t d = 0; d < input.size() && !present; ++d)
    drop[d] = input[d] == 1;
  for (int64_t axis : *axes) {
    FailureOr<int64_t> normal = node.normalizeAxis(axis, input.size());
    if (failed(normal))
      return failure();
    if (input[*normal] != 1)
      return node.error() << "removes dimension " << *normal << " of size " << input[*normal]
                          << ", its size must be 1";
    drop[*normal] = true;
  }
  Shape shape;
  for (size_t d = 0; d < input.size(); ++d)
    if (!drop[d])
      shape.push_back(input[d]);
  return setReshaped(node, shape);
}

static LogicalResult convertUnsqueeze(Node &node) {
  if (failed(node.expectInputs(1, 2)))
    return failure();
  bool present = false;
  FailureOr<std::vector<int64_t>> axes = node.intsFromAttributeOrInput("axes", 1, present);
  if (failed(axes))
    return failure();
  const Shape &input = node.input(0).shape;
  size_t rank = input.size() + axes->size();
  std::vector<bool> inserted(rank, false);
  for (int64_t axis : *axes) {
    FailureOr<int64_t> normal = node.normalizeAxis(axis, rank);
    if (failed(normal))
      return failure();
    if (inserted[*normal])
      return node.error() << "inserts dimension " << *normal << " twice";
    inserted[*normal] = true;
  }
  Shape shape;
  auto next = input.begin();
  for (size_t d = 0; d < rank; ++d)
    shape.push_back(inserted[d] ? 1 : *next++);
  return setReshaped(node, shape);
}

static LogicalResult convertTranspose(Node &node) {
  if (failed(node.expectInputs(1, 1)))
    return failure();
  TensorValue &input = node.input(0);
  int64_t rank = input.rank();
  std::vector<int64_t> perm = node.intsAttribute("perm");
  for (int64_t d = 0; d < rank && !node.hasAttribute("perm"); ++d)
    perm.push_back(rank - 1 - d);
  std::vector<int64_t> sorted = perm;
  llvm::sort(sorted);
  for (int64_t d = 0; d < rank; ++d)
    if (static_cast<int64_t>(sorted.size()) != rank || sorted[d] != d)
      return node.error() << "attribute 'perm' is no permutation of the " << rank
                          << " dimensions of its input";
  if (input.constant)
    return node.setResult(input.constant->transposed(perm));
  if (input.dequantized) {
    TensorValue result = input;
    result.value = {};
    result.dequantized = input.dequantized->transposed(perm);
    result.shape = result.dequantized->data.shape();
    return node.setResult(std::move(result));
  }
  return node.setResult(buildTranspose(node.builder, node.loc, node.value(0), perm), input.kind);
}

static LogicalResult convertExpand(Node &node) {
  if (failed(node.expectInputs(2, 2)))
    return failure();
  FailureOr<std::vector<int64_t>> wanted = node.constantInts(1, "shape");
  if (failed(wanted))
    return failure();
  Shape shape;
  bool positive = llvm::all_of(*wanted, [](int64_t dim) { return dim > 0 && dim < INT_MAX; });
  if (!positive || !broadcastShapes(node.input(0).shape, *wanted, shape))
    return node.error() << "its shape " << printShape(*wanted) << " does not fit an input of shape "
                        << printShape(node.input(0).shape);
  int64_t count = 1;
  for (int64_t dim : shape) {
    if (count > (int64_t(1) << 31) / dim)
      return node.error() << "its result of shape " << printShape(shape) << " is too large";
    count *= dim;
  }
  if (const HostTensor *constant = node.constant(0))
    return node.setResult(constant->broadcast(shape));
  return node.setResult(buildBroadcast(node, node.value(0), shape), node.input(0).kind);
}

//===--------------------------------------------------------------------------===//
// Joining and cutting
//===--------------------------------------------------------------------------===//

static LogicalResult convertConcat(Node &node) {
  if (failed(node.expectInputs(1, SIZE_MAX)))
    return failure();
  Shape first = node.input(0).shape;
  FailureOr<int64_t> axis =
      node.normalizeAxis(node.intAttribute("axis", node.opset() < 4 ? 1 : 0), first.size());
  if (failed(axis))
    return failure();
  Shape result = first;
  result[*axis] = 0;
  for (size_t i = 0; i < node.inputCount(); ++i) {
    if (!node.hasInput(i))
      return node.error() << "its input " << i << " is left out";
    Shape shape = node.input(i).shape, expected = first;
    bool sameRank = shape.size() == first.size();
    if (sameRank)
      expected[*axis] = shape[*axis];
    if (!sameRank || shape != expected || node.input(i).kind != node.input(0).kind)
      return node.error() << "its inputs of shape " << printShape(first) << " ("
                          << elementName(node.input(0).kind) << ") and " << printShape(shape)
                          << " (" << elementName(node.input(i).kind) << ") do not join on axis "
                          << *axis;
    result[*axis] += shape[*axis];
  }
  if (node.allConstant()) {
    std::vector<HostTensor> parts;
    for (size_t i = 0; i < node.inputCount(); ++i)
      parts.push_back(*node.constant(i));
    return node.setResult(HostTensor::concat(parts, *axis));
  }
  SmallVector<Value> values;
  for (size_t i = 0; i < node.inputCount(); ++i)
    if (node.input(i).shape[*axis] != 0)
      values.push_back(node.value(i));
  return node.setResult(buildConcat(node, values, *axis), node.input(0).kind);
}

/// Gives result `index` the part of the input that a slice selects.
static LogicalResult setSliced(Node &node, const Shape &begin, const Shape &size, const Shape &step,
                               size_t index) {
  TensorValue &input = node.input(0);
  if (input.constant)
    return node.setResult(input.constant->sliced(begin, size, step), index);
  // A step backwards is a slice turned round.
  Shape first = begin, stride = step;
  for (size_t d = 0; d < step.size(); ++d)
    if (step[d] < 0) {
      first[d] = begin[d] + (size[d] - 1) * step[d];
      stride[d] = -step[d];
    }
  Value result = buildSlice(node.builder, node.loc, node.value(0), first, size, stride);
  for (size_t d = 0; d < step.size(); ++d)
    if (step[d] < 0)
      result = buildReverse(node, result, d);
  return node.setResult(result, input.kind, index);
}

static LogicalResult convertSplit(Node &node) {
  if (failed(node.expectInputs(1, 2)))
    return failure();
  Shape shape = node.input(0).shape;
  FailureOr<int64_t> axis = node.normalizeAxis(node.intAttribute("axis", 0), shape.size());
  if (failed(axis))
    return failure();
  bool present = false;
  FailureOr<std::vector<int64_t>> parts = node.intsFromAttributeOrInput("split", 1, present);
  if (failed(parts))
    return failure();
  int64_t total = shape[*axis], outputs = node.outputCount();
  if (!present) {
    int64_t chunk = (total + outputs - 1) / outputs;
    if (node.opset() < 18 && total % outputs != 0)
      return node.error() << "cannot split " << total << " positions into " << outputs
                          << " equal parts";
    for (int64_t i = 0; i < outputs; ++i)
      parts->push_back(std::max<int64_t>(0, std::min(chunk, total - i * chunk)));
  }
  if (static_cast<int64_t>(parts->size()) != outputs)
    return node.error() << "names " << parts->size() << " parts, but has " << outputs << " outputs";
  Shape begin(shape.size(), 0), step(shape.size(), 1), size = shape;
  for (int64_t i = 0; i < outputs; ++i) {
    int64_t part = (*parts)[i];
    if (part < 0 || part > total - begin[*axis])
      return node.error() << "its parts do not add up to the " << total
                          << " positions of its input";
    size[*axis] = part;
    if (failed(setSliced(node, begin, size, step, i)))
      return failure();
    begin[*axis] += part;
  }
  return begin[*axis] == total ? success()
                               : node.error() << "its parts do not add up to the " << total
                                              << " positions of its input";
}

namespace {
/// The arguments of Slice.
struct SliceArguments {
  std::vector<int64_t> starts, ends, axes, steps;
};
} // namespace

static FailureOr<SliceArguments> readSlice(Node &node) {
  SliceArguments args;
  bool fromInputs = node.opset() >= 10;
  auto read = [&](const char *name, size_t index, std::vector<int64_t> &out) -> FailureOr<bool> {
    bool present = fromInputs ? node.hasInput(index) : node.hasAttribute(name);
    if (!present)
      return false;
    FailureOr<std::vector<int64_t>> values =
        fromInputs ? node.constantInts(index, name) : node.intsAttribute(name);
    if (failed(values))
      return failure();
    out = *values;
    return true;
  };
  FailureOr<bool> starts = read("starts", 1, args.starts), ends = read("ends", 2, args.ends),
                  axes = read("axes", 3, args.axes);
  FailureOr<bool> steps = fromInputs ? read("steps", 4, args.steps) : FailureOr<bool>(false);
  if (failed(starts) || failed(ends) || failed(axes) || failed(steps))
    return failure();
  for (size_t i = 0; i < args.starts.size() && !*axes; ++i)
    args.axes.push_back(i);
  if (!*steps)
    args.steps.assign(args.starts.size(), 1);
  if (args.ends.size() != args.starts.size() || args.axes.size() != args.starts.size() ||
      args.steps.size() != args.starts.size())
    return node.error() << "its starts, ends, axes and steps have different lengths";
  return args;
}

static LogicalResult convertSlice(Node &node) {
  if (failed(node.expectInputs(1, 5)))
    return failure();
  FailureOr<SliceArguments> args = readSlice(node);
  if (failed(args))
    return failure();
  Shape size = node.input(0).shape, begin(size.size(), 0), step(size.size(), 1);
  for (size_t i = 0; i < args->starts.size(); ++i) {
    FailureOr<int64_t> axis = node.normalizeAxis(args->axes[i], size.size());
    if (failed(axis))
      return failure();
    int64_t dim = node.input(0).shape[*axis], stride = args->steps[i];
    if (stride == 0 || stride == INT64_MIN)
      return node.error() << "has step " << stride << " in dimension " << *axis;
    // Beyond the ends, positions are clamped, as in numpy.
    auto clampTo = [&](int64_t position, int64_t low, int64_t high) {
      return std::clamp(position < 0 ? std::max(position, -dim - 1) + dim : position, low, high);
    };
    int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? dim : dim - 1;
    int64_t start = clampTo(args->starts[i], stride > 0 ? 0 : std::min<int64_t>(0, high), high);
    int64_t end = args->ends[i] < -dim && stride < 0
                      ? -1
                      : clampTo(args->ends[i], low, stride > 0 ? high : dim);
    int64_t span = stride > 0 ? end - start : start - end,
            magnitude = stride > 0 ? stride : -stride;
    begin[*axis] = start;
    step[*axis] = stride;
    size[*axis] = span > 0 ? (span - 1) / magnitude + 1 : 0;
    if (size[*axis] <= 1)
      step[*axis] = 1; // one position has no step
  }
  return setSliced(node, begin, size, step, 0);
}

/// The position that a padded dimension of size `size` repeats at `at`, by the mode of Pad.
static int64_t repeatedPosition(llvm::StringRef mode, int64_t at, int64_t size) {
  if (mode == "edge")
    return std::clamp<int64_t>(at, 0, size - 1);
  int64_t period = mode == "wrap" ? size : std::max<int64_t>(1, 2 * (size - 1));
  at = (at % period + period) % period;
  return mode == "reflect" && at >= size ? period - at : at;
}

/// What stands before the data, the data as they are, and what stands behind them.
static Value joinPadding(Node &node, Value value, int64_t axis, ArrayRef<int64_t> positions,
                         int64_t before, int64_t after) {
  if (before < 0 || after < 0)
    return takePositions(node, value, axis, positions);
  SmallVector<Value> parts;
  if (before > 0)
    parts.push_back(takePositions(node, value, axis, positions.take_front(before)));
  parts.push_back(value);
  if (after > 0)
    parts.push_back(takePositions(node, value, axis, positions.take_back(after)));
  return buildConcat(node, parts, axis);
}

/// Paddings that repeat the data, one dimension after another.
static LogicalResult padByRepeating(Node &node, llvm::StringRef mode, ArrayRef<int64_t> before,
                                    ArrayRef<int64_t> after) {
  TensorValue &input = node.input(0);
  TensorValue padded = input;
  for (size_t d = 0; d < before.size(); ++d) {
    int64_t size = input.shape[d];
    if (before[d] == 0 && after[d] == 0)
      continue;
    std::vector<int64_t> positions;
    for (int64_t at = -before[d]; at < size + after[d]; ++at)
      positions.push_back(repeatedPosition(mode, at, size));
    if (padded.constant) {
      int64_t count = positions.size();
      padded.constant =
          padded.constant->gathered(HostTensor::fromInts(ElementKind::I64, {count}, positions), d);
      padded.shape = padded.constant->shape();
      padded.value = {};
    } else {
      Value value = node.context.materialize(padded, node.loc, node.info.inputs[0]);
      padded.value = joinPadding(node, value, d, positions, before[d], after[d]);
      padded.shape = shapeOf(padded.value).vec();
      padded.dequantized.reset();
    }
  }
  return node.setResult(std::move(padded));
}

/// Reads the paddings of all dimensions.
static LogicalResult readPads(Node &node, Shape &before, Shape &after) {
  bool present = false;
  FailureOr<std::vector<int64_t>> pads = node.intsFromAttributeOrInput("pads", 1, present);
  if (failed(pads))
    return failure();
  const Shape &shape = node.input(0).shape;
  std::vector<int64_t> axes(shape.size());
  std::iota(axes.begin(), axes.end(), 0);
  if (node.hasInput(3)) {
    FailureOr<std::vector<int64_t>> given = node.constantInts(3, "axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  if (pads->size() != 2 * axes.size())
    return node.error() << "has " << pads->size() << " paddings, needs " << 2 * axes.size();
  before.assign(shape.size(), 0);
  after.assign(shape.size(), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    FailureOr<int64_t> axis = node.normalizeAxis(axes[i], shape.size());
    if (failed(axis))
      return failure();
    int64_t low = (*pads)[i], high = (*pads)[i + axes.size()], size = shape[*axis];
    if (std::max(low, high) > INT_MAX || std::min(low, high) < -size ||
        size + std::min<int64_t>(low, 0) + std::min<int64_t>(high, 0) < 1)
      return node.error() << "has paddings " << low << " and " << high << " on a dimension of size "
                          << size;
    before[*axis] = low;
    after[*axis] = high;
  }
  return success();
}

static LogicalResult convertPad(Node &node) {
  if (failed(node.expectInputs(1, 4)))
    return failure();
  std::string mode = node.stringAttribute("mode", "constant");
  Shape before, after;
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
    return node.unsupportedAttribute("mode", "'" + mode + "'", "constant, reflect, edge and wrap");
  if (failed(readPads(node, before, after)))
    return failure();
  if (mode != "constant")
    return padByRepeating(node, mode, before, after);
  double value = node.floatAttribute("value", 0.0f);
  if (node.hasInput(2)) {
    const HostTensor *constant = node.constant(2);
    if (!constant || constant->count() != 1)
      return node.error() << "its padding value must be a constant scalar";
    value = constant->asDouble(0);
  }
  // Negative paddings cut.
  TensorValue &input = node.input(0);
  Shape begin, size = input.shape, low, high;
  for (size_t d = 0; d < size.size(); ++d) {
    begin.push_back(std::max<int64_t>(0, -before[d]));
    size[d] += std::min<int64_t>(before[d], 0) + std::min<int64_t>(after[d], 0);
    low.push_back(std::max<int64_t>(0, before[d]));
    high.push_back(std::max<int64_t>(0, after[d]));
  }
  Value cut = buildSlice(node.builder, node.loc, node.value(0), begin, size, Shape(size.size(), 1));
  double shifted = input.kind == ElementKind::U8 ? value - 128 : value;
  return node.setResult(buildPad(node.builder, node.loc, cut, low, high, shifted), input.kind);
}

ArrayRef<OpEntry> shapeOps() {
  static const OpEntry table[] = {{"", "Identity", 1, convertIdentity},
                                  {"", "Dropout", 1, convertIdentity},
                                  {"", "Reshape", 1, convertReshape},
                                  {"", "Flatten", 1, convertFlatten},
                                  {"", "Squeeze", 1, convertSqueeze},
                                  {"", "Unsqueeze", 1, convertUnsqueeze},
                                  {"", "Transpose", 1, convertTranspose},
                                  {"", "Expand", 8, convertExpand},
                                  {"", "Concat", 1, convertConcat},
                                  {"", "Split", 1, convertSplit},
                                  {"", "Slice", 1, convertSlice},
                                  {"", "Pad", 2, convertPad}};
  return table;
}

} // namespace cimc::frontend
