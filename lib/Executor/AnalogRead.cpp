//===- AnalogRead.cpp - Reads of an analog array ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A converted read (ConvertedRead.cpp) whose sums are those of conductances (AnalogTile.h), to
// which the noise of a read is added before the conversion. Conversions for which no input drives a
// row, such as those of negative inputs behind a ReLU, give zeros and are left out.
//
// Conversions with the same driven inputs, those of both signs of weights, are computed together.
// For each block of 16 columns, 32 vectors at a time on a matrix unit and four on others, sums go
// to the converters while they are in the first-level cache; on a matrix unit the next sums are
// under way meanwhile.
//
//===--------------------------------------------------------------------------===//

#include "AnalogKernel.h"
#include "AnalogTile.h"
#include "ConversionSteps.h"
#include "ReadPlan.h"

#include <algorithm>
#include <cmath>
#include <optional>

using namespace cimc;
using namespace cimc::executor;

namespace {

constexpr size_t kBlock = PairMatrix::kBlock;
/// Vectors of a group: with their squares and normal numbers they fit the first-level cache.
constexpr size_t kMostVectors = 32;
static_assert(kMostVectors <= kMaxVectors && kMostVectors % kUnitVectors == 0);
/// Conversions that are computed together.
constexpr size_t kMostTogether = 2;

/// A conversion.
struct Step {
  Drive drive;
  uint32_t shift = 0;
  const AnalogMatrix *matrix = nullptr;
  std::vector<float> gain, noise; ///< BlockConverters, by column
  devices::RandomStream noiseOf;  ///< its normal numbers
};

/// A block of columns in a conversion.
struct Job {
  const Step *step;
  const float *normals; ///< of the conversion's first column; null without noise
  size_t col;
  bool first; ///< nothing was added to the totals before
};

struct AnalogRead {
  std::shared_ptr<const ReadPlan> plan;
  std::shared_ptr<const AnalogTile> tile;
  std::vector<Step> steps;
  std::vector<float> step;       ///< integer units of a code, by column, with what makes drift good
  std::vector<float> offsets;    ///< what is added to results, by column; may be empty
  std::vector<float> codesMoved; ///< offsets of the converters, by column; empty without any
  float limit = 0;
  uint32_t rows = 0;
  uint32_t read = 0;     ///< number of this read in the program
  bool onUnit = false;   ///< whether products go to the matrix unit
  size_t pitch = 0;      ///< columns with those that fill the last block
  size_t drivePitch = 0; ///< bytes from one driven vector to the next
  size_t inputPitch = 0; ///< numbers from one vector to the next, as the kernels take them
  size_t drivesAt = 0, inputsAt = 0, totalsAt = 0, normalsAt = 0; ///< places in scratch memory
  size_t scratchBytes = 0;

  void layOut() {
    drivePitch = (size_t{rows} + kSlack + 63) / 64 * 64;
    inputPitch = onUnit ? (size_t{rows} + kUnitRows - 1) / kUnitRows * kUnitRows : drivePitch;
    size_t numbers = kMostVectors * pitch * sizeof(float);
    drivesAt = kMostVectors * plan->gatherer.vectorPitch();
    inputsAt = drivesAt + kMostVectors * drivePitch;
    totalsAt = inputsAt + kMostVectors * inputPitch * (onUnit ? 3 : 2 * sizeof(int16_t));
    normalsAt = totalsAt + numbers;
    scratchBytes = normalsAt + kMostTogether * numbers;
  }

  /// Vectors as the kernels take them, in scratch memory: on a matrix unit three planes of bytes,
  /// elsewhere numbers of 16 bits and behind each vector its squares.
  UnitInputs unitInputs(const std::byte *scratch) const {
    const auto *bytes = reinterpret_cast<const uint8_t *>(scratch + inputsAt);
    size_t plane = kMostVectors * inputPitch;
    return {bytes, bytes + plane, bytes + 2 * plane, inputPitch};
  }
  int16_t *pairInputs(std::byte *scratch, size_t vector) const {
    return reinterpret_cast<int16_t *>(scratch + inputsAt) + 2 * vector * inputPitch;
  }

  /// Brings vectors into that form. Returns the bits that occur in them.
  uint8_t prepare(const int8_t *const *vectors, size_t count, std::byte *scratch) const {
    if (onUnit) {
      auto *bytes = reinterpret_cast<uint8_t *>(scratch + inputsAt);
      size_t plane = kMostVectors * inputPitch;
      return splitAll(
          vectors, count, rows,
          {bytes, tile->isNoisy() ? bytes + plane : nullptr, bytes + 2 * plane, inputPitch});
    }
    uint8_t bits = bitsOf(vectors, count, rows);
    for (size_t i = 0; bits != 0 && i < count; ++i) {
      int16_t *numbers = pairInputs(scratch, i);
      widen(vectors[i], rows, numbers, tile->isNoisy() ? numbers + inputPitch : nullptr);
    }
    return bits;
  }

  /// Names of the normal numbers for the columns of every vector; returns how many runs there are.
  size_t nameNoise(const Group &group, const Frame &frame, devices::BlockRun *runs) const {
    static_assert(kBlock == devices::kBlockNumbers);
    auto blocks = static_cast<uint32_t>(pitch / kBlock);
    size_t count = 0;
    for (size_t i = 0; i < group.count; ++i) {
      // Positions that follow each other make one run.
      if (i > 0 && group.samples[i] == group.samples[i - 1] &&
          group.positions[i] == group.positions[i - 1] + 1) {
        runs[count - 1].count += blocks;
        continue;
      }
      uint64_t position = uint64_t{frame.counter} * plan->positions + group.positions[i];
      runs[count++] = {position * blocks, blocks,
                       static_cast<uint32_t>(frame.worker->firstInference + group.samples[i])};
    }
    return count;
  }

  /// What becomes of the sums of vectors from `first` on. Of `sums` the normal numbers are missing.
  CodeJob codesOf(const Job &job, BlockSums sums, size_t first, int32_t *totals) const {
    const Step &conversion = *job.step;
    size_t to = first * pitch + job.col;
    sums.normals = job.normals ? job.normals + to : nullptr;
    sums.pitch = pitch;
    return {sums,
            {conversion.gain.data() + job.col, conversion.noise.data() + job.col, limit,
             conversion.shift, codesMoved.empty() ? nullptr : codesMoved.data() + job.col},
            job.first,
            totals + to};
  }

  /// One or two jobs for all vectors.
  void addPairs(std::span<const Job> jobs, size_t count, std::byte *scratch,
                int32_t *totals) const {
    constexpr size_t kSums = kPairBlocks * kPairVectors * kBlock;
    int32_t sums[kSums], squares[kSums];
    PairBlocks blocks{jobs.size(), jobs[0].step->matrix->weights.pairs()};
    for (size_t b = 0; b < jobs.size(); ++b) {
      const AnalogMatrix &matrix = *jobs[b].step->matrix;
      blocks.numbers[b] = matrix.weights.block(jobs[b].col / kBlock);
      if (jobs[b].normals)
        blocks.squares[b] = matrix.variances.block(jobs[b].col / kBlock);
    }
    for (size_t i = 0; i < count; i += kPairVectors) {
      size_t some = std::min(kPairVectors, count - i);
      const int16_t *numbers[kPairVectors], *squared[kPairVectors];
      for (size_t v = 0; v < some; ++v) {
        numbers[v] = pairInputs(scratch, i + v);
        squared[v] = numbers[v] + inputPitch;
      }
      multiplyPairs(blocks, numbers, squared, some, sums, squares);
      for (size_t b = 0; b < jobs.size(); ++b) {
        size_t at = b * kPairVectors * kBlock;
        addAnalogCodes(codesOf(jobs[b],
                               {sums + at, jobs[b].normals ? squares + at : nullptr, nullptr,
                                nullptr, nullptr, some, 0},
                               i, totals));
      }
    }
  }

  void addAllPairs(std::span<const Job> jobs, size_t count, std::byte *scratch,
                   int32_t *totals) const {
    for (size_t i = 0; i < jobs.size(); i += kPairBlocks)
      addPairs(jobs.subspan(i, std::min(kPairBlocks, jobs.size() - i)), count, scratch, totals);
  }

  /// The same on the matrix unit. The unit works on the next sums while the last ones are
  /// converted.
  void addAllOnUnit(std::span<const Job> jobs, size_t count, const UnitInputs &inputs,
                    int32_t *totals) const {
    UnitSums sums[2];
    std::optional<CodeJob> last;
    size_t turn = 0;
    for (const Job &job : jobs) {
      const AnalogMatrix &matrix = *job.step->matrix;
      for (size_t first = 0; first < count; first += kUnitVectors) {
        UnitSums &next = sums[turn++ % 2];
        multiplyOnUnit(matrix.weightBytes, job.normals ? &matrix.varianceBytes : nullptr,
                       job.col / kBlock, inputs.from(first), std::min(kUnitVectors, count - first),
                       next, last ? &*last : nullptr);
        last = codesOf(job,
                       {next.low, job.normals ? next.squaresLow : nullptr, next.high,
                        next.squaresHigh, nullptr, std::min(kUnitVectors, count - first), 0},
                       first, totals);
      }
    }
    addAnalogCodes(*last);
  }

  /// Conversions with the same driven inputs, for all vectors.
  void addConversions(size_t begin, size_t end, bool first, const Group &group, Frame &frame,
                      int32_t *totals) const {
    std::byte *scratch = frame.worker->scratch;
    auto *normals = reinterpret_cast<float *>(scratch + normalsAt);
    if (tile->isNoisy()) {
      devices::BlockRun runs[kMostVectors];
      size_t count = nameNoise(group, frame, runs);
      for (size_t number = begin; number < end; ++number)
        steps[number].noiseOf.normals(
            {runs, count}, {normals + (number - begin) * kMostVectors * pitch, group.count * pitch},
            read);
    }
    // Jobs go on in a small list, so that no read needs memory for more.
    constexpr size_t kMostJobs = 16;
    Job jobs[kMostJobs];
    size_t count = 0;
    auto flush = [&] {
      if (onUnit)
        addAllOnUnit({jobs, count}, group.count, unitInputs(scratch), totals);
      else
        addAllPairs({jobs, count}, group.count, scratch, totals);
      count = 0;
    };
    for (size_t col = 0; col < pitch; col += kBlock)
      for (size_t number = begin; number < end; ++number) {
        jobs[count++] = {&steps[number],
                         tile->isNoisy() ? normals + (number - begin) * kMostVectors * pitch
                                         : nullptr,
                         col, first && number == begin};
        if (count == kMostJobs)
          flush();
      }
    if (count)
      flush();
  }

  /// Codes of conversions for which nothing drives a row: those of the offsets.
  void addUndriven(size_t begin, size_t end, bool first, size_t count, int32_t *totals) const {
    for (size_t v = 0; v < count; ++v)
      for (size_t col = 0; col < pitch; ++col) {
        int32_t &total = totals[v * pitch + col];
        int32_t code = static_cast<int32_t>(std::rint(std::clamp(codesMoved[col], -limit, limit)));
        total = first ? 0 : total;
        for (size_t number = begin; number < end; ++number)
          total += code << steps[number].shift;
      }
  }

  void convert(const Group &group, Frame &frame) const {
    std::byte *scratch = frame.worker->scratch;
    auto *totals = reinterpret_cast<int32_t *>(scratch + totalsAt);
    uint8_t bits = prepare(group.vectors, group.count, scratch);
    bool negative = bits >= 0x80, first = true, undriven = true;
    for (size_t begin = 0, end = 0; begin < steps.size(); begin = end) {
      // Both signs of weights take the same inputs.
      DriveKind kind = steps[begin].drive.kind;
      end = begin + 1;
      while (end < steps.size() && end - begin < kMostTogether && kind != DriveKind::Table &&
             steps[end].drive.kind == kind)
        ++end;
      auto leaveOut = [&] {
        if (codesMoved.empty())
          return;
        addUndriven(begin, end, first, group.count, totals);
        first = false;
      };
      if (bits == 0 || (kind == DriveKind::Negative && !negative)) {
        leaveOut();
        continue;
      }
      if (kind == DriveKind::Table || (kind != DriveKind::Same && negative)) {
        const int8_t *driven[kMostVectors];
        steps[begin].drive.apply(group.vectors, group.count, rows, scratch + drivesAt, drivePitch,
                                 driven);
        undriven = false;
        if (prepare(driven, group.count, scratch) == 0) {
          leaveOut();
          continue;
        }
      } else if (!undriven) {
        prepare(group.vectors, group.count, scratch);
        undriven = true;
      }
      addConversions(begin, end, first, group, frame, totals);
      first = false;
    }
    if (first)
      std::fill_n(totals, group.count * pitch, 0);
    addResults({step.data(), offsets.empty() ? nullptr : offsets.data(), plan->accumulate}, totals,
               pitch, group.results, group.count, plan->cols);
  }
};
} // namespace

Operation executor::prepareAnalog(const program::Read &read, const CoreContext &context,
                                  std::shared_ptr<const ReadPlan> plan) {
  const program::Tile &tile = context.program->tiles[read.tile];
  const target::Array &array = context.program->target.chip.core.array;
  auto prepared = std::make_shared<AnalogRead>();
  prepared->plan = std::move(plan);
  prepared->tile = analogTileOf(context, read.tile);
  prepared->rows = inputsOf(tile, read.direction);
  prepared->read = (*context.reads)++;
  uint32_t cols = outputsOf(tile, read.direction);
  devices::OutputConverters converters = convertersOf(context, tile, read.direction);
  prepared->onUnit = hasMatrixUnit() && converters.offset.empty();
  prepared->limit = static_cast<float>(target::codeLimit(array));
  prepared->pitch = (size_t{cols} + kBlock - 1) / kBlock * kBlock;
  std::vector<float> inverse(prepared->pitch, 1.0f);
  prepared->step.assign(prepared->pitch, 1.0f);
  // Calibrations go through the converters: by column they find gains, affine ones offsets, too.
  Compensation compensation = context.model.analog.compensation;
  bool byColumn = compensation == Compensation::Column || compensation == Compensation::Affine;
  for (uint32_t col = 0; col < cols; ++col) {
    float step = stepOf(tile, read.direction, col), gain = converters.gain[col];
    inverse[col] = gain / step;
    prepared->step[col] =
        step * prepared->tile->factors(read.direction)[col] / (byColumn ? gain : 1.0f);
  }
  prepared->offsets = prepared->tile->offsets(read.direction);
  if (!converters.offset.empty()) {
    prepared->codesMoved = converters.offset;
    prepared->codesMoved.resize(prepared->pitch);
    float counts = 0; // how often an offset is in a total
    for (const target::Conversion &conversion : target::conversionsOf(array))
      counts += std::exp2(static_cast<float>(conversion.shift));
    for (size_t col = 0; col < prepared->offsets.size(); ++col)
      prepared->offsets[col] -= converters.offset[col] * counts * prepared->step[col];
  }
  for (const target::Conversion &conversion : target::conversionsOf(array)) {
    const AnalogMatrix &matrix = prepared->tile->matrix(read.direction, conversion.weights);
    Step step{Drive(conversion.drive),
              conversion.shift,
              &matrix,
              {},
              {},
              devices::RandomStream(context.model.analog.seed, devices::Purpose::Reads, read.tile,
                                    static_cast<uint32_t>(prepared->steps.size()))};
    for (size_t col = 0; col < prepared->pitch; ++col) {
      step.gain.push_back(matrix.unit[col] * inverse[col]);
      step.noise.push_back(std::sqrt(matrix.varianceUnit[col]) * kRootScale * inverse[col]);
    }
    prepared->steps.push_back(std::move(step));
  }
  prepared->layOut();
  context.needScratch(prepared->scratchBytes);
  return always([=](Frame &frame) {
    std::optional<MatrixUnitUse> use;
    if (prepared->onUnit)
      use.emplace();
    forEachGroup<kMostVectors>(*prepared->plan, frame,
                               [&](const Group &group) { prepared->convert(group, frame); });
  });
}
