//===- Instructions.h - The instruction set as plain structs ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One struct per instruction, made at build time from the one source of the instruction set
// (include/cimc/Dialect/CimIsa/IR/CimIsaOps.td) by utils/gen_isa.py. The numbers of enums and
// opcodes are the encoding.
//
// For every instruction and composite operand T there are
//   T::kOpcode, T::kMnemonic, T::kUnit     (instructions only)
//   visitFields([const] T &, visit)        calls visit(std::string_view name, [const] Member &) for
//                                          each field in order of encoding, with the name of the
//                                          source (`kernel_h`, where the member is kernelH)
//   tieFields(const T &)                   a tuple of references to the members in that order
// so that whatever handles instructions is written once, over fields. A member is a uint32_t,
// int32_t, float, bool, std::array<int32_t, 4>, an enum (EnumTraits lists its cases) or a composite
// (Row, Window).
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PROGRAM_INSTRUCTIONS_H
#define CIMC_PROGRAM_INSTRUCTIONS_H

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace cimc::program {

/// `name` and `cases` (value, name) of an enum of the instruction set.
template <class E> struct EnumTraits;

#include "cimc/Program/Instructions.inc"

/// An enum of the instruction set.
template <class T>
concept InstructionEnum = requires { EnumTraits<std::remove_cv_t<T>>::cases; };

/// A composite operand.
template <class T>
concept Composite =
    std::same_as<std::remove_cv_t<T>, Row> || std::same_as<std::remove_cv_t<T>, Window>;

/// The name of an enum's case, or "?" for a number that is no case.
template <InstructionEnum E> constexpr std::string_view toString(E value) {
  for (auto [known, name] : EnumTraits<E>::cases)
    if (known == value)
      return name;
  return "?";
}

/// The case with that number, if there is one.
template <InstructionEnum E> constexpr std::optional<E> toEnum(uint32_t number) {
  for (auto [known, name] : EnumTraits<E>::cases)
    if (static_cast<uint32_t>(known) == number)
      return known;
  return std::nullopt;
}

/// What is known of an instruction without its fields.
struct InstructionInfo {
  uint8_t opcode;
  std::string_view mnemonic;
  Unit unit;
};

inline constexpr size_t kInstructionCount = std::variant_size_v<Instruction>;

namespace detail {
template <size_t... I>
constexpr std::array<InstructionInfo, sizeof...(I)> infos(std::index_sequence<I...>) {
  return {{{std::variant_alternative_t<I, Instruction>::kOpcode,
            std::variant_alternative_t<I, Instruction>::kMnemonic,
            std::variant_alternative_t<I, Instruction>::kUnit}...}};
}
} // namespace detail

/// Indexed like the alternatives of Instruction.
inline constexpr std::array<InstructionInfo, kInstructionCount> kInstructions =
    detail::infos(std::make_index_sequence<kInstructionCount>());

inline const InstructionInfo &infoOf(const Instruction &instruction) {
  return kInstructions[instruction.index()];
}
inline std::string_view mnemonicOf(const Instruction &instruction) {
  return infoOf(instruction).mnemonic;
}
inline Unit unitOf(const Instruction &instruction) { return infoOf(instruction).unit; }
inline std::string_view toString(Unit unit) { return kUnitNames[static_cast<size_t>(unit)]; }

/// What a counter that turns `turns` as an odometer, the last entry fastest, moves by at `counter`:
/// the sum of its digits times `steps`. Requires: turns are at least 1.
inline int64_t moveAt(const std::array<int32_t, 4> &turns, const std::array<int64_t, 4> &steps,
                      uint64_t counter) {
  int64_t moved = 0;
  for (size_t i = 4; i-- > 0;) {
    auto turn = static_cast<uint64_t>(turns[i]);
    moved += static_cast<int64_t>(counter % turn) * steps[i];
    counter /= turn;
  }
  return moved;
}

/// Where a window starts in its row: the position that output position 0 and kernel column 0 see,
/// negative in the padding, and the first element of a position.
inline int64_t firstColumnOf(const Window &window) {
  return int64_t{window.channel / window.pitch} - int64_t{window.padLeft};
}
inline uint32_t firstElementOf(const Window &window) { return window.channel % window.pitch; }

/// An instruction with all fields zero, by its opcode or its mnemonic; nothing if there is none.
std::optional<Instruction> makeInstruction(uint8_t opcode);
std::optional<Instruction> makeInstruction(std::string_view mnemonic);

} // namespace cimc::program

#endif // CIMC_PROGRAM_INSTRUCTIONS_H
