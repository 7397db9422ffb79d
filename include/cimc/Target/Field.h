//===- Field.h - What a field list says of one field -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The words in which Fields.h and DeviceFields.h are written.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_FIELD_H
#define CIMC_TARGET_FIELD_H

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace cimc::target {

/// What a number counts. Structs store every field in the first unit that Text.cpp lists for it.
enum class Unit : uint8_t {
  None,
  Time,
  Energy,
  Power,
  Size,
  Bandwidth,
  Frequency,
  EnergyPerByte,
  Conductance,
  Resistance,
};

/// One field of one struct.
struct Field {
  std::string_view key;
  std::string_view help; ///< one sentence
  Unit unit = Unit::None;
  double min = 0, max = 0; ///< of a number in the stored unit; of a text or a list: its length
  bool required = false;
};

/// The spellings of an enumeration, by value.
template <typename E> std::span<const std::string_view> enumNames();

template <typename T, typename... Types>
concept OneOf = (std::same_as<std::remove_const_t<T>, Types> || ...);

} // namespace cimc::target

#endif // CIMC_TARGET_FIELD_H
