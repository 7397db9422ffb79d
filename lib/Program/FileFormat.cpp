//===- FileFormat.cpp - The frame of a .cimb file --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Magic and version come first and are judged first, so that a file of another version is called
// that and not broken. Then sizes, then the checksum of header and metadata; only then is anything
// in the metadata looked at. Sizes from the file are compared with what is left and never added up.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Program/FileFormat.h"
#include "Header.h"
#include "Metadata.h"

#include "cimc/Program/Limits.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <string>

using namespace cimc;
using namespace cimc::program;

uint64_t program::checksumOf(std::span<const std::byte> bytes) {
  return XXH64(bytes.data(), bytes.size(), 0);
}

uint64_t program::frameChecksum(std::span<const std::byte> header,
                                std::span<const std::byte> metadata) {
  XXH64_state_t state;
  XXH64_reset(&state, 0);
  XXH64_update(&state, header.data(), kChecksumAt);
  XXH64_update(&state, metadata.data(), metadata.size());
  return XXH64_digest(&state);
}

static Error errorAt(uint64_t offset, const std::string &what) {
  return Error{"byte " + std::to_string(offset) + ": " + what};
}

template <class T> static T load(std::span<const std::byte> bytes, size_t at) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value |= static_cast<T>(static_cast<T>(bytes[at + i]) << (8 * i));
  return value;
}

template <class T> static void store(std::span<std::byte> bytes, size_t at, T value) {
  for (size_t i = 0; i < sizeof(T); ++i)
    bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
}

std::array<std::byte, kHeaderBytes> program::encodeHeader(const FileHeader &header) {
  std::array<std::byte, kHeaderBytes> bytes{};
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  store(bytes, kMajorAt, header.major);
  store(bytes, kMinorAt, header.minor);
  store(bytes, kHeaderBytesAt, static_cast<uint32_t>(kHeaderBytes));
  store(bytes, kFeaturesAt, header.features);
  store(bytes, kFileBytesAt, header.fileBytes);
  store(bytes, kMetadataBytesAt, header.metadataBytes);
  store(bytes, kChecksumAt, header.checksum);
  return bytes;
}

/// Magic and version, which keep their place in every version.
static Status checkVersion(std::span<const std::byte> file) {
  if (file.size() < kMagic.size() || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0)
    return errorAt(0, "not a .cimb file: the first 8 bytes are not its magic number");
  if (file.size() < kHeaderBytes)
    return errorAt(file.size(), "the file is cut off: the header has " +
                                    std::to_string(kHeaderBytes) + " bytes, the file " +
                                    std::to_string(file.size()));
  auto major = load<uint16_t>(file, kMajorAt), minor = load<uint16_t>(file, kMinorAt);
  std::string version = "format version " + std::to_string(major) + "." + std::to_string(minor);
  std::string own = std::to_string(kMajorVersion) + "." + std::to_string(kMinorVersion);
  if (major > kMajorVersion)
    return errorAt(kMajorAt, version + " is newer than this cimc, which reads up to " +
                                 std::to_string(kMajorVersion) +
                                 ".x; use a newer cimc, or compile the model again");
  if (major < kMajorVersion)
    return errorAt(kMajorAt, version + " is no longer read, this cimc reads " +
                                 std::to_string(kMajorVersion) + ".x; compile the model again");
  uint64_t unknown = load<uint64_t>(file, kFeaturesAt) & ~kKnownFeatures;
  if (unknown != 0)
    return errorAt(kFeaturesAt,
                   version + " needs feature bit " + std::to_string(__builtin_ctzll(unknown)) +
                       ", which this cimc (format " + own + ") does not know; use a newer cimc");
  return Status::success();
}

/// The other fields of the header, against the size of the file. Requires: checkVersion.
static Result<FileHeader> readHeader(std::span<const std::byte> file) {
  FileHeader header;
  header.major = load<uint16_t>(file, kMajorAt);
  header.minor = load<uint16_t>(file, kMinorAt);
  header.features = load<uint64_t>(file, kFeaturesAt);
  header.fileBytes = load<uint64_t>(file, kFileBytesAt);
  header.metadataBytes = load<uint64_t>(file, kMetadataBytesAt);
  header.checksum = load<uint64_t>(file, kChecksumAt);
  if (load<uint32_t>(file, kHeaderBytesAt) != kHeaderBytes)
    return errorAt(kHeaderBytesAt, "the header has " +
                                       std::to_string(load<uint32_t>(file, kHeaderBytesAt)) +
                                       " bytes, must be " + std::to_string(kHeaderBytes));
  if (header.fileBytes > kMaxFileBytes)
    return errorAt(kFileBytesAt, "the file has " + std::to_string(header.fileBytes) +
                                     " bytes, the limit is " + std::to_string(kMaxFileBytes));
  if (header.fileBytes != file.size())
    return errorAt(kFileBytesAt,
                   std::string(header.fileBytes > file.size() ? "the file is cut off"
                                                              : "the file is too long") +
                       ": it has " + std::to_string(file.size()) + " bytes, its header says " +
                       std::to_string(header.fileBytes));
  uint64_t left = file.size() - kHeaderBytes;
  if (header.metadataBytes > kMaxMetadataBytes || header.metadataBytes > left)
    return errorAt(kMetadataBytesAt, "the metadata have " + std::to_string(header.metadataBytes) +
                                         " bytes, must be at most " +
                                         std::to_string(std::min(left, kMaxMetadataBytes)));
  for (size_t at = kReservedAt; at < kChecksumAt; ++at)
    if (header.minor <= kMinorVersion && file[at] != std::byte{0})
      return errorAt(at, "a reserved byte is not zero");
  return header;
}

namespace {

/// Walks along the file and takes parts off what is left.
class Walk {
public:
  explicit Walk(std::span<const std::byte> file) : file(file) {}

  uint64_t position() const { return at; }
  uint64_t left() const { return file.size() - at; }
  /// Requires: size <= left().
  std::span<const std::byte> take(uint64_t size) {
    auto part = file.subspan(at, size);
    at += size;
    return part;
  }
  /// Takes the zeros up to the next page.
  Status takePadding() {
    uint64_t size = paddingAfter(at);
    if (size > left())
      return errorAt(at, "the file ends in the padding");
    auto zeros = file.subspan(at, size);
    auto bad =
        std::find_if(zeros.begin(), zeros.end(), [](std::byte b) { return b != std::byte{0}; });
    if (bad != zeros.end())
      return errorAt(at + static_cast<uint64_t>(bad - zeros.begin()),
                     "a byte of the padding is not zero");
    at += size;
    return Status::success();
  }

private:
  std::span<const std::byte> file;
  uint64_t at = 0;
};

} // namespace

/// Checks that the segments follow one another to the end of the file, and their checksums; makes
/// their offsets absolute.
static Status checkSegments(Walk &walk, std::vector<SegmentEntry> &segments) {
  uint64_t dataOffset = walk.position();
  for (size_t i = 0; i < segments.size(); ++i) {
    SegmentEntry &segment = segments[i];
    std::string name = "segment " + std::to_string(i);
    if (segment.offset != walk.position() - dataOffset)
      return errorAt(walk.position(), name + " is said to start at byte " +
                                          std::to_string(segment.offset) +
                                          " of the data area, must be " +
                                          std::to_string(walk.position() - dataOffset));
    if (segment.size > walk.left())
      return errorAt(walk.position(), name + " needs " + std::to_string(segment.size) +
                                          " bytes, the file has " + std::to_string(walk.left()) +
                                          " left");
    segment.offset = walk.position();
    if (checksumOf(walk.take(segment.size)) != segment.checksum)
      return errorAt(segment.offset, "the checksum of " + name + " is wrong, the file is damaged");
    if (Status status = walk.takePadding(); !status)
      return status;
  }
  if (walk.left() != 0)
    return errorAt(walk.position(), std::to_string(walk.left()) + " bytes follow the last segment");
  return Status::success();
}

Result<ParsedFrame> program::parseFrame(std::span<const std::byte> file) {
  if (Status status = checkVersion(file); !status)
    return status.error();
  Result<FileHeader> header = readHeader(file);
  if (!header)
    return header.error();
  Walk walk(file);
  auto headerBytes = walk.take(kHeaderBytes);
  auto metadataBytes = walk.take(header->metadataBytes);
  if (frameChecksum(headerBytes, metadataBytes) != header->checksum)
    return errorAt(kChecksumAt,
                   "the checksum of header and metadata is wrong, the file is damaged");
  if (Status status = walk.takePadding(); !status)
    return status.error();
  Result<Metadata> metadata = Metadata::verify(metadataBytes, kHeaderBytes);
  if (!metadata)
    return metadata.error();
  FileLayout layout{*header, kHeaderBytes, walk.position(), metadata->segments()};
  if (layout.segments.size() > kMaxSegments)
    return errorAt(kHeaderBytes, std::to_string(layout.segments.size()) +
                                     " segments, the limit is " + std::to_string(kMaxSegments));
  if (Status status = checkSegments(walk, layout.segments); !status)
    return status.error();
  return ParsedFrame{std::move(layout), std::move(*metadata)};
}

Result<FileLayout> program::readLayout(std::span<const std::byte> file) {
  Result<ParsedFrame> frame = parseFrame(file);
  if (!frame)
    return frame.error();
  return std::move(frame->layout);
}
