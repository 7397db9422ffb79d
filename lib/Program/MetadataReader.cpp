//===- MetadataReader.cpp - Program tables from FlatBuffers ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FlatBuffers' verifier proves that every offset stays inside the buffer, but lets tables share
// children, so a small file could describe a huge tree. Files of this project share nothing;
// therefore the sizes of all strings, vectors and tables together cannot exceed the size of the
// metadata, and a budget of that many bytes bounds what is built from them.
//
//===--------------------------------------------------------------------------===//

#include "Cimb_generated.h"
#include "Metadata.h"

#include "cimc/Program/Codec.h"
#include "cimc/Program/Limits.h"
#include "cimc/Target/Serialize.h"

#include <cstring>

using namespace cimc;
using namespace cimc::program;

namespace {

/// Copies tables out; sticky after the first failure.
class MetadataReader {
public:
  MetadataReader(std::span<const std::byte> bytes, uint64_t fileOffset)
      : bytes(bytes), fileOffset(fileOffset), budget(bytes.size()) {}

  Result<Program> read(const fb::Program &from);

private:
  bool take(uint64_t size);
  void fail(const void *where, const std::string &what);

  std::string text(const flatbuffers::String *from);
  template <class T> std::vector<T> numbers(const flatbuffers::Vector<T> *from);
  std::vector<Instruction> code(const flatbuffers::Vector<uint8_t> *from);
  /// A vector of tables, each read with the member function `row`.
  template <class T, class R>
  std::vector<T> table(const flatbuffers::Vector<flatbuffers::Offset<R>> *from,
                       T (MetadataReader::*row)(const R &));

  target::Target target(const flatbuffers::Vector<uint8_t> *from);
  Tile tile(const fb::Tile &from);
  Channel channel(const fb::Channel &from);
  Stream stream(const fb::Stream &from);
  Buffer buffer(const fb::Buffer &from);
  Block block(const fb::Block &from);
  Core core(const fb::Core &from);

  std::span<const std::byte> bytes;
  uint64_t fileOffset;
  uint64_t budget;
  uint64_t instructionsLeft = kMaxInstructions;
  std::optional<Error> failure;
};

} // namespace

/// FlatBuffers' verifier looks at the alignment of a vector's length but not of its elements. (An
/// empty vector has none.)
template <class V> static bool isAligned(const V *vector, size_t alignment) {
  return vector->size() == 0 || reinterpret_cast<uintptr_t>(vector->Data()) % alignment == 0;
}

static const fb::Program &rootOf(std::span<const std::byte> bytes) {
  return *fb::GetProgram(bytes.data());
}

bool MetadataReader::take(uint64_t size) {
  if (failure)
    return false;
  if (size > budget) {
    failure = Error{"byte " + std::to_string(fileOffset) +
                    ": tables of the metadata share parts, which is not allowed"};
    return false;
  }
  budget -= size;
  return true;
}

void MetadataReader::fail(const void *where, const std::string &what) {
  auto offset = static_cast<uint64_t>(static_cast<const std::byte *>(where) - bytes.data());
  if (!failure)
    failure = Error{"byte " + std::to_string(fileOffset + offset) + ": " + what};
}

std::string MetadataReader::text(const flatbuffers::String *from) {
  if (!take(uint64_t{from->size()} + 1))
    return {};
  return from->str();
}

template <class T> std::vector<T> MetadataReader::numbers(const flatbuffers::Vector<T> *from) {
  if (!take(uint64_t{from->size()} * sizeof(T)))
    return {};
  if (!isAligned(from, alignof(T))) {
    fail(from, "the elements of a vector are not aligned");
    return {};
  }
  return {from->begin(), from->end()};
}

std::vector<Instruction> MetadataReader::code(const flatbuffers::Vector<uint8_t> *from) {
  if (!take(from->size()))
    return {};
  auto *first = reinterpret_cast<const std::byte *>(from->data());
  auto offset = fileOffset + static_cast<uint64_t>(first - bytes.data());
  uint64_t limit = std::min<uint64_t>(kMaxInstructionsPerCore, instructionsLeft);
  Result<std::vector<Instruction>> decoded =
      decodeInstructions({first, from->size()}, offset, limit);
  if (!decoded) {
    failure = decoded.error();
    return {};
  }
  instructionsLeft -= decoded->size();
  return std::move(*decoded);
}

template <class T, class R>
std::vector<T> MetadataReader::table(const flatbuffers::Vector<flatbuffers::Offset<R>> *from,
                                     T (MetadataReader::*row)(const R &)) {
  std::vector<T> rows;
  // A row has an offset in the vector and an offset to its vtable.
  if (!take(uint64_t{from->size()} * 8))
    return rows;
  rows.reserve(from->size());
  for (const R *element : *from) {
    if (failure)
      break;
    rows.push_back((this->*row)(*element));
  }
  return rows;
}

target::Target MetadataReader::target(const flatbuffers::Vector<uint8_t> *from) {
  if (!take(from->size()))
    return {};
  if (from->size() > kMaxTargetBytes) {
    fail(from, "the target takes " + std::to_string(from->size()) + " bytes, the limit is " +
                   std::to_string(kMaxTargetBytes));
    return {};
  }
  Result<target::Target> decoded =
      target::decode({reinterpret_cast<const std::byte *>(from->data()), from->size()});
  if (decoded)
    return std::move(*decoded);
  fail(from->data(), "in the target that starts here: " + decoded.error().message);
  return {};
}

static std::array<int32_t, 4> fourInts(const fb::FourInts &from) {
  return {from.a(), from.b(), from.c(), from.d()};
}

Tile MetadataReader::tile(const fb::Tile &from) {
  return {text(from.layer()),
          from.core(),
          from.array(),
          from.row(),
          from.col(),
          from.rows(),
          from.cols(),
          from.data(),
          from.offset(),
          from.pitch(),
          from.steps() ? numbers(from.steps()) : std::vector<float>()};
}

Channel MetadataReader::channel(const fb::Channel &from) {
  return {text(from.name()),    from.source(), from.target(),
          from.message_bytes(), from.depth(),  from.in_buffer()};
}

Stream MetadataReader::stream(const fb::Stream &from) {
  Stream stream;
  stream.name = text(from.name());
  stream.isInput = from.is_input();
  if (std::optional<Format> format = toEnum<Format>(from.format()))
    stream.format = *format;
  else
    fail(&from, "the format of stream '" + stream.name + "' is " + std::to_string(from.format()) +
                    ", which is no Format");
  stream.shape = numbers(from.shape());
  stream.rows = from.rows();
  stream.rowStride = from.row_stride();
  stream.dims = fourInts(*from.dims());
  stream.strides = fourInts(*from.strides());
  stream.channels = numbers(from.channels());
  stream.signedShift = from.signed_shift();
  return stream;
}

Buffer MetadataReader::buffer(const fb::Buffer &from) {
  std::optional<uint32_t> data;
  if (from.data())
    data = *from.data();
  return {text(from.name()), from.address(), from.row_bytes(),
          from.rows(),       data,           from.data_offset()};
}

Block MetadataReader::block(const fb::Block &from) {
  std::string name = text(from.name());
  return {std::move(name), code(from.code())};
}

Core MetadataReader::core(const fb::Core &from) {
  Core core;
  core.chip = from.chip();
  core.index = from.index();
  core.memoryBytes = from.memory_bytes();
  core.buffers = table(from.buffers(), &MetadataReader::buffer);
  core.blocks = table(from.blocks(), &MetadataReader::block);
  core.control = code(from.control());
  return core;
}

Result<Program> MetadataReader::read(const fb::Program &from) {
  Program program;
  program.name = text(from.name());
  program.target = target(from.target());
  take(uint64_t{from.segments()->size()} * sizeof(fb::Segment));
  program.tiles = table(from.tiles(), &MetadataReader::tile);
  program.channels = table(from.channels(), &MetadataReader::channel);
  program.streams = table(from.streams(), &MetadataReader::stream);
  program.cores = table(from.cores(), &MetadataReader::core);
  program.hostWakes = numbers(from.host_wakes());
  if (failure)
    return *failure;
  return program;
}

Result<Metadata> Metadata::verify(std::span<const std::byte> bytes, uint64_t fileOffset) {
  Metadata metadata;
  metadata.bytes = bytes;
  metadata.fileOffset = fileOffset;
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(uint64_t) != 0) {
    metadata.copy = std::make_shared<std::vector<uint64_t>>(bytes.size() / sizeof(uint64_t) + 1);
    std::memcpy(metadata.copy->data(), bytes.data(), bytes.size());
    metadata.bytes = {reinterpret_cast<const std::byte *>(metadata.copy->data()), bytes.size()};
  }
  flatbuffers::Verifier::Options options;
  options.max_depth = kMaxMetadataDepth;
  // A table takes at least 8 bytes where none are shared.
  options.max_tables = static_cast<flatbuffers::uoffset_t>(bytes.size() / 8 + 1);
  flatbuffers::Verifier verifier(reinterpret_cast<const uint8_t *>(metadata.bytes.data()),
                                 bytes.size(), options);
  if (!fb::VerifyProgramBuffer(verifier) ||
      !isAligned(rootOf(metadata.bytes).segments(), alignof(fb::Segment)))
    return Error{"byte " + std::to_string(fileOffset) +
                 ": the metadata are no FlatBuffer of the schema of a .cimb file"};
  return metadata;
}

std::vector<SegmentEntry> Metadata::segments() const {
  std::vector<SegmentEntry> entries;
  for (const fb::Segment *segment : *rootOf(bytes).segments())
    entries.push_back({segment->offset(), segment->size(), segment->checksum()});
  return entries;
}

Result<Program> Metadata::read() const {
  return MetadataReader(bytes, fileOffset).read(rootOf(bytes));
}
