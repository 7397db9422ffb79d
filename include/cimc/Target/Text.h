//===- Text.h - Field values as text ---------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one rule for values: a number with a dimension is written with its unit (`132.9 ns`, `128
// KiB`), a number without one is written alone. The YAML reader, `--set`, the printer and the
// manual share it.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_TEXT_H
#define CIMC_TARGET_TEXT_H

#include "cimc/Support/Result.h"
#include "cimc/Target/Fields.h"

namespace cimc::target {

/// The unit in which Target.h stores numbers of this dimension (`ns`), empty for plain numbers.
std::string_view storedUnit(Unit unit);

/// All units that a value of this dimension may have, the stored one first, separated by commas.
std::string acceptedUnits(Unit unit);

/// The shortest decimal text that reads back as the same double.
std::string formatNumber(double value);

/// A number with its stored unit.
std::string formatValue(Unit unit, double value);

/// The text of a leaf, which parseValue reads back as the same value.
template <Leaf T> std::string formatLeaf(const Field &field, const T &value) {
  if constexpr (std::is_enum_v<T>)
    return std::string(enumNames<T>()[size_t(value)]);
  else if constexpr (std::is_same_v<T, std::string>)
    return value;
  else if constexpr (std::is_integral_v<T>)
    return std::to_string(value) +
           (field.unit == Unit::None ? "" : " " + std::string(storedUnit(field.unit)));
  else
    return formatValue(field.unit, value);
}

/// Reads a leaf. Fails if the text is not a number, has a wrong or missing unit, a fraction where a
/// count is needed, or is out of the field's range; `value` is then unchanged.
Status parseValue(const Field &field, std::string_view text, uint32_t &value);
Status parseValue(const Field &field, std::string_view text, uint64_t &value);
Status parseValue(const Field &field, std::string_view text, double &value);
Status parseValue(const Field &field, std::string_view text, std::string &value);
Status parseValue(const Field &field, std::string_view text, CoreKind &value);
Status parseValue(const Field &field, std::string_view text, InputCoding &value);
Status parseValue(const Field &field, std::string_view text, InputConverter &value);
Status parseValue(const Field &field, std::string_view text, ReadDirections &value);
Status parseValue(const Field &field, std::string_view text, Topology &value);
Status parseValue(const Field &field, std::string_view text, Retention &value);
Status parseValue(const Field &field, std::string_view text, Argument &value);

} // namespace cimc::target

#endif // CIMC_TARGET_TEXT_H
