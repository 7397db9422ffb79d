//===- Metadata.h - Program tables as FlatBuffers --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The metadata of a .cimb file (Cimb.fbs) from a Program and back. Building makes no decision, so
// equal programs give equal bytes; no two tables share a string or a vector, which is what lets the
// reader bound its memory.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_PROGRAM_METADATA_H
#define CIMC_LIB_PROGRAM_METADATA_H

#include "cimc/Program/FileFormat.h"
#include "cimc/Program/Program.h"

#include <flatbuffers/detached_buffer.h>

namespace cimc::program {

/// The metadata of `program`, whose segments have these checksums. Requires: checkLimits(program).
/// Fails if they are too large.
Result<flatbuffers::DetachedBuffer> buildMetadata(const Program &program,
                                                  std::span<const uint64_t> checksums);

/// Verified metadata; the bytes are aligned, and copied if they had to be.
class Metadata {
public:
  /// `bytes` stand at `fileOffset` of the file.
  static Result<Metadata> verify(std::span<const std::byte> bytes, uint64_t fileOffset);

  /// The segment table; offsets are from the start of the data area.
  std::vector<SegmentEntry> segments() const;

  /// All tables; `data` is left empty.
  Result<Program> read() const;

private:
  std::span<const std::byte> bytes;
  std::shared_ptr<std::vector<uint64_t>> copy;
  uint64_t fileOffset = 0;
};

} // namespace cimc::program

#endif // CIMC_LIB_PROGRAM_METADATA_H
