//===- Floorplan.cpp - The grid of a chip as SVG --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every core of the chip is a square at its place, also those without a program. Its shares of use
// are custom properties (`--w` weights, `--a` arrays, `--d` digital unit, `--m` memory), of which
// the style sheet shows the one that is chosen; so switching needs no script.
//
//===--------------------------------------------------------------------------===//

#include "ReportData.h"
#include "Units.h"

#include <algorithm>
#include <cstdio>

namespace cimc::executor::report {
namespace {

/// Sizes in units of the drawing.
struct Layout {
  uint32_t columns, rows;
  int cell, gap;
  bool hasText; ///< whether a square has room for numbers

  explicit Layout(const target::Chip &chip)
      : columns(std::max(1u, std::min(chip.gridColumns, chip.cores))),
        rows((chip.cores + columns - 1) / columns), cell(columns > 20 ? 20 : 48),
        gap(columns > 20 ? 5 : 12), hasText(columns <= 20) {}

  int x(uint32_t place) const { return gap + static_cast<int>(place % columns) * (cell + gap); }
  int y(uint32_t place) const { return gap + static_cast<int>(place / columns) * (cell + gap); }
  int width() const { return gap + static_cast<int>(columns) * (cell + gap); }
  int height() const { return gap + static_cast<int>(rows) * (cell + gap); }
};

double share(double part, double whole) {
  return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0;
}

std::string shareText(double value) {
  char text[16];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

/// Per cent in a square: a whole number, and never 0 for something that is used.
std::string shortPercent(double value) {
  if (value > 0 && value < 0.005)
    return "&lt;1";
  return std::to_string(static_cast<int>(value * 100 + 0.5));
}

struct View {
  char key;
  double value;
};

std::vector<View> viewsOf(const CoreUse &core) {
  return {
      {'w', share(static_cast<double>(core.cellsUsed), static_cast<double>(core.cells))},
      {'a', std::min(1.0, core.timing->steadyArrayUtilisation)},
      {'d', std::min(1.0, core.timing->steadyDigitalUtilisation)},
      {'m',
       share(static_cast<double>(core.memoryBytes), static_cast<double>(core.memoryAvailable))},
  };
}

/// "core 3", with its chip where there are several.
std::string placeName(const ReportData &data, uint32_t chip, uint32_t place) {
  return (data.chips > 1 ? "chip " + std::to_string(chip) + ", " : std::string()) + "core " +
         std::to_string(place);
}

std::string titleOf(const ReportData &data, const CoreUse &core) {
  std::string text =
      placeName(data, core.chip, core.place) + ": weights in " +
      units::percent(share(static_cast<double>(core.cellsUsed), static_cast<double>(core.cells))) +
      " of its cells, arrays busy " + units::percent(core.timing->steadyArrayUtilisation) +
      ", digital unit busy " + units::percent(core.timing->steadyDigitalUtilisation) + ", memory " +
      units::bytes(core.memoryBytes) + " of " + units::bytes(core.memoryAvailable);
  if (core.bufferBytes > 0)
    text += " and " + units::bytes(core.bufferBytes) + " of the chip's buffer";
  std::vector<std::string_view> layers;
  for (uint32_t tile : core.tiles)
    if (std::string_view layer = data.program->tiles[tile].layer;
        std::find(layers.begin(), layers.end(), layer) == layers.end())
      layers.push_back(layer);
  for (size_t i = 0; i < layers.size() && i < 8; ++i)
    text += (i == 0 ? "; holds " : ", ") + std::string(layers[i]);
  if (layers.size() > 8)
    text += " and " + std::to_string(layers.size() - 8) + " more";
  return text;
}

std::string square(const Layout &layout, uint32_t place) {
  return "<rect x=\"" + std::to_string(layout.x(place)) + "\" y=\"" +
         std::to_string(layout.y(place)) + "\" width=\"" + std::to_string(layout.cell) +
         "\" height=\"" + std::to_string(layout.cell) + "\" rx=\"" +
         std::to_string(layout.cell / 10) + "\"/>";
}

std::string textAt(const char *kind, int x, int y, const std::string &text) {
  return "<text class=\"" + std::string(kind) + "\" x=\"" + std::to_string(x) + "\" y=\"" +
         std::to_string(y) + "\">" + text + "</text>";
}

std::string usedCore(const ReportData &data, const Layout &layout, size_t index) {
  const CoreUse &core = data.cores[index];
  std::string style, texts;
  for (const View &view : viewsOf(core)) {
    style +=
        (style.empty() ? "--" : ";--") + std::string(1, view.key) + ":" + shareText(view.value);
    if (layout.hasText)
      texts += textAt((std::string("value v-") + view.key).c_str(),
                      layout.x(core.place) + layout.cell / 2,
                      layout.y(core.place) + layout.cell / 2 + 9, shortPercent(view.value));
  }
  if (layout.hasText)
    texts += textAt("place", layout.x(core.place) + 4, layout.y(core.place) + 12,
                    std::to_string(core.place));
  return "<g class=\"core used\" data-index=\"" + std::to_string(index) + "\" style=\"" + style +
         "\"><title>" + escape(titleOf(data, core)) + "</title>" + square(layout, core.place) +
         texts + "</g>\n";
}

std::string freeCore(const ReportData &data, const Layout &layout, uint32_t chip, uint32_t place) {
  return "<g class=\"core\"><title>" + placeName(data, chip, place) +
         ": no program, power-gated</title>" + square(layout, place) +
         (layout.hasText
              ? textAt("place", layout.x(place) + 4, layout.y(place) + 12, std::to_string(place))
              : "") +
         "</g>\n";
}

/// A bar in the gap between two squares; the two directions lie beside each other.
std::string linkBar(const ReportData &data, const Layout &layout, const LinkUse &link) {
  int fromX = layout.x(link.from), fromY = layout.y(link.from), toX = layout.x(link.to),
      toY = layout.y(link.to), middle = layout.cell / 2, aside = layout.cell / 10;
  bool horizontal = fromY == toY;
  int side = (horizontal ? fromX < toX : fromY < toY) ? -aside : aside;
  int x = std::min(fromX, toX) + (horizontal ? layout.cell : middle + side);
  int y = std::min(fromY, toY) + (horizontal ? middle + side : layout.cell);
  double busy = share(link.busyNs, data.timing->intervalNs);
  return "<line class=\"link\" style=\"--l:" + shareText(busy) + "\" x1=\"" + std::to_string(x) +
         "\" y1=\"" + std::to_string(y) + "\" x2=\"" +
         std::to_string(x + (horizontal ? layout.gap : 0)) + "\" y2=\"" +
         std::to_string(y + (horizontal ? 0 : layout.gap)) + "\"><title>link from " +
         placeName(data, link.chip, link.from) + " to " + std::to_string(link.to) + ": busy " +
         units::percent(busy) + "</title></line>\n";
}

} // namespace

std::string floorplan(const ReportData &data, uint32_t chip) {
  const target::Chip &description = data.program->target.chip;
  Layout layout(description);
  std::string out = "<svg class=\"floorplan" + std::string(layout.hasText ? "" : " dense") +
                    "\" viewBox=\"0 0 " + std::to_string(layout.width()) + " " +
                    std::to_string(layout.height()) +
                    "\" style=\"--units:" + std::to_string(layout.width()) +
                    "\" role=\"group\" aria-label=\"chip " + std::to_string(chip) + ", " +
                    std::to_string(description.cores) + " cores in " +
                    std::to_string(layout.columns) + " columns\">\n";
  for (const LinkUse &link : data.links)
    if (link.chip == chip)
      out += linkBar(data, layout, link);
  std::vector<bool> isUsed(description.cores, false);
  for (size_t i = 0; i < data.cores.size(); ++i)
    if (data.cores[i].chip == chip) {
      isUsed[data.cores[i].place] = true;
      out += usedCore(data, layout, i);
    }
  for (uint32_t place = 0; place < description.cores; ++place)
    if (!isUsed[place])
      out += freeCore(data, layout, chip, place);
  return out + "</svg>\n";
}

} // namespace cimc::executor::report
