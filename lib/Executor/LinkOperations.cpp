//===- LinkOperations.cpp - Send and receive -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Between cores a message is copied into or out of a slot of the channel, for every sample. At the
// host's side there is no queue: a receive gathers its row straight from the input tensor and a
// send scatters its row into the output tensor, since values do not depend on when the host would
// have done it.
//
//===--------------------------------------------------------------------------===//

#include "Operation.h"

#include <cstring>

using namespace cimc;
using namespace cimc::executor;

namespace {
constexpr std::byte kSignBit{0x80};

/// The pieces of a message in a core's memory.
struct Chunks {
  RowOperand place;
  uint32_t count = 1, bytes = 0, pitch = 0;

  size_t messageBytes() const { return size_t{count} * bytes; }
  void gather(const std::byte *memory, std::byte *message) const {
    for (uint32_t i = 0; i < count; ++i)
      std::memcpy(message + size_t{i} * bytes, memory + size_t{i} * pitch, bytes);
  }
  void scatter(const std::byte *message, std::byte *memory) const {
    for (uint32_t i = 0; i < count; ++i)
      std::memcpy(memory + size_t{i} * pitch, message + size_t{i} * bytes, bytes);
  }
};

/// Copies the elements of a row between a tensor (strided) and a message (dense).
template <typename T, bool ToMessage>
void copyStrided(const HostStream &stream, std::byte *tensorBytes, std::byte *messageBytes) {
  auto *tensor = reinterpret_cast<T *>(tensorBytes);
  auto *message = reinterpret_cast<T *>(messageBytes);
  const auto &[d0, d1, d2, d3] = stream.dims;
  const auto &[s0, s1, s2, s3] = stream.strides;
  for (int64_t i = 0; i < d0; ++i)
    for (int64_t j = 0; j < d1; ++j)
      for (int64_t k = 0; k < d2; ++k) {
        T *line = tensor + i * s0 + j * s1 + k * s2;
        for (int64_t l = 0; l < d3; ++l, ++message)
          if constexpr (ToMessage)
            *message = line[l * s3];
          else
            line[l * s3] = *message;
      }
}

using CopyFunction = void (*)(const HostStream &, std::byte *, std::byte *);

template <bool ToMessage> CopyFunction copyFunction(size_t elementBytes) {
  switch (elementBytes) {
  case 1:
    return copyStrided<uint8_t, ToMessage>;
  case 4:
    return copyStrided<uint32_t, ToMessage>;
  default:
    return copyStrided<uint64_t, ToMessage>;
  }
}

/// Byte offset of the row that the next message on `channel` carries, in the tensor of one
/// inference.
int64_t nextRow(Frame &frame, const HostStream &stream, uint32_t channel) {
  uint32_t row = frame.worker->hostMessages[channel]++ % stream.rows;
  return int64_t{row} * stream.rowStride * static_cast<int64_t>(stream.elementBytes);
}

void flipSigns(std::byte *bytes, size_t count) {
  for (size_t i = 0; i < count; ++i)
    bytes[i] ^= kSignBit;
}

Operation receiveFromHost(Chunks chunks, HostStream stream, uint32_t channel) {
  CopyFunction copy = copyFunction<true>(stream.elementBytes);
  return always([=](Frame &frame) {
    Cursor<std::byte> target = chunks.place.at<std::byte>(frame);
    int64_t row = nextRow(frame, stream, channel);
    for (uint32_t s = 0; s < frame.samples; ++s) {
      const std::byte *tensor = frame.worker->inputs[stream.stream] +
                                (frame.worker->firstInference + s) * stream.inferenceBytes + row;
      std::byte *message = chunks.count == 1 ? target[s] : frame.worker->scratch;
      copy(stream, const_cast<std::byte *>(tensor), message);
      if (stream.signedShift)
        flipSigns(message, chunks.messageBytes());
      if (chunks.count != 1)
        chunks.scatter(message, target[s]);
    }
  });
}

Operation sendToHost(Chunks chunks, HostStream stream, uint32_t channel) {
  CopyFunction copy = copyFunction<false>(stream.elementBytes);
  return always([=](Frame &frame) {
    Cursor<std::byte> source = chunks.place.at<std::byte>(frame);
    int64_t row = nextRow(frame, stream, channel);
    std::byte *message = frame.worker->scratch;
    for (uint32_t s = 0; s < frame.samples; ++s) {
      chunks.gather(source[s], message);
      if (stream.signedShift)
        flipSigns(message, chunks.messageBytes());
      copy(stream,
           frame.worker->outputs[stream.stream] +
               (frame.worker->firstInference + s) * stream.inferenceBytes + row,
           message);
    }
  });
}

Operation receiveFromCore(Chunks chunks, uint32_t channel, uint32_t depth) {
  return [=](Frame &frame) {
    Fifo &fifo = frame.worker->fifos[channel];
    if (fifo.count == 0)
      return false;
    const std::byte *message =
        fifo.data + size_t{fifo.head} * frame.samples * chunks.messageBytes();
    Cursor<std::byte> target = chunks.place.at<std::byte>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s, message += chunks.messageBytes())
      chunks.scatter(message, target[s]);
    fifo.head = fifo.head + 1 == depth ? 0 : fifo.head + 1;
    --fifo.count;
    return true;
  };
}

Operation sendToCore(Chunks chunks, uint32_t channel, uint32_t depth) {
  return [=](Frame &frame) {
    Fifo &fifo = frame.worker->fifos[channel];
    if (fifo.count == depth)
      return false;
    uint32_t slot = (fifo.head + fifo.count) % depth;
    std::byte *message = fifo.data + size_t{slot} * frame.samples * chunks.messageBytes();
    Cursor<std::byte> source = chunks.place.at<std::byte>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s, message += chunks.messageBytes())
      chunks.gather(source[s], message);
    ++fifo.count;
    return true;
  };
}

/// Send and Recv differ only in the name of their row and in who takes part.
template <typename Link>
Operation prepareLink(const Link &link, const program::Row &row, const CoreContext &context,
                      Operation (*withHost)(Chunks, HostStream, uint32_t),
                      Operation (*withCore)(Chunks, uint32_t, uint32_t)) {
  const HostStream *stream = (*context.hostStreams)[link.channel];
  RowOperand place = context.row(row);
  Chunks chunks{place, link.chunks, link.chunkBytes, link.pitch};
  if (chunks.pitch == chunks.bytes) // dense: one piece
    chunks = {place, 1, chunks.count * chunks.bytes, 0};
  context.needScratch(chunks.messageBytes());
  if (stream)
    return withHost(chunks, *stream, link.channel);
  return withCore(chunks, link.channel, context.program->channels[link.channel].depth);
}
} // namespace

Operation executor::prepare(const program::Send &send, const CoreContext &context) {
  return prepareLink(send, send.src, context, sendToHost, sendToCore);
}

Operation executor::prepare(const program::Recv &recv, const CoreContext &context) {
  return prepareLink(recv, recv.dst, context, receiveFromHost, receiveFromCore);
}
