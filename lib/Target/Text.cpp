//===- Text.cpp - Field values as text -------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Units of one dimension differ by powers of ten or of two. A power of ten is applied to the
// decimal exponent before conversion, so that `13.43 nJ` is exactly the double nearest to 13430 pJ.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Text.h"

#include "cimc/Target/Check.h"

#include <cctype>
#include <charconv>
#include <cmath>

namespace cimc::target {
namespace {

/// A unit is 10^tens * 2^twos stored units.
struct UnitName {
  Unit unit;
  std::string_view name;
  int tens = 0, twos = 0;
};

// The stored unit of each dimension comes first.
constexpr UnitName kUnits[] = {
    {Unit::Time, "ns"},
    {Unit::Time, "ps", -3},
    {Unit::Time, "us", 3},
    {Unit::Time, "ms", 6},
    {Unit::Time, "s", 9},
    {Unit::Energy, "pJ"},
    {Unit::Energy, "fJ", -3},
    {Unit::Energy, "nJ", 3},
    {Unit::Energy, "uJ", 6},
    {Unit::Energy, "mJ", 9},
    {Unit::Power, "mW"},
    {Unit::Power, "uW", -3},
    {Unit::Power, "W", 3},
    {Unit::Size, "B"},
    {Unit::Size, "KiB", 0, 10},
    {Unit::Size, "MiB", 0, 20},
    {Unit::Size, "GiB", 0, 30},
    {Unit::Bandwidth, "B/ns"},
    {Unit::Bandwidth, "GB/s"},
    {Unit::Bandwidth, "MB/s", -3},
    {Unit::Bandwidth, "Gbit/s", 0, -3},
    {Unit::Bandwidth, "Mbit/s", -3, -3},
    {Unit::Frequency, "GHz"},
    {Unit::Frequency, "MHz", -3},
    {Unit::Frequency, "kHz", -6},
    {Unit::EnergyPerByte, "pJ/B"},
    {Unit::EnergyPerByte, "fJ/B", -3},
    {Unit::EnergyPerByte, "nJ/B", 3},
    {Unit::EnergyPerByte, "pJ/bit", 0, 3},
    {Unit::Conductance, "uS"},
    {Unit::Conductance, "nS", -3},
    {Unit::Conductance, "mS", 3},
    {Unit::Resistance, "Ohm"},
    {Unit::Resistance, "mOhm", -3},
    {Unit::Resistance, "kOhm", 3},
    {Unit::Resistance, "MOhm", 6},
};

Error fieldError(const Field &field, const std::string &message) {
  return Error{"'" + std::string(field.key) + "' " + message};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// How many characters of the text are a decimal number without exponent letters that a unit could
/// share.
size_t numberLength(std::string_view text) {
  size_t i = 0;
  auto digits = [&] {
    while (i < text.size() && (std::isdigit(static_cast<unsigned char>(text[i])) || text[i] == '.'))
      ++i;
  };
  if (!text.empty() && (text[0] == '-' || text[0] == '+'))
    ++i;
  digits();
  // An exponent needs a digit behind it, else the letter belongs to what follows.
  size_t sign = i + 1 < text.size() && (text[i + 1] == '-' || text[i + 1] == '+') ? 1 : 0;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E') && i + 1 + sign < text.size() &&
      std::isdigit(static_cast<unsigned char>(text[i + 1 + sign]))) {
    i += 1 + sign;
    digits();
  }
  return i;
}

/// Converts decimal text times 10^tens.
std::optional<double> toDouble(std::string_view text, int tens) {
  std::string copy(text.starts_with('+') ? text.substr(1) : text);
  size_t mark = copy.find_first_of("eE");
  long exponent = 0;
  if (mark != std::string::npos) {
    const char *begin = copy.data() + mark + 1, *end = copy.data() + copy.size();
    if (*begin == '+')
      ++begin;
    auto [last, error] = std::from_chars(begin, end, exponent);
    if (error != std::errc() || last != end || exponent < -100000 || exponent > 100000)
      return std::nullopt;
    copy.resize(mark);
  }
  copy += "e" + std::to_string(exponent + tens);
  double value = 0;
  auto [last, error] = std::from_chars(copy.data(), copy.data() + copy.size(), value);
  if (error != std::errc() || last != copy.data() + copy.size())
    return std::nullopt;
  return value;
}

/// Reads number and unit, in stored units.
Result<double> parseNumber(const Field &field, std::string_view text) {
  text = trimmed(text);
  size_t length = numberLength(text);
  std::string_view number = text.substr(0, length), unit = trimmed(text.substr(length));
  if (!toDouble(number, 0))
    return fieldError(
        field,
        "must be a number" +
            (field.unit == Unit::None ? "" : " with a unit (" + acceptedUnits(field.unit) + ")") +
            ", but is '" + std::string(text) + "'");
  if (field.unit == Unit::None && unit.empty())
    return *toDouble(number, 0);
  if (field.unit == Unit::None)
    return fieldError(field,
                      "must be a plain number, but has the unit '" + std::string(unit) + "'");
  for (const UnitName &known : kUnits) {
    if (known.unit != field.unit || known.name != unit)
      continue;
    if (auto value = toDouble(number, known.tens))
      return std::ldexp(*value, known.twos);
  }
  return fieldError(
      field, "must have a unit of " + acceptedUnits(field.unit) +
                 (unit.empty() ? ", but has none" : ", but has '" + std::string(unit) + "'"));
}

/// Reads a count: an integer that fits and that a double holds exactly.
template <typename T> Status parseCount(const Field &field, std::string_view text, T &value) {
  Result<double> number = parseNumber(field, text);
  if (!number)
    return number.error();
  if (std::floor(*number) != *number)
    return fieldError(field, "must be a whole number, but is " + formatValue(field.unit, *number));
  if (auto problem = rangeProblem(field, *number))
    return Error{*problem};
  value = T(*number);
  return Status::success();
}

template <typename E> Status parseEnum(const Field &field, std::string_view text, E &value) {
  std::string known;
  for (size_t i = 0; i < enumNames<E>().size(); ++i) {
    if (enumNames<E>()[i] == trimmed(text)) {
      value = E(i);
      return Status::success();
    }
    known += (i ? ", " : "") + std::string(enumNames<E>()[i]);
  }
  return fieldError(field,
                    "must be one of " + known + ", but is '" + std::string(trimmed(text)) + "'");
}

} // namespace

std::string_view storedUnit(Unit unit) {
  for (const UnitName &known : kUnits)
    if (known.unit == unit)
      return known.name;
  return "";
}

std::string acceptedUnits(Unit unit) {
  std::string names;
  for (const UnitName &known : kUnits)
    if (known.unit == unit)
      names += (names.empty() ? "" : ", ") + std::string(known.name);
  return names;
}

std::string formatNumber(double value) {
  char buffer[64];
  // Whole numbers that a reader can take in are written without an exponent.
  bool plain = std::fabs(value) < 1e10 && std::floor(value) == value;
  auto result =
      plain ? std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed)
            : std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, result.ptr);
}

std::string formatValue(Unit unit, double value) {
  return formatNumber(value) + (unit == Unit::None ? "" : " " + std::string(storedUnit(unit)));
}

Status parseValue(const Field &field, std::string_view text, uint32_t &value) {
  return parseCount(field, text, value);
}
Status parseValue(const Field &field, std::string_view text, uint64_t &value) {
  return parseCount(field, text, value);
}

Status parseValue(const Field &field, std::string_view text, double &value) {
  Result<double> number = parseNumber(field, text);
  if (!number)
    return number.error();
  if (auto problem = rangeProblem(field, *number))
    return Error{*problem};
  value = *number;
  return Status::success();
}

Status parseValue(const Field &field, std::string_view text, std::string &value) {
  std::string copy(text);
  if (auto problem = rangeProblem(field, copy))
    return Error{*problem};
  value = std::move(copy);
  return Status::success();
}

Status parseValue(const Field &field, std::string_view text, CoreKind &value) {
  return parseEnum(field, text, value);
}
Status parseValue(const Field &field, std::string_view text, InputCoding &value) {
  return parseEnum(field, text, value);
}
Status parseValue(const Field &field, std::string_view text, InputConverter &value) {
  return parseEnum(field, text, value);
}
Status parseValue(const Field &field, std::string_view text, ReadDirections &value) {
  return parseEnum(field, text, value);
}
Status parseValue(const Field &field, std::string_view text, Topology &value) {
  return parseEnum(field, text, value);
}
Status parseValue(const Field &field, std::string_view text, Retention &value) {
  return parseEnum(field, text, value);
}
Status parseValue(const Field &field, std::string_view text, Argument &value) {
  return parseEnum(field, text, value);
}

} // namespace cimc::target
