//===- LoadedProgram.h - A program made ready to run -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The result of loading: prepared operations per block, control steps with their jumps resolved,
// and the sizes of all memory that a run needs. It is not changed by a run.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_LOADEDPROGRAM_H
#define CIMC_LIB_EXECUTOR_LOADEDPROGRAM_H

#include "Operation.h"

namespace cimc::executor {

/// A control instruction. A loop's `other` is its end, an end's `other` its loop.
struct ControlStep {
  enum class Kind : uint8_t { Loop, End, Fire };
  Kind kind = Kind::Fire;
  uint32_t count = 0; ///< trips, or firings
  uint32_t block = 0; ///< Fire
  uint32_t other = 0; ///< Loop, End
};

struct LoadedBlock {
  std::string name;
  std::vector<Operation> operations;
};

struct LoadedCore {
  uint32_t chip = 0, index = 0;
  size_t memoryBytes = 0; ///< that a sample's memory takes, a multiple of 64
  std::vector<std::byte> constants;
  std::vector<LoadedBlock> blocks;
  std::vector<ControlStep> control;
};

struct LoadedChannel {
  std::string name;
  uint32_t messageBytes = 0, depth = 0;
  bool toHost = false; ///< or from it: has no queue
};

struct LoadedProgram {
  std::shared_ptr<const void> storage; ///< keeps weights and tables mapped
  std::vector<LoadedCore> cores;
  std::vector<LoadedChannel> channels;
  std::vector<std::unique_ptr<const HostStream>> streams;
  size_t scratchBytes = 0;

  /// Memory of one inference, without scratch.
  size_t bytesPerSample() const;
};

/// Prepares every instruction for a mode. With `recorded`, results of weighted layers are given to
/// the worker's recorder; it gets the layer of each of the recorder's slots. Requires: the program
/// passed validation and has what the mode needs.
LoadedProgram load(const program::Program &program, const ModelOptions &model,
                   std::vector<std::string> *recorded = nullptr);

} // namespace cimc::executor

#endif // CIMC_LIB_EXECUTOR_LOADEDPROGRAM_H
