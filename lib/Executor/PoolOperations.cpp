//===- PoolOperations.cpp - Pooling and unfolding windows ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pool goes over its window place by place, kernel rows outermost, and takes all positions'
// channels into the result, so each result sees its places in the order that docs/numerics.md says.
// Unfolding copies the places instead.
//
//===--------------------------------------------------------------------------===//

#include "Numbers.h"
#include "Operation.h"

#include "cimc/Support/Half.h"

#include <algorithm>
#include <cstring>

using namespace cimc;
using namespace cimc::executor;
using program::Format;
using program::ReduceFn;

namespace {
/// Takes one place of a window (`in`, `count` channels) into the result.
template <typename In, typename Out>
using TakeFunction = void (*)(const In *in, Out *out, uint32_t count);

CIMC_VECTORIZE void takeMaxI8(const int8_t *in, int8_t *out, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] = std::max(out[i], in[i]);
}
CIMC_VECTORIZE void takeSumI8(const int8_t *in, int32_t *out, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] = wrapAdd<int32_t>(out[i], in[i]);
}
CIMC_VECTORIZE void takeMaxF32(const float *in, float *out, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] = maximum(out[i], in[i]);
}
CIMC_VECTORIZE void takeSumF32(const float *in, float *out, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] += in[i];
}
CIMC_VECTORIZE void takeMaxF16(const Half *in, float *out, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] = maximum(out[i], in[i]);
}
CIMC_VECTORIZE void takeSumF16(const Half *in, float *out, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] += in[i];
}

template <typename In, typename Out> struct PoolPlan {
  WindowOperand window;
  RowOperand target;
  TakeFunction<In, Out> take;
  Out initial;       ///< what a result starts with
  bool takesPadding; ///< whether places outside the stream count, with the pad value
};

/// One kernel place (row `line`, column `j`) of all positions of one sample. `line` is null outside
/// the stream.
template <typename In, typename Out>
void poolPlace(const PoolPlan<In, Out> &plan, const In *line, uint32_t j, const In *padding,
               Out *out) {
  const program::Window &window = plan.window.window;
  int64_t column = int64_t{j} * window.dilationW + firstColumnOf(window);
  uint32_t first = firstElementOf(window);
  for (uint32_t p = 0; p < window.positions;
       ++p, column += window.strideW, out += window.channels) {
    if (line && column >= 0 && column < int64_t{window.width})
      plan.take(line + column * window.pitch + first, out, window.channels);
    else if (plan.takesPadding)
      plan.take(padding, out, window.channels);
  }
}

/// The results are made in the format Out: in their place, or in scratch if `Stored` differs.
template <typename In, typename Out, typename Stored = Out>
Operation makePool(const PoolPlan<In, Out> &plan, const CoreContext &context) {
  constexpr bool kInPlace = std::is_same_v<Out, Stored>;
  const program::Window &window = plan.window.window;
  size_t results = size_t{window.positions} * window.channels;
  auto padding =
      std::make_shared<std::vector<In>>(window.channels, static_cast<In>(window.padValue));
  if (!kInPlace)
    context.needScratch(results * sizeof(Out));
  return always([=](Frame &frame) {
    const program::Window &window = plan.window.window;
    auto target = plan.target.template at<Stored>(frame);
    int64_t first = plan.window.firstRow(frame.counter);
    for (uint32_t s = 0; s < frame.samples; ++s) {
      Out *out = reinterpret_cast<Out *>(kInPlace ? static_cast<void *>(target[s])
                                                  : frame.worker->scratch);
      std::fill_n(out, results, plan.initial);
      for (uint32_t i = 0; i < window.kernelH; ++i) {
        auto row = plan.window.template row<In>(frame, first + int64_t{i} * window.dilationH);
        for (uint32_t j = 0; j < window.kernelW; ++j)
          poolPlace(plan, row.first ? row[s] : nullptr, j, padding->data(), out);
      }
      if constexpr (!kInPlace)
        std::transform(out, out + results, target[s], [](Out value) { return Stored(value); });
    }
  });
}
} // namespace

Operation executor::prepare(const program::Pool &op, const CoreContext &context) {
  bool isMax = op.fn == ReduceFn::Max, isBytes = op.format == Format::I8;
  WindowOperand window = context.window(op.window);
  RowOperand target = context.row(op.dst);
  if (isBytes && isMax)
    return makePool(PoolPlan<int8_t, int8_t>{window, target, takeMaxI8, -128, false}, context);
  if (isBytes)
    return makePool(PoolPlan<int8_t, int32_t>{window, target, takeSumI8, 0, true}, context);
  float initial = isMax ? -std::numeric_limits<float>::infinity() : 0.0f;
  if (op.format == Format::F16)
    return makePool<Half, float, Half>(
        {window, target, isMax ? takeMaxF16 : takeSumF16, initial, !isMax}, context);
  return makePool(
      PoolPlan<float, float>{window, target, isMax ? takeMaxF32 : takeSumF32, initial, !isMax},
      context);
}

template <typename T>
static Operation prepareUnfold(const WindowOperand &source, RowOperand target, T value, bool keep) {
  return always([=](Frame &frame) {
    const program::Window &window = source.window;
    auto out = target.at<T>(frame);
    int64_t first = source.firstRow(frame.counter);
    size_t lineElements = size_t{window.kernelW} * window.channels;
    int64_t left = firstColumnOf(window);
    uint32_t channel = firstElementOf(window);
    for (uint32_t i = 0; i < window.kernelH; ++i) {
      auto row = source.row<T>(frame, first + int64_t{i} * window.dilationH);
      for (uint32_t s = 0; s < frame.samples; ++s)
        for (uint32_t p = 0; p < window.positions; ++p) {
          T *to = out[s] + (size_t{p} * window.kernelH + i) * lineElements;
          int64_t column = int64_t{p} * window.strideW + left;
          for (uint32_t j = 0; j < window.kernelW;
               ++j, to += window.channels, column += window.dilationW)
            if (row.first && column >= 0 && column < int64_t{window.width})
              std::memcpy(to, row[s] + column * window.pitch + channel,
                          window.channels * sizeof(T));
            else if (!keep)
              std::fill_n(to, window.channels, value);
        }
    }
  });
}

Operation executor::prepare(const program::Unfold &op, const CoreContext &context) {
  WindowOperand window = context.window(op.window);
  RowOperand target = context.row(op.dst);
  switch (formatBytes(op.format)) {
  case 1:
    return prepareUnfold(window, target, static_cast<int8_t>(op.value), op.keep);
  case 2:
    return prepareUnfold(window, target, static_cast<int16_t>(op.value), op.keep);
  case 4: // the bits of the element, whether i32 or f32
    return prepareUnfold(window, target, op.value, op.keep);
  default:
    return prepareUnfold(window, target, static_cast<int64_t>(op.value), op.keep);
  }
}
