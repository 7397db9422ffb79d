//===- Print.h - A target as YAML, and the manual of its fields ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two more visitors of the one field list.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_PRINT_H
#define CIMC_TARGET_PRINT_H

#include "cimc/Target/Target.h"

#include <string>

namespace cimc::target {

/// The target as a YAML file with every field, which reads back as an equal target. Requires:
/// check(target) holds.
std::string printYaml(const Target &target);

/// Markdown tables of all fields: key, unit, range, default, meaning; one per struct. Part of
/// docs/targets.md.
std::string fieldManual();

} // namespace cimc::target

#endif // CIMC_TARGET_PRINT_H
