//===- DeviceFields.h - The one list of a device's fields ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What Fields.h is for the structs of Target.h, for those of Device.h. The rules are the same.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_DEVICEFIELDS_H
#define CIMC_TARGET_DEVICEFIELDS_H

#include "cimc/Target/Device.h"
#include "cimc/Target/Field.h"

namespace cimc::target {

template <> inline std::span<const std::string_view> enumNames<Argument>() {
  static constexpr std::string_view names[] = {"relative", "conductance"};
  return names;
}

/// A member that holds plain numbers. The range of its field is that of each number.
template <typename T>
concept NumberList = OneOf<T, std::vector<double>>;

/// The field that says how long a list of numbers may be.
inline Field lengthOfNumbers(const Field &field) { return {field.key, "", Unit::None, 0, 16}; }

template <OneOf<Piece> T, typename Visitor> void visitFields(T &piece, Visitor &&visit) {
  visit(Field{"below",
              "The piece holds for x below this; the last piece for all that the others leave.",
              Unit::None, 0, 1e30},
        piece.below);
  visit(Field{"polynomial", "Coefficients of a polynomial in x, the constant first.", Unit::None,
              -1e30, 1e30},
        piece.polynomial);
  visit(Field{"log", "Factor of the natural logarithm of x (x at least 1e-7).", Unit::None, -1e30,
              1e30},
        piece.log);
  visit(Field{"factor", "Factor of x to the power of `power` (x at least 1e-7).", Unit::None, -1e30,
              1e30},
        piece.factor);
  visit(Field{"power", "The power that `factor` multiplies.", Unit::None, -16, 16}, piece.power);
  visit(Field{"min", "The least value of the sum of these terms.", Unit::None, -1e30, 1e30},
        piece.min);
  visit(Field{"max", "The greatest value.", Unit::None, -1e30, 1e30}, piece.max);
}

template <OneOf<Relaxation> T, typename Visitor> void visitFields(T &relaxation, Visitor &&visit) {
  visit(Field{"time", "Time since programming.", Unit::Time, 0, 1e18, true}, relaxation.timeNs);
  visit(Field{"deviation",
              "Deviation of the conductance from its target at that time, programming included, in "
              "uS: a function of the target.",
              Unit::None, 1, 16, true},
        relaxation.deviation);
}

template <OneOf<Drift> T, typename Visitor> void visitFields(T &drift, Visitor &&visit) {
  visit(Field{"t0", "Time after programming at which the conductance is that which was programmed.",
              Unit::Time, 1, 1e18},
        drift.t0Ns);
  visit(Field{"mean", "Mean of the exponent: a function of the target.", Unit::None, 0, 16},
        drift.mean);
  visit(Field{"deviation", "Deviation of the exponent between cells: a function of the target.",
              Unit::None, 0, 16},
        drift.deviation);
}

template <OneOf<Decay> T, typename Visitor> void visitFields(T &decay, Visitor &&visit) {
  visit(Field{"shift",
              "What is added to every conductance per factor e of time, from one second on.",
              Unit::Conductance, -1e6, 1e6},
        decay.shiftUs);
  visit(Field{"spread", "Deviation of what is added, at one second.", Unit::Conductance, 0, 1e6},
        decay.spreadUs);
  visit(
      Field{"spread_growth", "What this deviation gains per factor e.", Unit::Conductance, 0, 1e6},
      decay.spreadGrowthUs);
}

template <OneOf<ReadNoise> T, typename Visitor> void visitFields(T &read, Visitor &&visit) {
  visit(Field{"time", "Time that one read takes, for 1/f noise.", Unit::Time, 1e-3, 1e12},
        read.timeNs);
  visit(Field{"relative",
              "1/f noise as a share of the conductance: a function of what was programmed.",
              Unit::None, 0, 16},
        read.relative);
  visit(Field{"absolute", "1/f noise in uS: a function of what was programmed.", Unit::None, 0, 16},
        read.absolute);
  visit(Field{"short_term", "Noise of a single read as a share of `g_max`.", Unit::None, 0, 1},
        read.shortTerm);
}

template <OneOf<Faults> T, typename Visitor> void visitFields(T &faults, Visitor &&visit) {
  visit(Field{"stuck_low", "Share of cells that stay at `g_min`.", Unit::None, 0, 1},
        faults.stuckLow);
  visit(Field{"stuck_high", "Share of cells that stay at `g_max`.", Unit::None, 0, 1},
        faults.stuckHigh);
  visit(Field{"unformed", "Share of cells that do not conduct.", Unit::None, 0, 1},
        faults.unformed);
}

template <OneOf<Device> T, typename Visitor> void visitFields(T &device, Visitor &&visit) {
  visit(Field{"name", "Name of the device.", Unit::None, 1, 256}, device.name);
  visit(Field{"argument",
              "What x is in the functions: g / g_max (`relative`), or g in uS (`conductance`)."},
        device.argument);
  visit(Field{"g_min", "Least conductance of a cell.", Unit::Conductance, 0, 1e6}, device.gMinUs);
  visit(Field{"g_max", "Greatest conductance of a cell, that of the largest weight.",
              Unit::Conductance, 1e-6, 1e6},
        device.gMaxUs);
  visit(Field{"reference",
              "The `g_max` of the measurement: functions in uS of a `relative` x are scaled by "
              "g_max / reference; 0: not scaled.",
              Unit::Conductance, 0, 1e6},
        device.referenceUs);
  visit(Field{"levels", "Conductances that programming can tell apart; 0: any.", Unit::None, 0,
              65536},
        device.levels);
  visit(Field{"devices", "Devices per polarity, whose currents add.", Unit::None, 1, 16},
        device.devices);
  visit(Field{"fitted_devices",
              "Devices of one polarity that the functions and conductances describe together, as "
              "one cell.",
              Unit::None, 1, 16},
        device.fittedDevices);
  visit(Field{"programming",
              "Deviation of what is programmed, in uS: a function of the target; empty: exact.",
              Unit::None, 0, 16},
        device.programming);
  visit(Field{"relaxation", "Deviations at later times, which replace that of programming.",
              Unit::None, 0, 64},
        device.relaxation);
  visit(Field{"drift", "Drift by a power of time."}, device.drift);
  visit(Field{"decay", "Decay by the logarithm of time."}, device.decay);
  visit(Field{"read", "Noise of reads."}, device.read);
  visit(Field{"faults", "Cells that cannot be programmed."}, device.faults);
  visit(Field{"wire", "Resistance of the wire from one cell to the next; 0: none.",
              Unit::Resistance, 0, 1e9},
        device.wireOhm);
}

} // namespace cimc::target

#endif // CIMC_TARGET_DEVICEFIELDS_H
