//===- Report.cpp - What cimc prints about a compilation --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arrays and cores against what the machine has and against the area bound, memory, and the time of
// each phase.
//
//===--------------------------------------------------------------------------===//

#include "Report.h"

#include "cimc/Executor/Report.h"
#include "cimc/Support/PeakMemory.h"

#include <nlohmann/json.hpp>

#include "llvm/Support/FormatVariadic.h"

namespace cimc {

namespace {

double totalSeconds(const Compilation &compilation) {
  double total = 0;
  for (const PhaseFigures &phase : compilation.phases())
    total += phase.seconds;
  return total;
}

bool isEngine(const target::Target &target) {
  return target.chip.core.kind == target::CoreKind::Engine;
}

/// What the machine has for weights, and what they take of it.
void printWeights(llvm::raw_ostream &stream, const MappingFigures &mapping,
                  const target::Target &target) {
  if (isEngine(target)) {
    int64_t each = target.chip.core.engine.weightBytes;
    stream << llvm::formatv("target   {0}: {1} cores, engines with {2} bytes for weights\n",
                            target.name, mapping.coresAvailable, each);
    stream << llvm::formatv("weights  {0} of {1} bytes\n", mapping.weightBytes,
                            each * mapping.coresAvailable);
    return;
  }
  stream << llvm::formatv("target   {0}: {1} cores, {2} arrays of {3}x{4}\n", target.name,
                          mapping.coresAvailable, mapping.arraysAvailable,
                          target.chip.core.array.rows, target.chip.core.array.cols);
  stream << llvm::formatv(
      "arrays   {0} used; one tile per array would take {1}, the weights' area is {2}\n",
      mapping.arraysUsed, mapping.arraysTileByTile, mapping.arraysBound);
}

std::vector<OverheadPart> scaled(std::vector<OverheadPart> parts, double factor) {
  for (OverheadPart &part : parts)
    part.amount *= factor;
  return parts;
}

void printOverhead(llvm::raw_ostream &stream, llvm::StringRef what, double real, double ideal,
                   const std::vector<OverheadPart> &parts) {
  stream << llvm::formatv("  {0}  {1}, {2} on one chip: {3:P2} (", what, real, ideal,
                          real / ideal - 1);
  for (size_t i = 0; i < parts.size(); ++i)
    stream << llvm::formatv("{0}{1} {2:P2}", i ? ", " : "", parts[i].name, parts[i].amount / ideal);
  stream << ")\n";
}

/// Times in microseconds, energies in microjoules, and the parts of both overheads.
void printComparison(llvm::raw_ostream &stream, const IdealComparison &comparison) {
  stream << "against one ideal chip, one inference that has the machine for itself\n";
  printOverhead(stream, "time, us  ", comparison.latencyNs / 1e3, comparison.idealLatencyNs / 1e3,
                scaled(comparison.time, 1e-3));
  printOverhead(stream, "energy, uJ", comparison.energyPj / 1e6, comparison.idealEnergyPj / 1e6,
                scaled(comparison.energy, 1e-6));
}

/// How far the bytes between chips are from their bound.
std::string gapText(const MappingFigures &mapping) {
  int64_t bytes = mapping.interchipBytes, bound = mapping.interchipBytesBound;
  if (bound == 0 && bytes > 0)
    return "with no bound, which networks of many nodes and cuts along inputs do not have";
  std::string text = llvm::formatv("at least {0} must", bound);
  if (bound > 0)
    text += llvm::formatv(" (a gap of {0:f1} %)", 100.0 * double(bytes - bound) / double(bound));
  return text;
}

/// How many weights are mapped against error, and how far that goes.
struct SaferFigures {
  int64_t averaged = 0, mostInstances = 1, split = 0, leastRows = 0;

  explicit SaferFigures(const MappingFigures &mapping) {
    for (const SaferWeight &weight : mapping.saferWeights) {
      averaged += weight.instances > 1 ? 1 : 0;
      mostInstances = std::max(mostInstances, weight.instances);
      if (weight.maxRows > 0)
        leastRows = split++ == 0 ? weight.maxRows : std::min(leastRows, weight.maxRows);
    }
  }
};

} // namespace

std::string reportText(const Compilation &compilation, const std::string &output) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (!output.empty())
    stream << "wrote    " << output << "\n";
  if (const auto &mapping = compilation.mapping()) {
    const target::Target &target = *compilation.target();
    printWeights(stream, *mapping, target);
    if (mapping->chipsAvailable > 1)
      stream << llvm::formatv(
          "chips    {0} of {1} used; {2} bytes pass between them in an inference, {3}\n",
          mapping->chipsUsed, mapping->chipsAvailable, mapping->interchipBytes, gapText(*mapping));
    stream << llvm::formatv("reads    {0} per inference of the busiest {1}\n",
                            mapping->busiestReads, isEngine(target) ? "engine" : "array");
    if (mapping->copies > 0)
      stream << llvm::formatv(
          "copies   {0} more of {1} weights; the busiest unit works {2:f1} us per "
          "inference, at least {3:f1} us\n",
          mapping->copies, mapping->copiedWeights, mapping->busiestNs / 1000,
          mapping->busiestBoundNs / 1000);
    if (mapping->digitalWeights > 0)
      stream << llvm::formatv("digital  {0} weights of integers are multiplied in digital units\n",
                              mapping->digitalWeights);
    SaferFigures safer(*mapping);
    if (safer.averaged > 0)
      stream << llvm::formatv("averaged {0} weights, of up to {1} instances each\n", safer.averaged,
                              safer.mostInstances);
    if (safer.split > 0)
      stream << llvm::formatv(
          "split    {0} weights into tiles of fewer rows than fit, the shortest of {1}\n",
          safer.split, safer.leastRows);
    stream << llvm::formatv("cores    {0} used", mapping->coresUsed);
    if (mapping->peakCoreMemory > 0)
      stream << llvm::formatv("; the fullest holds {0} of {1} bytes of memory",
                              mapping->peakCoreMemory, target.chip.core.memoryBytes);
    if (mapping->peakBufferBytes > 0)
      stream << llvm::formatv(", the fullest buffer of a chip {0} of {1}", mapping->peakBufferBytes,
                              target.chip.buffer.sizeBytes);
    stream << "\n";
  }
  if (const auto &converters = compilation.converters()) {
    stream << "converters by " << converters->method
           << (converters->relativeErrors.empty() ? ", at which nothing clips; samples "
                                                    "(--calibrate) lead to finer ones\n"
                                                  : "; relative error of a conversion:");
    if (!converters->relativeErrors.empty())
      for (auto [method, error] : llvm::zip_equal(kConverterMethods, converters->relativeErrors))
        stream << llvm::formatv(" {0} {1:P2}{2}", method, error,
                                method == kConverterMethods.back() ? "\n" : ",");
  }
  if (const auto &ideal = compilation.ideal())
    printComparison(stream, *ideal);
  stream << llvm::formatv("time     {0:f3} s", totalSeconds(compilation));
  bool first = true;
  for (const PhaseFigures &phase : compilation.phases()) {
    if (phase.seconds < 0.0005)
      continue;
    stream << (first ? " (" : ", ") << phase.name << llvm::formatv(" {0:f3}", phase.seconds);
    first = false;
  }
  stream << (first ? "" : ")")
         << llvm::formatv("; peak memory {0:f0} MB\n",
                          static_cast<double>(peakMemoryBytes()) / 1e6);
  return text;
}

Result<std::string> reportHtml(const Compilation &compilation) {
  Result<executor::TimingReport> timing = executor::simulateTiming(*compilation.program());
  if (!timing)
    return timing.error();
  executor::CompileFacts facts;
  auto add = [&](const char *name, auto value, const char *unit = "") {
    facts.figures.push_back({name, llvm::formatv("{0}{1}", value, unit).str()});
  };
  if (const auto &mapping = compilation.mapping()) {
    add("arrays used", mapping->arraysUsed);
    add("arrays with one tile each", mapping->arraysTileByTile);
    add("area of the weights, in arrays", mapping->arraysBound);
    add("arrays available", mapping->arraysAvailable);
    add("reads of the busiest array", mapping->busiestReads);
    if (!isEngine(*compilation.target())) {
      auto us = [](double ns) { return llvm::formatv("{0:f1}", ns / 1000).str(); };
      add("copies of weights", mapping->copies);
      add("work of the busiest unit", us(mapping->busiestNs), " us");
      add("the same at least", us(mapping->busiestBoundNs), " us");
    }
    add("memory of the fullest core", mapping->peakCoreMemory, " B");
    if (mapping->peakBufferBytes > 0)
      add("fullest buffer of a chip", mapping->peakBufferBytes, " B");
  }
  add("compile time", llvm::formatv("{0:f3}", totalSeconds(compilation)).str(), " s");
  add("peak memory", llvm::formatv("{0:f0}", static_cast<double>(peakMemoryBytes()) / 1e6).str(),
      " MB");
  for (const PhaseFigures &phase : compilation.phases())
    facts.phases.push_back({phase.name, phase.seconds});
  return executor::reportToHtml(*compilation.program(), *timing, &facts);
}

std::string reportJson(const Compilation &compilation) {
  nlohmann::ordered_json json;
  if (compilation.target())
    json["target"] = compilation.target()->name;
  if (const auto &mapping = compilation.mapping()) {
    json["arrays_used"] = mapping->arraysUsed;
    json["arrays_bound"] = mapping->arraysBound;
    json["arrays_tile_by_tile"] = mapping->arraysTileByTile;
    json["arrays_available"] = mapping->arraysAvailable;
    json["busiest_array_reads"] = mapping->busiestReads;
    if (!isEngine(*compilation.target())) {
      json["copies"] = mapping->copies;
      json["copied_weights"] = mapping->copiedWeights;
      SaferFigures safer(*mapping);
      json["averaged_weights"] = safer.averaged;
      json["most_instances"] = safer.mostInstances;
      json["digital_weights"] = mapping->digitalWeights;
      json["row_split_weights"] = safer.split;
      for (const SaferWeight &weight : mapping->saferWeights) {
        json["mapped_against_error"][weight.layer]["instances"] = weight.instances;
        if (weight.maxRows > 0)
          json["mapped_against_error"][weight.layer]["max_rows"] = weight.maxRows;
      }
      json["busiest_unit_ns"] = mapping->busiestNs;
      json["busiest_unit_ns_bound"] = mapping->busiestBoundNs;
    }
    json["cores_used"] = mapping->coresUsed;
    json["cores_available"] = mapping->coresAvailable;
    json["chips_used"] = mapping->chipsUsed;
    json["chips_available"] = mapping->chipsAvailable;
    json["interchip_bytes"] = mapping->interchipBytes;
    json["interchip_bytes_bound"] = mapping->interchipBytesBound;
    if (isEngine(*compilation.target())) {
      json["weight_bytes_used"] = mapping->weightBytes;
      json["weight_bytes_available"] =
          mapping->coresAvailable * compilation.target()->chip.core.engine.weightBytes;
    }
    json["peak_core_memory_bytes"] = mapping->peakCoreMemory;
    json["peak_chip_buffer_bytes"] = mapping->peakBufferBytes;
  }
  if (const auto &converters = compilation.converters()) {
    json["converter_method"] = converters->method;
    for (auto [method, error] : llvm::zip(kConverterMethods, converters->relativeErrors))
      json["converter_relative_errors"][method] = error;
  }
  if (const auto &ideal = compilation.ideal()) {
    json["latency_ns"] = ideal->latencyNs;
    json["ideal_latency_ns"] = ideal->idealLatencyNs;
    json["time_overhead"] = ideal->timeOverhead();
    for (const OverheadPart &part : ideal->time)
      json["time_overhead_parts_ns"][part.name] = part.amount;
    json["energy_pj"] = ideal->energyPj;
    json["ideal_energy_pj"] = ideal->idealEnergyPj;
    json["energy_overhead"] = ideal->energyOverhead();
    for (const OverheadPart &part : ideal->energy)
      json["energy_overhead_parts_pj"][part.name] = part.amount;
  }
  json["compile_seconds"] = totalSeconds(compilation);
  for (const PhaseFigures &phase : compilation.phases())
    json["phase_seconds"][phase.name] = phase.seconds;
  json["peak_memory_bytes"] = peakMemoryBytes();
  return json.dump(2) + "\n";
}

} // namespace cimc
