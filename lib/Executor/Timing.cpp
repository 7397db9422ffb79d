//===- Timing.cpp - From simulated runs to a report -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two runs are simulated: one inference alone gives the latency, several that follow each other
// give the interval. Energies and busy times of instructions do not depend on when they run and are
// summed once. Idle and gated power flow all the time.
//
//===--------------------------------------------------------------------------===//

#include "TimingModel.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace cimc::executor {

EnergyParts &EnergyParts::operator+=(const EnergyParts &other) {
  array += other.array;
  digital += other.digital;
  memory += other.memory;
  network += other.network;
  host += other.host;
  idle += other.idle;
  gated += other.gated;
  return *this;
}

EnergyParts EnergyParts::scaled(double factor) const {
  return {array * factor, digital * factor, memory * factor, network * factor,
          host * factor,  idle * factor,    gated * factor};
}

namespace {

using namespace timing;

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

class Reporter {
public:
  Reporter(const program::Program &program, const Model &model, const Run &single,
           const Run &steady)
      : program(program), model(model), single(single), steady(steady) {}

  TimingReport make() {
    report.program = program.name;
    report.target = program.target.name;
    report.latencyNs = single.finish.front();
    findInterval();
    sumWork();
    addStaticEnergy();
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

  void sumWork() {
    for (const std::string &name : model.layers)
      report.layers.push_back({name});
    for (size_t core = 0; core < model.cores.size(); ++core) {
      CoreTiming timing;
      timing.core = static_cast<uint32_t>(core);
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
    report.instructions += runs;
    report.reads += work.reads * runs;
    report.arrayMacs += work.macs * runs;
    layer.reads += work.reads * runs;
    layer.energyPj += energy.array + energy.digital + energy.memory + energy.network;
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
    }
  }

  // One milliwatt for one nanosecond is one picojoule.
  void addStaticEnergy() {
    report.coresTotal = program.target.chip.cores;
    report.coresUsed = static_cast<uint32_t>(program.cores.size());
    report.steadyEnergy = report.energy;
    StaticPower power = staticPower(program);
    auto add = [&](EnergyParts &energy, double time) {
      energy.idle = power.idleMw * time;
      energy.gated = power.gatedMw * time;
    };
    add(report.energy, report.latencyNs);
    add(report.steadyEnergy, report.intervalNs);
  }

  void addProgramming() {
    const target::Array &array = program.target.chip.core.array;
    std::vector<double> time(program.cores.size(), 0);
    for (const program::Tile &tile : program.tiles) {
      time[tile.core] += tile.rows * array.programNsPerRow;
      report.programmingPj += static_cast<double>(tile.rows) * tile.cols * array.programPjPerCell;
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
    for (double busy : single.linkBusyNs)
      report.busiestLinkUtilisation =
          std::max(report.busiestLinkUtilisation, ratio(busy, report.intervalNs));
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
  TimingReport report;
};

} // namespace

timing::StaticPower timing::staticPower(const program::Program &program) {
  const target::Chip &chip = program.target.chip;
  auto used = static_cast<uint32_t>(program.cores.size());
  return {chip.idleMw + chip.core.idleMw * used,
          chip.core.gatedMw * (chip.cores - std::min(chip.cores, used))};
}

Result<TimingReport> simulateTiming(const program::ValidatedProgram &validated,
                                    const TimingOptions &options) {
  const program::Program &program = validated.program();
  Result<Model> model = buildModel(program);
  if (!model)
    return model.error();
  Result<Run> single = simulate(*model, 1);
  if (!single)
    return single.error();
  Result<Run> steady = simulate(*model, std::max(2u, options.steadyInferences));
  if (!steady)
    return steady.error();
  return Reporter(program, *model, *single, *steady).make();
}

} // namespace cimc::executor
