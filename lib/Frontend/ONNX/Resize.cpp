//===- Resize.cpp - Resampling of images -----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Resampling is separable: along every axis each position of the result is a weighted sum of
// positions of the input, and the weights are known at import. Where each sum has one term the op
// is data movement; other axes become a product with a constant matrix, which is a weighted layer.
//
//===--------------------------------------------------------------------------===//

#include "Formula.h"
#include "Layers.h"
#include "OpTable.h"
#include "Positions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace cimc::frontend {

namespace {
enum class Mode { Nearest, Linear, Cubic };

/// The attributes and where the result lies.
struct Resize {
  Mode mode = Mode::Nearest;
  std::string coordinates, nearest;
  double cubicA = -0.75, extrapolation = 0;
  bool excludeOutside = false, antialias = false;
};

/// One axis that is resampled.
struct Axis {
  int64_t dim, input, output;
  double scale;
  double length; // input * scale, before it is rounded down
  double roiBegin = 0, roiEnd = 1;
};

/// The terms of one position of the result.
using Term = std::pair<int64_t, double>;
using Row = SmallVector<Term, 4>;

/// All positions along one axis; a row without terms lies outside of the input.
struct Resampling {
  Axis axis;
  std::vector<Row> rows;

  bool moves() const {
    return llvm::all_of(rows, [](const Row &row) { return row.size() == 1; });
  }
  bool leaves() const {
    return llvm::any_of(rows, [](const Row &row) { return row.empty(); });
  }
};
} // namespace

//===--------------------------------------------------------------------------===//
// Weights
//===--------------------------------------------------------------------------===//

/// The place in the input of position `x` of the result.
static double sourceOf(const Resize &resize, const Axis &axis, int64_t x) {
  double width = static_cast<double>(axis.input), at = static_cast<double>(x);
  const std::string &mode = resize.coordinates;
  if (mode == "align_corners")
    return axis.length == 1 ? 0 : at * (width - 1) / (axis.length - 1);
  if (mode == "asymmetric")
    return at / axis.scale;
  if (mode == "tf_crop_and_resize") {
    double span = (axis.roiEnd - axis.roiBegin) * (width - 1);
    return axis.roiBegin * (width - 1) +
           (axis.length == 1 ? span / 2 : at * span / (axis.length - 1));
  }
  if (mode == "pytorch_half_pixel" && axis.length == 1)
    return -0.5;
  double offset = 0;
  if (mode == "half_pixel_symmetric")
    offset = width / 2 * (1 - static_cast<double>(axis.output) / axis.length);
  return offset + (at + 0.5) / axis.scale - 0.5;
}

/// The interpolating kernel at distance `x`.
static double kernelAt(const Resize &resize, double x) {
  x = std::fabs(x);
  if (resize.mode == Mode::Linear)
    return std::max(0.0, 1 - x);
  double a = resize.cubicA;
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/// Position `at` itself, or its neighbour on the left (`ratio` 0) or right.
static int64_t nearestOf(const Resize &resize, double source) {
  double left = std::ceil(source) - 1, ratio = source - left; // in (0, 1]
  bool right = ratio == 1 || (resize.nearest == "round_prefer_floor"  ? ratio > 0.5
                              : resize.nearest == "round_prefer_ceil" ? ratio >= 0.5
                                                                      : resize.nearest == "ceil");
  return static_cast<int64_t>(left) + right;
}

static Row makeRow(const Resize &resize, const Axis &axis, int64_t x) {
  double source = sourceOf(resize, axis, x);
  if (resize.coordinates == "tf_crop_and_resize" &&
      (source < 0 || source > static_cast<double>(axis.input - 1)))
    return {};
  auto inside = [&](int64_t at) { return std::clamp<int64_t>(at, 0, axis.input - 1); };
  if (resize.mode == Mode::Nearest)
    return {{inside(nearestOf(resize, source)), 1.0}};
  // Antialiasing stretches the kernel over as many positions as the result leaves out.
  double shrink = resize.antialias ? std::min(axis.scale, 1.0) : 1.0;
  double reach = resize.mode == Mode::Linear ? 1 : 2;
  int64_t left = static_cast<int64_t>(std::ceil(source)) - 1;
  int64_t span = -static_cast<int64_t>(std::floor(-reach / shrink));
  Row row;
  double sum = 0;
  for (int64_t at = left - span + 1; at <= left + span; ++at) {
    double weight = kernelAt(resize, (static_cast<double>(at) - source) * shrink);
    if (weight == 0 || (resize.excludeOutside && at != inside(at)))
      continue;
    sum += weight;
    // The edge repeats outwards.
    if (!row.empty() && row.back().first == inside(at))
      row.back().second += weight;
    else
      row.push_back({inside(at), weight});
  }
  if (resize.antialias || resize.excludeOutside)
    for (Term &term : row)
      term.second /= sum;
  return row;
}

//===--------------------------------------------------------------------------===//
// Forms
//===--------------------------------------------------------------------------===//

/// The rows as a constant matrix `input x output`.
static HostTensor makeMatrix(const Resampling &axis) {
  int64_t rows = axis.axis.input, columns = axis.axis.output;
  std::vector<double> values(rows * columns, 0.0);
  for (auto [x, row] : llvm::enumerate(axis.rows))
    for (Term term : row)
      values[term.first * columns + x] += term.second;
  return HostTensor::fromDoubles(ElementKind::F32, {rows, columns}, values);
}

/// A product with a constant matrix along one axis.
static Value multiplyAlong(Node &node, Value value, const Resampling &axis) {
  Shape shape = shapeOf(value).vec();
  SmallVector<int64_t> perm;
  for (int64_t d = 0; d < static_cast<int64_t>(shape.size()); ++d)
    perm.push_back(d);
  std::swap(perm[axis.axis.dim], perm.back());
  value = buildTranspose(node.builder, node.loc, value, perm);
  Shape moved = shapeOf(value).vec();
  TensorValue weight;
  weight.constant = makeMatrix(axis);
  weight.shape = weight.constant->shape();
  Value flat = buildReshape(node.builder, node.loc, value,
                            {elementCount(moved) / moved.back(), moved.back()});
  Value product = buildDense(node, flat, weight, /*transposed=*/false, {}, "resize");
  moved.back() = axis.axis.output;
  return buildTranspose(node.builder, node.loc,
                        buildReshape(node.builder, node.loc, product, moved), perm);
}

static Value moveAlong(Node &node, Value value, const Resampling &axis, int64_t dim) {
  SmallVector<int64_t> positions;
  for (const Row &row : axis.rows)
    positions.push_back(row.front().first);
  return takePositions(node, value, dim, positions);
}

/// The whole factor by which every position is repeated, or 0.
static int64_t wholeFactor(const Resampling &axis) {
  int64_t factor = axis.axis.output / axis.axis.input;
  for (auto [x, row] : llvm::enumerate(axis.rows))
    if (row.front().first != static_cast<int64_t>(x) / std::max<int64_t>(factor, 1))
      return 0;
  return factor;
}

/// Repeats positions on all axes in one broadcast: `N x H x W x C` becomes `N x H x f x W x g x C`.
static Value repeatAll(Node &node, Value value, ArrayRef<int64_t> factors) {
  Shape split, spread, merged;
  for (auto [dim, factor] : llvm::zip_equal(shapeOf(value), factors)) {
    split.push_back(dim);
    spread.push_back(dim);
    merged.push_back(dim * factor);
    if (factor > 1) {
      split.push_back(1);
      spread.push_back(factor);
    }
  }
  value = buildReshape(node.builder, node.loc, value, split);
  return buildReshape(node.builder, node.loc, buildBroadcast(node, value, spread), merged);
}

/// Data movement on every axis. Images go through it with their channels last, as layers want them.
static Value moveAll(Node &node, Value value, ArrayRef<Resampling> axes) {
  int64_t rank = shapeOf(value).size();
  bool image = rank == 4 && llvm::all_of(axes, [](const Resampling &a) { return a.axis.dim >= 2; });
  int64_t shift = image ? 1 : 0;
  if (image)
    value = buildTranspose(node.builder, node.loc, value, {0, 2, 3, 1});
  SmallVector<int64_t> factors(rank, 1);
  bool whole = true;
  for (const Resampling &axis : axes)
    whole &= (factors[axis.axis.dim - shift] = wholeFactor(axis)) != 0;
  if (whole)
    value = repeatAll(node, value, factors);
  else
    for (const Resampling &axis : axes)
      value = moveAlong(node, value, axis, axis.axis.dim - shift);
  return image ? buildTranspose(node.builder, node.loc, value, {0, 3, 1, 2}) : value;
}

/// Adds the extrapolation value where any axis lies outside of the input; there the products are 0.
static Value addOutside(Node &node, Value value, ArrayRef<Resampling> axes, double extrapolation) {
  Shape shape = shapeOf(value).vec(), strides = rowMajorStrides(shape);
  if (extrapolation == 0 || llvm::none_of(axes, [](const Resampling &a) { return a.leaves(); }))
    return value;
  std::vector<double> values(elementCount(shape), 0.0);
  for (size_t i = 0; i < values.size(); ++i)
    for (const Resampling &axis : axes) {
      int64_t dim = axis.axis.dim, x = static_cast<int64_t>(i) / strides[dim] % shape[dim];
      if (axis.rows[x].empty())
        values[i] = extrapolation;
    }
  Value outside = makeConstant(node.builder, node.loc,
                               HostTensor::fromDoubles(ElementKind::F32, shape, values), "outside");
  return buildElementwise(node.builder, node.loc, {value, outside}, shape,
                          node.builder.getF32Type(),
                          [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                            return arith::AddFOp::create(b, loc, args[0], args[1]);
                          });
}

static LogicalResult resample(Node &node, const Resize &resize, ArrayRef<Axis> axes) {
  ElementKind kind = node.input(0).kind;
  std::vector<Resampling> moving, weighted;
  for (const Axis &axis : axes) {
    Resampling resampling{axis, {}};
    for (int64_t x = 0; x < axis.output; ++x)
      resampling.rows.push_back(makeRow(resize, axis, x));
    bool identity = resampling.moves() && axis.input == axis.output && wholeFactor(resampling) == 1;
    if (!identity)
      (resampling.moves() ? moving : weighted).push_back(std::move(resampling));
  }
  if (!weighted.empty() && failed(node.expectFloat(0)))
    return failure();
  Value value = node.value(0);
  // The smaller tensor is multiplied: products before repetitions.
  for (const Resampling &axis : weighted)
    value = multiplyAlong(node, value, axis);
  if (!moving.empty())
    value = moveAll(node, value, moving);
  return node.setResult(addOutside(node, value, weighted, resize.extrapolation), kind);
}

//===--------------------------------------------------------------------------===//
// Reading
//===--------------------------------------------------------------------------===//

static FailureOr<std::string> choice(Node &node, const char *name, const char *fallback,
                                     ArrayRef<const char *> supported) {
  std::string value = node.stringAttribute(name, fallback);
  if (llvm::is_contained(supported, llvm::StringRef(value)))
    return value;
  return node.unsupportedAttribute(name, "'" + value + "'",
                                   llvm::join(llvm::ArrayRef<const char *>(supported), ", "));
}

static FailureOr<Resize> readAttributes(Node &node) {
  FailureOr<std::string> mode = choice(node, "mode", "nearest", {"nearest", "linear", "cubic"});
  FailureOr<std::string> coordinates =
      choice(node, "coordinate_transformation_mode", "half_pixel",
             {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
              "asymmetric", "tf_crop_and_resize"});
  FailureOr<std::string> nearest =
      choice(node, "nearest_mode", "round_prefer_floor",
             {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  if (failed(mode) || failed(coordinates) || failed(nearest))
    return failure();
  Resize resize;
  resize.mode = *mode == "nearest" ? Mode::Nearest : *mode == "linear" ? Mode::Linear : Mode::Cubic;
  resize.coordinates = *coordinates;
  resize.nearest = *nearest;
  resize.cubicA = node.floatAttribute("cubic_coeff_a", -0.75f);
  resize.extrapolation = node.floatAttribute("extrapolation_value", 0.0f);
  resize.excludeOutside = node.intAttribute("exclude_outside", 0) != 0;
  resize.antialias = node.intAttribute("antialias", 0) != 0;
  return resize;
}

/// The numbers of a constant float input.
static FailureOr<std::vector<double>> constantFloats(Node &node, size_t index, const char *what,
                                                     size_t count) {
  const HostTensor *tensor = node.constant(index);
  if (!tensor)
    return node.error() << "its " << what << " ('" << node.info.inputs[index]
                        << "') must be known at import";
  if (static_cast<size_t>(tensor->count()) != count)
    return node.error() << "has " << tensor->count() << " " << what << ", needs " << count;
  std::vector<double> values;
  for (size_t i = 0; i < count; ++i)
    values.push_back(tensor->asDouble(i));
  return values;
}

/// Checks an output size and stores it.
static LogicalResult setOutput(Node &node, Axis &axis, double size) {
  if (!(size >= 1 && size < 2147483648.0))
    return node.error() << "resizes dimension " << axis.dim << " of size " << axis.input << " to "
                        << llvm::formatv("{0:F0}", size).str()
                        << " positions, at least 1 and less than 2147483648 are supported";
  axis.output = static_cast<int64_t>(size);
  return success();
}

static LogicalResult sizeByScales(Node &node, MutableArrayRef<Axis> axes, size_t input) {
  FailureOr<std::vector<double>> scales = constantFloats(node, input, "scales", axes.size());
  if (failed(scales))
    return failure();
  for (auto [axis, scale] : llvm::zip_equal(axes, *scales)) {
    axis.scale = scale;
    axis.length = scale * static_cast<double>(axis.input);
    if (failed(setOutput(node, axis, std::floor(axis.length))))
      return failure();
  }
  return success();
}

static LogicalResult sizeBySizes(Node &node, MutableArrayRef<Axis> axes) {
  FailureOr<std::string> policy =
      choice(node, "keep_aspect_ratio_policy", "stretch", {"stretch", "not_larger", "not_smaller"});
  FailureOr<std::vector<double>> sizes = constantFloats(node, 3, "sizes", axes.size());
  if (failed(policy) || failed(sizes))
    return failure();
  double common = 0;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    axis.scale = (*sizes)[i] / static_cast<double>(axis.input);
    axis.length = (*sizes)[i];
    bool first = i == 0, smaller = axis.scale < common;
    if (first || smaller == (*policy == "not_larger"))
      common = axis.scale;
  }
  for (Axis &axis : axes) {
    if (*policy != "stretch") {
      axis.scale = common;
      axis.length = common * static_cast<double>(axis.input);
    }
    if (failed(setOutput(node, axis, std::floor(axis.length + 0.5))))
      return failure();
  }
  return success();
}

/// The axes that the op names, all if it names none.
static FailureOr<SmallVector<Axis>> readAxes(Node &node) {
  if (failed(expectElements(node, 0)))
    return failure();
  const Shape &shape = node.input(0).shape;
  std::vector<int64_t> all(shape.size());
  std::iota(all.begin(), all.end(), 0);
  SmallVector<Axis> axes;
  for (int64_t dim : node.intsAttribute("axes", all)) {
    FailureOr<int64_t> normal = node.normalizeAxis(dim, shape.size());
    if (failed(normal))
      return failure();
    axes.push_back({*normal, shape[*normal], 0, 1, 0});
  }
  return axes;
}

/// Inputs: X, roi, scales, sizes; either of the last two.
static LogicalResult convertResize(Node &node) {
  if (failed(node.expectInputs(1, 4)))
    return failure();
  FailureOr<Resize> resize = readAttributes(node);
  FailureOr<SmallVector<Axis>> axes = readAxes(node);
  if (failed(resize) || failed(axes))
    return failure();
  bool scales = node.hasInput(2) && elementCount(node.input(2).shape) != 0;
  if (!scales && !node.hasInput(3))
    return node.error() << "has neither scales nor sizes";
  if (failed(scales ? sizeByScales(node, *axes, 2) : sizeBySizes(node, *axes)))
    return failure();
  if (resize->coordinates == "tf_crop_and_resize") {
    if (!node.hasInput(1))
      return node.error() << "has no roi, which tf_crop_and_resize needs";
    FailureOr<std::vector<double>> roi = constantFloats(node, 1, "roi", 2 * axes->size());
    if (failed(roi))
      return failure();
    for (auto [i, axis] : llvm::enumerate(*axes)) {
      axis.roiBegin = (*roi)[i];
      axis.roiEnd = (*roi)[i + axes->size()];
    }
  }
  return resample(node, *resize, *axes);
}

/// Version 10 of Resize and all of Upsample: scales only, positions divided and rounded down.
static LogicalResult convertUpsample(Node &node) {
  if (failed(node.expectInputs(1, 2)))
    return failure();
  FailureOr<std::string> mode = choice(node, "mode", "nearest", {"nearest", "linear"});
  FailureOr<SmallVector<Axis>> axes = readAxes(node);
  if (failed(mode) || failed(axes))
    return failure();
  Resize resize;
  resize.mode = *mode == "nearest" ? Mode::Nearest : Mode::Linear;
  resize.coordinates = "asymmetric";
  resize.nearest = "floor";
  if (node.hasInput(1))
    return failed(sizeByScales(node, *axes, 1)) ? failure() : resample(node, resize, *axes);
  const AttributeValue *scales = node.attribute("scales");
  if (!scales || scales->reals.size() != axes->size())
    return node.error() << "needs " << axes->size() << " scales";
  for (auto [axis, scale] : llvm::zip_equal(*axes, scales->reals)) {
    axis.scale = scale;
    axis.length = static_cast<double>(scale) * static_cast<double>(axis.input);
    if (failed(setOutput(node, axis, std::floor(axis.length))))
      return failure();
  }
  return resample(node, resize, *axes);
}

ArrayRef<OpEntry> resizeOps() {
  static const OpEntry table[] = {{"", "Upsample", 7, convertUpsample},
                                  {"", "Resize", 10, convertUpsample},
                                  {"", "Resize", 11, convertResize}};
  return table;
}

} // namespace cimc::frontend
