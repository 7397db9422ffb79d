//===- LayerTail.cpp - What a requantisation takes over -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===--------------------------------------------------------------------------===//

#include "LayerTail.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace cimc {
namespace {

/// Adds a chain's steps to the tail; false if they cannot all go into a requantisation.
bool absorb(const UnaryChain &chain, int64_t channelAxis, Tail &tail) {
  for (const ChainStep &step : chain.steps) {
    bool bounded = std::isfinite(tail.low) || std::isfinite(tail.high);
    bool perTensor = step.value.values.size() == 1;
    if (step.kind == ChainStep::Add && !bounded && (perTensor || step.value.axis == channelAxis))
      tail.added.push_back(step.value);
    else if (step.kind == ChainStep::Maximum && perTensor)
      tail.low = std::max<float>(tail.low, step.value.at(0)),
      tail.high = std::max(tail.high, tail.low);
    else if (step.kind == ChainStep::Minimum && perTensor)
      tail.high = std::min<float>(tail.high, step.value.at(0)),
      tail.low = std::min(tail.low, tail.high);
    else
      return false;
  }
  return true;
}

/// Takes one more op into the tail; false if there is none, or it does not belong there, or is a
/// quantise (which is then recorded).
bool takeNext(Tail &tail, int64_t channelAxis) {
  if (!tail.floatEnd.hasOneUse())
    return false;
  auto user = dyn_cast<linalg::GenericOp>(*tail.floatEnd.user_begin());
  if (!user)
    return false;
  if (std::optional<QuantizeForm> form = matchQuantize(user)) {
    tail.quantize = form;
    tail.quantized = user.getResult(0);
    return false;
  }
  std::optional<UnaryChain> chain = matchUnaryChain(user);
  Tail longer = tail;
  if (!chain || !absorb(*chain, channelAxis, longer))
    return false;
  tail = longer;
  tail.floatEnd = user.getResult(0);
  return true;
}

int64_t lastAxis(Value value) { return cast<RankedTensorType>(value.getType()).getRank() - 1; }

} // namespace

Tail followTail(Value start) {
  Tail current, best;
  current.floatEnd = best.floatEnd = start;
  while (takeNext(current, lastAxis(start)))
    if (!std::isfinite(current.low) && !std::isfinite(current.high))
      best = current;
  return current.quantize ? current : best;
}

Value tailEnd(Value start) {
  Tail tail;
  tail.floatEnd = start;
  while (takeNext(tail, lastAxis(start)))
    ;
  return tail.floatEnd;
}

} // namespace cimc
