//===- Units.cpp - Quantities as people read them -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Three or four significant digits each.
//
//===--------------------------------------------------------------------------===//

#include "Units.h"

#include <cmath>
#include <cstdio>
#include <iterator>

namespace cimc::executor::units {
namespace {

std::string withUnit(double value, const char *const (&names)[5]) {
  size_t unit = 0;
  while (unit + 1 < std::size(names) && std::abs(value) >= 999.95) {
    value /= 1000;
    ++unit;
  }
  char text[48];
  int decimals = value == 0 || std::abs(value) >= 100 ? 1 : std::abs(value) >= 10 ? 2 : 3;
  if (value != 0 && std::abs(value) < 0.0005)
    std::snprintf(text, sizeof text, "%.2g %s", value, names[unit]);
  else
    std::snprintf(text, sizeof text, "%.*f %s", decimals, value, names[unit]);
  return text;
}

} // namespace

std::string time(double ns) { return withUnit(ns, {"ns", "us", "ms", "s", "ks"}); }
std::string energy(double pj) { return withUnit(pj, {"pJ", "nJ", "uJ", "mJ", "J"}); }
std::string power(double mw) { return withUnit(mw, {"mW", "W", "kW", "MW", "GW"}); }

std::string bytes(uint64_t count) {
  if (count < 100'000)
    return std::to_string(count) + " B";
  return withUnit(static_cast<double>(count) / 1000, {"kB", "MB", "GB", "TB", "PB"});
}

std::string percent(double share) {
  char text[32];
  if (share > 0 && share < 0.0005)
    return "< 0.1 %";
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

std::string number(double value) {
  char text[48];
  std::snprintf(text, sizeof text, value >= 1000 ? "%.0f" : "%.4g", value);
  return text;
}

std::string count(uint64_t value) {
  std::string digits = std::to_string(value), result;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0)
      result += "\u202f";
    result += digits[i];
  }
  return result;
}

std::string withMu(std::string text) {
  if (size_t at = text.find(" u"); at != std::string::npos)
    text.replace(at, 2, " \u00b5");
  return text;
}

} // namespace cimc::executor::units
