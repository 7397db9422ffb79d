//===- Loops.cpp - Loops over time steps in a network ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===--------------------------------------------------------------------------===//

#include "cimc/Transforms/Loops.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace cimc {

static void addBlocks(Block &block, SmallVector<Block *> &blocks) {
  blocks.push_back(&block);
  for (auto loop : block.getOps<scf::ForOp>())
    addBlocks(*loop.getBody(), blocks);
}

SmallVector<Block *> networkBlocks(func::FuncOp function) {
  SmallVector<Block *> blocks;
  if (!function.isExternal())
    addBlocks(function.front(), blocks);
  return blocks;
}

static void addOps(Block &block, SmallVector<Operation *> &ops) {
  for (Operation &op : block) {
    ops.push_back(&op);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      addOps(*loop.getBody(), ops);
  }
}

SmallVector<Operation *> networkOps(func::FuncOp function) {
  SmallVector<Operation *> ops;
  if (!function.isExternal())
    addOps(function.front(), ops);
  return ops;
}

std::optional<int64_t> stepsOf(scf::ForOp loop) {
  APInt end;
  if (!matchPattern(loop.getLowerBound(), m_Zero()) || !matchPattern(loop.getStep(), m_One()) ||
      !matchPattern(loop.getUpperBound(), m_ConstantInt(&end)) || end.getSExtValue() < 1)
    return std::nullopt;
  return end.getSExtValue();
}

std::optional<int64_t> stepAxis(OffsetSizeAndStrideOpInterface slice, RankedTensorType whole,
                                scf::ForOp loop) {
  std::optional<int64_t> axis;
  for (int64_t dim = 0; dim < whole.getRank(); ++dim) {
    if (getConstantIntValue(slice.getMixedStrides()[dim]) != 1)
      return std::nullopt;
    OpFoldResult offset = slice.getMixedOffsets()[dim];
    std::optional<int64_t> size = getConstantIntValue(slice.getMixedSizes()[dim]);
    if (dyn_cast<Value>(offset) == loop.getInductionVar() && loop.getInductionVar()) {
      if (axis || size != 1)
        return std::nullopt;
      axis = dim;
    } else if (getConstantIntValue(offset) != 0 || size != whole.getDimSize(dim)) {
      return std::nullopt;
    }
  }
  return axis;
}

tensor::InsertSliceOp sequenceInsertion(scf::ForOp loop, unsigned argument) {
  BlockArgument sequence = loop.getRegionIterArg(argument);
  auto insertion = loop.getYieldedValues()[argument].getDefiningOp<tensor::InsertSliceOp>();
  if (!insertion || insertion.getDest() != sequence || !sequence.hasOneUse() ||
      !insertion->hasOneUse() || !stepAxis(insertion, insertion.getDestType(), loop))
    return {};
  return insertion;
}

} // namespace cimc
