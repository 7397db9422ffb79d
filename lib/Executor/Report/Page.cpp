//===- Page.cpp - Headline, chips, energy, power --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Charts are HTML and SVG with the numbers beside them; colours come from the style sheet by the
// name of the part.
//
//===--------------------------------------------------------------------------===//

#include "Page.h"
#include "Units.h"

#include <algorithm>
#include <cstdio>

namespace cimc::executor::report {
namespace {

using units::withMu;

std::string fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

struct Tile {
  std::string label, value, note;
};

std::string tileHtml(const Tile &tile) {
  size_t space = tile.value.find(' ');
  std::string value = space == tile.value.npos ? tile.value
                                               : tile.value.substr(0, space) + " <small>" +
                                                     withMu(tile.value.substr(space)) + "</small>";
  return "<div class=\"tile\"><dt>" + tile.label + "</dt><dd>" + value +
         (tile.note.empty() ? "" : "<span class=\"note\">" + withMu(tile.note) + "</span>") +
         "</dd></div>\n";
}

std::string plural(uint64_t count, const char *noun) {
  return units::count(count) + " " + noun + (count == 1 ? "" : "s");
}

/// One bar of the energy chart, scaled so that the longer of the two fills the width.
std::string energyBar(const char *label, const EnergyParts &energy, double longest) {
  std::string out = "<div class=\"bar-row\"><span class=\"bar-label\">" + std::string(label) +
                    "</span><div class=\"bar\" role=\"img\" aria-label=\"" + label + ": " +
                    withMu(units::energy(energy.total())) + "\">";
  for (const EnergyPart &part : kEnergyParts)
    if (double value = energy.*part.value; value > 0 && longest > 0)
      out += "<span class=\"part-" + std::string(part.name) +
             "\" style=\"width:" + fixed(100 * value / longest) + "%\" title=\"" + part.name + " " +
             withMu(units::energy(value)) + ", " + units::percent(value / energy.total()) +
             "\"></span>";
  return out + "</div><span class=\"bar-total\">" + withMu(units::energy(energy.total())) +
         "</span></div>\n";
}

std::string swatch(const char *part) {
  return "<span class=\"swatch part-" + std::string(part) + "\"></span>";
}

/// What each part of the energy is.
constexpr std::pair<const char *, const char *> kPartNotes[] = {
    {"array", "reads of arrays, with their converters"},
    {"digital", "elements in digital units"},
    {"memory", "bytes to and from the cores' memories"},
    {"network", "bytes over links of a chip"},
    {"links", "bytes over links between chips"},
    {"host", "bytes over the host link"},
    {"wake", "chips that wake and shut down"},
    {"idle", "idle power of chips that are on and their cores in use"},
    {"gated", "power of chips that are off and of cores without a program"}};

} // namespace

std::string headlineHtml(const ReportData &data) {
  const TimingReport &timing = *data.timing;
  std::vector<Tile> tiles{
      {"Latency", units::time(timing.latencyNs), "one inference alone"},
      {"Rate", units::number(timing.inferencesPerSecond()) + " /s",
       "one every " + units::time(timing.intervalNs)},
      {"Energy", units::energy(timing.steadyEnergy.total()),
       "per inference at the full rate; " + units::energy(timing.energy.total()) + " alone"},
  };
  if (timing.intervalNs > 0)
    tiles.push_back({"Power", units::power(timing.steadyEnergy.total() / timing.intervalNs),
                     "mean, at the full rate"});
  if (timing.arrayMacs > 0)
    tiles.push_back({"In arrays", units::number(timing.arrayTops()) + " TOPS",
                     units::number(timing.arrayTopsPerWatt()) + " TOPS/W in arrays, " +
                         units::number(timing.topsPerWatt()) + " overall"});
  tiles.push_back({"Cores", units::count(timing.coresUsed),
                   "of " + units::count(timing.coresTotal) + ", on " + plural(data.chips, "chip")});
  tiles.push_back({"Arrays", units::count(timing.arraysUsed),
                   "hold weights; busy " + units::percent(timing.steadyArrayUtilisation) +
                       " at the full rate"});
  std::string out = "<dl class=\"tiles\">\n";
  for (const Tile &tile : tiles)
    out += tileHtml(tile);
  return out + "</dl>\n";
}

std::string chipsHtml(const ReportData &data) {
  std::string out;
  for (uint32_t chip = 0; chip < data.chips; ++chip)
    out += "<figure class=\"chip\">" +
           (data.chips > 1 ? "<figcaption>Chip " + std::to_string(chip) + "</figcaption>" : "") +
           floorplan(data, chip) + "</figure>\n";
  return out;
}

std::string energyHtml(const ReportData &data) {
  const EnergyParts &alone = data.timing->energy, &steady = data.timing->steadyEnergy;
  double longest = std::max(alone.total(), steady.total());
  std::string out = energyBar("alone", alone, longest) + energyBar("full rate", steady, longest);
  out += "<div class=\"scroll\"><table class=\"energy\"><thead><tr><th scope=\"col\">part</th>"
         "<th scope=\"col\" class=\"num\">alone</th><th scope=\"col\" class=\"num\">share</th>"
         "<th scope=\"col\" class=\"num\">full rate</th><th scope=\"col\" class=\"num\">share</th>"
         "<th scope=\"col\">what it is</th></tr></thead><tbody>\n";
  for (const auto &[name, note] : kPartNotes)
    for (const EnergyPart &part : kEnergyParts) {
      double one = alone.*part.value, other = steady.*part.value;
      if (std::string_view(part.name) != name || one + other == 0)
        continue;
      out += "<tr><th scope=\"row\">" + swatch(name) + name + "</th><td class=\"num\">" +
             withMu(units::energy(one)) + "</td><td class=\"num\">" +
             units::percent(one / alone.total()) + "</td><td class=\"num\">" +
             withMu(units::energy(other)) + "</td><td class=\"num\">" +
             units::percent(other / steady.total()) + "</td><td>" + note + "</td></tr>\n";
    }
  return out + "</tbody></table></div>\n";
}

/// Stacked areas, the parts that flow all the time at the bottom.
std::string powerHtml(const ReportData &data) {
  const std::vector<EnergyParts> &power = data.timeline.powerMw;
  double highest = 0;
  for (const EnergyParts &mw : power)
    highest = std::max(highest, mw.total());
  if (highest == 0)
    return "<p>No power.</p>\n";
  constexpr double kHeight = 160;
  auto width = static_cast<double>(power.size());
  std::vector<double> base(power.size(), 0);
  std::string areas;
  for (size_t i = std::size(kEnergyParts); i-- > 0;) {
    const EnergyPart &part = kEnergyParts[i];
    // Forth along the top of this part, back along its bottom, which is the top of the one before.
    std::string top, bottom;
    double sum = 0;
    auto y = [&](double mw) { return fixed(kHeight * (1 - mw / highest)); };
    for (size_t x = 0; x < power.size(); ++x) {
      double mw = power[x].*part.value;
      top += (x == 0 ? "M0 " : "V") + y(base[x] + mw) + "H" + std::to_string(x + 1);
      bottom = "V" + y(base[x]) + "H" + std::to_string(x) + bottom;
      base[x] += mw;
      sum += mw;
    }
    if (sum > 0)
      areas += "<path class=\"part-" + std::string(part.name) + "\" d=\"" + top + bottom +
               "Z\"><title>" + part.name + "</title></path>\n";
  }
  return "<div class=\"power\"><span class=\"top\">" + withMu(units::power(highest)) +
         "</span><svg viewBox=\"0 0 " + fixed(width) + " " + fixed(kHeight) +
         "\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"power over time, at most " +
         withMu(units::power(highest)) + "\">\n" + areas +
         "</svg><div class=\"span\"><span>0</span><span>" +
         withMu(units::time(data.timeline.endNs)) + "</span></div></div>\n";
}

} // namespace cimc::executor::report
