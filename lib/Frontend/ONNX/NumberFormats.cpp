//===- NumberFormats.cpp - ONNX's element types ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One table row per element type, one per short float format.
//
//===--------------------------------------------------------------------------===//

#include "NumberFormats.h"

#include <cmath>
#include <limits>

namespace cimc::frontend {

namespace {
enum class Family : uint8_t { Float, Signed, Unsigned, Truth };

struct KindInfo {
  size_t size;
  unsigned bits;
  Family family;
  const char *name;
  int onnxType;
};

/// In the order of ElementKind.
constexpr KindInfo kinds[] = {{4, 32, Family::Float, "float", 1},
                              {8, 64, Family::Float, "double", 11},
                              {1, 8, Family::Signed, "int8", 3},
                              {1, 8, Family::Unsigned, "uint8", 2},
                              {4, 32, Family::Signed, "int32", 6},
                              {8, 64, Family::Signed, "int64", 7},
                              {1, 8, Family::Truth, "bool", 9},
                              {4, 16, Family::Float, "float16", 10},
                              {4, 16, Family::Float, "bfloat16", 16},
                              {4, 8, Family::Float, "float8e4m3fn", 17},
                              {4, 8, Family::Float, "float8e4m3fnuz", 18},
                              {4, 8, Family::Float, "float8e5m2", 19},
                              {4, 8, Family::Float, "float8e5m2fnuz", 20},
                              {4, 8, Family::Float, "float8e8m0", 24},
                              {4, 4, Family::Float, "float4e2m1", 23},
                              {2, 16, Family::Signed, "int16", 5},
                              {2, 16, Family::Unsigned, "uint16", 4},
                              {4, 32, Family::Unsigned, "uint32", 12},
                              {8, 64, Family::Unsigned, "uint64", 13},
                              {1, 4, Family::Signed, "int4", 22},
                              {1, 4, Family::Unsigned, "uint4", 21},
                              {1, 2, Family::Signed, "int2", 26},
                              {1, 2, Family::Unsigned, "uint2", 25}};

struct ShortFloatRow {
  ElementKind kind;
  ShortFloat format;
};
constexpr ShortFloatRow shortFloats[] = {
    {ElementKind::F16, {5, 10, -14, 65504.0, true, true}},
    {ElementKind::BF16, {8, 7, -126, 3.3895313892515355e38, true, true}},
    {ElementKind::F8E4M3FN, {4, 3, -6, 448.0, false, true}},
    {ElementKind::F8E4M3FNUZ, {4, 3, -7, 240.0, false, false}},
    {ElementKind::F8E5M2, {5, 2, -14, 57344.0, true, true}},
    {ElementKind::F8E5M2FNUZ, {5, 2, -15, 57344.0, false, false}},
    {ElementKind::F4E2M1, {2, 1, 0, 6.0, false, true}}};

const KindInfo &info(ElementKind kind) { return kinds[static_cast<size_t>(kind)]; }
} // namespace

size_t elementSize(ElementKind kind) { return info(kind).size; }
unsigned fileBits(ElementKind kind) { return info(kind).bits; }
const char *elementName(ElementKind kind) { return info(kind).name; }
bool isFloat(ElementKind kind) { return info(kind).family == Family::Float; }
bool isUnsigned(ElementKind kind) { return info(kind).family == Family::Unsigned; }

std::optional<ElementKind> kindOfOnnxType(int64_t number) {
  for (size_t i = 0; i < std::size(kinds); ++i)
    if (kinds[i].onnxType == number)
      return static_cast<ElementKind>(i);
  return std::nullopt;
}

ElementKind graphKind(ElementKind kind) {
  bool plain = kind == ElementKind::F16 || kind == ElementKind::BF16 || kind == ElementKind::F64;
  return plain ? ElementKind::F32 : kind;
}

const ShortFloat *shortFloat(ElementKind kind) {
  for (const ShortFloatRow &row : shortFloats)
    if (row.kind == kind)
      return &row.format;
  return nullptr;
}

float decodeShortFloat(ElementKind kind, uint32_t bits) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  if (kind == ElementKind::F8E8M0)
    return bits == 0xff ? nan : std::ldexp(1.0f, static_cast<int>(bits) - 127);
  const ShortFloat &format = *shortFloat(kind);
  int width = format.exponentBits + format.mantissaBits;
  uint32_t mantissa = bits & ((1u << format.mantissaBits) - 1);
  int exponent = static_cast<int>(bits >> format.mantissaBits) & ((1 << format.exponentBits) - 1);
  bool negative = (bits >> width) & 1;
  bool lastExponent = exponent == (1 << format.exponentBits) - 1;
  // Formats without a negative zero use its place for NaN.
  if (!format.hasNegativeZero && negative && exponent == 0 && mantissa == 0)
    return nan;
  if (format.hasInfinity && lastExponent)
    return mantissa ? nan : negative ? -INFINITY : INFINITY;
  int place = (exponent == 0 ? 0 : exponent - 1) + format.lowestExponent - format.mantissaBits;
  float significand = static_cast<float>(mantissa + (exponent ? 1u << format.mantissaBits : 0u));
  float value = std::ldexp(significand, place);
  if (value > format.largest)
    return nan; // the last code of formats without infinity
  return negative ? -value : value;
}

static double roundToPowerOfTwo(double value) {
  if (std::isnan(value))
    return value;
  double lowest = std::ldexp(1.0, -127), largest = std::ldexp(1.0, 127);
  if (!(value > lowest))
    return lowest;
  return value >= largest ? largest : std::exp2(std::ceil(std::log2(value)));
}

double roundToKind(ElementKind kind, double value, bool saturate) {
  if (kind == ElementKind::F8E8M0)
    return roundToPowerOfTwo(value);
  const ShortFloat *format = shortFloat(kind);
  if (!format || graphKind(kind) == ElementKind::F32)
    return value;
  // The four-bit format has no code but numbers.
  if (kind == ElementKind::F4E2M1 && std::isnan(value))
    return 0;
  if (std::isnan(value) || value == 0)
    return value;
  double magnitude = std::fabs(value);
  if (!std::isinf(value)) {
    int exponent = std::max(std::ilogb(value), format->lowestExponent);
    double place = std::ldexp(1.0, exponent - format->mantissaBits);
    magnitude = std::nearbyint(magnitude / place) * place;
  }
  if (magnitude > format->largest)
    magnitude = saturate || kind == ElementKind::F4E2M1 ? format->largest
                : format->hasInfinity                   ? INFINITY
                                                        : NAN;
  return std::copysign(magnitude, value);
}

int64_t wrapToKind(ElementKind kind, int64_t value) {
  if (kind == ElementKind::Bool)
    return value != 0;
  unsigned unused = 64 - fileBits(kind);
  uint64_t high = static_cast<uint64_t>(value) << unused;
  return isUnsigned(kind) ? static_cast<int64_t>(high >> unused)
                          : static_cast<int64_t>(high) >> unused;
}

} // namespace cimc::frontend
