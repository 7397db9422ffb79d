//===- Redundancy.cpp - Weights that are programmed several times -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The mean of k instances of a weight, whose cells deviate independently, has 1/k of the variance.
// So free arrays are worth most where a layer whose cells cost the outputs much takes few. What
// each layer costs is measured: the network is mapped once without redundancy, and run with each
// layer alone deviating; what converters alone cost is taken off, since the mean of equal codes is
// the same code. Then the layer that gains most per cell is doubled, again and again, until nothing
// fits any more.
//
//===--------------------------------------------------------------------------===//

#include "HeldDiagnostics.h"

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Pipelines/Compile.h"

using namespace mlir;

namespace cimc {

namespace {

/// What a doubling must take off the outputs' error, of what it is without redundancy; less is not
/// worth the time of adding sums.
constexpr double kWorthwhile = 1e-3;

/// A layer that may be doubled.
struct Candidate {
  std::string weight;
  double error = 0; ///< of the outputs, from one instance
  double cells = 0;
  int64_t instances = 1;
  bool open = true;

  /// What the next doubling takes off the error.
  double gain() const { return error / static_cast<double>(2 * instances); }
  double gainPerCell() const { return gain() / (cells * static_cast<double>(instances)); }
};

/// Weights of layers in arrays of which all have a scale, in which the mean can be taken. Weights
/// that are read in both directions have one instance.
llvm::SmallVector<cim::WeightOp> eligibleWeights(ModuleOp module) {
  llvm::DenseSet<StringAttr> unscaled;
  module.walk([&](Operation *op) {
    if (auto forward = dyn_cast<cim::ForwardOp>(op);
        forward && (!forward.getScale() || forward.getTransposed()))
      unscaled.insert(forward.getWeightAttr().getAttr());
  });
  llvm::SmallVector<cim::WeightOp> weights;
  for (auto weight : module.getOps<cim::WeightOp>())
    if (weight.getUnit() == cim::Unit::Array && !unscaled.contains(weight.getSymNameAttr()))
      weights.push_back(weight);
  return weights;
}

void setInstances(ModuleOp module, llvm::ArrayRef<Candidate> candidates) {
  for (cim::WeightOp weight : eligibleWeights(module))
    for (const Candidate &candidate : candidates)
      if (weight.getSymName() == candidate.weight)
        weight.setRedundancy(static_cast<uint64_t>(candidate.instances));
}

} // namespace

LogicalResult Compilation::mapWithRedundancy(Level last) {
  const target::Target &target = *options.target;
  std::string asked = options.redundancy ? std::to_string(options.redundancy) : "auto";
  if (target.chip.core.kind != target::CoreKind::Crossbar)
    return emitError(root->getLoc())
           << "--redundancy=" << asked << " programs weights into arrays several times, target '"
           << target.name << "' has engines";
  std::vector<Candidate> candidates;
  std::vector<std::string> names;
  for (cim::WeightOp weight : eligibleWeights(*root)) {
    Candidate &candidate = candidates.emplace_back();
    candidate.weight = weight.getSymName().str();
    candidate.cells = static_cast<double>(weight.getValue().getNumElements());
    candidate.instances = options.redundancy ? options.redundancy : 1;
    names.push_back(candidate.weight);
  }
  if (candidates.empty())
    return emitError(root->getLoc())
           << "--redundancy=" << asked << " averages results that are scaled, of weights that are "
           << "read in one direction; the network has no layer of that kind in arrays";
  if (options.redundancy) {
    setInstances(*root, candidates);
    return mapToChips(last);
  }

  OwningOpRef<ModuleOp> logical = cast<ModuleOp>(root->getOperation()->clone());
  FailureOr<std::vector<double>> errors = measureLayers(names, /*onlyCells=*/true);
  if (failed(errors))
    return failure();
  options.anyChips = false; // those that one instance needs are there
  double total = 0;
  for (auto [candidate, error] : llvm::zip_equal(candidates, *errors)) {
    candidate.error = error;
    total += error;
  }
  if (total == 0)
    emitWarning(root->getLoc()) << "--redundancy=auto programs weights once, since the samples "
                                   "show no error of the outputs from cells";
  auto attempt = [&](Level level) {
    root = cast<ModuleOp>(logical->getOperation()->clone());
    current = Level::Cim;
    setInstances(*root, candidates);
    HeldDiagnostics held(&context);
    if (failed(mapToChips(level)))
      return failure();
    return success(options.redundancyArrays == 0 ||
                   mappingFigures(*root, *options.target).arraysUsed <= options.redundancyArrays);
  };
  if (options.redundancyArrays != 0 && failed(attempt(Level::Tiled)))
    return emitError(root->getLoc())
           << "--redundancy-arrays must be at least what the network takes without redundancy, "
           << mappingFigures(*root, target).arraysUsed << " arrays, is "
           << options.redundancyArrays;
  std::vector<size_t> steps; ///< the candidates that were doubled, in order
  for (;;) {
    Candidate *best = nullptr;
    for (Candidate &candidate : candidates)
      if (candidate.open && candidate.instances < cim::kMaxRedundancy &&
          candidate.gain() > kWorthwhile * total &&
          (!best || candidate.gainPerCell() > best->gainPerCell()))
        best = &candidate;
    if (!best)
      break;
    best->instances *= 2;
    if (succeeded(attempt(Level::Tiled))) {
      steps.push_back(static_cast<size_t>(best - candidates.data()));
      continue;
    }
    best->instances /= 2;
    best->open = false;
  }
  // Sums of instances pass between cores and take memory there, which is known only at the end.
  while (!steps.empty()) {
    if (succeeded(attempt(last)))
      return success();
    for (size_t dropped = std::max<size_t>(steps.size() / 4, 1); dropped > 0; --dropped) {
      candidates[steps.back()].instances /= 2;
      steps.pop_back();
    }
  }
  root = std::move(logical);
  current = Level::Cim;
  return mapToChips(last);
}

} // namespace cimc
