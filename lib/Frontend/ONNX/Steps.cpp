//===- Steps.cpp - Loops over time steps at the entry level ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===--------------------------------------------------------------------------===//

#include "Steps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace cimc::frontend {

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// `shape` with a dimension of `size` inserted at `axis`.
static Shape withAxis(ArrayRef<int64_t> shape, int64_t axis, int64_t size) {
  Shape result(shape.begin(), shape.end());
  result.insert(result.begin() + axis, size);
  return result;
}

namespace {
/// The place of one step's entry in a sequence.
struct EntryPlace {
  SmallVector<OpFoldResult> offsets, sizes, strides;

  EntryPlace(OpBuilder &builder, ArrayRef<int64_t> sequence, int64_t axis, Value index)
      : offsets(sequence.size(), builder.getIndexAttr(0)),
        strides(sequence.size(), builder.getIndexAttr(1)) {
    for (int64_t size : sequence)
      sizes.push_back(builder.getIndexAttr(size));
    offsets[axis] = index;
    sizes[axis] = builder.getIndexAttr(1);
  }
};
} // namespace

Value CurrentStep::slice(Value sequence, int64_t axis) const {
  Shape entry = typeOf(sequence).getShape().vec();
  entry.erase(entry.begin() + axis);
  if (!index)
    return buildReshape(builder, loc, sequence, entry);
  EntryPlace place(builder, typeOf(sequence).getShape(), axis, index);
  return tensor::ExtractSliceOp::create(builder, loc, typeOf(sequence).clone(entry), sequence,
                                        place.offsets, place.sizes, place.strides);
}

static FailureOr<StepResults> buildSingleStep(OpBuilder &builder, Location loc, ValueRange initial,
                                              ArrayRef<int64_t> axes, StepBody body) {
  FailureOr<StepResults> results = body(CurrentStep{builder, loc, {}}, initial);
  if (failed(results))
    return failure();
  for (auto [entry, axis] : llvm::zip_equal(results->entries, axes))
    entry = buildReshape(builder, loc, entry, withAxis(typeOf(entry).getShape(), axis, 1));
  return results;
}

/// Makes the loop fill a sequence with each of `entries`, values of its body. Types of entries are
/// known only when the body is there, so that the loop gets further arguments afterwards.
static scf::ForOp addSequences(OpBuilder &builder, scf::ForOp loop, int64_t steps,
                               ValueRange entries, ArrayRef<int64_t> axes) {
  IRRewriter rewriter(builder);
  rewriter.setInsertionPoint(loop);
  SmallVector<Value> empty;
  for (auto [entry, axis] : llvm::zip_equal(entries, axes))
    empty.push_back(tensor::EmptyOp::create(rewriter, loop.getLoc(),
                                            withAxis(typeOf(entry).getShape(), axis, steps),
                                            typeOf(entry).getElementType()));
  auto insert = [&](OpBuilder &b, Location at, ArrayRef<BlockArgument> sequences) {
    SmallVector<Value> filled;
    for (auto [entry, sequence, axis] : llvm::zip_equal(entries, sequences, axes)) {
      EntryPlace place(b, typeOf(sequence).getShape(), axis, sequence.getOwner()->getArgument(0));
      filled.push_back(tensor::InsertSliceOp::create(b, at, entry, sequence, place.offsets,
                                                     place.sizes, place.strides));
    }
    return filled;
  };
  auto filling = loop.replaceWithAdditionalYields(rewriter, empty,
                                                  /*replaceInitOperandUsesInLoop=*/false, insert);
  return cast<scf::ForOp>(filling->getOperation());
}

FailureOr<StepResults> buildSteps(OpBuilder &builder, Location loc, int64_t steps,
                                  ValueRange initial, ArrayRef<int64_t> axes, StepBody body) {
  if (steps == 1)
    return buildSingleStep(builder, loc, initial, axes, body);
  Value first = arith::ConstantIndexOp::create(builder, loc, 0),
        last = arith::ConstantIndexOp::create(builder, loc, steps),
        step = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, first, last, step, initial);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  FailureOr<StepResults> results =
      body(CurrentStep{builder, loc, loop.getInductionVar()}, loop.getRegionIterArgs());
  if (failed(results))
    return failure();
  if (!initial.empty()) // otherwise the loop was made with its terminator
    scf::YieldOp::create(builder, loc, results->states);
  loop = addSequences(builder, loop, steps, results->entries, axes);
  StepResults after;
  ValueRange all = loop.getResults();
  after.states = llvm::to_vector(all.take_front(initial.size()));
  after.entries = llvm::to_vector(all.drop_front(initial.size()));
  return after;
}

Value buildReverse(OpBuilder &builder, Location loc, Value sequence, int64_t axis) {
  if (typeOf(sequence).getDimSize(axis) == 1)
    return sequence;
  return tosa::ReverseOp::create(builder, loc, sequence.getType(), sequence,
                                 builder.getI32IntegerAttr(static_cast<int32_t>(axis)));
}

} // namespace cimc::frontend
