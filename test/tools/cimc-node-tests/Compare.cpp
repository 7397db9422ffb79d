//===- Compare.cpp - Results against what they must be ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tolerances are those of ONNX's own runner (numpy's assert_allclose with rtol 1e-3 and atol
// 1e-7). References in bfloat16 were rounded to 8 bits after every step, which cimc is not: 1e-2.
//
//===--------------------------------------------------------------------------===//

#include "NodeTest.h"

#include "mlir/IR/BuiltinTypes.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace cimc::test {

using frontend::ElementKind, frontend::HostTensor;

static size_t bytesOf(Type type) { return (type.getIntOrFloatBitWidth() + 7) / 8; }

/// The integer or truth value that the entry level stores at `data`.
static int64_t loadInt(Type type, const char *data) {
  int64_t value = 0;
  std::memcpy(&value, data, bytesOf(type));
  unsigned unused = 64 - 8 * static_cast<unsigned>(bytesOf(type));
  return static_cast<int64_t>(static_cast<uint64_t>(value) << unused) >> unused;
}

static void appendInt(std::string &out, Type type, int64_t value) {
  out.append(reinterpret_cast<const char *>(&value), bytesOf(type));
}

std::string toEntryBytes(const HostTensor &tensor, Type type, bool shifted) {
  std::string out;
  for (int64_t i = 0, end = tensor.count(); i < end; ++i) {
    if (isa<FloatType>(type)) {
      float value = static_cast<float>(tensor.asDouble(i));
      out.append(reinterpret_cast<const char *>(&value), sizeof(value));
    } else {
      appendInt(out, type, tensor.asInt(i) - (shifted ? 128 : 0));
    }
  }
  return out;
}

/// How far a float may be from the reference, relative and absolute.
static std::pair<double, double> tolerance(ElementKind kind) {
  return {kind == ElementKind::BF16 ? 1e-2 : 1e-3, 1e-7};
}

static bool closeTo(double actual, double wanted, ElementKind kind) {
  if (std::isnan(wanted) || std::isinf(wanted))
    return std::isnan(wanted) ? std::isnan(actual) : actual == wanted;
  auto [relative, absolute] = tolerance(kind);
  return std::fabs(actual - wanted) <= absolute + relative * std::fabs(wanted);
}

static std::string difference(int64_t index, const std::string &actual, const std::string &wanted) {
  return "element " + std::to_string(index) + " is " + actual + ", must be " + wanted;
}

std::optional<std::string> compareResult(const HostTensor &expected, Type type, bool shifted,
                                         const std::string &bytes) {
  if (isa<FloatType>(type) != isFloat(expected.kind()))
    return std::string("is ") + (isa<FloatType>(type) ? "float" : "integer") + ", must be " +
           elementName(expected.kind());
  // Compared in the entry level's storage, so that unsigned integers need no rule of their own.
  std::string wanted = toEntryBytes(expected, type, shifted);
  size_t size = bytesOf(type);
  if (wanted.size() != bytes.size())
    return "has " + std::to_string(bytes.size() / size) + " elements, must have " +
           std::to_string(wanted.size() / size);
  for (int64_t i = 0, end = expected.count(); i < end; ++i) {
    const char *have = bytes.data() + i * size;
    if (!isa<FloatType>(type)) {
      int64_t actual = loadInt(type, have), must = loadInt(type, wanted.data() + i * size);
      if (actual != must)
        return difference(i, std::to_string(actual), std::to_string(must));
      continue;
    }
    float actual;
    std::memcpy(&actual, have, sizeof(actual));
    if (!closeTo(actual, expected.asDouble(i), expected.kind()))
      return difference(i, std::to_string(actual), std::to_string(expected.asDouble(i)));
  }
  return std::nullopt;
}

} // namespace cimc::test
