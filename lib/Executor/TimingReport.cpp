//===- TimingReport.cpp - Timing as a table and as JSON -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table is for people: units that suit the size of the number, columns that line up, shares in
// percent, and never a zero for something that was used. The JSON is for programs: every number in
// one fixed unit, which its key names.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Executor/Timing.h"

#include "Json.h"
#include "Units.h"

#include <algorithm>

namespace cimc::executor {
namespace {

using units::energy;
using units::number;
using units::percent;
using units::time;

/// Rows of cells; the first column is flush left, the others flush right.
class Table {
public:
  void add(std::vector<std::string> cells) { rows.push_back(std::move(cells)); }
  void print(std::string &out, const char *indent = "  ") const {
    std::vector<size_t> widths;
    for (const std::vector<std::string> &row : rows)
      for (size_t i = 0; i < row.size(); ++i) {
        widths.resize(std::max(widths.size(), row.size()));
        widths[i] = std::max(widths[i], row[i].size());
      }
    for (const std::vector<std::string> &row : rows) {
      out += indent;
      for (size_t i = 0; i < row.size(); ++i) {
        std::string padding(widths[i] - row[i].size(), ' ');
        if (i == 0)
          out += row[i] + (row.size() > 1 ? padding : "");
        else
          out += "  " + padding + row[i];
      }
      out += '\n';
    }
  }

private:
  std::vector<std::vector<std::string>> rows;
};

void printSummary(const TimingReport &report, std::string &out) {
  Table table;
  table.add({"latency of one inference", time(report.latencyNs)});
  table.add({"interval between inferences", time(report.intervalNs)});
  table.add({"inferences per second", number(report.inferencesPerSecond())});
  table.add({"energy of one inference alone", energy(report.energy.total())});
  table.add({"energy per inference at the full rate", energy(report.steadyEnergy.total())});
  if (report.reads > 0)
    table.add({"operations in arrays at the full rate", number(report.arrayTops()) + " TOPS"});
  if (report.arrayTopsPerWatt() > 0)
    table.add(
        {"operations per joule, in arrays and overall",
         number(report.arrayTopsPerWatt()) + ", " + number(report.topsPerWatt()) + " TOPS/W"});
  if (report.arraysUsed > 0)
    table.add({"arrays busy, alone and at the full rate",
               percent(report.arrayUtilisation) + ", " + percent(report.steadyArrayUtilisation)});
  if (report.digitalUtilisation > 0)
    table.add(
        {"digital units busy, alone and at the full rate",
         percent(report.digitalUtilisation) + ", " + percent(report.steadyDigitalUtilisation)});
  table.add({"cores used",
             std::to_string(report.coresUsed) + " of " + std::to_string(report.coresTotal)});
  table.add({"arrays used", std::to_string(report.arraysUsed)});
  if (report.busiestLinkUtilisation > 0)
    table.add({report.chips.size() > 1 ? "busiest link of a chip" : "busiest link of the chip",
               percent(report.busiestLinkUtilisation)});
  if (report.busiestChipLinkUtilisation > 0)
    table.add({"busiest link between chips", percent(report.busiestChipLinkUtilisation)});
  if (report.hostInUtilisation > 0 || report.hostOutUtilisation > 0)
    table.add({"host link, in and out",
               percent(report.hostInUtilisation) + ", " + percent(report.hostOutUtilisation)});
  if (report.programmingNs > 0 || report.programmingPj > 0)
    table.add({"writing the weights, once",
               time(report.programmingNs) + ", " + energy(report.programmingPj)});
  table.print(out);
}

void printEnergy(const TimingReport &report, std::string &out) {
  Table table;
  table.add({"energy", "alone", "share", "full rate", "share"});
  double total = report.energy.total(), steady = report.steadyEnergy.total();
  for (const EnergyPart &part : kEnergyParts) {
    double alone = report.energy.*part.value, full = report.steadyEnergy.*part.value;
    if (alone > 0 || full > 0)
      table.add({part.name, energy(alone), percent(total > 0 ? alone / total : 0), energy(full),
                 percent(steady > 0 ? full / steady : 0)});
  }
  table.print(out);
}

/// Chips by number, and messages between them by pair. Nothing for a single chip that is always on.
void printChips(const TimingReport &report, std::string &out) {
  if (!report.concernsChips())
    return;
  Table table;
  table.add({"chip", "cores", "on, alone", "of that waiting", "waking", "wakes", "energy",
             "on, full rate", "wakes", "energy"});
  for (const ChipTiming &chip : report.chips) {
    const ChipStates &alone = chip.alone, &steady = chip.steady;
    auto duration = [](double ns) { return ns > 0 ? time(ns) : "-"; };
    auto times = [](double count) { return count > 0 ? number(count) : "-"; };
    table.add({std::to_string(chip.chip), std::to_string(chip.cores), duration(alone.onNs),
               alone.onNs > 0 ? percent(chip.waitingNs / alone.onNs) : "-",
               duration(alone.wakingNs), times(alone.wakes), energy(alone.energyPj),
               duration(steady.onNs), times(steady.wakes), energy(steady.energyPj)});
  }
  table.print(out);
  out += '\n';
  Table traffic;
  traffic.add({"messages between chips", "number", "bytes", "links"});
  for (const ChipTraffic &pair : report.traffic)
    traffic.add({std::to_string(pair.from) + " to " + std::to_string(pair.to),
                 std::to_string(pair.messages), std::to_string(pair.bytes),
                 std::to_string(pair.links)});
  traffic.add({"total", "", std::to_string(report.interchipBytes())});
  traffic.print(out);
  out += '\n';
  Table gating;
  gating.add({"if nothing were ever off", "alone", "times", "full rate", "times"});
  gating.add({"energy", energy(report.ungatedPj), number(report.gatingEnergyRatio()),
              energy(report.steadyUngatedPj), number(report.steadyGatingEnergyRatio())});
  gating.print(out);
  out += '\n';
}

void printCores(const TimingReport &report, std::string &out) {
  Table table;
  bool severalChips = report.chips.size() > 1;
  table.add({severalChips ? "chip.core" : "core", "arrays", "arrays busy", "alone", "full rate",
             "digital busy", "alone", "full rate"});
  for (const CoreTiming &core : report.cores)
    table.add({(severalChips ? std::to_string(core.chip) + "." : "") + std::to_string(core.index),
               std::to_string(core.arrays), core.arrays > 0 ? time(core.arrayBusyNs) : "-",
               core.arrays > 0 ? percent(core.arrayUtilisation) : "-",
               core.arrays > 0 ? percent(core.steadyArrayUtilisation) : "-",
               time(core.digitalBusyNs), percent(core.digitalUtilisation),
               percent(core.steadyDigitalUtilisation)});
  table.print(out);
}

void printLayers(const TimingReport &report, std::string &out) {
  Table table;
  table.add({"layer", "reads", "arrays busy", "digital busy", "ports busy", "energy"});
  for (const LayerTiming &layer : report.layers)
    table.add({layer.name, layer.reads > 0 ? std::to_string(layer.reads) : "-",
               layer.arrayBusyNs > 0 ? time(layer.arrayBusyNs) : "-",
               layer.digitalBusyNs > 0 ? time(layer.digitalBusyNs) : "-",
               layer.linkBusyNs > 0 ? time(layer.linkBusyNs) : "-",
               layer.energyPj > 0 ? energy(layer.energyPj) : "-"});
  table.print(out);
}

std::string energyJson(const EnergyParts &parts, unsigned indent) {
  json::Object object(indent);
  for (const EnergyPart &part : kEnergyParts)
    object.add(part.name, parts.*part.value);
  return object.str();
}

std::string coreJson(const CoreTiming &core, unsigned indent) {
  return json::Object(indent)
      .add("chip", core.chip)
      .add("core", core.index)
      .add("arrays", core.arrays)
      .add("array_busy_ns", core.arrayBusyNs)
      .add("digital_busy_ns", core.digitalBusyNs)
      .add("send_busy_ns", core.sendBusyNs)
      .add("receive_busy_ns", core.receiveBusyNs)
      .add("array_utilisation", core.arrayUtilisation)
      .add("digital_utilisation", core.digitalUtilisation)
      .add("steady_array_utilisation", core.steadyArrayUtilisation)
      .add("steady_digital_utilisation", core.steadyDigitalUtilisation)
      .str();
}

std::string statesJson(const ChipStates &states, unsigned indent) {
  return json::Object(indent)
      .add("on_ns", states.onNs)
      .add("waking_ns", states.wakingNs)
      .add("shutting_down_ns", states.shuttingDownNs)
      .add("wakes", states.wakes)
      .add("energy_pj", states.energyPj)
      .str();
}

std::string chipJson(const ChipTiming &chip, unsigned indent) {
  return json::Object(indent)
      .add("chip", chip.chip)
      .add("cores", chip.cores)
      .add("epochs", chip.epochs)
      .add("waiting_ns", chip.waitingNs)
      .raw("alone", statesJson(chip.alone, indent + 2))
      .raw("steady", statesJson(chip.steady, indent + 2))
      .str();
}

std::string trafficJson(const ChipTraffic &pair, unsigned indent) {
  return json::Object(indent)
      .add("from", pair.from)
      .add("to", pair.to)
      .add("links", pair.links)
      .add("messages", pair.messages)
      .add("bytes", pair.bytes)
      .str();
}

std::string layerJson(const LayerTiming &layer, unsigned indent) {
  return json::Object(indent)
      .add("name", layer.name)
      .add("arrays", layer.arrays)
      .add("reads", layer.reads)
      .add("sent_bytes", layer.sentBytes)
      .add("array_busy_ns", layer.arrayBusyNs)
      .add("digital_busy_ns", layer.digitalBusyNs)
      .add("link_busy_ns", layer.linkBusyNs)
      .add("energy_pj", layer.energyPj)
      .str();
}

} // namespace

std::string formatTiming(const TimingReport &report) {
  std::string out = "timing of '" + report.program + "' on " + report.target + "\n";
  auto print = [&](auto part) {
    part(report, out);
    out += '\n';
  };
  print(printSummary);
  print(printEnergy);
  printChips(report, out);
  print(printCores);
  printLayers(report, out);
  return out;
}

std::string timingToJson(const TimingReport &report, unsigned indent) {
  return json::Object(indent)
      .add("program", report.program)
      .add("target", report.target)
      .add("latency_ns", report.latencyNs)
      .add("interval_ns", report.intervalNs)
      .add("rest_ns", report.restNs)
      .add("inferences_per_second", report.inferencesPerSecond())
      .add("energy_pj", report.energy.total())
      .raw("energy_parts_pj", energyJson(report.energy, indent + 2))
      .add("steady_energy_pj", report.steadyEnergy.total())
      .raw("steady_energy_parts_pj", energyJson(report.steadyEnergy, indent + 2))
      .add("ungated_energy_pj", report.ungatedPj)
      .add("gating_energy_ratio", report.gatingEnergyRatio())
      .add("steady_ungated_energy_pj", report.steadyUngatedPj)
      .add("steady_gating_energy_ratio", report.steadyGatingEnergyRatio())
      .add("interchip_bytes", report.interchipBytes())
      .add("programming_ns", report.programmingNs)
      .add("programming_pj", report.programmingPj)
      .add("array_tops", report.arrayTops())
      .add("array_tops_per_watt", report.arrayTopsPerWatt())
      .add("tops_per_watt", report.topsPerWatt())
      .add("cores_used", report.coresUsed)
      .add("cores_total", report.coresTotal)
      .add("arrays_used", report.arraysUsed)
      .add("instructions", report.instructions)
      .add("reads", report.reads)
      .add("array_macs", report.arrayMacs)
      .add("array_utilisation", report.arrayUtilisation)
      .add("steady_array_utilisation", report.steadyArrayUtilisation)
      .add("digital_utilisation", report.digitalUtilisation)
      .add("steady_digital_utilisation", report.steadyDigitalUtilisation)
      .add("busiest_link_utilisation", report.busiestLinkUtilisation)
      .add("busiest_chip_link_utilisation", report.busiestChipLinkUtilisation)
      .add("host_in_utilisation", report.hostInUtilisation)
      .add("host_out_utilisation", report.hostOutUtilisation)
      .raw("cores", json::array(report.cores, indent + 2,
                                [&](const CoreTiming &core) { return coreJson(core, indent + 4); }))
      .raw("chips", json::array(report.chips, indent + 2,
                                [&](const ChipTiming &chip) { return chipJson(chip, indent + 4); }))
      .raw("traffic",
           json::array(report.traffic, indent + 2,
                       [&](const ChipTraffic &pair) { return trafficJson(pair, indent + 4); }))
      .raw("layers",
           json::array(report.layers, indent + 2,
                       [&](const LayerTiming &layer) { return layerJson(layer, indent + 4); }))
      .str();
}

} // namespace cimc::executor
