//===- PeakMemory.cpp - Most memory that a process held --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linux has the number for the program that runs now. That of getrusage counts from the start of
// the process, when it still was a copy of the one that made it.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Support/PeakMemory.h"

#include <fstream>
#include <string>
#include <sys/resource.h>

uint64_t cimc::peakMemoryBytes() {
  constexpr uint64_t kKibi = 1024;
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (uint64_t kibi = 0; word == "VmHWM:" && status >> kibi)
      return kibi * kKibi;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0)
    return 0;
#if defined(__APPLE__)
  return static_cast<uint64_t>(usage.ru_maxrss);
#else
  return static_cast<uint64_t>(usage.ru_maxrss) * kKibi;
#endif
}
