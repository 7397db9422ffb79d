//===- ConverterRanges.h - Ranges of output converters from samples ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the exact program on samples, watches the sums that its converters would see, and chooses
// the step of each tile or column by one of several methods.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_PIPELINES_CONVERTERRANGES_H
#define CIMC_LIB_PIPELINES_CONVERTERRANGES_H

#include "cimc/Executor/Executor.h"
#include "cimc/Pipelines/Compile.h"

namespace cimc {

/// The most samples whose sums are watched; more change steps by less than the methods differ.
inline constexpr size_t kMaxConverterSamples = 64;

/// What came of it.
struct ConverterRanges {
  ConverterFigures figures;
  std::vector<std::vector<float>> steps; ///< by tile
};

/// Chooses steps for `program` from `samples`, whose `name` is a network input or empty for the one
/// at that position. `method` is a name of kConverterMethods, or "auto" for the one with the least
/// error. Fails if the samples do not fit the program's inputs.
Result<ConverterRanges> chooseConverterRanges(const program::ValidatedProgram &program,
                                              const std::vector<TensorData> &samples,
                                              const std::string &method, bool perColumn);

/// The samples as inputs of an executor with these ports, the first `most` of them. Fails if they
/// do not fit.
Result<std::vector<TensorData>> toInputs(const std::vector<executor::Port> &ports,
                                         const std::vector<TensorData> &samples, size_t most);

} // namespace cimc

#endif // CIMC_LIB_PIPELINES_CONVERTERRANGES_H
