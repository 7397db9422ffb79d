//===- ConvertedRead.cpp - Reads through converters -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A read is a list of conversions (cimc/Target/Converters.h). For each of them, the inputs are
// turned into what drives the rows, the product with the weights that take part gives the sums of
// the columns, and the converters turn sums into codes, which add up. At the end the codes, times
// the column's step, are the result. A group of windows passes through all of it in the cache; all
// memory is the worker's. The usual reads, whole inputs in one, two or four phases, go through
// ConvertQuads.cpp where the processor has the instructions.
//
// In mode `analog` the sums are those of conductances, floats with the noise of a read
// (AnalogTile.h), and the same conversion follows.
//
//===--------------------------------------------------------------------------===//

#include "AnalogTile.h"
#include "ConvertQuads.h"
#include "ReadPlan.h"

#include <algorithm>
#include <cmath>
#include <optional>

using namespace cimc;
using namespace cimc::executor;

namespace {

/// How the inputs of a conversion come from those of the read.
enum class DriveKind : uint8_t { Same, Positive, Negative, Table };

DriveKind kindOf(const std::array<int8_t, 256> &drive) {
  bool same = true, positive = true, negative = true;
  for (int x = -128; x < 128; ++x) {
    int y = drive[static_cast<size_t>(x + 128)];
    same &= y == x;
    positive &= y == std::max(x, 0);
    negative &= y == std::min(x, 0);
  }
  return same       ? DriveKind::Same
         : positive ? DriveKind::Positive
         : negative ? DriveKind::Negative
                    : DriveKind::Table;
}

CIMC_VECTORIZE void keepPositive(const int8_t *from, int8_t *to, size_t count) {
  for (size_t i = 0; i < count; ++i)
    to[i] = from[i] > 0 ? from[i] : int8_t{0};
}
CIMC_VECTORIZE void keepNegative(const int8_t *from, int8_t *to, size_t count) {
  for (size_t i = 0; i < count; ++i)
    to[i] = from[i] < 0 ? from[i] : int8_t{0};
}

/// Both parts of a vector as unsigned numbers.
CIMC_VECTORIZE void splitSigns(const int8_t *from, int8_t *positive, int8_t *negative,
                               size_t count) {
  for (size_t i = 0; i < count; ++i) {
    int8_t part = from[i] > 0 ? from[i] : int8_t{0};
    positive[i] = part;
    negative[i] = static_cast<int8_t>(part - from[i]); // 128 is -128, the same bits
  }
}

/// Codes of `count` columns, times 2^shift, into `totals`, or added to what is there. `Sum` is the
/// type of a column's sum.
template <typename Sum>
CIMC_VECTORIZE void addCodes(const Sum *sums, const float *inverse, float limit, int32_t factor,
                             bool first, int32_t *totals, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    float code = static_cast<float>(sums[i]) * inverse[i];
    code = code < -limit ? -limit : code;
    code = code > limit ? limit : code;
    int32_t counted = static_cast<int32_t>(std::rint(code)) * factor;
    totals[i] = first ? counted : totals[i] + counted;
  }
}

/// The last step: codes to integer units.
CIMC_VECTORIZE void addResults(const int32_t *totals, const float *steps, bool accumulate,
                               int32_t *results, size_t count) {
  constexpr float kLow = -2147483648.0f, kHigh = 2147483520.0f;
  for (size_t i = 0; i < count; ++i) {
    float units = std::rint(static_cast<float>(totals[i]) * steps[i]);
    units = units < kLow ? kLow : units;
    units = units > kHigh ? kHigh : units;
    auto rounded = static_cast<uint32_t>(static_cast<int32_t>(units));
    // Totals from 2^24 on are no floats, but a step of 1 needs none.
    uint32_t value = steps[i] == 1.0f ? static_cast<uint32_t>(totals[i]) : rounded;
    results[i] =
        static_cast<int32_t>(value + (accumulate ? static_cast<uint32_t>(results[i]) : 0u));
  }
}

/// A conversion with its weights packed.
struct Step {
  DriveKind kind = DriveKind::Same;
  std::array<int8_t, 256> drive{};
  std::shared_ptr<const PackedMatrix> matrix; ///< null in mode `analog`
  uint32_t shift = 0;
  const AnalogMatrix *analog = nullptr;
};

/// A read with everything that its conversions need.
struct ConvertedRead {
  std::shared_ptr<const ReadPlan> plan;
  std::vector<Step> steps;
  std::vector<float> step, inverse; ///< by column
  float limit = 0;
  uint32_t tile = 0;
  program::Direction direction = program::Direction::Forward;
  uint32_t rows = 0;
  size_t drivePitch = 0; ///< bytes from one driven vector to the next
  size_t drivesAt = 0;   ///< places in scratch memory
  size_t sumsAt = 0, totalsAt = 0, scratchBytes = 0;
  std::shared_ptr<const PackedMatrix> whole; ///< for exact results beside an observer
  SumObserver *observer = nullptr;
  std::shared_ptr<const AnalogTile> analog; ///< in mode `analog`
  uint64_t seed = 0;                        ///< of the noise
  uint32_t read = 0;                        ///< number of this read in the program
  size_t variancesAt = 0, normalsAt = 0;    ///< places in scratch memory, in mode `analog`
  std::optional<QuadConverters> quads;      ///< the fast form, if it does

  /// Looks whether the conversions are of a form that ConvertQuads.cpp knows.
  void chooseQuads() {
    if (!hasQuads() || std::ranges::any_of(steps, [](const Step &conversion) {
          return conversion.kind == DriveKind::Table || conversion.shift != 0;
        }))
      return;
    quads.emplace();
    quads->first = steps[0].matrix.get();
    quads->second = steps.size() == 4 ? steps[1].matrix.get() : nullptr;
    quads->step = step.data();
    quads->inverse = inverse.data();
    quads->limit = limit;
  }

  /// Floats from one vector's sums to the next one's, in mode `analog`.
  size_t analogPitch() const { return steps.front().analog->pitch; }

  void layOut() {
    drivePitch = (size_t{rows} + kSlack + 63) / 64 * 64;
    drivesAt = kMaxVectors * plan->gatherer.vectorPitch();
    sumsAt = drivesAt + 2 * kMaxVectors * drivePitch; // room for two parts
    totalsAt = sumsAt + kMaxVectors * plan->cols * sizeof(int32_t);
    scratchBytes = totalsAt + kMaxVectors * plan->cols * sizeof(int32_t);
    if (!analog)
      return;
    size_t pitch = analogPitch(), sums = kMaxVectors * pitch * sizeof(float);
    totalsAt = sumsAt + sums;
    variancesAt = totalsAt + sums;
    normalsAt = variancesAt + sums;
    scratchBytes = normalsAt + pitch * sizeof(double);
  }

  /// The vectors that drive the rows in `step`.
  void drive(const Step &by, const Group &group, std::byte *scratch, const int8_t **vectors) const {
    for (size_t i = 0; i < group.count; ++i) {
      if (by.kind == DriveKind::Same) {
        vectors[i] = group.vectors[i];
        continue;
      }
      auto *to = reinterpret_cast<int8_t *>(scratch + drivesAt + i * drivePitch);
      if (by.kind == DriveKind::Positive)
        keepPositive(group.vectors[i], to, rows);
      else if (by.kind == DriveKind::Negative)
        keepNegative(group.vectors[i], to, rows);
      else
        for (size_t row = 0; row < rows; ++row)
          to[row] = by.drive[static_cast<size_t>(group.vectors[i][row] + 128)];
      vectors[i] = to;
    }
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
      drive(conversion, group, scratch, vectors);
      multiply(*conversion.matrix, vectors, rowsOfSums, group.count, false);
      use(conversion, sums);
    }
  }

  void convertQuads(const Group &group, Frame &frame) const {
    if (steps.size() == 1)
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

  /// Adds the noise of one conversion to the sums.
  void addNoise(size_t conversion, const Group &group, Frame &frame, float *sums,
                const float *variances, size_t pitch) const {
    auto *normals = reinterpret_cast<double *>(frame.worker->scratch + normalsAt);
    devices::RandomStream stream(seed, devices::Purpose::Reads, tile,
                                 static_cast<uint32_t>(conversion));
    for (size_t i = 0; i < group.count; ++i) {
      uint64_t position = uint64_t{frame.counter} * plan->positions + group.positions[i];
      stream.normals({normals, plan->cols}, position * plan->cols,
                     static_cast<uint32_t>(frame.worker->firstInference + group.samples[i]), read);
      for (size_t col = 0; col < plan->cols; ++col)
        sums[i * pitch + col] +=
            std::sqrt(variances[i * pitch + col]) * static_cast<float>(normals[col]);
    }
  }

  void convertAnalog(const Group &group, Frame &frame) const {
    std::byte *scratch = frame.worker->scratch;
    size_t pitch = analogPitch();
    auto *sums = reinterpret_cast<float *>(scratch + sumsAt);
    auto *totals = reinterpret_cast<int32_t *>(scratch + totalsAt);
    float *variances =
        analog->isNoisy() ? reinterpret_cast<float *>(scratch + variancesAt) : nullptr;
    const int8_t *vectors[kMaxVectors];
    for (size_t number = 0; number < steps.size(); ++number) {
      const Step &conversion = steps[number];
      drive(conversion, group, scratch, vectors);
      multiplyAnalog(*conversion.analog, vectors, group.count, sums, variances);
      if (variances)
        addNoise(number, group, frame, sums, variances, pitch);
      for (size_t i = 0; i < group.count; ++i)
        addCodes(sums + i * pitch, inverse.data(), limit, 1 << conversion.shift, number == 0,
                 totals + i * pitch, plan->cols);
    }
    for (size_t i = 0; i < group.count; ++i)
      addResults(totals + i * pitch, step.data(), plan->accumulate, group.results[i], plan->cols);
  }

  void convert(const Group &group, Frame &frame) const {
    if (analog)
      return convertAnalog(group, frame);
    if (quads)
      return convertQuads(group, frame);
    auto *totals = reinterpret_cast<int32_t *>(frame.worker->scratch + totalsAt);
    forEachConversion(group, frame, [&](const Step &conversion, const int32_t *sums) {
      for (size_t i = 0; i < group.count; ++i)
        addCodes(sums + i * plan->cols, inverse.data(), limit, 1 << conversion.shift,
                 &conversion == steps.data(), totals + i * plan->cols, plan->cols);
    });
    for (size_t i = 0; i < group.count; ++i)
      addResults(totals + i * plan->cols, step.data(), plan->accumulate, group.results[i],
                 plan->cols);
  }

  void observe(const Group &group, Frame &frame) const {
    forEachConversion(group, frame, [&](const Step &conversion, const int32_t *sums) {
      observer->observe(tile, direction, conversion.shift, sums, group.count);
    });
    multiply(*whole, group.vectors, group.results, group.count, plan->accumulate);
  }
};
} // namespace

Operation executor::prepareConverted(const program::Read &read, const CoreContext &context,
                                     std::shared_ptr<const ReadPlan> plan) {
  const program::Tile &tile = context.program->tiles[read.tile];
  const target::Array &array = context.program->target.chip.core.array;
  auto converted = std::make_shared<ConvertedRead>();
  converted->plan = std::move(plan);
  converted->tile = read.tile;
  converted->direction = read.direction;
  converted->rows = inputsOf(tile, read.direction);
  converted->read = (*context.reads)++;
  if (context.model.mode == Mode::Analog) {
    converted->analog = analogTileOf(context, read.tile);
    converted->seed = context.model.analog.seed;
  }
  for (const target::Conversion &conversion : target::conversionsOf(array))
    converted->steps.push_back(
        {kindOf(conversion.drive), conversion.drive,
         converted->analog ? nullptr
                           : matrixOf(context, read.tile, read.direction, conversion.weights),
         conversion.shift,
         converted->analog ? &converted->analog->matrix(read.direction, conversion.weights)
                           : nullptr});
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
  for (uint32_t col = 0; col < cols; ++col) {
    converted->step.push_back(stepOf(tile, read.direction, col));
    converted->inverse.push_back(1.0f / converted->step.back());
  }
  converted->step.resize((size_t{cols} + 15) / 16 * 16, 1.0f);
  converted->inverse.resize(converted->step.size(), 1.0f);
  if (converted->analog)
    for (uint32_t col = 0; col < cols; ++col)
      converted->step[col] *= converted->analog->factors(read.direction)[col];
  else
    converted->chooseQuads();
  return always([=](Frame &frame) {
    forEachGroup(*converted->plan, frame,
                 [&](const Group &group) { converted->convert(group, frame); });
  });
}
