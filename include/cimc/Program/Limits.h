//===- Limits.h - The largest program that is accepted ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every bound that a `.cimb` file must keep, by name. Writer, reader and validator use these and no
// others, so what can be written can be read. They bound the memory and the time that a hostile
// file can take; no network comes near them.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PROGRAM_LIMITS_H
#define CIMC_PROGRAM_LIMITS_H

#include "cimc/Support/Result.h"

#include <cstdint>

namespace cimc::program {

struct Program;

// The file.
inline constexpr uint64_t kMaxFileBytes = uint64_t{1} << 42;
inline constexpr uint64_t kMaxMetadataBytes = uint64_t{1} << 30;
inline constexpr uint32_t kMaxMetadataDepth = 8; ///< tables within tables of the metadata
inline constexpr uint32_t kMaxTargetBytes = 1u << 20;
inline constexpr uint32_t kMaxNameBytes = 4096;

// Tables of a program.
inline constexpr uint32_t kMaxSegments = 1u << 20;
inline constexpr uint32_t kMaxTiles = 1u << 22;
inline constexpr uint32_t kMaxChannels = 1u << 22;
inline constexpr uint32_t kMaxStreams = 1u << 12;
inline constexpr uint32_t kMaxChannelsPerStream = 1u << 20;
inline constexpr uint32_t kMaxRank = 16; ///< dimensions of a network input or output
inline constexpr uint32_t kMaxCores = 1u << 20;
inline constexpr uint32_t kMaxHostWakes = 1u << 20;

// Tables of a core.
inline constexpr uint32_t kMaxBuffersPerCore = 1u << 16;
inline constexpr uint32_t kMaxBlocksPerCore = 1u << 16;
inline constexpr uint32_t kMaxInstructionsPerCore = 1u << 20;
inline constexpr uint32_t kMaxInstructions = 1u << 24; ///< of all cores together
inline constexpr uint32_t kMaxBufferRows = 1u << 24; ///< rows of the buffers of all cores together

// Numbers.
/// Units of a column's sum per code of an output converter.
inline constexpr float kMaxConverterStep = 1u << 30;

// One inference.
inline constexpr uint32_t kMaxLoopDepth = 16;
inline constexpr uint64_t kMaxFirings =
    uint64_t{1} << 27; ///< of all cores together; the validator replays them
inline constexpr uint64_t kMaxExecuted = uint64_t{1}
                                         << 30; ///< instructions executed, all cores together
inline constexpr uint64_t kMaxStreamElements = uint64_t{1}
                                               << 40; ///< of one network input or output

/// Fails if a table of the program is larger than its limit above, or if a field holds a number
/// that is no case of its enum. Everything else is the validator's part.
Status checkLimits(const Program &program);

} // namespace cimc::program

#endif // CIMC_PROGRAM_LIMITS_H
