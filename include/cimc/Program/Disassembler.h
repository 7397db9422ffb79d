//===- Disassembler.h - Programs as text -----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions are printed field by field over visitFields, so a new instruction needs nothing
// here. Any Program that the reader gives can be printed, valid or not: a number that names nothing
// is printed as a number.
//
//   2  fill format=i8 dst=b1[2r-1] count=64 value=0   ; 'padded'
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PROGRAM_DISASSEMBLER_H
#define CIMC_PROGRAM_DISASSEMBLER_H

#include "cimc/Program/Program.h"

#include <string>

namespace cimc::program {

/// Mnemonic and fields. A Row is `b3[2r-1]+16`: buffer 3, row floor(r * 2) - 1, 16 bytes into it.
std::string toText(const Instruction &instruction);

/// Buffers, blocks and control stream of a core, with the names behind the numbers as comments.
/// Requires: core < program.cores.size().
std::string disassemble(const Program &program, size_t core);

/// A name in quotes; what is not printable is escaped as `\xNN`.
std::string quoteName(std::string_view name);

/// `core 3`, or `host` for kHost.
std::string endName(uint32_t core);

} // namespace cimc::program

#endif // CIMC_PROGRAM_DISASSEMBLER_H
