//===- ValidatorRows.h - Which rows a core's memory holds -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A core's memory as the replay sees it: for every slot of every ring the number of the row in it.
// A write into a buffer also destroys the rows of other buffers at the same addresses.
//
// Buffers that one block fills before it reads them, firing by firing (scratch), need no watching,
// unless that block also writes another buffer at the same addresses.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_PROGRAM_VALIDATORROWS_H
#define CIMC_LIB_PROGRAM_VALIDATORROWS_H

#include "ValidatorAccess.h"

namespace cimc::program {

/// An access in the form that the replay runs.
struct RowUse {
  RowUse(const Access &access, uint32_t bufferRows);

  Mode mode;
  uint32_t buffer, rows; ///< and how many slots it has
  uint32_t mul, div;
  int32_t add;
  bool isWindow, crosses;
  uint32_t kernel = 1, dilation = 1, height = 0; ///< of a window
  int64_t begin, end;                            ///< as in Access
  bool moves;
  std::array<int32_t, 4> turns; ///< as in Access
  std::array<int64_t, 4> steps;

  bool writes() const { return mode != Mode::Read; }
  bool reads() const { return mode != Mode::Write; }
  int64_t moved(uint64_t r) const { return moves ? moveAt(turns, steps, r) : 0; }
  int64_t row(uint64_t r) const { return rowAt(mul, div, add, r); }
  uint32_t slot(int64_t row) const { return rows == 1 ? 0 : static_cast<uint32_t>(row % rows); }
};

/// The rows in one core's memory.
class RowTracker {
public:
  /// A row that is missing, and what is in its slot instead.
  struct Missing {
    int64_t row, found;
    uint64_t epoch = 0; ///< kLost: in which the row was written
  };
  static constexpr int64_t kNothing = -1;     ///< not yet written
  static constexpr int64_t kOverwritten = -2; ///< by another buffer at the same address
  static constexpr int64_t kLost = -3;        ///< at the end of an epoch of the chip

  /// `loses`: what was written in one epoch of the chip is lost in the next.
  RowTracker(const Program &program, const Core &core, bool loses);

  /// The first row that the operand needs in firing `r` and that is not there.
  std::optional<Missing> findMissing(const RowUse &use, uint64_t r) const;
  /// Notes what the operand writes in firing `r`.
  void write(const RowUse &use, uint64_t r);
  void endEpoch() { ++epoch; }

private:
  struct Ring {
    int64_t address = 0, rowBytes = 0;
    bool watched = false;
    std::vector<int64_t> slots;    ///< if watched
    std::vector<uint32_t> epochs;  ///< of the slots: when they were written, if rows can be lost
    std::vector<uint32_t> sharers; ///< watched buffers at the same addresses
  };

  std::optional<Missing> missingRow(const RowUse &use, int64_t row) const;
  void destroy(const Ring &writer, int64_t begin, int64_t end);

  std::vector<Ring> rings;
  uint32_t epoch = 0;
};

} // namespace cimc::program

#endif // CIMC_LIB_PROGRAM_VALIDATORROWS_H
