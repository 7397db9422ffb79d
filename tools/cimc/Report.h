//===- Report.h - What cimc prints about a compilation ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef CIMC_TOOLS_CIMC_REPORT_H
#define CIMC_TOOLS_CIMC_REPORT_H

#include "cimc/Pipelines/Compile.h"
#include "cimc/Support/Result.h"

#include <string>

namespace cimc {

/// The figures of a compilation for a reader.
std::string reportText(const Compilation &compilation, const std::string &output);

/// The same for a program, with units in the key names.
std::string reportJson(const Compilation &compilation);

/// The page of the program that was written, with the figures of the compilation. Requires:
/// compilation.program(). Fails if the program cannot be timed.
Result<std::string> reportHtml(const Compilation &compilation);

} // namespace cimc

#endif // CIMC_TOOLS_CIMC_REPORT_H
