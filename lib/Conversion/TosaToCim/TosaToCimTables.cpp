//===- TosaToCimTables.cpp - Tables and quantised sums --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Groups of elementwise ops that become one stage. A table: everything between an 8-bit tensor and
// the only 8-bit tensor that it depends on, computed here for all 256 values. A quantised sum:
// quantise(dequantise(a) + dequantise(b)), with maxima and minima by constants before the
// quantisation, which become part of its clamp because quantisation is monotonic.
//
//===--------------------------------------------------------------------------===//

#include "TosaToCim.h"

#include "ScalarEvaluator.h"
#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Elementwise.h"
#include "cimc/Transforms/QuantizedForms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cmath>

using namespace mlir;

namespace cimc::conversion {

static bool isI8(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType().isSignlessInteger(8);
}

/// The number that all elements of a constant tensor, or a constant scalar, are.
static std::optional<Scalar> splatScalar(Value value) {
  if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    if (!isa<ElementsAttr>(constant.getValue()))
      return scalarOf(constant.getValue());
  auto dense = dyn_cast_or_null<DenseElementsAttr>(getConstantElements(value));
  if (!dense || !dense.isSplat())
    return std::nullopt;
  return scalarOf(dense.getSplatValue<Attribute>());
}

//===--------------------------------------------------------------------------===//
// Tables
//===--------------------------------------------------------------------------===//

namespace {

/// The elementwise ops between a tensor and the 8-bit tensor that alone decides its elements.
class Cone {
public:
  /// Collects the ops behind `root`. Fails if more than one 8-bit tensor, or anything else, takes
  /// part.
  bool collect(linalg::GenericOp root) {
    return visit(root->getResult(0), /*isRoot=*/true) && leaf;
  }

  Value getLeaf() const { return leaf; }

  /// The element of the root where the leaf's is `input`.
  std::optional<Scalar> evaluateAt(int8_t input) const {
    ScalarMap known;
    known[leaf] = Scalar{0, input};
    Scalar last;
    for (Operation *op : ops) {
      std::optional<Scalar> value = evaluateOp(op, known);
      if (!value)
        return std::nullopt;
      known[op->getResult(0)] = last = *value;
    }
    return last;
  }

private:
  static constexpr size_t kMaxOps = 64;

  bool visit(Value value, bool isRoot) {
    if (!isRoot && isI8(value) && !splatScalar(value)) {
      bool same = !leaf || leaf == value;
      leaf = value;
      return same;
    }
    Operation *op = value.getDefiningOp();
    if (!op || ops.contains(op) || splatScalar(value))
      return op != nullptr;
    if (ops.size() >= kMaxOps || !visitOperands(op))
      return false;
    ops.insert(op); // after its operands
    return true;
  }

  bool visitOperands(Operation *op) {
    if (isa<tosa::ReshapeOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
      return visit(op->getOperand(0), false);
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic || !isElementwiseGeneric(generic))
      return false;
    for (OpOperand *operand : generic.getDpsInputOperands()) {
      if (splatScalar(operand->get()))
        continue;
      if (!isa<RankedTensorType>(operand->get().getType()) ||
          !generic.getMatchingIndexingMap(operand).isIdentity() || !visit(operand->get(), false))
        return false;
    }
    return true;
  }

  static std::optional<Scalar> evaluateOp(Operation *op, const ScalarMap &known) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic)
      return known.lookup(op->getOperand(0));
    SmallVector<Scalar> args;
    for (Value input : generic.getInputs())
      if (auto constant = splatScalar(input))
        args.push_back(*constant);
      else
        args.push_back(known.lookup(input));
    args.push_back(Scalar()); // the initial value of the result, which is not read
    std::optional<SmallVector<Scalar>> result = evaluate(*generic.getBody(), args);
    return result ? std::optional((*result)[0]) : std::nullopt;
  }

  Value leaf;
  llvm::SetVector<Operation *> ops;
};

} // namespace

std::optional<Plan> Converter::planTable(linalg::GenericOp op) {
  Cone cone;
  if (!isI8(op->getResult(0)) || !cone.collect(op))
    return std::nullopt;
  Plan plan;
  plan.kind = Plan::Table;
  plan.inputs = {cone.getLeaf()};
  for (int input = -128; input <= 127; ++input) {
    std::optional<Scalar> value = cone.evaluateAt(static_cast<int8_t>(input));
    if (!value)
      return std::nullopt;
    plan.table.push_back(static_cast<int8_t>(value->integer));
  }
  return plan;
}

Value Converter::convertTable(Operation *op, const Plan &plan) {
  Value leaf = plan.inputs.front();
  Value input = streams.lookup(leaf);
  if (!input)
    input = streamOf(op, leaf);
  if (!input)
    return {};
  bool identity = true;
  for (int i = 0; i < 256; ++i)
    identity &= plan.table[i] == i - 128;
  if (identity)
    return input;
  ++counts.tables;
  auto type = RankedTensorType::get({256}, builder.getI8Type());
  return cim::LookupOp::create(builder, op->getLoc(), input.getType(), input,
                               cim::makeElements(type, ArrayRef<int8_t>(plan.table), "table"),
                               IntegerAttr());
}

//===--------------------------------------------------------------------------===//
// Quantised sums
//===--------------------------------------------------------------------------===//

/// Whether every operand of the elementwise `op` has the result's shape and is read in order.
static bool readsInOrder(linalg::GenericOp op) {
  return isElementwiseGeneric(op) &&
         llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
           return op.getMatchingIndexingMap(operand).isIdentity();
         });
}

/// The op that alone makes up the body of `op`, whose result is yielded; null if there is none.
static Operation *onlyOp(linalg::GenericOp op) {
  Operation *only = nullptr;
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (isa<arith::ConstantOp>(inner))
      continue;
    if (only)
      return nullptr;
    only = &inner;
  }
  return only && op.getBody()->getTerminator()->getOperand(0).getDefiningOp() == only ? only
                                                                                      : nullptr;
}

/// The tensor behind an operand of the body, null if it is none.
static Value tensorBehind(linalg::GenericOp op, Value scalar) {
  auto arg = dyn_cast<BlockArgument>(scalar);
  if (!arg || arg.getOwner() != op.getBody() || arg.getArgNumber() >= op.getInputs().size())
    return {};
  return op.getInputs()[arg.getArgNumber()];
}

namespace {
/// max(x, bound) or min(x, bound).
struct Bound {
  Value input;
  float bound;
  bool isMax;
};
} // namespace

static std::optional<Bound> matchBound(linalg::GenericOp op) {
  Operation *only = onlyOp(op);
  if (!only || !isElementwiseGeneric(op) ||
      !isa<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp>(only))
    return std::nullopt;
  for (unsigned side : {0u, 1u}) {
    Value input = tensorBehind(op, only->getOperand(side)), other = only->getOperand(1 - side);
    Value otherTensor = tensorBehind(op, other);
    std::optional<Scalar> bound = splatScalar(otherTensor ? otherTensor : other);
    if (input && bound && input.getType() == op->getResult(0).getType())
      return Bound{input, bound->real, isa<arith::MaximumFOp, arith::MaxNumFOp>(only)};
  }
  return std::nullopt;
}

/// The two tensors that `op` adds.
static std::optional<std::pair<Value, Value>> matchSum(linalg::GenericOp op) {
  auto add = dyn_cast_or_null<arith::AddFOp>(onlyOp(op));
  if (!add || !readsInOrder(op))
    return std::nullopt;
  Value lhs = tensorBehind(op, add.getLhs()), rhs = tensorBehind(op, add.getRhs());
  if (!lhs || !rhs)
    return std::nullopt;
  return std::pair(lhs, rhs);
}

static int quantizeValue(const QuantizeForm &form, float value) {
  float rounded = std::nearbyint(value / form.scale) + static_cast<float>(form.zeroPoint);
  return static_cast<int>(
      std::min(std::max(rounded, static_cast<float>(form.lo)), static_cast<float>(form.hi)));
}

/// Narrows [lo, hi] by a maximum or minimum before the quantisation, which is monotonic.
static void narrow(const QuantizeForm &form, float bound, bool isMax, int &lo, int &hi) {
  int limit = quantizeValue(form, bound);
  lo = isMax ? std::max(lo, limit) : std::min(lo, limit);
  hi = isMax ? std::max(hi, limit) : std::min(hi, limit);
}

namespace {

/// Reads a body that holds the whole of a quantised sum, from its result back to its two arguments.
/// Fails by returning null.
class SumBody {
public:
  explicit SumBody(linalg::GenericOp op) : op(op) {}

  std::optional<Plan> match() {
    if (op.getNumDpsInputs() != 2 || !readsInOrder(op) || !isI8(op.getInputs()[0]) ||
        !isI8(op.getInputs()[1]) || !isI8(op->getResult(0)))
      return std::nullopt;
    Value value = op.getBody()->getTerminator()->getOperand(0);
    float hi = 127, lo = -128, zeroPoint = 0;
    if (!unary<arith::FPToSIOp>(value) || !bound<arith::MinimumFOp>(value, hi) ||
        !bound<arith::MaximumFOp>(value, lo))
      return std::nullopt;
    bound<arith::AddFOp>(value, zeroPoint);
    if (!unary<math::RoundEvenOp>(value))
      return std::nullopt;
    auto quotient = value.getDefiningOp<arith::DivFOp>();
    std::optional<Scalar> scale = quotient ? splatScalar(quotient.getRhs()) : std::nullopt;
    if (!scale)
      return std::nullopt;
    form = {Value(), scale->real, static_cast<int>(zeroPoint), static_cast<int>(lo),
            static_cast<int>(hi)};
    return matchSum(quotient.getLhs());
  }

private:
  /// Steps from the result of a `T` to its operand.
  template <typename T> static bool unary(Value &value) {
    auto inner = value.getDefiningOp<T>();
    if (inner)
      value = inner->getOperand(0);
    return static_cast<bool>(inner);
  }

  /// Steps from the result of a `T` with a constant operand to the other operand.
  template <typename T> static bool bound(Value &value, float &constant) {
    auto inner = value.getDefiningOp<T>();
    for (unsigned side : {0u, 1u}) {
      std::optional<Scalar> number = inner ? splatScalar(inner->getOperand(side)) : std::nullopt;
      if (!number)
        continue;
      constant = number->real;
      value = inner->getOperand(1 - side);
      return true;
    }
    return false;
  }

  std::optional<Plan> matchSum(Value value) {
    SmallVector<std::pair<float, bool>> bounds; // outermost first
    for (float limit = 0;;)
      if (bound<arith::MaximumFOp>(value, limit))
        bounds.push_back({limit, true});
      else if (bound<arith::MinimumFOp>(value, limit))
        bounds.push_back({limit, false});
      else
        break;
    auto add = value.getDefiningOp<arith::AddFOp>();
    std::optional<Operand> lhs = add ? matchOperand(add.getLhs()) : std::nullopt,
                           rhs = add ? matchOperand(add.getRhs()) : std::nullopt;
    if (!lhs || !rhs)
      return std::nullopt;
    int lo = form.lo, hi = form.hi;
    for (auto [limit, isMax] : llvm::reverse(bounds))
      narrow(form, limit, isMax, lo, hi);
    Plan plan;
    plan.kind = Plan::Add;
    plan.inputs = {lhs->tensor, rhs->tensor};
    plan.add = {lhs->scale,     rhs->scale,     form.scale, lhs->zeroPoint,
                rhs->zeroPoint, form.zeroPoint, lo,         hi};
    return plan;
  }

  struct Operand {
    Value tensor;
    float scale;
    int zeroPoint;
  };

  /// `f32(x - zero point) * scale` of an argument.
  std::optional<Operand> matchOperand(Value value) {
    Operand operand{Value(), 1, 0};
    if (!bound<arith::MulFOp>(value, operand.scale) || !unary<arith::SIToFPOp>(value))
      return std::nullopt;
    if (auto difference = value.getDefiningOp<arith::SubIOp>()) {
      std::optional<Scalar> zeroPoint = splatScalar(difference.getRhs());
      if (!zeroPoint)
        return std::nullopt;
      operand.zeroPoint = static_cast<int>(zeroPoint->integer);
      value = difference.getLhs();
    }
    unary<arith::ExtSIOp>(value);
    operand.tensor = tensorBehind(op, value);
    return operand.tensor ? std::optional(operand) : std::nullopt;
  }

  linalg::GenericOp op;
  QuantizeForm form;
};

} // namespace

std::optional<Plan> Converter::planAdd(linalg::GenericOp op) {
  if (std::optional<Plan> whole = SumBody(op).match())
    return whole;
  std::optional<QuantizeForm> form = matchQuantize(op);
  if (!form)
    return std::nullopt;
  SmallVector<Bound> bounds;
  auto inner = form->input.getDefiningOp<linalg::GenericOp>();
  while (inner) {
    std::optional<Bound> bound = matchBound(inner);
    if (!bound)
      break;
    bounds.push_back(*bound);
    inner = bound->input.getDefiningOp<linalg::GenericOp>();
  }
  std::optional<std::pair<Value, Value>> sum = inner ? matchSum(inner) : std::nullopt;
  if (!sum)
    return std::nullopt;
  std::optional<DequantizeForm> lhs = matchDequantize(sum->first),
                                rhs = matchDequantize(sum->second);
  if (!lhs || !rhs || !lhs->scale.isPerTensor() || !rhs->scale.isPerTensor() || !isI8(lhs->input) ||
      !isI8(rhs->input) || lhs->input.getType() != rhs->input.getType())
    return std::nullopt;
  int lo = form->lo, hi = form->hi;
  for (const Bound &bound : llvm::reverse(bounds))
    narrow(*form, bound.bound, bound.isMax, lo, hi);
  Plan plan;
  plan.kind = Plan::Add;
  plan.inputs = {lhs->input, rhs->input};
  plan.add = {lhs->scale.at(0), rhs->scale.at(0), form->scale, lhs->zeroPoint,
              rhs->zeroPoint,   form->zeroPoint,  lo,          hi};
  return plan;
}

Value Converter::convertAdd(Operation *op, const Plan &plan) {
  Value lhs = streamOf(op, plan.inputs[0]), rhs = streamOf(op, plan.inputs[1]);
  if (!lhs || !rhs)
    return {};
  const auto &add = plan.add;
  return cim::AddOp::create(
      builder, op->getLoc(), streamTypeOf(op->getResult(0).getType()), lhs, rhs,
      builder.getF32FloatAttr(add.lhsScale), builder.getI32IntegerAttr(add.lhsZeroPoint),
      builder.getF32FloatAttr(add.rhsScale), builder.getI32IntegerAttr(add.rhsZeroPoint),
      builder.getF32FloatAttr(add.scale), builder.getI32IntegerAttr(add.zeroPoint),
      builder.getDenseI32ArrayAttr({add.lo, add.hi}), IntegerAttr());
}

} // namespace cimc::conversion
