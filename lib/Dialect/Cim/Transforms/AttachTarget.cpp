//===- AttachTarget.cpp - Attach a machine to the module ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Looks up the target and stores it in the module attribute `cim.target`, where all later passes
// find it.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Target/Yaml.h"

using namespace mlir;

namespace cimc::cim {
#define GEN_PASS_DEF_ATTACHTARGET
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"
} // namespace cimc::cim

namespace {

struct AttachTargetPass : cimc::cim::impl::AttachTargetBase<AttachTargetPass> {
  using Base::Base;

  void runOnOperation() override {
    cimc::Result<cimc::target::Target> target = cimc::target::lookup(name);
    if (!target) {
      getOperation().emitError() << target.error().message;
      return signalPassFailure();
    }
    getOperation()->setAttr(cimc::cim::kTargetAttrName,
                            cimc::cim::TargetAttr::get(&getContext(), *target));
  }
};

} // namespace
