//===- ArrayOperations.cpp - Reads of a crossbar ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A read is a small matrix product: the windows of all positions of all samples times the weights
// of a tile. Windows are gathered and multiplied in groups that stay in the first-level cache.
//
// A tile whose only weights stand on the diagonals of a depthwise layer is multiplied diagonal by
// diagonal; the zeros beside them are not computed.
//
//===--------------------------------------------------------------------------===//

#include "ReadPlan.h"

using namespace cimc;
using namespace cimc::executor;

namespace {
/// The diagonals of a block-diagonal tile: a kernel position's row of channels meets the same
/// column as its channel.
std::vector<Diagonal> findDiagonals(const program::Tile &tile, const int8_t *weights,
                                    const program::Read &read, std::vector<int8_t> &values) {
  uint32_t channels = read.window.channels;
  if (tile.cols != channels || tile.rows <= channels || channels < 2)
    return {};
  for (uint32_t row = 0; row < tile.rows; ++row)
    for (uint32_t col = 0; col < tile.cols; ++col)
      if (weights[size_t{row} * tile.pitch + col] && (read.firstRow + row) % channels != col)
        return {};
  values.resize(tile.rows + kSlack);
  std::vector<Diagonal> diagonals;
  for (uint32_t row = 0; row < tile.rows;) {
    uint32_t first = (read.firstRow + row) % channels,
             count = std::min(channels - first, tile.rows - row);
    for (uint32_t i = 0; i < count; ++i)
      values[row + i] = weights[size_t{row + i} * tile.pitch + first + i];
    diagonals.push_back({first, row, count, values.data() + row});
    row += count;
  }
  return diagonals;
}

/// A depthwise window with `multiplier` results per channel.
void multiplyChannels(const int8_t *vector, const int8_t *weights, uint32_t taps, uint32_t channels,
                      uint32_t multiplier, int32_t *result) {
  std::fill_n(result, size_t{channels} * multiplier, 0);
  for (size_t tap = 0; tap < taps; ++tap)
    for (size_t c = 0; c < channels; ++c, ++vector)
      for (size_t m = 0; m < multiplier; ++m)
        result[c * multiplier + m] += *vector * *weights++;
}
} // namespace

std::shared_ptr<const PackedMatrix> executor::matrixOf(const CoreContext &context, uint32_t number,
                                                       program::Direction direction,
                                                       target::WeightPart part) {
  std::shared_ptr<const PackedMatrix> &matrix = (*context.matrices)[{number, direction, part}];
  if (matrix)
    return matrix;
  const program::Tile &tile = context.program->tiles[number];
  const program::Segment &segment = context.program->data[tile.data];
  const auto *weights = reinterpret_cast<const int8_t *>(segment.data() + tile.offset);
  size_t rows = inputsOf(tile, direction), cols = outputsOf(tile, direction), pitch = tile.pitch;
  std::vector<int8_t> transposed;
  if (direction == program::Direction::Transposed) {
    transposed = transposedWeights(segment, tile);
    weights = transposed.data();
    pitch = cols;
  }
  if (part == target::WeightPart::All)
    return matrix = std::make_shared<PackedMatrix>(packMatrix(weights, pitch, rows, cols));
  bool positive = part == target::WeightPart::Positive;
  std::vector<int8_t> kept(rows * cols);
  for (size_t row = 0; row < rows; ++row)
    for (size_t col = 0; col < cols; ++col)
      if (int8_t weight = weights[row * pitch + col]; (weight > 0) == positive)
        kept[row * cols + col] = weight;
  return matrix = std::make_shared<PackedMatrix>(packMatrix(kept.data(), cols, rows, cols));
}

Operation executor::prepare(const program::Read &read, const CoreContext &context) {
  const program::Tile &tile = context.program->tiles[read.tile];
  const auto *weights =
      reinterpret_cast<const int8_t *>(context.program->data[tile.data].data() + tile.offset);
  auto plan = std::make_shared<ReadPlan>();
  *plan = {Gatherer(context.window(read.window), read.firstRow, inputsOf(tile, read.direction)),
           context.row(read.dst), read.window.positions, outputsOf(tile, read.direction),
           read.accumulate};
  context.needScratch(kMaxVectors * plan->gatherer.vectorPitch());
  // Engines are digital: they have no converters in any mode.
  bool crossbar = context.program->target.chip.core.kind == target::CoreKind::Crossbar;
  bool modelled = context.model.mode != Mode::Exact;
  if (crossbar && modelled && context.model.onlyLayer && *context.model.onlyLayer != tile.layer) {
    ++*context.reads; // reads keep their numbers, hence their noise
    modelled = false;
  }
  if (crossbar && (modelled || context.model.observer))
    return prepareConverted(read, context, plan);

  auto values = std::make_shared<std::vector<int8_t>>();
  std::vector<Diagonal> diagonals;
  if (read.direction == program::Direction::Forward)
    diagonals = findDiagonals(tile, weights, read, *values);
  if (!diagonals.empty())
    return always([plan, values, diagonals](Frame &frame) {
      forEachGroup(*plan, frame, [&](const Group &group) {
        multiplyDiagonals(diagonals.data(), diagonals.size(), plan->cols, group.vectors,
                          group.results, group.count, plan->accumulate);
      });
    });
  auto matrix = matrixOf(context, read.tile, read.direction, target::WeightPart::All);
  return always([plan, matrix](Frame &frame) {
    forEachGroup(*plan, frame, [&](const Group &group) {
      multiply(*matrix, group.vectors, group.results, group.count, plan->accumulate);
    });
  });
}

Operation executor::prepare(const program::Depthwise &depthwise, const CoreContext &context) {
  RowOperand weights = context.row(depthwise.weights);
  uint32_t channels = depthwise.window.channels, multiplier = depthwise.multiplier;
  uint32_t taps = depthwise.window.kernelH * depthwise.window.kernelW;
  auto plan = std::make_shared<ReadPlan>();
  *plan = {Gatherer(context.window(depthwise.window), 0, taps * channels),
           context.row(depthwise.dst), depthwise.window.positions, channels * multiplier, false};
  context.needScratch(kMaxVectors * plan->gatherer.vectorPitch());
  if (multiplier > 1 || !weights.isFixed())
    return always([=](Frame &frame) {
      Cursor<int8_t> values = weights.at<int8_t>(frame);
      forEachGroup(*plan, frame, [&](const Group &group) {
        for (size_t i = 0; i < group.count; ++i)
          multiplyChannels(group.vectors[i], values[group.samples[i]], taps, channels, multiplier,
                           group.results[i]);
      });
    });
  const int8_t *values = weights.at<int8_t>(Frame())[0];
  std::vector<Diagonal> diagonals;
  for (uint32_t tap = 0; tap < taps; ++tap)
    diagonals.push_back({0, tap * channels, channels, values + size_t{tap} * channels});
  return always([plan, diagonals](Frame &frame) {
    forEachGroup(*plan, frame, [&](const Group &group) {
      multiplyDiagonals(diagonals.data(), diagonals.size(), plan->cols, group.vectors,
                        group.results, group.count, false);
    });
  });
}
