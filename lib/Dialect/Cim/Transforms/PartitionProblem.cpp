//===- PartitionProblem.cpp - A network as a partition problem -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nodes are numbered in the order of the function, which is one in which they can be computed. A
// weight that several layers use is one node where its first layer stands.
//
//===--------------------------------------------------------------------------===//

#include "PartitionProblem.h"

#include "LiveRows.h"

#include "cimc/Dialect/Cim/Transforms/StageGraph.h"

using namespace mlir;

namespace cimc::cim {

static int64_t bytesOf(Value value) {
  return getNumRows(value.getType()) * getRowBytes(value.getType());
}

PartitionTranslation::PartitionTranslation(ModuleOp module, ArrayRef<WeightUse> uses,
                                           const target::Target &target, bool alongInputs,
                                           double fill, int64_t memory)
    : module(module), store(target) {
  problem.chips = target.chips;
  problem.chipCapacity = static_cast<int64_t>(static_cast<double>(store.chipCells()) * fill);
  problem.chipMemory = memory;
  llvm::DenseMap<Operation *, const WeightUse *> byWeight;
  for (const WeightUse &use : uses)
    byWeight[use.weight] = &use;
  module.walk([&](Operation *op) {
    if (!isa<StageOpInterface, OutputOp>(op))
      return;
    Operation *key = op;
    const WeightUse *use = nullptr;
    if (auto forward = dyn_cast<ForwardOp>(op)) {
      auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(op, forward.getWeightAttr());
      if (weight.getUnit() == Unit::Array) {
        key = weight;
        use = byWeight.lookup(weight);
      }
    }
    auto [slot, isNew] = nodes.try_emplace(key, static_cast<int64_t>(problem.nodes.size()));
    aliases[op] = slot->second;
    if (!isNew)
      return;
    keys.push_back(key);
    users.push_back(use ? *use : WeightUse());
    problem.nodes.push_back(use ? describe(*use, alongInputs) : describe(op));
  });
  addValues();
  addMemory();
}

/// The rows of a value that live lie where it is read last, and one row where it is made; a
/// weighted layer also has its sums and 8 bytes for each output channel. An estimate: a value that
/// is read on several chips lives on each, and stages of a core share the memory of their sums.
void PartitionTranslation::addMemory() {
  llvm::DenseMap<Value, int64_t> live;
  for (auto function : module.getOps<func::FuncOp>()) {
    auto found = countLiveRows(function);
    live.insert(found.begin(), found.end());
  }
  auto add = [&](Operation *op, int64_t bytes) {
    if (auto node = aliases.find(op); node != aliases.end())
      problem.nodes[static_cast<size_t>(node->second)].memoryBytes += bytes;
  };
  module.walk([&](Operation *op) {
    if (!isa<StageOpInterface, InputOp>(op) || !isRowTensor(op->getResult(0).getType()))
      return;
    Value value = op->getResult(0);
    int64_t rowBytes = getRowBytes(value.getType());
    Operation *last = nullptr;
    for (Operation *user : value.getUsers())
      if (aliases.contains(user) &&
          (!last || last->getBlock() != user->getBlock() || last->isBeforeInBlock(user)))
        last = user;
    if (last)
      add(last, rowBytes * std::max<int64_t>(live.lookup(value), 1));
    if (auto forward = dyn_cast<ForwardOp>(op)) {
      int64_t channels = cast<ShapedType>(value.getType()).getShape().back();
      add(op, rowBytes + 8 * channels);
    }
  });
}

mapping::PartitionNode PartitionTranslation::describe(const WeightUse &use,
                                                      bool alongInputs) const {
  ArrayRef<int64_t> shape = use.shape();
  mapping::PartitionNode node;
  WeightOp weight = use.weight;
  node.name = weight.getSymName().str();
  node.capacity = shape[0] * shape[1] * shape[2] * use.matrices();
  // What one direction adds up over chips the other one would have to spread, so both stay whole.
  node.outputUnits = use.transposed ? 1 : store.outputUnits(shape);
  node.inputUnits = alongInputs && shape[0] == 1 && !use.transposed ? use.channels : 1;
  node.sumBytes = 4 * use.positions * shape[0] * shape[2];
  node.work = static_cast<int64_t>(store.nsOf(shape, use.reads));
  return node;
}

mapping::PartitionNode PartitionTranslation::describe(Operation *op) const {
  mapping::PartitionNode node;
  node.name = op->getName().stripDialect().str();
  return node;
}

void PartitionTranslation::addValues() {
  module.walk([&](Operation *op) {
    if (!isa<StageOpInterface, InputOp>(op) || !isRowTensor(op->getResult(0).getType()))
      return;
    mapping::PartitionValue value;
    value.producer = isa<InputOp>(op) ? mapping::kHostReader : aliases.lookup(op);
    value.bytes = bytesOf(op->getResult(0));
    for (Operation *user : op->getUsers()) {
      if (auto feed = dyn_cast<FeedOp>(user))
        user = feed.getDelay();
      if (auto reader = aliases.find(user);
          reader != aliases.end() && !llvm::is_contained(value.readers, reader->second))
        value.readers.push_back(reader->second);
    }
    if (!value.readers.empty())
      problem.values.push_back(std::move(value));
  });
}

PieceAttr PartitionTranslation::pieceOf(const WeightUse &use, const mapping::Piece &piece,
                                        int64_t chip) const {
  ArrayRef<int64_t> shape = use.shape();
  int64_t groups = shape[0], rows = shape[1], cols = shape[2];
  const mapping::PartitionNode &node = problem.nodes[static_cast<size_t>(piece.node)];
  int64_t units = piece.byInputs ? node.inputUnits : node.outputUnits;
  auto begin = [&](int64_t extent) { return extent * piece.begin / units; };
  auto size = [&](int64_t extent) { return extent * piece.end / units - begin(extent); };
  MLIRContext *context = ModuleOp(module).getContext();
  if (piece.byInputs)
    return PieceAttr::get(context, chip, 0, 1, begin(rows), size(rows), 0, cols);
  if (groups > 1)
    return PieceAttr::get(context, chip, begin(groups), size(groups), 0, rows, 0, cols);
  return PieceAttr::get(context, chip, 0, 1, 0, rows, begin(cols), size(cols));
}

void PartitionTranslation::write(const mapping::Partition &partition,
                                 ArrayRef<int64_t> chipOf) const {
  Builder builder(ModuleOp(module).getContext());
  SmallVector<SmallVector<Attribute>> pieces(keys.size());
  for (const mapping::Piece &piece : partition.pieces) {
    auto number = static_cast<size_t>(piece.node);
    int64_t chip = chipOf[static_cast<size_t>(piece.chip)];
    if (isa<WeightOp>(keys[number]))
      pieces[number].push_back(pieceOf(users[number], piece, chip));
    else
      keys[number]->setAttr(kChipAttrName, builder.getI64IntegerAttr(chip));
  }
  for (auto [key, list] : llvm::zip_equal(keys, pieces))
    if (auto weight = dyn_cast<WeightOp>(key))
      weight.setPiecesAttr(builder.getArrayAttr(list));
}

} // namespace cimc::cim
