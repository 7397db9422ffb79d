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
// In mode `analog` the sums are those of conductances (AnalogTile.h), to which the noise of a read
// is added, and the same conversion follows. Conversions for which no input drives a row, such as
// those of negative inputs behind a ReLU, give zeros and are left out.
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

/// Codes of `count` columns, times 2^shift, into `totals`, or added to what is there.
CIMC_VECTORIZE void addCodes(const int32_t *sums, const float *inverse, float limit, int32_t factor,
                             bool first, int32_t *totals, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    float code = static_cast<float>(sums[i]) * inverse[i];
    code = code < -limit ? -limit : code;
    code = code > limit ? limit : code;
    int32_t counted = static_cast<int32_t>(std::rint(code)) * factor;
    totals[i] = first ? counted : totals[i] + counted;
  }
}

/// Sums and variances of a block of columns of an analog array for some vectors, in their units,
/// and normal numbers. Without noise `variances` is null.
struct BlockSums {
  const int32_t *sums, *variances;    ///< vector by vector
  const float *units, *varianceUnits; ///< by column
  const float *normals;               ///< `pitch` numbers from a vector to the next, as in totals
  size_t count, pitch;
};

/// The same for them.
CIMC_VECTORIZE void addAnalogCodes(const BlockSums &block, const float *inverse, float limit,
                                   int32_t factor, int32_t *totals) {
  constexpr size_t kBlock = PairMatrix::kBlock;
  for (size_t v = 0; v < block.count; ++v, totals += block.pitch) {
    const int32_t *sums = block.sums + v * kBlock;
    float values[kBlock];
    for (size_t i = 0; i < kBlock; ++i)
      values[i] = static_cast<float>(sums[i]) * block.units[i];
    if (block.variances) {
      const int32_t *variances = block.variances + v * kBlock;
      const float *normals = block.normals + v * block.pitch;
      for (size_t i = 0; i < kBlock; ++i)
        values[i] +=
            std::sqrt(static_cast<float>(variances[i]) * block.varianceUnits[i]) * normals[i];
    }
    for (size_t i = 0; i < kBlock; ++i) {
      float code = values[i] * inverse[i];
      code = code < -limit ? -limit : code;
      code = code > limit ? limit : code;
      totals[i] += static_cast<int32_t>(std::rint(code)) * factor;
    }
  }
}

/// A vector as 16-bit numbers, and their squares; whole pieces of kWiden numbers.
constexpr size_t kWiden = 32;
CIMC_VECTORIZE void widen(const int8_t *from, int16_t *__restrict to, int16_t *__restrict squares,
                          size_t count) {
  for (size_t at = 0; at < count; at += kWiden)
    for (size_t i = 0; i < kWiden; ++i) {
      int16_t x = from[at + i];
      to[at + i] = x;
      squares[at + i] = static_cast<int16_t>(x * x);
    }
}

/// A vector as the matrix unit takes it, and the bytes of its squares; whole pieces of kUnitRows.
CIMC_VECTORIZE void splitSquares(const int8_t *from, uint8_t *__restrict to,
                                 uint8_t *__restrict low, uint8_t *__restrict high, size_t count) {
  for (size_t at = 0; at < count; at += kUnitRows)
    for (size_t i = 0; i < kUnitRows; ++i) {
      int16_t x = from[at + i];
      auto square = static_cast<uint16_t>(x * x);
      to[at + i] = static_cast<uint8_t>(x);
      low[at + i] = static_cast<uint8_t>(square);
      high[at + i] = static_cast<uint8_t>(square >> 8);
    }
}

/// Is any number not zero; is any below zero?
CIMC_VECTORIZE bool hasNumbers(const int8_t *from, size_t count) {
  uint8_t bits = 0;
  for (size_t i = 0; i < count; ++i)
    bits |= static_cast<uint8_t>(from[i]);
  return bits != 0;
}
CIMC_VECTORIZE bool hasNegative(const int8_t *from, size_t count) {
  uint8_t bits = 0;
  for (size_t i = 0; i < count; ++i)
    bits |= static_cast<uint8_t>(from[i]);
  return bits >= 128;
}

constexpr float kLow = -2147483648.0f, kHigh = 2147483520.0f; ///< what integers can hold

/// The last step with an offset for each column.
CIMC_VECTORIZE void addMovedResults(const int32_t *totals, const float *steps, const float *offsets,
                                    bool accumulate, int32_t *results, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    float units = std::rint(static_cast<float>(totals[i]) * steps[i] + offsets[i]);
    units = units < kLow ? kLow : units;
    units = units > kHigh ? kHigh : units;
    auto value = static_cast<uint32_t>(static_cast<int32_t>(units));
    results[i] =
        static_cast<int32_t>(value + (accumulate ? static_cast<uint32_t>(results[i]) : 0u));
  }
}

/// The last step: codes to integer units.
CIMC_VECTORIZE void addResults(const int32_t *totals, const float *steps, bool accumulate,
                               int32_t *results, size_t count) {
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

/// Conversions of an analog array that are computed together.
constexpr size_t kMostTogether = 2;

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
  size_t wideAt = 0, widePitch = 0, bytePitch = 0, normalsAt = 0; ///< the same in mode `analog`
  std::optional<QuadConverters> quads;                            ///< the fast form, if it does

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

  /// Columns of an analog array with those that fill its last block.
  size_t analogPitch() const { return steps.front().analog->unit.size(); }

  void layOut() {
    drivePitch = (size_t{rows} + kSlack + 63) / 64 * 64;
    drivesAt = kMaxVectors * plan->gatherer.vectorPitch();
    sumsAt = drivesAt + 2 * kMaxVectors * drivePitch; // room for two parts
    totalsAt = sumsAt + kMaxVectors * plan->cols * sizeof(int32_t);
    scratchBytes = totalsAt + kMaxVectors * plan->cols * sizeof(int32_t);
    if (!analog)
      return;
    size_t pitch = analogPitch(), numbers = kMaxVectors * pitch * sizeof(float);
    widePitch = (size_t{rows} + 1 + 31) / 32 * 32;
    wideAt = sumsAt;
    bytePitch = (size_t{rows} + kUnitRows - 1) / kUnitRows * kUnitRows;
    // Inputs and squares, as numbers of 16 bits or for the matrix unit.
    totalsAt = wideAt + kMaxVectors * std::max(2 * widePitch * sizeof(int16_t), 3 * bytePitch);
    normalsAt = totalsAt + numbers;
    scratchBytes = normalsAt + kMostTogether * numbers;
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
    // Without negative inputs the conversions of these give zeros.
    if (!anyOf(group, hasNegative))
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

  /// Normal numbers for the columns of every vector in a conversion.
  void drawNoise(size_t conversion, const Group &group, Frame &frame, float *normals) const {
    devices::RandomStream stream(seed, devices::Purpose::Reads, tile,
                                 static_cast<uint32_t>(conversion));
    devices::BlockRun runs[kMaxVectors];
    auto blocks = static_cast<uint32_t>(analogPitch() / devices::kBlockNumbers);
    for (size_t i = 0; i < group.count; ++i) {
      uint64_t position = uint64_t{frame.counter} * plan->positions + group.positions[i];
      runs[i] = {position * blocks,
                 static_cast<uint32_t>(frame.worker->firstInference + group.samples[i])};
    }
    stream.normals({runs, group.count}, blocks, {normals, group.count * analogPitch()}, read);
  }

  /// A block of columns in a conversion.
  struct Job {
    const Step *conversion;
    const float *normals; ///< of the conversion; null without noise
    size_t col;
  };

  /// One or two jobs for all vectors, added to the totals.
  void addAnalogCodesOf(std::span<const Job> jobs, size_t count, const int16_t *const *vectors,
                        const int16_t *const *squares, int32_t *totals) const {
    constexpr size_t kBlock = PairMatrix::kBlock, kSums = kPairBlocks * kPairVectors * kBlock;
    int32_t sums[kSums], variances[kSums];
    PairBlocks blocks{jobs.size(), jobs[0].conversion->analog->weights.pairs()};
    for (size_t b = 0; b < jobs.size(); ++b) {
      const AnalogMatrix &matrix = *jobs[b].conversion->analog;
      blocks.numbers[b] = matrix.weights.block(jobs[b].col / kBlock);
      if (jobs[b].normals)
        blocks.squares[b] = matrix.variances.block(jobs[b].col / kBlock);
    }
    for (size_t i = 0; i < count; i += kPairVectors) {
      size_t some = std::min(kPairVectors, count - i);
      multiplyPairs(blocks, vectors + i, squares + i, some, sums, variances);
      for (size_t b = 0; b < jobs.size(); ++b) {
        size_t at = b * kPairVectors * kBlock;
        addJob(jobs[b], sums + at, variances + at, i, some, totals);
      }
    }
  }

  /// Sums of vectors from `first` on, to codes.
  void addJob(const Job &job, const int32_t *sums, const int32_t *variances, size_t first,
              size_t count, int32_t *totals) const {
    const AnalogMatrix &matrix = *job.conversion->analog;
    size_t pitch = analogPitch(), to = first * pitch + job.col;
    addAnalogCodes({sums, job.normals ? variances : nullptr, matrix.unit.data() + job.col,
                    matrix.varianceUnit.data() + job.col, job.normals ? job.normals + to : nullptr,
                    count, pitch},
                   inverse.data() + job.col, limit, 1 << job.conversion->shift, totals + to);
  }

  /// One job for all vectors on the matrix unit.
  void addOnUnit(const Job &job, size_t count, const UnitInputs &inputs, int32_t *totals) const {
    alignas(64) int32_t sums[kUnitVectors * PairMatrix::kBlock], variances[std::size(sums)];
    const AnalogMatrix &matrix = *job.conversion->analog;
    for (size_t i = 0; i < count; i += kUnitVectors) {
      multiplyOnUnit(matrix.weightBytes, job.normals ? &matrix.varianceBytes : nullptr,
                     job.col / PairMatrix::kBlock, inputs.from(i), sums, variances);
      addJob(job, sums, variances, i, std::min(kUnitVectors, count - i), totals);
    }
  }

  /// Driven vectors as the kernels take them.
  struct WideInputs {
    int16_t *numbers[kMaxVectors], *squares[kMaxVectors];
    uint8_t *bytes = nullptr; ///< for the matrix unit: vectors, low and high bytes of squares
  };

  UnitInputs unitInputs(const WideInputs &inputs) const {
    size_t plane = kMaxVectors * bytePitch;
    return {inputs.bytes, inputs.bytes + plane, inputs.bytes + 2 * plane, bytePitch};
  }

  /// Conversions with the same driven inputs, for all vectors, added to the totals.
  void addConversions(size_t begin, size_t end, const Group &group, Frame &frame,
                      const WideInputs &inputs, int32_t *totals) const {
    size_t pitch = analogPitch();
    auto *normals = reinterpret_cast<float *>(frame.worker->scratch + normalsAt);
    if (analog->isNoisy())
      for (size_t number = begin; number < end; ++number)
        drawNoise(number, group, frame, normals + (number - begin) * kMaxVectors * pitch);
    Job jobs[kPairBlocks];
    size_t count = 0;
    for (size_t col = 0; col < pitch; col += PairMatrix::kBlock)
      for (size_t number = begin; number < end; ++number) {
        Job job{&steps[number],
                analog->isNoisy() ? normals + (number - begin) * kMaxVectors * pitch : nullptr,
                col};
        if (inputs.bytes) {
          addOnUnit(job, group.count, unitInputs(inputs), totals);
          continue;
        }
        jobs[count++] = job;
        bool last = col + PairMatrix::kBlock >= pitch && number + 1 == end;
        if (count == kPairBlocks || last) {
          addAnalogCodesOf({jobs, count}, group.count, inputs.numbers, inputs.squares, totals);
          count = 0;
        }
      }
  }

  bool anyOf(const Group &group, bool (*has)(const int8_t *, size_t)) const {
    return std::any_of(group.vectors, group.vectors + group.count,
                       [&](const int8_t *vector) { return has(vector, rows); });
  }

  /// Vectors as the kernels take them. False if all numbers are 0.
  bool widenAll(const int8_t *const *vectors, size_t count, const WideInputs &inputs) const {
    if (std::none_of(vectors, vectors + count,
                     [&](const int8_t *vector) { return hasNumbers(vector, rows); }))
      return false;
    for (size_t i = 0; i < count; ++i)
      if (inputs.bytes) {
        uint8_t *to = inputs.bytes + i * bytePitch;
        size_t plane = kMaxVectors * bytePitch;
        splitSquares(vectors[i], to, to + plane, to + 2 * plane, rows);
      } else {
        widen(vectors[i], inputs.numbers[i], inputs.squares[i], rows);
        inputs.numbers[i][rows] = inputs.squares[i][rows] = 0; // beside an odd last row
      }
    return true;
  }

  void convertAnalog(const Group &group, Frame &frame) const {
    if (!hasMatrixUnit())
      return convertAnalog(group, frame, nullptr);
    MatrixUnitUse use;
    convertAnalog(group, frame, reinterpret_cast<uint8_t *>(frame.worker->scratch + wideAt));
  }

  /// `bytes`: where vectors go for the matrix unit; null without one.
  void convertAnalog(const Group &group, Frame &frame, uint8_t *bytes) const {
    std::byte *scratch = frame.worker->scratch;
    size_t pitch = analogPitch();
    auto *wide = reinterpret_cast<int16_t *>(scratch + wideAt);
    auto *totals = reinterpret_cast<int32_t *>(scratch + totalsAt);
    std::fill_n(totals, group.count * pitch, 0);
    const int8_t *vectors[kMaxVectors];
    WideInputs inputs;
    inputs.bytes = bytes;
    for (size_t i = 0; i < group.count; ++i) {
      inputs.numbers[i] = wide + 2 * i * widePitch;
      inputs.squares[i] = inputs.numbers[i] + widePitch;
    }
    bool negative = anyOf(group, hasNegative);
    for (size_t begin = 0, end = 0; begin < steps.size(); begin = end) {
      // Both signs of weights take the same inputs.
      DriveKind kind = steps[begin].kind;
      end = begin + 1;
      while (end < steps.size() && end - begin < kMostTogether && kind != DriveKind::Table &&
             steps[end].kind == kind)
        ++end;
      if (kind == DriveKind::Negative && !negative)
        continue;
      const int8_t *const *driven = group.vectors;
      if (kind != DriveKind::Positive || negative) {
        drive(steps[begin], group, scratch, vectors);
        driven = vectors;
      }
      if (widenAll(driven, group.count, inputs))
        addConversions(begin, end, group, frame, inputs, totals);
    }
    const std::vector<float> &offsets = analog->offsets(direction);
    for (size_t i = 0; i < group.count; ++i)
      if (offsets.empty())
        addResults(totals + i * pitch, step.data(), plan->accumulate, group.results[i], plan->cols);
      else
        addMovedResults(totals + i * pitch, step.data(), offsets.data(), plan->accumulate,
                        group.results[i], plan->cols);
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
    observer->observeInputs(tile, direction, group.vectors, group.count);
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
