//===- OutputConverters.cpp - Converters that differ -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "cimc/Devices/OutputConverters.h"

#include "cimc/Devices/Random.h"

#include <algorithm>

namespace cimc::devices {

OutputConverters drawConverters(const target::Array &array, const ConverterKey &key,
                                uint32_t count) {
  OutputConverters converters{std::vector<float>(count, 1.0f), {}};
  uint64_t number = uint64_t{key.core} << 32 | key.array;
  std::vector<double> normals(count);
  auto draw = [&](Purpose purpose) {
    RandomStream(key.seed, purpose, number, key.rows).normals(normals, key.first);
  };
  if (array.outputGainDeviation > 0) {
    draw(Purpose::ConverterGain);
    std::ranges::transform(normals, converters.gain.begin(), [&](double normal) {
      return static_cast<float>(std::max(kLeastGain, 1 + array.outputGainDeviation * normal));
    });
  }
  if (array.outputOffsetDeviation > 0) {
    draw(Purpose::ConverterOffset);
    for (double normal : normals)
      converters.offset.push_back(static_cast<float>(array.outputOffsetDeviation * normal));
  }
  return converters;
}

} // namespace cimc::devices
