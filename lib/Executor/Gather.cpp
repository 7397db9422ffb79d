//===- Gather.cpp - Windows as dense vectors -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies go in pieces of 32 bytes and may write up to 31 bytes too many: spans are copied in order
// of their target, and vectors are far enough apart, so that whatever is overwritten is either not
// used or written afterwards.
//
//===--------------------------------------------------------------------------===//

#include "Gather.h"

#include <algorithm>
#include <cstring>

using namespace cimc;
using namespace cimc::executor;

namespace {
constexpr size_t kPiece = 32;

/// Copies at least `bytes` bytes.
inline void copyPieces(std::byte *target, const std::byte *source, size_t bytes) {
  size_t done = 0;
  do
    std::memcpy(target + done, source + done, kPiece);
  while ((done += kPiece) < bytes);
}

/// Spans of the slice. Positions that are neighbours in memory (whole, undilated) make one span of
/// a kernel row.
std::vector<Span> makeSpans(const program::Window &window, uint32_t first, uint32_t count) {
  std::vector<Span> spans;
  bool merge = window.channels == window.pitch && (window.dilationW == 1 || window.kernelW == 1);
  uint32_t run = merge ? window.kernelW * window.channels : window.channels;
  for (uint32_t at = 0; at < count;) {
    uint32_t place = first + at, part = place / run, inside = place % run;
    uint32_t bytes = std::min(run - inside, count - at);
    int64_t column = merge ? 0 : part % window.kernelW;
    int64_t source = (column * window.dilationW - int64_t{window.padLeft}) * window.pitch +
                     window.channel + inside;
    spans.push_back({merge ? part : part / window.kernelW, source, at, bytes});
    at += bytes;
  }
  return spans;
}
} // namespace

Gatherer::Gatherer(const WindowOperand &operand, uint32_t first, uint32_t count)
    : operand(operand), spans(makeSpans(operand.window, first, count)) {
  const program::Window &window = operand.window;
  pitch = (size_t{count} + kPiece + 63) / 64 * 64;
  step = int64_t{window.strideW} * window.pitch;
  lineBytes = int64_t{window.width} * window.pitch;
  int64_t last = (int64_t{window.positions} - 1) * step + spans[0].source + spans[0].bytes;
  direct = spans.size() == 1 && spans[0].source >= 0 && last <= lineBytes;
}

void Gatherer::copySpan(const Span &span, const std::byte *row, uint32_t position, uint32_t count,
                        std::byte *target) const {
  int pad = operand.window.padValue;
  target += span.target;
  for (uint32_t i = 0; i < count; ++i, target += pitch) {
    int64_t source = (int64_t{position} + i) * step + span.source;
    int64_t begin = std::clamp<int64_t>(-source, 0, span.bytes);
    int64_t end = std::clamp<int64_t>(lineBytes - source, begin, span.bytes);
    if (begin == 0 && end == span.bytes) {
      copyPieces(target, row + source, span.bytes);
      continue;
    }
    std::memset(target, pad, static_cast<size_t>(begin));
    std::memcpy(target + begin, row + source + begin, static_cast<size_t>(end - begin));
    std::memset(target + end, pad, static_cast<size_t>(span.bytes - end));
  }
}

void Gatherer::gather(const Frame &frame, uint32_t sample, uint32_t position, uint32_t count,
                      std::byte *target, const int8_t **vectors) const {
  int64_t firstRow = operand.firstRow(frame.counter);
  for (const Span &span : spans) {
    Cursor<std::byte> row = operand.row<std::byte>(frame, firstRow + int64_t{span.kernelRow} *
                                                                         operand.window.dilationH);
    if (!row.first) {
      for (uint32_t i = 0; i < count; ++i)
        std::memset(target + i * pitch + span.target, operand.window.padValue, span.bytes);
    } else if (direct) {
      const auto *line = reinterpret_cast<const int8_t *>(row[sample]) + span.source;
      for (uint32_t i = 0; i < count; ++i)
        vectors[i] = line + (int64_t{position} + i) * step;
      return;
    } else {
      copySpan(span, row[sample], position, count, target);
    }
  }
  for (uint32_t i = 0; i < count; ++i)
    vectors[i] = reinterpret_cast<const int8_t *>(target + i * pitch);
}
