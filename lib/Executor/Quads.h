//===- Quads.h - Weights in groups of four ----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the kernels of AVX-512 VNNI share: the order of the packed weights, and the instructions.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_QUADS_H
#define CIMC_LIB_EXECUTOR_QUADS_H

#include "MatrixKernels.h"

#define CIMC_QUADS __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

namespace cimc::executor {

inline constexpr size_t kGroup = 4; ///< rows of a group
inline constexpr size_t kGroupBytes = kBlockCols * kGroup;

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_QUADS_H
