//===- Codec.h - Instructions as bytes -------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The encoding of docs/instruction-set.md: an opcode byte, then the fields in order. Every
// instruction has exactly one encoding: integers take their shortest form, flags are 0 or 1, enums
// are one of their cases. Encoder and decoder are both written over visitFields, so they know no
// instruction by name.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PROGRAM_CODEC_H
#define CIMC_PROGRAM_CODEC_H

#include "cimc/Program/Instructions.h"
#include "cimc/Support/Result.h"

#include <span>
#include <vector>

namespace cimc::program {

/// Appends the encoding of one instruction, or of a run of them.
void encodeInstruction(const Instruction &instruction, std::vector<std::byte> &out);
std::vector<std::byte> encodeInstructions(std::span<const Instruction> instructions);

/// Decodes all of `bytes`, which stand at `fileOffset` of the file. Fails with the byte offset in
/// the file if an opcode is unknown, a field is cut off or not in its one encoding, or there are
/// more than `maxCount` instructions.
Result<std::vector<Instruction>> decodeInstructions(std::span<const std::byte> bytes,
                                                    uint64_t fileOffset, size_t maxCount);

} // namespace cimc::program

#endif // CIMC_PROGRAM_CODEC_H
