//===- ReadCost.h - Time and energy of reads and of writing weights -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What multiplies is a crossbar or an engine; this is all that the timing engine knows about the
// difference.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_READCOST_H
#define CIMC_LIB_EXECUTOR_READCOST_H

#include "cimc/Program/Program.h"

namespace cimc::executor::timing {

struct Cost {
  double ns = 0, pj = 0;
};

/// One `read` of a tile.
Cost readCost(const target::Core &core, const program::Tile &tile, const program::Read &read);

/// Writing a tile's weights once.
Cost programmingCost(const target::Core &core, const program::Tile &tile);

} // namespace cimc::executor::timing

#endif // CIMC_LIB_EXECUTOR_READCOST_H
