//===- Device.h - The memory device of an analog cell as data --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a conductance does after it was programmed, described by functions that users can replace:
// docs/devices.md has the formulas. The default is an ideal device. Times are nanoseconds,
// conductances microsiemens.
//
// The functions and the range of conductance describe one *cell*: `fittedDevices` devices of one
// polarity that were measured together. A polarity has `devices / fittedDevices` cells, whose
// currents add.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TARGET_DEVICE_H
#define CIMC_TARGET_DEVICE_H

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cimc::target {

/// What the functions of a device are functions of.
enum class Argument : uint8_t {
  Relative,    ///< x = g / g_max; results in uS are scaled by g_max / reference
  Conductance, ///< x = g in uS; results are not scaled
};

/// A part of a function of x: clamp(polynomial(x) + log * ln x + factor * x^power, min, max), where
/// x is at least 1e-7 under the logarithm and the power.
struct Piece {
  double below = 1e30; ///< holds for smaller x; the last piece holds for all that are left
  std::vector<double> polynomial; ///< the constant first
  double log = 0;
  double factor = 0, power = 0;
  double min = -1e30, max = 1e30;
  bool operator==(const Piece &) const = default;
};

/// The deviation from the target at one time, programming included.
struct Relaxation {
  double timeNs = 1e9; ///< since programming
  std::vector<Piece> deviation;
  bool operator==(const Relaxation &) const = default;
};

/// g(t) = g * ((t + t0) / t0)^-nu, with nu = |mean + deviation * N| of each cell.
struct Drift {
  double t0Ns = 1e9;
  std::vector<Piece> mean, deviation; ///< none: no drift
  bool operator==(const Drift &) const = default;
};

/// From one second on, g(t) = g + shift * ln t + (spread + spreadGrowth * ln t) * N with t in
/// seconds, whatever the conductance.
struct Decay {
  double shiftUs = 0;
  double spreadUs = 0, spreadGrowthUs = 0;
  bool operator==(const Decay &) const = default;
};

/// Deviation of a read: the roots of the sums of the squares of g * relative(x) * L, absolute(x) *
/// L and shortTerm * g_max, with L = sqrt(max(0, ln((t + t0 + time) / (2 * time)))), t0 that of
/// the drift if there is one, else 0.
struct ReadNoise {
  double timeNs = 250; ///< that one read takes
  std::vector<Piece> relative, absolute;
  double shortTerm = 0;
  bool operator==(const ReadNoise &) const = default;
};

/// Shares of cells that cannot be programmed.
struct Faults {
  double stuckLow = 0;  ///< stay at g_min
  double stuckHigh = 0; ///< stay at g_max
  double unformed = 0;  ///< do not conduct
  bool operator==(const Faults &) const = default;
};

/// The device.
struct Device {
  std::string name = "ideal";
  Argument argument = Argument::Relative;
  double gMinUs = 0, gMaxUs = 25;
  double referenceUs = 0; ///< g_max of the measurement that the functions fit; 0: gMaxUs
  uint32_t levels = 0;    ///< that programming can tell apart; 0: any conductance
  uint32_t devices = 1;   ///< per polarity
  uint32_t fittedDevices = 1;
  std::vector<Piece> programming; ///< deviation; none: exact
  std::vector<Relaxation> relaxation;
  Drift drift;
  Decay decay;
  ReadNoise read;
  Faults faults;
  double wireOhm = 0; ///< of the wire from one cell to the next; 0: none
  bool operator==(const Device &) const = default;
};

/// The value of a function of x; 0 without pieces. The same bits everywhere. Requires: x >= 0.
double evaluate(std::span<const Piece> pieces, double x);

/// What the functions of the device are given for a conductance.
inline double argumentOf(const Device &device, double conductanceUs) {
  return device.argument == Argument::Relative ? conductanceUs / device.gMaxUs : conductanceUs;
}

/// The factor of results in uS.
inline double scaleOf(const Device &device) {
  return device.argument == Argument::Relative && device.referenceUs > 0
             ? device.gMaxUs / device.referenceUs
             : 1;
}

/// Cells of one polarity whose currents add.
inline uint32_t cellsPerPolarity(const Device &device) {
  return device.devices / device.fittedDevices;
}

/// Whether cells conduct exactly what was programmed, at any time and in any read; wires apart.
inline bool isExact(const Device &device) {
  return device.programming.empty() && device.relaxation.empty() &&
         device.drift == Drift{} && device.decay == Decay{} && device.read == ReadNoise{} &&
         device.faults == Faults{};
}

/// Whether drift, or 1/f noise, is described.
inline bool drifts(const Device &device) {
  return !device.drift.mean.empty() || !device.drift.deviation.empty();
}
inline bool hasFlicker(const Device &device) {
  return !device.read.relative.empty() || !device.read.absolute.empty();
}

/// The t of ReadNoise at a time since programming.
inline double flickerTimeNs(const Device &device, double timeNs) {
  return timeNs + (drifts(device) ? device.drift.t0Ns : 0);
}

} // namespace cimc::target

#endif // CIMC_TARGET_DEVICE_H
