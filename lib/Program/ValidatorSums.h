//===- ValidatorSums.h - How large 32-bit sums can get --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs of arrays are 8-bit integers, so a column's sum is at most 128 times the sum of its
// weights' magnitudes. The replay follows these bounds through accumulation and partial sums from
// other cores. A bias may be any number: it is added modulo 2^32 by definition, so that the share
// of an input's zero point can be folded into it. A bound belongs to a stretch of a slot of a
// buffer; the stretches are cut where operands begin and end. An infinite bound means any 32-bit
// value, for example integers from the host.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_PROGRAM_VALIDATORSUMS_H
#define CIMC_LIB_PROGRAM_VALIDATORSUMS_H

#include "ValidatorRows.h"
#include "cimc/Support/Result.h"

#include <limits>

namespace cimc::program {

inline constexpr double kAnyValue = std::numeric_limits<double>::infinity();

/// What an instruction does to bounds. Operands are numbers of its accesses.
struct SumRule {
  enum class Kind : uint8_t {
    None,     ///< touches no 32-bit integers
    Unknown,  ///< writes something that has no bound
    Constant, ///< factor
    Scale,    ///< factor * a
    Add,      ///< a + b
    Multiply, ///< a * b
    Max,      ///< max(a, b)
    Bias,     ///< writes nothing of interest; a's bound must be known, the bias wraps
    Send,     ///< a goes into a channel
    Receive,  ///< comes from a channel
  };
  Kind kind = Kind::None;
  double factor = 0;
  bool accumulate = false; ///< adds to what is there (Max: takes part)
  bool mustBeKnown = false;
  std::optional<uint32_t> a{}, b{}, dst{};
};

/// The rule of an instruction.
SumRule sumRuleOf(const Program &program, const Core &core, const Instruction &instruction);

/// The bounds of what lies in one core's memory.
class SumTracker {
public:
  /// `budget` is how many stretches may still be told apart; beyond it a row is one stretch.
  SumTracker(const Program &program, const Core &core, uint64_t &budget);

  /// A use's stretches in its buffer.
  struct Stretch {
    uint32_t first = 0, last = 0; ///< [first, last)
    bool dense = false;
    std::optional<double> constant; ///< bound, if the buffer is constant
  };
  Stretch stretchOf(const Access &access) const;
  /// Does any instruction of the core take integers of 32 bits from this buffer or put them there?
  bool holdsSums(uint32_t buffer) const { return !cuts[buffer].empty(); }

  double get(const RowUse &use, const Stretch &stretch, uint64_t r) const;
  /// `firing` numbers the core's firings; the first write of a firing replaces what was there.
  void set(const RowUse &use, const Stretch &stretch, uint64_t r, double bound, uint64_t firing);

private:
  struct Cell {
    double bound = 0;
    uint64_t firing = UINT64_MAX;
  };
  void collectCuts(uint64_t &budget);
  double constantBound(const Access &access) const;

  const Program &program;
  const Core &core;
  std::vector<std::vector<int64_t>>
      cuts; ///< by buffer: where stretches begin and end; empty if it holds no sums
  std::vector<std::vector<Cell>> cells; ///< by buffer: slot-major
};

} // namespace cimc::program

#endif // CIMC_LIB_PROGRAM_VALIDATORSUMS_H
