//===- MeanInputs.cpp - What rows are driven with on average ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "cimc/Executor/Executor.h"

#include <mutex>

using namespace cimc;
using namespace cimc::executor;

namespace {

/// Adds up the inputs of each tile's rows.
class InputSums : public SumObserver {
public:
  explicit InputSums(const program::Program &program) : locks(program.tiles.size()) {
    for (const program::Tile &tile : program.tiles)
      sums.emplace_back(tile.rows);
    counts.resize(sums.size());
  }

  void observe(uint32_t, uint32_t, const int32_t *, size_t) override {}

  void observeInputs(uint32_t tile, const int8_t *const *vectors, size_t count) override {
    std::lock_guard lock(locks[tile]);
    counts[tile] += count;
    for (size_t i = 0; i < count; ++i)
      for (size_t row = 0; row < sums[tile].size(); ++row)
        sums[tile][row] += vectors[i][row];
  }

  MeanInputs means() const {
    MeanInputs means;
    for (size_t tile = 0; tile < sums.size(); ++tile) {
      std::vector<float> &rows = means.emplace_back(sums[tile].size(), 0.0f);
      for (size_t row = 0; row < rows.size() && counts[tile] > 0; ++row)
        rows[row] = static_cast<float>(static_cast<double>(sums[tile][row]) / double(counts[tile]));
    }
    return means;
  }

private:
  std::vector<std::vector<int64_t>> sums; ///< whole numbers, so that order does not matter
  std::vector<uint64_t> counts;
  std::vector<std::mutex> locks;
};

} // namespace

Result<MeanInputs> executor::measureMeanInputs(const program::ValidatedProgram &program,
                                               std::span<const TensorData> inputs,
                                               const RunOptions &options) {
  InputSums sums(program.program());
  ModelOptions watched;
  watched.observer = &sums;
  Executor executor(program, watched);
  if (Result<std::vector<TensorData>> outputs = executor.run(inputs, options); !outputs)
    return outputs.error();
  return sums.means();
}
