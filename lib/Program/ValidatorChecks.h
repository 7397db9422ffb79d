//===- ValidatorChecks.h - The validator's parts --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checks in the order in which validate() runs them. Each may rely on what those before it have
// established.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_PROGRAM_VALIDATORCHECKS_H
#define CIMC_LIB_PROGRAM_VALIDATORCHECKS_H

#include "cimc/Program/Program.h"
#include "cimc/Support/Result.h"

#include <sstream>

namespace cimc::program {

/// Reports the parts one after the other.
template <typename... Parts> Error failure(const Parts &...parts) {
  std::ostringstream text;
  (text << ... << parts);
  return Error{text.str()};
}

/// Where an instruction stands, for messages. Control streams have no block.
struct Place {
  const Program &program;
  uint32_t core;
  std::optional<uint32_t> block;
  uint32_t instruction;

  const Core &coreTable() const { return program.cores[core]; }
  const Instruction &get() const {
    return block ? coreTable().blocks[*block].instructions[instruction]
                 : coreTable().control[instruction];
  }
};
std::ostream &operator<<(std::ostream &os, const Place &place);

/// How often each block of a core fires in one inference.
using FiringCounts = std::vector<uint64_t>;

/// Bytes of one element.
constexpr uint32_t bytesOf(Format format) {
  constexpr uint32_t bytes[] = {1, 4, 4, 8, 2};
  return bytes[static_cast<uint32_t>(format)];
}

// Tables (ValidatorTables.cpp, ValidatorMemory.cpp).
Status checkCores(const Program &program);
Status checkTileRanges(const Program &program);
Status checkTilesDisjoint(const Program &program);
Status checkChannels(const Program &program);
Status checkStreams(const Program &program);
Status checkBufferRanges(const Program &program);
Status checkConstantsApart(const Program &program);

// Control (ValidatorControl.cpp). The counts of all cores.
Status checkLoops(const Program &program);
Result<std::vector<FiringCounts>> countFirings(const Program &program);
Status checkMessageCounts(const Program &program, const std::vector<FiringCounts> &firings);

// Wakes and shutdowns (ValidatorPower.cpp). Requires: countFirings(program).
Status checkPower(const Program &program);

// Instructions (ValidatorInstructions.cpp, ValidatorOperands.cpp).
Status checkInstructions(const Program &program);
Status checkOperands(const Program &program, const std::vector<FiringCounts> &firings);

// One inference (ValidatorReplay.cpp): rows are there when they are read, sums do not overflow, no
// deadlock.
Status replay(const Program &program);

} // namespace cimc::program

#endif // CIMC_LIB_PROGRAM_VALIDATORCHECKS_H
