//===- Instructions.cpp - Instructions by opcode and name ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constructors of the alternatives of Instruction, in one table that the variant itself fills.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Program/Instructions.h"

#include "cimc/Program/Program.h"

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

std::vector<int8_t> cimc::program::transposedWeights(Segment segment, const Tile &tile) {
  std::vector<int8_t> weights(size_t{tile.rows} * tile.cols);
  for (size_t row = 0; row < tile.rows; ++row)
    for (size_t col = 0; col < tile.cols; ++col)
      weights[col * tile.rows + row] =
          static_cast<int8_t>(segment[tile.offset + row * tile.pitch + col]);
  return weights;
}

std::optional<Instruction> cimc::program::makeInstruction(uint8_t opcode) {
  return makeWhere([&](const InstructionInfo &info) { return info.opcode == opcode; });
}

std::optional<Instruction> cimc::program::makeInstruction(std::string_view mnemonic) {
  return makeWhere([&](const InstructionInfo &info) { return info.mnemonic == mnemonic; });
}
