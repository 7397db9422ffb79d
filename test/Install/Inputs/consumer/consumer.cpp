//===- consumer.cpp - Uses the installed libraries ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs one inference of zeros of the program named on the command line, as a test bench would.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Executor/Executor.h"
#include "cimc/Mapping/Packing.h"
#include "cimc/Program/Reader.h"
#include "cimc/Program/Validator.h"

#include <cstdio>

static int fail(const cimc::Error &error) {
  std::printf("error: %s\n", error.message.c_str());
  return 1;
}

int main(int, char **argv) {
  cimc::Result<cimc::program::Program> program = cimc::program::readProgram(argv[1]);
  if (!program)
    return fail(program.error());
  auto valid = cimc::program::validate(std::move(*program));
  if (!valid)
    return fail(valid.error());
  cimc::executor::Executor executor(*valid);
  std::vector<cimc::TensorData> inputs;
  for (const cimc::executor::Port &port : executor.inputs()) {
    cimc::TensorData zeros;
    zeros.name = port.name;
    zeros.type = port.type;
    zeros.shape = port.shape;
    zeros.shape.insert(zeros.shape.begin(), 1);
    zeros.bytes.resize(zeros.elements() * cimc::elementBytes(zeros.type));
    inputs.push_back(std::move(zeros));
  }
  auto results = executor.run(inputs, {});
  if (!results)
    return fail(results.error());
  for (const cimc::TensorData &result : *results)
    std::printf("output '%s': %zu elements\n", result.name.c_str(),
                static_cast<size_t>(result.elements()));
  return 0;
}
