//===- UnaryChain.cpp - Elementwise ops with one input and constants -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The body is walked forwards. Each value is the variable part, a constant, or unknown, which ends
// the match. Ops on two constants (the root of a variance) are computed here.
//
//===--------------------------------------------------------------------------===//

#include "UnaryChain.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/QuantizedForms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

namespace cimc {
namespace {

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// The one dimension of the result that changes which element of the input is read: -1 none, -2
/// several.
int64_t readAxis(linalg::GenericOp op, OpOperand *operand) {
  ArrayRef<int64_t> domain = shapeOf(op.getResult(0));
  int64_t axis = -1;
  for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim) {
      if (!isa<AffineConstantExpr>(expr))
        return -2;
      continue;
    }
    if (domain[dim.getPosition()] == 1)
      continue;
    if (axis >= 0)
      return -2;
    axis = dim.getPosition();
  }
  return axis;
}

/// Constant operands per channel, and splats of any shape.
std::optional<ChannelValues> constantInput(linalg::GenericOp op, OpOperand *operand) {
  if (std::optional<float> splat = getSplatFloat(operand->get()))
    return ChannelValues{{*splat}, -1};
  int64_t axis = readAxis(op, operand);
  std::optional<SmallVector<float>> values = axis >= 0 ? getFloats(operand->get()) : std::nullopt;
  if (!values)
    return std::nullopt;
  return ChannelValues{SmallVector<double, 1>(values->begin(), values->end()), axis};
}

using BinaryFn = double (*)(double, double);

std::optional<ChannelValues> combine(const ChannelValues &a, const ChannelValues &b, BinaryFn fn) {
  if (a.values.size() > 1 && b.values.size() > 1 && a.axis != b.axis)
    return std::nullopt;
  ChannelValues result{{}, std::max(a.axis, b.axis)};
  for (size_t i = 0; i < std::max(a.values.size(), b.values.size()); ++i)
    result.values.push_back(static_cast<float>(fn(a.at(i), b.at(i))));
  return result;
}

/// How each body op continues the chain, by op name: with the variable part on the left or on the
/// right.
struct StepRule {
  llvm::StringLiteral name;
  std::optional<ChainStep::Kind> left, right;
  BinaryFn onConstants;
};

const StepRule kRules[] = {
    {"arith.addf", ChainStep::Add, ChainStep::Add, [](double a, double b) { return a + b; }},
    {"arith.subf", ChainStep::Subtract, ChainStep::ReverseSubtract,
     [](double a, double b) { return a - b; }},
    {"arith.mulf", ChainStep::Multiply, ChainStep::Multiply,
     [](double a, double b) { return a * b; }},
    {"arith.divf", ChainStep::Divide, std::nullopt, [](double a, double b) { return a / b; }},
    {"arith.maximumf", ChainStep::Maximum, ChainStep::Maximum,
     [](double a, double b) { return std::max(a, b); }},
    {"arith.minimumf", ChainStep::Minimum, ChainStep::Minimum,
     [](double a, double b) { return std::min(a, b); }},
};

class ChainReader {
public:
  ChainReader(linalg::GenericOp op, OpOperand *input) : op(op), chain{input, {}} {
    variable = op.getMatchingBlockArgument(input);
  }

  std::optional<UnaryChain> read() {
    for (OpOperand *operand : op.getDpsInputOperands())
      if (operand != chain.input && !op.getMatchingBlockArgument(operand).use_empty()) {
        std::optional<ChannelValues> values = constantInput(op, operand);
        if (!values)
          return std::nullopt;
        constants[op.getMatchingBlockArgument(operand)] = *values;
      }
    for (Operation &inner : op.getBody()->without_terminator())
      if (!take(inner))
        return std::nullopt;
    if (op.getBody()->getTerminator()->getOperand(0) != variable)
      return std::nullopt;
    return chain;
  }

private:
  std::optional<ChannelValues> constantOf(Value value) {
    FloatAttr attr;
    if (matchPattern(value, m_Constant(&attr)))
      return ChannelValues{{attr.getValueAsDouble()}, -1};
    auto it = constants.find(value);
    return it == constants.end() ? std::nullopt : std::optional(it->second);
  }

  bool take(Operation &inner) {
    if (inner.hasTrait<OpTrait::ConstantLike>())
      return true;
    if (inner.getNumOperands() == 1)
      return takeUnary(inner);
    const StepRule *rule = llvm::find_if(
        kRules, [&](const StepRule &r) { return r.name == inner.getName().getStringRef(); });
    if (rule == std::end(kRules))
      return false;
    Value a = inner.getOperand(0), b = inner.getOperand(1);
    std::optional<ChannelValues> left = constantOf(a), right = constantOf(b);
    if (left && right) {
      std::optional<ChannelValues> both = combine(*left, *right, rule->onConstants);
      if (both)
        constants[inner.getResult(0)] = *both;
      return both.has_value();
    }
    std::optional<ChainStep::Kind> kind = right ? rule->left : rule->right;
    // The variable part must go on from its latest value only.
    if (!kind || (!left && !right) || (right ? a : b) != variable || !variable.hasOneUse())
      return false;
    chain.steps.push_back({*kind, right ? *right : *left});
    variable = inner.getResult(0);
    return true;
  }

  bool takeUnary(Operation &inner) {
    std::optional<ChannelValues> value = constantOf(inner.getOperand(0));
    if (!value) {
      if (!isa<arith::NegFOp>(inner) || inner.getOperand(0) != variable || !variable.hasOneUse())
        return false;
      chain.steps.push_back({ChainStep::Multiply, {{-1.0}, -1}});
      variable = inner.getResult(0);
      return true;
    }
    for (double &v : value->values) {
      if (isa<math::SqrtOp>(inner))
        v = static_cast<float>(std::sqrt(v));
      else if (isa<math::RsqrtOp>(inner))
        v = static_cast<float>(1.0 / std::sqrt(v));
      else if (isa<arith::NegFOp>(inner))
        v = -v;
      else
        return false;
    }
    constants[inner.getResult(0)] = *value;
    return true;
  }

  linalg::GenericOp op;
  UnaryChain chain;
  Value variable;
  DenseMap<Value, ChannelValues> constants;
};

//===--------------------------------------------------------------------------===//
// Hoisting
//===--------------------------------------------------------------------------===//

/// The constant of an operand that is read along the last axis, as a vector; the bytes are shared.
Value asVector(OpBuilder &builder, Value constant) {
  ElementsAttr attr = getConstantElements(constant);
  auto type = RankedTensorType::get({attr.getNumElements()}, attr.getElementType());
  if (attr.getShapedType() == type)
    return constant;
  Attribute flat;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    flat = DenseResourceElementsAttr::get(type, resource.getRawHandle());
  else
    flat = cast<DenseElementsAttr>(attr).reshape(type);
  return arith::ConstantOp::create(builder, constant.getLoc(), cast<TypedAttr>(flat));
}

bool hoist(linalg::GenericOp op) {
  OpOperand *input = onlyVariableInput(op);
  auto reshape = input ? input->get().getDefiningOp<tosa::ReshapeOp>() : tosa::ReshapeOp();
  if (!reshape || !reshape->hasOneUse() || matchDequantize(op))
    return false;
  Value source = reshape.getInput1();
  ArrayRef<int64_t> from = shapeOf(source), to = shapeOf(op.getResult(0));
  if (from.empty() || to.empty() || isConstantTensor(source) || matchDequantize(source))
    return false;
  OpBuilder builder(op);
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  int64_t rank = from.size();
  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (operand == input) {
      inputs.push_back(source);
      maps.push_back(builder.getMultiDimIdentityMap(rank));
      continue;
    }
    int64_t axis = readAxis(op, operand);
    int64_t count = cast<RankedTensorType>(operand->get().getType()).getNumElements();
    if (count == 1) {
      inputs.push_back(asVector(builder, operand->get()));
      maps.push_back(AffineMap::get(rank, 0, builder.getAffineConstantExpr(0)));
    } else if (axis == static_cast<int64_t>(to.size()) - 1 && from.back() == to.back() &&
               count == to.back()) {
      inputs.push_back(asVector(builder, operand->get()));
      maps.push_back(AffineMap::get(rank, 0, builder.getAffineDimExpr(rank - 1)));
    } else {
      return false;
    }
  }
  maps.push_back(builder.getMultiDimIdentityMap(rank));
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  Value init = tensor::EmptyOp::create(builder, op.getLoc(), from, type.getElementType());
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  auto moved = linalg::GenericOp::create(builder, op.getLoc(), type.clone(from), inputs, init, maps,
                                         iterators);
  IRMapping mapping;
  op.getRegion().cloneInto(&moved.getRegion(), mapping);
  for (NamedAttribute attr : op->getDiscardableAttrs())
    moved->setAttr(attr.getName(), attr.getValue());
  Value back = tosa::ReshapeOp::create(builder, reshape.getLoc(), type, moved.getResult(0),
                                       reshape.getShape());
  op.getResult(0).replaceAllUsesWith(back);
  op.erase();
  reshape.erase();
  return true;
}

} // namespace

OpOperand *onlyVariableInput(linalg::GenericOp op) {
  if (!isElementwiseGeneric(op))
    return nullptr;
  OpOperand *found = nullptr;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (isConstantTensor(operand->get()))
      continue;
    if (found)
      return nullptr;
    found = operand;
  }
  // Read in place: the same shape, each dimension where it is (or of size 1).
  if (!found || shapeOf(found->get()) != shapeOf(op.getResult(0)))
    return nullptr;
  AffineMap map = op.getMatchingIndexingMap(found);
  for (auto [i, expr] : llvm::enumerate(map.getResults()))
    if (auto dim = dyn_cast<AffineDimExpr>(expr);
        shapeOf(found->get())[i] != 1 && (!dim || dim.getPosition() != i))
      return nullptr;
  return found;
}

std::optional<UnaryChain> matchUnaryChain(linalg::GenericOp op) {
  OpOperand *input = op ? onlyVariableInput(op) : nullptr;
  if (!input || !cast<RankedTensorType>(input->get().getType()).getElementType().isF32())
    return std::nullopt;
  return ChainReader(op, input).read();
}

bool hoistOverReshapes(Operation *root) {
  bool any = false, changed = true;
  while (changed) {
    changed = false;
    SmallVector<linalg::GenericOp> ops;
    root->walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (linalg::GenericOp op : ops)
      changed |= hoist(op);
    any |= changed;
  }
  return any;
}

} // namespace cimc
