//===- Executor.h - Runs a validated program -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The values engine: it computes what the modelled machine computes, for a whole data set, and
// knows nothing of time. The results are the same bits for any number of threads and any batch.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_EXECUTOR_EXECUTOR_H
#define CIMC_EXECUTOR_EXECUTOR_H

#include "cimc/Program/Validator.h"
#include "cimc/Support/Result.h"
#include "cimc/Support/Tensor.h"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cimc::executor {

/// How faithfully converters and cells are modelled.
enum class Mode {
  Exact,      ///< ideal converters: integer arithmetic, bit for bit the quantised model
  Converters, ///< converters of the target's bits and of the program's ranges
  Analog,     ///< also cells as the target's device is: deviations, drift, noise
};

/// Sees the sums of columns before they are converted.
class SumObserver {
public:
  virtual ~SumObserver() = default;
  /// `count` times the sums of all columns of tile `tile`, or of its rows in transposed reads, in a
  /// conversion whose code counts 2^shift times, in integer units. Called from several threads at
  /// once, in any order.
  virtual void observe(uint32_t tile, program::Direction direction, uint32_t shift,
                       const int32_t *sums, size_t count) = 0;
  /// `count` vectors of the inputs of such reads, one number for each row, or column if transposed.
  virtual void observeInputs(uint32_t tile, program::Direction direction,
                             const int8_t *const *vectors, size_t count) {}
};

/// The mean inputs of the reads of a tile, in integer units: of rows in forward reads, of columns
/// in transposed ones; zeros where there are no such reads.
using MeanInputs = std::vector<std::array<std::vector<float>, 2>>; ///< by tile, direction, place

/// How the digital unit makes good what cells do: not at all, by one factor per tile, by one per
/// column, or by a factor and an offset per column.
enum class Compensation { None, Global, Column, Affine };

/// Which weights of a tile share the scale that makes conductances of them. Tiles that are read
/// transposed have one scale in any case.
enum class WeightScaling { Column, Tile };

/// The cells in mode Analog. What is drawn is a function of the seed alone, never of threads, batch
/// or order.
struct AnalogOptions {
  uint64_t seed = 0;
  double timeNs = 0; ///< since the weights were programmed
  Compensation compensation = Compensation::None;
  bool readNoise = true;
  WeightScaling scaling = WeightScaling::Column;
  /// The percentile of the magnitudes that share a scale which becomes the largest conductance;
  /// larger weights are clipped. In (0, 100].
  double clipPercentile = 100;
  /// Needed for Compensation::Affine: each column's result is moved by what its cells give less
  /// than they were meant to for these inputs. A chip finds the offsets with one read of each
  /// array.
  std::shared_ptr<const MeanInputs> meanInputs = {};
};

/// How a program is made ready to run.
struct ModelOptions {
  Mode mode = Mode::Exact;
  /// Sees every read of a crossbar, if there is one. It is kept by reference.
  SumObserver *observer = nullptr;
  AnalogOptions analog = {};
  /// If set, the mode concerns the reads of this layer alone (`Tile::layer`); all others are exact.
  std::optional<std::string> onlyLayer = {};
};

struct RunOptions {
  unsigned threads = 0; ///< 0: as many as the machine has
  /// Inferences that a thread computes side by side; 0: `defaultBatch()`, and no more in any case.
  unsigned batch = 0;
  /// Called now and then with the number of finished inferences, from any thread but never from two
  /// at once.
  std::function<void(size_t done, size_t total)> progress;
};

/// A network input or output as the program declares it.
struct Port {
  std::string name;
  ElementType type = ElementType::F32; ///< uint8 where the model's type is unsigned
  std::vector<int64_t> shape;          ///< of one inference
};

/// A program made ready to run: weights packed, instructions turned into prepared operations. It
/// holds the program's memory alive and may be used by several threads at once.
class Executor {
public:
  explicit Executor(const program::ValidatedProgram &program, const ModelOptions &model = {});

  Executor(Executor &&) noexcept;
  Executor &operator=(Executor &&) noexcept;
  ~Executor();

  /// Inputs and outputs in the order of the program's streams.
  const std::vector<Port> &inputs() const;
  const std::vector<Port> &outputs() const;

  /// Runs one inference for each entry of the data set. An input's elements are `n` inferences of
  /// its port's shape one after the other; `inputs` has one tensor per port, in order, with the
  /// port's element type and the same `n`. Each result has shape `[n, port shape...]`. Fails if the
  /// program lacks what the mode needs (`checkMode`), if the inputs do not fit, or with a trap that
  /// names chip, core, block and instruction.
  Result<std::vector<TensorData>> run(std::span<const TensorData> inputs,
                                      const RunOptions &options) const;

  /// The most inferences side by side whose memory fits a thread's cache, but 4 at least, and 8 in
  /// mode `analog`, for weights to be used again: the batch that `run` uses if the options leave it
  /// open.
  unsigned defaultBatch() const;

private:
  struct Implementation;
  std::unique_ptr<const Implementation> implementation;
};

/// Whether `program` has what `mode` needs: `Converters` needs steps for every tile in a crossbar.
Status checkMode(const program::Program &program, Mode mode);

/// Runs `inputs` in mode `Exact` and gives the mean inputs of all tiles; those that no inference
/// reads have zeros. Fails as Executor::run does.
Result<MeanInputs> measureMeanInputs(const program::ValidatedProgram &program,
                                     std::span<const TensorData> inputs, const RunOptions &options);

/// Prepares and runs `program` at once, in mode `Exact`.
Result<std::vector<TensorData>> run(const program::ValidatedProgram &program,
                                    std::span<const TensorData> inputs, const RunOptions &options);

} // namespace cimc::executor

#endif // CIMC_EXECUTOR_EXECUTOR_H
