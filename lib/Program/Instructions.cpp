//===- Instructions.cpp - Instructions by opcode and name ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constructors of the alternatives of Instruction, in one table that the variant itself fills.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Program/Instructions.h"

using namespace cimc::program;

template <size_t... I> static constexpr auto makersOf(std::index_sequence<I...>) {
  using Maker = Instruction (*)();
  return std::array<Maker, sizeof...(I)>{
      []() -> Instruction { return std::variant_alternative_t<I, Instruction>(); }...};
}
static constexpr auto makers = makersOf(std::make_index_sequence<kInstructionCount>());

template <class P> static std::optional<Instruction> makeWhere(P &&matches) {
  for (size_t i = 0; i < kInstructionCount; ++i)
    if (matches(kInstructions[i]))
      return makers[i]();
  return std::nullopt;
}

std::optional<Instruction> cimc::program::makeInstruction(uint8_t opcode) {
  return makeWhere([&](const InstructionInfo &info) { return info.opcode == opcode; });
}

std::optional<Instruction> cimc::program::makeInstruction(std::string_view mnemonic) {
  return makeWhere([&](const InstructionInfo &info) { return info.mnemonic == mnemonic; });
}
