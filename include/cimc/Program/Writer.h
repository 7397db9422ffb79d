//===- Writer.h - Write a .cimb file ---------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Equal programs give equal bytes. Segments are streamed from where they are, so a large program is
// never held twice.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PROGRAM_WRITER_H
#define CIMC_PROGRAM_WRITER_H

#include "cimc/Program/Program.h"
#include "cimc/Support/Result.h"

namespace cimc::program {

/// The bytes of the file. Fails if the program is beyond a limit of Limits.h or its target is none
/// (Target/Check.h).
Result<std::vector<std::byte>> serializeProgram(const Program &program);

/// Writes the file under a temporary name in the same folder and renames it, so that no
/// half-written file is left under `path` and an older file stays until the new one is complete. A
/// path that exists and is no regular file (/dev/null) is written directly. Errors name the path
/// and the system's reason.
Status writeProgram(const Program &program, const std::string &path);

} // namespace cimc::program

#endif // CIMC_PROGRAM_WRITER_H
