//===- Converters.cpp - How a read of an array becomes numbers --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "cimc/Target/Converters.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace cimc::target {
namespace {

using Drive = std::array<int8_t, 256>;

/// The input that the converter makes of `x`: the upper bits of 8, ties to even. Of 8 bits, all
/// numbers reach the row: where the coding has no -128, the compiler has two passes drive it.
int driven(const Array &array, int x) {
  int unit = 1 << (8 - std::clamp<uint32_t>(array.inputBits, 2, 8)), levels = 128 / unit;
  bool hasLowest = array.inputCoding == InputCoding::TwosComplement || unit == 1;
  int code = static_cast<int>(std::nearbyint(static_cast<float>(x) / static_cast<float>(unit)));
  return std::clamp(code, hasLowest ? -levels : 1 - levels, levels - 1) * unit;
}

/// Bit `bit` of the input on its row. Sign and magnitude drive rows in both directions; in two's
/// complement only the highest bit is negative.
int planeOf(const Array &array, int input, uint32_t bit) {
  if (array.inputCoding == InputCoding::TwosComplement)
    return ((input >> bit) & 1) * (bit == 7 ? -1 : 1);
  return ((std::abs(input) >> bit) & 1) * (input < 0 ? -1 : 1);
}

/// The drives before phases take signs apart, each with its shift.
std::vector<Conversion> wholeDrives(const Array &array) {
  bool serial = array.inputConverter == InputConverter::BitSerial;
  std::vector<Conversion> result(serial ? 8 : 1);
  for (uint32_t bit = 0; bit < result.size(); ++bit) {
    result[bit].shift = bit;
    for (int x = -128; x < 128; ++x) {
      int input = driven(array, x);
      result[bit].drive[static_cast<size_t>(x + 128)] =
          static_cast<int8_t>(serial ? planeOf(array, input, bit) : input);
    }
  }
  return result;
}

Drive onlySign(const Drive &drive, bool positive) {
  Drive part;
  std::ranges::transform(drive, part.begin(), [&](int8_t value) {
    return positive ? std::max<int8_t>(value, 0) : std::min<int8_t>(value, 0);
  });
  return part;
}
} // namespace

std::vector<Conversion> conversionsOf(const Array &array) {
  bool inputsApart = array.readPhases == 2 || array.readPhases == 4;
  bool weightsApart = array.readPhases == 4;
  std::vector<Conversion> result;
  auto add = [&](const Drive &drive, uint32_t shift) {
    if (std::ranges::all_of(drive, [](int8_t value) { return value == 0; }))
      return;
    if (!weightsApart)
      return result.push_back({drive, WeightPart::All, shift});
    result.push_back({drive, WeightPart::Positive, shift});
    result.push_back({drive, WeightPart::Negative, shift});
  };
  for (const Conversion &whole : wholeDrives(array)) {
    if (!inputsApart) {
      add(whole.drive, whole.shift);
      continue;
    }
    add(onlySign(whole.drive, true), whole.shift);
    add(onlySign(whole.drive, false), whole.shift);
  }
  return result;
}

int32_t codeLimit(const Array &array) { return (int32_t{1} << array.outputBits) - 1; }

int64_t columnBound(const std::vector<Conversion> &conversions, int64_t positive,
                    int64_t negative) {
  int64_t bound = 0;
  for (const Conversion &conversion : conversions) {
    auto [low, high] = std::ranges::minmax(conversion.drive);
    int64_t up = conversion.weights == WeightPart::Negative ? 0 : positive;
    int64_t down = conversion.weights == WeightPart::Positive ? 0 : negative;
    bound = std::max({bound, high * up - low * down, high * down - low * up});
  }
  return bound;
}

std::vector<int64_t> columnBounds(const Array &array, const int8_t *weights, uint64_t rows,
                                  uint64_t cols, uint64_t pitch) {
  std::vector<int64_t> positive(cols), negative(cols);
  for (uint64_t row = 0; row < rows; ++row)
    for (uint64_t col = 0; col < cols; ++col) {
      int weight = weights[row * pitch + col];
      positive[col] += std::max(weight, 0);
      negative[col] += std::max(-weight, 0);
    }
  std::vector<Conversion> conversions = conversionsOf(array);
  for (uint64_t col = 0; col < cols; ++col)
    positive[col] = columnBound(conversions, positive[col], negative[col]);
  return positive;
}

float stepFor(const Array &array, double bound) {
  return static_cast<float>(std::max(1.0, bound / codeLimit(array)));
}

} // namespace cimc::target
