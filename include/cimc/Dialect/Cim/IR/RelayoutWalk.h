//===- RelayoutWalk.h - How a relayout goes over its input ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A relayout as loops over the elements of its input: those that lead from one row of the result to
// the next, and those within a row. From these follow the rows of the input that a firing needs and
// the copies that make a row.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DIALECT_CIM_IR_RELAYOUTWALK_H
#define CIMC_DIALECT_CIM_IR_RELAYOUTWALK_H

#include "cimc/Dialect/Cim/IR/Cim.h"

#include <optional>

namespace cimc::cim {

/// A loop of a relayout; `src` and `dst` are the elements that one turn moves on in the input and
/// in the result, both taken as a whole in C order. A `src` of 0 repeats.
struct WalkLoop {
  int64_t size, src, dst;
};

/// Drops loops of size 1 and merges neighbours that are contiguous on both sides.
llvm::SmallVector<WalkLoop> simplifyLoops(llvm::ArrayRef<WalkLoop> loops);

struct RelayoutWalk {
  llvm::SmallVector<WalkLoop> outer; ///< from row to row of the result, outermost first
  llvm::SmallVector<WalkLoop> inner; ///< within a row of the result
  /// Whether a firing reads only the rows of `rows`, which move on with it. Then `rowLoops` are the
  /// inner loops over rows of the input (`src` in rows), `inner` those within a row, and `outer`
  /// does not lead from row to row of the input. Else the firing needs the whole input.
  bool streamed = false;
  llvm::SmallVector<WalkLoop> rowLoops;
  mapping::RowMap rows;
};

/// The walk of a relayout. None if a row of the result ends within a repeated or permuted dimension
/// of the input.
std::optional<RelayoutWalk> walkRelayout(RelayoutOp op);

} // namespace cimc::cim

#endif // CIMC_DIALECT_CIM_IR_RELAYOUTWALK_H
