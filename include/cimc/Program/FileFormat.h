//===- FileFormat.h - The frame of a .cimb file ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fixed header, and where the parts of a file stand: header, metadata, then the data area with
// one page-aligned segment after the other. docs/binary-format.md describes every byte.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PROGRAM_FILEFORMAT_H
#define CIMC_PROGRAM_FILEFORMAT_H

#include "cimc/Support/Result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cimc::program {

/// The first byte is no text, and the line ends show a transfer that changed them.
inline constexpr std::array<uint8_t, 8> kMagic{0x89, 'C', 'I', 'M', 'B', '\r', '\n', 0x1a};
/// A reader refuses a newer major version. A newer minor version only adds what an older reader may
/// ignore, or says in a feature bit that it may not.
inline constexpr uint16_t kMajorVersion = 1, kMinorVersion = 0;
/// The feature bits that this version knows. There are none yet.
inline constexpr uint64_t kKnownFeatures = 0;
inline constexpr uint64_t kHeaderBytes = 64;
inline constexpr uint64_t kPageBytes = 4096;

/// The header's fields.
struct FileHeader {
  uint16_t major = kMajorVersion, minor = kMinorVersion;
  uint64_t features = 0;
  uint64_t fileBytes = 0;
  uint64_t metadataBytes = 0;
  uint64_t checksum = 0; ///< XXH64 (seed 0) of the header without this field, and the metadata
};

/// A segment as the metadata describe it; `offset` is from the start of the file.
struct SegmentEntry {
  uint64_t offset = 0, size = 0, checksum = 0;
};

/// Where everything is.
struct FileLayout {
  FileHeader header;
  uint64_t metadataOffset = kHeaderBytes;
  uint64_t dataOffset = 0; ///< start of the data area
  std::vector<SegmentEntry> segments;
};

/// The number of bytes that bring `size` to a multiple of a page.
inline constexpr uint64_t paddingAfter(uint64_t size) {
  return (kPageBytes - size % kPageBytes) % kPageBytes;
}

/// XXH64 with seed 0.
uint64_t checksumOf(std::span<const std::byte> bytes);

/// Reads the header and the segment table, and checks that they and all checksums and paddings
/// agree with the bytes, so that every bit of the file is covered. Fails with a byte offset.
Result<FileLayout> readLayout(std::span<const std::byte> file);

} // namespace cimc::program

#endif // CIMC_PROGRAM_FILEFORMAT_H
