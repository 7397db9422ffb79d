//===- Peaks.h - Multiply-accumulates that a processor can do --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The limit that the executor's products are compared with: what one thread reaches that does
// nothing but one instruction on registers.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_BENCHMARKS_PEAKS_H
#define CIMC_BENCHMARKS_PEAKS_H

#include <string>
#include <vector>

namespace cimc::bench {

/// An instruction and its multiply-accumulates per second in one thread.
struct Peak {
  std::string name; ///< "int8", "int16", "float32", or "int8 tiles" of a matrix unit
  std::string instruction;
  double macsPerSecond = 0;
};

/// Those of this processor, measured by processor time, since the machine may be busy otherwise.
/// Takes a tenth of a second. Empty where the processor has none of the instructions.
std::vector<Peak> measurePeaks();

/// The one of that name, 0 if there is none.
double macsPerSecond(const std::vector<Peak> &peaks, const std::string &name);

} // namespace cimc::bench

#endif // CIMC_BENCHMARKS_PEAKS_H
