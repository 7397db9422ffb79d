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

#include <map>

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
    FailureOr<std::map<int64_t, double>> own = readStages();
    if (failed(own))
      return signalPassFailure();
    bool hasLoops =
        getOperation().walk([](FeedOp) { return WalkResult::interrupt(); }).wasInterrupted();
    Builder builder(&getContext());
    int64_t number = 0;
    getOperation().walk([&](StageOpInterface stage) {
      int64_t rows = getNumRows(stage->getResult(0).getType());
      auto found = own->find(number++);
      double part = found == own->end() ? double(share) : found->second;
      auto hold =
          hasLoops ? 0 : static_cast<int64_t>(std::floor(part * static_cast<double>(rows - 1)));
      if (hold == 0)
        stage->removeAttr(kHoldAttrName);
      else
        stage->setAttr(kHoldAttrName, builder.getI64IntegerAttr(hold));
    });
  }

private:
  /// The shares of the option `stages`, by number of the stage.
  FailureOr<std::map<int64_t, double>> readStages() {
    int64_t count = 0;
    getOperation().walk([&](StageOpInterface) { ++count; });
    std::map<int64_t, double> own;
    for (const std::string &text : stages) {
      auto [stage, part] = llvm::StringRef(text).split(':');
      int64_t number = 0;
      double value = 0;
      if (stage.getAsInteger(10, number) || part.getAsDouble(value) || !(value >= 0 && value <= 1))
        return getOperation().emitError()
               << "stages are NUMBER:SHARE with a share between 0 and 1, got '" << text << "'";
      if (number < 0 || number >= count)
        return getOperation().emitError() << "'" << text << "' names stage " << number
                                          << ", but there are " << count << " stages";
      own[number] = value;
    }
    return own;
  }
};

} // namespace
