//===- ValidatorPower.h - Which chips are on in the replay ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A chip whose cores have shutdowns is gated: it is off until it is woken for its epoch, and its
// epoch ends when all its cores have executed a shutdown. Other chips are always on.
//
// Nothing here depends on the order in which cores take turns. Which epoch a message is sent for
// and in which it is received is written in the programs of its two ends. A message that misses its
// epoch is found either as one that lies in a channel when the chip shuts down, or as one that
// comes later; both are errors, so no order can hide it.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_PROGRAM_VALIDATORPOWER_H
#define CIMC_LIB_PROGRAM_VALIDATORPOWER_H

#include "cimc/Program/Program.h"

#include <map>
#include <set>

namespace cimc::program {

/// How many shutdowns a core executes in one inference. Requires: countFirings(program).
uint64_t countShutdowns(const Core &core);

/// A chip of the replay.
class ChipState {
public:
  bool isGated() const { return gated; }
  bool isOn(uint64_t wanted) const { return !gated || (wanted == epoch && woken); }
  uint64_t currentEpoch() const { return epoch; }

  /// Makes the chip gated; `cores` have a program on it.
  void gate(uint32_t cores) { gated = true, coreCount = coresOn = cores; }

  /// What follows gives the cores that can go on because the chip is on now.
  using Released = std::vector<uint32_t>;
  Released wake(uint64_t wanted);
  /// One more core has executed its shutdown.
  Released shutDownCore();

  /// Is this the last core in the current epoch?
  bool isLast() const { return coresOn == 1; }
  void wait(uint64_t wanted, uint32_t core) { waiting[wanted].push_back(core); }

  uint64_t messages = 0; ///< in channels to the chip's cores

private:
  Released release();

  bool gated = false, woken = false;
  uint32_t coreCount = 0, coresOn = 0; ///< of the program; of them those still in the epoch
  uint64_t epoch = 0;
  std::set<uint64_t> later; ///< epochs after this one that a wake has been issued for
  std::map<uint64_t, std::vector<uint32_t>> waiting; ///< cores by the epoch that they wait for
};

/// All chips at the start of an inference: the host has woken its chips.
std::vector<ChipState> makeChips(const Program &program);

} // namespace cimc::program

#endif // CIMC_LIB_PROGRAM_VALIDATORPOWER_H
