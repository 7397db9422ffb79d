//===- PeakMemory.h - Most memory that a process held ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef CIMC_SUPPORT_PEAKMEMORY_H
#define CIMC_SUPPORT_PEAKMEMORY_H

#include <cstdint>

namespace cimc {

/// The most bytes of physical memory that this process has held so far, shared libraries included;
/// 0 if the system does not tell.
uint64_t peakMemoryBytes();

} // namespace cimc

#endif // CIMC_SUPPORT_PEAKMEMORY_H
