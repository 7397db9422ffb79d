//===- ProductOperations.cpp - Products and tables of activations ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of windows with matrices in memory. The windows of a few positions are written out as
// vectors in the format of the sums; then every row of the matrix is read once and its products are
// added to the sums of all of them. Each sum takes its products in the order of the matrix's rows,
// however wide the processor's vectors are. Products of halves are summed in f32, in scratch, and
// rounded when they are complete. Entries of tables are copied by index.
//
//===--------------------------------------------------------------------------===//

#include "Numbers.h"
#include "Operation.h"

#include "cimc/Support/Half.h"

#include <cstring>

using namespace cimc;
using namespace cimc::executor;
using program::Format;

namespace {
/// Positions that are multiplied together, and columns whose sums stay close by meanwhile.
constexpr uint32_t kPositions = 8, kColumns = 64;

//===--------------------------------------------------------------------------===//
// Kernels
//===--------------------------------------------------------------------------===//

/// A matrix in memory, and vectors in the format of the sums, `vectorPitch` elements apart.
template <typename In, typename Out> struct Factors {
  const In *matrix;
  uint32_t rows, columns;
  Out zeroPoint; ///< of the matrix
  const Out *vectors;
  size_t vectorPitch;
  uint32_t count;
};

/// One product and its sum. The validator has proved that integers do not leave 32 bits.
inline float addProduct(float sum, float x, float weight, float) { return sum + x * weight; }
inline int32_t addProduct(int32_t sum, int32_t x, int8_t weight, int32_t zeroPoint) {
  return sum + x * (weight - zeroPoint);
}

/// `count` elements of a matrix as they are multiplied; `wide` has room for halves as floats.
template <typename In> const In *asFactors(const In *row, uint32_t, float *) { return row; }
[[gnu::always_inline]] inline const float *asFactors(const Half *row, uint32_t count, float *wide) {
  for (uint32_t c = 0; c < count; ++c)
    wide[c] = row[c];
  return wide;
}

/// Adds each vector's product with the matrix to its sums, which are `pitch` apart.
template <typename In, typename Out>
[[gnu::always_inline]] inline void addProducts(const Factors<In, Out> &f, Out *sums, size_t pitch) {
  for (uint32_t first = 0; first < f.columns; first += kColumns) {
    uint32_t width = std::min(kColumns, f.columns - first);
    for (uint32_t k = 0; k < f.rows; ++k) {
      float wide[kColumns];
      const auto *row = asFactors(f.matrix + size_t{k} * f.columns + first, width, wide);
      for (uint32_t p = 0; p < f.count; ++p) {
        Out x = f.vectors[p * f.vectorPitch + k];
        Out *sum = sums + p * pitch + first;
        for (uint32_t c = 0; c < width; ++c)
          sum[c] = addProduct(sum[c], x, row[c], f.zeroPoint);
      }
    }
  }
}
CIMC_VECTORIZE void multiplyAdd(const Factors<float, float> &f, float *sums, size_t pitch) {
  addProducts(f, sums, pitch);
}
CIMC_VECTORIZE void multiplyAdd(const Factors<Half, float> &f, float *sums, size_t pitch) {
  addProducts(f, sums, pitch);
}
CIMC_VECTORIZE void multiplyAdd(const Factors<int8_t, int32_t> &f, int32_t *sums, size_t pitch) {
  addProducts(f, sums, pitch);
}

//===--------------------------------------------------------------------------===//
// Products
//===--------------------------------------------------------------------------===//

/// Products that are summed as Out and stored as `Stored`.
template <typename In, typename Out, typename Stored = Out> struct ProductPlan {
  WindowOperand window;
  RowOperand matrix, target;
  uint32_t groups, columns, pitch;
  bool accumulate;
  Out zeroPoint, matrixZeroPoint;

  uint32_t groupChannels() const { return window.window.channels / groups; }
  uint32_t taps() const { return window.window.kernelH * window.window.kernelW; }
  uint32_t rows() const { return taps() * groupChannels(); }
  size_t vectorElements() const { return size_t{kPositions} * rows() * groups; }
  /// Whether the vectors stand in memory as they are needed.
  bool isDirect() const {
    const program::Window &w = window.window;
    return std::is_same_v<In, Out> && taps() == 1 && groups == 1 && w.padLeft == 0 &&
           w.channel < w.pitch && uint64_t{w.positions - 1} * w.strideW < w.width;
  }

  /// Writes out position `position`: group by group the flattened window, less the zero point.
  /// `lines` holds the window's rows, null outside the stream.
  void flatten(const In *const *lines, uint32_t position, Out *vector) const {
    const program::Window &w = window.window;
    uint32_t channels = groupChannels();
    for (uint32_t tap = 0; tap < taps(); ++tap) {
      const In *line = lines[tap / w.kernelW];
      int64_t column =
          int64_t{position} * w.strideW + int64_t{tap % w.kernelW} * w.dilationW + firstColumnOf(w);
      bool inside = line && column >= 0 && column < int64_t{w.width};
      const In *from = inside ? line + column * w.pitch + firstElementOf(w) : nullptr;
      for (uint32_t g = 0; g < groups; ++g) {
        Out *to = vector + size_t{g} * rows() + size_t{tap} * channels;
        for (uint32_t c = 0; c < channels; ++c)
          to[c] = (from ? static_cast<Out>(*from++) : static_cast<Out>(w.padValue)) - zeroPoint;
      }
    }
  }

  /// Adds the products of positions `first` to `first + count - 1` of one sample to `out`, where
  /// positions are `outPitch` apart.
  void multiply(const In *const *lines, const In *values, uint32_t first, uint32_t count,
                Out *scratch, Out *out, size_t outPitch) const {
    size_t vectorPitch = size_t{groups} * rows();
    const Out *vectors = scratch;
    if constexpr (std::is_same_v<In, Out>)
      if (isDirect() && lines[0]) {
        const program::Window &w = window.window;
        vectorPitch = size_t{w.strideW} * w.pitch;
        vectors = lines[0] + first * vectorPitch + w.channel;
      }
    if (vectors == scratch)
      for (uint32_t p = 0; p < count; ++p)
        flatten(lines, first + p, scratch + p * vectorPitch);
    for (uint32_t g = 0; g < groups; ++g) {
      Factors<In, Out> factors{
          values + size_t{g} * rows() * columns, rows(),      columns, matrixZeroPoint,
          vectors + size_t{g} * rows(),          vectorPitch, count};
      multiplyAdd(factors, out + size_t{g} * columns, outPitch);
    }
  }

  /// Makes the results of positions `first` to `first + count - 1` of one sample.
  void finish(const In *const *lines, const In *values, uint32_t first, uint32_t count,
              Out *scratch, Stored *out) const {
    size_t results = size_t{groups} * columns, sumPitch = pitch;
    Out *sums;
    if constexpr (std::is_same_v<Out, Stored>)
      sums = out;
    else
      sums = scratch + vectorElements(), sumPitch = results;
    for (uint32_t p = 0; p < count; ++p)
      if (!accumulate)
        std::fill_n(sums + p * sumPitch, results, Out(0));
      else if (!std::is_same_v<Out, Stored>)
        std::copy_n(out + size_t{p} * pitch, results, sums + p * sumPitch);
    multiply(lines, values, first, count, scratch, sums, sumPitch);
    if constexpr (!std::is_same_v<Out, Stored>)
      for (uint32_t p = 0; p < count; ++p)
        std::transform(sums + p * sumPitch, sums + (p + 1) * sumPitch, out + size_t{p} * pitch,
                       [](Out sum) { return Stored(sum); });
  }

  void run(Frame &frame) const {
    const program::Window &w = window.window;
    auto values = matrix.template at<In>(frame);
    auto out = target.template at<Stored>(frame);
    auto *scratch = reinterpret_cast<Out *>(frame.worker->scratch);
    int64_t first = window.firstRow(frame.counter);
    std::vector<const In *> lines(w.kernelH);
    for (uint32_t s = 0; s < frame.samples; ++s) {
      for (uint32_t i = 0; i < w.kernelH; ++i) {
        auto row = window.template row<In>(frame, first + int64_t{i} * w.dilationH);
        lines[i] = row.first ? row[s] : nullptr;
      }
      for (uint32_t p = 0; p < w.positions; p += kPositions)
        finish(lines.data(), values[s], p, std::min(kPositions, w.positions - p), scratch,
               out[s] + size_t{p} * pitch);
    }
  }
};

template <typename In, typename Out, typename Stored = Out>
Operation prepareProduct(const program::Matmul &op, const CoreContext &context) {
  using Plan = ProductPlan<In, Out, Stored>;
  auto plan = std::make_shared<Plan>(Plan{context.window(op.window), context.row(op.matrix),
                                          context.row(op.dst), op.groups, op.columns, op.dstPitch,
                                          op.accumulate, static_cast<Out>(op.aZeroPoint),
                                          static_cast<Out>(op.bZeroPoint)});
  size_t sums = std::is_same_v<Out, Stored> ? 0 : size_t{kPositions} * op.groups * op.columns;
  context.needScratch((plan->vectorElements() + sums) * sizeof(Out));
  return always([plan](Frame &frame) { plan->run(frame); });
}

//===--------------------------------------------------------------------------===//
// Tables
//===--------------------------------------------------------------------------===//

template <typename Index> Operation prepareGather(const program::Gather &op, CoreContext context) {
  RowOperand table = context.row(op.table), index = context.row(op.index),
             target = context.row(op.dst);
  size_t bytes = op.elements * formatBytes(op.format);
  return [=, entries = int64_t{op.entries}, count = op.count](Frame &frame) {
    auto from = table.at<std::byte>(frame), to = target.at<std::byte>(frame);
    auto numbers = index.at<Index>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      for (uint32_t i = 0; i < count; ++i) {
        int64_t number = numbers[s][i];
        if (number < 0 || number >= entries) {
          frame.worker->fault = "index " + std::to_string(number) + " of inference " +
                                std::to_string(frame.worker->firstInference + s) +
                                " lies outside the table, which has " + std::to_string(entries) +
                                " entries";
          return false;
        }
        std::memcpy(to[s] + i * bytes, from[s] + static_cast<size_t>(number) * bytes, bytes);
      }
    return true;
  };
}
} // namespace

Operation executor::prepare(const program::Matmul &op, const CoreContext &context) {
  switch (op.format) {
  case Format::F32:
    return prepareProduct<float, float>(op, context);
  case Format::F16:
    return prepareProduct<Half, float, Half>(op, context);
  default:
    return prepareProduct<int8_t, int32_t>(op, context);
  }
}

Operation executor::prepare(const program::Gather &op, const CoreContext &context) {
  return op.indexFormat == Format::I32 ? prepareGather<int32_t>(op, context)
                                       : prepareGather<int64_t>(op, context);
}
