//===- Yaml.h - Reading target descriptions --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The YAML form of a target, and the targets that come with the compiler. This is the one part of
// Target that needs LLVM (library CimcTargetYAML); programs carry the binary form instead.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_YAML_H
#define CIMC_TARGET_YAML_H

#include "cimc/Support/Result.h"
#include "cimc/Target/Target.h"

#include <span>
#include <string>
#include <string_view>

namespace cimc::target {

/// Reads a target from YAML text. `name` stands for the file in messages, which have the form
/// `name:line:column: message`. Fails on malformed YAML, unknown, repeated or missing keys, wrong
/// kinds or units, values out of range, and contradictions.
Result<Target> readYaml(std::string_view text, std::string_view name);

/// Reads a target from a file.
Result<Target> readYamlFile(const std::string &path);

/// A target that comes with the compiler.
struct BuiltinTarget {
  std::string_view name;
  std::string_view yaml;
};

/// All of them, by name. Their texts are the files of the folder targets/.
std::span<const BuiltinTarget> builtinTargets();

/// A built-in target by its name, or the target in the file `FILE.yaml`. Fails with the list of
/// known names.
Result<Target> lookup(const std::string &nameOrPath);

} // namespace cimc::target

#endif // CIMC_TARGET_YAML_H
