//===- Check.cpp - What must hold for every target -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ranges come from the field list. Contradictions between fields are a table of small functions.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Check.h"

#include "cimc/Target/Text.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cimc::target {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

/// Looks at every field and keeps the first that is out of range.
class RangeChecker {
public:
  std::optional<Problem> problem;
  std::string prefix;

  template <typename T> void operator()(const Field &field, const T &value) {
    if (problem)
      return;
    std::string path = prefix + std::string(field.key);
    if constexpr (Record<T>)
      inside(path, value);
    else if constexpr (std::is_enum_v<T>)
      keep(path, size_t(value) < enumNames<T>().size()
                     ? std::nullopt
                     : std::optional<std::string>(quoted(field.key) + " has no such value"));
    else if constexpr (std::is_arithmetic_v<T>)
      keep(path, rangeProblem(field, double(value)));
    else if constexpr (std::is_same_v<T, std::string>)
      keep(path, rangeProblem(field, value));
    else if constexpr (NumberList<T>)
      numbers(field, path, value);
    else
      list(field, path, value);
  }

private:
  void keep(const std::string &path, const std::optional<std::string> &message) {
    if (message && !problem)
      problem = Problem{path, *message};
  }
  template <typename T> void inside(const std::string &path, const T &record) {
    std::string outer = std::exchange(prefix, path + ".");
    visitFields(record, *this);
    prefix = outer;
  }
  void numbers(const Field &field, const std::string &path, const std::vector<double> &values) {
    keep(path, lengthProblem(lengthOfNumbers(field), values.size(), "numbers"));
    for (size_t i = 0; i < values.size(); ++i)
      keep(path + "." + std::to_string(i), rangeProblem(field, values[i]));
  }
  template <typename T>
  void list(const Field &field, const std::string &path, const std::vector<T> &elements) {
    keep(path, lengthProblem(field, elements.size(), "elements"));
    for (size_t i = 0; i < elements.size(); ++i)
      inside(path + "." + std::to_string(i), elements[i]);
  }
};

std::optional<Problem> coresFillGrid(const Target &target) {
  const Chip &chip = target.chip;
  if (chip.cores % chip.gridColumns == 0)
    return std::nullopt;
  return Problem{"chip.grid_columns", "the cores must fill a grid: " + std::to_string(chip.cores) +
                                          " cores are not a multiple of " +
                                          std::to_string(chip.gridColumns) + " columns"};
}

std::optional<Problem> modesDiffer(const Target &target) {
  if (target.chip.core.kind != CoreKind::Crossbar)
    return std::nullopt;
  const std::vector<ReadMode> &modes = target.chip.core.array.readModes;
  for (size_t i = 0; i < modes.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (modes[i].phases == modes[j].phases)
        return Problem{"chip.core.array.read_modes." + std::to_string(i) + ".phases",
                       "two read modes have the same number of phases, " +
                           std::to_string(modes[i].phases)};
  return std::nullopt;
}

std::optional<Problem> modeExists(const Target &target) {
  if (target.chip.core.kind != CoreKind::Crossbar)
    return std::nullopt;
  const Array &array = target.chip.core.array;
  std::string known;
  for (const ReadMode &mode : array.readModes) {
    if (mode.phases == array.readPhases)
      return std::nullopt;
    known += (known.empty() ? "" : ", ") + std::to_string(mode.phases);
  }
  return Problem{"chip.core.array.read_phases", "'read_phases' must name a read mode (" + known +
                                                    "), but is " +
                                                    std::to_string(array.readPhases)};
}

std::optional<Problem> rowsHoldWeights(const Target &target) {
  const Array &array = target.chip.core.array;
  if (target.chip.core.kind != CoreKind::Crossbar || array.rows % array.rowsPerWeight == 0)
    return std::nullopt;
  return Problem{"chip.core.array.rows_per_weight",
                 "'rows' must be a multiple of 'rows_per_weight' (" +
                     std::to_string(array.rowsPerWeight) + "), but is " +
                     std::to_string(array.rows)};
}

std::optional<Problem> cellWithinWeight(const Target &target) {
  const Array &array = target.chip.core.array;
  if (target.chip.core.kind != CoreKind::Crossbar || array.cellBits <= array.weightBits)
    return std::nullopt;
  return Problem{"chip.core.array.cell_bits", "'cell_bits' must be at most 'weight_bits' (" +
                                                  std::to_string(array.weightBits) + "), but is " +
                                                  std::to_string(array.cellBits)};
}

std::optional<Problem> deviceIsSound(const Target &target) {
  if (target.chip.core.kind != CoreKind::Crossbar)
    return std::nullopt;
  const Array &array = target.chip.core.array;
  auto problem = findContradiction(array.device);
  if (problem)
    problem->path.insert(0, "chip.core.array.device.");
  return problem;
}

std::optional<Problem> deviceHoldsCell(const Target &target) {
  const Array &array = target.chip.core.array;
  uint32_t levels = array.device.levels, needed = 1u << array.cellBits;
  if (target.chip.core.kind != CoreKind::Crossbar || array.cellBits == 0 || levels == 0 ||
      needed <= levels)
    return std::nullopt;
  return Problem{"chip.core.array.cell_bits",
                 "the device must have a level for each value of a cell: 'cell_bits' (" +
                     std::to_string(array.cellBits) + ") needs " + std::to_string(needed) +
                     " levels, the device has " + std::to_string(levels)};
}

std::optional<Problem> gatedBelowIdle(const Target &target) {
  const Core &core = target.chip.core;
  if (core.gatedMw <= core.idleMw)
    return std::nullopt;
  return Problem{"chip.core.gated_power", "'gated_power' must be at most 'idle_power' (" +
                                              formatNumber(core.idleMw) + " mW), but is " +
                                              formatNumber(core.gatedMw) + " mW"};
}

std::optional<Problem> chipGatedBelowIdle(const Target &target) {
  const Chip &chip = target.chip;
  if (chip.gating.gatedMw <= chip.idleMw)
    return std::nullopt;
  return Problem{"chip.gating.gated_power",
                 "'gated_power' must be at most the chip's 'idle_power' (" +
                     formatNumber(chip.idleMw) + " mW), but is " +
                     formatNumber(chip.gating.gatedMw) + " mW"};
}

std::optional<Problem> meshIsFull(const Target &target) {
  const ChipLinks &links = target.links;
  if (links.topology != Topology::Mesh || target.chips % links.columns == 0)
    return std::nullopt;
  return Problem{"links.columns", "the chips must fill a mesh: " + std::to_string(target.chips) +
                                      " chips are not a multiple of " +
                                      std::to_string(links.columns) + " columns"};
}

std::optional<Problem> connectionsExist(const Target &target) {
  const std::vector<Connection> &connections = target.links.connections;
  for (size_t i = 0; i < connections.size(); ++i) {
    std::string path = "links.connections." + std::to_string(i);
    if (target.links.topology != Topology::Listed)
      return Problem{path, "'connections' need the topology 'listed'"};
    auto [from, to] = connections[i];
    if (from == to)
      return Problem{path, "a link must join two chips, joins chip " + std::to_string(from) +
                               " to itself"};
    if (std::max(from, to) >= target.chips)
      return Problem{path, "a link joins chip " + std::to_string(std::max(from, to)) +
                               ", but there are " + std::to_string(target.chips) + " chips"};
  }
  return std::nullopt;
}

/// Only listed links can leave a chip out; the others join all.
std::optional<Problem> chipsReachEachOther(const Target &target) {
  if (target.links.topology != Topology::Listed)
    return std::nullopt;
  std::vector<std::vector<uint32_t>> neighbours(target.chips);
  for (auto [from, to] : target.links.connections) {
    neighbours[from].push_back(to);
    neighbours[to].push_back(from);
  }
  std::vector<bool> reached(target.chips);
  std::vector<uint32_t> open = {0};
  reached[0] = true;
  while (!open.empty()) {
    uint32_t chip = open.back();
    open.pop_back();
    for (uint32_t next : neighbours[chip])
      if (!reached[next]) {
        reached[next] = true;
        open.push_back(next);
      }
  }
  for (uint32_t chip = 0; chip < target.chips; ++chip)
    if (!reached[chip])
      return Problem{"links.connections", "no links lead from chip 0 to chip " +
                                              std::to_string(chip) +
                                              "; all chips must reach each other"};
  return std::nullopt;
}

} // namespace

std::optional<std::string> rangeProblem(const Field &field, double value) {
  // Written so that a NaN fails.
  if (value >= field.min && value <= field.max)
    return std::nullopt;
  return quoted(field.key) + " must be between " + formatValue(field.unit, field.min) + " and " +
         formatValue(field.unit, field.max) + ", but is " + formatValue(field.unit, value);
}

std::optional<std::string> rangeProblem(const Field &field, const std::string &value) {
  if (auto problem = lengthProblem(field, value.size(), "characters"))
    return problem;
  for (char c : value)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return quoted(field.key) + " must not contain control characters";
  return std::nullopt;
}

std::optional<std::string> lengthProblem(const Field &field, uint64_t length,
                                         std::string_view what) {
  if (double(length) >= field.min && double(length) <= field.max)
    return std::nullopt;
  return quoted(field.key) + " must have between " + formatNumber(field.min) + " and " +
         formatNumber(field.max) + " " + std::string(what) + ", but has " + std::to_string(length);
}

std::optional<Problem> findProblem(const Target &target) {
  RangeChecker ranges;
  visitFields(target, ranges);
  if (ranges.problem)
    return ranges.problem;
  for (auto rule : {coresFillGrid, modesDiffer, modeExists, rowsHoldWeights, cellWithinWeight,
                    deviceIsSound, deviceHoldsCell, gatedBelowIdle, chipGatedBelowIdle, meshIsFull,
                    connectionsExist, chipsReachEachOther})
    if (auto problem = rule(target))
      return problem;
  return std::nullopt;
}

std::optional<Problem> findProblem(const Device &device) {
  RangeChecker ranges;
  visitFields(device, ranges);
  return ranges.problem ? ranges.problem : findContradiction(device);
}

Status check(const Target &target) {
  if (auto problem = findProblem(target))
    return Error{"target field '" + problem->path + "': " + problem->message};
  return Status::success();
}

const ReadMode &readMode(const Array &array) {
  for (const ReadMode &mode : array.readModes)
    if (mode.phases == array.readPhases)
      return mode;
  static const ReadMode none;
  return array.readModes.empty() ? none : array.readModes.front();
}

/// Pulses that carry the magnitude of the largest input, and steps that count the largest sum.
static double pulsesOf(const Array &array) { return std::exp2(array.inputBits - 1.0) - 1; }
static double stepsOf(const Array &array) { return std::exp2(array.outputBits); }

double readNs(const Array &array) {
  const ReadMode &mode = readMode(array);
  return mode.readNs + pulsesOf(array) * mode.pulseNs + stepsOf(array) * mode.stepNs;
}

double readPj(const Array &array) {
  const ReadMode &mode = readMode(array);
  return mode.readPj + pulsesOf(array) * mode.pulsePj + stepsOf(array) * mode.stepPj;
}

} // namespace cimc::target
