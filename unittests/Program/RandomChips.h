//===- RandomChips.h - Programs on chips that are woken -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random programs on several chips that are right by construction: messages, wakes and shutdowns of
// all cores are drawn one after the other, and each core's program is its own part of that order.
// Then ways to spoil them, and a judge that knows nothing of the validator.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_UNITTESTS_PROGRAM_RANDOMCHIPS_H
#define CIMC_UNITTESTS_PROGRAM_RANDOMCHIPS_H

#include "RandomProgram.h"

namespace cimc::program::testing {

/// A program that may run.
Program randomChips(Generator &random);

/// Changes a wake, a shutdown, an order or a depth; most programs may not run after that.
void spoilPower(Program &program, Generator &random);

/// Runs the program one instruction of a random core at a time, by the words of the manual. Says
/// what goes wrong, or nothing. Requires: indices are in range and loops are balanced.
std::string runInRandomOrder(const Program &program, Generator &random);

} // namespace cimc::program::testing

#endif // CIMC_UNITTESTS_PROGRAM_RANDOMCHIPS_H
