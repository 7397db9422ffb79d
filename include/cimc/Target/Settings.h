//===- Settings.h - Changing single fields of a target ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `--set chip.cores=128`: a path, an equals sign and a value with the same rules as in a file. A
// path may leave out words as long as its last word is the field's own key and only one field
// matches: `core.read_phases` is `chip.core.array.read_phases`. `device=NAME` puts another device
// in place of the target's.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_SETTINGS_H
#define CIMC_TARGET_SETTINGS_H

#include "cimc/Support/Result.h"
#include "cimc/Target/Target.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace cimc::target {

/// Finds a device by the name or path that an assignment to `chip.core.array.device` gives.
using DeviceLookup = std::function<Result<Device>(const std::string &nameOrPath)>;

/// Applies all assignments, later ones last, then checks the target. If `chip.cores` is among them
/// and `chip.grid_columns` is not, and the cores no longer fill the grid, the columns become the
/// smallest number that divides the cores into a grid at least as wide as high. A whole device can
/// only be set with `lookup`. On failure the target is unchanged; the message names the assignment,
/// and the candidates where a short path is ambiguous.
Status setAll(Target &target, std::span<const std::string> assignments,
              const DeviceLookup &lookup = {});

/// setAll with one assignment.
Status set(Target &target, std::string_view assignment);

} // namespace cimc::target

#endif // CIMC_TARGET_SETTINGS_H
