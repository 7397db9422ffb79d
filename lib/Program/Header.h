//===- Header.h - Bytes of a .cimb file's header ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the header's fields stand, for reader and writer. All numbers are little endian.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_PROGRAM_HEADER_H
#define CIMC_LIB_PROGRAM_HEADER_H

#include "Metadata.h"

#include "cimc/Program/FileFormat.h"

namespace cimc::program {

inline constexpr size_t kMajorAt = 8, kMinorAt = 10, kHeaderBytesAt = 12, kFeaturesAt = 16,
                        kFileBytesAt = 24, kMetadataBytesAt = 32, kReservedAt = 40,
                        kChecksumAt = 56;

std::array<std::byte, kHeaderBytes> encodeHeader(const FileHeader &header);

/// XXH64 of the header up to its checksum, and of the metadata.
uint64_t frameChecksum(std::span<const std::byte> header, std::span<const std::byte> metadata);

/// A file whose frame, checksums and paddings are right.
struct ParsedFrame {
  FileLayout layout;
  Metadata metadata;
};
Result<ParsedFrame> parseFrame(std::span<const std::byte> file);

} // namespace cimc::program

#endif // CIMC_LIB_PROGRAM_HEADER_H
