//===- AnalogRuns.cpp - Seeds and times of mode analog ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AnalogRuns.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
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
    if (error != std::errc() || found == std::end(kUnits) || !std::isfinite(value) || value < 0)
      return Error{
          "--time takes times from 0 on with a unit of ns, us, ms, s, min, h or d, such as "
          "0s,1h,1d, not '" +
          part + "'"};
    double ns = value * found->second;
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

double TimeAccuracy::mean() const {
  return std::accumulate(top1.begin(), top1.end(), 0.0) / static_cast<double>(top1.size());
}

double TimeAccuracy::deviation() const {
  if (top1.size() < 2)
    return 0;
  double sum = 0;
  for (double value : top1)
    sum += (value - mean()) * (value - mean());
  return std::sqrt(sum / static_cast<double>(top1.size() - 1));
}

std::string cimc::run::formatAccuracies(const std::vector<TimeAccuracy> &times) {
  std::string text = "  time        seeds  top-1, mean  deviation     lowest    highest\n";
  for (const TimeAccuracy &time : times) {
    auto [low, high] = std::minmax_element(time.top1.begin(), time.top1.end());
    char line[160];
    std::snprintf(line, sizeof(line),
                  "  %-10s %6zu     %6.2f %%    %6.2f %%   %6.2f %%   %6.2f %%\n",
                  time.time.text.c_str(), time.top1.size(), 100 * time.mean(),
                  100 * time.deviation(), 100 * *low, 100 * *high);
    text += line;
  }
  return text;
}

nlohmann::ordered_json cimc::run::accuraciesToJson(const std::vector<TimeAccuracy> &times) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const TimeAccuracy &time : times)
    json.push_back({{"time_ns", time.time.ns},
                    {"seeds", time.top1.size()},
                    {"top1_mean", time.mean()},
                    {"top1_deviation", time.deviation()},
                    {"top1", time.top1}});
  return json;
}
