//===- Serialize.cpp - The binary form of a target -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writer and reader are visitors over the one field list, so that they agree by construction. The
// reader never looks past the end: it compares what it needs with what is left, and allocates only
// for elements that the bytes can hold.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Target/Serialize.h"

#include "cimc/Target/Check.h"

#include <bit>

namespace cimc::target {
namespace {

constexpr uint32_t kMagic = 0x544d4943; // "CIMT" in little endian

/// Appends fields to a byte vector.
class Writer {
public:
  std::vector<std::byte> bytes;

  template <typename T> void integer(T value) {
    for (size_t i = 0; i < sizeof(T); ++i)
      bytes.push_back(std::byte(uint8_t(uint64_t(value) >> (8 * i))));
  }

  template <typename T> void operator()(const Field &, const T &value) {
    if constexpr (Record<T>)
      visitFields(value, *this);
    else if constexpr (std::is_enum_v<T>)
      integer(uint8_t(value));
    else if constexpr (std::is_integral_v<T>)
      integer(value);
    else if constexpr (std::is_same_v<T, double>)
      integer(std::bit_cast<uint64_t>(value));
    else
      sequence(value);
  }

private:
  void sequence(const std::string &text) {
    integer(uint32_t(text.size()));
    for (char c : text)
      bytes.push_back(std::byte(c));
  }
  void sequence(const std::vector<double> &numbers) {
    integer(uint32_t(numbers.size()));
    for (double number : numbers)
      integer(std::bit_cast<uint64_t>(number));
  }
  template <Record T> void sequence(const std::vector<T> &list) {
    integer(uint32_t(list.size()));
    for (const T &element : list)
      visitFields(element, *this);
  }
};

/// Takes fields from a span of bytes; after the first failure it reads nothing more.
class Reader {
public:
  explicit Reader(std::span<const std::byte> bytes) : bytes(bytes) {}

  std::optional<Error> failure;
  size_t offset = 0;

  void fail(const std::string &message, size_t at) {
    if (!failure)
      failure = Error{"byte " + std::to_string(at) + ": " + message};
  }

  template <typename T> T integer(std::string_view what) {
    if (failure || !available(sizeof(T), what))
      return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(T); ++i)
      value |= uint64_t(bytes[offset + i]) << (8 * i);
    offset += sizeof(T);
    return T(value);
  }

  template <typename T> void operator()(const Field &field, T &value) {
    if (failure)
      return;
    size_t start = offset;
    if constexpr (Record<T>)
      visitFields(value, *this);
    else if constexpr (std::is_enum_v<T>)
      enumeration(field, value);
    else if constexpr (std::is_integral_v<T> || std::is_same_v<T, double>)
      number(field, value);
    else
      sequence(field, value, start);
  }

private:
  std::span<const std::byte> bytes;

  bool available(uint64_t count, std::string_view what) {
    if (count <= bytes.size() - offset)
      return true;
    fail("'" + std::string(what) + "' needs " + std::to_string(count) + " bytes, " +
             std::to_string(bytes.size() - offset) + " are left",
         offset);
    return false;
  }

  template <typename T> void number(const Field &field, T &value) {
    size_t start = offset;
    if constexpr (std::is_same_v<T, double>)
      value = std::bit_cast<double>(integer<uint64_t>(field.key));
    else
      value = integer<T>(field.key);
    if (failure)
      return;
    if (auto problem = rangeProblem(field, double(value)))
      fail(*problem, start);
  }

  template <typename T> void enumeration(const Field &field, T &value) {
    size_t start = offset;
    uint8_t number = integer<uint8_t>(field.key);
    if (number < enumNames<T>().size())
      value = T(number);
    else
      fail("'" + std::string(field.key) + "' must be less than " +
               std::to_string(enumNames<T>().size()) + ", but is " + std::to_string(number),
           start);
  }

  void sequence(const Field &field, std::string &text, size_t start) {
    uint32_t length = integer<uint32_t>(field.key);
    if (auto problem = lengthProblem(field, length, "characters"))
      return fail(*problem, start);
    if (failure || !available(length, field.key))
      return;
    text.assign(reinterpret_cast<const char *>(bytes.data() + offset), length);
    offset += length;
  }

  void sequence(const Field &field, std::vector<double> &numbers, size_t start) {
    uint32_t length = integer<uint32_t>(field.key);
    if (auto problem = lengthProblem(lengthOfNumbers(field), length, "numbers"))
      return fail(*problem, start);
    numbers.clear();
    for (uint32_t i = 0; i < length && !failure; ++i)
      number(field, numbers.emplace_back());
  }

  template <Record T> void sequence(const Field &field, std::vector<T> &list, size_t start) {
    uint32_t length = integer<uint32_t>(field.key);
    if (auto problem = lengthProblem(field, length, "elements"))
      return fail(*problem, start);
    list.clear();
    for (uint32_t i = 0; i < length && !failure; ++i)
      visitFields(list.emplace_back(), *this);
  }
};

} // namespace

std::vector<std::byte> encode(const Target &target) {
  Writer writer;
  writer.integer(kMagic);
  writer.integer(kEncodingVersion);
  visitFields(target, writer);
  return std::move(writer.bytes);
}

Result<Target> decode(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  uint32_t magic = reader.integer<uint32_t>("magic");
  if (!reader.failure && magic != kMagic)
    reader.fail("a target must begin with the magic 'CIMT'", 0);
  uint32_t version = reader.integer<uint32_t>("version");
  if (!reader.failure && version != kEncodingVersion)
    reader.fail("target has version " + std::to_string(version) + ", this program reads version " +
                    std::to_string(kEncodingVersion),
                4);
  Target target;
  if (!reader.failure)
    visitFields(target, reader);
  if (!reader.failure && reader.offset != bytes.size())
    reader.fail(std::to_string(bytes.size() - reader.offset) +
                    " bytes follow the end of the target",
                reader.offset);
  if (reader.failure)
    return *reader.failure;
  if (Status status = check(target); !status)
    return status.error();
  return target;
}

} // namespace cimc::target
