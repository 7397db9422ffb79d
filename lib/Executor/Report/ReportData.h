//===- ReportData.h - What the page shows ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything that is on the page, collected from the program, its timing and a recorded run.
// Writing it as HTML and as JSON decides nothing more.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_REPORT_REPORTDATA_H
#define CIMC_LIB_EXECUTOR_REPORT_REPORTDATA_H

#include "Timeline.h"

#include "cimc/Executor/Report.h"

namespace cimc::executor::report {

/// A core with a program.
struct CoreUse {
  uint32_t number = 0; ///< in the program
  uint32_t chip = 0, place = 0;
  uint64_t cells = 0, cellsUsed = 0;             ///< of the arrays of the core
  uint64_t memoryBytes = 0, memoryAvailable = 0; ///< of its own
  uint64_t bufferBytes = 0;                      ///< in the chip's buffer
  std::vector<uint32_t> tiles;                   ///< Program::tiles
  const CoreTiming *timing = nullptr;
};

/// A link of a chip that some message takes.
struct LinkUse {
  uint32_t chip = 0, from = 0, to = 0;
  double busyNs = 0; ///< in one inference
};

struct ReportData {
  const program::Program *program = nullptr;
  const TimingReport *timing = nullptr;
  const CompileFacts *compile = nullptr; ///< or null
  uint32_t chips = 1;
  std::vector<CoreUse> cores; ///< by chip, then place
  std::vector<LinkUse> links;
  Timeline timeline;
};

/// Collects it. Fails as simulateTiming does.
Result<ReportData> collect(const program::Program &program, const TimingReport &timing,
                           const CompileFacts *compile);

/// The data as one JSON object, which docs/report.md describes.
std::string toJson(const ReportData &data);

/// The chip's grid as SVG: cores coloured by use, links by how busy they are.
std::string floorplan(const ReportData &data, uint32_t chip);

/// Text for HTML, in elements and attributes.
std::string escape(std::string_view text);

} // namespace cimc::executor::report

#endif // CIMC_LIB_EXECUTOR_REPORT_REPORTDATA_H
