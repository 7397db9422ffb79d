//===- ParseBody.h - What the parser promises for any bytes ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The body of the fuzz target for `.cimb` files; the unit tests run the same body on seeded inputs.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_FUZZ_PARSEBODY_H
#define CIMC_FUZZ_PARSEBODY_H

#include "cimc/Program/Disassembler.h"
#include "cimc/Program/FileFormat.h"
#include "cimc/Program/Reader.h"
#include "cimc/Program/Validator.h"
#include "cimc/Program/Writer.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace cimc::fuzz {

/// Makes the checksum of header and metadata right, so that mutations get past it. Does nothing to
/// a file whose metadata do not fit.
inline void repairChecksum(std::span<std::byte> file) {
  uint64_t metadataBytes = 0;
  if (file.size() < program::kHeaderBytes)
    return;
  std::memcpy(&metadataBytes, &file[32], sizeof metadataBytes);
  if (metadataBytes > file.size() - program::kHeaderBytes)
    return;
  XXH64_state_t state;
  XXH64_reset(&state, 0);
  XXH64_update(&state, file.data(), 56);
  XXH64_update(&state, file.data() + program::kHeaderBytes, metadataBytes);
  uint64_t checksum = XXH64_digest(&state);
  std::memcpy(&file[56], &checksum, sizeof checksum);
}

/// Reads any bytes. If they are a program, it can be shown, it may run or is refused, and writing
/// it gives the same bytes (for the current version).
inline void parseBody(std::span<const std::byte> file) {
  Result<program::Program> read = program::parseProgram(file, nullptr);
  if (!read)
    return;
  for (size_t core = 0; core < read->cores.size(); ++core)
    (void)program::disassemble(*read, core);
  (void)program::validate(*read);
  Result<std::vector<std::byte>> again = program::serializeProgram(*read);
  bool newerMinor = file[10] != std::byte{0} || file[11] != std::byte{0};
  if (!again || (!newerMinor && (again->size() != file.size() ||
                                 std::memcmp(again->data(), file.data(), file.size()) != 0))) {
    std::fprintf(stderr, "a program that was read is not written as the same bytes\n");
    std::abort();
  }
}

} // namespace cimc::fuzz

#endif // CIMC_FUZZ_PARSEBODY_H
