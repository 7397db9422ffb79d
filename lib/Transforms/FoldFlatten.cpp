//===- FoldFlatten.cpp - Dense layers that read maps ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A flatten changes the row axis: all rows of the map must be there before the dense layer sees one
// value. As a convolution whose kernel is the whole map, the layer takes the map's rows as they
// come. The pass follows a layer's input backwards through reshapes, transposes and elementwise ops
// of one operand to a map, and computes where each element came from by carrying the elements'
// indices through the chain.
//
//===--------------------------------------------------------------------------===//

#include "LayoutUtils.h"

#include "cimc/Transforms/Constants.h"
#include "cimc/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <numeric>

namespace cimc {
#define GEN_PASS_DEF_FOLDFLATTEN
#include "cimc/Transforms/Passes.h.inc"
} // namespace cimc

using namespace mlir;

namespace cimc {
using namespace layout;
namespace {

/// The only input of an elementwise op with one operand of the result's shape and else nothing;
/// null for other ops.
Value unaryInput(Value value) {
  auto op = value.getDefiningOp<linalg::GenericOp>();
  if (!op || !isElementwise(op) || op.getNumDpsInputs() != 1 ||
      !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isIdentity())
    return {};
  return op.getDpsInputs()[0];
}

/// True if `value` is laid out as `1 x H x W x C` because an op that works on maps made it.
bool isMap(Value value) {
  if (shapeOf(value).size() != 4 || shapeOf(value)[0] != 1)
    return false;
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, tosa::MaxPool2dOp, tosa::AvgPool2dOp,
          linalg::PoolingNhwcSumOp>(op))
    return true;
  if (auto reshape = dyn_cast<tosa::ReshapeOp>(op))
    return isa_and_present<linalg::Conv2DNhwgcGfhwcOp, linalg::Conv2DNhwgcGfhwcQOp>(
        reshape.getInput1().getDefiningOp());
  auto anyMap = [](ValueRange values) { return llvm::any_of(values, isMap); };
  if (isa<tosa::ConcatOp, tosa::PadOp, tensor::ExtractSliceOp>(op))
    return anyMap(llvm::to_vector(llvm::make_filter_range(op->getOperands(), [](Value operand) {
      return isa<RankedTensorType>(operand.getType());
    })));
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && isElementwise(generic) && anyMap(generic.getDpsInputs());
}

/// The way from a map to a layer's input: the map, the elementwise ops on the way (nearest the map
/// first), and for each element of the layer's input the index in the map that it comes from.
struct Chain {
  Value map;
  SmallVector<linalg::GenericOp> elementwise;
  SmallVector<int64_t> order;
  bool moved = false; // there is a reshape or transpose on the way
};

SmallVector<int64_t> iota(int64_t count) {
  SmallVector<int64_t> all(count);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Follows `value` to the nearest map behind at least one reshape or transpose. Recursion is over
/// one op at a time; the depth is that of the chain.
std::optional<Chain> traceToMap(Value value) {
  if (Value input = unaryInput(value)) {
    std::optional<Chain> chain = traceToMap(input);
    if (!chain || (chain->moved && !value.hasOneUse()))
      return std::nullopt;
    if (!chain->moved) // the op itself makes a map
      return Chain{value, {}, iota(ShapedType::getNumElements(shapeOf(value))), false};
    chain->elementwise.push_back(value.getDefiningOp<linalg::GenericOp>());
    return chain;
  }
  if (isMap(value))
    return Chain{value, {}, iota(ShapedType::getNumElements(shapeOf(value))), false};
  if (auto reshape = value.getDefiningOp<tosa::ReshapeOp>()) {
    std::optional<Chain> chain = traceToMap(reshape.getInput1());
    if (chain)
      chain->moved = true;
    return chain;
  }
  auto transpose = value.getDefiningOp<tosa::TransposeOp>();
  std::optional<Chain> chain = transpose ? traceToMap(transpose.getInput1()) : std::nullopt;
  if (!chain)
    return std::nullopt;
  SmallVector<int64_t> perm(transpose.getPerms().begin(), transpose.getPerms().end());
  SmallVector<int64_t> step = transposedOrder(shapeOf(transpose.getInput1()), perm), order;
  for (int64_t source : step)
    order.push_back(chain->order[source]);
  chain->order = std::move(order);
  chain->moved = true;
  return chain;
}

/// conv2d(flatten(map)) -> conv2d(map) with a kernel over the whole map.
struct ReadMap : OpRewritePattern<tosa::Conv2DOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::Conv2DOp op, PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> input = shapeOf(op.getInput()), weight = shapeOf(op.getWeight());
    bool dense = input[0] == 1 && input[1] == 1 && input[2] == 1 && weight[1] == 1 &&
                 weight[2] == 1 && llvm::all_of(op.getPad(), [](int64_t pad) { return pad == 0; });
    if (!dense || !isWeightValue(op.getWeight()))
      return failure();
    std::optional<Chain> chain = traceToMap(op.getInput());
    if (!chain || !chain->moved)
      return failure();
    ArrayRef<int64_t> map = shapeOf(chain->map);
    SmallVector<int64_t> kernelShape = {weight[0], map[1], map[2], map[3]};
    SmallVector<int64_t> position = invertPermutation(chain->order);
    int64_t size = position.size();
    Value kernel = reorderWeight(
        rewriter, op.getWeight(), kernelShape,
        [&](int64_t i) { return i / size * size + position[i % size]; }, 0, 0);
    if (!kernel)
      return failure();
    Value value = chain->map;
    for (linalg::GenericOp step : chain->elementwise) {
      AffineMap identity = rewriter.getMultiDimIdentityMap(4);
      value = rebuildElementwise(rewriter, step, value, identity, map).getResult(0);
    }
    auto layer = tosa::Conv2DOp::create(rewriter, op.getLoc(), op.getType(), value, kernel,
                                        op.getBias(), op.getInputZp(), op.getWeightZp(),
                                        op.getPadAttr(), rewriter.getDenseI64ArrayAttr({1, 1}),
                                        rewriter.getDenseI64ArrayAttr({1, 1}), op.getAccTypeAttr());
    layer->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, layer);
    return success();
  }
};

/// matmul(x, constant) -> 1x1 convolution.
struct MatMulToConv : OpRewritePattern<tosa::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::MatMulOp op, PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> left = shapeOf(op.getA()), right = shapeOf(op.getB());
    if (left[0] != 1 || !isWeightValue(op.getB()))
      return failure();
    FailureOr<int64_t> weightZero = op.getBZeroPoint();
    if (failed(weightZero) || *weightZero != 0)
      return failure();
    int64_t rows = left[1], depth = left[2], columns = right[2];
    SmallVector<int64_t> order = transposedOrder({depth, columns}, {1, 0});
    Value kernel = reorderWeight(
        rewriter, op.getB(), {columns, 1, 1, depth}, [&](int64_t i) { return order[i]; }, 2, 0);
    if (!kernel)
      return failure();
    auto resultType = cast<RankedTensorType>(op.getType());
    Type element = resultType.getElementType();
    auto biasType = RankedTensorType::get({columns}, element);
    Value bias = arith::ConstantOp::create(
        rewriter, op.getLoc(), DenseElementsAttr::get(biasType, rewriter.getZeroAttr(element)));
    Value input = makeReshape(rewriter, op.getLoc(), op.getA(), {1, rows, 1, depth});
    Value layer = tosa::Conv2DOp::create(
        rewriter, op.getLoc(), resultType.clone({1, rows, 1, columns}), input, kernel, bias,
        op.getAZp(), op.getBZp(), ArrayRef<int64_t>{0, 0, 0, 0}, ArrayRef<int64_t>{1, 1},
        ArrayRef<int64_t>{1, 1}, element);
    rewriter.replaceOp(op, makeReshape(rewriter, op.getLoc(), layer, resultType.getShape()));
    return success();
  }
};

//===--------------------------------------------------------------------------===//
// Reshapes that add or remove dimensions of size 1
//===--------------------------------------------------------------------------===//

/// For each dimension of `to`, the dimension of `from` that it is; -1 for an added dimension of
/// size 1. None if more than units change.
std::optional<SmallVector<int64_t>> matchUnits(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  SmallVector<int64_t> result;
  size_t i = 0;
  for (int64_t dim : to) {
    if (dim == 1) {
      result.push_back(-1);
      continue;
    }
    while (i < from.size() && from[i] == 1)
      ++i;
    if (i == from.size() || from[i] != dim)
      return std::nullopt;
    result.push_back(i++);
  }
  while (i < from.size() && from[i] == 1)
    ++i;
  if (i != from.size())
    return std::nullopt;
  return result;
}

/// elementwise(reshape(layer)) -> reshape(elementwise(layer)), where the reshape changes only
/// dimensions of size 1: the op then follows its layer directly and can be folded into it.
struct SinkUnitReshape : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  /// The reshape of a layer's result among the inputs.
  static tosa::ReshapeOp findReshape(linalg::GenericOp op) {
    for (OpOperand *input : op.getDpsInputOperands()) {
      auto reshape = input->get().getDefiningOp<tosa::ReshapeOp>();
      if (reshape && op.getMatchingIndexingMap(input).isIdentity() && isMap(reshape.getInput1()))
        return reshape;
    }
    return {};
  }

  /// Whether `value` is a reshape of something of shape `wide`.
  static bool comesAs(Value value, ArrayRef<int64_t> wide) {
    auto reshape = value.getDefiningOp<tosa::ReshapeOp>();
    return reshape && shapeOf(reshape.getInput1()) == wide;
  }

  /// A constant vector or scalar under the new dimensions.
  static std::optional<AffineMap> mapConstant(AffineMap map, ArrayRef<int64_t> dims, int64_t rank) {
    SmallVector<AffineExpr> exprs;
    for (AffineExpr expr : map.getResults()) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      int64_t target = dim ? dims[dim.getPosition()] : -1;
      exprs.push_back(target < 0 ? getAffineConstantExpr(0, map.getContext())
                                 : getAffineDimExpr(target, map.getContext()));
    }
    return AffineMap::get(rank, 0, exprs, map.getContext());
  }

  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override {
    if (!isElementwise(op))
      return failure();
    tosa::ReshapeOp reshape = findReshape(op);
    if (!reshape)
      return failure();
    ArrayRef<int64_t> wide = shapeOf(reshape.getInput1());
    std::optional<SmallVector<int64_t>> dims = matchUnits(wide, shapeOf(op.getResult(0)));
    if (!dims)
      return failure();
    // Every input loses its reshape; one that had none would gain one, and two inputs of different
    // shapes could then move the op to and fro for ever.
    for (OpOperand *input : op.getDpsInputOperands())
      if (!isConstantTensor(input->get()) &&
          (!op.getMatchingIndexingMap(input).isIdentity() || !comesAs(input->get(), wide)))
        return failure();
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    for (OpOperand *input : op.getDpsInputOperands()) {
      AffineMap map = op.getMatchingIndexingMap(input);
      bool whole = map.isIdentity();
      Value value = input->get();
      if (whole)
        value = isConstantTensor(value) ? reshapeConstant(rewriter, value, wide)
                                        : makeReshape(rewriter, op.getLoc(), value, wide);
      inputs.push_back(value);
      maps.push_back(whole ? rewriter.getMultiDimIdentityMap(wide.size())
                           : *mapConstant(map, *dims, wide.size()));
    }
    auto moved = rebuildElementwise(rewriter, op, inputs, maps, wide);
    rewriter.replaceOp(
        op, makeReshape(rewriter, op.getLoc(), moved.getResult(0), shapeOf(op.getResult(0))));
    return success();
  }
};

/// reshape(reshape(x)) -> reshape(x).
struct MergeReshape : OpRewritePattern<tosa::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tosa::ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput1().getDefiningOp<tosa::ReshapeOp>();
    if (!inner)
      return failure();
    rewriter.replaceOp(op, makeReshape(rewriter, op.getLoc(), inner.getInput1(), shapeOf(op)));
    return success();
  }
};

class FoldFlatten : public impl::FoldFlattenBase<FoldFlatten> {
public:
  using FoldFlattenBase::FoldFlattenBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ReadMap, MatMulToConv, SinkUnitReshape, MergeReshape>(&getContext());
    GreedyRewriteConfig config;
    config.enableFolding(false);
    config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
    // A layer over a whole map gives one position.
    getOperation().walk([&](tosa::Conv2DOp op) {
      ArrayRef<int64_t> kernel = shapeOf(op.getWeight()), input = shapeOf(op.getInput());
      numFolded += kernel[1] == input[1] && kernel[2] == input[2];
    });
  }
};

} // namespace
} // namespace cimc
