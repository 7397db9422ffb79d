//===- DigitalLayers.cpp - Sensitive layers in exact digital units ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The best cells of a machine are the memory of its digital units: what is multiplied there is
// exact. A layer of few weights in few rows, such as the first of many networks, may cost the
// outputs most, while a digital unit multiplies it in less time than other layers take in arrays.
// Which layers these are is measured.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Dialect/Cim/Transforms/StageGraph.h"
#include "cimc/Pipelines/Compile.h"

using namespace mlir;

namespace cimc {

namespace {

/// The share of all errors from which on a layer is sensitive.
constexpr double kSensitive = 0.1;

/// Weights that may move, in the order of the module.
llvm::SmallVector<cim::WeightOp> weightsInArrays(ModuleOp module) {
  llvm::DenseSet<StringAttr> transposed;
  module.walk([&](cim::ForwardOp op) {
    if (op.getTransposed())
      transposed.insert(op.getWeightAttr().getAttr());
  });
  llvm::SmallVector<cim::WeightOp> weights;
  for (auto weight : module.getOps<cim::WeightOp>())
    if (weight.getUnit() == cim::Unit::Array && !transposed.contains(weight.getSymNameAttr()))
      weights.push_back(weight);
  return weights;
}

/// Half of a core's memory is left for its buffers.
bool fitsMemory(cim::WeightOp weight, const target::Target &target) {
  return weight.getValue().getNumElements() <= target.chip.core.memoryBytes / 2;
}

/// The time in which a digital unit multiplies everything with a weight, for an inference.
double digitalNs(ModuleOp module, cim::WeightOp weight, const target::Digital &digital) {
  double outputs = 0;
  module.walk([&](cim::ForwardOp op) {
    if (op.getWeightAttr().getAttr() == weight.getSymNameAttr())
      outputs +=
          static_cast<double>(cim::getNumRows(op.getType()) * cim::getRowPositions(op.getType()));
  });
  double steps =
      outputs *
      static_cast<double>((weight.getValue().getNumElements() + digital.lanes - 1) / digital.lanes);
  return steps * (digital.multiply.intervalCycles + digital.add.intervalCycles) / digital.clockGhz;
}

} // namespace

LogicalResult Compilation::moveToDigital() {
  const target::Target &target = *options.target;
  if (target.chip.core.kind != target::CoreKind::Crossbar)
    return emitError(root->getLoc()) << "--digital-layers takes layers out of arrays, target '"
                                     << target.name << "' has engines, which are exact";
  llvm::SmallVector<cim::WeightOp> weights = weightsInArrays(*root);
  if (options.digitalLayers.front() != "auto") {
    for (const std::string &name : options.digitalLayers) {
      auto weight = llvm::find_if(
          weights, [&](cim::WeightOp candidate) { return candidate.getSymName() == name; });
      if (weight == weights.end()) {
        InFlightDiagnostic diag = emitError(root->getLoc());
        diag << "--digital-layers: no layer '" << name << "' that arrays would hold; there are";
        for (cim::WeightOp known : weights)
          diag << (known == weights.front() ? " '" : ", '") << known.getSymName() << "'";
        return diag;
      }
      if (!fitsMemory(*weight, target))
        return weight->emitError()
               << "--digital-layers: layer '" << name << "' has "
               << weight->getValue().getNumElements() << " weights, which must fit half of the "
               << target.chip.core.memoryBytes << " bytes of a core's memory";
      weight->setUnit(cim::Unit::Digital);
    }
    return success();
  }
  std::vector<std::string> names;
  for (cim::WeightOp weight : weights)
    names.push_back(weight.getSymName().str());
  OwningOpRef<ModuleOp> logical = cast<ModuleOp>(root->getOperation()->clone());
  FailureOr<std::vector<double>> errors = measureLayers(names, /*onlyCells=*/false);
  if (failed(errors))
    return failure();
  double longest = mapped->busiestNs, total = 0;
  for (double error : *errors)
    total += error;
  root = std::move(logical);
  current = Level::Cim;
  for (auto [weight, error] : llvm::zip_equal(weightsInArrays(*root), *errors))
    if (error > kSensitive * total && fitsMemory(weight, target) &&
        digitalNs(*root, weight, target.chip.core.digital) <= longest)
      weight.setUnit(cim::Unit::Digital);
  return success();
}

} // namespace cimc
