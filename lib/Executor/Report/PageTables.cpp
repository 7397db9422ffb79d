//===- PageTables.cpp - Layers, cores, compilation, machine ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cells carry their number as `data-value`, in one unit per column, which is what the script sorts
// by.
//
//===--------------------------------------------------------------------------===//

#include "Json.h"
#include "Page.h"
#include "Units.h"

#include "cimc/Target/Print.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace cimc::executor::report {
namespace {

using units::withMu;

/// A number with its text; nothing for zero.
std::string cell(double value, const std::string &text) {
  return "<td class=\"num\" data-value=\"" + json::number(value) + "\">" +
         (value > 0 ? withMu(text) : "") + "</td>";
}

std::string share(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", 100 * std::clamp(value, 0.0, 1.0));
  return text;
}

/// A share with a bar behind it.
std::string shareCell(double value) {
  return "<td class=\"num meter\" data-value=\"" + json::number(value) +
         "\" style=\"--v:" + share(value) + "%\">" + (value > 0 ? units::percent(value) : "") +
         "</td>";
}

struct Column {
  const char *name;
  bool isNumber;
  const char *note;
};

std::string tableHead(const char *name, const std::vector<Column> &columns) {
  std::string out =
      "<div class=\"scroll\"><table class=\"sortable " + std::string(name) + "\"><thead><tr>";
  for (const Column &column : columns)
    out += "<th scope=\"col\"" + std::string(column.isNumber ? " class=\"num\"" : "") +
           " title=\"" + column.note + "\">" + column.name + "</th>";
  return out + "</tr></thead><tbody>\n";
}

constexpr const char *kTableEnd = "</tbody></table></div>\n";

/// When the layer is at work, as a bar in the time of the inference.
std::string activityCell(const Timeline &timeline, const Activity *activity) {
  if (!activity || activity->startNs > activity->endNs || timeline.endNs <= 0)
    return "<td data-value=\"-1\"></td>";
  std::string from = units::time(activity->startNs), to = units::time(activity->endNs);
  return "<td class=\"active\" data-value=\"" + json::number(activity->startNs) + "\" title=\"" +
         withMu(from) + " to " + withMu(to) +
         "\"><span style=\"margin-left:" + share(activity->startNs / timeline.endNs) +
         "%;width:" + share((activity->endNs - activity->startNs) / timeline.endNs) +
         "%\"></span></td>";
}

} // namespace

std::string layersHtml(const ReportData &data) {
  std::map<std::string_view, const Activity *> activities;
  for (size_t i = 0; i < data.timeline.labels.size(); ++i)
    activities[data.timeline.labels[i]] = &data.timeline.activities[i];
  double most = 0;
  for (const LayerTiming &layer : data.timing->layers)
    most = std::max(most, layer.energyPj);
  std::string out = tableHead(
      "layers", {{"layer", false, "the model's node, or what the compiler added"},
                 {"arrays", true, "that hold weights of it"},
                 {"reads", true, "vectors multiplied in one inference"},
                 {"arrays busy", true, "summed over arrays"},
                 {"digital busy", true, "summed over digital units"},
                 {"ports busy", true, "sending and receiving, summed over cores"},
                 {"sent", true, "payload of messages to other cores and the host"},
                 {"energy", true, "without host link, idle and gated power"},
                 {"active in the inference", false, "from its first instruction to its last"}});
  for (const LayerTiming &layer : data.timing->layers) {
    out += "<tr><th scope=\"row\">" + escape(layer.name) + "</th>" +
           cell(layer.arrays, units::count(layer.arrays)) +
           cell(static_cast<double>(layer.reads), units::count(layer.reads)) +
           cell(layer.arrayBusyNs, units::time(layer.arrayBusyNs)) +
           cell(layer.digitalBusyNs, units::time(layer.digitalBusyNs)) +
           cell(layer.linkBusyNs, units::time(layer.linkBusyNs)) +
           cell(static_cast<double>(layer.sentBytes), units::bytes(layer.sentBytes)) +
           "<td class=\"num meter\" data-value=\"" + json::number(layer.energyPj) +
           "\" style=\"--v:" + share(most > 0 ? layer.energyPj / most : 0) + "%\">" +
           (layer.energyPj > 0 ? withMu(units::energy(layer.energyPj)) : "") + "</td>";
    auto activity = activities.find(layer.name);
    out += activityCell(data.timeline, activity == activities.end() ? nullptr : activity->second) +
           "</tr>\n";
  }
  return out + kTableEnd;
}

std::string coresHtml(const ReportData &data) {
  std::vector<Column> columns{{"core", true, "place in the chip's grid"},
                              {"arrays", true, "that hold weights"},
                              {"cells", true, "with weights, of all cells of its arrays"},
                              {"memory", true, "that its program needs"},
                              {"of all", true, "share of the core's memory"},
                              {"arrays busy", true, "per array with weights, at the full rate"},
                              {"digital busy", true, "at the full rate"},
                              {"sending", true, "in one inference"},
                              {"receiving", true, "in one inference"}};
  if (data.chips > 1)
    columns.insert(columns.begin(), {"chip", true, "number of the chip"});
  std::string out = tableHead("cores", columns);
  for (const CoreUse &core : data.cores) {
    auto number = [](uint32_t value) {
      return " data-value=\"" + std::to_string(value) + "\">" + std::to_string(value);
    };
    const CoreTiming &timing = *core.timing;
    out += "<tr>" +
           (data.chips > 1 ? "<td class=\"num\"" + number(core.chip) + "</td>" : std::string()) +
           "<th scope=\"row\" class=\"num\"" + number(core.place) + "</th>" +
           cell(timing.arrays, units::count(timing.arrays)) +
           shareCell(core.cells == 0
                         ? 0
                         : static_cast<double>(core.cellsUsed) / static_cast<double>(core.cells)) +
           cell(static_cast<double>(core.memoryBytes), units::bytes(core.memoryBytes)) +
           shareCell(core.memoryAvailable == 0 ? 0
                                               : static_cast<double>(core.memoryBytes) /
                                                     static_cast<double>(core.memoryAvailable)) +
           shareCell(timing.steadyArrayUtilisation) + shareCell(timing.steadyDigitalUtilisation) +
           cell(timing.sendBusyNs, units::time(timing.sendBusyNs)) +
           cell(timing.receiveBusyNs, units::time(timing.receiveBusyNs)) + "</tr>\n";
  }
  return out + kTableEnd;
}

std::string compileHtml(const ReportData &data) {
  if (!data.compile)
    return "";
  std::string out = "<section id=\"compilation\"><h2>Compilation</h2>\n<dl class=\"facts\">\n";
  for (const auto &[name, value] : data.compile->figures)
    out += "<div><dt>" + escape(name) + "</dt><dd>" + escape(value) + "</dd></div>\n";
  out += "</dl>\n";
  double longest = 0;
  for (const CompileFacts::Phase &phase : data.compile->phases)
    longest = std::max(longest, phase.seconds);
  for (const CompileFacts::Phase &phase : data.compile->phases)
    out += "<div class=\"bar-row\"><span class=\"bar-label\">" + escape(phase.name) +
           "</span><div class=\"bar\"><span class=\"phase\" style=\"width:" +
           share(longest > 0 ? phase.seconds / longest : 0) +
           "%\"></span></div><span class=\"bar-total\">" +
           withMu(units::time(phase.seconds * 1e9)) + "</span></div>\n";
  return out + "</section>\n";
}

std::string machineHtml(const ReportData &data) {
  return "<pre>" + escape(target::printYaml(data.program->target)) + "</pre>\n";
}

} // namespace cimc::executor::report
