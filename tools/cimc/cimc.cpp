//===- cimc.cpp - The compiler's command line ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parses the command line, and calls the compilation phases or the float evaluator. Exit status: 0
// success, 1 the run itself failed, 2 bad input or usage.
//
//===--------------------------------------------------------------------------===//

#include "Diagnostics.h"
#include "Report.h"

#include "cimc/Pipelines/Compile.h"
#include "cimc/Support/DataSet.h"
#include "cimc/Support/File.h"
#include "cimc/Support/Npy.h"
#include "cimc/Target/Settings.h"
#include "cimc/Target/Yaml.h"

#include "mlir/IR/MLIRContext.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>

using namespace cimc;

namespace {

constexpr int kSuccess = 0, kRunFailed = 1, kBadInput = 2;

struct Arguments {
  std::string model, target = "", method = "", pack = "auto", emit = "binary", report, output;
  std::vector<std::string> digitalLayers, settings, shapes, values, calibration, inputs, outputs;
  std::string labels, weightBits = "8", activations = "auto";
  std::string chips, partition = "auto", objective = "latency", digitalFormat = "f32";
  std::string converterMethod = "auto", converterRanges = "array", redundancy = "1",
              splitRows = "never";
  unsigned redundancyArrays = 0;
  std::string transposedReads = "require";
  bool saturate = false, evaluate = false, accuracyReport = false, compareIdeal = false,
       quiet = false;
};

int fail(const std::string &message) {
  llvm::errs() << "cimc: error: " << message << "\n";
  return kBadInput;
}

/// Options for how weights lie in arrays, and for errors of these.
void addArrayOptions(CLI::App &app, Arguments &a) {
  app.add_option("--converter-method", a.converterMethod,
                 "how ranges of output converters are chosen: bound (nothing clips), or from the "
                 "samples of --calibrate by max, percentile, mse, or auto, the best of them")
      ->type_name("METHOD");
  app.add_option("--transposed-reads", a.transposedReads,
                 "weights that are used forward and transposed lie in one array that is read in "
                 "both directions: require, auto (where the target can, else twice), or never")
      ->type_name("require|auto|never");
  app.add_option("--converter-ranges", a.converterRanges,
                 "one range for the output converters of a tile (array), or one for each (column)")
      ->type_name("array|column");
  app.add_option("--redundancy", a.redundancy,
                 "program weights several times and average what is read, against deviations of "
                 "cells: 1, 2, 4 or 8 times, or auto: those layers for which it helps most on the "
                 "samples of --calibrate, as far as arrays are free")
      ->type_name("N|auto");
  app.add_option(
         "--redundancy-arrays", a.redundancyArrays,
         "how many arrays the network may take with --redundancy=auto; as many as there are "
         "if not given")
      ->type_name("N");
  app.add_option("--digital-layers", a.digitalLayers,
                 "layers that exact digital units multiply rather than arrays, by ONNX node; or "
                 "auto: those whose deviations cost most on the samples of --calibrate, as long as "
                 "no digital unit gets busier than the busiest unit is anyway")
      ->type_name("NAME[,NAME...]|auto")
      ->delimiter(',');
  app.add_option("--split-rows", a.splitRows,
                 "cut weights into tiles of at most N rows, whose sums are converted with finer "
                 "steps and lose less on wires; or auto: those layers for which it helps on the "
                 "samples of --calibrate")
      ->type_name("never|auto|N");
}

void addCompileOptions(CLI::App &app, Arguments &a) {
  app.add_option("MODEL", a.model, "model.onnx, or a level written by --emit as FILE.mlir")
      ->required();
  app.add_option("--target", a.target,
                 "hermes, neurram, chimera, chimera-calibrated, generic, or FILE.yaml")
      ->type_name("NAME|FILE.yaml");
  app.add_option("--set", a.settings, "change one field of the target, for example chip.cores=128")
      ->type_name("FIELD=VALUE")
      ->allow_extra_args(false);
  app.add_option("--chips", a.chips,
                 "number of chips, or auto: as many as the network needs (default: the target's)")
      ->type_name("N|auto");
  app.add_option("--partition", a.partition,
                 "how a network is cut for several chips: auto, greedy, or optimal (proved, for "
                 "small networks; may take minutes)")
      ->check(CLI::IsMember({"auto", "greedy", "optimal"}));
  app.add_option(
         "--objective", a.objective,
         "what copies of weights, wake-ups and messages between chips are chosen for: latency, "
         "energy, throughput or edp (energy times latency)")
      ->type_name("NAME");
  app.add_option("--input-shape", a.shapes, "fix an input's shape: name=1x3x32x32")
      ->type_name("NAME=SHAPE")
      ->allow_extra_args(false);
  app.add_option("--input-value", a.values, "make an input a constant: name=16000 or name=FILE.pb")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--calibrate", a.calibration,
                 "samples to quantise a float model with: [name=]SAMPLES.npy")
      ->type_name("[NAME=]FILE.npy")
      ->allow_extra_args(false);
  app.add_option("--calibration-method", a.method, "minmax, percentile or mse")
      ->type_name("METHOD");
  app.add_option(
         "--activations", a.activations,
         "symmetric: zero is the integer 0, so that it drives no row of an array; asymmetric: "
         "tensors on one side of zero use all integers, for accuracy with exact cells; auto: what "
         "the target's cells ask for")
      ->check(CLI::IsMember({"auto", "symmetric", "asymmetric"}));
  app.add_option(
         "--weight-bits", a.weightBits,
         "bits of a quantised weight, 1 to 8; float: layers stay float, in the digital unit")
      ->type_name("N|float");
  app.add_option("--digital-format", a.digitalFormat,
                 "number format of floats in the digital units: f32, or f16 for half the memory")
      ->type_name("f32|f16");
  app.add_option("--pack", a.pack, "share arrays between tiles: auto, never or dense")
      ->check(CLI::IsMember({"auto", "never", "dense"}));
  app.add_flag("--saturate-inputs", a.saturate,
               "read -128 as -127 where the input coding has no -128, instead of reading twice");
  addArrayOptions(app, a);
  app.add_option("--emit", a.emit,
                 "stop at a level: entry, quantized, cim, tiled, placed, scheduled, isa or binary")
      ->type_name("LEVEL");
  app.add_option(
         "--report", a.report,
         "write the figures of the compilation to FILE.json, or a page with the modelled figures "
         "and schedule to FILE.html")
      ->type_name("FILE.json|FILE.html");
  app.add_flag("--accuracy-report", a.accuracyReport, "an option of cimc-run");
  app.add_flag(
      "--compare-ideal", a.compareIdeal,
      "compile for one ideal chip that holds everything, too, and print what several chips "
      "cost in time and energy");
  app.add_option("-o,--output", a.outputs, "output file; with --evaluate: [name=]Y.npy")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_flag("-q,--quiet", a.quiet, "print errors only");
  app.add_flag("--evaluate", a.evaluate, "run the model itself, not a compiled one, on --input");
  app.add_option("--input", a.inputs, "with --evaluate: data set [name=]X.npy")
      ->type_name("[NAME=]FILE.npy")
      ->allow_extra_args(false);
  app.add_option("--labels", a.labels,
                 "with --evaluate: class numbers, to print the top-1 accuracy")
      ->type_name("FILE.npy");
}

/// Whether the report is a page for people.
bool wantsPage(const Arguments &a) { return llvm::StringRef(a.report).ends_with(".html"); }

/// What the design names and this version does not do; the message for the first that is asked for.
std::optional<std::string> notSupported(const Arguments &a) {
  if (a.accuracyReport)
    return std::string("--accuracy-report compares runs, so it is an option of cimc-run");
  if (a.compareIdeal && (a.evaluate || a.emit != "binary"))
    return std::string("--compare-ideal times a compiled program, so it needs --emit=binary");
  if (!a.report.empty() && !wantsPage(a) && !llvm::StringRef(a.report).ends_with(".json"))
    return "--report " + a.report + ": reports are FILE.json or FILE.html";
  if (wantsPage(a) && (a.evaluate || a.emit != "binary"))
    return "--report " + a.report + ": a page is about a compiled program, so it needs " +
           (a.evaluate ? "a compilation" : "--emit=binary") + ", not " +
           (a.evaluate ? "--evaluate" : "--emit=" + a.emit);
  return std::nullopt;
}

/// Writes a report in one piece.
Status writeText(const std::string &path, const std::string &content) {
  return writeFile(path, {std::as_bytes(std::span(content.data(), content.size()))});
}

/// Fails early where a file surely cannot be written.
Status checkOutputs(const Arguments &a) {
  std::vector<NamedPath> read = {{"the model", a.model}}, written;
  for (const std::string &text : a.calibration)
    read.push_back({"a file of samples", parseNamedFile(text).path});
  for (const std::string &text : a.inputs)
    read.push_back({"an input", parseNamedFile(text).path});
  if (!a.labels.empty())
    read.push_back({"the file of labels", a.labels});
  for (const std::string &text : a.outputs) {
    std::string path = a.evaluate ? parseNamedFile(text).path : text;
    if (a.evaluate || path != "-")
      written.push_back({"the output", path});
    else if (a.emit == "binary")
      return Error{"a binary is not written to standard output, give -o FILE.cimb"};
  }
  if (!a.report.empty())
    written.push_back({"the report", a.report});
  return checkFiles(read, written);
}

int runEvaluate(const Arguments &a, Compilation &compilation) {
  Result<std::vector<TensorData>> inputs = readNamedArrays(a.inputs);
  if (!inputs)
    return fail(inputs.error().message);
  auto start = std::chrono::steady_clock::now();
  if (failed(compilation.prepareToEvaluate()))
    return kBadInput;
  mlir::FailureOr<std::vector<TensorData>> results = evaluate(compilation.module(), *inputs);
  if (failed(results))
    return kBadInput;
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  int64_t samples = results->empty() ? 0 : results->front().shape.front();
  nlohmann::ordered_json json;
  json["inferences"] = samples;
  json["run_seconds"] = seconds.count();
  llvm::outs() << "evaluated " << samples << " samples in " << llvm::format("%.2f", seconds.count())
               << " s\n";
  if (!a.labels.empty()) {
    Result<TensorData> labels = readNpy(a.labels);
    if (!labels)
      return fail(labels.error().message);
    if (results->empty())
      return fail("the model has no output to compare with labels");
    if (static_cast<int64_t>(labels->elements()) != samples)
      return fail("'" + a.labels + "' has " + std::to_string(labels->elements()) + " labels, " +
                  std::to_string(samples) + " are needed, one per sample");
    Result<double> accuracy = top1Accuracy(results->front(), *labels);
    if (!accuracy)
      return fail("'" + a.labels + "': " + accuracy.error().message);
    json["top1"] = *accuracy;
    llvm::outs() << "top-1     " << llvm::format("%.2f", *accuracy * 100) << " %\n";
  }
  for (auto [index, text] : llvm::enumerate(a.outputs)) {
    NamedFile file = parseNamedFile(text);
    const TensorData *found =
        file.name.empty() && index < results->size() ? &(*results)[index] : nullptr;
    for (const TensorData &result : *results)
      if (!file.name.empty() && result.name == file.name)
        found = &result;
    if (!found)
      return fail("the model has no output '" +
                  (file.name.empty() ? std::to_string(index) : file.name) + "'");
    if (Status status = writeNpy(file.path, *found); !status)
      return fail(status.error().message);
  }
  if (!a.report.empty())
    if (Status status = writeText(a.report, json.dump(2) + "\n"); !status)
      return fail(status.error().message);
  return kSuccess;
}

/// Where the result goes if the user does not say.
std::string defaultOutput(const Arguments &a, Level level) {
  if (level != Level::Binary)
    return "-";
  return llvm::sys::path::stem(a.model).str() + ".cimb";
}

int runCompile(const Arguments &a, Compilation &compilation, Level level) {
  std::string output = a.outputs.empty() ? defaultOutput(a, level) : a.outputs.front();
  if (a.outputs.size() > 1)
    return fail("a compilation has one output, got " + std::to_string(a.outputs.size()));
  if (failed(compilation.run()) || failed(compilation.write(output)))
    return kBadInput;
  if (!a.report.empty()) {
    Result<std::string> report =
        wantsPage(a) ? reportHtml(compilation) : Result<std::string>(reportJson(compilation));
    if (!report)
      return fail(report.error().message);
    if (Status status = writeText(a.report, *report); !status)
      return fail(status.error().message);
  }
  if (!a.quiet && output != "-")
    llvm::outs() << reportText(compilation, output);
  return kSuccess;
}

/// Changes the target by `--set` and `--chips` at once, since the number of chips may be what makes
/// other settings right, such as the columns of a mesh.
Status applySettings(const Arguments &a, target::Target &target, bool &anyChips) {
  std::vector<std::string> settings = a.settings;
  anyChips = a.chips == "auto";
  if (!a.chips.empty() && !anyChips) {
    uint32_t chips = 0;
    if (llvm::StringRef(a.chips).getAsInteger(10, chips) || chips == 0)
      return Error{"--chips takes a number from 1 on or auto, got '" + a.chips + "'"};
    settings.push_back("chips=" + std::to_string(chips));
  }
  for (const std::string &setting : a.settings)
    if (!a.chips.empty() && llvm::StringRef(setting).starts_with("chips="))
      return Error{"--chips " + a.chips + " and --set " + setting +
                   " both say how many chips there are; leave one out"};
  return target::setAll(target, settings, target::lookupDevice);
}

/// The options of a compilation from the command line.
Result<CompileOptions> makeOptions(const Arguments &a, Level level) {
  CompileOptions options;
  options.emit = level;
  options.inputShapes = a.shapes;
  options.inputValues = a.values;
  options.pack = a.pack;
  options.partitionSolver = a.partition;
  options.compareIdeal = a.compareIdeal;
  std::optional<Objective> objective = parseObjective(a.objective);
  if (!objective)
    return Error{"--objective must be one of latency, energy, throughput or edp, is '" +
                 a.objective + "'"};
  options.objective = *objective;
  if (a.digitalFormat != "f32" && a.digitalFormat != "f16")
    return Error{"--digital-format must be f32 or f16, is '" + a.digitalFormat + "'"};
  options.halfFloats = a.digitalFormat == "f16";
  options.saturateInputs = a.saturate;
  options.calibrationMethod = a.method;
  if (a.activations != "auto")
    options.asymmetricActivations = a.activations == "asymmetric";
  if (!llvm::is_contained({"", "minmax", "percentile", "mse"}, llvm::StringRef(a.method)))
    return Error{"--calibration-method must be minmax, percentile or mse, is '" + a.method + "'"};
  if (a.converterMethod != "auto" && !llvm::is_contained(kConverterMethods, a.converterMethod))
    return Error{"--converter-method must be auto, bound, max, percentile or mse, is '" +
                 a.converterMethod + "'"};
  if (a.calibration.empty() && a.converterMethod != "auto" && a.converterMethod != "bound")
    return Error{"--converter-method=" + a.converterMethod +
                 " chooses from samples, so it needs --calibrate SAMPLES.npy"};
  if (a.converterRanges != "array" && a.converterRanges != "column")
    return Error{"--converter-ranges must be array or column, is '" + a.converterRanges + "'"};
  if (!llvm::is_contained({"auto", "never", "require"}, llvm::StringRef(a.transposedReads)))
    return Error{"--transposed-reads must be require, auto or never, is '" + a.transposedReads +
                 "'"};
  options.transposedReads = a.transposedReads;
  if (a.redundancy == "auto" && a.calibration.empty())
    return Error{
        "--redundancy=auto measures layers on samples, so it needs --calibrate SAMPLES.npy"};
  if (a.redundancy == "auto")
    options.redundancy = 0;
  else if (!llvm::is_contained({"1", "2", "4", "8"}, llvm::StringRef(a.redundancy)))
    return Error{"--redundancy must be 1, 2, 4, 8 or auto, is '" + a.redundancy + "'"};
  else
    options.redundancy = static_cast<unsigned>(std::stoul(a.redundancy));
  if (a.redundancyArrays != 0 && a.redundancy != "auto")
    return Error{"--redundancy-arrays is for --redundancy=auto, which is " + a.redundancy};
  options.redundancyArrays = a.redundancyArrays;
  if (a.digitalLayers == std::vector<std::string>{"auto"} && a.calibration.empty())
    return Error{
        "--digital-layers=auto measures layers on samples, so it needs --calibrate SAMPLES.npy"};
  options.digitalLayers = a.digitalLayers;
  if (a.splitRows == "auto" && a.calibration.empty())
    return Error{
        "--split-rows=auto measures layers on samples, so it needs --calibrate SAMPLES.npy"};
  if (a.splitRows == "auto")
    options.splitRows = kChosenRows;
  else if (a.splitRows != "never" &&
           (llvm::StringRef(a.splitRows).getAsInteger(10, options.splitRows) ||
            options.splitRows < 1 || options.splitRows > 65536))
    return Error{"--split-rows must be never, auto or a number of rows from 1 to 65536, is '" +
                 a.splitRows + "'"};
  options.converterMethod = a.converterMethod;
  options.rangesPerColumn = a.converterRanges == "column";
  unsigned bits = 0;
  bool isNumber = !llvm::StringRef(a.weightBits).getAsInteger(10, bits);
  if (a.weightBits != "float" && (!isNumber || bits < 1 || bits > 8))
    return Error{"--weight-bits takes a number from 1 to 8 or float, got '" + a.weightBits + "'"};
  options.weightBits = bits;
  if (!a.target.empty()) {
    Result<target::Target> found = target::lookup(a.target);
    if (!found)
      return found.error();
    if (Status status = applySettings(a, *found, options.anyChips); !status)
      return status.error();
    options.target = std::move(*found);
  } else if (!a.chips.empty()) {
    return Error{"--chips changes a target, so it needs --target"};
  } else if (!a.settings.empty()) {
    return Error{"--set changes a target, so it needs --target"};
  }
  Result<std::vector<TensorData>> samples = readNamedArrays(a.calibration);
  if (!samples)
    return samples.error();
  options.calibration = std::move(*samples);
  return options;
}

int run(const Arguments &a) {
  if (std::optional<std::string> message = notSupported(a))
    return fail(*message);
  std::optional<Level> level = parseLevel(a.evaluate ? "entry" : a.emit);
  if (!level)
    return fail(
        "--emit must be entry, quantized, cim, tiled, placed, scheduled, isa or binary, is '" +
        a.emit + "'");
  Result<CompileOptions> options = makeOptions(a, *level);
  if (!options)
    return fail(options.error().message);

  if (Status status = checkOutputs(a); !status)
    return fail(status.error().message);

  mlir::DialectRegistry registry;
  registerCompiler(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  DiagnosticPrinter printer(&context, a.model);
  Compilation compilation(context, std::move(*options));
  if (failed(compilation.load(a.model)))
    return kBadInput;
  return a.evaluate ? runEvaluate(a, compilation) : runCompile(a, compilation, *level);
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("cimc: compiles neural networks for compute-in-memory hardware");
  app.set_version_flag("--version", "cimc 0.1.0");
  Arguments arguments;
  addCompileOptions(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0) // --help, --version
      return app.exit(error);
    return fail(error.what());
  }
  int status = run(arguments);
  llvm::outs().flush();
  if (!llvm::outs().has_error())
    return status;
  std::string reason = llvm::outs().error().message();
  llvm::outs().clear_error(); // else its destructor would end the process with a stack trace
  fail("cannot write to standard output: " + reason);
  return kRunFailed;
}
