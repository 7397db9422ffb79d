//===- Print.cpp - A target as YAML, and the manual of its fields ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both walk the field list and indent or head what they find.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Print.h"

#include "cimc/Target/Fields.h"
#include "cimc/Target/Text.h"

#include <utility>

namespace cimc::target {
namespace {

std::string doubleQuoted(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + "\"";
}

class YamlPrinter {
public:
  std::string text;

  template <typename T> void operator()(const Field &field, const T &value) {
    text += std::exchange(pending, "").empty() ? std::string(indent, ' ')
                                               : std::string(indent - 2, ' ') + "- ";
    text += std::string(field.key) + ":";
    if constexpr (std::is_same_v<T, std::string>)
      text += " " + doubleQuoted(value) + "\n";
    else if constexpr (Leaf<T>)
      text += " " + formatLeaf(field, value) + "\n";
    else if constexpr (NumberList<T>)
      text += " " + formatNumbers(value) + "\n";
    else
      nested(value);
  }

private:
  size_t indent = 0;
  std::string pending; ///< "- " before the first field of a list's element

  static std::string formatNumbers(const std::vector<double> &numbers) {
    std::string list;
    for (double number : numbers)
      list += (list.empty() ? "" : ", ") + formatNumber(number);
    return "[" + list + "]";
  }

  template <Record T> void nested(const T &record) {
    text += "\n";
    indent += 2;
    visitFields(record, *this);
    indent -= 2;
  }
  template <Record T> void nested(const std::vector<T> &list) {
    if (list.empty()) {
      text += " []\n";
      return;
    }
    text += "\n";
    indent += 4;
    for (const T &element : list) {
      pending = "- ";
      visitFields(element, *this);
    }
    indent -= 4;
  }
};

/// Collects one table per record, outer records first.
class ManualPrinter {
public:
  std::string text;

  template <Record T> void table(const std::string &path, const T &record) {
    bool isPath = !std::is_same_v<T, Piece>;
    text += "\n### " + (path.empty() ? "The file" : isPath ? "`" + path + "`" : path) + "\n\n";
    text += "| key | unit | range | default | meaning |\n|---|---|---|---|---|\n";
    std::string inner;
    visitFields(record,
                [&](const Field &field, const auto &value) { row(path, field, value, inner); });
    if constexpr (std::is_same_v<T, Core>)
      addEngine(path, inner);
    text += inner;
  }

private:
  /// A core lists the record of its kind only; the manual has both.
  void addEngine(const std::string &path, std::string &inner) {
    Core core;
    core.kind = CoreKind::Engine;
    visitFields(core, [&](const Field &field, const auto &value) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, Engine>)
        row(path, field, value, inner);
    });
  }

  template <typename T>
  void row(const std::string &path, const Field &field, const T &value, std::string &inner) {
    std::string full = (path.empty() ? "" : path + ".") + std::string(field.key);
    ManualPrinter below;
    std::string unit, range, standard;
    if constexpr (Leaf<T>) {
      unit = acceptedUnits(field.unit);
      range = rangeOf<T>(field);
      standard = "`" + formatLeaf(field, value) + "`";
      if constexpr (std::is_same_v<T, std::string>)
        standard = value.empty() ? "empty" : standard;
    } else if constexpr (Record<T>) {
      range = "see below";
      below.table(full, value);
    } else if constexpr (NumberList<T>) {
      range = formatNumber(lengthOfNumbers(field).min) + " to " +
              formatNumber(lengthOfNumbers(field).max) + " numbers";
    } else if constexpr (std::is_same_v<T, std::vector<Piece>>) {
      range = "function of " + formatNumber(field.min) + " to " + formatNumber(field.max) +
              " [pieces](#a-piece-of-a-function)";
    } else {
      range = "list of " + formatNumber(field.min) + " to " + formatNumber(field.max);
      below.table(full + "[]", typename T::value_type());
    }
    text += "| `" + std::string(field.key) + "` | " + unit + " | " + range + " | " +
            (field.required ? "required" : standard) + " | " + std::string(field.help) + " |\n";
    inner += below.text;
  }

  template <typename T> static std::string rangeOf(const Field &field) {
    if constexpr (std::is_enum_v<T>) {
      std::string names;
      for (std::string_view name : enumNames<T>())
        names += (names.empty() ? "`" : ", `") + std::string(name) + "`";
      return names;
    } else {
      bool text = std::is_same_v<T, std::string>;
      return formatValue(field.unit, field.min) + " to " + formatValue(field.unit, field.max) +
             (text ? " characters" : "");
    }
  }
};

} // namespace

std::string printYaml(const Target &target) {
  YamlPrinter printer;
  visitFields(target, printer);
  return std::move(printer.text);
}

std::string fieldManual() {
  ManualPrinter printer;
  printer.table("", Target());
  printer.table("A piece of a function", Piece());
  return std::move(printer.text);
}

} // namespace cimc::target
