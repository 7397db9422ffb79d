//===- ConvertedRead.cpp - Reads through converters -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A read is a list of conversions (cimc/Target/Converters.h). For each of them, the inputs are
// turned into what drives the rows, the product with the weights that take part gives the sums of
// the columns, and the converters turn sums into codes, which add up. At the end the codes, times
// the column's step, are the result. A group of windows passes through all of it in the cache; all
// memory is the worker's. The usual reads, whole inputs in one, two or four phases, go through
// ConvertQuads.cpp where the processor has the instructions; those of mode `analog` are in
// AnalogRead.cpp.
//
//===--------------------------------------------------------------------------===//

#include "ConversionSteps.h"
#include "ConvertQuads.h"
#include "ReadPlan.h"

#include "cimc/Support/Vectorize.h"

#include <algorithm>
#include <cmath>
#include <optional>

using namespace cimc;
using namespace cimc::executor;

namespace {

/// Codes of `count` columns, times 2^shift, into `totals`, or added to what is there.
CIMC_VECTORIZE void addCodes(const int32_t *sums, const float *inverse, const float *offset,
                             float limit, int32_t factor, bool first, int32_t *totals,
                             size_t count) {
  for (size_t i = 0; i < count; ++i) {
    float code = static_cast<float>(sums[i]) * inverse[i] + offset[i];
    code = code < -limit ? -limit : code;
    code = code > limit ? limit : code;
    int32_t counted = static_cast<int32_t>(std::rint(code)) * factor;
    totals[i] = first ? counted : totals[i] + counted;
  }
}

/// A conversion with its weights packed.
struct Step {
  Drive drive;
  std::shared_ptr<const PackedMatrix> matrix;
  uint32_t shift = 0;
};

/// A read with everything that its conversions need.
struct ConvertedRead {
  std::shared_ptr<const ReadPlan> plan;
  std::vector<Step> steps;
  std::vector<float> step, inverse; ///< by column
  std::vector<float> offset;        ///< of codes, by column
  float limit = 0;
  uint32_t tile = 0;
  program::Direction direction = program::Direction::Forward;
  uint32_t rows = 0;
  size_t drivePitch = 0; ///< bytes from one driven vector to the next
  size_t drivesAt = 0;   ///< places in scratch memory
  size_t sumsAt = 0, totalsAt = 0, scratchBytes = 0;
  std::shared_ptr<const PackedMatrix> whole; ///< for exact results beside an observer
  SumObserver *observer = nullptr;
  std::optional<QuadConverters> quads; ///< the fast form, if it does

  /// Looks whether the conversions are of a form that ConvertQuads.cpp knows.
  void chooseQuads() {
    // One, two or four phases in the order of target::conversionsOf, none left out.
    bool isUsual = steps.size() == 1 || steps.size() == 2 || steps.size() == 4;
    if (!hasQuads() || !isUsual || std::ranges::any_of(steps, [](const Step &conversion) {
          return conversion.drive.kind == DriveKind::Table || conversion.shift != 0;
        }))
      return;
    quads.emplace();
    quads->first = steps[0].matrix.get();
    quads->second = steps.size() == 4 ? steps[1].matrix.get() : nullptr;
    quads->step = step.data();
    quads->inverse = inverse.data();
    quads->limit = limit;
  }

  void layOut() {
    drivePitch = (size_t{rows} + kSlack + 63) / 64 * 64;
    drivesAt = kMaxVectors * plan->gatherer.vectorPitch();
    sumsAt = drivesAt + 2 * kMaxVectors * drivePitch; // room for two parts
    totalsAt = sumsAt + kMaxVectors * plan->cols * sizeof(int32_t);
    scratchBytes = totalsAt + kMaxVectors * plan->cols * sizeof(int32_t);
  }

  /// Calls `use(step, sums)` for every conversion, with the sums of the group, vector by vector.
  template <typename Use> void forEachConversion(const Group &group, Frame &frame, Use use) const {
    std::byte *scratch = frame.worker->scratch;
    auto *sums = reinterpret_cast<int32_t *>(scratch + sumsAt);
    const int8_t *vectors[kMaxVectors];
    int32_t *rowsOfSums[kMaxVectors];
    for (size_t i = 0; i < group.count; ++i)
      rowsOfSums[i] = sums + i * plan->cols;
    for (const Step &conversion : steps) {
      conversion.drive.apply(group.vectors, group.count, rows, scratch + drivesAt, drivePitch,
                             vectors);
      multiply(*conversion.matrix, vectors, rowsOfSums, group.count, false);
      use(conversion, sums);
    }
  }

  void convertQuads(const Group &group, Frame &frame) const {
    if (steps.size() == 1)
      return multiplyConverted(*quads, group.vectors, nullptr, group.results, group.count,
                               plan->accumulate);
    // Without negative inputs the conversions of these give zeros.
    if (bitsOf(group.vectors, group.count, rows) < 0x80)
      return multiplyConverted(*quads, group.vectors, nullptr, group.results, group.count,
                               plan->accumulate);
    const int8_t *positive[kMaxVectors], *negative[kMaxVectors];
    auto *parts = reinterpret_cast<int8_t *>(frame.worker->scratch + drivesAt);
    for (size_t i = 0; i < group.count; ++i, parts += 2 * drivePitch) {
      splitSigns(group.vectors[i], parts, parts + drivePitch, rows);
      positive[i] = parts;
      negative[i] = parts + drivePitch;
    }
    multiplyConverted(*quads, positive, negative, group.results, group.count, plan->accumulate);
  }

  void convert(const Group &group, Frame &frame) const {
    if (quads)
      return convertQuads(group, frame);
    auto *totals = reinterpret_cast<int32_t *>(frame.worker->scratch + totalsAt);
    forEachConversion(group, frame, [&](const Step &conversion, const int32_t *sums) {
      for (size_t i = 0; i < group.count; ++i)
        addCodes(sums + i * plan->cols, inverse.data(), offset.data(), limit, 1 << conversion.shift,
                 &conversion == steps.data(), totals + i * plan->cols, plan->cols);
    });
    addResults({step.data(), nullptr, plan->accumulate}, totals, plan->cols, group.results,
               group.count, plan->cols);
  }

  void observe(const Group &group, Frame &frame) const {
    observer->observeInputs(tile, direction, group.vectors, group.count);
    forEachConversion(group, frame, [&](const Step &conversion, const int32_t *sums) {
      observer->observe(tile, direction, conversion.shift, sums, group.count);
    });
    multiply(*whole, group.vectors, group.results, group.count, plan->accumulate);
  }
};
} // namespace

devices::OutputConverters executor::convertersOf(const CoreContext &context,
                                                 const program::Tile &tile,
                                                 program::Direction direction) {
  bool transposed = direction == program::Direction::Transposed;
  return devices::drawConverters(context.program->target.chip.core.array,
                                 {context.model.analog.seed, tile.core, tile.array, transposed,
                                  transposed ? tile.row : tile.col},
                                 outputsOf(tile, direction));
}

Operation executor::prepareConverted(const program::Read &read, const CoreContext &context,
                                     std::shared_ptr<const ReadPlan> plan) {
  if (context.model.mode == Mode::Analog)
    return prepareAnalog(read, context, std::move(plan));
  const program::Tile &tile = context.program->tiles[read.tile];
  const target::Array &array = context.program->target.chip.core.array;
  auto converted = std::make_shared<ConvertedRead>();
  converted->plan = std::move(plan);
  converted->tile = read.tile;
  converted->direction = read.direction;
  converted->rows = inputsOf(tile, read.direction);
  for (const target::Conversion &conversion : target::conversionsOf(array))
    converted->steps.push_back({Drive(conversion.drive),
                                matrixOf(context, read.tile, read.direction, conversion.weights),
                                conversion.shift});
  converted->layOut();
  context.needScratch(converted->scratchBytes);
  if (context.model.mode == Mode::Exact) {
    converted->observer = context.model.observer;
    converted->whole = matrixOf(context, read.tile, read.direction, target::WeightPart::All);
    return always([=](Frame &frame) {
      forEachGroup(*converted->plan, frame,
                   [&](const Group &group) { converted->observe(group, frame); });
    });
  }
  converted->limit = static_cast<float>(target::codeLimit(array));
  uint32_t cols = outputsOf(tile, read.direction);
  devices::OutputConverters converters = convertersOf(context, tile, read.direction);
  for (uint32_t col = 0; col < cols; ++col) {
    converted->step.push_back(stepOf(tile, read.direction, col));
    converted->inverse.push_back(converters.gain[col] / converted->step.back());
  }
  converted->offset = converters.offset;
  converted->offset.resize(cols, 0.0f);
  converted->step.resize((size_t{cols} + 15) / 16 * 16, 1.0f);
  converted->inverse.resize(converted->step.size(), 1.0f);
  if (converters.offset.empty())
    converted->chooseQuads();
  return always([=](Frame &frame) {
    forEachGroup(*converted->plan, frame,
                 [&](const Group &group) { converted->convert(group, frame); });
  });
}
