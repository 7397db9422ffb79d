//===- ImportContext.cpp - State and helpers of the converters -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builders of the entry level's forms, and the view of a node that converters work with.
//
//===--------------------------------------------------------------------------===//

#include "ImportContext.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/QuantizedForms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace cimc::frontend {

//===--------------------------------------------------------------------------===//
// Constants
//===--------------------------------------------------------------------------===//

DequantizedConstant DequantizedConstant::reshaped(const Shape &shape, int64_t newAxis) const {
  return {data.reshaped(shape), scales, axis < 0 ? axis : newAxis, zeroPoint};
}

DequantizedConstant DequantizedConstant::transposed(const std::vector<int64_t> &perm) const {
  DequantizedConstant result{data.transposed(perm), scales, axis, zeroPoint};
  for (size_t i = 0; i < perm.size() && axis >= 0; ++i)
    if (perm[i] == axis)
      result.axis = static_cast<int64_t>(i);
  return result;
}

Type elementType(MLIRContext *context, ElementKind kind) {
  if (isFloat(kind))
    return Float32Type::get(context);
  return IntegerType::get(context, kind == ElementKind::Bool ? 1 : elementSize(kind) * 8);
}

RankedTensorType tensorType(MLIRContext *context, ElementKind kind, const Shape &shape) {
  return RankedTensorType::get(shape, elementType(context, kind));
}

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// Unsigned bytes become signed ones, 128 less; floats of any width become f32.
static HostTensor toEntryKind(const HostTensor &tensor) {
  if (isFloat(tensor.kind()))
    return tensor.converted(ElementKind::F32);
  if (tensor.kind() != ElementKind::U8)
    return tensor;
  std::string data(tensor.data(), tensor.storedBytes());
  for (char &byte : data)
    byte = static_cast<char>(static_cast<uint8_t>(byte) ^ 0x80);
  if (tensor.isSplat())
    return HostTensor::splat(ElementKind::I8, tensor.shape(), static_cast<int8_t>(data[0]));
  return HostTensor::fromBytes(ElementKind::I8, tensor.shape(), std::move(data));
}

static Attribute elementAttribute(Type type, const HostTensor &tensor, int64_t index) {
  if (isa<FloatType>(type))
    return FloatAttr::get(type, tensor.asDouble(index));
  unsigned width = type.getIntOrFloatBitWidth();
  return IntegerAttr::get(type, APInt(64, static_cast<uint64_t>(tensor.asInt(index))).trunc(width));
}

Value makeConstant(OpBuilder &builder, Location loc, const HostTensor &original,
                   llvm::StringRef hint) {
  HostTensor tensor = toEntryKind(original);
  RankedTensorType type = tensorType(builder.getContext(), tensor.kind(), tensor.shape());
  // Booleans have one bit in MLIR's resources, so they stay inline.
  bool isInline =
      tensor.isSplat() || tensor.count() <= kInlineElements || tensor.kind() == ElementKind::Bool;
  if (isInline) {
    SmallVector<Attribute> elements;
    for (int64_t i = 0, end = tensor.isSplat() ? 1 : tensor.count(); i < end; ++i)
      elements.push_back(elementAttribute(type.getElementType(), tensor, i));
    return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, elements));
  }
  // The blob keeps the owner of the bytes alive; nothing is copied.
  auto deleter = [owner = tensor.ownerOfData()](void *, size_t, size_t) {};
  AsmResourceBlob blob(ArrayRef<char>(tensor.data(), tensor.storedBytes()),
                       elementSize(tensor.kind()), std::move(deleter),
                       /*dataIsMutable=*/false);
  auto attr =
      DenseResourceElementsAttr::get(type, hint.empty() ? "constant" : hint, std::move(blob));
  return arith::ConstantOp::create(builder, loc, attr);
}

TensorValue TensorValue::ofConstant(HostTensor constant) {
  bool isHalf = constant.kind() == ElementKind::F16 || constant.kind() == ElementKind::BF16;
  TensorValue tensor;
  tensor.constant = isHalf ? constant.converted(ElementKind::F32) : std::move(constant);
  tensor.kind = tensor.constant->kind();
  tensor.shape = tensor.constant->shape();
  return tensor;
}

TensorValue *ImportContext::lookup(llvm::StringRef name) {
  auto it = values.find(name);
  return it == values.end() ? nullptr : &it->second;
}

Value ImportContext::materialize(TensorValue &tensor, Location loc, llvm::StringRef hint) {
  if (tensor.value)
    return tensor.value;
  // In the function's own block a constant can be used by every loop that follows.
  OpBuilder::InsertionGuard guard(builder);
  while (auto loop = dyn_cast<scf::ForOp>(builder.getInsertionBlock()->getParentOp()))
    builder.setInsertionPoint(loop);
  if (tensor.constant) {
    tensor.value = makeConstant(builder, loc, *tensor.constant, hint);
  } else {
    const DequantizedConstant &form = *tensor.dequantized;
    Value data = makeConstant(builder, loc, form.data, hint);
    tensor.value =
        buildDequantize(builder, loc, data, Scales(form.scales, form.axis), form.zeroPoint);
  }
  return tensor.value;
}

//===--------------------------------------------------------------------------===//
// Builders
//===--------------------------------------------------------------------------===//

Value buildReshape(OpBuilder &builder, Location loc, Value input, const Shape &shape) {
  auto type = cast<RankedTensorType>(input.getType());
  if (type.getShape() == ArrayRef<int64_t>(shape))
    return input;
  return tosa::ReshapeOp::create(builder, loc, type.clone(shape), input,
                                 makeShape(builder, loc, shape));
}

Value buildTranspose(OpBuilder &builder, Location loc, Value input, ArrayRef<int64_t> perm) {
  auto type = cast<RankedTensorType>(input.getType());
  if (llvm::is_sorted(perm))
    return input;
  Shape shape;
  SmallVector<int32_t> perms;
  for (int64_t p : perm) {
    shape.push_back(type.getDimSize(p));
    perms.push_back(static_cast<int32_t>(p));
  }
  return tosa::TransposeOp::create(builder, loc, type.clone(shape), input, perms);
}

static SmallVector<OpFoldResult> foldResults(OpBuilder &builder, const Shape &values) {
  SmallVector<OpFoldResult> results;
  for (int64_t value : values)
    results.push_back(builder.getIndexAttr(value));
  return results;
}

Value buildSlice(OpBuilder &builder, Location loc, Value input, const Shape &begin,
                 const Shape &size, const Shape &step) {
  auto type = cast<RankedTensorType>(input.getType());
  if (type.getShape() == ArrayRef<int64_t>(size))
    return input;
  return tensor::ExtractSliceOp::create(builder, loc, type.clone(size), input,
                                        foldResults(builder, begin), foldResults(builder, size),
                                        foldResults(builder, step));
}

Value buildPad(OpBuilder &builder, Location loc, Value input, const Shape &low, const Shape &high,
               double value) {
  auto type = cast<RankedTensorType>(input.getType());
  Shape shape, amounts;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    shape.push_back(type.getDimSize(d) + low[d] + high[d]);
    amounts.push_back(low[d]);
    amounts.push_back(high[d]);
  }
  if (llvm::all_of(amounts, [](int64_t amount) { return amount == 0; }))
    return input;
  return tosa::PadOp::create(builder, loc, type.clone(shape), input,
                             makeShape(builder, loc, amounts),
                             makeScalar(builder, loc, type.getElementType(), value));
}

Value scalarConstant(OpBuilder &builder, Location loc, Type type, double value) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(builder, loc, FloatAttr::get(type, value));
  return arith::ConstantOp::create(builder, loc,
                                   IntegerAttr::get(type, static_cast<int64_t>(value)));
}

/// The map from result dimensions to an input that is aligned at the last dimension.
static AffineMap broadcastMap(MLIRContext *context, ArrayRef<int64_t> input,
                              ArrayRef<int64_t> result) {
  SmallVector<AffineExpr> exprs;
  size_t lead = result.size() - input.size();
  for (size_t d = 0; d < input.size(); ++d) {
    bool repeats = input[d] == 1 && result[lead + d] != 1;
    exprs.push_back(repeats ? getAffineConstantExpr(0, context)
                            : getAffineDimExpr(lead + d, context));
  }
  return AffineMap::get(result.size(), 0, exprs, context);
}

static Value buildGeneric(OpBuilder &builder, Location loc, ValueRange inputs,
                          ArrayRef<AffineMap> inputMaps, const Shape &resultShape,
                          Type resultElement, ScalarBody body) {
  SmallVector<AffineMap> maps(inputMaps);
  maps.push_back(builder.getMultiDimIdentityMap(resultShape.size()));
  SmallVector<utils::IteratorType> iterators(resultShape.size(), utils::IteratorType::parallel);
  Value init = tensor::EmptyOp::create(builder, loc, resultShape, resultElement);
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange{init.getType()}, inputs, ValueRange{init}, maps, iterators,
      [&](OpBuilder &nested, Location nestedLoc, ValueRange args) {
        Value result = body(nested, nestedLoc, args.drop_back());
        linalg::YieldOp::create(nested, nestedLoc, result);
      });
  return generic.getResult(0);
}

Value buildElementwise(OpBuilder &builder, Location loc, ValueRange inputs,
                       const Shape &resultShape, Type resultElement, ScalarBody body) {
  SmallVector<AffineMap> maps;
  for (Value input : inputs)
    maps.push_back(broadcastMap(builder.getContext(), shapeOf(input), resultShape));
  return buildGeneric(builder, loc, inputs, maps, resultShape, resultElement, body);
}

Value buildPerChannel(OpBuilder &builder, Location loc, ValueRange inputs, int64_t axis,
                      ScalarBody body) {
  auto type = cast<RankedTensorType>(inputs[0].getType());
  SmallVector<AffineMap> maps = {builder.getMultiDimIdentityMap(type.getRank())};
  AffineMap perChannel = AffineMap::get(
      type.getRank(), 0, {getAffineDimExpr(axis, builder.getContext())}, builder.getContext());
  maps.append(inputs.size() - 1, perChannel);
  return buildGeneric(builder, loc, inputs, maps, type.getShape().vec(), type.getElementType(),
                      body);
}

//===--------------------------------------------------------------------------===//
// Node
//===--------------------------------------------------------------------------===//

Node::Node(ImportContext &context, const NodeInfo &info)
    : context(context), info(info),
      loc(NameLoc::get(StringAttr::get(context.builder.getContext(), info.label()))),
      builder(context.builder) {}

InFlightDiagnostic Node::error() const {
  return emitError(loc) << "'" << info.label() << "' (" << info.op << "): ";
}

LogicalResult Node::unsupportedAttribute(llvm::StringRef attribute, const llvm::Twine &actual,
                                         const llvm::Twine &supported) const {
  return error() << "attribute '" << attribute << "' is " << actual << ", supported is "
                 << supported;
}

bool Node::hasAttribute(llvm::StringRef name) const { return attribute(name) != nullptr; }

const AttributeValue *Node::attribute(llvm::StringRef name) const {
  auto it = info.attributes.find(std::string_view(name.data(), name.size()));
  return it == info.attributes.end() ? nullptr : &it->second;
}

int64_t Node::intAttribute(llvm::StringRef name, int64_t fallback) const {
  const AttributeValue *found = attribute(name);
  return found ? found->integer : fallback;
}

float Node::floatAttribute(llvm::StringRef name, float fallback) const {
  const AttributeValue *found = attribute(name);
  return found ? found->real : fallback;
}

std::string Node::stringAttribute(llvm::StringRef name, llvm::StringRef fallback) const {
  const AttributeValue *found = attribute(name);
  return found ? found->text : fallback.str();
}

std::vector<int64_t> Node::intsAttribute(llvm::StringRef name,
                                         std::vector<int64_t> fallback) const {
  const AttributeValue *found = attribute(name);
  return found ? found->integers : fallback;
}

const HostTensor *Node::constant(size_t index) {
  if (!hasInput(index))
    return nullptr;
  TensorValue &tensor = input(index);
  return tensor.constant ? &*tensor.constant : nullptr;
}

FailureOr<std::vector<int64_t>> Node::constantInts(size_t index, llvm::StringRef what) {
  const HostTensor *tensor = constant(index);
  if (!tensor)
    return error() << "its " << what << " ('" << (hasInput(index) ? info.inputs[index] : "")
                   << "') must be known at import";
  if (isFloat(tensor->kind()))
    return error() << "its " << what << " has element type " << elementName(tensor->kind())
                   << ", must be an integer";
  if (tensor->count() > (1 << 20))
    return error() << "its " << what << " has " << tensor->count() << " elements, at most "
                   << (1 << 20) << " are supported";
  return tensor->ints();
}

bool Node::allConstant() {
  for (size_t i = 0; i < inputCount(); ++i)
    if (hasInput(i) && !constant(i))
      return false;
  return true;
}

LogicalResult Node::expectInputs(size_t least, size_t most) {
  bool present = inputCount() <= most;
  for (size_t i = 0; i < least; ++i)
    present &= hasInput(i);
  if (present)
    return success();
  return error() << "has " << inputCount() << " inputs, needs " << least
                 << (least == most ? "" : " to ")
                 << (least == most ? std::string()
                     : most > 1000 ? std::string("any number")
                                   : std::to_string(most));
}

LogicalResult Node::expectFloat(size_t index) {
  if (isFloat(input(index).kind))
    return success();
  return error() << "input '" << info.inputs[index] << "' has element type "
                 << elementName(input(index).kind) << ", must be float";
}

FailureOr<std::vector<int64_t>> Node::intsFromAttributeOrInput(llvm::StringRef name, size_t index,
                                                               bool &present) {
  present = true;
  if (hasAttribute(name))
    return intsAttribute(name);
  if (hasInput(index))
    return constantInts(index, name);
  present = false;
  return std::vector<int64_t>();
}

LogicalResult Node::setResult(Value value, ElementKind kind, size_t index) {
  TensorValue tensor;
  tensor.kind = graphKind(kind);
  tensor.shape =
      shapeOf(value).vec().empty() ? Shape() : Shape(shapeOf(value).begin(), shapeOf(value).end());
  tensor.value = value;
  return setResult(std::move(tensor), index);
}

LogicalResult Node::setResult(HostTensor constant, size_t index) {
  return setResult(TensorValue::ofConstant(std::move(constant)), index);
}

LogicalResult Node::setResult(TensorValue tensor, size_t index) {
  if (wantsOutput(index))
    context.define(info.outputs[index], std::move(tensor));
  return success();
}

FailureOr<int64_t> Node::normalizeAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return error() << "axis " << axis << " is outside the " << rank << " dimensions of its input";
  return axis < 0 ? axis + rank : axis;
}

namespace {
/// One operand of an elementwise op: a scalar constant, or a value with its map.
struct Operand {
  TypedAttr scalar;
  Value value;
  AffineMap map;
};
} // namespace

/// A constant without its dimensions of size 1; the map says which result dimensions the others
/// are.
static Operand squeezedConstant(Node &node, const HostTensor &tensor, const Shape &result,
                                llvm::StringRef hint) {
  MLIRContext *context = node.builder.getContext();
  size_t lead = result.size() - tensor.shape().size();
  Shape kept;
  SmallVector<AffineExpr> exprs;
  for (size_t d = 0; d < tensor.shape().size(); ++d) {
    if (tensor.shape()[d] == 1)
      continue;
    kept.push_back(tensor.shape()[d]);
    exprs.push_back(getAffineDimExpr(lead + d, context));
  }
  Operand operand;
  operand.value = makeConstant(node.builder, node.loc, tensor.reshaped(kept), hint);
  operand.map = AffineMap::get(result.size(), 0, exprs, context);
  return operand;
}

static Operand makeOperand(Node &node, size_t index, const Shape &result) {
  Operand operand;
  if (const HostTensor *tensor = node.constant(index)) {
    if (tensor->count() == 1 || (tensor->isSplat() && tensor->count() > 0)) {
      Type type = elementType(node.builder.getContext(), tensor->kind());
      operand.scalar = cast<TypedAttr>(elementAttribute(type, toEntryKind(*tensor), 0));
      return operand;
    }
    if (tensor->shape() != result || llvm::is_contained(result, 1))
      return squeezedConstant(node, *tensor, result, node.info.inputs[index]);
  }
  operand.value = node.value(index);
  operand.map = broadcastMap(node.builder.getContext(), shapeOf(operand.value), result);
  return operand;
}

FailureOr<Value> Node::elementwise(ArrayRef<size_t> inputs, ElementKind resultKind,
                                   ScalarBody body) {
  Shape result;
  for (size_t index : inputs) {
    Shape sofar = result;
    if (!broadcastShapes(sofar, input(index).shape, result))
      return error() << "shapes " << printShape(sofar) << " and " << printShape(input(index).shape)
                     << " do not broadcast";
  }
  SmallVector<Operand> operands;
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;
  for (size_t index : inputs) {
    operands.push_back(makeOperand(*this, index, result));
    if (operands.back().scalar)
      continue;
    values.push_back(operands.back().value);
    maps.push_back(operands.back().map);
  }
  MLIRContext *ctx = builder.getContext();
  return buildGeneric(builder, loc, values, maps, result, elementType(ctx, resultKind),
                      [&](OpBuilder &nested, Location nestedLoc, ValueRange args) {
                        SmallVector<Value> scalars;
                        size_t next = 0;
                        for (const Operand &operand : operands)
                          scalars.push_back(operand.scalar ? arith::ConstantOp::create(
                                                                 nested, nestedLoc, operand.scalar)
                                                           : args[next++]);
                        return body(nested, nestedLoc, scalars);
                      });
}

} // namespace cimc::frontend
