//===- ValidatorAccess.h - What an instruction reads and writes -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one description of the memory that each instruction touches. Bounds, alignment, aliasing, the
// replay of rows and the ranges of sums are all checked over these accesses, so they cannot
// disagree about an instruction.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_PROGRAM_VALIDATORACCESS_H
#define CIMC_LIB_PROGRAM_VALIDATORACCESS_H

#include "cimc/Program/Program.h"

namespace cimc::program {

enum class Mode : uint8_t {
  Read,
  Write,
  Update, ///< reads what is there and writes it anew
};

/// One operand of an instruction in memory.
struct Access {
  std::string_view field;
  Mode mode = Mode::Read;
  const Row *row = nullptr; ///< exactly one of row and window is set
  const Window *window = nullptr;
  Format format = Format::I8;
  /// Bytes from the start of the row, the operand's offset included; the smallest range that holds
  /// all elements. Saturates far beyond any buffer.
  int64_t begin = 0, end = 0;
  /// The odometer that moves the operand's start from firing to firing, and what its digits move
  /// it by, in bytes; see moveAt.
  std::array<int32_t, 4> turns{1, 1, 1, 1};
  std::array<int64_t, 4> steps{};
  std::array<int32_t, 4> dims{1, 1, 1, 1}, strides{}; ///< iteration space and element strides
  bool crossesRows = false; ///< may leave its row, where the row number is constant

  uint32_t buffer() const { return row ? row->buffer : window->buffer; }
  uint32_t mul() const { return row ? row->mul : window->mul; }
  uint32_t div() const { return row ? row->div : window->div; }
  int32_t add() const { return row ? row->add : window->add; }
  bool writes() const { return mode != Mode::Read; }
  bool reads() const { return mode != Mode::Write; }
  bool moves() const { return steps != std::array<int64_t, 4>{}; }
  /// Do all of its elements lie next to each other?
  bool dense() const;
};

/// The accesses of a data instruction, in the order of its fields. Requires: the tile of a read
/// exists.
std::vector<Access> accessesOf(const Program &program, const Instruction &instruction);

/// floor(r * mul / div) + add. Requires: div > 0 and r at most kMaxFirings.
inline int64_t rowAt(uint32_t mul, uint32_t div, int32_t add, uint64_t r) {
  uint64_t product = r * mul;
  return static_cast<int64_t>(div == 1 ? product : product / div) + add;
}

/// a * b, no further from zero than 2^60.
int64_t saturatingProduct(int64_t a, int64_t b);

} // namespace cimc::program

#endif // CIMC_LIB_PROGRAM_VALIDATORACCESS_H
