//===- StreamBlocks.cpp - Sending and receiving rows ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A row is sent as soon as it is computed, to each stage that receives it. A receiving stage puts
// the parts of a row side by side; a stage that keeps rows for other chips copies its one part.
//
//===--------------------------------------------------------------------------===//

#include "BlockEmitter.h"

using namespace mlir;

namespace cimc {

void BlockEmitter::emitAssemble() {
  auto type = cast<RankedTensorType>(stage.value.getType());
  int64_t bytes = cim::getElementBytes(type.getElementType());
  int64_t channels = stage.outputs.front().channels;
  int64_t firstChannel = stage.outputs.front().channel;
  for (const cim::Part &part : stage.sources) {
    int64_t before = part.positions.first - stage.positions.first, count = part.positions.count;
    isa::RowAttr dst = outputRow(0, (before * channels + part.channel - firstChannel) * bytes);
    if (part.core != stage.core) {
      uint32_t channel = program.channels.at({part.stream, number});
      // Positions with all their channels are one run.
      bool whole = part.channels == channels;
      int64_t message = graph.problem.streams[part.stream].rowBytes;
      isa::RecvOp::create(builder, loc, channel, dst, static_cast<uint32_t>(whole ? 1 : count),
                          static_cast<uint32_t>(whole ? message : part.channels * bytes),
                          static_cast<uint32_t>(whole ? message : channels * bytes));
      continue;
    }
    (void)emitCopy(type.getElementType(), {{count, part.channels, channels}, {part.channels, 1, 1}},
                   row(ringOf(part.stream)), dst); // two loops cannot fail
  }
}

void BlockEmitter::emitSends() {
  for (auto [index, part] : llvm::enumerate(stage.outputs))
    for (int64_t receiver : graph.receiversOf(part.stream)) {
      auto bytes = static_cast<uint32_t>(graph.problem.streams[part.stream].rowBytes);
      isa::SendOp::create(builder, loc, program.channels.at({part.stream, receiver}),
                          outputRow(static_cast<unsigned>(index)), 1u, bytes, bytes);
    }
}

} // namespace cimc
