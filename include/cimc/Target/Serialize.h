//===- Serialize.h - The binary form of a target ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A target as bytes, for embedding in a compiled program: the magic `CIMT`, a 32-bit version, then
// every field in the order of Fields.h. All numbers are little endian: counts as unsigned integers
// of the member's width, reals as IEEE 754 double, enumerations as one byte, text as a 32-bit
// length and UTF-8 bytes, a list as a 32-bit count and its elements.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_SERIALIZE_H
#define CIMC_TARGET_SERIALIZE_H

#include "cimc/Support/Result.h"
#include "cimc/Target/Target.h"

#include <cstddef>
#include <span>
#include <vector>

namespace cimc::target {

/// Version of the binary form that encode writes and decode reads.
inline constexpr uint32_t kEncodingVersion = 1;

/// The binary form. Equal targets give equal bytes.
std::vector<std::byte> encode(const Target &target);

/// The target of a binary form. Any bytes are safe: fails with a byte offset if they are cut off,
/// too long, of another version, or if the target that they describe does not pass check().
Result<Target> decode(std::span<const std::byte> bytes);

} // namespace cimc::target

#endif // CIMC_TARGET_SERIALIZE_H
