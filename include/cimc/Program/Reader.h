//===- Reader.h - Read a .cimb file ----------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes are safe to read. What comes out is well formed: all checksums agree, all tables keep
// the limits of Limits.h, all instructions are in their one encoding, and writing it again gives
// the same bytes. Whether it is a program that may run is the validator's part.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PROGRAM_READER_H
#define CIMC_PROGRAM_READER_H

#include "cimc/Program/Program.h"
#include "cimc/Support/Result.h"

namespace cimc::program {

/// Maps the file; the Program's `storage` keeps the map. The file must not be changed while it is
/// mapped (writeProgram replaces a file and does not change it). Errors name the path.
Result<Program> readProgram(const std::string &path);

/// The same for bytes in memory. `data` of the Program points into `file`, which `storage` must
/// keep alive.
Result<Program> parseProgram(std::span<const std::byte> file, std::shared_ptr<const void> storage);

/// A file in memory, and what keeps it there.
struct MappedFile {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> storage;
};

/// Maps a regular file for reading. Errors name the path and the system's reason.
Result<MappedFile> mapFile(const std::string &path);

} // namespace cimc::program

#endif // CIMC_PROGRAM_READER_H
