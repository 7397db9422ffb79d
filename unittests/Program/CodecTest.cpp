//===- CodecTest.cpp - Instructions as bytes -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every instruction with many values of every field goes to bytes and back; every other encoding is
// refused.
//
//===--------------------------------------------------------------------------===//

#include "RandomProgram.h"

#include "cimc/Program/Codec.h"

#include <gtest/gtest.h>

#include <set>

using namespace cimc;
using namespace cimc::program;
using cimc::program::testing::Generator;

namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (int value : values)
    out.push_back(static_cast<std::byte>(value));
  return out;
}

std::string errorOf(std::initializer_list<int> values, size_t maxCount = 100) {
  Result<std::vector<Instruction>> decoded = decodeInstructions(bytes(values), 1000, maxCount);
  return decoded ? "" : decoded.error().message;
}

class EveryInstruction : public ::testing::TestWithParam<size_t> {};

TEST_P(EveryInstruction, ComesBackFromItsBytes) {
  Generator random(GetParam());
  for (int round = 0; round < 500; ++round) {
    Instruction instruction = random.instruction(GetParam());
    std::vector<std::byte> encoded;
    encodeInstruction(instruction, encoded);
    auto decoded = decodeInstructions(encoded, 0, 1);
    ASSERT_TRUE(decoded) << decoded.error().message;
    ASSERT_EQ(decoded->size(), 1u);
    EXPECT_EQ((*decoded)[0], instruction);
  }
}

TEST_P(EveryInstruction, IsRefusedWhereverItIsCutOff) {
  Generator random(GetParam());
  std::vector<std::byte> encoded;
  encodeInstruction(random.instruction(GetParam()), encoded);
  for (size_t size = 1; size < encoded.size(); ++size) {
    auto decoded = decodeInstructions(std::span(encoded).first(size), 0, 1);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().message.substr(0, 5), "byte ");
    EXPECT_NE(decoded.error().message.find("is cut off"), std::string::npos);
  }
}

/// Whatever the decoder accepts is the encoding of what it made of it.
TEST_P(EveryInstruction, HasOneEncoding) {
  Generator random(GetParam());
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> encoded;
    encodeInstruction(random.instruction(GetParam()), encoded);
    encoded[random.below(encoded.size())] ^= static_cast<std::byte>(1 + random.below(255));
    if (auto decoded = decodeInstructions(encoded, 0, 100)) {
      EXPECT_EQ(encodeInstructions(*decoded), encoded);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Codec, EveryInstruction, ::testing::Range<size_t>(0, kInstructionCount),
                         [](const auto &info) {
                           return std::string(kInstructions[info.param].mnemonic);
                         });

TEST(Codec, WritesTheBytesOfTheManual) {
  // fire block=300 times=5
  EXPECT_EQ(encodeInstructions(std::vector<Instruction>{Fire{300, 5}}),
            bytes({0x03, 0xac, 0x02, 0x05}));
  EXPECT_EQ(
      encodeInstructions(std::vector<Instruction>{Fill{Format::F32, Row{1, 0, 1, -3, 4}, 64, -65}}),
      bytes({0x45, 0x02, 0x01, 0x00, 0x01, 0x7d, 0x04, 0x40, 0xbf, 0x7f}));
}

TEST(Codec, RefusesUnknownOpcodes) {
  std::set<int> known;
  for (const InstructionInfo &info : kInstructions)
    known.insert(info.opcode);
  for (int opcode = 0; opcode < 256; ++opcode)
    if (!known.count(opcode)) {
      EXPECT_EQ(errorOf({0x02, opcode}), "byte 1001: unknown opcode " + std::to_string(opcode));
    }
}

TEST(Codec, RefusesNumbersThatAreTooLongOrTooLarge) {
  EXPECT_EQ(errorOf({0x01, 0x80, 0x00}),
            "byte 1001: field 'count' of 'loop' is not in its shortest form");
  EXPECT_EQ(errorOf({0x01, 0xff, 0xff, 0xff, 0xff, 0x1f}),
            "byte 1001: field 'count' of 'loop' does not fit 32 bits");
  EXPECT_EQ(errorOf({0x01, 0x80, 0x80, 0x80, 0x80, 0x80}),
            "byte 1001: field 'count' of 'loop' does not fit 32 bits");
  EXPECT_EQ(errorOf({0x01, 0xff, 0xff, 0xff, 0xff, 0x0f}), "");
  // fill: `value` is signed.
  EXPECT_EQ(errorOf({0x45, 0x02, 0, 0, 0, 0, 0, 1, 0xff, 0x7f}),
            "byte 1008: field 'value' of 'fill' is not in its shortest form");
  EXPECT_EQ(errorOf({0x45, 0x02, 0, 0, 0, 0, 0, 1, 0xc0, 0x00}), "");
  EXPECT_EQ(errorOf({0x45, 0x02, 0, 0, 0, 0, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x08}),
            "byte 1008: field 'value' of 'fill' does not fit 32 bits");
  EXPECT_EQ(errorOf({0x45, 0x02, 0, 0, 0, 0, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x78}), "");
}

TEST(Codec, RefusesUnknownCases) {
  EXPECT_EQ(errorOf({0x45, 0x05}), "byte 1001: field 'format' of 'fill' is 5, which is no Format");
  EXPECT_EQ(errorOf({0x46, 0x00, 0x02, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 2}),
            "byte 1016: field 'accumulate' of 'reduce' is 2, must be 0 or 1");
}

TEST(Codec, NamesTheFieldOfAComposite) {
  EXPECT_EQ(errorOf({0x40, 0x00, 0x80}), "byte 1003: field 'src.buffer' of 'unary' is cut off");
}

TEST(Codec, RefusesMoreInstructionsThanTheLimit) {
  EXPECT_EQ(errorOf({2, 2, 2}, 3), "");
  EXPECT_EQ(errorOf({2, 2, 2}, 2), "byte 1000: more than 2 instructions");
}

TEST(Codec, FindsInstructionsByMnemonic) {
  for (size_t i = 0; i < kInstructionCount; ++i)
    EXPECT_EQ(makeInstruction(kInstructions[i].mnemonic)->index(), i);
  EXPECT_FALSE(makeInstruction("fly"));
}

} // namespace
