//===- Steps.cpp - Loops over time steps at the entry level ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===--------------------------------------------------------------------------===//

#include "Steps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

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
                                              ArrayRef<SequenceType> sequences, StepBody body) {
  FailureOr<StepResults> results = body(CurrentStep{builder, loc, {}}, initial);
  if (failed(results))
    return failure();
  for (auto [entry, sequence] : llvm::zip_equal(results->entries, sequences))
    entry =
        buildReshape(builder, loc, entry, withAxis(sequence.entry.getShape(), sequence.axis, 1));
  return results;
}

FailureOr<StepResults> buildSteps(OpBuilder &builder, Location loc, int64_t steps,
                                  ValueRange initial, ArrayRef<SequenceType> sequences,
                                  StepBody body) {
  if (steps == 1)
    return buildSingleStep(builder, loc, initial, sequences, body);
  SmallVector<Value> arguments(initial);
  for (const SequenceType &sequence : sequences)
    arguments.push_back(tensor::EmptyOp::create(
        builder, loc, withAxis(sequence.entry.getShape(), sequence.axis, steps),
        sequence.entry.getElementType()));
  Value first = arith::ConstantIndexOp::create(builder, loc, 0),
        last = arith::ConstantIndexOp::create(builder, loc, steps),
        step = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, first, last, step, arguments);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  ValueRange inside = loop.getRegionIterArgs();
  FailureOr<StepResults> results =
      body(CurrentStep{builder, loc, loop.getInductionVar()}, inside.take_front(initial.size()));
  if (failed(results))
    return failure();
  SmallVector<Value> yielded = results->states;
  for (auto [entry, sequence, whole] :
       llvm::zip_equal(results->entries, sequences, inside.drop_front(initial.size()))) {
    EntryPlace place(builder, typeOf(whole).getShape(), sequence.axis, loop.getInductionVar());
    yielded.push_back(tensor::InsertSliceOp::create(builder, loc, entry, whole, place.offsets,
                                                    place.sizes, place.strides));
  }
  scf::YieldOp::create(builder, loc, yielded);
  StepResults after;
  after.states.assign(loop.getResults().begin(), loop.getResults().begin() + initial.size());
  after.entries.assign(loop.getResults().begin() + initial.size(), loop.getResults().end());
  return after;
}

} // namespace cimc::frontend
