//===- EliminateTransposes.cpp - Move transposes out of the way -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Importers of channels-first models put a transpose before and after each convolution and pool.
// This pass moves every transpose towards the results: through elementwise ops, concatenations,
// pads, slices, reductions and reshapes that keep the moved dimensions apart. Two that meet become
// one or none, constants absorb theirs. Then what is left near the inputs moves up to the
// arguments, and transposes that move only dimensions of size 1 become reshapes, which merge.
//
// A transpose before a flatten stays where its dimensions are merged in another order than they lie
// in memory.
//
//===--------------------------------------------------------------------------===//

#include "LayoutUtils.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <numeric>

namespace cimc {
#define GEN_PASS_DEF_ELIMINATETRANSPOSES
#include "cimc/Transforms/Passes.h.inc"
} // namespace cimc

using namespace mlir;

namespace cimc {
using namespace layout;
namespace {

using Perm = SmallVector<int64_t>;

Perm permOf(tosa::TransposeOp op) { return Perm(op.getPerms().begin(), op.getPerms().end()); }

/// The permutation if a transpose defines `value`.
std::optional<Perm> transposeOf(Value value) {
  auto op = value.getDefiningOp<tosa::TransposeOp>();
  return op ? std::optional<Perm>(permOf(op)) : std::nullopt;
}

Value sourceOf(Value value) { return value.getDefiningOp<tosa::TransposeOp>().getInput1(); }

/// True if the permutation changes nothing in memory: dimensions of more than one element stay in
/// order.
bool movesOnlyUnits(ArrayRef<int64_t> shape, ArrayRef<int64_t> perm) {
  int64_t last = -1;
  for (int64_t p : perm) {
    if (shape[p] == 1)
      continue;
    if (p < last)
      return false;
    last = p;
  }
  return true;
}

/// What it costs to transpose `value`: its elements, or nothing where no data move.
int64_t transposeCost(Value value, ArrayRef<int64_t> perm) {
  if (isConstantTensor(value) || movesOnlyUnits(shapeOf(value), perm))
    return 0;
  return cast<RankedTensorType>(value.getType()).getNumElements();
}

//===--------------------------------------------------------------------------===//
// Merging
//===--------------------------------------------------------------------------===//

/// transpose(transpose(x)), transpose(constant), transpose with the identity.
struct MergeTranspose : OpRewritePattern<tosa::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::TransposeOp op, PatternRewriter &rewriter) const override {
    Perm perm = permOf(op);
    Value input = op.getInput1();
    if (isIdentity(perm)) {
      rewriter.replaceOp(op, input);
      return success();
    }
    if (std::optional<Perm> inner = transposeOf(input)) {
      rewriter.replaceOp(
          op, makeTranspose(rewriter, op.getLoc(), sourceOf(input), permuteShape(*inner, perm)));
      return success();
    }
    if (!isConstantTensor(input))
      return failure();
    SmallVector<int64_t> order = transposedOrder(shapeOf(input), perm);
    Value constant = reorderConstant(rewriter, input, cast<RankedTensorType>(op.getType()),
                                     [&](int64_t i) { return order[i]; });
    if (!constant)
      return failure();
    rewriter.replaceOp(op, constant);
    return success();
  }
};

/// reshape(reshape(x)), reshape(constant), reshape to the same shape.
struct MergeReshape : OpRewritePattern<tosa::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::ReshapeOp op, PatternRewriter &rewriter) const override {
    Value input = op.getInput1();
    if (input.getType() == op.getType()) {
      rewriter.replaceOp(op, input);
      return success();
    }
    if (auto inner = input.getDefiningOp<tosa::ReshapeOp>()) {
      rewriter.replaceOp(op, makeReshape(rewriter, op.getLoc(), inner.getInput1(), shapeOf(op)));
      return success();
    }
    Value constant = reshapeConstant(rewriter, input, shapeOf(op));
    if (!constant)
      return failure();
    rewriter.replaceOp(op, constant);
    return success();
  }
};

//===--------------------------------------------------------------------------===//
// Moving down
//===--------------------------------------------------------------------------===//

/// An input of an elementwise op in the loops' new order: loop `i` of old is loop `perm[i]` of new.
std::pair<Value, AffineMap> permuteInput(OpBuilder &builder, Location loc, Value value,
                                         AffineMap map, ArrayRef<int64_t> perm) {
  MLIRContext *context = builder.getContext();
  size_t rank = map.getNumResults();
  SmallVector<int64_t> keys; // the new loop of each dimension; a repeated dimension keeps its place
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    keys.push_back(dim ? perm[dim.getPosition()] : rank == map.getNumDims() ? perm[position] : -1);
  }
  SmallVector<int64_t> order(rank);
  std::iota(order.begin(), order.end(), 0);
  llvm::stable_sort(order, [&](int64_t a, int64_t b) { return keys[a] < keys[b]; });
  SmallVector<AffineExpr> exprs;
  for (int64_t source : order) {
    bool repeated = isa<AffineConstantExpr>(map.getResult(source));
    exprs.push_back(repeated ? getAffineConstantExpr(0, context)
                             : getAffineDimExpr(keys[source], context));
  }
  AffineMap permuted = AffineMap::get(map.getNumDims(), 0, exprs, context);
  if (isIdentity(order))
    return {value, permuted};
  if (transposeOf(value) == std::optional<Perm>(invertPermutation(order)))
    return {sourceOf(value), permuted};
  return {makeTranspose(builder, loc, value, order), permuted};
}

/// The permutation whose removal saves more than transposing the other inputs costs, or that all
/// inputs share (constants apart). Hence the moved elements, or the number of transposes, get less
/// with every rewrite. `full` tells which inputs have all dimensions.
std::optional<Perm> choosePermutation(ValueRange inputs, llvm::function_ref<bool(size_t)> full) {
  std::optional<Perm> best;
  int64_t bestGain = 0;
  for (size_t candidate = 0; candidate < inputs.size(); ++candidate) {
    std::optional<Perm> perm = full(candidate) ? transposeOf(inputs[candidate]) : std::nullopt;
    if (!perm)
      continue;
    int64_t gain = 0;
    bool shared = true;
    Perm inverse = invertPermutation(*perm);
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!full(i))
        continue;
      bool same = transposeOf(inputs[i]) == perm;
      shared &= same || isConstantTensor(inputs[i]);
      gain += same ? transposeCost(sourceOf(inputs[i]), *perm) : -transposeCost(inputs[i], inverse);
    }
    if (gain > bestGain || (shared && !best)) {
      best = perm;
      bestGain = gain;
    }
  }
  return best;
}

struct ThroughElementwise : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override {
    if (!isElementwise(op) || op.getNumLoops() == 0)
      return failure();
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<Value> inputs = op.getDpsInputs();
    std::optional<Perm> perm =
        choosePermutation(inputs, [&](size_t i) { return isFullRank(maps[i]); });
    if (!perm)
      return failure();
    SmallVector<Value> newInputs;
    SmallVector<AffineMap> newMaps;
    for (auto [value, map] : llvm::zip(inputs, maps)) {
      auto [newValue, newMap] = permuteInput(rewriter, op.getLoc(), value, map, *perm);
      newInputs.push_back(newValue);
      newMaps.push_back(newMap);
    }
    SmallVector<int64_t> shape = permuteShape(shapeOf(op.getResult(0)), invertPermutation(*perm));
    auto moved = rebuildElementwise(rewriter, op, newInputs, newMaps, shape);
    rewriter.replaceOp(op, makeTranspose(rewriter, op.getLoc(), moved.getResult(0), *perm));
    return success();
  }
};

struct ThroughConcat : OpRewritePattern<tosa::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> inputs = op.getInput1();
    std::optional<Perm> perm = choosePermutation(inputs, [](size_t) { return true; });
    if (!perm)
      return failure();
    Perm inverse = invertPermutation(*perm);
    for (Value &input : inputs)
      input = transposeOf(input) == perm ? sourceOf(input)
                                         : makeTranspose(rewriter, op.getLoc(), input, inverse);
    auto type = cast<RankedTensorType>(op.getType());
    Value joined = tosa::ConcatOp::create(
        rewriter, op.getLoc(), type.clone(permuteShape(type.getShape(), inverse)), inputs,
        rewriter.getI32IntegerAttr(static_cast<int32_t>((*perm)[op.getAxis()])));
    rewriter.replaceOp(op, makeTranspose(rewriter, op.getLoc(), joined, *perm));
    return success();
  }
};

/// The padding `op` of `source`, whose dimension i is `op`'s dimension order[i]; null if the
/// amounts are not constant.
Value permutedPad(OpBuilder &builder, tosa::PadOp op, Value source, ArrayRef<int64_t> order) {
  std::optional<SmallVector<int64_t>> amounts = getShapeValues(op.getPadding());
  if (!amounts)
    return {};
  SmallVector<int64_t> permuted;
  for (int64_t dim : order) {
    permuted.push_back((*amounts)[2 * dim]);
    permuted.push_back((*amounts)[2 * dim + 1]);
  }
  auto type = cast<RankedTensorType>(op.getType());
  return tosa::PadOp::create(builder, op.getLoc(), type.clone(permuteShape(type.getShape(), order)),
                             source, makeShape(builder, op.getLoc(), permuted), op.getPadConst());
}

/// The same for a slice.
Value permutedSlice(OpBuilder &builder, tensor::ExtractSliceOp op, Value source,
                    ArrayRef<int64_t> order) {
  auto permute = [&](const SmallVector<OpFoldResult> &values) {
    SmallVector<OpFoldResult> result;
    for (int64_t dim : order)
      result.push_back(values[dim]);
    return result;
  };
  return tensor::ExtractSliceOp::create(
      builder, op.getLoc(), op.getType().clone(permuteShape(op.getType().getShape(), order)),
      source, permute(op.getMixedOffsets()), permute(op.getMixedSizes()),
      permute(op.getMixedStrides()));
}

struct ThroughPad : OpRewritePattern<tosa::PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::PadOp op, PatternRewriter &rewriter) const override {
    std::optional<Perm> perm = transposeOf(op.getInput1());
    if (!perm)
      return failure();
    Value padded = permutedPad(rewriter, op, sourceOf(op.getInput1()), invertPermutation(*perm));
    if (!padded)
      return failure();
    rewriter.replaceOp(op, makeTranspose(rewriter, op.getLoc(), padded, *perm));
    return success();
  }
};

struct ThroughSlice : OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Perm> perm = transposeOf(op.getSource());
    if (!perm || op.getType().getRank() != op.getSourceType().getRank())
      return failure();
    Value slice = permutedSlice(rewriter, op, sourceOf(op.getSource()), invertPermutation(*perm));
    rewriter.replaceOp(op, makeTranspose(rewriter, op.getLoc(), slice, *perm));
    return success();
  }
};

template <typename Op> struct ThroughReduce : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    std::optional<Perm> perm = transposeOf(op.getInput());
    if (!perm)
      return failure();
    auto type = cast<RankedTensorType>(op.getType());
    Value reduced = Op::create(
        rewriter, op.getLoc(), type.clone(permuteShape(type.getShape(), invertPermutation(*perm))),
        sourceOf(op.getInput()),
        rewriter.getI32IntegerAttr(static_cast<int32_t>((*perm)[op.getAxis()])));
    rewriter.replaceOp(op, makeTranspose(rewriter, op.getLoc(), reduced, *perm));
    return success();
  }
};

//===--------------------------------------------------------------------------===//
// Reshapes
//===--------------------------------------------------------------------------===//

/// Dimensions of a reshape's input that correspond to dimensions of its result.
struct ReshapeGroup {
  SmallVector<int64_t> from, to;
};

/// Splits a reshape into the smallest independent groups. Dimensions of size 1 on one side only
/// vanish or join a neighbour.
SmallVector<ReshapeGroup> groupReshape(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  SmallVector<ReshapeGroup> groups;
  SmallVector<int64_t> pending;
  size_t i = 0, j = 0;
  auto close = [&](ReshapeGroup group) {
    group.to.insert(group.to.begin(), pending.begin(), pending.end());
    pending.clear();
    groups.push_back(std::move(group));
  };
  while (i < from.size() || j < to.size()) {
    if (i < from.size() && j < to.size() && from[i] == to[j]) {
      close({{static_cast<int64_t>(i++)}, {static_cast<int64_t>(j++)}});
    } else if (i < from.size() && from[i] == 1) {
      ++i;
    } else if (j < to.size() && to[j] == 1) {
      pending.push_back(j++);
    } else {
      ReshapeGroup group{{static_cast<int64_t>(i)}, {static_cast<int64_t>(j)}};
      int64_t left = from[i++], right = to[j++];
      while (left != right) {
        if (left < right) {
          group.from.push_back(i);
          left *= from[i++];
        } else {
          group.to.push_back(j);
          right *= to[j++];
        }
      }
      close(std::move(group));
    }
  }
  if (!pending.empty() && !groups.empty())
    groups.back().to.append(pending);
  return groups;
}

/// reshape(transpose(x)) -> transpose(reshape(transpose'(x))), where transpose' only brings
/// together what the reshape merges. Done if transpose' is less than the transpose was.
struct ThroughReshape : OpRewritePattern<tosa::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::ReshapeOp op, PatternRewriter &rewriter) const override {
    std::optional<Perm> perm = transposeOf(op.getInput1());
    if (!perm)
      return failure();
    Value source = sourceOf(op.getInput1());
    ArrayRef<int64_t> from = shapeOf(op.getInput1()), to = shapeOf(op);
    SmallVector<ReshapeGroup> groups = groupReshape(from, to);
    if (groups.empty())
      return failure();
    // Groups in the order in which their first dimension lies in the source.
    llvm::stable_sort(groups, [&](const ReshapeGroup &a, const ReshapeGroup &b) {
      return anchor(a, *perm) < anchor(b, *perm);
    });
    Perm gather, placed;
    SmallVector<int64_t> shape;
    SmallVector<bool> used(from.size(), false);
    for (const ReshapeGroup &group : groups) {
      for (int64_t dim : group.from) {
        gather.push_back((*perm)[dim]);
        used[(*perm)[dim]] = true;
      }
      for (int64_t dim : group.to) {
        placed.push_back(dim);
        shape.push_back(to[dim]);
      }
    }
    for (size_t d = 0; d < used.size(); ++d)
      if (!used[d])
        gather.push_back(d); // size 1
    bool moves = !movesOnlyUnits(shapeOf(source), gather);
    Perm result = invertPermutation(placed);
    if (moves && movesOnlyUnits(shape, result))
      return failure(); // all of the transpose is needed here
    Value gathered = moves ? makeTranspose(rewriter, op.getLoc(), source, gather) : source;
    Value reshaped = makeReshape(rewriter, op.getLoc(), gathered, shape);
    rewriter.replaceOp(
        op, isIdentity(result) ? reshaped : makeTranspose(rewriter, op.getLoc(), reshaped, result));
    return success();
  }

  static int64_t anchor(const ReshapeGroup &group, ArrayRef<int64_t> perm) {
    int64_t least = perm[group.from.front()];
    for (int64_t dim : group.from)
      least = std::min(least, perm[dim]);
    return least;
  }
};

//===--------------------------------------------------------------------------===//
// Moving up, and units
//===--------------------------------------------------------------------------===//

/// True if `value` is an argument, or a chain of elementwise ops with constants, paddings and
/// slices of one, each used once.
bool comesFromArgument(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!value.hasOneUse())
      return false;
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
        isa<tosa::PadOp>(op) ||
        (slice && slice.getType().getRank() == slice.getSourceType().getRank())) {
      value = op->getOperand(0);
      continue;
    }
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic || !isElementwise(generic))
      return false;
    Value next;
    for (OpOperand *input : generic.getDpsInputOperands()) {
      if (isConstantTensor(input->get()))
        continue;
      if (next || !generic.getMatchingIndexingMap(input).isIdentity())
        return false;
      next = input->get();
    }
    if (!next)
      return false;
    value = next;
  }
  return isa<BlockArgument>(value);
}

/// transpose(elementwise(argument)) -> elementwise(transpose(argument)).
struct TowardsArgument : OpRewritePattern<tosa::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::TransposeOp op, PatternRewriter &rewriter) const override {
    auto generic = op.getInput1().getDefiningOp<linalg::GenericOp>();
    if (!generic || !comesFromArgument(op.getInput1()))
      return failure();
    rewriter.setInsertionPoint(generic);
    // Loop i of the new op is loop perm[i] of the old one.
    Perm perm = permOf(op), inverse = invertPermutation(perm);
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    for (OpOperand *input : generic.getDpsInputOperands()) {
      auto [value, map] = permuteInput(rewriter, op.getLoc(), input->get(),
                                       generic.getMatchingIndexingMap(input), inverse);
      inputs.push_back(value);
      maps.push_back(map);
    }
    auto moved = rebuildElementwise(rewriter, generic, inputs, maps, shapeOf(op));
    rewriter.replaceOp(op, moved.getResult(0));
    return success();
  }
};

/// transpose(pad(x)) -> pad(transpose(x)) and the same for slices, where x comes from an argument.
struct MovementTowardsArgument : OpRewritePattern<tosa::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::TransposeOp op, PatternRewriter &rewriter) const override {
    Operation *moved = op.getInput1().getDefiningOp();
    if (!isa_and_nonnull<tosa::PadOp, tensor::ExtractSliceOp>(moved) ||
        !comesFromArgument(op.getInput1()))
      return failure();
    Perm perm = permOf(op);
    auto pad = dyn_cast<tosa::PadOp>(moved);
    if (pad && !getShapeValues(pad.getPadding()))
      return failure();
    Value source = makeTranspose(rewriter, op.getLoc(), moved->getOperand(0), perm);
    rewriter.replaceOp(
        op, pad ? permutedPad(rewriter, pad, source, perm)
                : permutedSlice(rewriter, cast<tensor::ExtractSliceOp>(moved), source, perm));
    return success();
  }
};

/// reshape(elementwise(argument)) -> elementwise(reshape(argument)), where the reshape only moves
/// dimensions of size 1: what is left of a transpose of them.
struct UnitsTowardsArgument : OpRewritePattern<tosa::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::ReshapeOp op, PatternRewriter &rewriter) const override {
    auto generic = op.getInput1().getDefiningOp<linalg::GenericOp>();
    ArrayRef<int64_t> before = shapeOf(op.getInput1()), after = shapeOf(op);
    if (!generic || !comesFromArgument(op.getInput1()) || before.size() != after.size() ||
        withoutUnits(before) != withoutUnits(after))
      return failure();
    for (OpOperand *input : generic.getDpsInputOperands())
      if (!generic.getMatchingIndexingMap(input).isIdentity())
        return failure();
    rewriter.setInsertionPoint(generic);
    SmallVector<Value> inputs;
    for (Value input : generic.getInputs())
      inputs.push_back(makeReshape(rewriter, op.getLoc(), input, after));
    SmallVector<AffineMap> maps(
        inputs.size(), rewriter.getMultiDimIdentityMap(static_cast<unsigned>(after.size())));
    rewriter.replaceOp(op, rebuildElementwise(rewriter, generic, inputs, maps, after).getResult(0));
    return success();
  }

private:
  static SmallVector<int64_t> withoutUnits(ArrayRef<int64_t> shape) {
    return llvm::to_vector(llvm::make_filter_range(shape, [](int64_t size) { return size != 1; }));
  }
};

/// A transpose of dimensions of size 1 is a reshape.
struct UnitTranspose : OpRewritePattern<tosa::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::TransposeOp op, PatternRewriter &rewriter) const override {
    if (!movesOnlyUnits(shapeOf(op.getInput1()), permOf(op)))
      return failure();
    rewriter.replaceOp(op, makeReshape(rewriter, op.getLoc(), op.getInput1(), shapeOf(op)));
    return success();
  }
};

class EliminateTransposes : public impl::EliminateTransposesBase<EliminateTransposes> {
public:
  using EliminateTransposesBase::EliminateTransposesBase;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet down(context), up(context), units(context);
    down.add<MergeTranspose, MergeReshape, ThroughElementwise, ThroughConcat, ThroughPad,
             ThroughSlice, ThroughReduce<tosa::ReduceSumOp>, ThroughReduce<tosa::ReduceMaxOp>,
             ThroughReduce<tosa::ReduceMinOp>, ThroughReduce<tosa::ReduceProductOp>,
             ThroughReshape>(context);
    up.add<MergeTranspose, TowardsArgument, MovementTowardsArgument, UnitsTowardsArgument>(context);
    units.add<MergeTranspose, MergeReshape, UnitTranspose>(context);
    for (RewritePatternSet *patterns : {&down, &up, &units}) {
      GreedyRewriteConfig config;
      config.enableFolding(false);
      // Each transpose passes each op at most once, so the number of rewrites is bounded by the
      // size of the function.
      config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
      if (failed(applyPatternsGreedily(getOperation(), std::move(*patterns), config)))
        return signalPassFailure();
    }
    getOperation().walk([&](tosa::TransposeOp) { ++numLeft; });
  }
};

} // namespace
} // namespace cimc
