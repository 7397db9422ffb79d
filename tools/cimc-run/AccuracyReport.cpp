//===- AccuracyReport.cpp - What each layer loses, as text -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AccuracyReport.h"

#include <algorithm>
#include <cstdio>

using namespace cimc;
using namespace cimc::run;
using executor::LayerError;
using executor::SignalError;

namespace {
std::string ratio(const SignalError &error) {
  if (error.values == 0)
    return "-";
  std::optional<double> decibels = error.decibels();
  if (!decibels)
    return error.error > 0 ? "-inf" : "exact";
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", *decibels);
  return text;
}

std::string percent(std::optional<double> share) {
  if (!share)
    return "";
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f %%", 100 * *share);
  return text;
}

nlohmann::ordered_json decibels(const SignalError &error) {
  std::optional<double> value = error.decibels();
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}
} // namespace

std::string run::formatLayerErrors(const executor::LayerErrors &errors) {
  size_t width = 7;
  for (const LayerError &layer : errors.layers)
    width = std::max(width, layer.layer.size());
  auto line = [width](const std::string &name, const std::string &all, const std::string &alone,
                      const std::string &outputs, const std::string &share,
                      const std::string &top1) {
    std::string text = "  " + name + std::string(width - std::min(width, name.size()), ' ');
    const std::pair<const std::string &, size_t> columns[] = {
        {all, 9}, {alone, 9}, {outputs, 9}, {share, 11}, {top1, 11}};
    for (const auto &[value, room] : columns)
      text += std::string(room - std::min(room, value.size()), ' ') + value;
    return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  };
  std::string text = "signal over error in dB against the exact run: of each layer's results with "
                     "all layers modelled\nand with it alone, and of the outputs with it alone\n";
  text += line("layer", "all", "alone", "outputs", "share", errors.top1 ? "top-1" : "");
  for (const LayerError &layer : errors.layers)
    text += line(layer.layer, ratio(layer.all), ratio(layer.alone), ratio(layer.outputs),
                 percent(layer.share), percent(layer.top1));
  text += line("outputs", ratio(errors.outputs), "", "", "", percent(errors.top1));
  if (errors.exactTop1)
    text += line("exact", "", "", "", "", percent(errors.exactTop1));
  return text;
}

nlohmann::ordered_json run::layerErrorsToJson(const executor::LayerErrors &errors) {
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (const LayerError &layer : errors.layers) {
    layers.push_back({{"layer", layer.layer},
                      {"cells", layer.cells},
                      {"all_db", decibels(layer.all)},
                      {"alone_db", decibels(layer.alone)},
                      {"outputs_db", decibels(layer.outputs)},
                      {"all_error", layer.all.rootMeanSquare()},
                      {"alone_error", layer.alone.rootMeanSquare()},
                      {"outputs_error", layer.outputs.rootMeanSquare()},
                      {"share", layer.share}});
    if (layer.top1)
      layers.back()["top1"] = *layer.top1;
  }
  nlohmann::ordered_json json{{"layers", layers},
                              {"outputs_db", decibels(errors.outputs)},
                              {"outputs_error", errors.outputs.rootMeanSquare()}};
  if (errors.top1)
    json.update({{"top1", *errors.top1}, {"exact_top1", *errors.exactTop1}});
  return json;
}
