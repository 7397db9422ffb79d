//===- Redundancy.cpp - Weights that are programmed several times -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The mean of k instances of a weight, whose cells deviate independently, has 1/k of the variance.
// So free arrays are worth most where a layer that costs the outputs much takes few cells. What
// each layer costs is measured: the network is mapped once without redundancy, and run with each
// layer alone deviating. Then the layer that gains most per cell is doubled, again and again, until
// nothing fits any more.
//
//===--------------------------------------------------------------------------===//

#include "ConverterRanges.h"
#include "HeldDiagnostics.h"

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Executor/LayerErrors.h"

using namespace mlir;

namespace cimc {

namespace {

/// Samples on which layers are measured; their values outnumber these by far.
constexpr size_t kSamples = 32;
/// A seed that no run uses by itself, so that the choice does not fit the cells of one.
constexpr uint64_t kSeed = 0x9e3779b97f4a7c15u;
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

FailureOr<std::vector<double>> Compilation::measureLayers(llvm::ArrayRef<std::string> names) {
  if (failed(mapOnce(Level::Scheduled)) || failed(lowerTo(Level::Isa)))
    return failure();
  FailureOr<program::ValidatedProgram> program = toValidProgram();
  if (failed(program))
    return failure();
  Result<std::vector<TensorData>> inputs =
      toInputs(executor::Executor(*program).inputs(), options.calibration, kSamples);
  if (!inputs)
    return emitError(root->getLoc()) << inputs.error().message;
  executor::ModelOptions model;
  model.mode = executor::Mode::Analog;
  model.analog.seed = kSeed;
  Result<executor::LayerErrors> measured =
      executor::measureLayerErrors(*program, model, *inputs, {});
  if (!measured)
    return emitError(root->getLoc()) << measured.error().message;
  std::vector<double> errors;
  for (const std::string &name : names) {
    auto found = llvm::find_if(
        measured->layers, [&](const executor::LayerError &layer) { return layer.layer == name; });
    errors.push_back(found == measured->layers.end() ? 0 : found->outputs.error);
  }
  return errors;
}

LogicalResult Compilation::mapWithRedundancy(Level last) {
  const target::Target &target = *options.target;
  auto refuse = [&](const llvm::Twine &why) {
    std::string asked = options.redundancy ? std::to_string(options.redundancy) : "auto";
    return emitError(root->getLoc())
           << "--redundancy=" << asked << " programs weights into arrays of one chip, " << why;
  };
  if (target.chip.core.kind != target::CoreKind::Crossbar)
    return refuse("target '" + target.name + "' has engines");
  if (target.chips > 1 || options.anyChips)
    return refuse(options.anyChips ? llvm::Twine("with --chips=auto there may be several")
                                   : "there are " + llvm::Twine(target.chips));
  std::vector<Candidate> candidates;
  std::vector<std::string> names;
  for (cim::WeightOp weight : eligibleWeights(*root)) {
    Candidate &candidate = candidates.emplace_back();
    candidate.weight = weight.getSymName().str();
    candidate.cells = static_cast<double>(weight.getValue().getNumElements());
    candidate.instances = options.redundancy ? options.redundancy : 1;
    names.push_back(candidate.weight);
  }
  if (options.redundancy) {
    setInstances(*root, candidates);
    return mapOnce(last);
  }

  OwningOpRef<ModuleOp> logical = cast<ModuleOp>(root->getOperation()->clone());
  FailureOr<std::vector<double>> errors = measureLayers(names);
  if (failed(errors))
    return failure();
  double total = 0;
  for (auto [candidate, error] : llvm::zip_equal(candidates, *errors)) {
    candidate.error = error;
    total += error;
  }
  auto attempt = [&](Level level) {
    root = cast<ModuleOp>(logical->getOperation()->clone());
    current = Level::Cim;
    setInstances(*root, candidates);
    HeldDiagnostics held(&context);
    return mapOnce(level);
  };
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
  return mapOnce(last);
}

} // namespace cimc
