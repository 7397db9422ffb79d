//===- LayerRecorder.cpp - Keeps what layers make --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayerRecorder.h"

#include "cimc/Support/Half.h"

using namespace cimc;
using namespace cimc::executor;

namespace {
template <typename T>
void append(const program::Requant &requant, const RowOperand &results, const Frame &frame,
            std::vector<float> &values) {
  auto rows = results.at<T>(frame);
  auto zeroPoint = std::is_same_v<T, int8_t> ? static_cast<float>(requant.zeroPoint) : 0.0f;
  for (uint32_t s = 0; s < frame.samples; ++s)
    for (size_t p = 0; p < requant.positions; ++p)
      for (size_t c = 0; c < requant.channels; ++c)
        values.push_back(static_cast<float>(rows[s][p * requant.dstPitch + c]) - zeroPoint);
}
} // namespace

Operation executor::recordResults(Operation operation, const program::Requant &requant,
                                  const CoreContext &context, size_t slot) {
  return [operation = std::move(operation), requant, results = context.row(requant.dst),
          slot](Frame &frame) {
    if (!operation(frame))
      return false;
    if (LayerRecorder *recorder = frame.worker->recorder) {
      std::vector<float> &values = recorder->values[slot];
      if (requant.to == program::Format::I8)
        append<int8_t>(requant, results, frame, values);
      else if (requant.to == program::Format::F16)
        append<Half>(requant, results, frame, values);
      else
        append<float>(requant, results, frame, values);
    }
    return true;
  };
}
