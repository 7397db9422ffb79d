//===- WeightUses.cpp - How a network uses its weights ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depthwise layers have three candidates, which are costed; all other layers are the arrays'.
//
//===--------------------------------------------------------------------------===//

#include "WeightUses.h"

#include "CheckMapping.h"
#include "DepthwiseCost.h"

#include "cimc/Target/Slices.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace cimc::cim {

FailureOr<SmallVector<WeightUse>> collectWeightUses(ModuleOp module, const target::Target &target) {
  SymbolTableCollection symbols;
  llvm::DenseMap<Operation *, WeightUse> found;
  module.walk([&](ForwardOp op) {
    auto weight = symbols.lookupNearestSymbolFrom<WeightOp>(op, op.getWeightAttr());
    auto type = cast<RankedTensorType>(op.getResult().getType());
    WeightUse &use = found[weight];
    int64_t positions = type.getDimSize(1) * type.getDimSize(2);
    use.weight = weight;
    use.positions += positions;
    use.width = std::max(use.width, type.getDimSize(2));
    use.reads += positions * op.getPasses();
    use.transposed |= op.getTransposed();
    use.channels = cast<RankedTensorType>(op.getInput().getType()).getDimSize(3);
    use.depthwise &= use.channels == weight.getValue().getShapedType().getDimSize(0);
  });
  SmallVector<WeightUse> uses;
  int64_t cellBits = target.chip.core.array.cellBits;
  for (auto weight : llvm::make_early_inc_range(module.getOps<WeightOp>())) {
    auto use = found.find(weight);
    if (use == found.end()) {
      weight.erase();
      continue;
    }
    uses.push_back(use->second);
    weight.removeSlicesAttr();
    if (cellBits == 0 || cellBits >= 8 || uses.back().isFloat())
      continue;
    FailureOr<int64_t> bits = bitsOf(weight);
    if (failed(bits))
      return weight.emitOpError() << "value has no data";
    uses.back().slices = target::slicesFor(*bits, cellBits);
  }
  return uses;
}

/// Whether a core could hold the weight beside its buffers; half of the memory is left for these.
static bool fitsMemory(WeightOp weight, const target::Target &target) {
  return weight.getValue().getNumElements() <= target.chip.core.memoryBytes / 2;
}

static void setUnit(WeightOp weight, Unit unit) {
  weight.setUnit(unit);
  if (unit == Unit::Digital)
    weight.removeTilesAttr();
}

void chooseUnits(ArrayRef<WeightUse> uses, const target::Target &target, bool report) {
  for (const WeightUse &use : uses) {
    WeightOp weight = use.weight;
    if (!use.isDepthwise() || use.isFloat() || !use.inArrays())
      continue;
    ArrayRef<int64_t> shape = use.shape();
    DepthwiseLayer layer{shape[0], shape[1], shape[2], use.reads, use.positions, use.slices};
    LayerCost diagonal = costOfBlockDiagonal(layer, target.chip.core),
              interleaved = costOfInterleaved(layer, target.chip.core),
              digital = costOfDigital(layer, target.chip.core.digital);
    bool isCheaper = digital.product() < diagonal.product();
    setUnit(weight, isCheaper && fitsMemory(weight, target) ? Unit::Digital : Unit::Array);
    if (!report)
      continue;
    auto text = [](const LayerCost &cost) {
      return llvm::formatv("{0:F0} ns and {1:F0} pJ on {2} arrays", cost.ns, cost.pj, cost.arrays)
          .str();
    };
    weight.emitRemark() << "'" << weight.getSymName() << "': block diagonal " << text(diagonal)
                        << ", interleaved " << text(interleaved) << ", digital " << text(digital);
  }
}

bool leaveArrays(ArrayRef<WeightUse> uses, const target::Target &target) {
  bool changed = false;
  for (const WeightUse &use : uses) {
    WeightOp weight = use.weight;
    if (!use.isDepthwise() || weight.getUnit() == Unit::Digital || !fitsMemory(weight, target))
      continue;
    setUnit(weight, Unit::Digital);
    changed = true;
  }
  return changed;
}

} // namespace cimc::cim
