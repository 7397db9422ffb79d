//===- FoldAffine.cpp -------------------------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cimc/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

namespace cimc {
#define GEN_PASS_DEF_FOLDAFFINE
#include "cimc/Transforms/Passes.h.inc"
} // namespace cimc

namespace {
struct FoldAffine : cimc::impl::FoldAffineBase<FoldAffine> {
  using FoldAffineBase::FoldAffineBase;
  void runOnOperation() override { getOperation().emitError("not here yet"), signalPassFailure(); }
};
} // namespace
