//===- ConverterRanges.cpp - Ranges of output converters from samples -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sums of each tile, or of each column, are counted in a histogram whose bins are integers up
// to 64 and 1/32 of an octave beyond, so that one pass over the samples serves all methods, and
// counts are integers, so that threads do not matter. The mean squared error of a step follows from
// the histogram: a clipped sum is off by what lies beyond the range, another one by its distance to
// the nearest code.
//
//===--------------------------------------------------------------------------===//

#include "ConverterRanges.h"

#include "cimc/Executor/Executor.h"
#include "cimc/Support/DataSet.h"
#include "cimc/Target/Converters.h"

#include <bit>
#include <cmath>
#include <mutex>

namespace cimc {
namespace {
using program::Direction;

/// Which magnitudes the method percentile covers.
constexpr double kCovered = 0.9999;

/// 2^(-i/8), written out so that programs do not depend on a C library.
constexpr double kEighths[] = {1.0,
                               0x1.d5818dcfba487p-1,
                               0x1.ae89f995ad3adp-1,
                               0x1.8ace5422aa0dbp-1,
                               0x1.6a09e667f3bcdp-1,
                               0x1.4bfdad5362a27p-1,
                               0x1.306fe0a31b715p-1,
                               0x1.172b83c7d517bp-1};

/// Counts of magnitudes.
class Histogram {
public:
  void add(uint32_t magnitude, uint64_t weight) {
    size_t bin = binOf(magnitude);
    if (bin >= counts.size())
      counts.resize(bin + 1);
    counts[bin] += weight;
    largest = std::max(largest, magnitude);
  }
  uint32_t max() const { return largest; }

  /// The smallest magnitude that `share` of all do not exceed, up to the width of a bin.
  double percentile(double share) const {
    double total = 0, seen = 0;
    for (uint64_t count : counts)
      total += static_cast<double>(count);
    for (size_t bin = 0; bin < counts.size(); ++bin)
      if ((seen += static_cast<double>(counts[bin])) >= share * total)
        return std::min<double>(firstOf(bin + 1) - 1, largest);
    return largest;
  }

  double squares() const {
    double sum = 0;
    for (size_t bin = 0; bin < counts.size(); ++bin)
      sum += static_cast<double>(counts[bin]) * middleOf(bin) * middleOf(bin);
    return sum;
  }

  /// The sum of squared errors of converters with codes up to `limit` and this step.
  double error(double step, double limit) const {
    double sum = 0;
    for (size_t bin = 0; bin < counts.size(); ++bin)
      if (counts[bin])
        sum += static_cast<double>(counts[bin]) * errorOf(bin, step, limit);
    return sum;
  }

private:
  static size_t binOf(uint32_t magnitude) {
    if (magnitude < 32)
      return magnitude;
    auto octave = static_cast<uint32_t>(std::bit_width(magnitude)) - 1;
    return 32 * (octave - 4) + (magnitude >> (octave - 5)) - 32;
  }
  static double firstOf(size_t bin) {
    if (bin < 32)
      return static_cast<double>(bin);
    return std::ldexp(static_cast<double>(32 + bin % 32), static_cast<int>(bin / 32) - 1);
  }
  /// What stands for all magnitudes of a bin. Many sums may be equal to the largest one, such as
  /// those of inputs that are all zero, and none must count as larger, hence as clipped.
  double middleOf(size_t bin) const {
    return std::min<double>((firstOf(bin) + firstOf(bin + 1) - 1) / 2, largest);
  }

  double errorOf(size_t bin, double step, double limit) const {
    double middle = middleOf(bin), width = firstOf(bin + 1) - firstOf(bin);
    double code = std::nearbyint(middle / step);
    if (code <= limit && width > 1 && width >= step) // spread over whole steps
      return (step * step - 1) / 12;
    double off = middle - std::nearbyint(std::min(code, limit) * step);
    return off * off;
  }

  std::vector<uint64_t> counts;
  uint32_t largest = 0;
};

/// The histograms of all tiles or columns in both directions, filled by a run.
class SumHistograms : public executor::SumObserver {
public:
  SumHistograms(const program::Program &program, bool perColumn)
      : sides(2 * program.tiles.size()), locks(sides.size()), perColumn(perColumn) {
    for (size_t i = 0; i < sides.size(); ++i) {
      outputs.push_back(outputsOf(program.tiles[i / 2], static_cast<Direction>(i % 2)));
      sides[i].resize(perColumn ? outputs[i] : 1);
    }
  }

  void observe(uint32_t tile, Direction direction, uint32_t shift, const int32_t *sums,
               size_t count) override {
    size_t side = sideOf(tile, direction);
    std::lock_guard lock(locks[side]);
    std::vector<Histogram> &histograms = sides[side];
    // An error in a code counts as its place value does, squared.
    uint64_t weight = uint64_t{1} << (2 * shift);
    for (size_t i = 0; i < count; ++i)
      for (size_t col = 0; col < outputs[side]; ++col, ++sums)
        histograms[perColumn ? col : 0].add(static_cast<uint32_t>(std::abs(int64_t{*sums})),
                                            weight);
  }

  const std::vector<Histogram> &of(size_t tile, Direction direction) const {
    return sides[sideOf(tile, direction)];
  }

private:
  static size_t sideOf(size_t tile, Direction direction) {
    return 2 * tile + static_cast<size_t>(direction);
  }

  std::vector<std::vector<Histogram>> sides;
  std::vector<std::mutex> locks;
  std::vector<size_t> outputs;
  bool perColumn;
};

/// The steps of the four methods, in the order of kConverterMethods, for what `histogram` counts.
std::array<float, kConverterMethods.size()> stepsOf(const target::Array &array,
                                                    const Histogram &histogram, int64_t bound) {
  float widest = target::stepFor(array, static_cast<double>(bound));
  if (histogram.max() == 0) // nothing was seen, so nothing is known
    return {widest, widest, widest, widest};
  double limit = target::codeLimit(array);
  float largest = std::min(widest, target::stepFor(array, histogram.max()));
  float percentile = std::min(largest, target::stepFor(array, histogram.percentile(kCovered)));
  float best = widest;
  double least = histogram.error(widest, limit);
  auto offer = [&](float step) {
    if (double error = histogram.error(step, limit); error < least) {
      least = error;
      best = step;
    }
  };
  offer(largest);
  offer(percentile);
  for (int eighth = 1; eighth <= 40; ++eighth)
    offer(target::stepFor(array, histogram.max() * std::ldexp(kEighths[eighth % 8], -eighth / 8)));
  return {widest, largest, percentile, best};
}

/// The bound of every sum of a tile in one direction.
std::vector<int64_t> boundsOf(const program::Program &program, size_t number, Direction direction) {
  const program::Tile &tile = program.tiles[number];
  const program::Segment &segment = program.data[tile.data];
  const target::Array &array = program.target.chip.core.array;
  if (direction == Direction::Transposed)
    return target::columnBounds(array, transposedWeights(segment, tile).data(), tile.cols,
                                tile.rows, tile.rows);
  const auto *weights = reinterpret_cast<const int8_t *>(segment.data() + tile.offset);
  return target::columnBounds(array, weights, tile.rows, tile.cols, tile.pitch);
}

/// By tile, whether some instruction reads it transposed.
std::vector<bool> readTransposed(const program::Program &program) {
  std::vector<bool> transposed(program.tiles.size());
  for (const program::Core &core : program.cores)
    for (const program::Block &block : core.blocks)
      for (const program::Instruction &instruction : block.instructions)
        if (const auto *read = std::get_if<program::Read>(&instruction))
          transposed[read->tile] =
              transposed[read->tile] || read->direction == Direction::Transposed;
  return transposed;
}

/// Errors of all methods, gathered tile by tile.
struct MethodErrors {
  std::array<double, kConverterMethods.size()> relative{};
  size_t tiles = 0;

  void add(const std::array<double, kConverterMethods.size()> &errors, double squares) {
    if (squares == 0)
      return;
    ++tiles;
    for (size_t method = 0; method < errors.size(); ++method)
      relative[method] += errors[method] / squares;
  }
  double of(size_t method) const {
    return tiles ? std::sqrt(relative[method] / static_cast<double>(tiles)) : 0;
  }
};
} // namespace

Result<std::vector<TensorData>> toInputs(const std::vector<executor::Port> &ports,
                                         const std::vector<TensorData> &samples, size_t most) {
  std::vector<TensorData> inputs;
  size_t count = most;
  for (size_t i = 0; i < ports.size(); ++i) {
    const executor::Port &port = ports[i];
    const TensorData *given = findTensor(samples, port.name, i);
    if (!given)
      return Error{"--calibrate needs samples for input '" + port.name + "'"};
    TensorData input = *given;
    if (port.type == ElementType::F32)
      convertToFloat(input);
    if (input.type != port.type)
      return Error{"--calibrate: input '" + port.name + "' needs elements of type " +
                   std::string(toString(port.type)) + ", given are " +
                   std::string(toString(input.type))};
    std::optional<SetPlacement> placement = placeSamples(input.shape, port.shape);
    if (!placement || placement->samples == 0)
      return Error{"--calibrate: input '" + port.name + "' needs shape " + neededShape(port.shape) +
                   " for N samples, given is " + shapeString(input.shape)};
    count = std::min(count, placement->samples);
    inputs.push_back(std::move(input));
  }
  for (size_t i = 0; i < ports.size(); ++i) {
    size_t bytes = elementBytes(ports[i].type);
    inputs[i].shape = {static_cast<int64_t>(count)};
    for (int64_t extent : ports[i].shape) {
      bytes *= static_cast<size_t>(extent);
      inputs[i].shape.push_back(extent);
    }
    inputs[i].bytes.resize(bytes * count);
  }
  return inputs;
}

Result<ConverterRanges> chooseConverterRanges(const program::ValidatedProgram &validated,
                                              const std::vector<TensorData> &samples,
                                              const std::string &method, bool perColumn) {
  const program::Program &program = validated.program();
  const target::Array &array = program.target.chip.core.array;
  SumHistograms histograms(program, perColumn);
  executor::ModelOptions watched;
  watched.observer = &histograms;
  executor::Executor executor(validated, watched);
  Result<std::vector<TensorData>> inputs =
      toInputs(executor.inputs(), samples, kMaxConverterSamples);
  if (!inputs)
    return inputs.error();
  if (Result<std::vector<TensorData>> outputs = executor.run(*inputs, {}); !outputs)
    return outputs.error();

  constexpr size_t kMethods = kConverterMethods.size();
  std::array<std::vector<std::vector<float>>, kMethods> steps;
  MethodErrors errors;
  std::vector<bool> transposed = readTransposed(program);
  for (size_t i = 0; i < program.tiles.size(); ++i) {
    std::array<double, kMethods> squared{};
    double squares = 0;
    for (std::vector<std::vector<float>> &ofMethod : steps)
      ofMethod.emplace_back();
    for (Direction direction : {Direction::Forward, Direction::Transposed}) {
      if (direction == Direction::Transposed && !transposed[i])
        continue;
      std::vector<int64_t> bounds = boundsOf(program, i, direction);
      size_t repeats = perColumn || !transposed[i] ? 1 : bounds.size();
      if (!perColumn)
        bounds = {*std::ranges::max_element(bounds)};
      for (size_t column = 0; column < bounds.size(); ++column) {
        const Histogram &histogram = histograms.of(i, direction)[column];
        auto choices = stepsOf(array, histogram, bounds[column]);
        for (size_t m = 0; m < kMethods; ++m) {
          steps[m].back().insert(steps[m].back().end(), repeats, choices[m]);
          squared[m] += histogram.error(choices[m], target::codeLimit(array));
        }
        squares += histogram.squares();
      }
    }
    errors.add(squared, squares);
  }
  ConverterRanges ranges;
  size_t chosen = 0;
  for (size_t m = 0; m < kMethods; ++m) {
    ranges.figures.relativeErrors.push_back(errors.of(m));
    bool named = method == kConverterMethods[m];
    if (named || (method == "auto" && errors.of(m) < errors.of(chosen)))
      chosen = m;
  }
  ranges.figures.method = kConverterMethods[chosen];
  ranges.steps = std::move(steps[chosen]);
  return ranges;
}

} // namespace cimc
