//===- HoldRows.cpp - Let rows wait before they go to other chips ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes down for every value how long its rows wait. Which rows do go to another chip, and the
// stages that keep them, follow in the stage graph.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Dialect/Cim/Transforms/StageGraph.h"

#include <cmath>

using namespace mlir;

namespace cimc::cim {
#define GEN_PASS_DEF_HOLDROWS
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"
} // namespace cimc::cim

using namespace cimc::cim;

namespace {

struct HoldRowsPass : cimc::cim::impl::HoldRowsBase<HoldRowsPass> {
  using Base::Base;

  void runOnOperation() override {
    if (!(share >= 0 && share <= 1)) {
      getOperation().emitError() << "share must be between 0 and 1, is " << share;
      return signalPassFailure();
    }
    bool hasLoops =
        getOperation().walk([](FeedOp) { return WalkResult::interrupt(); }).wasInterrupted();
    Builder builder(&getContext());
    getOperation().walk([&](StageOpInterface stage) {
      int64_t rows = getNumRows(stage->getResult(0).getType());
      auto hold =
          hasLoops ? 0 : static_cast<int64_t>(std::floor(share * static_cast<double>(rows - 1)));
      if (hold == 0)
        stage->removeAttr(kHoldAttrName);
      else
        stage->setAttr(kHoldAttrName, builder.getI64IntegerAttr(hold));
    });
  }
};

} // namespace
