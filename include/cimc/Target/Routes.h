//===- Routes.h - Ways between chips --------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which chips a message passes. The way depends on the target and its two ends alone, so whoever
// places layers counts the same links as the timing engine.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_ROUTES_H
#define CIMC_TARGET_ROUTES_H

#include "cimc/Target/Target.h"

#include <cstdint>
#include <vector>

namespace cimc::target {

/// The chips that a message from chip `from` to chip `to` passes, both ends included; one chip if
/// they are the same. Along the chain; around the ring by the shorter way, of equal ones upwards;
/// in a mesh along the row first; by one link where every pair has one; over as few of the listed
/// links as possible, of such ways the one whose first different chip has the lowest number.
///
/// Requires a checked target (Check.h), in which all chips reach each other, and chips of it.
std::vector<uint32_t> chipRoute(const Target &target, uint32_t from, uint32_t to);

/// The number of links on that way.
uint32_t chipHops(const Target &target, uint32_t from, uint32_t to);

} // namespace cimc::target

#endif // CIMC_TARGET_ROUTES_H
