//===- RandomProgram.h - Well-formed programs from a seed ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs whose every field is drawn from a seeded generator. They are well formed (they can be
// written and read) and make no sense: no validator would let them run. Numbers come from the edges
// of their range as often as from inside.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_UNITTESTS_PROGRAM_RANDOMPROGRAM_H
#define CIMC_UNITTESTS_PROGRAM_RANDOMPROGRAM_H

#include "cimc/Program/Program.h"

#include <random>

namespace cimc::program::testing {

/// Draws values; std::mt19937_64 gives the same numbers everywhere.
class Generator {
public:
  explicit Generator(uint64_t seed) : engine(seed) {}

  uint64_t below(uint64_t bound) { return engine() % bound; }
  uint32_t number();
  std::string name();

  /// Fills a field of an instruction.
  template <class T> void operator()(std::string_view, T &value) {
    if constexpr (std::same_as<T, uint32_t>)
      value = number();
    else if constexpr (std::same_as<T, int32_t>)
      value = static_cast<int32_t>(number());
    else if constexpr (std::same_as<T, float>)
      value = (static_cast<float>(below(1u << 24)) - 8388608.0f) / 4096.0f;
    else if constexpr (std::same_as<T, bool>)
      value = below(2) != 0;
    else if constexpr (InstructionEnum<T>)
      value = EnumTraits<T>::cases[below(EnumTraits<T>::cases.size())].first;
    else if constexpr (Composite<T>)
      visitFields(value, *this);
    else
      for (int32_t &element : value)
        element = static_cast<int32_t>(number());
  }

  Instruction instruction(size_t index);
  std::vector<Instruction> code(size_t maxCount);
  /// At most `size` of everything.
  Program program(size_t size);

private:
  Core core(size_t size);
  Stream stream(size_t size);
  std::mt19937_64 engine;
};

/// Whether all tables and the bytes of all segments are equal.
bool equal(const Program &a, const Program &b);

} // namespace cimc::program::testing

#endif // CIMC_UNITTESTS_PROGRAM_RANDOMPROGRAM_H
