//===- CimRelayout.cpp - Changes of row axis and order --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifier, folds and rows of cim.relayout; RelayoutWalk.h says what a walk is.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/IR/RelayoutWalk.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace cimc;
using namespace cimc::cim;
using mapping::RowMap;

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

//===--------------------------------------------------------------------------===//
// Walks
//===--------------------------------------------------------------------------===//

/// The most copies that a firing makes to read several rows of the input apart.
constexpr int64_t kMaxRowCopies = 16;

SmallVector<WalkLoop> cim::simplifyLoops(ArrayRef<WalkLoop> loops) {
  SmallVector<WalkLoop> merged;
  for (const WalkLoop &loop : loops) {
    if (loop.size == 1)
      continue;
    if (!merged.empty() && merged.back().src == loop.src * loop.size &&
        merged.back().dst == loop.dst * loop.size)
      merged.back() = {merged.back().size * loop.size, loop.src, loop.dst};
    else
      merged.push_back(loop);
  }
  return merged;
}

/// All loops, in the order of the result. `repeat` may be empty.
static SmallVector<WalkLoop> loopsOf(ArrayRef<int64_t> view, ArrayRef<int64_t> repeat,
                                     ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> strides(view.size(), 1);
  for (int64_t dim = static_cast<int64_t>(view.size()) - 2; dim >= 0; --dim)
    strides[dim] = strides[dim + 1] * view[dim + 1];
  SmallVector<WalkLoop> loops;
  for (int64_t dim : permutation) {
    int64_t times = repeat.empty() ? 1 : repeat[dim];
    loops.push_back({view[dim] * times, times > 1 ? 0 : strides[dim], 1});
  }
  for (int64_t i = static_cast<int64_t>(loops.size()) - 2; i >= 0; --i)
    loops[i].dst = loops[i + 1].dst * loops[i + 1].size;
  return simplifyLoops(loops);
}

/// Cuts each loop that goes over more than `chunk` elements of the side `step` in steps of less, so
/// that its inner part stays within a chunk. False if a chunk ends within a turn, or the loop
/// within a chunk.
static bool cutAt(SmallVector<WalkLoop> &loops, int64_t chunk, int64_t WalkLoop::*step) {
  SmallVector<WalkLoop> cut;
  for (const WalkLoop &loop : loops) {
    int64_t stride = loop.*step;
    if (stride >= chunk && stride % chunk != 0)
      return false;
    if (stride == 0 || stride >= chunk || stride * loop.size <= chunk) {
      cut.push_back(loop);
      continue;
    }
    int64_t within = chunk / stride;
    if (chunk % stride != 0 || loop.size % within != 0)
      return false;
    cut.push_back({loop.size / within, loop.src * within, loop.dst * within});
    cut.push_back({within, loop.src, loop.dst});
  }
  loops = cut;
  return true;
}

/// Looks for rows of the input that move on with the firings. `walk` has its loops cut at rows of
/// the input, of `rowElements` elements.
static void findRows(RelayoutWalk &walk, int64_t rowElements, int64_t inputRows) {
  auto overRows = [&](const WalkLoop &loop) { return loop.src >= rowElements; };
  if (walk.outer.empty() || !overRows(walk.outer.front()) ||
      llvm::any_of(llvm::drop_begin(walk.outer), overRows))
    return;
  int64_t step = walk.outer.front().src / rowElements, firings = 1, last = 0, copies = 1;
  for (const WalkLoop &loop : llvm::drop_begin(walk.outer))
    firings *= loop.size;
  for (const WalkLoop &loop : llvm::make_filter_range(walk.inner, overRows)) {
    last += (loop.size - 1) * (loop.src / rowElements);
    copies *= loop.size;
  }
  // floor(r * step / firings) is step * floor(r / firings) only where one of them is 1.
  if ((step != 1 && firings != 1) || copies > kMaxRowCopies || last + 1 >= inputRows)
    return;
  walk.streamed = true;
  walk.rows = RowMap{step, firings, 0, last + 1};
  walk.outer.erase(walk.outer.begin());
  SmallVector<WalkLoop> within;
  for (const WalkLoop &loop : walk.inner)
    if (overRows(loop))
      walk.rowLoops.push_back({loop.size, loop.src / rowElements, loop.dst});
    else
      within.push_back(loop);
  walk.inner = within;
}

/// The walk of the loops `whole` from a stream of type `from` to one of type `to`.
static std::optional<RelayoutWalk> walkLoops(const SmallVector<WalkLoop> &whole, Type from,
                                             Type to) {
  int64_t resultRow = getRowElements(to), inputRow = getRowElements(from);
  RelayoutWalk walk;
  walk.rows = RowMap{0, 1, 0, getNumRows(from)};
  SmallVector<WalkLoop> cut = whole;
  // First with loops that stay within a row of the input; else the input is collected and its rows
  // do not matter.
  bool atRows = cutAt(cut, inputRow, &WalkLoop::src) && cutAt(cut, resultRow, &WalkLoop::dst);
  if (!atRows) {
    cut = whole;
    if (!cutAt(cut, resultRow, &WalkLoop::dst))
      return std::nullopt;
  }
  for (const WalkLoop &loop : cut)
    (loop.dst >= resultRow && loop.size > 1 ? walk.outer : walk.inner).push_back(loop);
  if (atRows)
    findRows(walk, inputRow, getNumRows(from));
  if (!walk.streamed)
    walk.outer = simplifyLoops(walk.outer);
  walk.inner = simplifyLoops(walk.inner);
  return walk;
}

std::optional<RelayoutWalk> cim::walkRelayout(RelayoutOp op) {
  return walkLoops(
      loopsOf(op.getViewShape(), op.getRepeat().value_or(ArrayRef<int64_t>()), op.getPermutation()),
      op.getInput().getType(), op.getType());
}

RowMap RelayoutOp::getRowMap(unsigned) {
  std::optional<RelayoutWalk> walk = walkRelayout(*this);
  return walk ? walk->rows : RowMap{0, 1, 0, getNumRows(getInput().getType())};
}

//===--------------------------------------------------------------------------===//
// Verifier and folds
//===--------------------------------------------------------------------------===//

ArrayRef<int64_t> RelayoutOp::getViewShape() {
  return getView() ? *getView() : tensorOf(getInput()).getShape();
}

/// Whether the positive `sizes` have `elements` elements together.
static bool holdElements(ArrayRef<int64_t> sizes, int64_t elements) {
  int64_t product = 1;
  for (int64_t size : sizes)
    if (size < 1 || __builtin_mul_overflow(product, size, &product))
      return false;
  return product == elements;
}

static LogicalResult verifyRepeat(RelayoutOp op, ArrayRef<int64_t> view,
                                  SmallVectorImpl<int64_t> &sizes) {
  sizes.assign(view.begin(), view.end());
  if (!op.getRepeat())
    return success();
  ArrayRef<int64_t> repeat = *op.getRepeat();
  if (repeat.size() != view.size())
    return op.emitOpError() << "repeat must have " << view.size()
                            << " entries, one per dimension, has " << repeat.size();
  for (auto [dim, times] : llvm::enumerate(repeat)) {
    if (times < 1 || (times > 1 && view[dim] != 1))
      return op.emitOpError() << "only dimensions of size 1 repeat, dimension " << dim
                              << " has size " << view[dim] << " and repeats " << times << " times";
    sizes[dim] *= times;
  }
  return success();
}

LogicalResult RelayoutOp::verify() {
  RankedTensorType from = tensorOf(getInput()), to = tensorOf(getResult());
  ArrayRef<int64_t> view = getViewShape();
  if (!holdElements(view, from.getNumElements()))
    return emitOpError() << "view must have the " << from.getNumElements()
                         << " elements of the input";
  SmallVector<int64_t> sizes;
  if (failed(verifyRepeat(*this, view, sizes)))
    return failure();
  if (from.getElementType() != to.getElementType() || !holdElements(sizes, to.getNumElements()))
    return emitOpError() << "input and result must have the same number and type of elements, are "
                         << from << " and " << to;
  if (getPermutation().size() != view.size())
    return emitOpError() << "permutation must have " << view.size()
                         << " entries, one per dimension, has " << getPermutation().size();
  SmallVector<bool> seen(view.size(), false);
  for (int64_t dim : getPermutation()) {
    if (dim < 0 || dim >= static_cast<int64_t>(view.size()) || seen[dim])
      return emitOpError() << "permutation must name each of " << view.size()
                           << " dimensions once, entry " << dim << " does not";
    seen[dim] = true;
  }
  return success();
}

bool RelayoutOp::keepsOrder() {
  if (getRepeat() && llvm::any_of(*getRepeat(), [](int64_t times) { return times > 1; }))
    return false;
  int64_t last = -1;
  for (int64_t dim : getPermutation()) {
    if (getViewShape()[dim] == 1)
      continue;
    if (dim < last)
      return false;
    last = dim;
  }
  return true;
}

bool RelayoutOp::keepsRows() {
  return keepsOrder() && getNumRows(getInput().getType()) == getNumRows(getResult().getType());
}

OpFoldResult RelayoutOp::fold(FoldAdaptor) {
  return keepsOrder() && getInput().getType() == getResult().getType() ? OpFoldResult(getInput())
                                                                       : OpFoldResult();
}

/// Of two relayouts in a row, one that keeps the order of elements is part of the other: after it
/// as another shape of the result, before it as another shape of the input. The other then reads
/// its input in the shape that it had before.
LogicalResult RelayoutOp::canonicalize(RelayoutOp op, PatternRewriter &rewriter) {
  auto before = op.getInput().getDefiningOp<RelayoutOp>();
  if (!before || (!op.keepsOrder() && !before.keepsOrder()))
    return failure();
  RelayoutOp moving = op.keepsOrder() ? before : op;
  if (!walkLoops(loopsOf(moving.getViewShape(), moving.getRepeat().value_or(ArrayRef<int64_t>()),
                         moving.getPermutation()),
                 before.getInput().getType(), op.getType()))
    return failure(); // a row would end within a dimension that moves
  auto view = rewriter.getDenseI64ArrayAttr(moving.getViewShape());
  if (moving.getViewShape() == tensorOf(before.getInput()).getShape())
    view = {};
  rewriter.replaceOpWithNewOp<RelayoutOp>(op, op.getResult().getType(), before.getInput(), view,
                                          moving.getRepeatAttr(), moving.getPermutationAttr(),
                                          op.getCoreAttr());
  return success();
}
