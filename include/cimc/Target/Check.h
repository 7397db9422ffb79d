//===- Check.h - What must hold for every target ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A target is valid if every field lies in its range and no two fields contradict each other.
// Everything that makes a Target from outside data (YAML reader, `--set`, decoder) ends with this
// check.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_CHECK_H
#define CIMC_TARGET_CHECK_H

#include "cimc/Support/Result.h"
#include "cimc/Target/Fields.h"

namespace cimc::target {

/// What is wrong, and the path of the field that should change, for example
/// `chip.core.array.read_phases`.
struct Problem {
  std::string path;
  std::string message;
};

/// The first field, in the order of the list, that is out of its range, else the first
/// contradiction, else nothing.
std::optional<Problem> findProblem(const Target &target);

/// The same for a device by itself, with paths that begin inside it.
std::optional<Problem> findProblem(const Device &device);

/// The first contradiction in a device whose fields all lie in their ranges: pieces out of order,
/// deviations that are negative somewhere, times that go backwards, shares that exceed 1 and the
/// like.
std::optional<Problem> findContradiction(const Device &device);

/// findProblem as a Status.
Status check(const Target &target);

/// Why a value is out of its field's range, or nothing. One overload per kind of leaf.
std::optional<std::string> rangeProblem(const Field &field, double value);
std::optional<std::string> rangeProblem(const Field &field, const std::string &value);
std::optional<std::string> lengthProblem(const Field &field, uint64_t length,
                                         std::string_view what);

/// The read mode that `readPhases` names. Requires: check(target) holds for the array's target.
const ReadMode &readMode(const Array &array);

/// Time in ns and energy in pJ of one read of `array` in its read mode, whatever part is used:
/// `time + (2^(input_bits - 1) - 1) * pulse_time + 2^output_bits * step_time`, energy alike.
/// Requires: check(target) holds for the array's target.
double readNs(const Array &array);
double readPj(const Array &array);

/// Whether a core multiplies with the transpose of the weights that it holds.
inline bool readsTransposed(const Core &core) {
  return core.kind == CoreKind::Crossbar && core.array.readDirections == ReadDirections::Both;
}

/// Rows of weights that an array has room for.
inline uint32_t weightRows(const Array &array) { return array.rows / array.rowsPerWeight; }

} // namespace cimc::target

#endif // CIMC_TARGET_CHECK_H
