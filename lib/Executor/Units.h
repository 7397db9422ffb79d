//===- Units.h - Quantities as people read them ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers in a unit that suits their size, and never a zero for something that was used.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_UNITS_H
#define CIMC_LIB_EXECUTOR_UNITS_H

#include <cstdint>
#include <string>

namespace cimc::executor::units {

std::string time(double ns);       ///< `1.520 us`
std::string energy(double pj);     ///< `64.40 uJ`
std::string power(double mw);      ///< `1.240 W`
std::string bytes(uint64_t count); ///< `62976 B`, `1.234 MB` from 100 kB on
std::string percent(double share); ///< of a share of 1: `57.1 %`
std::string number(double value);  ///< four digits
std::string count(uint64_t value); ///< `12 345 678`, with narrow spaces as UTF-8

/// A quantity with its `u` for micro as a proper mu, in UTF-8.
std::string withMu(std::string text);

} // namespace cimc::executor::units

#endif // CIMC_LIB_EXECUTOR_UNITS_H
