//===- DisassemblerTest.cpp - Programs as text -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The forms of operands, and that nothing a reader accepts is too odd to be printed. The layout of
// a whole core is tested through cimc-objdump.
//
//===--------------------------------------------------------------------------===//

#include "Example.h"
#include "RandomProgram.h"

#include "cimc/Program/Disassembler.h"

#include <gtest/gtest.h>

using namespace cimc::program;
using cimc::program::testing::Generator;

namespace {

std::string rowText(uint32_t mul, uint32_t div, int32_t add, uint32_t offset = 0) {
  std::string text = toText(Fill{Format::I8, Row{3, mul, div, add, offset}, 5, -1});
  size_t begin = text.find("dst=") + 4;
  return text.substr(begin, text.find(" count") - begin);
}

TEST(Disassembler, RowsAreWrittenShort) {
  EXPECT_EQ(rowText(0, 1, 0), "b3[0]");
  EXPECT_EQ(rowText(0, 1, 7, 16), "b3[7]+16");
  EXPECT_EQ(rowText(1, 1, 0), "b3[r]");
  EXPECT_EQ(rowText(1, 1, -1), "b3[r-1]");
  EXPECT_EQ(rowText(2, 1, 1), "b3[2r+1]");
  EXPECT_EQ(rowText(3, 2, 0), "b3[3r/2]");
  EXPECT_EQ(rowText(0, 0, 0), "b3[0r/0]");
}

TEST(Disassembler, EveryKindOfField) {
  EXPECT_EQ(toText(End{}), "end");
  EXPECT_EQ(toText(Fire{2, 28}), "fire block=2 times=28");
  EXPECT_EQ(toText(Quantize{Row{0, 1, 1, 0, 0}, Row{1, 1, 1, 0, 0}, 10, 0.1f, -3, -128, 127}),
            "quantize src=b0[r] dst=b1[r] count=10 scale=0.1 zero_point=-3 lo=-128 hi=127");
  EXPECT_EQ(toText(Reduce{ReduceFn::Max, Format::F32, {}, {}, 1, 2, 3, true}).substr(0, 24),
            "reduce fn=max format=f32");
}

TEST(Disassembler, NamesAreEscaped) {
  EXPECT_EQ(quoteName("conv1/W"), "'conv1/W'");
  EXPECT_EQ(quoteName("a'b\\c\n\x1b"), "'a\\x27b\\x5cc\\x0a\\x1b'");
}

TEST(Disassembler, NumbersThatNameNothingAreSaidToBeOutOfRange) {
  Program program = cimc::program::testing::exampleProgram();
  program.cores[0].control = {Fire{7, 1}};
  EXPECT_NE(disassemble(program, 0).find("fire block=7 times=1"), std::string::npos);
  EXPECT_NE(disassemble(program, 0).find("out of range"), std::string::npos);
}

TEST(Disassembler, AnyProgramCanBePrinted) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Program program = Generator(seed).program(8);
    for (size_t core = 0; core < program.cores.size(); ++core)
      EXPECT_NE(disassemble(program, core), "");
  }
}

} // namespace
