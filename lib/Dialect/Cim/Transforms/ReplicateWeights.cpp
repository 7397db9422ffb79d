//===- ReplicateWeights.cpp - Copy busy weights into free arrays -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Describes how busy each array and digital unit is, has mapping::replicate decide on copies, and
// writes their tiles: those of the first copy again, in arrays that nothing uses. Copies that are
// there already are dropped first, so running the pass twice changes nothing.
//
//===--------------------------------------------------------------------------===//

#include "CheckMapping.h"

#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Dialect/Cim/Transforms/Replicas.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace cimc::cim {
#define GEN_PASS_DEF_REPLICATEWEIGHTS
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"

namespace {

struct ReplicateWeightsPass : impl::ReplicateWeightsBase<ReplicateWeightsPass> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<target::Target> target = getTarget(getOperation());
    if (failed(target) || failed(checkMachine(*target)) || failed(checkUnplaced()) ||
        failed(checkTiles(getOperation(), *target)))
      return signalPassFailure();
    dropCopies();
    more = 0;
    Replicas replicas = describeReplicas(getOperation(), *target);
    Result<mapping::Replication> solved = mapping::replicate(replicas.problem);
    if (!solved) {
      getOperation().emitError() << solved.error().message;
      return signalPassFailure();
    }
    write(replicas, solved->copies);
    for (int64_t copies : solved->copies)
      more += copies - 1;
    numCopies += more;
    arraysUsed += solved->arraysUsed;
    if (report)
      remark(replicas, *solved);
    if (failed(checkTiles(getOperation(), *target)))
      signalPassFailure();
  }

private:
  /// Copies lie where the free arrays are, so a network that is cut for several chips would be cut
  /// again.
  LogicalResult checkMachine(const target::Target &target) {
    if (target.chip.core.kind != target::CoreKind::Crossbar)
      return getOperation().emitError()
             << "weights are copied into arrays, but target '" << target.name << "' has engines";
    for (auto weight : getOperation().getOps<WeightOp>())
      if (weight.getPiecesAttr())
        return weight.emitOpError()
               << "is cut into pieces for several chips; weights are copied on one chip only";
    return success();
  }

  /// Arrays are numbered anew by placement, so copies come before it.
  LogicalResult checkUnplaced() {
    WalkResult result = getOperation().walk([](StageOpInterface stage) {
      if (!stage->hasAttr("core"))
        return WalkResult::advance();
      stage->emitOpError() << "has a core already; weights are copied before placement";
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

  void dropCopies() {
    for (auto weight : getOperation().getOps<WeightOp>()) {
      if (weight.getCopies() == 1)
        continue;
      SmallVector<Attribute> first;
      for (TileAttr tile : weight.getTiles()->getAsRange<TileAttr>())
        if (tile.getCopy() == 0)
          first.push_back(tile);
      weight.setTilesAttr(ArrayAttr::get(&getContext(), first));
    }
  }

  /// Gives copies arrays from the last used one on.
  void write(Replicas &replicas, const std::vector<int64_t> &copies) {
    int64_t next = 0;
    for (const mapping::ReplicaStage &stage : replicas.problem.stages)
      for (const mapping::ArrayWork &work : stage.work)
        next = std::max(next, work.array + 1);
    for (auto [weight, count] : llvm::zip_equal(replicas.weights, copies)) {
      SmallVector<TileAttr> first(weight.getTiles()->getAsRange<TileAttr>());
      SmallVector<Attribute> tiles(first.begin(), first.end());
      for (int64_t copy = 1; copy < count; ++copy) {
        llvm::MapVector<int64_t, int64_t> arrays;
        for (TileAttr tile : first) {
          auto [entry, inserted] = arrays.insert({tile.getArray(), next});
          next += inserted ? 1 : 0;
          tiles.push_back(tile.inArray(entry->second, copy));
        }
      }
      weight.setTilesAttr(ArrayAttr::get(&getContext(), tiles));
    }
  }

  void remark(const Replicas &replicas, const mapping::Replication &solved) {
    std::vector<int64_t> once(solved.copies.size(), 1);
    getOperation().emitRemark() << llvm::formatv(
        "copies: {0} more in {1} of {2} arrays; the busiest unit works {3:F0} ns per inference, "
        "{4:F0} "
        "ns without copies, at least {5:F0} ns",
        more, solved.arraysUsed, replicas.problem.arrays, solved.busiestNs,
        mapping::busiestNs(replicas.problem, once), solved.boundNs);
    for (auto [index, weight] : llvm::enumerate(replicas.weights))
      if (solved.copies[index] > 1)
        WeightOp(weight).emitRemark()
            << "'" << WeightOp(weight).getSymName() << "': " << solved.copies[index] << " copies";
  }

  int64_t more = 0; ///< copies beside the first ones
};

} // namespace
} // namespace cimc::cim
