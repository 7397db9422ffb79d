//===- ProcessorPeaks.cpp - Prints what the processor can do ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Multiply-accumulates per second of one thread as a JSON object, by instruction; for executor.py.
//
//===--------------------------------------------------------------------------===//

#include "Peaks.h"

#include <cstdio>

int main() {
  const char *separator = "{";
  for (const cimc::bench::Peak &peak : cimc::bench::measurePeaks()) {
    std::printf("%s\"%s\": {\"instruction\": \"%s\", \"macs_per_second\": %.4g}", separator,
                peak.name.c_str(), peak.instruction.c_str(), peak.macsPerSecond);
    separator = ",\n ";
  }
  std::puts(*separator == '{' ? "{}" : "}");
}
