//===- RandomChipsTest.cpp - The validator against a judge ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random programs on several chips, right ones and spoilt ones: the validator, which tries one
// order of the cores, must say what a judge finds that runs them in random orders.
//
//===--------------------------------------------------------------------------===//

#include "RandomChips.h"

#include "cimc/Program/Validator.h"

#include <gtest/gtest.h>

using namespace cimc;
using namespace cimc::program;
using namespace cimc::program::testing;

namespace {

std::string verdict(const Program &program) {
  Result<ValidatedProgram> result = validate(program);
  return result ? "" : result.error().message;
}

/// Is this a refusal of the replay, not of a look at the tables and instructions?
bool isOfReplay(const std::string &message) {
  for (const char *part : {"deadlock of", "sends for epoch", "has not woken that chip",
                           "receives from the host in epoch", ": ends epoch"})
    if (message.find(part) != std::string::npos)
      return true;
  return false;
}

TEST(RandomChips, RightProgramsAreAccepted) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Generator random(seed);
    Program program = randomChips(random);
    EXPECT_EQ(verdict(program), "") << "seed " << seed;
    for (int order = 0; order < 3; ++order)
      EXPECT_EQ(runInRandomOrder(program, random), "") << "seed " << seed;
  }
}

TEST(RandomChips, SpoiltProgramsAreJudgedRightly) {
  int accepted = 0, refused = 0;
  for (uint64_t seed = 0; seed < 6000; ++seed) {
    Generator random(seed);
    Program program = randomChips(random);
    for (uint64_t left = 1 + random.below(3); left > 0; --left)
      spoilPower(program, random);
    std::string message = verdict(program);
    if (!message.empty() && !isOfReplay(message))
      continue;
    (message.empty() ? accepted : refused)++;
    for (int order = 0; order < 3; ++order) {
      std::string problem = runInRandomOrder(program, random);
      ASSERT_EQ(message.empty(), problem.empty()) << "seed " << seed << ": the validator says '"
                                                  << message << "', the judge '" << problem << "'";
    }
  }
  RecordProperty("accepted", accepted);
  RecordProperty("refused", refused);
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 1000);
}

} // namespace
