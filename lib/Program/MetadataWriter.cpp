//===- MetadataWriter.cpp - Program tables to FlatBuffers ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tables are written in the order of the Program, children before parents. The builder cannot
// report that it is full, so its size is looked at after every core and every run of table rows,
// none of which can add more than the reserve between the limit and the 2 GiB that FlatBuffers can
// address.
//
//===--------------------------------------------------------------------------===//

#include "Cimb_generated.h"
#include "Metadata.h"

#include "cimc/Program/Codec.h"
#include "cimc/Program/Limits.h"
#include "cimc/Target/Serialize.h"

using namespace cimc;
using namespace cimc::program;

namespace {

class MetadataWriter {
public:
  Result<flatbuffers::DetachedBuffer> write(const Program &program,
                                            std::span<const uint64_t> checksums);

private:
  using Bytes = flatbuffers::Offset<flatbuffers::Vector<uint8_t>>;

  bool fits() const { return builder.GetSize() <= kMaxMetadataBytes; }
  flatbuffers::Offset<flatbuffers::String> text(const std::string &value) {
    return builder.CreateString(value.data(), value.size());
  }
  Bytes bytes(const std::vector<std::byte> &value) {
    return builder.CreateVector(reinterpret_cast<const uint8_t *>(value.data()), value.size());
  }
  Bytes code(const std::vector<Instruction> &instructions) {
    return bytes(encodeInstructions(instructions));
  }

  /// Writes each element with the member function `row` and gives the vector of them.
  template <class T, class R>
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<R>>>
  table(const std::vector<T> &elements, flatbuffers::Offset<R> (MetadataWriter::*row)(const T &)) {
    std::vector<flatbuffers::Offset<R>> rows;
    rows.reserve(elements.size());
    for (const T &element : elements) {
      if (!fits())
        break;
      rows.push_back((this->*row)(element));
    }
    return builder.CreateVector(rows);
  }

  flatbuffers::Offset<fb::Tile> tile(const Tile &tile);
  flatbuffers::Offset<fb::Channel> channel(const Channel &channel);
  flatbuffers::Offset<fb::Stream> stream(const Stream &stream);
  flatbuffers::Offset<fb::Buffer> buffer(const Buffer &buffer);
  flatbuffers::Offset<fb::Block> block(const Block &block);
  flatbuffers::Offset<fb::Core> core(const Core &core);

  flatbuffers::FlatBufferBuilder builder;
};

} // namespace

static fb::FourInts fourInts(const std::array<int32_t, 4> &value) {
  return fb::FourInts(value[0], value[1], value[2], value[3]);
}

flatbuffers::Offset<fb::Tile> MetadataWriter::tile(const Tile &t) {
  auto layer = text(t.layer);
  flatbuffers::Offset<flatbuffers::Vector<float>> steps;
  if (!t.steps.empty())
    steps = builder.CreateVector(t.steps);
  return fb::CreateTile(builder, layer, t.core, t.array, t.row, t.col, t.rows, t.cols, t.data,
                        t.offset, t.pitch, steps);
}

flatbuffers::Offset<fb::Channel> MetadataWriter::channel(const Channel &c) {
  return fb::CreateChannel(builder, text(c.name), c.source, c.target, c.messageBytes, c.depth,
                           c.inBuffer);
}

flatbuffers::Offset<fb::Stream> MetadataWriter::stream(const Stream &s) {
  auto name = text(s.name);
  auto shape = builder.CreateVector(s.shape);
  auto channels = builder.CreateVector(s.channels);
  auto dims = fourInts(s.dims), strides = fourInts(s.strides);
  return fb::CreateStream(builder, name, s.isInput, static_cast<uint8_t>(s.format), shape, s.rows,
                          s.rowStride, &dims, &strides, channels, s.signedShift);
}

flatbuffers::Offset<fb::Buffer> MetadataWriter::buffer(const Buffer &b) {
  auto name = text(b.name);
  fb::BufferBuilder row(builder);
  row.add_data_offset(b.dataOffset);
  if (b.data)
    row.add_data(*b.data);
  row.add_rows(b.rows);
  row.add_row_bytes(b.rowBytes);
  row.add_address(b.address);
  row.add_name(name);
  return row.Finish();
}

flatbuffers::Offset<fb::Block> MetadataWriter::block(const Block &b) {
  auto name = text(b.name);
  return fb::CreateBlock(builder, name, code(b.instructions));
}

flatbuffers::Offset<fb::Core> MetadataWriter::core(const Core &c) {
  auto buffers = table(c.buffers, &MetadataWriter::buffer);
  auto blocks = table(c.blocks, &MetadataWriter::block);
  return fb::CreateCore(builder, c.chip, c.index, c.memoryBytes, buffers, blocks, code(c.control));
}

Result<flatbuffers::DetachedBuffer> MetadataWriter::write(const Program &program,
                                                          std::span<const uint64_t> checksums) {
  auto name = text(program.name);
  auto target = bytes(target::encode(program.target));
  std::vector<fb::Segment> entries;
  uint64_t offset = 0;
  for (size_t i = 0; i < program.data.size(); ++i) {
    uint64_t size = program.data[i].size();
    entries.emplace_back(offset, size, checksums[i]);
    offset += size + paddingAfter(size);
  }
  auto segments = builder.CreateVectorOfStructs(entries);
  auto tiles = table(program.tiles, &MetadataWriter::tile);
  auto channels = table(program.channels, &MetadataWriter::channel);
  auto streams = table(program.streams, &MetadataWriter::stream);
  auto cores = table(program.cores, &MetadataWriter::core);
  auto hostWakes = builder.CreateVector(program.hostWakes);
  builder.Finish(fb::CreateProgram(builder, name, target, segments, tiles, channels, streams, cores,
                                   hostWakes));
  if (!fits())
    return Error{"the program's tables and instructions take more than " +
                 std::to_string(kMaxMetadataBytes) + " bytes"};
  return builder.Release();
}

Result<flatbuffers::DetachedBuffer> program::buildMetadata(const Program &program,
                                                           std::span<const uint64_t> checksums) {
  return MetadataWriter().write(program, checksums);
}
