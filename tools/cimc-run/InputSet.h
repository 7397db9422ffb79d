//===- InputSet.h - Arrays of a data set and the program's ports ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds out which array belongs to which input or output of a program, whether its shape and type
// fit, and how many inferences it holds.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TOOLS_CIMC_RUN_INPUTSET_H
#define CIMC_TOOLS_CIMC_RUN_INPUTSET_H

#include "cimc/Executor/Executor.h"
#include "cimc/Support/DataSet.h"

namespace cimc::run {

/// An argument of the form `[name=]file` and the port that it means.
struct PortFile {
  size_t port = 0;
  std::string path;
};

/// Gives every argument its port: by name, the unnamed ones in order of the ports that are left.
/// `kind` ("input", "output") is for messages.
Result<std::vector<PortFile>> assignPorts(const std::vector<std::string> &arguments,
                                          const std::vector<executor::Port> &ports,
                                          const std::string &kind);

struct InputSet {
  std::vector<TensorData> tensors; ///< one per port, in the port's element type
  SetAxis axis = SetAxis::Merged;
  size_t inferences = 0;
  std::vector<std::string> notes; ///< conversions that took place, for the user
};

/// Reads one file per port. Elements become the port's type where nothing surprising can happen:
/// float64 and integers to float32. Everything else is an error that says what is needed and what
/// is there. `option` is the one that the arguments are of, for messages.
Result<InputSet> readInputs(const std::vector<std::string> &arguments,
                            const std::vector<executor::Port> &ports,
                            const std::string &option = "input");

/// Gives the results of a run the shape that goes with the inputs' axis.
void shapeOutput(TensorData &output, const executor::Port &port, SetAxis axis);

} // namespace cimc::run

#endif // CIMC_TOOLS_CIMC_RUN_INPUTSET_H
