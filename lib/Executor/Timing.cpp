//===- Timing.cpp - From simulated runs to a report -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two runs are simulated: one inference alone gives the latency, several that follow each other
// give the interval. Energies and busy times of instructions do not depend on when they run and are
// summed once. What chips take in their states is summed over each run (TimingChips.h).
//
//===--------------------------------------------------------------------------===//

#include "ChipActivity.h"
#include "ReadCost.h"
#include "TimingChips.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace cimc::executor {

EnergyParts &EnergyParts::operator+=(const EnergyParts &other) {
  for (const EnergyPart &part : kEnergyParts)
    this->*part.value += other.*part.value;
  return *this;
}

EnergyParts EnergyParts::scaled(double factor) const {
  EnergyParts result;
  for (const EnergyPart &part : kEnergyParts)
    result.*part.value = this->*part.value * factor;
  return result;
}

namespace {

using namespace timing;

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

class Reporter {
public:
  Reporter(const program::Program &program, const Model &model, const Run &single,
           const Run &steady, const std::vector<double> &chipsBusyNs)
      : program(program), model(model), single(single), steady(steady), chipsBusyNs(chipsBusyNs) {}

  TimingReport make() {
    report.program = program.name;
    report.target = program.target.name;
    report.latencyNs = single.finish.front();
    findInterval();
    report.restNs = single.restNs;
    addChips();
    sumWork();
    report.steadyEnergy = report.energy;
    addPower(model, single, steady, report);
    addUngated(model, report);
    addWaiting();
    addTraffic(program, model, single, report);
    addProgramming();
    addUtilisation();
    return std::move(report);
  }

private:
  void findInterval() {
    size_t last = steady.finish.size() - 1, middle = last / 2;
    report.intervalNs =
        (steady.finish[last] - steady.finish[middle]) / static_cast<double>(last - middle);
  }

  void addChips() {
    report.coresTotal = model.target.chips * model.target.chip.cores;
    report.coresUsed = static_cast<uint32_t>(program.cores.size());
    for (uint32_t i = 0; i < model.chips.size(); ++i) {
      ChipTiming chip;
      chip.chip = i;
      chip.cores = model.chips[i].cores;
      chip.epochs = model.chips[i].epochs;
      report.chips.push_back(chip);
    }
  }

  void addWaiting() {
    for (ChipTiming &chip : report.chips)
      chip.waitingNs = std::max(0.0, chip.alone.onNs - chipsBusyNs[chip.chip]);
  }

  void sumWork() {
    for (const std::string &name : model.layers)
      report.layers.push_back({name});
    for (size_t core = 0; core < model.cores.size(); ++core) {
      CoreTiming timing;
      timing.core = static_cast<uint32_t>(core);
      timing.chip = program.cores[core].chip;
      timing.index = program.cores[core].index;
      timing.arrays = model.cores[core].arraysUsed;
      for (size_t i = 0; i < model.cores[core].works.size(); ++i)
        addWork(model.cores[core].works[i], single.runs[core][i], timing);
      report.arraysUsed += timing.arrays;
      report.cores.push_back(timing);
    }
    for (const HostSource &source : model.sources)
      report.energy +=
          model.channels[source.channel].energy.scaled(static_cast<double>(source.messages));
    countArrays();
    std::erase_if(report.layers, [](const LayerTiming &layer) {
      return layer.arrayBusyNs + layer.digitalBusyNs + layer.linkBusyNs + layer.energyPj == 0;
    });
  }

  void countArrays() {
    std::map<std::string_view, std::set<std::pair<uint32_t, uint32_t>>> arrays;
    for (const program::Tile &tile : program.tiles)
      arrays[tile.layer].insert({tile.core, tile.array});
    for (LayerTiming &layer : report.layers)
      if (auto found = arrays.find(layer.name); found != arrays.end())
        layer.arrays = static_cast<uint32_t>(found->second.size());
  }

  void addWork(const Work &work, uint64_t runs, CoreTiming &core) {
    LayerTiming &layer = report.layers[work.layer];
    double times = static_cast<double>(runs), busy = work.ns * times;
    EnergyParts energy = work.energy.scaled(times);
    report.energy += energy;
    ChipTiming &chip = report.chips[model.cores[core.core].chip];
    chip.alone.energyPj += energy.total();
    chip.steady.energyPj += energy.total();
    report.instructions += work.unit == UnitKind::None ? 0 : runs;
    report.reads += work.reads * runs;
    report.arrayMacs += work.macs * runs;
    layer.reads += work.reads * runs;
    layer.energyPj += energy.total() - energy.host;
    switch (work.unit) {
    case UnitKind::Array:
      core.arrayBusyNs += busy;
      layer.arrayBusyNs += busy;
      break;
    case UnitKind::Digital:
      core.digitalBusyNs += busy;
      layer.digitalBusyNs += busy;
      break;
    case UnitKind::Send:
      core.sendBusyNs += busy;
      layer.sentBytes += program.channels[work.channel].messageBytes * runs;
      layer.linkBusyNs += busy;
      break;
    case UnitKind::Receive:
      core.receiveBusyNs += busy;
      layer.linkBusyNs += busy;
      break;
    case UnitKind::None:
      break;
    }
  }

  void addProgramming() {
    std::vector<double> time(program.cores.size(), 0);
    for (const program::Tile &tile : program.tiles) {
      Cost cost = programmingCost(model.target.chip.core, tile);
      time[tile.core] += cost.ns;
      report.programmingPj += cost.pj;
    }
    for (double coreTime : time)
      report.programmingNs = std::max(report.programmingNs, coreTime);
  }

  void addUtilisation() {
    double arrayBusy = 0, digitalBusy = 0;
    for (const CoreTiming &core : report.cores) {
      arrayBusy += core.arrayBusyNs;
      digitalBusy += core.digitalBusyNs;
    }
    report.arrayUtilisation = ratio(arrayBusy, report.latencyNs * report.arraysUsed);
    report.steadyArrayUtilisation = ratio(arrayBusy, report.intervalNs * report.arraysUsed);
    report.digitalUtilisation = ratio(digitalBusy, report.latencyNs * report.coresUsed);
    report.steadyDigitalUtilisation = ratio(digitalBusy, report.intervalNs * report.coresUsed);
    addCoreUtilisation();
    for (size_t link = 0; link < model.links.size(); ++link) {
      double &busiest = model.links[link].joinsChips ? report.busiestChipLinkUtilisation
                                                     : report.busiestLinkUtilisation;
      busiest = std::max(busiest, ratio(single.linkBusyNs[link], report.intervalNs));
    }
    report.hostInUtilisation = ratio(single.hostInBusyNs, report.intervalNs);
    report.hostOutUtilisation = ratio(single.hostOutBusyNs, report.intervalNs);
  }

  void addCoreUtilisation() {
    for (CoreTiming &core : report.cores) {
      double arrayBusy = ratio(core.arrayBusyNs, core.arrays);
      core.arrayUtilisation = ratio(arrayBusy, report.latencyNs);
      core.steadyArrayUtilisation = ratio(arrayBusy, report.intervalNs);
      core.digitalUtilisation = ratio(core.digitalBusyNs, report.latencyNs);
      core.steadyDigitalUtilisation = ratio(core.digitalBusyNs, report.intervalNs);
    }
  }

  const program::Program &program;
  const Model &model;
  const Run &single, &steady;
  const std::vector<double> &chipsBusyNs;
  TimingReport report;
};

} // namespace

/// Inferences that the machine may go on with while those before them end.
static uint32_t furtherInferences(const Model &model, uint32_t inferences) {
  return model.anyChipIsGated() ? 4 * inferences : 0;
}

Result<TimingReport> simulateTiming(const program::ValidatedProgram &validated,
                                    const TimingOptions &options) {
  const program::Program &program = validated.program();
  Result<Model> model = buildModel(program, options);
  if (!model)
    return model.error();
  ChipActivity activity(*model);
  Result<Run> single = simulate(*model, {}, &activity);
  if (!single)
    return single.error();
  uint32_t inferences = std::max(2u, options.steadyInferences);
  Result<Run> steady = simulate(*model, {inferences, furtherInferences(*model, inferences)});
  if (!steady)
    return steady.error();
  return Reporter(program, *model, *single, *steady, activity.busyNs()).make();
}

} // namespace cimc::executor
