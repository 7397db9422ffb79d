//===- Report.h - What cimc-objdump prints ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each function gives one part of the output as text. Sizes and offsets are in bytes.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TOOLS_CIMC_OBJDUMP_REPORT_H
#define CIMC_TOOLS_CIMC_OBJDUMP_REPORT_H

#include "cimc/Program/FileFormat.h"
#include "cimc/Program/Program.h"

namespace cimc::objdump {

/// Version, sizes, target, and the network's inputs and outputs.
std::string headers(const program::Program &program, const program::FileLayout &layout);

/// The parts of the file, then the tables of tiles and channels.
std::string sections(const program::Program &program, const program::FileLayout &layout);

/// Every field of the embedded target, under the name that `--set` knows.
std::string target(const program::Program &program);

/// Sums over the program, one line per core, and how often each instruction occurs.
std::string stats(const program::Program &program);

} // namespace cimc::objdump

#endif // CIMC_TOOLS_CIMC_OBJDUMP_REPORT_H
