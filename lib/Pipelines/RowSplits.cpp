//===- RowSplits.cpp - Fewer rows in a tile than an array has -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of fewer rows are smaller, so converters take finer steps or clip less, and lose less
// voltage on wires. How much that is for a layer is measured: rows of those layers that cost the
// outputs most are halved, and a layer stays so where its error got smaller by far more than chance
// explains. More tiles are more reads and sums to add, so that other layers stay as they are.
//
//===--------------------------------------------------------------------------===//

#include "HeldDiagnostics.h"

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Pipelines/Compile.h"
#include "cimc/Target/Check.h"

#include <numeric>

using namespace mlir;

namespace cimc {

namespace {

/// Tiles do not get shorter than that; what is lost then is not the sum's.
constexpr int64_t kFewestRows = 16;
/// The share of all errors from which on a layer is looked at.
constexpr double kWorthwhile = 0.01;
/// What halving the rows of a layer must leave of its error at most. Other cells deviate in other
/// ways, which is a few percent.
constexpr double kLeft = 0.8;

struct Layer {
  std::string weight;
  int64_t rows = 0; ///< of its tiles
  bool split = false;
  double error = 0;
  bool open = true;

  int64_t halved() const { return (rows + 1) / 2; }
};

void setRows(ModuleOp module, llvm::ArrayRef<Layer> layers, llvm::ArrayRef<size_t> halved = {}) {
  Builder builder(module.getContext());
  for (auto weight : module.getOps<cim::WeightOp>())
    for (auto [number, layer] : llvm::enumerate(layers)) {
      if (weight.getSymName() != layer.weight)
        continue;
      bool half = llvm::is_contained(halved, number);
      if (half || layer.split)
        weight.setMaxRowsAttr(builder.getI64IntegerAttr(half ? layer.halved() : layer.rows));
    }
}

/// Weights in arrays, with the rows that a tile has if no more are cut than must be.
std::vector<Layer> layersOf(ModuleOp module, int64_t arrayRows) {
  std::vector<Layer> layers;
  for (auto weight : module.getOps<cim::WeightOp>()) {
    if (weight.getUnit() != cim::Unit::Array)
      continue;
    int64_t rows = cast<ShapedType>(weight.getValue().getType()).getShape()[1],
            parts = (rows + arrayRows - 1) / arrayRows;
    layers.push_back({weight.getSymName().str(), (rows + parts - 1) / parts});
  }
  return layers;
}

std::vector<std::string> namesOf(llvm::ArrayRef<Layer> layers, llvm::ArrayRef<size_t> numbers) {
  std::vector<std::string> names;
  for (size_t number : numbers)
    names.push_back(layers[number].weight);
  return names;
}

} // namespace

LogicalResult Compilation::splitRows() {
  const target::Target &target = *options.target;
  bool choose = options.splitRows == kChosenRows;
  if (target.chip.core.kind != target::CoreKind::Crossbar)
    return emitError(root->getLoc())
           << "--split-rows=" << (choose ? "auto" : std::to_string(options.splitRows))
           << " is for the rows of arrays, target '" << target.name << "' has engines";
  std::vector<Layer> layers = layersOf(*root, target::weightRows(target.chip.core.array));
  if (!choose) {
    for (Layer &layer : layers) {
      layer.split = layer.rows > int64_t(options.splitRows);
      layer.rows = std::min<int64_t>(layer.rows, options.splitRows);
    }
    setRows(*root, layers);
    return success();
  }

  OwningOpRef<ModuleOp> whole = cast<ModuleOp>(root->getOperation()->clone());
  auto startOver = [&](llvm::ArrayRef<size_t> halved = {}) {
    root = cast<ModuleOp>(whole->getOperation()->clone());
    current = Level::Cim;
    setRows(*root, layers, halved);
  };
  std::vector<size_t> tried(layers.size());
  std::iota(tried.begin(), tried.end(), 0);
  FailureOr<std::vector<double>> errors =
      measureLayers(namesOf(layers, tried), /*onlyCells=*/false);
  if (failed(errors))
    return failure();
  options.anyChips = false; // those that are needed without splits are there
  double total = 0;
  for (auto [layer, error] : llvm::zip_equal(layers, *errors))
    total += layer.error = error;
  for (;;) {
    tried.clear();
    for (auto [number, layer] : llvm::enumerate(layers))
      if (layer.open && layer.halved() >= kFewestRows && layer.error > kWorthwhile * total)
        tried.push_back(number);
    llvm::stable_sort(tried, [&](size_t a, size_t b) { return layers[a].error > layers[b].error; });
    // What does not fit together is tried with the half that costs most.
    for (; !tried.empty(); tried.resize(tried.size() / 2)) {
      startOver(tried);
      HeldDiagnostics held(&context);
      if (succeeded(errors = measureLayers(namesOf(layers, tried), /*onlyCells=*/false)))
        break;
    }
    if (tried.empty())
      break;
    for (Layer &layer : layers)
      layer.open = false;
    for (auto [number, error] : llvm::zip_equal(tried, *errors)) {
      Layer &layer = layers[number];
      if (error > kLeft * layer.error)
        continue;
      layer = {layer.weight, layer.halved(), true, error, true};
    }
  }
  startOver();
  return success();
}

} // namespace cimc
