//===- NumberFormats.h - ONNX's element types ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The element types of ONNX tensors, how their values are stored in files and on the host, and how
// numbers are rounded to the short float formats. Bytes are IEEE 754 and OCP formats as ONNX's
// specification of float8, float4 and e8m0 lists them.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_FRONTEND_ONNX_NUMBERFORMATS_H
#define CIMC_LIB_FRONTEND_ONNX_NUMBERFORMATS_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cimc::frontend {

/// Element types that the importer knows. All floats are computed in f32 at the entry level. On the
/// host F64 is stored as double and every other float as float; integers below 8 bits are stored as
/// bytes.
enum class ElementKind : uint8_t {
  F32,
  F64,
  I8,
  U8,
  I32,
  I64,
  Bool,
  F16,
  BF16,
  F8E4M3FN,
  F8E4M3FNUZ,
  F8E5M2,
  F8E5M2FNUZ,
  F8E8M0,
  F4E2M1,
  I16,
  U16,
  U32,
  U64,
  I4,
  U4,
  I2,
  U2
};

/// Bytes of one element on the host.
size_t elementSize(ElementKind kind);
/// Bits of one element in a file; elements below 8 bits are packed, the first in the low bits.
unsigned fileBits(ElementKind kind);
/// The name ONNX gives to the type, for messages.
const char *elementName(ElementKind kind);
/// The type that ONNX numbers `number` (TensorProto.DataType), if the importer knows it.
std::optional<ElementKind> kindOfOnnxType(int64_t number);

bool isFloat(ElementKind kind);
/// Integers without a sign, also those below 8 bits; not Bool.
bool isUnsigned(ElementKind kind);
/// Any integer, signed or not; not Bool.
inline bool isInteger(ElementKind kind) { return !isFloat(kind) && kind != ElementKind::Bool; }
/// The kind under which values take part in the graph: half, bfloat16 and double are floats that
/// happen to be stored otherwise.
ElementKind graphKind(ElementKind kind);

/// A float format of at most 16 bits. A number's last place is 2^(exponent - mantissaBits), with
/// exponents from `lowestExponent` on.
struct ShortFloat {
  int exponentBits, mantissaBits, lowestExponent;
  double largest;
  bool hasInfinity, hasNegativeZero;
};

/// The format of F16, BF16, and the float8 and float4 types but e8m0; null for others.
const ShortFloat *shortFloat(ElementKind kind);

/// The number that `bits` mean in a short format or e8m0.
float decodeShortFloat(ElementKind kind, uint32_t bits);

/// Rounds half to even to a number of `kind`. Beyond the largest number the result is that number
/// if `saturate`, otherwise infinity, or NaN where the format has no infinity. Kinds other than
/// the float8 and float4 types keep the value; e8m0 rounds up to a power of two.
double roundToKind(ElementKind kind, double value, bool saturate);

/// Wraps an integer into the range of `kind`, as two's complement does.
int64_t wrapToKind(ElementKind kind, int64_t value);

} // namespace cimc::frontend

#endif // CIMC_LIB_FRONTEND_ONNX_NUMBERFORMATS_H
