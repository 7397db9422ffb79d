//===- StreamLoops.cpp - Loops over time steps become streams --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A loop of T steps becomes straight-line ops on tensors that hold all T steps: a value of shape S
// in the body becomes one of shape 1 x T x S, a stream of T rows. What is outside the loop stays as
// it is and is read by every row. A state becomes a cim.delay, which stands for the state before
// each step, and a cim.feed, which is given the state after it. Nothing is unrolled: the loop comes
// back when the firing order of the stages is folded.
//
//===--------------------------------------------------------------------------===//

#include "TosaToCim.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Elementwise.h"
#include "cimc/Transforms/Loops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace cimc::conversion {
namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
ArrayRef<int64_t> shapeOf(Value value) { return typeOf(value).getShape(); }

/// Writes one loop out as streams.
class Lifter {
public:
  Lifter(scf::ForOp loop, int64_t steps, unsigned &states)
      : loop(loop), steps(steps), states(states), builder(loop) {}

  LogicalResult run();

private:
  using Handler = Value (Lifter::*)(Operation *);
  static Handler handlerOf(Operation *op);

  // Values.
  bool isInvariant(Value value) {
    return invariant.contains(value) || !loop.getBodyRegion().isAncestor(value.getParentRegion());
  }
  /// The stream of all steps of a value of the body; one that is the same at each step is repeated.
  Value rowsOf(Value value);
  Value repeated(Value value);
  RankedTensorType typeOfRows(RankedTensorType step) const;
  Value reshape(Value value, ArrayRef<int64_t> shape);
  /// `op` with other operands and another result; attribute `axis` counts the two new dimensions.
  Value cloned(Operation *op, ValueRange operands, Type type);

  // Ops of the body, each giving the rows of its result; null after an error.
  LogicalResult liftOp(Operation *op);
  Value liftSlice(Operation *op);
  Value liftGeneric(Operation *op);
  Value liftReshape(Operation *op);
  Value liftTranspose(Operation *op);
  Value liftAlongAxis(Operation *op);
  Value liftPad(Operation *op);
  Value liftConvolution(Operation *op);
  Value liftMatMul(Operation *op);

  // Ends of the loop.
  void openStates();
  void closeStates();
  Value lastOf(Value rows, RankedTensorType type);
  Value sequenceOf(Value rows, tensor::InsertSliceOp insertion);

  scf::ForOp loop;
  int64_t steps;
  unsigned &states; ///< counts all states of the function
  OpBuilder builder;
  IRMapping invariant; ///< values of the body that are the same at each step, outside the loop
  DenseMap<Value, Value> rows;
  SmallVector<StringAttr> names; ///< of states that the body reads, by iteration argument
};

Lifter::Handler Lifter::handlerOf(Operation *op) {
  static const llvm::StringMap<Handler> handlers = {
      {"tensor.extract_slice", &Lifter::liftSlice},
      {"linalg.generic", &Lifter::liftGeneric},
      {"tosa.reshape", &Lifter::liftReshape},
      {"tosa.transpose", &Lifter::liftTranspose},
      {"tosa.concat", &Lifter::liftAlongAxis},
      {"tosa.reverse", &Lifter::liftAlongAxis},
      {"tosa.reduce_sum", &Lifter::liftAlongAxis},
      {"tosa.reduce_max", &Lifter::liftAlongAxis},
      {"tosa.reduce_min", &Lifter::liftAlongAxis},
      {"tosa.reduce_product", &Lifter::liftAlongAxis},
      {"tosa.pad", &Lifter::liftPad},
      {"tosa.conv2d", &Lifter::liftConvolution},
      {"tosa.matmul", &Lifter::liftMatMul},
      {"tosa.custom", &Lifter::liftAlongAxis},
  };
  auto found = handlers.find(op->getName().getStringRef());
  return found == handlers.end() ? nullptr : found->second;
}

//===--------------------------------------------------------------------------===//
// Values
//===--------------------------------------------------------------------------===//

/// A scalar's row has one element, so that the row axis is never the last dimension.
RankedTensorType Lifter::typeOfRows(RankedTensorType step) const {
  SmallVector<int64_t> shape = {1, steps};
  llvm::append_range(shape, step.getShape());
  if (step.getRank() == 0)
    shape.push_back(1);
  return step.clone(shape);
}

Value Lifter::reshape(Value value, ArrayRef<int64_t> shape) {
  if (shapeOf(value) == shape)
    return value;
  if (ElementsAttr constant = getConstantElements(value))
    if (ElementsAttr same = reshapedElements(constant, typeOf(value).clone(shape)))
      return arith::ConstantOp::create(builder, value.getLoc(), cast<TypedAttr>(same));
  return tosa::ReshapeOp::create(builder, value.getLoc(), typeOf(value).clone(shape), value,
                                 makeShape(builder, value.getLoc(), shape));
}

Value Lifter::repeated(Value value) {
  RankedTensorType type = typeOfRows(typeOf(value));
  SmallVector<AffineExpr> read;
  for (int64_t dim = 0; dim < typeOf(value).getRank(); ++dim)
    read.push_back(builder.getAffineDimExpr(dim + 2));
  SmallVector<AffineMap> maps = {AffineMap::get(type.getRank(), 0, read, builder.getContext()),
                                 builder.getMultiDimIdentityMap(type.getRank())};
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  Value init =
      tensor::EmptyOp::create(builder, value.getLoc(), type.getShape(), type.getElementType());
  return linalg::GenericOp::create(builder, value.getLoc(), TypeRange{type}, value, init, maps,
                                   iterators,
                                   [](OpBuilder &b, Location at, ValueRange args) {
                                     linalg::YieldOp::create(b, at, args[0]);
                                   })
      .getResult(0);
}

Value Lifter::rowsOf(Value value) {
  Value &known = rows[value];
  if (!known)
    known = repeated(invariant.lookupOrDefault(value));
  return known;
}

Value Lifter::cloned(Operation *op, ValueRange operands, Type type) {
  Operation *clone = builder.clone(*op);
  clone->setOperands(operands);
  if (auto axis = clone->getAttrOfType<IntegerAttr>("axis"))
    clone->setAttr("axis", builder.getI32IntegerAttr(axis.getInt() + 2));
  clone->getResult(0).setType(type);
  return clone->getResult(0);
}

//===--------------------------------------------------------------------------===//
// Ops of the body
//===--------------------------------------------------------------------------===//

Value Lifter::liftSlice(Operation *op) {
  auto slice = cast<tensor::ExtractSliceOp>(op);
  Location loc = op->getLoc();
  RankedTensorType result = typeOfRows(slice.getType());
  if (std::optional<int64_t> axis = stepAxis(slice, slice.getSourceType(), loop)) {
    if (!isInvariant(slice.getSource())) {
      op->emitError() << "takes its part of a value that changes from step to step, which is not "
                         "supported";
      return {};
    }
    Value sequence = invariant.lookupOrDefault(slice.getSource());
    SmallVector<int64_t> shape(shapeOf(sequence));
    shape[*axis] = steps;
    SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0)),
        strides(shape.size(), builder.getIndexAttr(1)), sizes;
    for (int64_t size : shape)
      sizes.push_back(builder.getIndexAttr(size));
    if (shapeOf(sequence) != ArrayRef(shape))
      sequence = tensor::ExtractSliceOp::create(builder, loc, typeOf(sequence).clone(shape),
                                                sequence, offsets, sizes, strides);
    SmallVector<int32_t> perms = {static_cast<int32_t>(*axis)};
    for (size_t dim = 0; dim < shape.size(); ++dim)
      if (static_cast<int64_t>(dim) != *axis)
        perms.push_back(static_cast<int32_t>(dim));
    bool leading =
        llvm::all_of(ArrayRef(shape).take_front(*axis), [](int64_t s) { return s == 1; });
    if (!leading) {
      SmallVector<int64_t> moved;
      for (int32_t dim : perms)
        moved.push_back(shape[dim]);
      sequence =
          tosa::TransposeOp::create(builder, loc, typeOf(sequence).clone(moved), sequence, perms);
    }
    return reshape(sequence, result.getShape());
  }
  if (!slice.getOffsets().empty() || !slice.getSizes().empty() || !slice.getStrides().empty()) {
    op->emitError() << "must have constant offsets, or take one entry at the step of its loop";
    return {};
  }
  auto prefixed = [&](ArrayRef<int64_t> values, int64_t first, int64_t second) {
    SmallVector<OpFoldResult> all = {builder.getIndexAttr(first), builder.getIndexAttr(second)};
    for (int64_t value : values)
      all.push_back(builder.getIndexAttr(value));
    return all;
  };
  SmallVector<int64_t> shape = {1, steps};
  llvm::append_range(shape, slice.getStaticSizes());
  Value cut = tensor::ExtractSliceOp::create(
      builder, loc, result.clone(shape), rowsOf(slice.getSource()),
      prefixed(slice.getStaticOffsets(), 0, 0), prefixed(slice.getStaticSizes(), 1, steps),
      prefixed(slice.getStaticStrides(), 1, 1));
  return reshape(cut, result.getShape());
}

Value Lifter::liftGeneric(Operation *op) {
  auto generic = cast<linalg::GenericOp>(op);
  if (!isElementwiseGeneric(generic)) {
    op->emitError() << "must be elementwise";
    return {};
  }
  RankedTensorType type = typeOfRows(typeOf(generic.getResult(0)));
  MLIRContext *context = op->getContext();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (OpOperand *operand : generic.getDpsInputOperands()) {
    bool same = isInvariant(operand->get());
    SmallVector<AffineExpr> read;
    if (!same)
      read = {builder.getAffineDimExpr(0), builder.getAffineDimExpr(1)};
    AffineMap map = generic.getMatchingIndexingMap(operand);
    for (AffineExpr expr : map.getResults())
      read.push_back(expr.shiftDims(map.getNumDims(), 2));
    if (!same && map.getNumResults() == 0)
      read.push_back(getAffineConstantExpr(0, context));
    inputs.push_back(same ? invariant.lookupOrDefault(operand->get()) : rowsOf(operand->get()));
    maps.push_back(AffineMap::get(type.getRank(), 0, read, context));
  }
  maps.push_back(builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  Value init =
      tensor::EmptyOp::create(builder, op->getLoc(), type.getShape(), type.getElementType());
  auto lifted = linalg::GenericOp::create(builder, op->getLoc(), TypeRange{type}, inputs, init,
                                          maps, iterators);
  generic.getRegion().cloneInto(&lifted.getRegion(), invariant);
  return lifted.getResult(0);
}

Value Lifter::liftReshape(Operation *op) {
  return reshape(rowsOf(op->getOperand(0)), typeOfRows(typeOf(op->getResult(0))).getShape());
}

Value Lifter::liftTranspose(Operation *op) {
  auto transpose = cast<tosa::TransposeOp>(op);
  SmallVector<int32_t> perms = {0, 1};
  for (int32_t dim : transpose.getPerms())
    perms.push_back(dim + 2);
  return tosa::TransposeOp::create(builder, op->getLoc(), typeOfRows(typeOf(transpose.getOutput())),
                                   rowsOf(transpose.getInput1()), perms);
}

Value Lifter::liftAlongAxis(Operation *op) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(rowsOf(operand));
  return cloned(op, operands, typeOfRows(typeOf(op->getResult(0))));
}

Value Lifter::liftPad(Operation *op) {
  auto pad = cast<tosa::PadOp>(op);
  std::optional<SmallVector<int64_t>> amounts = getShapeValues(pad.getPadding());
  if (!amounts) {
    op->emitError() << "must have constant padding";
    return {};
  }
  amounts->insert(amounts->begin(), 4, 0);
  return tosa::PadOp::create(builder, op->getLoc(), typeOfRows(typeOf(pad.getOutput())),
                             rowsOf(pad.getInput1()), makeShape(builder, op->getLoc(), *amounts),
                             invariant.lookupOrDefault(pad.getPadConst()));
}

/// A layer sees the steps one below the other: 1 x (T * H) x W x C.
Value Lifter::liftConvolution(Operation *op) {
  auto conv = cast<tosa::Conv2DOp>(op);
  ArrayRef<int64_t> in = shapeOf(conv.getInput()), out = shapeOf(conv.getOutput());
  if (shapeOf(conv.getWeight())[1] != 1 || conv.getStride()[0] != 1 || conv.getPad()[0] != 0 ||
      conv.getPad()[1] != 0 || in[0] != 1) {
    op->emitError() << "has a window of several rows in a loop over time steps, which is not "
                       "supported";
    return {};
  }
  SmallVector<Value> operands = {
      reshape(rowsOf(conv.getInput()), {1, steps * in[1], in[2], in[3]})};
  for (Value operand : op->getOperands().drop_front())
    operands.push_back(invariant.lookupOrDefault(operand));
  Value result =
      cloned(op, operands, typeOf(conv.getOutput()).clone({1, steps * out[1], out[2], out[3]}));
  return reshape(result, typeOfRows(typeOf(conv.getOutput())).getShape());
}

Value Lifter::liftMatMul(Operation *op) {
  auto product = cast<tosa::MatMulOp>(op);
  ArrayRef<int64_t> in = shapeOf(product.getA()), out = shapeOf(product.getOutput());
  if (in[0] != 1 || !isInvariant(product.getB())) {
    op->emitError() << "must multiply one matrix by the same one at every step of its loop";
    return {};
  }
  SmallVector<Value> operands = {reshape(rowsOf(product.getA()), {1, steps * in[1], in[2]})};
  for (Value operand : op->getOperands().drop_front())
    operands.push_back(invariant.lookupOrDefault(operand));
  Value result =
      cloned(op, operands, typeOf(product.getOutput()).clone({1, steps * out[1], out[2]}));
  return reshape(result, typeOfRows(typeOf(product.getOutput())).getShape());
}

LogicalResult Lifter::liftOp(Operation *op) {
  for (unsigned i = 0; i < loop.getNumRegionIterArgs(); ++i)
    if (sequenceInsertion(loop, i) == op)
      return success(); // at the end
  auto changes = [&](Value operand) {
    return operand == loop.getInductionVar() || !isInvariant(operand);
  };
  // Random numbers are others at each step, whatever they are drawn for.
  if (llvm::none_of(op->getOperands(), changes) && op->getNumRegions() == 0 && !isRandom(op)) {
    builder.clone(*op, invariant);
    return success();
  }
  if (isa<scf::ForOp>(op))
    return op->emitError() << "is a loop inside a loop over time steps, which is not supported";
  Handler handler = handlerOf(op);
  if (!handler)
    return op->emitError() << "'" << op->getName()
                           << "' in a loop over time steps is not supported";
  Value result = (this->*handler)(op);
  if (!result)
    return failure();
  rows[op->getResult(0)] = result;
  return success();
}

//===--------------------------------------------------------------------------===//
// Ends of the loop
//===--------------------------------------------------------------------------===//

void Lifter::openStates() {
  std::string node = nodeName(loop.getLoc(), "loop");
  for (auto [index, state] : llvm::enumerate(loop.getRegionIterArgs())) {
    names.push_back({});
    Value init = loop.getInitArgs()[index];
    if (sequenceInsertion(loop, index))
      continue;
    if (loop.getYieldedValues()[index] == state) {
      invariant.map(state, init);
      continue;
    }
    if (state.use_empty())
      continue;
    names.back() = builder.getStringAttr(node + "." + std::to_string(states++));
    rows[state] = cim::DelayOp::create(builder, loop.getLoc(), typeOfRows(typeOf(init)),
                                       names.back(), init, IntegerAttr());
  }
}

Value Lifter::lastOf(Value all, RankedTensorType type) {
  SmallVector<int64_t> shape(shapeOf(all));
  shape[1] = 1;
  SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0)),
      strides(shape.size(), builder.getIndexAttr(1)), sizes;
  for (int64_t size : shape)
    sizes.push_back(builder.getIndexAttr(size));
  offsets[1] = builder.getIndexAttr(steps - 1);
  Value last = tensor::ExtractSliceOp::create(builder, loop.getLoc(), typeOf(all).clone(shape), all,
                                              offsets, sizes, strides);
  return reshape(last, type.getShape());
}

Value Lifter::sequenceOf(Value all, tensor::InsertSliceOp insertion) {
  RankedTensorType type = insertion.getDestType();
  int64_t axis = *stepAxis(insertion, type, loop);
  SmallVector<int64_t> shape(type.getShape());
  shape.erase(shape.begin() + axis);
  shape.insert(shape.begin(), steps);
  SmallVector<int32_t> perms;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    perms.push_back(static_cast<int32_t>(dim < axis ? dim + 1 : dim == axis ? 0 : dim));
  Value sequence = reshape(all, shape);
  if (llvm::all_of(type.getShape().take_front(axis), [](int64_t size) { return size == 1; }))
    return reshape(sequence, type.getShape());
  return tosa::TransposeOp::create(builder, loop.getLoc(), type, sequence, perms);
}

void Lifter::closeStates() {
  for (auto [index, result] : llvm::enumerate(loop.getResults())) {
    Value next = loop.getYieldedValues()[index];
    if (tensor::InsertSliceOp insertion = sequenceInsertion(loop, index)) {
      result.replaceAllUsesWith(sequenceOf(rowsOf(insertion.getSource()), insertion));
      continue;
    }
    if (names[index])
      cim::FeedOp::create(builder, loop.getLoc(), names[index], rowsOf(next));
    if (!result.use_empty())
      result.replaceAllUsesWith(isInvariant(next) ? invariant.lookupOrDefault(next)
                                                  : lastOf(rowsOf(next), typeOf(result)));
  }
}

LogicalResult Lifter::run() {
  openStates();
  bool ok = true;
  for (Operation &op : loop.getBody()->without_terminator()) {
    ok = succeeded(liftOp(&op));
    if (!ok)
      return failure(); // later ops have no operands
  }
  closeStates();
  loop.erase();
  return success();
}

} // namespace

LogicalResult streamLoops(func::FuncOp func) {
  unsigned states = 0;
  SmallVector<scf::ForOp> loops(func.getBody().front().getOps<scf::ForOp>());
  for (scf::ForOp loop : loops) {
    std::optional<int64_t> steps = stepsOf(loop);
    if (!steps)
      return loop.emitError() << "must count from 0 by 1 to a constant, which is the number of "
                                 "steps";
    if (failed(Lifter(loop, *steps, states).run()))
      return failure();
  }
  return success();
}

} // namespace cimc::conversion
