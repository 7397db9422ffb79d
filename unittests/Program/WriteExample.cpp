//===- WriteExample.cpp - The example as a file ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `cimc-write-example FILE` writes the example program, for tests of the tools that read such
// files; `cimc-write-example FILE chips` writes the one on two chips.
//
//===--------------------------------------------------------------------------===//

#include "Example.h"

#include "cimc/Program/Writer.h"

#include <cstdio>
#include <cstring>

int main(int argc, char **argv) {
  bool chips = argc == 3 && std::strcmp(argv[2], "chips") == 0;
  if (argc != 2 && !chips)
    return 2;
  cimc::Status status = cimc::program::writeProgram(
      chips ? cimc::program::testing::chipsProgram() : cimc::program::testing::exampleProgram(),
      argv[1]);
  if (!status)
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return status ? 0 : 1;
}
