//===- Compile.cpp - From a model to a binary ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function per phase. Each phase is a textual pass pipeline, so that what `cimc` does can be
// repeated step by step with `cimc-opt`; only calibration, which runs the model on data, is not a
// pass.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Pipelines/Compile.h"

#include "ConverterRanges.h"

#include "cimc/Dialect/Cim/IR/Cim.h"
#include "cimc/Dialect/CimIsa/IR/CimIsa.h"
#include "cimc/Frontend/ONNX/Import.h"
#include "cimc/Pipelines/Registration.h"
#include "cimc/Program/Validator.h"
#include "cimc/Program/Writer.h"
#include "cimc/Quantize/Calibrate.h"
#include "cimc/Support/File.h"
#include "cimc/Target/Check.h"
#include "cimc/Transforms/Passes.h"
#include "cimc/Translation/Serialize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace mlir;

namespace cimc {

namespace {

/// A diagnostic about the whole input.
InFlightDiagnostic fail(MLIRContext &context) { return emitError(UnknownLoc::get(&context)); }

/// What an entry level goes through before it is checked.
constexpr llvm::StringLiteral kEntryPasses = "func.func(canonicalize,cim-eliminate-transposes,cim-"
                                             "fold-flatten,cim-fold-affine,canonicalize,cse)";

/// Bytes of a tensor of `type`; none if it is dynamic, too large, or of no number.
std::optional<int64_t> bytesOf(ShapedType type) {
  if (!type.hasStaticShape() || !type.getElementType().isIntOrFloat())
    return std::nullopt;
  int64_t bytes = (type.getElementTypeBitWidth() + 7) / 8;
  for (int64_t size : type.getShape())
    if (__builtin_mul_overflow(bytes, size, &bytes))
      return std::nullopt;
  return bytes;
}

/// Checks that every `dense_resource` has the bytes that its type needs. Text may hold any, the
/// parser does not compare, and everything after it relies on it.
LogicalResult checkResources(ModuleOp module) {
  bool ok = true;
  module.walk([&](Operation *op) {
    op->getAttrDictionary().walk([&](DenseResourceElementsAttr resource) {
      AsmResourceBlob *blob = resource.getRawHandle().getBlob();
      int64_t found = blob ? static_cast<int64_t>(blob->getData().size()) : 0;
      std::optional<int64_t> needed = bytesOf(resource.getShapedType());
      if (needed == found)
        return;
      ok = false;
      op->emitOpError("resource '")
          << resource.getRawHandle().getKey() << "' of type " << resource.getShapedType() << " has "
          << found << " bytes" << (needed ? ", must have " + std::to_string(*needed) : "");
    });
  });
  return success(ok);
}

} // namespace

void registerCompiler(DialectRegistry &registry) {
  registerDialects(registry);
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect, math::MathDialect,
                  scf::SCFDialect, tensor::TensorDialect, tosa::TosaDialect>();
  registerPasses();
  registerCanonicalizerPass();
  registerCSEPass();
}

LogicalResult Compilation::phase(llvm::StringRef name, llvm::function_ref<LogicalResult()> body) {
  auto start = std::chrono::steady_clock::now();
  LogicalResult result = body();
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  // Phases that are tried several times, such as with more chips, count together.
  auto known =
      llvm::find_if(figures, [&](const PhaseFigures &phase) { return phase.name == name; });
  if (known == figures.end())
    figures.push_back({name.str(), seconds.count()});
  else
    known->seconds += seconds.count();
  return result;
}

LogicalResult Compilation::passes(llvm::StringRef name, llvm::StringRef pipeline) {
  return phase(name, [&]() -> LogicalResult {
    PassManager manager(&context, ModuleOp::getOperationName());
    if (failed(parsePassPipeline(pipeline.trim(), manager)))
      return failure();
    return manager.run(*root);
  });
}

LogicalResult Compilation::load(const std::string &path) {
  if (!llvm::StringRef(path).ends_with(".mlir")) {
    ImportOptions importOptions;
    for (const std::string &shape : options.inputShapes)
      if (!parseInputShape(shape, importOptions))
        return fail(context) << "--input-shape takes name=1x3x32x32, got '" << shape << "'";
    for (const std::string &value : options.inputValues)
      if (!parseInputValue(value, importOptions))
        return fail(context) << "--input-value takes name=1,2,3 or name=FILE.pb, got '" << value
                             << "'";
    LogicalResult result = phase("import", [&] {
      root = importOnnx(path, importOptions, &context);
      if (root && !root->getSymName())
        root->setSymName(llvm::sys::path::stem(path));
      return success(static_cast<bool>(root));
    });
    current = Level::Entry;
    return result;
  }
  LogicalResult result = phase("parse", [&] {
    root = parseSourceFile<ModuleOp>(path, ParserConfig(&context));
    return success(root && succeeded(checkResources(*root)));
  });
  if (succeeded(result))
    current = levelOf(*root);
  return result;
}

LogicalResult Compilation::checkOptions() {
  const CompileOptions none;
  struct {
    const char *name;
    Level last; ///< of an input for which the option does something
    bool isSet;
  } decided[] = {
      {"--weight-bits", Level::Entry, options.weightBits != none.weightBits},
      {"--activations", Level::Entry, options.asymmetricActivations.has_value()},
      {"--calibration-method", Level::Entry, options.calibrationMethod != none.calibrationMethod},
      {"--digital-format f16", Level::Quantized, options.halfFloats},
      {"--saturate-inputs", Level::Quantized, options.saturateInputs},
      {"--transposed-reads", Level::Quantized, options.transposedReads != none.transposedReads},
      {"--pack", Level::Cim, options.pack != none.pack},
      {"--partition", Level::Cim, options.partitionSolver != none.partitionSolver},
      {"--redundancy", Level::Cim, options.redundancy != none.redundancy},
      {"--digital-layers", Level::Cim, !options.digitalLayers.empty()},
      {"--split-rows", Level::Cim, options.splitRows != none.splitRows},
      {"--converter-method", Level::Scheduled, options.converterMethod != none.converterMethod},
      {"--converter-ranges", Level::Scheduled, options.rangesPerColumn},
  };
  for (const auto &option : decided)
    if (option.isSet && current > option.last)
      return fail(context) << option.name << " takes effect up to level '" << toString(option.last)
                           << "', the input is at level '" << toString(current) << "'";
  return success();
}

LogicalResult Compilation::settleTarget() {
  if (options.emit < Level::Cim)
    return success();
  auto refuse = [&](llvm::StringRef name) -> LogicalResult {
    return fail(context) << "the input was compiled for target '" << name
                         << "' with other settings; start from the model to change the target, or "
                            "leave --target out";
  };
  if (current >= Level::Isa) {
    if (!options.target)
      return success();
    FailureOr<program::ValidatedProgram> program = toValidProgram();
    if (failed(program))
      return failure();
    const target::Target &target = program->program().target;
    return target == *options.target ? success() : refuse(target.name);
  }
  auto carried = (*root)->getAttrOfType<cim::TargetAttr>(cim::kTargetAttrName);
  if (!carried && !options.target)
    return fail(context) << "no target given, for example --target hermes";
  if (!carried)
    return attachTarget();
  if (!options.target)
    options.target = carried.getTarget();
  if (current >= Level::Cim && carried != cim::TargetAttr::get(&context, *options.target))
    return refuse(carried.getName());
  return success();
}

LogicalResult Compilation::attachTarget() {
  context.getOrLoadDialect<cim::CimDialect>();
  (*root)->setAttr(cim::kTargetAttrName, cim::TargetAttr::get(&context, *options.target));
  return success();
}

bool Compilation::sharesDirections() const {
  if (options.transposedReads != "auto")
    return options.transposedReads == "require";
  return options.target && target::readsTransposed(options.target->chip.core);
}

LogicalResult Compilation::quantize() {
  // A model that comes quantised keeps its own numerics, down to how its means are added.
  bool ownScales = !quantize::needsCalibration(*root), staysFloat = options.weightBits == 0;
  if (!ownScales && !staysFloat) {
    if (options.calibration.empty())
      return fail(context) << "the model computes in float: give samples to quantise it with, "
                              "--calibrate SAMPLES.npy";
    std::optional<quantize::Method> method = quantize::parseMethod(options.calibrationMethod);
    if (!method)
      return fail(context) << "--calibration-method must be minmax, percentile or mse, is '"
                           << options.calibrationMethod << "'";
    quantize::Options calibration;
    calibration.method = *method;
    bool asymmetric = options.asymmetricActivations.value_or(
        !options.target || target::isExact(options.target->chip.core.array.device));
    calibration.asymmetric = asymmetric;
    // Scaling the channels of one of two layers that share weights would part them.
    bool shares = sharesDirections() && usesTransposedWeights(*root);
    if (!shares && (failed(phase("measure channels",
                                 [&] {
                                   return quantize::measureChannels(*root, options.calibration,
                                                                    calibration);
                                 })) ||
                    failed(passes("equalise", "func.func(cim-equalize)"))))
      return failure();
    if (failed(phase("calibrate",
                     [&] { return quantize::calibrate(*root, options.calibration, calibration); })))
      return failure();
    std::string pass = "func.func(cim-quantize{weight-bits=" + std::to_string(options.weightBits) +
                       (asymmetric ? " asymmetric=true" : "") +
                       (shares ? " share-directions=true" : "") + "})";
    if (failed(passes("quantise", pass)))
      return failure();
  }
  // Quantising put quantisations between an input and the change of its layout; the latter goes
  // back to the input, where the host does it while it sends.
  std::string lower = ownScales    ? "cim-lower-qdq{ordered-mean=true}"
                      : staysFloat ? "cim-lower-qdq{float-layers=true}"
                                   : "cim-lower-qdq";
  return passes("lower to integers",
                "func.func(canonicalize," + lower + ",cim-eliminate-transposes,canonicalize,cse)");
}

LogicalResult Compilation::convert() {
  std::string pipeline = "cim-convert-from-quantized{share-directions=" +
                         std::string(sharesDirections() ? "true" : "false") +
                         " saturate=" + (options.saturateInputs ? "true" : "false") + "}";
  pipeline += ",canonicalize,cse";
  if (options.halfFloats)
    pipeline += ",cim-narrow-digital-floats,canonicalize,cse";
  return passes("convert", pipeline);
}

LogicalResult Compilation::lowerTo(Level level) {
  switch (level) {
  case Level::Entry:
    return success();
  case Level::Quantized:
    return quantize();
  case Level::Cim:
    if (failed(attachTarget()))
      return failure();
    return convert();
  case Level::Tiled:
    return mapOnce(Level::Tiled);
  case Level::Placed:
    return passes("place", "cim-place-on-cores");
  case Level::Scheduled:
    return schedule();
  case Level::Isa:
    return emitProgram();
  case Level::Binary:
    return success();
  }
  return failure();
}

LogicalResult Compilation::emitProgram() {
  bool crossbar = options.target->chip.core.kind == target::CoreKind::Crossbar;
  bool measured = crossbar && options.converterMethod != "bound" && !options.calibration.empty();
  std::string pipeline = "cim-convert-cim-to-cimisa,cim-set-converter-ranges";
  if (options.rangesPerColumn)
    pipeline += "{per-column=true}";
  if (failed(passes("emit", pipeline)))
    return failure();
  if (measured)
    return phase("converter ranges", [&] { return calibrateConverters(); });
  if (crossbar)
    converterFigures = ConverterFigures{"bound", {}};
  return success();
}

LogicalResult Compilation::calibrateConverters() {
  FailureOr<program::ValidatedProgram> valid = toValidProgram();
  if (failed(valid))
    return failure();
  Result<ConverterRanges> ranges = chooseConverterRanges(
      *valid, options.calibration, options.converterMethod, options.rangesPerColumn);
  if (!ranges)
    return fail(context) << ranges.error().message;
  auto program = *root->getOps<isa::ProgramOp>().begin();
  for (auto [tile, steps] :
       llvm::zip_equal(program.getBody().front().getOps<isa::TileOp>(), ranges->steps))
    tile.setSteps(steps);
  converterFigures = std::move(ranges->figures);
  return success();
}

LogicalResult Compilation::run() {
  Level last = std::min(options.emit, Level::Isa);
  if (current > last)
    return fail(context) << "the input is at level '" << toString(current)
                         << "', which lies beyond '" << toString(options.emit) << "'";
  if (failed(checkOptions()) || failed(settleTarget()))
    return failure();
  if (current == Level::Entry && failed(passes("canonicalise", kEntryPasses)))
    return failure();
  if (current == Level::Entry && failed(passes("check", "cim-check-input-contract")))
    return failure();
  if (current == Level::Placed || current == Level::Scheduled)
    mapped = mappingFigures(*root, *options.target);
  while (current < last) {
    auto next = static_cast<Level>(static_cast<int>(current) + 1);
    if (next == Level::Tiled && options.compareIdeal)
      logical = cast<ModuleOp>(root->getOperation()->clone());
    if (next == Level::Tiled ? failed(mapToMachine(last)) : failed(lowerTo(next)))
      return failure();
    current = std::max(current, next);
    if (current == Level::Placed || current == Level::Scheduled)
      mapped = mappingFigures(*root, *options.target);
  }
  return success();
}

LogicalResult Compilation::prepareToEvaluate() {
  if (current > Level::Quantized)
    return fail(context)
           << "only the levels entry and quantized can be evaluated, the input is at level '"
           << toString(current) << "'";
  if (current == Level::Quantized || quantize::needsCalibration(*root))
    return success();
  if (failed(passes("canonicalise", kEntryPasses)) || failed(quantize()))
    return failure();
  current = Level::Quantized;
  return success();
}

LogicalResult Compilation::schedule() {
  if (options.target->chips == 1 && !options.gateChips)
    return passes("schedule", "cim-schedule-streams");
  FailureOr<PowerPlan> plan;
  if (failed(phase("choose a plan", [&]() -> LogicalResult {
        return plan = choosePowerPlan(*root, options.objective);
      })))
    return failure();
  return passes("schedule", plan->pipeline());
}

FailureOr<program::ValidatedProgram> Compilation::toValidProgram() {
  auto programs = llvm::to_vector(root->getOps<isa::ProgramOp>());
  if (programs.size() != 1)
    return fail(context) << "the module must hold one program to be written, it holds "
                         << programs.size();
  FailureOr<program::Program> program = toProgram(programs.front());
  if (failed(program))
    return failure();
  Result<program::ValidatedProgram> valid = program::validate(std::move(*program));
  if (!valid)
    return fail(context) << "the compiled program must pass validation: " << valid.error().message;
  return std::move(*valid);
}

LogicalResult Compilation::compareIdeal(const program::ValidatedProgram &program) {
  if (!logical)
    return fail(context)
           << "--compare-ideal compiles the network anew for an ideal chip, so it needs "
              "a model or a level before 'tiled' to start from";
  CompileOptions forIdeal = options;
  Result<target::Target> target = idealTarget(*options.target);
  if (!target)
    return fail(context) << "--compare-ideal: " << target.error().message;
  forIdeal.target = std::move(*target);
  forIdeal.anyChips = forIdeal.compareIdeal = false;
  // Chips of one chip's network are on all the time, and so is the ideal one.
  forIdeal.gateChips = options.gateChips || options.target->chips > 1;
  // Only its time and energy count, which do not depend on ranges.
  forIdeal.converterMethod = "bound";
  forIdeal.redundancy = 1;
  forIdeal.splitRows = 0;
  forIdeal.digitalLayers = {};
  Compilation ideal(context, std::move(forIdeal));
  ideal.root = std::move(logical);
  ideal.current = Level::Cim;
  FailureOr<program::ValidatedProgram> other;
  if (failed(ideal.mapToMachine(Level::Scheduled)) || failed(ideal.lowerTo(Level::Isa)) ||
      failed(other = ideal.toValidProgram()))
    return fail(context) << "the network does not fit the ideal chip '"
                         << ideal.options.target->name << "'";
  Result<IdealComparison> comparison = compareWithIdeal(program, *other);
  if (!comparison)
    return fail(context) << comparison.error().message;
  compared = std::move(*comparison);
  return success();
}

LogicalResult Compilation::write(const std::string &path) {
  if (options.emit != Level::Binary) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    OpPrintingFlags flags;
    flags.enableDebugInfo(true, false);
    root->print(stream, flags);
    if (path == "-") {
      llvm::outs() << text;
      return success();
    }
    Status status = writeFile(path, {std::as_bytes(std::span(text.data(), text.size()))});
    if (!status)
      return fail(context) << status.error().message;
    return success();
  }
  return phase("write", [&]() -> LogicalResult {
    FailureOr<program::ValidatedProgram> valid = toValidProgram();
    if (failed(valid))
      return failure();
    // Before anything is written, so that a comparison that fails leaves no file.
    if (options.compareIdeal && failed(compareIdeal(*valid)))
      return failure();
    Status status = program::writeProgram(valid->program(), path);
    if (!status)
      return fail(context) << status.error().message;
    written = std::move(*valid);
    return success();
  });
}

} // namespace cimc
