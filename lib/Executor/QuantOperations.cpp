//===- QuantOperations.cpp - Between sums, bytes and floats ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each kernel is a plain loop over the formula in docs/numerics.md, compiled for several widths of
// vectors.
//
//===--------------------------------------------------------------------------===//

#include "Numbers.h"
#include "Operation.h"

#include "cimc/Support/Half.h"

using namespace cimc;
using namespace cimc::executor;

namespace {
CIMC_VECTORIZE void requantizeRow(const int32_t *sums, const int32_t *bias, const float *scale,
                                  int8_t *out, uint32_t count, Rounder rounder) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] = rounder(static_cast<float>(wrapAdd(sums[i], bias[i])) * scale[i]);
}

CIMC_VECTORIZE void rescaleRow(const int32_t *sums, const int32_t *bias, const float *scale,
                               float *out, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] = static_cast<float>(wrapAdd(sums[i], bias[i])) * scale[i];
}

CIMC_VECTORIZE void rescaleHalfRow(const int32_t *sums, const int32_t *bias, const float *scale,
                                   Half *out, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] = Half(static_cast<float>(wrapAdd(sums[i], bias[i])) * scale[i]);
}

CIMC_VECTORIZE void quantizeRow(const float *in, int8_t *out, uint32_t count, float scale,
                                Rounder rounder) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] = rounder(in[i] / scale);
}

CIMC_VECTORIZE void dequantizeRow(const int8_t *in, float *out, uint32_t count, float scale,
                                  int32_t zeroPoint) {
  for (uint32_t i = 0; i < count; ++i)
    out[i] = static_cast<float>(wrapSub<int32_t>(in[i], zeroPoint)) * scale;
}

CIMC_VECTORIZE void addRow(const int8_t *a, const int8_t *b, int8_t *out,
                           const program::AddQuantized &add, Rounder rounder) {
  const float aScale = add.aScale, bScale = add.bScale, scale = add.scale;
  const int32_t aZero = add.aZeroPoint, bZero = add.bZeroPoint;
  for (uint32_t i = 0, count = add.count; i < count; ++i)
    out[i] = rounder((static_cast<float>(wrapSub<int32_t>(a[i], aZero)) * aScale +
                      static_cast<float>(wrapSub<int32_t>(b[i], bZero)) * bScale) /
                     scale);
}

/// Shifts and sums modulo 2^32.
template <bool accumulate>
CIMC_VECTORIZE void shiftRow(const int32_t *in, int32_t *out, uint32_t count, uint32_t shift) {
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t shifted = static_cast<uint32_t>(in[i]) << shift;
    out[i] = static_cast<int32_t>(accumulate ? static_cast<uint32_t>(out[i]) + shifted : shifted);
  }
}

/// Per-channel values for several positions side by side, so that a few channels still fill long
/// vectors.
struct ChannelValues {
  std::vector<int32_t> bias;
  std::vector<float> scale;
  uint32_t positions = 1; ///< that one pass covers
};

std::shared_ptr<const ChannelValues>
repeatChannels(const program::Requant &requant, const RowOperand &bias, const RowOperand &scale) {
  constexpr uint32_t kElements = 512;
  auto values = std::make_shared<ChannelValues>();
  values->positions = std::clamp(kElements / requant.channels, 1u, std::max(requant.positions, 1u));
  const int32_t *b = bias.at<int32_t>(Frame())[0];
  const float *s = scale.at<float>(Frame())[0];
  for (uint32_t i = 0; i < values->positions; ++i) {
    values->bias.insert(values->bias.end(), b, b + requant.channels);
    values->scale.insert(values->scale.end(), s, s + requant.channels);
  }
  return values;
}

/// A requantisation to T, where `row(sums, bias, scale, out, count)` does a run of elements.
template <typename T, typename RowFunction>
Operation requantize(const program::Requant &op, RowOperand source, RowOperand bias,
                     RowOperand scale, RowOperand target, RowFunction row) {
  if (bias.isFixed() && scale.isFixed() && op.dstPitch == op.channels && op.channels > 0)
    return always([=, values = repeatChannels(op, bias, scale)](Frame &frame) {
      auto in = source.at<int32_t>(frame);
      auto out = target.at<T>(frame);
      for (uint32_t s = 0; s < frame.samples; ++s)
        for (uint32_t p = 0; p < op.positions; p += values->positions) {
          uint32_t count = std::min(values->positions, op.positions - p) * op.channels;
          size_t at = size_t{p} * op.channels;
          row(in[s] + at, values->bias.data(), values->scale.data(), out[s] + at, count);
        }
    });
  return always([=](Frame &frame) {
    auto in = source.at<int32_t>(frame), b = bias.at<int32_t>(frame);
    auto f = scale.at<float>(frame);
    auto out = target.at<T>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      for (size_t p = 0; p < op.positions; ++p)
        row(in[s] + p * op.channels, b[s], f[s], out[s] + p * op.dstPitch, op.channels);
  });
}
} // namespace

Operation executor::prepare(const program::Requant &op, const CoreContext &context) {
  RowOperand source = context.row(op.src), bias = context.row(op.bias),
             scale = context.row(op.scale);
  RowOperand target = context.row(op.dst);
  if (op.to == program::Format::F32)
    return requantize<float>(op, source, bias, scale, target, rescaleRow);
  if (op.to == program::Format::F16)
    return requantize<Half>(op, source, bias, scale, target, rescaleHalfRow);
  return requantize<int8_t>(op, source, bias, scale, target,
                            [rounder = Rounder(op.zeroPoint, op.lo, op.hi)](auto... arguments) {
                              requantizeRow(arguments..., rounder);
                            });
}

Operation executor::prepare(const program::Quantize &op, const CoreContext &context) {
  RowOperand source = context.row(op.src), target = context.row(op.dst);
  return always([=, rounder = Rounder(op.zeroPoint, op.lo, op.hi)](Frame &frame) {
    auto in = source.at<float>(frame);
    auto out = target.at<int8_t>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      quantizeRow(in[s], out[s], op.count, op.scale, rounder);
  });
}

Operation executor::prepare(const program::Dequantize &op, const CoreContext &context) {
  RowOperand source = context.row(op.src), target = context.row(op.dst);
  return always([=](Frame &frame) {
    auto in = source.at<int8_t>(frame);
    auto out = target.at<float>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      dequantizeRow(in[s], out[s], op.count, op.scale, op.zeroPoint);
  });
}

Operation executor::prepare(const program::AddQuantized &op, const CoreContext &context) {
  RowOperand a = context.row(op.a), b = context.row(op.b), target = context.row(op.dst);
  return always([=, rounder = Rounder(op.zeroPoint, op.lo, op.hi)](Frame &frame) {
    auto left = a.at<int8_t>(frame), right = b.at<int8_t>(frame), out = target.at<int8_t>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      addRow(left[s], right[s], out[s], op, rounder);
  });
}

Operation executor::prepare(const program::ShiftAdd &op, const CoreContext &context) {
  RowOperand source = context.row(op.src), target = context.row(op.dst);
  return always([=](Frame &frame) {
    auto in = source.at<int32_t>(frame), out = target.at<int32_t>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      (op.accumulate ? shiftRow<true> : shiftRow<false>)(in[s], out[s], op.count, op.shift);
  });
}

Operation executor::prepare(const program::Lookup &op, const CoreContext &context) {
  RowOperand source = context.row(op.src), table = context.row(op.table),
             target = context.row(op.dst);
  return always([=](Frame &frame) {
    auto in = source.at<int8_t>(frame), values = table.at<int8_t>(frame),
         out = target.at<int8_t>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s) {
      const int8_t *zero = values[s] + 128;
      for (uint32_t i = 0; i < op.count; ++i)
        out[s][i] = zero[in[s][i]];
    }
  });
}
