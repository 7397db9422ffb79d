//===- AnalogRuns.cpp - Seeds and times of mode analog ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AnalogRuns.h"

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <utility>

using namespace cimc;
using namespace cimc::run;

Result<std::vector<RunTime>> cimc::run::parseTimes(const std::string &text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 6e10}, {"h", 3.6e12}, {"d", 8.64e13},
  };
  std::vector<RunTime> times;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string part = text.substr(begin, end - begin);
    begin = end + 1;
    double value = 0;
    auto [rest, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    std::string_view unit(rest, static_cast<size_t>(part.data() + part.size() - rest));
    const auto *found = std::find_if(std::begin(kUnits), std::end(kUnits),
                                     [&](const auto &entry) { return entry.first == unit; });
    if (error != std::errc() || found == std::end(kUnits) || !(value >= 0))
      return Error{
          "--time takes times from 0 on with a unit of ns, us, ms, s, min, h or d, such as "
          "0s,1h,1d, not '" +
          part + "'"};
    constexpr double kLatest = 1e18; // as in target files
    double ns = value * found->second;
    if (!(ns <= kLatest))
      return Error{"the times of --time must not be later than 1e18 ns (about 32 years), '" + part +
                   "' is"};
    if (!times.empty() && ns <= times.back().ns)
      return Error{"the times of --time must go up, but '" + part + "' follows '" +
                   times.back().text + "'"};
    times.push_back({part, ns});
  }
  return times;
}

executor::Compensation cimc::run::parseCompensation(const std::string &name) {
  return name == "global"   ? executor::Compensation::Global
         : name == "column" ? executor::Compensation::Column
         : name == "affine" ? executor::Compensation::Affine
                            : executor::Compensation::None;
}

namespace {

/// Mean, deviation between seeds, lowest and highest.
struct Spread {
  double mean = 0, low = 0, high = 0;
  std::optional<double> deviation; ///< of a sample; not known of one seed

  explicit Spread(const std::vector<double> &values) {
    auto [least, most] = std::minmax_element(values.begin(), values.end());
    low = *least;
    high = *most;
    mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    double sum = 0;
    for (double value : values)
      sum += (value - mean) * (value - mean);
    if (values.size() > 1)
      deviation = std::sqrt(sum / static_cast<double>(values.size() - 1));
  }
};

/// Signal over error of all seeds in dB; empty if one of them has none, such as where nothing is
/// off.
std::vector<double> decibelsOf(const TimeResults &time) {
  std::vector<double> values;
  for (const executor::SignalError &error : time.outputs) {
    std::optional<double> decibels = error.decibels();
    if (!decibels)
      return {};
    values.push_back(*decibels);
  }
  return values;
}

std::string lineOf(const std::string &time, size_t seeds, const std::vector<double> &values,
                   double factor, const char *unit) {
  char line[160];
  if (values.empty()) {
    std::snprintf(line, sizeof(line), "  %-10s %6zu   no error\n", time.c_str(), seeds);
    return line;
  }
  Spread spread(values);
  char deviation[32] = "       -";
  if (spread.deviation)
    std::snprintf(deviation, sizeof(deviation), "%6.2f %s", factor * *spread.deviation, unit);
  std::snprintf(line, sizeof(line), "  %-10s %6zu     %6.2f %s %*s   %6.2f %s   %6.2f %s\n",
                time.c_str(), seeds, factor * spread.mean, unit,
                static_cast<int>(9 + std::strlen(unit)), deviation, factor * spread.low, unit,
                factor * spread.high, unit);
  return line;
}

void addSpread(nlohmann::ordered_json &json, const std::string &name,
               const std::vector<double> &values) {
  if (values.empty())
    return;
  Spread spread(values);
  json[name + "_mean"] = spread.mean;
  json[name + "_deviation"] =
      spread.deviation ? nlohmann::ordered_json(*spread.deviation) : nlohmann::ordered_json();
  json[name] = values;
}

} // namespace

std::string cimc::run::formatResults(const std::vector<TimeResults> &times) {
  if (times.empty())
    return "";
  bool classes = !times.front().top1.empty();
  std::string text = classes
                         ? "  time        seeds  top-1, mean  deviation     lowest    highest\n"
                         : "signal over error of the outputs against the exact run\n"
                           "  time        seeds         mean   deviation      lowest     highest\n";
  for (const TimeResults &time : times)
    text += classes ? lineOf(time.time.text, time.top1.size(), time.top1, 100, "%")
                    : lineOf(time.time.text, time.outputs.size(), decibelsOf(time), 1, "dB");
  return text;
}

nlohmann::ordered_json cimc::run::resultsToJson(const std::vector<TimeResults> &times) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const TimeResults &time : times) {
    json.push_back(
        {{"time_ns", time.time.ns}, {"seeds", std::max(time.top1.size(), time.outputs.size())}});
    addSpread(json.back(), "top1", time.top1);
    addSpread(json.back(), "outputs_db", decibelsOf(time));
  }
  return json;
}

std::string cimc::run::resultsToTable(const std::vector<TimeResults> &times, uint64_t firstSeed) {
  std::string text = "time_ns,seed,top1,outputs_db\n";
  for (const TimeResults &time : times)
    for (size_t i = 0; i < std::max(time.top1.size(), time.outputs.size()); ++i) {
      char top1[32] = "", decibels[32] = "", line[160];
      if (i < time.top1.size())
        std::snprintf(top1, sizeof(top1), "%.6f", time.top1[i]);
      if (i < time.outputs.size() && time.outputs[i].decibels())
        std::snprintf(decibels, sizeof(decibels), "%.4f", *time.outputs[i].decibels());
      std::snprintf(line, sizeof(line), "%.17g,%" PRIu64 ",%s,%s\n", time.time.ns, firstSeed + i,
                    top1, decibels);
      text += line;
    }
  return text;
}
