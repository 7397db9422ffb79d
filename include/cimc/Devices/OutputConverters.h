//===- OutputConverters.h - Converters that differ ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The output converters of an array are made as well as can be, and still differ in gain and
// offset. Each is drawn once from the seed, like a cell, and serves all tiles in its column.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DEVICES_OUTPUTCONVERTERS_H
#define CIMC_DEVICES_OUTPUTCONVERTERS_H

#include "cimc/Target/Target.h"

#include <vector>

namespace cimc::devices {

/// A converter makes `code = round(clamp(sum / step * gain + offset))` of a sum.
struct OutputConverters {
  std::vector<float> gain;   ///< 1 where there is no deviation, at least kLeastGain
  std::vector<float> offset; ///< in codes; empty if there is none
};

/// Where a normal number would leave less, a converter does not work at all.
inline constexpr double kLeastGain = 1.0 / 64;

/// What converters are drawn for: array `array` of core `core` of the machine, its columns from
/// `first` on or, for `rows` (transposed reads, which have converters of their own), its rows.
struct ConverterKey {
  uint64_t seed = 0;
  uint32_t core = 0, array = 0;
  bool rows = false;
  uint32_t first = 0;
};

/// `count` converters: gain 1 + output_gain_deviation * N, offset output_offset_deviation * N, with
/// normal numbers of their own.
OutputConverters drawConverters(const target::Array &array, const ConverterKey &key,
                                uint32_t count);

} // namespace cimc::devices

#endif // CIMC_DEVICES_OUTPUTCONVERTERS_H
