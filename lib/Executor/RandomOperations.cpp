//===- RandomOperations.cpp - Random numbers of a network ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers come from the counter-based generator that the cells use, so that threads, batches and
// order never matter. Doubles are cut to 24 bits, which every float between 0 and 1 holds.
//
//===--------------------------------------------------------------------------===//

#include "Operation.h"

#include "cimc/Devices/Random.h"

#include <cmath>

using namespace cimc;
using namespace cimc::executor;

Operation executor::prepare(const program::Random &op, const CoreContext &context) {
  RowOperand target = context.row(op.dst);
  context.needScratch(op.count * sizeof(double));
  devices::RandomStream stream(context.model.analog.seed, devices::Purpose::Network, op.number);
  return always([=](Frame &frame) {
    auto out = target.at<float>(frame);
    std::span<double> numbers(reinterpret_cast<double *>(frame.worker->scratch), op.count);
    for (uint32_t sample = 0; sample < frame.samples; ++sample) {
      stream.uniforms(numbers, uint64_t{frame.counter} * op.count,
                      static_cast<uint32_t>(frame.worker->firstInference + sample));
      for (uint32_t i = 0; i < op.count; ++i)
        out[sample][i] = static_cast<float>(std::floor(numbers[i] * 16777216.0) / 16777216.0);
    }
  });
}
