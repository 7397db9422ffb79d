//===- Gather.h - Windows as dense vectors ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns a slice of the flattened windows of 8-bit integers into vectors for a matrix product. The
// slice is cut into spans, runs of bytes that are neighbours in memory for every position; padding
// is what of a span lies outside its row.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_GATHER_H
#define CIMC_LIB_EXECUTOR_GATHER_H

#include "Operation.h"

namespace cimc::executor {

/// A run of bytes of the window within one kernel row.
struct Span {
  uint32_t kernelRow = 0;
  int64_t source = 0;  ///< from the position's first byte (left padding included) to the span's
  uint32_t target = 0; ///< place in the vector
  uint32_t bytes = 0;
};

/// Elements `first` to `first + count - 1` of the flattened window.
class Gatherer {
public:
  Gatherer() = default;
  Gatherer(const WindowOperand &operand, uint32_t first, uint32_t count);

  /// Bytes from one vector to the next in the target of `gather`.
  size_t vectorPitch() const { return pitch; }

  /// Sets `vectors[i]` for the positions `position` to `position + count - 1` of sample `sample`;
  /// `target` has room for `count` vectors and kSlack bytes. A vector that stands in memory as it
  /// is needed is not copied.
  void gather(const Frame &frame, uint32_t sample, uint32_t position, uint32_t count,
              std::byte *target, const int8_t **vectors) const;

private:
  void copySpan(const Span &span, const std::byte *row, uint32_t position, uint32_t count,
                std::byte *target) const;

  WindowOperand operand;
  std::vector<Span> spans;
  size_t pitch = 0;
  int64_t step = 0;      ///< bytes between positions
  int64_t lineBytes = 0; ///< of a row's positions
  bool direct = false;   ///< one span that never needs padding at the sides
};

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_GATHER_H
