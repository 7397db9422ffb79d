//===- Page.h - The parts of the page that need no script -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each function gives the HTML of one part, as text.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_EXECUTOR_REPORT_PAGE_H
#define CIMC_LIB_EXECUTOR_REPORT_PAGE_H

#include "ReportData.h"

namespace cimc::executor::report {

/// The figures that matter most, as tiles.
std::string headlineHtml(const ReportData &data);
/// A floorplan for each chip, under its name if there are several.
std::string chipsHtml(const ReportData &data);
/// Two bars, alone and at the full rate, and their numbers.
std::string energyHtml(const ReportData &data);
/// Power over the time of one inference, by part.
std::string powerHtml(const ReportData &data);
std::string layersHtml(const ReportData &data);
std::string coresHtml(const ReportData &data);
/// Figures and phases of the compilation; empty if they are not known.
std::string compileHtml(const ReportData &data);
std::string machineHtml(const ReportData &data);

/// The built-in files of this folder, by name: report.html, report.css, report.js.
std::string_view asset(std::string_view name);

} // namespace cimc::executor::report

#endif // CIMC_LIB_EXECUTOR_REPORT_PAGE_H
