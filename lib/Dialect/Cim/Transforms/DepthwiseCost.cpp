//===- DepthwiseCost.cpp - Candidates for depthwise layers ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See DepthwiseCost.h for the formulas' assumptions.
//
//===--------------------------------------------------------------------------===//

#include "DepthwiseCost.h"

#include "cimc/Target/Check.h"

#include <algorithm>

namespace cimc::cim {

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// What it takes to shift and add the sums of all slices but the first.
static LayerCost costOfSlices(const DepthwiseLayer &layer, const target::Digital &digital) {
  int64_t sums = layer.channels * layer.multiplier;
  double times = static_cast<double>(layer.outputs) * static_cast<double>(layer.slices - 1);
  return {times * static_cast<double>(ceilDiv(sums, digital.lanes)) * digital.add.intervalCycles /
              digital.clockGhz,
          times * static_cast<double>(sums) * digital.add.pjPerElement, 0};
}

/// An engine works on one channel after the other.
static LayerCost costOfEngine(const DepthwiseLayer &layer, const target::Engine &engine) {
  double cycles = static_cast<double>(layer.reads * layer.channels) *
                  static_cast<double>(ceilDiv(layer.multiplier, engine.outputs) *
                                      ceilDiv(layer.taps, engine.parallelTaps));
  double macs = static_cast<double>(layer.reads * layer.channels) *
                static_cast<double>(layer.taps * layer.multiplier);
  return {cycles / (engine.clockGhz * engine.utilisation), macs * engine.pjPerMac, 1};
}

LayerCost costOfBlockDiagonal(const DepthwiseLayer &layer, const target::Core &core) {
  if (core.kind == target::CoreKind::Engine)
    return costOfEngine(layer, core.engine);
  const target::Array &array = core.array;
  int64_t arrayRows = target::weightRows(array);
  int64_t perTile = std::min<int64_t>(arrayRows / layer.taps, array.cols / layer.multiplier);
  // A channel that does not fit is cut, and each part is a tile.
  int64_t tiles = perTile > 0 ? ceilDiv(layer.channels, perTile)
                              : layer.channels * ceilDiv(layer.taps, arrayRows) *
                                    ceilDiv(layer.multiplier, array.cols);
  tiles *= layer.slices;
  double reads = static_cast<double>(layer.reads);
  LayerCost sums = costOfSlices(layer, core.digital);
  return {reads * target::readNs(array) + sums.ns,
          reads * static_cast<double>(tiles) * target::readPj(array) + sums.pj, tiles};
}

LayerCost costOfInterleaved(const DepthwiseLayer &layer, const target::Core &core) {
  if (core.kind == target::CoreKind::Engine)
    return costOfEngine(layer, core.engine);
  const target::Array &array = core.array;
  int64_t arrayRows = target::weightRows(array);
  int64_t tilesPerChannel = ceilDiv(layer.taps, arrayRows) * ceilDiv(layer.multiplier, array.cols);
  int64_t tiles = layer.channels * tilesPerChannel * layer.slices;
  int64_t perArray =
      std::max<int64_t>(1, (arrayRows / layer.taps) * (array.cols / layer.multiplier));
  int64_t busiest = std::min(tiles, perArray);
  double reads = static_cast<double>(layer.reads);
  LayerCost sums = costOfSlices(layer, core.digital);
  return {reads * static_cast<double>(busiest) * target::readNs(array) + sums.ns,
          reads * static_cast<double>(tiles) * target::readPj(array) + sums.pj,
          ceilDiv(tiles, perArray)};
}

LayerCost costOfDigital(const DepthwiseLayer &layer, const target::Digital &digital) {
  int64_t perPosition = layer.channels * layer.multiplier * layer.taps;
  double steps =
      static_cast<double>(layer.outputs) * static_cast<double>(ceilDiv(perPosition, digital.lanes));
  double cycles = steps * (digital.multiply.intervalCycles + digital.add.intervalCycles);
  double operations = static_cast<double>(layer.outputs) * static_cast<double>(perPosition);
  return {cycles / digital.clockGhz,
          operations * (digital.multiply.pjPerElement + digital.add.pjPerElement), 0};
}

} // namespace cimc::cim
