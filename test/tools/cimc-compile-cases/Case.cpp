//===- Case.cpp - A network, a machine and an objective -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Case.h"

#include "cimc/Executor/Executor.h"
#include "cimc/Executor/Timing.h"
#include "cimc/Pipelines/Compile.h"
#include "cimc/Program/Reader.h"
#include "cimc/Support/DataSet.h"
#include "cimc/Support/Npy.h"
#include "cimc/Target/Settings.h"
#include "cimc/Target/Yaml.h"

#include "mlir/IR/MLIRContext.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#include <cstring>
#include <optional>
#include <random>

using namespace mlir;

namespace cimc::test {

namespace {

/// Inferences that are run, one after the other and side by side.
constexpr int64_t kInferences = 3;

/// What was said while a program was made.
struct Messages {
  std::vector<std::string> errors, others;
  bool located = true; ///< each error names a place
};

bool hasPlace(Location loc) {
  if (auto fused = dyn_cast<FusedLoc>(loc))
    return llvm::any_of(fused.getLocations(), hasPlace);
  return !isa<UnknownLoc>(loc);
}

/// The settings of the machine that holds everything: one chip with one engine.
std::vector<std::string> largeMachine() {
  return {"chip.cores=1", "engine.weight_memory=1GiB", "core.memory=1GiB"};
}

class Runner {
public:
  Runner(const Case &one, const std::string &folder, const DialectRegistry &registry)
      : one(one), folder(folder), context(registry, MLIRContext::Threading::DISABLED) {}

  Outcome run() {
    std::optional<program::ValidatedProgram> compiled = compile(one, "case");
    if (!compiled)
      return judgeRefusal();
    if (!failure.empty())
      return {Verdict::Fails, failure, 0};
    Case reference = one;
    reference.target = "chimera";
    reference.settings = largeMachine();
    reference.chips = "1";
    reference.objective = "latency";
    std::optional<program::ValidatedProgram> large = compile(reference, "large");
    if (!large)
      return {Verdict::Fails,
              "on the large machine: " + failure + llvm::join(messages.errors, " | "), 0};
    if (std::string problem = compare(*compiled, *large); !problem.empty())
      return {Verdict::Fails, problem, 0};
    Result<executor::TimingReport> timing = executor::simulateTiming(*compiled);
    if (!timing)
      return {Verdict::Fails, "timing: " + timing.error().message, 0};
    return {Verdict::Agrees, "", compiled->program().target.chips};
  }

private:
  std::string path(const std::string &name) const { return folder + "/" + name; }

  /// The options of `which`; what is wrong with them goes into `failure`.
  std::optional<CompileOptions> makeOptions(const Case &which) {
    CompileOptions options;
    Result<target::Target> target = target::lookup(which.target);
    std::vector<std::string> settings = which.settings;
    if (which.chips != "auto")
      settings.push_back("chips=" + which.chips);
    Status status = target ? target::setAll(*target, settings) : Status(target.error());
    if (!status) {
      failure = "the case's target: " + status.error().message;
      return std::nullopt;
    }
    options.anyChips = which.chips == "auto";
    options.target = std::move(*target);
    options.objective = parseObjective(which.objective).value_or(Objective::Latency);
    options.partitionSolver = which.partition;
    options.pack = which.pack;
    for (const std::string &text : which.calibrate) {
      NamedFile file = parseNamedFile(text);
      Result<TensorData> samples = readNpy(path(file.path));
      if (!samples) {
        failure = samples.error().message;
        return std::nullopt;
      }
      samples->name = file.name;
      options.calibration.push_back(std::move(*samples));
    }
    return options;
  }

  /// A program that has been written and read again; none if the compiler refused, with `messages`,
  /// or if something failed that must not.
  std::optional<program::ValidatedProgram> compile(const Case &which, const std::string &name) {
    messages = {};
    std::optional<CompileOptions> options = makeOptions(which);
    if (!options)
      return std::nullopt;
    ScopedDiagnosticHandler handler(&context, [this](Diagnostic &diagnostic) {
      bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
      (isError ? messages.errors : messages.others).push_back(diagnostic.str());
      if (isError && !hasPlace(diagnostic.getLocation()))
        messages.located = false;
      return success();
    });
    std::string file = path(name + ".cimb");
    Compilation compilation(context, std::move(*options));
    if (failed(compilation.load(path(which.model))) || failed(compilation.run()) ||
        failed(compilation.write(file)))
      return std::nullopt;
    if (!messages.errors.empty() || !messages.others.empty())
      failure = "compiled, but said: " +
                (messages.errors.empty() ? messages.others : messages.errors).front();
    Result<program::Program> read = program::readProgram(file);
    if (!read) {
      failure = "cannot be read: " + read.error().message;
      return std::nullopt;
    }
    Result<program::ValidatedProgram> valid = program::validate(std::move(*read));
    if (!valid) {
      failure = "the validator refuses: " + valid.error().message;
      return std::nullopt;
    }
    return std::move(*valid);
  }

  /// A refusal is fine if it is one message about the case, with its place.
  Outcome judgeRefusal() const {
    if (!failure.empty())
      return {Verdict::Fails, failure, 0};
    std::string text = llvm::join(messages.errors, " | ");
    // An op that its own passes made and then object to is a defect, not a refusal.
    if (llvm::StringRef(text).contains("must pass validation") ||
        llvm::StringRef(text).contains("' op "))
      return {Verdict::Fails, text, 0};
    if (messages.errors.size() != 1)
      return {Verdict::Fails,
              "refused with " + std::to_string(messages.errors.size()) + " messages: " + text, 0};
    if (!messages.located)
      return {Verdict::Fails, "refused without a place: " + text, 0};
    return {Verdict::Refused, text, 0};
  }

  /// Inputs of any numbers that the ports take.
  std::vector<TensorData> makeInputs(const std::vector<executor::Port> &ports) const {
    std::mt19937 random(static_cast<uint32_t>(one.seed));
    std::vector<TensorData> inputs;
    for (const executor::Port &port : ports) {
      TensorData tensor{port.name, port.type, {kInferences}, {}};
      tensor.shape.insert(tensor.shape.end(), port.shape.begin(), port.shape.end());
      tensor.bytes.resize(tensor.elements() * elementBytes(port.type));
      if (port.type == ElementType::F32) {
        for (float &number : tensor.as<float>())
          number = static_cast<float>(static_cast<int>(random() % 8192) - 4096) / 1500.0f;
      } else {
        for (std::byte &byte : tensor.bytes)
          byte = static_cast<std::byte>(random() & 0xff);
      }
      inputs.push_back(std::move(tensor));
    }
    return inputs;
  }

  /// Runs both programs on the same inputs, the case's inference by inference; what differs.
  std::string compare(const program::ValidatedProgram &compiled,
                      const program::ValidatedProgram &large) const {
    executor::Executor ours(compiled), theirs(large);
    std::vector<TensorData> inputs = makeInputs(ours.inputs());
    executor::RunOptions options;
    options.threads = 1;
    options.batch = 1;
    Result<std::vector<TensorData>> got = ours.run(inputs, options);
    if (!got)
      return "run: " + got.error().message;
    options.batch = kInferences;
    Result<std::vector<TensorData>> wanted = theirs.run(inputs, options);
    if (!wanted)
      return "run on the large machine: " + wanted.error().message;
    if (got->size() != wanted->size())
      return "the number of outputs differs";
    for (size_t i = 0; i < got->size(); ++i)
      if ((*got)[i].bytes != (*wanted)[i].bytes)
        return "output '" + (*got)[i].name + "' differs from that of one large engine";
    return {};
  }

  const Case &one;
  const std::string &folder;
  MLIRContext context;
  Messages messages;   ///< of the last compilation
  std::string failure; ///< of what must not fail
};

} // namespace

std::string Case::commandLine() const {
  std::string text = "cimc " + model + " --target " + target;
  for (const std::string &setting : settings)
    text += " --set " + setting;
  for (const std::string &samples : calibrate)
    text += " --calibrate " + samples;
  return text + " --chips " + chips + " --objective " + objective + " --partition " + partition +
         " --pack " + pack;
}

Outcome runCase(const Case &one, const std::string &folder, const DialectRegistry &registry) {
  return Runner(one, folder, registry).run();
}

} // namespace cimc::test
