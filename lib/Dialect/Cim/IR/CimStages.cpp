//===- CimStages.cpp - Verifiers and folds of stages ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What must hold for each stage: formats, shapes, windows, lengths of per-channel constants. Each
// check names the limit and the actual value.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/IR/Cim.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace cimc;
using namespace cimc::cim;

//===--------------------------------------------------------------------------===//
// Common checks
//===--------------------------------------------------------------------------===//

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }
static Type elementOf(Value value) { return tensorOf(value).getElementType(); }
static bool isI8(Type type) { return type.isSignlessInteger(8); }
static bool isI32(Type type) { return type.isSignlessInteger(32); }

/// Checks that `value` is NHWC with batch 1 and rows along H.
static LogicalResult verifyMap(Operation *op, StringRef name, Value value) {
  RankedTensorType type = tensorOf(value);
  if (type.getRank() != 4 || type.getDimSize(0) != 1 || getRowAxis(type) != 1)
    return op->emitOpError() << name << " must be 1 x H x W x C with rows along dimension 1, is "
                             << type;
  return success();
}

static LogicalResult verifySameShape(Operation *op, Value input, Value result) {
  RankedTensorType from = tensorOf(input), to = tensorOf(result);
  if (from.getShape() != to.getShape() || from.getEncoding() != to.getEncoding())
    return op->emitOpError() << "input and result must have the same dimensions and row axis, are "
                             << from << " and " << to;
  return success();
}

static LogicalResult verifyElements(Operation *op, StringRef name, Value value, bool holds,
                                    StringRef expected) {
  if (!holds)
    return op->emitOpError() << name << " must have elements " << expected << ", has "
                             << elementOf(value);
  return success();
}

static LogicalResult verifyScale(Operation *op, StringRef name, const APFloat &scale) {
  if (!scale.isFinite() || scale.isZero() || scale.isNegative())
    return op->emitOpError() << name << " must be positive and finite, is "
                             << scale.convertToFloat();
  return success();
}

static LogicalResult verifyByte(Operation *op, StringRef name, int32_t value) {
  if (value < -128 || value > 127)
    return op->emitOpError() << name << " must be in -128 to 127, is " << value;
  return success();
}

static LogicalResult verifyClamp(Operation *op, ArrayRef<int32_t> clamp) {
  if (clamp.size() != 2 || clamp[0] < -128 || clamp[1] > 127 || clamp[0] > clamp[1]) {
    InFlightDiagnostic diag = op->emitOpError()
                              << "clamp must be two ascending values in -128 to 127, is [";
    llvm::interleaveComma(clamp, diag);
    return diag << "]";
  }
  return success();
}

/// Checks a list of per-channel constants of type `elementType`.
static LogicalResult verifyPerChannel(Operation *op, StringRef name, ElementsAttr values,
                                      Type elementType, int64_t channels) {
  if (values.getElementType() != elementType || values.getNumElements() != channels)
    return op->emitOpError() << name << " must be " << channels << " values of " << elementType
                             << ", one per channel, is " << values.getShapedType();
  return success();
}

/// Far beyond any network, and small enough for products of two numbers and a size to be exact.
constexpr int64_t kMaxWindow = int64_t(1) << 24;

/// Checks one direction of a window: sizes are positive and the window fits exactly into the padded
/// input.
static LogicalResult verifyExtent(Operation *op, StringRef name, int64_t size, int64_t result,
                                  int64_t kernel, int64_t stride, int64_t dilation, int64_t low,
                                  int64_t high) {
  if (kernel < 1 || stride < 1 || dilation < 1 || low < 0 || high < 0)
    return op->emitOpError()
           << "kernel, stride and dilation must be at least 1 and pad at least 0, " << name
           << " has " << kernel << ", " << stride << ", " << dilation << " and pad " << low << ", "
           << high;
  for (int64_t number : {kernel, stride, dilation, low, high})
    if (number > kMaxWindow)
      return op->emitOpError() << "kernel, stride, dilation and pad must be at most " << kMaxWindow
                               << ", " << name << " has " << number;
  int64_t slack = size + low + high - (kernel - 1) * dilation - 1;
  if (slack < 0)
    return op->emitOpError() << "the window must fit, " << name << " needs "
                             << (kernel - 1) * dilation + 1 << ", has " << size + low + high
                             << " with padding";
  if (slack % stride != 0)
    return op->emitOpError() << "the window must fit exactly, stride " << stride << " leaves over "
                             << slack % stride << " of " << name;
  if (result != slack / stride + 1)
    return op->emitOpError() << "result must have " << name << " " << slack / stride + 1 << ", has "
                             << result;
  return success();
}

/// Checks the window of a forward or pool stage. Both are maps already.
static LogicalResult verifyWindow(Operation *op, Value input, Value result,
                                  ArrayRef<int64_t> kernel, ArrayRef<int64_t> stride,
                                  ArrayRef<int64_t> dilation, ArrayRef<int64_t> pad) {
  if (kernel.size() != 2 || stride.size() != 2 || dilation.size() != 2 || pad.size() != 4)
    return op->emitOpError() << "kernel, stride and dilation must have 2 entries and pad 4, have "
                             << kernel.size() << ", " << stride.size() << ", " << dilation.size()
                             << " and " << pad.size();
  RankedTensorType from = tensorOf(input), to = tensorOf(result);
  if (failed(verifyExtent(op, "height", from.getDimSize(1), to.getDimSize(1), kernel[0], stride[0],
                          dilation[0], pad[0], pad[1])))
    return failure();
  return verifyExtent(op, "width", from.getDimSize(2), to.getDimSize(2), kernel[1], stride[1],
                      dilation[1], pad[2], pad[3]);
}

/// Checks that `axis` is a dimension of `type`.
static LogicalResult verifyAxis(Operation *op, int64_t axis, RankedTensorType type) {
  if (axis < 0 || axis >= type.getRank())
    return op->emitOpError() << "axis must be in 0 to " << type.getRank() - 1 << ", is " << axis;
  return success();
}

/// Checks that all `values` have the rank, row axis and element type of `type`.
static LogicalResult verifySameKind(Operation *op, ValueRange values, RankedTensorType type) {
  for (Value value : values)
    if (tensorOf(value).getRank() != type.getRank() ||
        tensorOf(value).getEncoding() != type.getEncoding() ||
        elementOf(value) != type.getElementType())
      return op->emitOpError() << "operands must have the result's rank, row axis and elements, "
                               << value.getType() << " against " << type;
  return success();
}

static LogicalResult verifyCount(Operation *op, StringRef name, size_t actual, size_t expected) {
  if (actual != expected)
    return op->emitOpError() << name << " must have " << expected
                             << " entries, one per dimension, has " << actual;
  return success();
}

//===--------------------------------------------------------------------------===//
// Weighted layers and pools
//===--------------------------------------------------------------------------===//

/// Checks the steps after the sums: i32 without a scale, else f32 or i8.
static LogicalResult verifyEpilogue(Operation *op, Value result, ElementsAttr bias,
                                    ElementsAttr scale, int32_t zeroPoint,
                                    ArrayRef<int32_t> clamp) {
  Builder builder(op->getContext());
  Type element = elementOf(result);
  int64_t channels = tensorOf(result).getShape().back();
  if (failed(scale ? verifyElements(op, "result", result, isI8(element) || isDigitalFloat(element),
                                    "i8, f32 or f16 with a scale")
                   : verifyElements(op, "result", result, isI32(element), "i32 without a scale")))
    return failure();
  if (bias && failed(verifyPerChannel(op, "bias", bias, builder.getI32Type(), channels)))
    return failure();
  if (scale && failed(verifyPerChannel(op, "scale", scale, builder.getF32Type(), channels)))
    return failure();
  return success(succeeded(verifyByte(op, "zero_point", zeroPoint)) &&
                 succeeded(verifyClamp(op, clamp)));
}

/// Checks a layer that stays float: one format throughout, and no step after the sums.
static LogicalResult verifyFloatLayer(ForwardOp op) {
  Type element = elementOf(op.getInput());
  bool half = element.isF16();
  if (failed(verifyElements(op, "result", op.getResult(), elementOf(op.getResult()) == element,
                            half ? "f16 like the input" : "f32 like the input")))
    return failure();
  if (op.getScale())
    return op.emitOpError() << "scale must be absent where the input is " << (half ? "f16" : "f32");
  int64_t channels = tensorOf(op.getResult()).getShape().back();
  return op.getBiasAttr() ? verifyPerChannel(op, "bias", op.getBiasAttr(), element, channels)
                          : success();
}

LogicalResult ForwardOp::verify() {
  bool isFloat = isDigitalFloat(elementOf(getInput()));
  if (failed(verifyMap(*this, "input", getInput())) ||
      failed(verifyMap(*this, "result", getResult())) ||
      failed(verifyElements(*this, "input", getInput(), isFloat || isI8(elementOf(getInput())),
                            "i8, f32 or f16")) ||
      failed(verifyWindow(*this, getInput(), getResult(), getKernel(), getStride(), getDilation(),
                          getPad())) ||
      failed(verifyByte(*this, "pad_value", getPadValue())))
    return failure();
  if (getPasses() != 1 && getPasses() != 2)
    return emitOpError() << "passes must be 1 or 2, is " << getPasses();
  if (isFloat && getTransposed())
    return emitOpError() << "input must be i8 to read a weight transposed, is "
                         << elementOf(getInput());
  if (isFloat)
    return verifyFloatLayer(*this);
  return verifyEpilogue(*this, getResult(), getBiasAttr(), getScaleAttr(), getZeroPoint(),
                        getClamp());
}

TileAttr ForwardOp::orient(TileAttr tile) { return getTransposed() ? tile.transposed() : tile; }

/// The rows and columns of the one-group weight `symbol` that `op` uses. Emits an error if there is
/// none.
static FailureOr<std::pair<int64_t, int64_t>> matrixOf(Operation *op, FlatSymbolRefAttr symbol,
                                                       SymbolTableCollection &symbols) {
  auto weight = symbols.lookupNearestSymbolFrom<WeightOp>(op, symbol);
  if (!weight)
    return op->emitOpError() << "weight " << symbol << " is not a cim.weight of this module";
  ShapedType type = weight.getValue().getShapedType();
  if (!type.hasRank() || type.getRank() != 3 || type.getDimSize(0) != 1)
    return op->emitOpError() << "weight " << symbol << " must have one group, is " << type;
  return std::pair(type.getDimSize(1), type.getDimSize(2));
}

/// `stream` must be i8 with `channels` channels.
static LogicalResult checkVector(Operation *op, StringRef name, Value stream, int64_t channels,
                                 StringRef side) {
  RankedTensorType type = tensorOf(stream);
  if (!type.getElementType().isSignlessInteger(8) || type.getShape().back() != channels)
    return op->emitOpError() << name << " must be i8 with " << channels << " channels, one per "
                             << side << " of the weight, is " << type;
  return success();
}

LogicalResult UpdateOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<std::pair<int64_t, int64_t>> matrix = matrixOf(*this, getWeightAttr(), symbols);
  if (failed(matrix) || failed(checkVector(*this, "lhs", getLhs(), matrix->first, "row")) ||
      failed(checkVector(*this, "rhs", getRhs(), matrix->second, "column")))
    return failure();
  return success();
}

LogicalResult ForwardOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight = symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError() << "weight " << getWeightAttr() << " is not a cim.weight of this module";
  ShapedType type = weight.getValue().getShapedType();
  if (!type.hasRank() || type.getRank() != 3)
    return success(); // the weight's own verifier complains
  ArrayRef<int64_t> shape = type.getShape();
  if (getTransposed() && shape[0] != 1)
    return emitOpError() << "weight " << getWeightAttr()
                         << " must have one group to be read transposed, is " << type;
  if (type.getElementType() != elementOf(getInput()))
    return emitOpError() << "weight " << getWeightAttr() << " must have elements "
                         << elementOf(getInput()) << " like the input, has "
                         << type.getElementType();
  int64_t channels = tensorOf(getInput()).getDimSize(3);
  if (channels % shape[0] != 0)
    return emitOpError() << "input channels must be a multiple of the weight's groups, are "
                         << channels << " and " << shape[0];
  int64_t rows = getKernel()[0] * getKernel()[1] * (channels / shape[0]);
  int64_t driven = getTransposed() ? shape[2] : shape[1];
  if (driven != rows)
    return emitOpError() << "weight " << getWeightAttr() << " must have " << rows
                         << (getTransposed() ? " columns" : " rows")
                         << " (kernel height x width x channels of a group), has " << driven;
  int64_t outputs = tensorOf(getResult()).getDimSize(3);
  int64_t needed = getTransposed() ? shape[1] : shape[0] * shape[2];
  if (needed != outputs)
    return emitOpError() << "result must have " << needed << " channels ("
                         << (getTransposed() ? "rows" : "groups x columns")
                         << " of the weight), has " << outputs;
  if (weight.getInstances() > 1 && !getScale())
    return emitOpError() << "must have a scale, which averages the " << weight.getInstances()
                         << " instances of weight " << getWeightAttr();
  return success();
}

LogicalResult PoolOp::verify() {
  if (failed(verifyMap(*this, "input", getInput())) ||
      failed(verifyMap(*this, "result", getResult())) ||
      failed(verifyWindow(*this, getInput(), getResult(), getKernel(), getStride(), getDilation(),
                          getPad())) ||
      failed(verifyByte(*this, "pad_value", getPadValue())))
    return failure();
  if (tensorOf(getInput()).getDimSize(3) != tensorOf(getResult()).getDimSize(3))
    return emitOpError() << "result must have " << tensorOf(getInput()).getDimSize(3)
                         << " channels, has " << tensorOf(getResult()).getDimSize(3);
  Type from = elementOf(getInput()), to = elementOf(getResult());
  bool max = getKind() == PoolKind::Max;
  if (!(isDigitalFloat(from) && from == to) && !(isI8(from) && (max ? isI8(to) : isI32(to))))
    return emitOpError() << "elements must be f32 to f32, f16 to f16 or i8 to "
                         << (max ? "i8" : "i32") << ", are " << from << " to " << to;
  return success();
}

//===--------------------------------------------------------------------------===//
// Quantisation
//===--------------------------------------------------------------------------===//

LogicalResult RequantizeOp::verify() {
  if (failed(verifySameShape(*this, getInput(), getResult())) ||
      failed(verifyElements(*this, "input", getInput(), isI32(elementOf(getInput())), "i32")))
    return failure();
  return verifyEpilogue(*this, getResult(), getBiasAttr(), getScale(), getZeroPoint(), getClamp());
}

LogicalResult QuantizeOp::verify() {
  return success(
      succeeded(verifySameShape(*this, getInput(), getResult())) &&
      succeeded(verifyElements(*this, "input", getInput(), isDigitalFloat(elementOf(getInput())),
                               "f32 or f16")) &&
      succeeded(verifyElements(*this, "result", getResult(), isI8(elementOf(getResult())), "i8")) &&
      succeeded(verifyScale(*this, "scale", getScale())) &&
      succeeded(verifyByte(*this, "zero_point", getZeroPoint())) &&
      succeeded(verifyClamp(*this, getClamp())));
}

LogicalResult DequantizeOp::verify() {
  return success(
      succeeded(verifySameShape(*this, getInput(), getResult())) &&
      succeeded(verifyElements(*this, "input", getInput(), isI8(elementOf(getInput())), "i8")) &&
      succeeded(verifyElements(*this, "result", getResult(), isDigitalFloat(elementOf(getResult())),
                               "f32 or f16")) &&
      succeeded(verifyScale(*this, "scale", getScale())) &&
      succeeded(verifyByte(*this, "zero_point", getZeroPoint())));
}

LogicalResult RandomOp::verify() {
  if (getNumber() >> 32 != 0)
    return emitOpError() << "number must be at least 0 and less than 2^32, is "
                         << static_cast<int64_t>(getNumber());
  return success(succeeded(verifySameShape(*this, getInput(), getResult())) &&
                 succeeded(verifyElements(*this, "result", getResult(),
                                          elementOf(getResult()).isF32(), "f32")));
}

LogicalResult ConvertOp::verify() {
  Type from = elementOf(getInput()), to = elementOf(getResult());
  if (failed(verifySameShape(*this, getInput(), getResult())))
    return failure();
  if (!isDigitalFloat(from) || !isDigitalFloat(to) || from == to)
    return emitOpError() << "elements must be f32 to f16 or f16 to f32, are " << from << " to "
                         << to;
  return success();
}

OpFoldResult ConvertOp::fold(FoldAdaptor) {
  // A half is exact in f32; the other way round something is lost.
  auto before = getInput().getDefiningOp<ConvertOp>();
  if (before && elementOf(before.getInput()).isF16())
    return before.getInput();
  return {};
}

LogicalResult AddOp::verify() {
  for (Value value : {Value(getLhs()), Value(getRhs()), Value(getResult())})
    if (failed(verifySameShape(*this, value, getResult())) ||
        failed(verifyElements(*this, "every operand and the result", value, isI8(elementOf(value)),
                              "i8")))
      return failure();
  return success(succeeded(verifyScale(*this, "lhs_scale", getLhsScale())) &&
                 succeeded(verifyScale(*this, "rhs_scale", getRhsScale())) &&
                 succeeded(verifyScale(*this, "scale", getScale())) &&
                 succeeded(verifyByte(*this, "lhs_zero_point", getLhsZeroPoint())) &&
                 succeeded(verifyByte(*this, "rhs_zero_point", getRhsZeroPoint())) &&
                 succeeded(verifyByte(*this, "zero_point", getZeroPoint())) &&
                 succeeded(verifyClamp(*this, getClamp())));
}

LogicalResult LookupOp::verify() {
  if (failed(verifySameShape(*this, getInput(), getResult())) ||
      failed(verifyElements(*this, "input", getInput(), isI8(elementOf(getInput())), "i8")) ||
      failed(verifyElements(*this, "result", getResult(), isI8(elementOf(getResult())), "i8")))
    return failure();
  if (!isI8(getTable().getElementType()) || getTable().getNumElements() != 256)
    return emitOpError() << "table must be 256 values of i8, is " << getTable().getShapedType();
  return success();
}

//===--------------------------------------------------------------------------===//
// Elementwise
//===--------------------------------------------------------------------------===//

/// Checks that an operand repeats onto the result and that both number rows alike.
static LogicalResult verifyBroadcast(Operation *op, unsigned index, Value input,
                                     RankedTensorType to) {
  RankedTensorType from = tensorOf(input);
  if (from.getRank() != to.getRank())
    return op->emitOpError() << "operand " << index << " must have the result's rank "
                             << to.getRank() << ", has " << from.getRank();
  if (from.getEncoding() && from.getEncoding() != to.getEncoding())
    return op->emitOpError() << "operand " << index << " must have the result's row axis "
                             << getRowAxis(to) << ", has " << getRowAxis(from);
  for (int64_t dim = 0; dim < to.getRank(); ++dim)
    if (from.getDimSize(dim) != 1 && from.getDimSize(dim) != to.getDimSize(dim))
      return op->emitOpError() << "dimension " << dim << " of operand " << index << " must be 1 or "
                               << to.getDimSize(dim) << ", is " << from.getDimSize(dim);
  return success();
}

LogicalResult ElementwiseOp::verifyRegions() {
  Block &block = getBody().front();
  if (block.getNumArguments() != getInputs().size())
    return emitOpError() << "body must have one argument per operand, has "
                         << block.getNumArguments() << " for " << getInputs().size();
  for (auto [index, input] : llvm::enumerate(getInputs())) {
    if (failed(verifyBroadcast(*this, index, input, tensorOf(getResult()))))
      return failure();
    if (block.getArgument(index).getType() != elementOf(input))
      return emitOpError() << "argument " << index << " of the body must be " << elementOf(input)
                           << ", is " << block.getArgument(index).getType();
  }
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield)
    return emitOpError() << "body must end with cim.yield";
  if (yield.getValue().getType() != elementOf(getResult()))
    return emitOpError() << "body must yield " << elementOf(getResult()) << ", yields "
                         << yield.getValue().getType();
  for (Operation &op : block.without_terminator())
    if (!isa_and_nonnull<arith::ArithDialect, math::MathDialect>(op.getDialect()))
      return op.emitOpError()
             << "is not an arith or math op, which is all the body of cim.elementwise may hold";
  return success();
}

//===--------------------------------------------------------------------------===//
// Products and tables of activations
//===--------------------------------------------------------------------------===//

/// Checks that `value` has four dimensions, and rows along dimension 1 if it is a stream.
static LogicalResult verifyMatrices(Operation *op, StringRef name, Value value, StringRef form) {
  RankedTensorType type = tensorOf(value);
  bool rows = !isRowTensor(type) || getRowAxis(type) == 1;
  if (type.getRank() != 4 || type.getDimSize(0) != 1 || !rows)
    return op->emitOpError() << name << " must be " << form << " with rows along dimension 1, is "
                             << type;
  return success();
}

bool MatmulOp::readsWholeRhs() {
  ArrayRef<int64_t> lhs = tensorOf(getLhs()).getShape(), rhs = tensorOf(getRhs()).getShape();
  return rhs[1] != lhs[1] || rhs[2] != lhs[3];
}

LogicalResult MatmulOp::verify() {
  if (failed(verifyMatrices(*this, "lhs", getLhs(), "1 x R x M x K")) ||
      failed(verifyMatrices(*this, "rhs", getRhs(), "1 x R x K x N or 1 x K x 1 x N")) ||
      failed(verifyMatrices(*this, "result", getResult(), "1 x R x M x N")))
    return failure();
  ArrayRef<int64_t> lhs = tensorOf(getLhs()).getShape(), rhs = tensorOf(getRhs()).getShape();
  if (readsWholeRhs() && (rhs[1] != lhs[3] || rhs[2] != 1))
    return emitOpError() << "rhs must be 1 x " << lhs[1] << " x " << lhs[3] << " x N or 1 x "
                         << lhs[3] << " x 1 x N, is " << tensorOf(getRhs());
  if (tensorOf(getResult()).getShape() != ArrayRef<int64_t>({1, lhs[1], lhs[2], rhs[3]}))
    return emitOpError() << "result must be 1 x " << lhs[1] << " x " << lhs[2] << " x " << rhs[3]
                         << ", is " << tensorOf(getResult());
  if (!isRowTensor(getLhs().getType()) && !isRowTensor(getRhs().getType()))
    return emitOpError() << "lhs or rhs must be a stream, both are constants";
  Type element = elementOf(getLhs()), to = elementOf(getResult());
  if (elementOf(getRhs()) != element ||
      !((isDigitalFloat(element) && to == element) || (isI8(element) && isI32(to))))
    return emitOpError() << "elements must be f32 to f32, f16 to f16 or i8 to i32, are " << element
                         << " and " << elementOf(getRhs()) << " to " << to;
  if (isDigitalFloat(element) && (getLhsZeroPoint() != 0 || getRhsZeroPoint() != 0))
    return emitOpError() << "zero points of " << (element.isF16() ? "f16" : "f32")
                         << " must be 0, are " << static_cast<int32_t>(getLhsZeroPoint()) << " and "
                         << static_cast<int32_t>(getRhsZeroPoint());
  return success(succeeded(verifyByte(*this, "lhs_zero_point", getLhsZeroPoint())) &&
                 succeeded(verifyByte(*this, "rhs_zero_point", getRhsZeroPoint())));
}

LogicalResult GatherOp::verify() {
  RankedTensorType table = tensorOf(getTable());
  bool constant = !isRowTensor(table);
  if (constant ? table.getRank() != 2
               : failed(verifyMatrices(*this, "table", getTable(), "1 x E x 1 x C")))
    return constant ? emitOpError() << "table must be E x C, is " << table : failure();
  if (failed(verifyMatrices(*this, "indices", getIndices(), "1 x R x P x 1")) ||
      failed(verifyMatrices(*this, "result", getResult(), "1 x R x P x C")))
    return failure();
  if (constant && !isRowTensor(getIndices().getType()))
    return emitOpError() << "table or indices must be a stream, both are constants";
  ArrayRef<int64_t> indices = tensorOf(getIndices()).getShape();
  Type index = elementOf(getIndices());
  if (!isI32(index) && !index.isSignlessInteger(64))
    return emitOpError() << "indices must be i32 or i64, are " << index;
  if (table.getElementType() != elementOf(getResult()))
    return emitOpError() << "result must have the table's elements " << table.getElementType()
                         << ", has " << elementOf(getResult());
  if (indices[3] != 1 || (!constant && table.getDimSize(2) != 1) ||
      tensorOf(getResult()).getShape() !=
          ArrayRef<int64_t>({1, indices[1], indices[2], table.getShape().back()}))
    return emitOpError() << "result must have one entry of the table per index, is "
                         << tensorOf(getResult()) << " of " << table << " and "
                         << tensorOf(getIndices());
  return success();
}

//===--------------------------------------------------------------------------===//
// Reductions and movement
//===--------------------------------------------------------------------------===//

LogicalResult ReduceOp::verify() {
  RankedTensorType from = tensorOf(getInput());
  if (failed(verifyAxis(*this, getAxis(), from)) ||
      failed(verifySameKind(*this, {getInput()}, tensorOf(getResult()))) ||
      failed(verifyElements(*this, "input", getInput(),
                            isDigitalFloat(elementOf(getInput())) || isI32(elementOf(getInput())),
                            "f32, f16 or i32")))
    return failure();
  SmallVector<int64_t> shape(from.getShape());
  shape[getAxis()] = 1;
  if (ArrayRef<int64_t>(shape) != tensorOf(getResult()).getShape())
    return emitOpError() << "result must be the input with size 1 along axis "
                         << static_cast<int64_t>(getAxis()) << ", is " << getResult().getType();
  return success();
}

LogicalResult ConcatOp::verify() {
  RankedTensorType to = tensorOf(getResult());
  int64_t axis = getAxis(), total = 0;
  if (getInputs().empty())
    return emitOpError() << "must have at least one operand";
  if (failed(verifyAxis(*this, axis, to)) || failed(verifySameKind(*this, getInputs(), to)))
    return failure();
  for (Value input : getInputs()) {
    SmallVector<int64_t> shape(tensorOf(input).getShape());
    total += std::exchange(shape[axis], to.getDimSize(axis));
    if (ArrayRef<int64_t>(shape) != to.getShape())
      return emitOpError() << "operands must have the result's dimensions except along axis "
                           << axis << ", " << input.getType() << " against " << to;
  }
  if (total != to.getDimSize(axis))
    return emitOpError() << "result must have size " << total << " along axis " << axis << ", has "
                         << to.getDimSize(axis);
  return success();
}

/// The other end of a state in the same block; null unless there is exactly one.
template <typename Other, typename Op> static Other otherEnd(Op op) {
  Other found;
  for (auto candidate : op->getBlock()->template getOps<Other>()) {
    if (candidate.getState() != op.getState())
      continue;
    if (found)
      return {};
    found = candidate;
  }
  return found;
}

FeedOp DelayOp::getFeed() { return otherEnd<FeedOp>(*this); }
DelayOp FeedOp::getDelay() { return otherEnd<DelayOp>(*this); }

LogicalResult DelayOp::verify() {
  RankedTensorType first = tensorOf(getInitial()), all = tensorOf(getResult());
  int64_t axis = getRowAxis(all);
  SmallVector<int64_t> shape(all.getShape());
  shape[axis] = 1;
  if (first.getShape() != ArrayRef(shape) || first.getElementType() != all.getElementType() ||
      (first.getEncoding() && first.getEncoding() != all.getEncoding()))
    return emitOpError() << "initial must be one row of the result " << all << ", is " << first;
  if (!getFeed())
    return emitOpError() << "state '" << getState() << "' must have exactly one cim.feed";
  return success();
}

LogicalResult FeedOp::verify() {
  DelayOp delay = getDelay();
  if (!delay || !delay->isBeforeInBlock(*this))
    return emitOpError() << "state '" << getState()
                         << "' must have exactly one cim.delay, which stands before it";
  if (delay.getResult().getType() != getNext().getType())
    return emitOpError() << "next must have the type of the cim.delay, "
                         << delay.getResult().getType() << ", is " << getNext().getType();
  return success();
}

LogicalResult SliceOp::verify() {
  RankedTensorType from = tensorOf(getInput()), to = tensorOf(getResult());
  if (failed(verifySameKind(*this, {getInput()}, to)) ||
      failed(verifyCount(*this, "offsets", getOffsets().size(), from.getRank())) ||
      failed(verifyCount(*this, "strides", getStrides().size(), from.getRank())))
    return failure();
  for (int64_t dim = 0; dim < from.getRank(); ++dim) {
    int64_t offset = getOffsets()[dim], stride = getStrides()[dim];
    if (offset < 0 || stride < 1)
      return emitOpError() << "offsets must be at least 0 and strides at least 1, dimension " << dim
                           << " has " << offset << " and " << stride;
    int64_t last = (from.getDimSize(dim) - 1 - offset) / stride;
    if (offset >= from.getDimSize(dim) || last < to.getDimSize(dim) - 1)
      return emitOpError() << "dimension " << dim << " has " << from.getDimSize(dim)
                           << " elements, the slice takes " << to.getDimSize(dim) << " from "
                           << offset << " by " << stride;
  }
  return success();
}

LogicalResult PadOp::verify() {
  RankedTensorType from = tensorOf(getInput()), to = tensorOf(getResult());
  if (failed(verifySameKind(*this, {getInput()}, to)) ||
      failed(verifyCount(*this, "low", getLow().size(), from.getRank())) ||
      failed(verifyCount(*this, "high", getHigh().size(), from.getRank())))
    return failure();
  if (getValue().getType() != from.getElementType())
    return emitOpError() << "value must be " << from.getElementType() << ", is "
                         << getValue().getType();
  for (int64_t dim = 0; dim < from.getRank(); ++dim) {
    int64_t low = getLow()[dim], high = getHigh()[dim];
    if (low < 0 || high < 0)
      return emitOpError() << "low and high must be at least 0, dimension " << dim << " has " << low
                           << " and " << high;
    if (low > to.getDimSize(dim) || high > to.getDimSize(dim) ||
        to.getDimSize(dim) != from.getDimSize(dim) + low + high)
      return emitOpError() << "dimension " << dim << " of the result must be "
                           << from.getDimSize(dim) + low + high << ", is " << to.getDimSize(dim);
  }
  return success();
}

LogicalResult ReverseOp::verify() {
  if (failed(verifyAxis(*this, getAxis(), tensorOf(getInput()))))
    return failure();
  if (getInput().getType() != getResult().getType())
    return emitOpError() << "input and result must have the same type, are " << getInput().getType()
                         << " and " << getResult().getType();
  return success();
}
