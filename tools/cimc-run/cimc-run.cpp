//===- cimc-run.cpp - Runs a compiled program on a data set ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads and validates a `.cimb` file, runs it on the modelled machine for every entry of a data
// set, and prints and writes the results. With --timing it models time and energy, with --trace it
// records what runs when; neither needs a data set. Exit status: 0 success, 1 the run itself
// failed, 2 bad input or usage.
//
//===--------------------------------------------------------------------------===//

#include "AccuracyReport.h"
#include "AnalogRuns.h"
#include "InputSet.h"
#include "MonteCarlo.h"
#include "Progress.h"

#include "cimc/Devices/Cells.h"
#include "cimc/Executor/Executor.h"
#include "cimc/Executor/Report.h"
#include "cimc/Executor/Timing.h"
#include "cimc/Executor/Trace.h"
#include "cimc/Program/Reader.h"
#include "cimc/Program/Validator.h"
#include "cimc/Support/DataSet.h"
#include "cimc/Support/File.h"
#include "cimc/Support/Npy.h"
#include "cimc/Support/PeakMemory.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cinttypes>
#include <cstring>

using namespace cimc;
using namespace cimc::run;

namespace {
constexpr int kRunFailed = 1, kBadInput = 2;

struct Options {
  std::string program, labels, json, table, mode = "exact", trace, page, times = "0s",
                                            compensation = "none", weightScaling = "column";
  std::vector<std::string> inputs, outputs, samples;
  unsigned threads = 0, batch = 0;
  uint64_t seed = 0, seeds = 1;
  double clipPercentile = 100;
  bool noReadNoise = false, accuracyReport = false;
  uint32_t traceInferences = 1;
  bool timing = false;

  /// Whether something is asked for that needs no data set.
  bool models() const { return timing || !trace.empty() || !page.empty(); }
};

/// An error and the exit status that goes with it.
struct Failure {
  Error error;
  int status = kBadInput;
};

void declareOptions(CLI::App &app, Options &options) {
  app.add_option("program", options.program, "compiled program (.cimb)")->required();
  app.add_option("--input", options.inputs,
                 "[name=]FILE.npy: an input; its first axis is the data set")
      ->expected(1)
      ->take_all();
  app.add_option("--output", options.outputs, "[name=]FILE.npy: where an output is written")
      ->expected(1)
      ->take_all();
  app.add_option("--labels", options.labels,
                 "FILE.npy: classes, one per inference; prints top-1 accuracy");
  app.add_option("--mode", options.mode, "exact, converters or analog")
      ->check(CLI::IsMember({"exact", "converters", "analog"}));
  app.add_option(
         "--seed", options.seed,
         "first seed of the random numbers, those of a network in any mode and those of mode "
         "analog: 0 to 2^64 - 1")
      ->check([](const std::string &text) {
        bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
        return digits ? std::string() : "must be a number from 0 to 2^64 - 1, is '" + text + "'";
      });
  app.add_option(
         "--seeds", options.seeds,
         "number of seeds to run in mode analog, each a machine of its own: accuracies with "
         "--labels, otherwise the outputs' error against the exact run")
      ->check(CLI::Range(1, 100000));
  app.add_option("--table", options.table,
                 "FILE.csv: write the result of each seed and time, for plots");
  app.add_option("--time", options.times,
                 "times since programming in mode analog, for example 0s,1h,1d");
  app.add_option(
         "--compensation", options.compensation,
         "what the digital unit makes good in mode analog: none; drift by global (one factor "
         "per tile) or column (one per column); affine: drift and deviations by a factor "
         "and an offset per column, for inputs like those of --samples")
      ->check(CLI::IsMember({"none", "global", "column", "affine"}));
  app.add_option("--samples", options.samples,
                 "[name=]FILE.npy: an input's data set from which --compensation=affine takes the "
                 "mean inputs of arrays")
      ->expected(1)
      ->take_all();
  app.add_option("--weight-scaling", options.weightScaling,
                 "which weights share the scale that makes conductances of them in mode analog: "
                 "those of a column, or of a tile")
      ->check(CLI::IsMember({"column", "tile"}));
  app.add_option("--clip-percentile", options.clipPercentile,
                 "percentile of these weights' magnitudes that becomes the largest conductance in "
                 "mode analog; larger weights are clipped")
      ->check(CLI::Range(50.0, 100.0));
  app.add_flag("--no-read-noise", options.noReadNoise, "reads without noise in mode analog");
  app.add_flag("--accuracy-report", options.accuracyReport,
               "compare each layer with the exact run, in mode converters or analog");
  app.add_option("--threads", options.threads, "threads (0: as many as the machine has)")
      ->check(CLI::Range(0, 4096));
  app.add_option("--batch", options.batch,
                 "inferences that a thread computes side by side, at most as many as fit its cache "
                 "(0: as many as fit)")
      ->check(CLI::Range(0, 65536));
  app.add_flag("--timing", options.timing, "model time and energy; needs no --input");
  app.add_option("--trace", options.trace,
                 "FILE: write what runs when, for Perfetto; needs no --input");
  app.add_option("--trace-inferences", options.traceInferences,
                 "inferences in the trace, which follow each other as closely as they can")
      ->check(CLI::Range(1, 1'000'000))
      ->needs("--trace");
  app.add_option("--report", options.page,
                 "FILE.html: write the figures and what runs when as a page; needs no --input");
  app.add_option("--json", options.json,
                 "FILE: write every printed figure and the peak of memory as JSON");
}

/// Checks options that belong to mode analog.
Status checkAnalogOptions(const CLI::App &app, const Options &options) {
  if (options.mode != "analog")
    for (const char *name : {"--seeds", "--time", "--compensation", "--samples", "--weight-scaling",
                             "--clip-percentile", "--no-read-noise"})
      if (app.count(name) > 0)
        return Error{std::string(name) + " needs --mode=analog, the mode is " + options.mode};
  bool affine = options.compensation == "affine";
  if (affine && options.samples.empty())
    return Error{"--compensation=affine needs --samples, inputs like those that will come"};
  if (!affine && !options.samples.empty())
    return Error{"--samples needs --compensation=affine, which is " + options.compensation};
  Result<std::vector<RunTime>> times = parseTimes(options.times);
  if (!times)
    return times.error();
  if (options.accuracyReport && options.mode == "exact")
    return Error{"--accuracy-report compares with the exact run, so it needs --mode=converters or "
                 "--mode=analog"};
  if (options.accuracyReport && options.seeds * times->size() > 1)
    return Error{"--accuracy-report needs one seed and one time, there are " +
                 std::to_string(options.seeds * times->size()) + " runs"};
  if (!options.table.empty() && options.mode != "analog")
    return Error{"--table has the results of seeds and times, so it needs --mode=analog"};
  if (options.accuracyReport && options.inputs.empty())
    return Error{"--accuracy-report needs a data set, --input"};
  if (options.seed > UINT64_MAX - (options.seeds - 1))
    return Error{"--seed " + std::to_string(options.seed) + " leaves no room for " +
                 std::to_string(options.seeds) + " seeds below 2^64"};
  if (options.seeds * times->size() > 1 && !options.outputs.empty())
    return Error{"--output needs one seed and one time, there are " +
                 std::to_string(options.seeds * times->size()) + " runs"};
  return Status::success();
}

Result<program::ValidatedProgram> loadProgram(const std::string &path) {
  Result<program::Program> program = program::readProgram(path);
  if (!program)
    return program.error();
  Result<program::ValidatedProgram> validated = program::validate(std::move(*program));
  if (!validated)
    return Error{"'" + path + "': " + validated.error().message};
  return validated;
}

/// Every printed figure.
struct Report {
  std::string program, target, mode;
  size_t inferences = 0;
  double seconds = 0;
  std::optional<double> top1;       ///< a share of 1
  std::vector<TimeResults> results; ///< of several seeds or times, or of the accuracy of one
  nlohmann::ordered_json model;     ///< what mode analog or converters was told
  std::string modelText;
  std::optional<executor::LayerErrors> layers;
  std::optional<executor::TimingReport> timing;
  uint64_t traceEvents = 0;
  size_t traceTracks = 0;

  double rate() const { return seconds > 0 ? static_cast<double>(inferences) / seconds : 0; }

  void print() const {
    if (inferences > 0)
      printRun();
    if (timing)
      std::fputs(executor::formatTiming(*timing).c_str(), stdout);
    if (traceTracks > 0)
      std::printf("trace of %" PRIu64 " events on %zu tracks\n", traceEvents, traceTracks);
  }

  void printRun() const {
    std::printf("%zu inference%s of '%s' on '%s' (%s) in %.3f s, %.1f per second\n", inferences,
                inferences == 1 ? "" : "s", program.c_str(), target.c_str(), mode.c_str(), seconds,
                rate());
    std::fputs(modelText.c_str(), stdout);
    if (top1)
      std::printf("top-1 accuracy %.2f %%\n", 100 * *top1);
    if (!top1)
      std::fputs(formatResults(results).c_str(), stdout);
    if (layers)
      std::fputs(formatLayerErrors(*layers).c_str(), stdout);
  }

  nlohmann::ordered_json toJson() const {
    nlohmann::ordered_json json{{"program", program}, {"target", target}};
    if (inferences > 0)
      json.update({{"mode", mode},
                   {"inferences", inferences},
                   {"run_seconds", seconds},
                   {"run_inferences_per_second", rate()},
                   {"peak_memory_bytes", peakMemoryBytes()}});
    if (top1)
      json["top1"] = *top1;
    if (!model.is_null())
      json["model"] = model;
    if (!results.empty())
      json["accuracies"] = resultsToJson(results);
    if (layers)
      json["accuracy_report"] = layerErrorsToJson(*layers);
    if (timing)
      json.update(nlohmann::ordered_json::parse(executor::timingToJson(*timing)));
    if (traceTracks > 0)
      json.update({{"trace_events", traceEvents}, {"trace_tracks", traceTracks}});
    return json;
  }
};

Status writeText(const std::string &path, const std::string &text) {
  return writeFile(path, {std::as_bytes(std::span(text))});
}

/// Models time and energy, as far as that is asked for.
std::optional<Failure> modelTiming(const program::ValidatedProgram &program, const Options &options,
                                   Report &report) {
  if (options.timing || !options.page.empty()) {
    Result<executor::TimingReport> timing = executor::simulateTiming(program);
    if (!timing)
      return Failure{timing.error(), kRunFailed};
    if (!options.page.empty()) {
      Result<std::string> page = executor::reportToHtml(program, *timing);
      if (!page)
        return Failure{page.error(), kRunFailed};
      if (Status status = writeText(options.page, *page); !status)
        return Failure{status.error()};
    }
    if (options.timing)
      report.timing = std::move(*timing);
  }
  if (!options.trace.empty()) {
    executor::TraceOptions traceOptions;
    traceOptions.inferences = options.traceInferences;
    Result<executor::Trace> trace = executor::traceTiming(program, traceOptions);
    if (!trace)
      return Failure{trace.error(), kRunFailed};
    if (Status status = writeText(options.trace, executor::traceToJson(*trace)); !status)
      return Failure{status.error()};
    report.traceEvents = trace->events();
    report.traceTracks = trace->tracks.size();
  }
  return std::nullopt;
}

/// Runs all inferences and measures the time that it takes.
Result<std::vector<TensorData>> runAll(const executor::Executor &executor, const InputSet &inputs,
                                       const Options &options, Report &report) {
  Progress progress;
  executor::RunOptions runOptions;
  runOptions.threads = options.threads;
  runOptions.batch = options.batch;
  runOptions.progress = [&](size_t done, size_t total) { progress(done, total); };
  auto start = std::chrono::steady_clock::now();
  Result<std::vector<TensorData>> outputs = executor.run(inputs.tensors, runOptions);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.inferences = inputs.inferences;
  return outputs;
}

/// Accuracy and files.
Status finishRun(const Options &options, std::vector<TensorData> &outputs,
                 const std::vector<PortFile> &files, const std::optional<TensorData> &labels,
                 Report &report) {
  if (labels) {
    Result<double> share = top1Accuracy(outputs.at(0), *labels);
    if (!share)
      return Error{"'" + options.labels + "': " + share.error().message};
    report.top1 = *share;
  }
  for (const PortFile &file : files)
    if (Status status = writeNpy(file.path, outputs[file.port]); !status)
      return status;
  return Status::success();
}

executor::ModelOptions modelOf(const Options &options) {
  executor::ModelOptions model;
  model.mode = options.mode == "converters" ? executor::Mode::Converters
               : options.mode == "analog"   ? executor::Mode::Analog
                                            : executor::Mode::Exact;
  model.analog.seed = options.seed;
  model.analog.compensation = parseCompensation(options.compensation);
  model.analog.readNoise = !options.noReadNoise;
  model.analog.scaling = options.weightScaling == "tile" ? executor::WeightScaling::Tile
                                                         : executor::WeightScaling::Column;
  model.analog.clipPercentile = options.clipPercentile;
  return model;
}

/// Says where a device's model is not defined at a time.
void noteTimes(const program::Program &program, const std::vector<RunTime> &times) {
  const target::Core &core = program.target.chip.core;
  bool crossbar = core.kind == target::CoreKind::Crossbar;
  if (!crossbar || (target::isExact(core.array.device) && core.array.device.wireOhm == 0))
    std::fprintf(stderr,
                 "note: %s of target '%s' are exact at all times, so mode analog shows %s\n",
                 crossbar ? "the cells" : "the engines", program.target.name.c_str(),
                 crossbar ? "its converters alone" : "nothing of its own");
  if (!crossbar)
    return;
  for (const RunTime &time : times)
    if (auto remark = devices::remarkOn(program.target.chip.core.array.device, time.ns))
      std::fprintf(stderr, "note: %s\n", remark->c_str());
}

/// Measures what Compensation::Affine needs.
std::optional<Failure> addMeanInputs(const program::ValidatedProgram &program,
                                     const Options &options, executor::ModelOptions &model) {
  if (model.analog.compensation != executor::Compensation::Affine)
    return std::nullopt;
  Result<InputSet> samples =
      readInputs(options.samples, executor::Executor(program).inputs(), "samples");
  if (!samples)
    return Failure{Error{"--samples: " + samples.error().message}};
  for (const std::string &note : samples->notes)
    std::fprintf(stderr, "note: --samples: %s\n", note.c_str());
  executor::RunOptions runOptions;
  runOptions.threads = options.threads;
  Result<executor::MeanInputs> means =
      executor::measureMeanInputs(program, samples->tensors, runOptions);
  if (!means)
    return Failure{means.error(), kRunFailed};
  model.analog.meanInputs = std::make_shared<executor::MeanInputs>(std::move(*means));
  return std::nullopt;
}

/// Runs all seeds at all times. The time that is measured has programming in it.
std::optional<Failure> runAllSeeds(const program::ValidatedProgram &program, const Options &options,
                                   const executor::ModelOptions &model,
                                   const std::vector<RunTime> &times, const InputSet &inputs,
                                   const std::optional<TensorData> &labels, Report &report) {
  Progress progress;
  MonteCarlo what{model,
                  options.seeds,
                  times,
                  options.threads,
                  options.batch,
                  labels ? &*labels : nullptr,
                  [&](size_t done, size_t total) { progress(done, total); }};
  auto start = std::chrono::steady_clock::now();
  Result<std::vector<TimeResults>> results = runSeeds(program, what, inputs.tensors);
  if (!results)
    return Failure{results.error(), kRunFailed};
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.inferences = inputs.inferences * options.seeds * times.size();
  report.results = std::move(*results);
  return std::nullopt;
}

/// What a run in mode analog is a run of, as text and for JSON.
void describeModel(const program::Program &program, const Options &options,
                   const std::vector<RunTime> &times, Report &report) {
  const target::Core &core = program.target.chip.core;
  std::string cells = core.kind == target::CoreKind::Crossbar ? core.array.device.name : "none";
  std::vector<double> ns;
  std::string when;
  for (const RunTime &time : times) {
    ns.push_back(time.ns);
    when += (when.empty() ? "" : ",") + time.text;
  }
  report.model = {{"device", cells},
                  {"seed", options.seed},
                  {"seeds", options.seeds},
                  {"times_ns", ns},
                  {"compensation", options.compensation},
                  {"samples", options.samples},
                  {"weight_scaling", options.weightScaling},
                  {"clip_percentile", options.clipPercentile},
                  {"read_noise", !options.noReadNoise}};
  report.modelText =
      "cells of '" + cells + "', seed " + std::to_string(options.seed) +
      (options.seeds > 1 ? " to " + std::to_string(options.seed + options.seeds - 1) : "") + ", " +
      when + " after programming, compensation " + options.compensation +
      (options.noReadNoise ? ", reads without noise" : "") + "\n";
}

/// Compares every layer with the exact run.
std::optional<Failure> compareLayers(const program::ValidatedProgram &program,
                                     const Options &options, const executor::ModelOptions &model,
                                     const InputSet &inputs, const TensorData *labels,
                                     Report &report) {
  Progress progress;
  executor::RunOptions runOptions;
  runOptions.threads = options.threads;
  runOptions.progress = [&](size_t done, size_t total) { progress(done, total); };
  Result<executor::LayerErrors> layers =
      executor::measureLayerErrors(program, model, inputs.tensors, runOptions, labels);
  if (!layers)
    return Failure{layers.error(), kRunFailed};
  report.layers = std::move(*layers);
  return std::nullopt;
}

/// Runs the data set through the program.
std::optional<Failure> runDataSet(const program::ValidatedProgram &program, const Options &options,
                                  Report &report) {
  executor::ModelOptions model = modelOf(options);
  Result<std::vector<RunTime>> times = parseTimes(options.times);
  if (!times)
    return Failure{times.error()};
  model.analog.timeNs = times->front().ns;
  if (model.mode == executor::Mode::Analog)
    noteTimes(program.program(), *times);
  if (Status status = executor::checkMode(program.program(), model.mode); !status)
    return Failure{Error{"'" + options.program + "': " + status.error().message}};
  if (std::optional<Failure> failure = addMeanInputs(program, options, model))
    return failure;
  std::vector<executor::Port> inputPorts, outputPorts;
  {
    executor::Executor exact(program);
    inputPorts = exact.inputs();
    outputPorts = exact.outputs();
  }
  Result<std::vector<PortFile>> files = assignPorts(options.outputs, outputPorts, "output");
  if (!files)
    return Failure{files.error()};
  std::optional<TensorData> labels;
  if (!options.labels.empty()) {
    Result<TensorData> read = readNpy(options.labels);
    if (!read)
      return Failure{read.error()};
    labels = std::move(*read);
  }
  Result<InputSet> inputs = readInputs(options.inputs, inputPorts);
  if (!inputs)
    return Failure{inputs.error()};
  for (const std::string &note : inputs->notes)
    std::fprintf(stderr, "note: %s\n", note.c_str());
  if (labels && labels->elements() != inputs->inferences)
    return Failure{Error{"'" + options.labels + "' has " + std::to_string(labels->elements()) +
                         " labels, " + std::to_string(inputs->inferences) +
                         " are needed, one per inference"}};
  if (model.mode == executor::Mode::Analog)
    describeModel(program.program(), options, *times, report);
  if (options.seeds * times->size() > 1)
    return runAllSeeds(program, options, model, *times, *inputs, labels, report);

  executor::Executor executor(program, model);
  Result<std::vector<TensorData>> outputs = runAll(executor, *inputs, options, report);
  if (!outputs)
    return Failure{outputs.error(), kRunFailed};
  for (size_t i = 0; i < outputs->size(); ++i)
    shapeOutput((*outputs)[i], executor.outputs()[i], inputs->axis);
  if (Status status = finishRun(options, *outputs, *files, labels, report); !status)
    return Failure{status.error()};
  if (report.top1 && model.mode == executor::Mode::Analog)
    report.results = {{times->front(), {*report.top1}, {}}};
  if (options.accuracyReport)
    return compareLayers(program, options, model, *inputs, labels ? &*labels : nullptr, report);
  return std::nullopt;
}

/// Fails early where a file surely cannot be written, or would overwrite another one.
Status checkFiles(const Options &options) {
  std::vector<NamedPath> read = {{"the program", options.program}}, written;
  for (const auto &[what, arguments] :
       {std::pair("an input", &options.inputs), std::pair("a file of samples", &options.samples)})
    for (const std::string &argument : *arguments)
      read.push_back({what, argument.substr(argument.find('=') + 1)});
  if (!options.labels.empty())
    read.push_back({"the file of labels", options.labels});
  for (const std::string &argument : options.outputs)
    written.push_back({"an output", argument.substr(argument.find('=') + 1)});
  for (const auto &[what, path] :
       {std::pair("the file of --json", options.json), std::pair("the trace", options.trace),
        std::pair("the page", options.page), std::pair("the table", options.table)})
    if (!path.empty())
      written.push_back({what, path});
  return cimc::checkFiles(read, written);
}

std::optional<Failure> runTool(const CLI::App &app, const Options &options) {
  if (Status status = checkAnalogOptions(app, options); !status)
    return Failure{status.error()};
  if (!options.page.empty() && !options.page.ends_with(".html"))
    return Failure{Error{"--report writes a page, FILE.html, not '" + options.page +
                         "'; --json writes figures for programs"}};
  if (Status status = checkFiles(options); !status)
    return Failure{status.error()};
  Result<program::ValidatedProgram> program = loadProgram(options.program);
  if (!program)
    return Failure{program.error()};
  Report report;
  report.program = program->program().name;
  report.target = program->program().target.name;
  report.mode = options.mode;
  bool onlyTiming = options.models() && options.inputs.empty() && options.outputs.empty() &&
                    options.labels.empty();
  if (onlyTiming)
    for (const char *name : {"--mode", "--seed", "--table"})
      if (app.count(name) > 0)
        return Failure{Error{std::string(name) + " is for runs of a data set, which needs --input; "
                                                 "time and energy do not depend on it"}};
  if (std::optional<Failure> failure = modelTiming(*program, options, report))
    return failure;
  if (!onlyTiming)
    if (std::optional<Failure> failure = runDataSet(*program, options, report))
      return failure;
  report.print();
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    return Failure{Error{std::string("cannot write to standard output: ") + std::strerror(errno)},
                   kRunFailed};
  if (!options.json.empty())
    if (Status status = writeText(options.json, report.toJson().dump(2) + "\n"); !status)
      return Failure{status.error()};
  if (!options.table.empty())
    if (Status status = writeText(options.table, resultsToTable(report.results, options.seed));
        !status)
      return Failure{status.error()};
  return std::nullopt;
}
} // namespace

int main(int argc, char **argv) {
  CLI::App app("Runs a compiled program on the modelled machine.", "cimc-run");
  Options options;
  declareOptions(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0) // --help
      return app.exit(error);
    std::fprintf(stderr, "cimc-run: error: %s\n", error.what());
    return kBadInput;
  }
  std::optional<Failure> failure = runTool(app, options);
  if (!failure)
    return 0;
  std::fprintf(stderr, "cimc-run: error: %s\n", failure->error.message.c_str());
  return failure->status;
}
