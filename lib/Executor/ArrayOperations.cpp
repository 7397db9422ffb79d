//===- ArrayOperations.cpp - Reads of a crossbar ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A read is a small matrix product: the windows of all positions of all samples times the weights of a tile. Windows are
// gathered and multiplied in groups that stay in the first-level cache.
//
// A tile whose only weights stand on the diagonals of a depthwise layer is multiplied diagonal by diagonal; the zeros beside them are
// not computed.
//
//===--------------------------------------------------------------------------===//

#include "Gather.h"

#include <algorithm>

using namespace cimc;
using namespace cimc::executor;

namespace {
/// What both forms of a read share.
struct ReadPlan {
  Gatherer gatherer;
  RowOperand target;
  uint32_t positions = 0, cols = 0;
  bool accumulate = false;
};

/// Calls `multiplyGroup(vectors, results, count)` for groups of windows of all samples.
template <typename Multiply> void forEachGroup(const ReadPlan &plan, Frame &frame, Multiply multiplyGroup) {
  const int8_t *vectors[kMaxVectors];
  int32_t *results[kMaxVectors];
  Cursor<int32_t> target = plan.target.at<int32_t>(frame);
  size_t pitch = plan.gatherer.vectorPitch(), filled = 0;
  for (uint32_t sample = 0; sample < frame.samples; ++sample)
    for (uint32_t position = 0; position < plan.positions;) {
      auto count = static_cast<uint32_t>(std::min<size_t>(plan.positions - position, kMaxVectors - filled));
      plan.gatherer.gather(frame, sample, position, count, frame.worker->scratch + filled * pitch, vectors + filled);
      for (uint32_t i = 0; i < count; ++i)
        results[filled + i] = target[sample] + size_t{position + i} * plan.cols;
      position += count;
      filled += count;
      if (filled == kMaxVectors) {
        multiplyGroup(vectors, results, filled);
        filled = 0;
      }
    }
  if (filled)
    multiplyGroup(vectors, results, filled);
}

/// The diagonals of a block-diagonal tile: a kernel position's row of channels meets the same column as its channel.
std::vector<Diagonal> findDiagonals(const program::Tile &tile, const int8_t *weights, const program::Read &read,
                                    std::vector<int8_t> &values) {
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
    uint32_t first = (read.firstRow + row) % channels, count = std::min(channels - first, tile.rows - row);
    for (uint32_t i = 0; i < count; ++i)
      values[row + i] = weights[size_t{row + i} * tile.pitch + first + i];
    diagonals.push_back({first, row, count, values.data() + row});
    row += count;
  }
  return diagonals;
}

/// A depthwise window with `multiplier` results per channel.
void multiplyChannels(const int8_t *vector, const int8_t *weights, uint32_t taps, uint32_t channels, uint32_t multiplier,
                      int32_t *result) {
  std::fill_n(result, size_t{channels} * multiplier, 0);
  for (size_t tap = 0; tap < taps; ++tap)
    for (size_t c = 0; c < channels; ++c, ++vector)
      for (size_t m = 0; m < multiplier; ++m)
        result[c * multiplier + m] += *vector * *weights++;
}
} // namespace

Result<Operation> executor::prepare(const program::Read &read, const CoreContext &context) {
  if (read.direction != program::Direction::Forward)
    return Error{"transposed reads are not supported by this executor"};
  Result<WindowOperand> window = context.window(read.window, 1);
  if (!window)
    return window.error();
  Result<RowOperand> target = context.row(read.dst, 4);
  if (!target)
    return target.error();
  const program::Tile &tile = context.program->tiles[read.tile];
  const auto *weights = reinterpret_cast<const int8_t *>(context.program->data[tile.data].data() + tile.offset);
  auto plan = std::make_shared<ReadPlan>();
  *plan = {Gatherer(*window, read.firstRow, tile.rows), *target, read.window.positions, tile.cols, read.accumulate};
  context.needScratch(kMaxVectors * plan->gatherer.vectorPitch());

  auto values = std::make_shared<std::vector<int8_t>>();
  std::vector<Diagonal> diagonals = findDiagonals(tile, weights, read, *values);
  if (!diagonals.empty())
    return always([plan, values, diagonals](Frame &frame) {
      forEachGroup(*plan, frame, [&](const int8_t **vectors, int32_t **results, size_t count) {
        multiplyDiagonals(diagonals.data(), diagonals.size(), plan->cols, vectors, results, count, plan->accumulate);
      });
    });
  std::shared_ptr<const PackedMatrix> &matrix = (*context.matrices)[read.tile];
  if (!matrix)
    matrix = std::make_shared<PackedMatrix>(packMatrix(weights, tile.pitch, tile.rows, tile.cols));
  return always([plan, matrix = matrix](Frame &frame) {
    forEachGroup(*plan, frame, [&](const int8_t **vectors, int32_t **results, size_t count) {
      multiply(*matrix, vectors, results, count, plan->accumulate);
    });
  });
}

Result<Operation> executor::prepare(const program::Depthwise &depthwise, const CoreContext &context) {
  Result<WindowOperand> window = context.window(depthwise.window, 1);
  if (!window)
    return window.error();
  Result<RowOperand> weights = context.row(depthwise.weights, 1), target = context.row(depthwise.dst, 4);
  if (!weights)
    return weights.error();
  if (!target)
    return target.error();
  if (!weights->isFixed())
    return Error{"the weights of a depthwise convolution must be in one row of a constant buffer"};
  uint32_t channels = depthwise.window.channels, multiplier = depthwise.multiplier;
  uint32_t taps = depthwise.window.kernelH * depthwise.window.kernelW;
  auto plan = std::make_shared<ReadPlan>();
  *plan = {Gatherer(*window, 0, taps * channels), *target, depthwise.window.positions, channels * multiplier, false};
  context.needScratch(kMaxVectors * plan->gatherer.vectorPitch());
  const int8_t *values = weights->at<int8_t>(Frame())[0];
  if (multiplier > 1)
    return always([=](Frame &frame) {
      forEachGroup(*plan, frame, [&](const int8_t **vectors, int32_t **results, size_t count) {
        for (size_t i = 0; i < count; ++i)
          multiplyChannels(vectors[i], values, taps, channels, multiplier, results[i]);
      });
    });
  std::vector<Diagonal> diagonals;
  for (uint32_t tap = 0; tap < taps; ++tap)
    diagonals.push_back({0, tap * channels, channels, values + size_t{tap} * channels});
  return always([plan, diagonals](Frame &frame) {
    forEachGroup(*plan, frame, [&](const int8_t **vectors, int32_t **results, size_t count) {
      multiplyDiagonals(diagonals.data(), diagonals.size(), plan->cols, vectors, results, count, false);
    });
  });
}
