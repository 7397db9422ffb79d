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

/// Reads a device (Device.h) from YAML text, with the same rules. In a target a device is either
/// written out or the name of one: `device: hermes-pcm`, or `device: FILE.yaml` beside the target.
Result<Device> readDeviceYaml(std::string_view text, std::string_view name);

/// A target or a device that comes with the compiler.
struct BuiltinText {
  std::string_view name;
  std::string_view yaml;
};
using BuiltinTarget = BuiltinText;

/// All of them, by name. Their texts are the files of the folder targets/.
std::span<const BuiltinTarget> builtinTargets();

/// All devices, by name. Their texts are the files of the folder targets/devices/.
std::span<const BuiltinText> builtinDevices();

/// A built-in device by its name, or the device in the file `FILE.yaml`. Fails with the list of
/// known names.
Result<Device> lookupDevice(const std::string &nameOrPath);

/// A built-in target by its name, or the target in the file `FILE.yaml`. Fails with the list of
/// known names.
Result<Target> lookup(const std::string &nameOrPath);

} // namespace cimc::target

#endif // CIMC_TARGET_YAML_H
