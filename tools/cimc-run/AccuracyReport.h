//===- AccuracyReport.h - What each layer loses, as text -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef CIMC_TOOLS_CIMC_RUN_ACCURACYREPORT_H
#define CIMC_TOOLS_CIMC_RUN_ACCURACYREPORT_H

#include "cimc/Executor/LayerErrors.h"

#include <nlohmann/json.hpp>

#include <string>

namespace cimc::run {

/// A table with a line for each layer, the outputs last.
std::string formatLayerErrors(const executor::LayerErrors &errors);
/// Ratios in dB, null where nothing is off or nothing was seen.
nlohmann::ordered_json layerErrorsToJson(const executor::LayerErrors &errors);

} // namespace cimc::run

#endif // CIMC_TOOLS_CIMC_RUN_ACCURACYREPORT_H
