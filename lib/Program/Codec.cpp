//===- Codec.cpp - Instructions as bytes -----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Encoder and Decoder are visitors of fields. The decoder holds a cursor that never passes the end
// of its bytes, and it is sticky: after the first failure every further field does nothing, so that
// callers look once.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Program/Codec.h"

#include <bit>
#include <limits>
#include <string>

using namespace cimc;
using namespace cimc::program;

namespace {

/// Appends fields.
class Encoder {
public:
  explicit Encoder(std::vector<std::byte> &out) : out(out) {}

  template <class T> void operator()(std::string_view, const T &value) {
    if constexpr (std::same_as<T, uint32_t>)
      unsignedNumber(value);
    else if constexpr (std::same_as<T, int32_t>)
      signedNumber(value);
    else if constexpr (std::same_as<T, float>)
      real(value);
    else if constexpr (std::same_as<T, bool> || InstructionEnum<T>)
      byte(static_cast<uint8_t>(value));
    else if constexpr (Composite<T>)
      visitFields(value, *this);
    else
      for (int32_t element : value)
        signedNumber(element);
  }

  void byte(uint8_t value) { out.push_back(std::byte{value}); }

private:
  void unsignedNumber(uint32_t value) {
    for (; value >= 0x80; value >>= 7)
      byte(static_cast<uint8_t>(value | 0x80));
    byte(static_cast<uint8_t>(value));
  }

  void signedNumber(int32_t value) {
    // Ends at the first byte whose bit 6 already says the sign of what is left.
    for (; value < -64 || value > 63; value >>= 7)
      byte(static_cast<uint8_t>(value | 0x80));
    byte(static_cast<uint8_t>(value & 0x7f));
  }

  void real(float value) {
    auto bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8)
      byte(static_cast<uint8_t>(bits >> shift));
  }

  std::vector<std::byte> &out;
};

/// Reads fields; see the head of the file.
class Decoder {
public:
  Decoder(std::span<const std::byte> bytes, uint64_t fileOffset)
      : bytes(bytes), fileOffset(fileOffset) {}

  bool atEnd() const { return position == bytes.size(); }
  bool failed() const { return failure.has_value(); }
  const Error &error() const { return *failure; }

  /// Starts an instruction: its opcode. Requires: !atEnd().
  uint8_t opcode() {
    start = position;
    return static_cast<uint8_t>(bytes[position++]);
  }
  void setMnemonic(std::string_view name) { mnemonic = name; }

  void failOpcode(uint8_t opcode) { fail(start, "unknown opcode " + std::to_string(opcode)); }

  template <class T> void operator()(std::string_view name, T &value) {
    if (failed())
      return;
    if constexpr (Composite<T>) {
      outer = name;
      visitFields(value, *this);
      outer = {};
      return;
    } else {
      field = name;
      scalar(value);
    }
  }

private:
  template <class T> void scalar(T &value) {
    if constexpr (std::same_as<T, uint32_t>)
      unsignedNumber(value);
    else if constexpr (std::same_as<T, int32_t>)
      signedNumber(value);
    else if constexpr (std::same_as<T, float>)
      real(value);
    else if constexpr (std::same_as<T, bool>)
      flag(value);
    else if constexpr (InstructionEnum<T>)
      enumeration(value);
    else
      for (int32_t &element : value)
        if (!failed())
          signedNumber(element);
  }

  void fail(size_t where, const std::string &what) {
    failure = Error{"byte " + std::to_string(fileOffset + where) + ": " + what};
  }
  void failField(size_t where, const std::string &what) {
    std::string name =
        outer.empty() ? std::string(field) : std::string(outer) + "." + std::string(field);
    fail(where, "field '" + name + "' of '" + std::string(mnemonic) + "' " + what);
  }

  /// The next byte, or 0 and a failure.
  uint8_t next() {
    if (!atEnd())
      return static_cast<uint8_t>(bytes[position++]);
    failField(position, "is cut off");
    return 0;
  }

  void unsignedNumber(uint32_t &value) {
    size_t first = position;
    uint64_t bits = 0;
    uint8_t last = 0x80;
    for (unsigned shift = 0; shift < 35 && (last & 0x80) && !failed(); shift += 7) {
      last = next();
      bits |= uint64_t{last & 0x7fu} << shift;
    }
    if (failed())
      return;
    if ((last & 0x80) || bits > std::numeric_limits<uint32_t>::max())
      return failField(first, "does not fit 32 bits");
    if (last == 0 && position - first > 1)
      return failField(first, "is not in its shortest form");
    value = static_cast<uint32_t>(bits);
  }

  void signedNumber(int32_t &value) {
    size_t first = position;
    uint64_t bits = 0;
    unsigned shift = 0;
    uint8_t before = 0, last = 0x80;
    for (; shift < 35 && (last & 0x80) && !failed(); shift += 7) {
      before = last;
      last = next();
      bits |= uint64_t{last & 0x7fu} << shift;
    }
    if (failed())
      return;
    auto extended = static_cast<int64_t>(bits << (64 - shift)) >> (64 - shift);
    if ((last & 0x80) || extended != static_cast<int32_t>(extended))
      return failField(first, "does not fit 32 bits");
    // A last byte that only repeats the sign bit of the byte before it is not needed.
    if (position - first > 1 && last == ((before & 0x40) ? 0x7f : 0x00))
      return failField(first, "is not in its shortest form");
    value = static_cast<int32_t>(extended);
  }

  void real(float &value) {
    uint32_t bits = 0;
    for (int shift = 0; shift < 32 && !failed(); shift += 8)
      bits |= uint32_t{next()} << shift;
    value = std::bit_cast<float>(bits);
  }

  void flag(bool &value) {
    uint8_t byte = next();
    if (!failed() && byte > 1)
      failField(position - 1, "is " + std::to_string(byte) + ", must be 0 or 1");
    value = byte == 1;
  }

  template <class E> void enumeration(E &value) {
    uint8_t byte = next();
    if (failed())
      return;
    if (std::optional<E> known = toEnum<E>(byte))
      value = *known;
    else
      failField(position - 1,
                "is " + std::to_string(byte) + ", which is no " + std::string(EnumTraits<E>::name));
  }

  std::span<const std::byte> bytes;
  uint64_t fileOffset;
  size_t position = 0, start = 0;
  std::string_view mnemonic, outer, field;
  std::optional<Error> failure;
};

} // namespace

void program::encodeInstruction(const Instruction &instruction, std::vector<std::byte> &out) {
  Encoder encoder(out);
  encoder.byte(infoOf(instruction).opcode);
  std::visit([&](const auto &alternative) { visitFields(alternative, encoder); }, instruction);
}

std::vector<std::byte> program::encodeInstructions(std::span<const Instruction> instructions) {
  std::vector<std::byte> out;
  for (const Instruction &instruction : instructions)
    encodeInstruction(instruction, out);
  return out;
}

Result<std::vector<Instruction>> program::decodeInstructions(std::span<const std::byte> bytes,
                                                             uint64_t fileOffset, size_t maxCount) {
  Decoder decoder(bytes, fileOffset);
  std::vector<Instruction> instructions;
  while (!decoder.atEnd()) {
    if (instructions.size() == maxCount)
      return Error{"byte " + std::to_string(fileOffset) + ": more than " +
                   std::to_string(maxCount) + " instructions"};
    uint8_t opcode = decoder.opcode();
    std::optional<Instruction> instruction = makeInstruction(opcode);
    if (!instruction) {
      decoder.failOpcode(opcode);
      return decoder.error();
    }
    decoder.setMnemonic(mnemonicOf(*instruction));
    std::visit([&](auto &alternative) { visitFields(alternative, decoder); }, *instruction);
    if (decoder.failed())
      return decoder.error();
    instructions.push_back(*instruction);
  }
  return instructions;
}
