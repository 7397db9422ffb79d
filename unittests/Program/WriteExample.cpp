//===- WriteExample.cpp - The example as a file ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `cimc-write-example FILE` writes the example program, for tests of the tools that read such
// files.
//
//===--------------------------------------------------------------------------===//

#include "Example.h"

#include "cimc/Program/Writer.h"

#include <cstdio>

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  cimc::Status status =
      cimc::program::writeProgram(cimc::program::testing::exampleProgram(), argv[1]);
  if (!status)
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return status ? 0 : 1;
}
