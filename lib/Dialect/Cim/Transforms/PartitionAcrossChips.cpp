//===- PartitionAcrossChips.cpp - Cut a network for several chips ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Has mapping::partition cut the network, then numbers the chips so that chips which talk much are
// near each other, since every link that a message passes costs energy.
//
//===--------------------------------------------------------------------------===//

#include "PartitionProblem.h"

#include "cimc/Dialect/Cim/Transforms/Passes.h"
#include "cimc/Dialect/Cim/Transforms/StageGraph.h"
#include "cimc/Mapping/PartitionExact.h"
#include "cimc/Target/Routes.h"

#include <map>
#include <memory>
#include <numeric>

using namespace mlir;

namespace cimc::cim {
#define GEN_PASS_DEF_PARTITIONACROSSCHIPS
#include "cimc/Dialect/Cim/Transforms/Passes.h.inc"
} // namespace cimc::cim

using namespace cimc::cim;

namespace {

/// Networks of more nodes are bounded by nothing: the integer programs would take too long.
constexpr size_t kMostBoundedNodes = 80;

/// Bytes that chips send to others, by sender and receiver. There may be many more chips than talk.
using Traffic = std::map<std::pair<int64_t, int64_t>, int64_t>;

Traffic trafficOf(const cimc::mapping::PartitionProblem &problem,
                  const std::vector<cimc::mapping::Piece> &pieces) {
  std::vector<llvm::SmallVector<const cimc::mapping::Piece *, 2>> byNode(problem.nodes.size());
  for (const cimc::mapping::Piece &piece : pieces)
    byNode[static_cast<size_t>(piece.node)].push_back(&piece);
  Traffic traffic;
  for (const cimc::mapping::PartitionValue &value : problem.values) {
    if (value.producer == cimc::mapping::kHostReader)
      continue;
    llvm::DenseSet<int64_t> readers;
    for (int64_t reader : value.readers)
      if (reader != cimc::mapping::kHostReader)
        for (const cimc::mapping::Piece *piece : byNode[static_cast<size_t>(reader)])
          readers.insert(piece->chip);
    int64_t units = problem.nodes[static_cast<size_t>(value.producer)].outputUnits;
    for (const cimc::mapping::Piece *made : byNode[static_cast<size_t>(value.producer)])
      for (int64_t reader : readers)
        if (reader != made->chip)
          traffic[{made->chip, reader}] += value.bytes * (made->end - made->begin) / units;
  }
  return traffic;
}

/// Numbers for `chips` chips that keep bytes times links small, by exchanging pairs.
SmallVector<int64_t> numberChips(size_t chips, const Traffic &traffic,
                                 const cimc::target::Target &target) {
  SmallVector<int64_t> number(chips);
  std::iota(number.begin(), number.end(), 0);
  if (target.links.topology == cimc::target::Topology::AllToAll)
    return number;
  // Only chips that talk matter, and only to each other.
  std::map<size_t, std::map<size_t, int64_t>> edges;
  for (auto [pair, bytes] : traffic)
    if (auto [a, b] = pair; bytes > 0) {
      edges[static_cast<size_t>(a)][static_cast<size_t>(b)] += bytes;
      edges[static_cast<size_t>(b)][static_cast<size_t>(a)] += bytes;
    }
  auto edgesOf = [&](size_t chip) {
    auto found = edges.find(chip);
    return found == edges.end() ? nullptr : &found->second;
  };
  auto cost = [&](size_t chip) {
    int64_t sum = 0;
    if (auto *ofChip = edgesOf(chip))
      for (auto [other, bytes] : *ofChip)
        sum += bytes * cimc::target::chipHops(target, static_cast<uint32_t>(number[chip]),
                                              static_cast<uint32_t>(number[other]));
    return sum;
  };
  int64_t budget = 2'000'000;
  for (bool changed = true; changed && budget > 0;) {
    changed = false;
    for (auto &[a, ofA] : edges)
      for (size_t b = 0; b < chips && budget > 0; ++b) {
        auto *ofB = edgesOf(b);
        if (b == a || (ofB && b < a)) // that pair has had its turn
          continue;
        budget -= static_cast<int64_t>(ofA.size() + (ofB ? ofB->size() : 0));
        int64_t before = cost(a) + cost(b);
        std::swap(number[a], number[b]);
        if (cost(a) + cost(b) < before)
          changed = true;
        else
          std::swap(number[a], number[b]);
      }
  }
  return number;
}

struct PartitionAcrossChipsPass
    : cimc::cim::impl::PartitionAcrossChipsBase<PartitionAcrossChipsPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<cimc::target::Target> target = cimc::cim::getTarget(module);
    if (failed(target))
      return signalPassFailure();
    if (!(fill > 0 && fill <= 1)) {
      module.emitError() << "fill must be above 0 and at most 1, is " << fill;
      return signalPassFailure();
    }
    bool isOptimal = solver == "optimal";
    std::optional<cimc::mapping::PartitionSolver> known =
        cimc::mapping::parsePartitionSolver(isOptimal ? "auto" : std::string(solver));
    if (!known) {
      module.emitError() << "solver must be auto, greedy or optimal, is '" << solver << "'";
      return signalPassFailure();
    }
    if (memory < 0) {
      module.emitError() << "memory must be at least 0, is " << static_cast<int64_t>(memory);
      return signalPassFailure();
    }
    clear();
    if (target->chips == 1)
      return;
    FailureOr<SmallVector<WeightUse>> uses = collectWeightUses(module, *target);
    if (failed(uses))
      return signalPassFailure();
    chooseUnits(*uses, *target, false);
    bool alongInputs = *known == cimc::mapping::PartitionSolver::Greedy;
    auto translation =
        std::make_unique<PartitionTranslation>(module, *uses, *target, alongInputs, fill, memory);
    double linkPj = target->links.pjPerByte;
    if (idle && linkPj > 0)
      translation->problem.bytesPerWait =
          (target->chip.idleMw + target->chip.cores * target->chip.core.idleMw) / linkPj;
    cimc::Result<cimc::mapping::Partition> found = solve(translation->problem, *known, isOptimal);
    // The search cuts layers along their outputs only. The greedy rule knows both ways, and what it
    // finds counts where the search finds nothing or nothing better.
    if (!alongInputs && !isOptimal) {
      auto other =
          std::make_unique<PartitionTranslation>(module, *uses, *target, true, fill, memory);
      cimc::Result<cimc::mapping::Partition> greedy =
          solve(other->problem, cimc::mapping::PartitionSolver::Greedy, false);
      if (greedy && (!found || greedy->interchipBytes < found->interchipBytes)) {
        found = std::move(greedy);
        translation = std::move(other);
      }
    }
    if (!found) {
      module.emitError() << found.error().message << " (target '" << target->name << "')";
      return signalPassFailure();
    }
    Traffic traffic = trafficOf(translation->problem, found->pieces);
    auto chips = static_cast<size_t>(translation->problem.chips);
    translation->write(*found, numberChips(chips, traffic, *target));
    note(translation->problem, *found);
  }

private:
  void clear() {
    getOperation()->removeAttr(kPartitionAttrName);
    getOperation().walk([](Operation *op) {
      op->removeAttr(kChipAttrName);
      if (auto weight = dyn_cast<WeightOp>(op))
        weight.removePiecesAttr();
    });
  }

  cimc::Result<cimc::mapping::Partition> solve(const cimc::mapping::PartitionProblem &problem,
                                               cimc::mapping::PartitionSolver known,
                                               bool isOptimal) {
    if (!isOptimal) {
      cimc::mapping::PartitionOptions options;
      options.solver = known;
      return cimc::mapping::partition(problem, options);
    }
    cimc::Result<cimc::mapping::ExactPartition> exact = cimc::mapping::partitionExactly(problem);
    if (!exact)
      return exact.error();
    if (!exact->proved)
      return cimc::Error{"the network is too large for the solver 'optimal': at least " +
                         std::to_string(exact->bound) + " bytes pass between chips, " +
                         std::to_string(exact->partition.interchipBytes) +
                         " in the best partition that was found"};
    proved = exact->bound;
    return std::move(exact->partition);
  }

  void note(const cimc::mapping::PartitionProblem &problem,
            const cimc::mapping::Partition &partition) {
    int64_t least = proved;
    if (least < 0)
      least = bound && problem.nodes.size() <= kMostBoundedNodes
                  ? cimc::mapping::interchipBound(problem, partition.interchipBytes, {12})
                  : 0;
    bytesBetween += partition.interchipBytes;
    bytesBound += least;
    Builder builder(&getContext());
    getOperation()->setAttr(
        kPartitionAttrName,
        builder.getDictionaryAttr(
            {builder.getNamedAttr("interchip_bytes",
                                  builder.getI64IntegerAttr(partition.interchipBytes)),
             builder.getNamedAttr("interchip_bytes_bound", builder.getI64IntegerAttr(least)),
             builder.getNamedAttr("chips_used", builder.getI64IntegerAttr(partition.chipsUsed)),
             builder.getNamedAttr("chip_memory_bytes",
                                  builder.getI64IntegerAttr(partition.memoryOfFullest))}));
  }

  int64_t proved = -1; ///< bytes of a partition that was proved optimal
};

} // namespace
