//===- Settings.cpp - Changing single fields of a target -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The paths of all leaves come from the field list. An exact path wins; otherwise the words must
// appear in the path in order.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Settings.h"

#include "cimc/Target/Check.h"
#include "cimc/Target/Text.h"

#include <algorithm>
#include <numeric>

namespace cimc::target {
namespace {

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t dot; (dot = text.find('.')) != std::string_view::npos; text.remove_prefix(dot + 1))
    words.push_back(text.substr(0, dot));
  words.push_back(text);
  return words;
}

/// Whether a short path means this field.
bool matches(std::string_view shortPath, std::string_view path) {
  std::vector<std::string_view> wanted = split(shortPath), words = split(path);
  if (wanted.back() != words.back())
    return false;
  size_t found = 0;
  for (std::string_view word : words)
    if (found < wanted.size() && word == wanted[found])
      ++found;
  return found == wanted.size();
}

/// How many letters must be inserted, removed or replaced to make `a` into `b`.
size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j)
      diagonal = std::exchange(row[j + 1],
                               std::min({row[j] + 1, row[j + 1] + 1, diagonal + (a[i] != b[j])}));
  }
  return row.back();
}

std::vector<std::string> allPaths(const Target &target) {
  std::vector<std::string> paths;
  visitLeaves(target,
              [&](const std::string &path, const Field &, const auto &) { paths.push_back(path); });
  return paths;
}

Error unknownPath(std::string_view path, const std::vector<std::string> &paths) {
  // Compared by as many last words as the path has.
  size_t words = split(path).size();
  auto distance = [&](const std::string &candidate) {
    std::string_view tail = candidate;
    for (size_t extra = split(candidate).size(); extra > words; --extra)
      tail.remove_prefix(tail.find('.') + 1);
    return editDistance(path, tail);
  };
  auto nearest = std::min_element(paths.begin(), paths.end(), [&](const auto &a, const auto &b) {
    return distance(a) < distance(b);
  });
  return Error{"a target has no field '" + std::string(path) + "'; the nearest is '" + *nearest +
               "'"};
}

Result<std::string> resolve(const Target &target, std::string_view shortPath) {
  std::vector<std::string> paths = allPaths(target), found;
  for (const std::string &path : paths) {
    if (path == shortPath)
      return path;
    if (matches(shortPath, path))
      found.push_back(path);
  }
  if (found.empty())
    return unknownPath(shortPath, paths);
  if (found.size() == 1)
    return found.front();
  std::string list;
  for (const std::string &path : found)
    list += (list.empty() ? "'" : ", '") + path + "'";
  return Error{"'" + std::string(shortPath) + "' may mean " + list};
}

/// Applies one assignment without the final check; returns the field's path.
Result<std::string> assign(Target &target, std::string_view assignment,
                           const DeviceLookup &lookup) {
  size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return Error{"must have the form FIELD=VALUE"};
  constexpr std::string_view kDevice = "chip.core.array.device"; // no leaf, but has names
  if (lookup && matches(assignment.substr(0, equals), kDevice)) {
    Result<Device> device = lookup(std::string(assignment.substr(equals + 1)));
    if (!device)
      return device.error();
    target.chip.core.array.device = std::move(*device);
    return std::string(kDevice);
  }
  Result<std::string> path = resolve(target, assignment.substr(0, equals));
  if (!path)
    return path;
  Status status;
  visitLeaves(target, [&](const std::string &candidate, const Field &field, auto &value) {
    if (candidate == *path)
      status = parseValue(field, assignment.substr(equals + 1), value);
  });
  if (!status)
    return status.error();
  return path;
}

/// Columns of the grid that is nearest to a square and at least as wide as high.
uint32_t nearSquareColumns(uint32_t cores) {
  uint32_t rows = 1;
  for (uint32_t i = 1; uint64_t(i) * i <= cores; ++i)
    if (cores % i == 0)
      rows = i;
  return cores / rows;
}

} // namespace

Status setAll(Target &target, std::span<const std::string> assignments,
              const DeviceLookup &lookup) {
  Target changed = target;
  bool coresSet = false, columnsSet = false;
  for (const std::string &assignment : assignments) {
    Result<std::string> path = assign(changed, assignment, lookup);
    if (!path)
      return Error{"setting '" + assignment + "': " + path.error().message};
    coresSet |= *path == "chip.cores";
    columnsSet |= *path == "chip.grid_columns";
  }
  Chip &chip = changed.chip;
  if (coresSet && !columnsSet && chip.cores % chip.gridColumns != 0)
    chip.gridColumns = nearSquareColumns(chip.cores);
  if (auto problem = findProblem(changed))
    return Error{"the settings contradict each other or the target: " + problem->message};
  target = std::move(changed);
  return Status::success();
}

Status set(Target &target, std::string_view assignment) {
  std::string copy(assignment);
  return setAll(target, std::span(&copy, 1));
}

} // namespace cimc::target
