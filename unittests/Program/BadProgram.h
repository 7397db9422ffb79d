//===- BadProgram.h - A reason for refusal and a program to show it -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A good program, what spoils it, and a part of the message that must name what is wrong. The names
// are those of docs/validation.md.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_UNITTESTS_PROGRAM_BADPROGRAM_H
#define CIMC_UNITTESTS_PROGRAM_BADPROGRAM_H

#include "cimc/Program/Validator.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cimc::program::testing {

struct BadProgram {
  const char *name;
  Program (*good)();
  void (*spoil)(Program &);
  const char *message;
};

inline std::string testName(const ::testing::TestParamInfo<BadProgram> &info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

inline void expectAccepted(Program program) {
  Result<ValidatedProgram> result = validate(std::move(program));
  EXPECT_TRUE(result) << result.error().message;
}

inline void expectRefused(const BadProgram &bad) {
  Program program = bad.good();
  bad.spoil(program);
  Result<ValidatedProgram> result = validate(std::move(program));
  ASSERT_FALSE(result) << bad.name << " was accepted";
  EXPECT_NE(result.error().message.find(bad.message), std::string::npos) << result.error().message;
}

} // namespace cimc::program::testing

#endif // CIMC_UNITTESTS_PROGRAM_BADPROGRAM_H
