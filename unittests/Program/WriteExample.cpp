//===- WriteExample.cpp - The example as a file ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `cimc-write-example FILE` writes the example program, for tests of the tools that read such
// files; `cimc-write-example FILE chips` writes the one on two chips, and `cimc-write-example FILE
// target TARGET.yaml` one without any core for a target, from which scripts take its binary form.
//
//===--------------------------------------------------------------------------===//

#include "Example.h"

#include "cimc/Program/Writer.h"
#include "cimc/Target/Yaml.h"

#include <cstdio>
#include <string_view>

using namespace cimc;

/// The program that the arguments name.
static Result<program::Program> makeProgram(int argc, char **argv) {
  std::string_view which = argc > 2 ? argv[2] : "";
  if (argc == 2)
    return program::testing::exampleProgram();
  if (argc == 3 && which == "chips")
    return program::testing::chipsProgram();
  if (argc != 4 || which != "target")
    return Error{"usage: cimc-write-example FILE [chips | target TARGET.yaml]"};
  Result<target::Target> target = target::readYamlFile(argv[3]);
  if (!target)
    return target.error();
  program::Program program;
  program.name = "none";
  program.target = std::move(*target);
  return program;
}

int main(int argc, char **argv) {
  Result<program::Program> program = makeProgram(argc, argv);
  Status status = program ? program::writeProgram(*program, argv[1]) : Status(program.error());
  if (!status)
    std::fprintf(stderr, "%s\n", status.error().message.c_str());
  return status ? 0 : 1;
}
