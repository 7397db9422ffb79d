//===- Validator.cpp - The gate before the executor -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the checks from the simple to the deep: tables, control, single instructions, wakes and
// shutdowns, operands in memory, and at last a replay of one inference.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Program/Validator.h"

#include "ValidatorChecks.h"
#include "cimc/Program/Limits.h"
#include "cimc/Target/Check.h"

using namespace cimc;
using namespace cimc::program;

std::ostream &program::operator<<(std::ostream &os, const Place &place) {
  os << "core " << place.core;
  if (place.block)
    os << ", block " << *place.block << " '" << place.coreTable().blocks[*place.block].name << "'";
  else
    os << ", control";
  return os << ", instruction " << place.instruction << " (" << mnemonicOf(place.get()) << ")";
}

static Status checkTarget(const Program &program) { return target::check(program.target); }

static Status checkAll(const Program &program) {
  using Check = Status (*)(const Program &);
  constexpr Check tableChecks[] = {checkLimits,       checkTarget,         checkCores,
                                   checkTileRanges,   checkTilesDisjoint,  checkChannels,
                                   checkBufferRanges, checkConstantsApart, checkStreams,
                                   checkLoops,        checkInstructions};
  for (Check check : tableChecks)
    if (Status status = check(program); !status)
      return status;
  Result<std::vector<FiringCounts>> firings = countFirings(program);
  if (!firings)
    return firings.error();
  if (Status status = checkMessageCounts(program, *firings); !status)
    return status;
  if (Status status = checkPower(program); !status)
    return status;
  if (Status status = checkOperands(program, *firings); !status)
    return status;
  return replay(program);
}

Result<ValidatedProgram> program::validate(Program program) {
  if (Status status = checkAll(program); !status)
    return status.error();
  return ValidatedProgram(std::move(program));
}
