//===- Samples.h - Targets for the tests -----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small valid target, and a random valid one in which every field differs from its default.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_UNITTESTS_TARGET_SAMPLES_H
#define CIMC_UNITTESTS_TARGET_SAMPLES_H

#include "cimc/Target/Fields.h"

#include <random>

namespace cimc::target {

inline Target smallTarget() {
  Target target;
  target.name = "small";
  target.chip.cores = 4;
  target.chip.gridColumns = 2;
  target.chip.core.array.readModes = {{1, 10, 20}};
  return target;
}

/// Gives the functions of a device some pieces, with polynomials.
inline void shapeDevice(Device &device, std::mt19937 &engine) {
  auto shape = [&](std::vector<Piece> &pieces) {
    pieces.resize(1 + engine() % 3);
    for (Piece &piece : pieces)
      piece.polynomial.resize(engine() % 5);
  };
  device.relaxation.resize(engine() % 4);
  for (Relaxation &relaxation : device.relaxation)
    shape(relaxation.deviation);
  for (std::vector<Piece> *pieces :
       {&device.programming, &device.drift.mean, &device.drift.deviation, &device.read.relative,
        &device.read.absolute})
    shape(*pieces);
}

/// Repairs the relations between the fields of a device.
inline void repairDevice(Device &device) {
  auto repair = [](std::vector<Piece> &pieces) {
    for (size_t i = 0; i < pieces.size(); ++i) {
      pieces[i].below = double(i + 1) * 0.25;
      pieces[i].min = 0.5 * double(i);
      pieces[i].max = 7;
    }
  };
  device.gMinUs = device.gMaxUs / 8;
  device.levels += 2;
  device.fittedDevices = 1 + device.fittedDevices % 8;
  device.devices = device.fittedDevices * 2;
  for (size_t i = 0; i < device.relaxation.size(); ++i) {
    device.relaxation[i].timeNs = double(i) * 1e9 + 5;
    repair(device.relaxation[i].deviation);
  }
  for (std::vector<Piece> *pieces :
       {&device.programming, &device.drift.mean, &device.drift.deviation, &device.read.relative,
        &device.read.absolute})
    repair(*pieces);
  device.read.timeNs = 0.5;
  device.faults = {0.125, 0.25, 0.5};
}

/// Draws each field from its range, then repairs the relations between fields.
inline Target randomTarget(uint32_t seed) {
  std::mt19937 engine(seed);
  auto draw = [&](double min, double max) {
    return min + (max - min) * (double(engine()) / 4294967296.0);
  };
  Target target = smallTarget();
  target.chip.core.array.readModes.resize(1 + engine() % 4);
  shapeDevice(target.chip.core.array.device, engine);
  visitLeaves(target, [&](const std::string &, const Field &field, auto &value) {
    using Value = std::remove_reference_t<decltype(value)>;
    if constexpr (std::is_enum_v<Value>)
      value = Value(engine() % enumNames<Value>().size());
    else if constexpr (std::is_same_v<Value, std::string>)
      value = std::string(1 + engine() % 20, char('a' + engine() % 26));
    else if constexpr (std::is_integral_v<Value>)
      value = Value(draw(field.min, std::min(field.max, 1e9)));
    else
      value = draw(field.min, field.max);
  });
  Chip &chip = target.chip;
  chip.gridColumns = 1 + engine() % 64;
  chip.cores = chip.gridColumns * (1 + engine() % 64);
  Array &array = chip.core.array;
  for (size_t i = 0; i < array.readModes.size(); ++i)
    array.readModes[i].phases = uint32_t(i + 2);
  array.readPhases = 2 + uint32_t(engine() % array.readModes.size());
  array.rowsPerWeight = 2 + array.rowsPerWeight % 15;
  array.rows = array.rowsPerWeight * (1 + array.rows % 4096);
  array.cellBits = std::min(array.cellBits, array.weightBits);
  repairDevice(array.device);
  array.device.levels = std::max(array.device.levels, 1u << array.cellBits) % 65537;
  if (chip.core.kind == CoreKind::Engine)
    array = Array(); // no part of such a core, so neither form keeps it
  chip.core.gatedMw = chip.core.idleMw / 2;
  chip.gating.gatedMw = chip.idleMw / 2;
  target.chips = 2 + engine() % 30;
  ChipLinks &links = target.links;
  links.columns = links.topology == Topology::Mesh ? target.chips : 1 + engine() % 64;
  if (links.topology == Topology::Listed)
    for (uint32_t chip = 1; chip < target.chips; ++chip)
      links.connections.push_back({uint32_t(engine() % chip), chip});
  return target;
}

} // namespace cimc::target

#endif // CIMC_UNITTESTS_TARGET_SAMPLES_H
