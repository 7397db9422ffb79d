//===- Vectorize.h - Functions compiled for several processors ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef CIMC_SUPPORT_VECTORIZE_H
#define CIMC_SUPPORT_VECTORIZE_H

/// Compiles a function once more for wide vectors and chooses at run time. The results are the
/// same: nothing is fused or reordered.
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) &&                          \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define CIMC_VECTORIZE __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define CIMC_VECTORIZE
#endif

/// Before a loop: what it writes is not what it reads elsewhere, so that no code has to find out.
#if defined(__clang__)
#define CIMC_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define CIMC_INDEPENDENT _Pragma("GCC ivdep")
#else
#define CIMC_INDEPENDENT
#endif

#endif // CIMC_SUPPORT_VECTORIZE_H
