//===- Validator.h - The gate before the executor -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Only validate() can make a ValidatedProgram, and only a ValidatedProgram can be run. Of such a
// program holds: no operand lies outside its buffer, no constant is written, no row is read before
// it is written or after it is overwritten, no 32-bit sum of an array overflows, every loop ends,
// one inference runs to its end, in whatever order the cores take turns, and leaves every channel
// empty, and every message finds its chip awake, in the epoch in which it is received.
// docs/validation.md lists the reasons for refusal.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PROGRAM_VALIDATOR_H
#define CIMC_PROGRAM_VALIDATOR_H

#include "cimc/Program/Program.h"
#include "cimc/Support/Result.h"

namespace cimc::program {

class ValidatedProgram;

/// Checks everything that running relies on. Fails with the first violation: its core, block,
/// instruction and values. Time is linear in the program's size, the bytes of its weights and its
/// firings in one inference (kMaxFirings at most).
Result<ValidatedProgram> validate(Program program);

/// A program that passed validate().
class ValidatedProgram {
public:
  const Program &program() const { return value; }

private:
  explicit ValidatedProgram(Program program) : value(std::move(program)) {}
  friend Result<ValidatedProgram> validate(Program program);

  Program value;
};

} // namespace cimc::program

#endif // CIMC_PROGRAM_VALIDATOR_H
