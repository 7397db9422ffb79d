//===- Compile.h - From a model to a binary ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The phases of a compilation as a library; the tool `cimc` is a thin command line over it. A
// compilation starts from an ONNX model or from any level written as MLIR, and stops at the level
// that is asked for.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_PIPELINES_COMPILE_H
#define CIMC_PIPELINES_COMPILE_H

#include "cimc/Pipelines/IdealMachine.h"
#include "cimc/Pipelines/Objective.h"
#include "cimc/Program/Validator.h"
#include "cimc/Support/Tensor.h"
#include "cimc/Target/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cimc {

/// The levels of design, in the order in which a model passes through them.
enum class Level { Entry, Quantized, Cim, Tiled, Placed, Scheduled, Isa, Binary };

/// The name that `--emit` uses; the level of that name.
llvm::StringRef toString(Level level);
std::optional<Level> parseLevel(llvm::StringRef name);

/// How the ranges of output converters are chosen from samples: what the weights allow, what
/// occurred, all but the largest of it, and what makes the mean squared error least.
inline constexpr std::array<const char *, 4> kConverterMethods = {"bound", "max", "percentile",
                                                                  "mse"};

struct CompileOptions {
  std::optional<target::Target> target; ///< none: the one that the input carries
  bool anyChips = false; ///< as many chips as the network needs, rather than the target's
  std::string partitionSolver = "auto"; ///< auto, greedy or optimal
  bool compareIdeal = false;            ///< compile for the ideal chip, too
  bool gateChips = false;               ///< wake and shut down chips also where there is only one
  Level emit = Level::Binary;
  std::vector<std::string> inputShapes; ///< `name=1x3x32x32`
  std::vector<std::string> inputValues; ///< `name=16000`: inputs that become constants
  std::vector<TensorData> calibration;  ///< samples; `name` is the network input or empty
  std::string calibrationMethod = "";   ///< minmax, percentile or mse; empty: the default
  /// Zero points for tensors on one side of 0. Not set: unless the cells of the target's arrays
  /// deviate, since rows that are driven for a zero add all their cells' errors to a result.
  std::optional<bool> asymmetricActivations;
  unsigned weightBits = 8;   ///< 0: layers of a float model stay float, in the digital unit
  bool halfFloats = false;   ///< floats of the digital unit are f16, not f32
  std::string pack = "auto"; ///< auto, never or dense
  Objective objective = Objective::Latency;
  bool saturateInputs = false; ///< read -128 as -127 where the input coding has no -128
  /// A name of kConverterMethods; auto: the one with the least error on the samples, bound without
  /// any.
  std::string converterMethod = "auto";
  bool rangesPerColumn = false; ///< of converters, instead of one per tile
  /// Whether weights that are used forward and transposed lie in one array that is read in both
  /// directions: require (an error where the target cannot), auto (where it can, else twice), or
  /// never.
  std::string transposedReads = "require";
  /// How many instances of each weight are averaged against deviations of cells: a power of two, or
  /// 0 to choose for each layer from the samples, as far as arrays are free.
  unsigned redundancy = 1;
  /// Arrays that the network may take with redundancy of 0; 0: all.
  unsigned redundancyArrays = 0;
  /// How many rows of a weight an array holds at most: 0, as many as it has; or kChosenRows, which
  /// halves them, layer by layer, where that takes off the errors that samples show.
  unsigned splitRows = 0;
  /// Layers (`cim.weight`) that digital units multiply rather than arrays; or `auto` alone: those
  /// that cost the outputs at least a tenth of all errors on the samples and take a digital
  /// unit no longer than the busiest unit works anyway.
  std::vector<std::string> digitalLayers;
};

/// For CompileOptions::splitRows.
inline constexpr unsigned kChosenRows = ~0u;

/// How the ranges of the output converters were chosen.
struct ConverterFigures {
  std::string method; ///< of kConverterMethods
  /// By method: root of the mean squared error of a tile's codes over the root of its mean squared
  /// sum, and of these the quadratic mean over the tiles. Empty without samples.
  std::vector<double> relativeErrors;
};

/// Time and memory that a phase took.
struct PhaseFigures {
  std::string name;
  double seconds = 0;
};

/// A weight that is mapped against error.
struct SaferWeight {
  std::string layer;
  int64_t instances = 1; ///< that are averaged
  int64_t maxRows = 0;   ///< of a tile; 0: as an array has
};

/// What is known of a mapped network.
struct MappingFigures {
  int64_t arraysUsed = 0;
  int64_t arraysBound = 0;      ///< area bound: cells of all tiles over cells of an array
  int64_t arraysTileByTile = 0; ///< one tile per array
  int64_t arraysAvailable = 0;
  int64_t coresUsed = 0;
  int64_t coresAvailable = 0;
  int64_t busiestReads = 0;   ///< vectors that the busiest array multiplies per inference
  int64_t copies = 0;         ///< of weights, beside the first ones
  int64_t copiedWeights = 0;  ///< weights that have copies
  double busiestNs = 0;       ///< work of the busiest array or its digital unit per inference
  double busiestBoundNs = 0;  ///< no copies make that less
  int64_t digitalWeights = 0; ///< integer weights that digital units multiply
  /// Weights of which several instances are averaged, or arrays hold fewer rows than they could.
  std::vector<SaferWeight> saferWeights;
  int64_t peakCoreMemory = 0;  ///< bytes of its own on the fullest core; 0 before scheduling
  int64_t peakBufferBytes = 0; ///< in the fullest buffer of a chip
  int64_t weightBytes = 0;     ///< room that weights take, counted for engines in bytes
  int64_t chipsUsed = 1;
  int64_t chipsAvailable = 1;
  int64_t interchipBytes = 0;      ///< that pass between chips in an inference
  int64_t interchipBytesBound = 0; ///< that pass in every partition
};

/// A module on its way down.
class Compilation {
public:
  Compilation(mlir::MLIRContext &context, CompileOptions options)
      : context(context), options(std::move(options)) {}

  /// Reads an ONNX model or an MLIR file; which of them is decided by the file's name (`.mlir`) and
  /// content. Errors are diagnostics.
  mlir::LogicalResult load(const std::string &path);

  /// Runs the phases from the loaded level to `options.emit`, or to `Isa` for a binary. Errors are
  /// diagnostics.
  mlir::LogicalResult run();

  /// Brings the loaded model to the level that `evaluate` runs: a float model stays at the entry
  /// level, one that comes quantised is lowered to its integers. Errors are diagnostics.
  mlir::LogicalResult prepareToEvaluate();

  /// Writes the result: MLIR text, or a binary. `path` "-" is standard output (text only). No
  /// half-written file stays.
  mlir::LogicalResult write(const std::string &path);

  mlir::ModuleOp module() const { return *root; }
  Level level() const { return current; }
  const std::vector<PhaseFigures> &phases() const { return figures; }
  /// The machine that is compiled for. None before `run`, or if no machine was needed.
  const std::optional<target::Target> &target() const { return options.target; }
  /// The program that was written as a binary, once `write` has done so. It refers to constants of
  /// the module.
  const std::optional<program::ValidatedProgram> &program() const { return written; }
  /// The comparison with an ideal chip, once `write` has made it.
  const std::optional<IdealComparison> &ideal() const { return compared; }
  /// Figures of the mapping, once it has been placed.
  const std::optional<MappingFigures> &mapping() const { return mapped; }
  /// The ranges of output converters, if arrays have such.
  const std::optional<ConverterFigures> &converters() const { return converterFigures; }

private:
  mlir::LogicalResult phase(llvm::StringRef name, llvm::function_ref<mlir::LogicalResult()> body);
  mlir::LogicalResult passes(llvm::StringRef name, llvm::StringRef pipeline);
  /// Refuses options for what the level of the input has settled.
  mlir::LogicalResult checkOptions();
  mlir::LogicalResult settleTarget();
  mlir::LogicalResult attachTarget();
  mlir::LogicalResult lowerTo(Level level);
  /// From the logical level to `last`, or to the scheduled one; chooses the number of chips.
  mlir::LogicalResult mapToMachine(Level last);
  /// The same, once it is known how weights are to lie in arrays.
  mlir::LogicalResult mapToChips(Level last);
  /// The same for the chips of the target. Keeps back what failed in `problems`.
  mlir::LogicalResult mapOnChips(Level last);
  /// Once, with a share `fill` of a chip's room for weights and `memory` bytes for activations (0:
  /// any).
  mlir::LogicalResult mapOnce(Level last, double fill = 1.0, int64_t memory = 0);
  /// The same as mapToMachine, with several instances of weights that are averaged.
  mlir::LogicalResult mapWithRedundancy(Level last);
  /// Takes layers out of the arrays, as `options.digitalLayers` says.
  mlir::LogicalResult moveToDigital();
  /// Sets how many rows of each weight an array may hold, as `options.splitRows` says.
  mlir::LogicalResult splitRows();
  /// Maps and tells for each of the layers `names` how large a squared error of the outputs it
  /// causes alone: its cells and converters, or `onlyCells` what it is beyond that of converters.
  /// Leaves the program as the module, and the number of chips as found.
  mlir::FailureOr<std::vector<double>> measureLayers(llvm::ArrayRef<std::string> names,
                                                     bool onlyCells);
  mlir::LogicalResult schedule();
  mlir::LogicalResult emitProgram();
  /// Sets the steps of converters from the samples.
  mlir::LogicalResult calibrateConverters();
  mlir::FailureOr<program::ValidatedProgram> toValidProgram();
  mlir::LogicalResult compareIdeal(const program::ValidatedProgram &program);
  /// Whether weights that are used in both directions are to share arrays.
  bool sharesDirections() const;
  mlir::LogicalResult quantize();
  mlir::LogicalResult convert();

  mlir::MLIRContext &context;
  CompileOptions options;
  mlir::OwningOpRef<mlir::ModuleOp> root;
  Level current = Level::Entry;
  std::vector<PhaseFigures> figures;
  std::optional<MappingFigures> mapped;
  std::optional<ConverterFigures> converterFigures;
  std::vector<mlir::Diagnostic> problems;    ///< of the last mapping that failed
  mlir::OwningOpRef<mlir::ModuleOp> logical; ///< kept for the comparison with an ideal chip
  std::optional<IdealComparison> compared;
  std::optional<program::ValidatedProgram> written;
};

/// Adds the dialects that the phases use to `registry`, and makes their passes known. Requires:
/// called at most once.
void registerCompiler(mlir::DialectRegistry &registry);

/// The level that `module` is at, by what it holds.
Level levelOf(mlir::ModuleOp module);

/// Counts arrays and cores of a placed or scheduled network.
MappingFigures mappingFigures(mlir::ModuleOp module, const target::Target &target);

/// Evaluates the float (or quantised) model on a data set; the tensors' leading axis beyond the
/// model's shape is the data set. Errors are diagnostics.
mlir::FailureOr<std::vector<TensorData>> evaluate(mlir::ModuleOp module,
                                                  const std::vector<TensorData> &inputs);

} // namespace cimc

#endif // CIMC_PIPELINES_COMPILE_H
