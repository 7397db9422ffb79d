//===- ReadPlan.h - Windows of a read in groups -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all forms of a read share: which windows go in, where the results go, and a loop that
// gathers windows in groups that stay in the first-level cache.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_READPLAN_H
#define CIMC_LIB_EXECUTOR_READPLAN_H

#include "Gather.h"

#include "cimc/Devices/OutputConverters.h"

#include <algorithm>

namespace cimc::executor {

/// What all forms of a read share.
struct ReadPlan {
  Gatherer gatherer;
  RowOperand target;
  uint32_t positions = 0, cols = 0;
  bool accumulate = false;
};

/// Windows that are multiplied together, each with the sample that it is of.
struct Group {
  size_t count = 0;
  const int8_t *vectors[kMaxVectors];
  int32_t *results[kMaxVectors];
  uint32_t samples[kMaxVectors];
  uint32_t positions[kMaxVectors];
};

/// Calls `multiplyGroup(group)` until all windows of all samples are done, with up to `Most` of
/// them. Windows are gathered at the start of the worker's scratch memory, Most * vectorPitch()
/// bytes.
template <size_t Most = kMaxVectors, typename Multiply>
void forEachGroup(const ReadPlan &plan, Frame &frame, Multiply multiplyGroup) {
  Group group;
  Cursor<int32_t> target = plan.target.at<int32_t>(frame);
  size_t pitch = plan.gatherer.vectorPitch();
  for (uint32_t sample = 0; sample < frame.samples; ++sample)
    for (uint32_t position = 0; position < plan.positions;) {
      auto count =
          static_cast<uint32_t>(std::min<size_t>(plan.positions - position, Most - group.count));
      std::byte *scratch = frame.worker->scratch + group.count * pitch;
      plan.gatherer.gather(frame, sample, position, count, scratch, group.vectors + group.count);
      for (uint32_t i = 0; i < count; ++i, ++group.count, ++position) {
        group.results[group.count] = target[sample] + size_t{position} * plan.cols;
        group.samples[group.count] = sample;
        group.positions[group.count] = position;
      }
      if (group.count == Most) {
        multiplyGroup(group);
        group.count = 0;
      }
    }
  if (group.count)
    multiplyGroup(group);
}

/// ConvertedRead.cpp: a read of a crossbar whose sums go through converters, or to an observer.
/// `plan` is that of the read.
Operation prepareConverted(const program::Read &read, const CoreContext &context,
                           std::shared_ptr<const ReadPlan> plan);

/// AnalogRead.cpp: the same in mode `analog`.
Operation prepareAnalog(const program::Read &read, const CoreContext &context,
                        std::shared_ptr<const ReadPlan> plan);

/// The output converters of the columns of a tile, or of its rows where it is read transposed.
devices::OutputConverters convertersOf(const CoreContext &context, const program::Tile &tile,
                                       program::Direction direction);

/// The packed weights of tile `tile` as a read in `direction` multiplies with them, or those of one
/// sign.
std::shared_ptr<const PackedMatrix> matrixOf(const CoreContext &context, uint32_t tile,
                                             program::Direction direction, target::WeightPart part);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_READPLAN_H
