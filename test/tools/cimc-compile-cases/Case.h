//===- Case.h - A network, a machine and an objective ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A case says how one model is to be compiled. Two programs are made of it: the one of the case,
// and one for a single engine with room for everything, whose results are what the first must give.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_TEST_TOOLS_COMPILECASES_CASE_H
#define CIMC_TEST_TOOLS_COMPILECASES_CASE_H

#include "mlir/IR/DialectRegistry.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cimc::test {

/// One compilation. All paths are names of files in the folder of the cases.
struct Case {
  int64_t seed = 0;
  std::string model;
  std::vector<std::string> calibrate; ///< `name=FILE.npy`
  std::string target;
  std::vector<std::string> settings; ///< `field=value`
  std::string chips;                 ///< a number or auto
  std::string objective, partition, pack;

  /// The same compilation by the compiler's command line.
  std::string commandLine() const;
};

enum class Verdict {
  Agrees,  ///< compiled; finishes on both engines with the same bits as the large machine
  Refused, ///< by one message with a place
  Fails,
};

struct Outcome {
  Verdict verdict = Verdict::Fails;
  std::string message; ///< why it was refused, or what failed
  uint32_t chips = 0;  ///< of the compiled program
};

/// Compiles, validates, runs and times a case. Never throws; a hang or a crash is the caller's to
/// report. Leaves its programs in `folder`.
Outcome runCase(const Case &one, const std::string &folder, const mlir::DialectRegistry &registry);

} // namespace cimc::test

#endif // CIMC_TEST_TOOLS_COMPILECASES_CASE_H
