//===- SplitChannels.cpp - Cut ops with wide rows -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A region is a set of connected digital ops that treat each channel alone, around one whose rows,
// or the input rows under its window, are too wide. It is cut as a whole, so that only its inputs
// are sliced and only its results are joined again.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Support/ElementsBytes.h"

#include "mlir/IR/IRMapping.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace cimc::cim {
#define GEN_PASS_DEF_SPLITCHANNELS
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"

namespace {

int64_t channelsOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().back();
}

/// Whether the last dimension is apart from the rows, so that it can be cut.
bool hasChannels(Value value) {
  if (!isRowTensor(value.getType()))
    return false;
  auto type = cast<RankedTensorType>(value.getType());
  return getRowAxis(type) < type.getRank() - 1;
}

/// Whether an op of a kind that may treat channels alone does so.
bool keepsChannels(Operation *op) {
  auto last = [](auto list) { return list.back(); };
  if (auto slice = dyn_cast<SliceOp>(op))
    return last(slice.getOffsets()) == 0 && last(slice.getStrides()) == 1;
  if (auto pad = dyn_cast<PadOp>(op))
    return last(pad.getLow()) == 0 && last(pad.getHigh()) == 0;
  if (auto relayout = dyn_cast<RelayoutOp>(op)) {
    auto permutation = relayout.getPermutation();
    return last(permutation) == static_cast<int64_t>(permutation.size()) - 1 &&
           relayout.keepsOrder();
  }
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return static_cast<int64_t>(reduce.getAxis()) <
           cast<RankedTensorType>(op->getResult(0).getType()).getRank() - 1;
  if (auto concat = dyn_cast<ConcatOp>(op))
    return static_cast<int64_t>(concat.getAxis()) <
           cast<RankedTensorType>(op->getResult(0).getType()).getRank() - 1;
  return isa<DequantizeOp, QuantizeOp, RequantizeOp, LookupOp, AddOp, PoolOp, ElementwiseOp,
             ConvertOp>(op);
}

/// Bytes of the largest buffer that `op` needs: a row of its result, or the input rows under its
/// window.
int64_t widestBuffer(Operation *op) {
  int64_t widest = getRowBytes(op->getResult(0).getType());
  for (OpOperand &operand : op->getOpOperands()) {
    Type type = operand.get().getType();
    if (!isRowTensor(type))
      continue;
    mapping::RowMap rows = cast<StageOpInterface>(op).getRowMap(operand.getOperandNumber());
    widest = std::max(widest, std::min(rows.count, getNumRows(type)) * getRowBytes(type));
  }
  return widest;
}

/// Whether `op` makes every channel of its result from the same channel of its operands.
bool isChannelwise(Operation *op) {
  if (!isa<StageOpInterface>(op) || !hasChannels(op->getResult(0)) || !keepsChannels(op))
    return false;
  int64_t channels = channelsOf(op->getResult(0));
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    if (!isRowTensor(operand.getType())) // a constant that repeats along the channels
      return channelsOf(operand) == 1;
    return hasChannels(operand) && channelsOf(operand) == channels;
  });
}

/// The connected channelwise ops around `seed`, in the order of the block.
SmallVector<Operation *> regionOf(Operation *seed) {
  llvm::SetVector<Operation *> region;
  region.insert(seed);
  for (size_t next = 0; next < region.size(); ++next) {
    auto grow = [&](Operation *op) {
      if (op && isChannelwise(op))
        region.insert(op);
    };
    for (Value operand : region[next]->getOperands())
      grow(operand.getDefiningOp());
    for (Operation *user : region[next]->getUsers())
      grow(user);
  }
  auto ops = region.takeVector();
  llvm::sort(ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return SmallVector<Operation *>(ops.begin(), ops.end());
}

RankedTensorType withChannels(Type type, int64_t channels) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  shape.back() = channels;
  return RankedTensorType::get(shape, tensor.getElementType(), tensor.getEncoding());
}

/// Cuts one region.
class Splitter {
public:
  Splitter(ArrayRef<Operation *> region, int64_t parts)
      : region(region), members(region.begin(), region.end()), builder(region.front()) {
    int64_t channels = channelsOf(region.front()->getResult(0));
    int64_t width = (channels + parts - 1) / parts;
    for (int64_t first = 0; first < channels; first += width)
      ranges.push_back({first, std::min(width, channels - first)});
    mappings.resize(ranges.size());
  }

  void run() {
    for (Operation *op : region)
      cutOp(op);
    for (Operation *op : llvm::reverse(region))
      op->erase();
  }

private:
  struct Range {
    int64_t first, count;
  };

  void cutOp(Operation *op) {
    builder.setInsertionPoint(op);
    SmallVector<Value> parts;
    for (auto [index, range] : llvm::enumerate(ranges)) {
      IRMapping &mapping = mappings[index];
      for (Value operand : op->getOperands())
        if (isRowTensor(operand.getType()) && !mapping.contains(operand))
          mapping.map(operand, slice(operand, range));
      Operation *part = builder.clone(*op, mapping);
      part->getResult(0).setType(withChannels(op->getResult(0).getType(), range.count));
      if (auto requantize = dyn_cast<RequantizeOp>(part))
        cutParameters(requantize, range);
      parts.push_back(part->getResult(0));
    }
    join(op, parts);
  }

  Value slice(Value value, const Range &range) {
    RankedTensorType type = withChannels(value.getType(), range.count);
    SmallVector<int64_t> offsets(type.getRank(), 0), strides(type.getRank(), 1);
    offsets.back() = range.first;
    return SliceOp::create(builder, value.getLoc(), type, value, offsets, strides, IntegerAttr());
  }

  static void cutParameters(RequantizeOp op, const Range &range) {
    if (op.getBias() && op.getBias()->getNumElements() > 1)
      op.setBiasAttr(sliceElements(*op.getBias(), range.first, range.count));
    if (op.getScale().getNumElements() > 1)
      op.setScaleAttr(sliceElements(op.getScale(), range.first, range.count));
  }

  /// Puts the parts together for readers outside the region.
  void join(Operation *op, ArrayRef<Value> parts) {
    Value result = op->getResult(0), joined;
    for (OpOperand &use : llvm::make_early_inc_range(result.getUses())) {
      if (members.contains(use.getOwner()))
        continue;
      if (!joined)
        joined =
            ConcatOp::create(builder, op->getLoc(), result.getType(), parts,
                             cast<RankedTensorType>(result.getType()).getRank() - 1, IntegerAttr());
      if (use.getOwner() != joined.getDefiningOp())
        use.set(joined);
    }
  }

  ArrayRef<Operation *> region;
  llvm::DenseSet<Operation *> members;
  OpBuilder builder;
  SmallVector<Range> ranges;
  SmallVector<IRMapping> mappings; ///< by range: the part of each value
};

struct SplitChannelsPass : impl::SplitChannelsBase<SplitChannelsPass> {
  void runOnOperation() override {
    FailureOr<target::Target> target = getTarget(getOperation());
    if (failed(target))
      return signalPassFailure();
    int64_t limit = std::max<int64_t>(target->chip.core.memoryBytes / 4, 1);
    SmallVector<Operation *> seeds;
    getOperation().walk([&](Operation *op) {
      if (op->getNumResults() == 1 && isChannelwise(op) && widestBuffer(op) > limit)
        seeds.push_back(op);
    });
    llvm::DenseSet<Operation *> done;
    for (Operation *seed : seeds) {
      if (done.contains(seed))
        continue;
      SmallVector<Operation *> region = regionOf(seed);
      done.insert(region.begin(), region.end());
      int64_t widest = 0;
      for (Operation *op : region)
        widest = std::max(widest, widestBuffer(op));
      int64_t parts = std::min((widest + limit - 1) / limit, channelsOf(seed->getResult(0)));
      if (parts < 2)
        continue;
      numSplit += region.size();
      Splitter(region, parts).run();
    }
  }
};

} // namespace
} // namespace cimc::cim
