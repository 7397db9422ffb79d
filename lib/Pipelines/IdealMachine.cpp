//===- IdealMachine.cpp - Several chips against one ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "cimc/Pipelines/IdealMachine.h"

#include "cimc/Target/Check.h"

#include <algorithm>
#include <map>

namespace cimc {

namespace {

/// The busy time of each chip's busiest unit.
std::vector<double> workByChip(const executor::TimingReport &report,
                               const program::Program &program) {
  std::map<uint32_t, double> work;
  for (const executor::CoreTiming &core : report.cores) {
    double arrays = core.arrays > 0 ? core.arrayBusyNs / core.arrays : 0;
    double &most = work[program.cores[core.core].chip];
    most = std::max({most, arrays, core.digitalBusyNs});
  }
  std::vector<double> result;
  for (auto [chip, busy] : work)
    result.push_back(busy);
  return result;
}

/// What a program takes as it is, without links, and without links and waking.
struct Runs {
  executor::TimingReport real, freeLinks, freeAll;
};

Result<Runs> simulateRuns(const program::ValidatedProgram &program) {
  Runs runs;
  executor::TimingOptions options;
  for (executor::TimingReport *report : {&runs.real, &runs.freeLinks, &runs.freeAll}) {
    options.freeLinks = report != &runs.real;
    options.freeWaking = report == &runs.freeAll;
    Result<executor::TimingReport> found = executor::simulateTiming(program, options);
    if (!found)
      return found.error();
    *report = std::move(*found);
  }
  return runs;
}

} // namespace

Result<target::Target> idealTarget(const target::Target &target) {
  target::Target ideal = target;
  ideal.name += "-ideal";
  ideal.chips = 1;
  ideal.links.connections.clear();
  ideal.links.topology = target::Topology::Chain;
  uint64_t weights = uint64_t(target.chip.core.engine.weightBytes) * target.chips;
  if (target.chip.core.kind == target::CoreKind::Engine) {
    if (weights > uint64_t{1} << 31)
      return Error{"an ideal chip would need " + std::to_string(weights) +
                   " bytes for weights in one engine, a target has at most 2147483648"};
    ideal.chip.core.engine.weightBytes = static_cast<uint32_t>(weights);
  } else {
    ideal.chip.cores = target.chip.cores * target.chips;
  }
  if (Status status = target::check(ideal); !status)
    return status.error();
  return ideal;
}

Result<IdealComparison> compareWithIdeal(const program::ValidatedProgram &program,
                                         const program::ValidatedProgram &ideal) {
  Result<Runs> ours = simulateRuns(program), theirs = simulateRuns(ideal);
  if (!ours || !theirs)
    return ours ? theirs.error() : ours.error();
  IdealComparison result;
  result.latencyNs = ours->real.latencyNs;
  result.idealLatencyNs = theirs->real.latencyNs;
  result.energyPj = ours->real.energy.total();
  result.idealEnergyPj = theirs->real.energy.total();

  std::vector<double> work = workByChip(ours->freeAll, program.program()),
                      single = workByChip(theirs->freeAll, ideal.program());
  double busiest = *std::max_element(work.begin(), work.end()), mean = 0;
  for (double chip : work)
    mean += chip / static_cast<double>(work.size());
  double free = ours->freeAll.latencyNs, idealFree = theirs->freeAll.latencyNs;
  double messages = result.latencyNs - ours->freeLinks.latencyNs;
  double waking = ours->freeLinks.latencyNs - free - (result.idealLatencyNs - idealFree);
  result.time = {{"messages", messages},
                 {"waking", waking},
                 {"waiting", free - busiest - (idealFree - single.front())},
                 {"imbalance", busiest - mean},
                 {"working in parallel", mean - single.front()}};
  for (const executor::EnergyPart &part : executor::kEnergyParts)
    if (double more = ours->real.energy.*part.value - theirs->real.energy.*part.value; more != 0)
      result.energy.push_back({part.name, more});
  return result;
}

} // namespace cimc
