//===- Example.h - A small program by hand ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One dense layer of 16 inputs and 8 outputs on one core, for four rows: what a compiler would
// make, small enough to be read in a disassembly.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_UNITTESTS_PROGRAM_EXAMPLE_H
#define CIMC_UNITTESTS_PROGRAM_EXAMPLE_H

#include "cimc/Program/Program.h"

namespace cimc::program::testing {

/// The program described above; its constants live as long as the process.
Program exampleProgram();

/// The same, whose results pass through a second chip: for each two rows the first core wakes it,
/// and it shuts down when it has sent them to the host.
Program chipsProgram();

} // namespace cimc::program::testing

#endif // CIMC_UNITTESTS_PROGRAM_EXAMPLE_H
