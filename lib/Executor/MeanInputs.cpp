//===- MeanInputs.cpp - What rows are driven with on average ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "cimc/Executor/Executor.h"

#include <mutex>

using namespace cimc;
using namespace cimc::executor;

namespace {

/// Adds up the inputs of each tile's reads.
class InputSums : public SumObserver {
public:
  explicit InputSums(const program::Program &program)
      : sides(2 * program.tiles.size()), locks(sides.size()) {
    for (size_t i = 0; i < sides.size(); ++i) {
      const program::Tile &tile = program.tiles[i / 2];
      sides[i].sums.resize(i % 2 == 0 ? tile.rows : tile.cols);
    }
  }

  void observe(uint32_t, program::Direction, uint32_t, const int32_t *, size_t) override {}

  void observeInputs(uint32_t tile, program::Direction direction, const int8_t *const *vectors,
                     size_t count) override {
    size_t number = 2 * size_t{tile} + static_cast<size_t>(direction);
    std::lock_guard lock(locks[number]);
    Side &side = sides[number];
    side.count += count;
    for (size_t i = 0; i < count; ++i)
      for (size_t place = 0; place < side.sums.size(); ++place)
        side.sums[place] += vectors[i][place];
  }

  MeanInputs means() const {
    MeanInputs means(sides.size() / 2);
    for (size_t i = 0; i < sides.size(); ++i)
      for (int64_t sum : sides[i].sums)
        means[i / 2][i % 2].push_back(
            sides[i].count ? static_cast<float>(double(sum) / double(sides[i].count)) : 0.0f);
    return means;
  }

private:
  struct Side {
    std::vector<int64_t> sums; ///< whole numbers, so that order does not matter
    uint64_t count = 0;
  };
  std::vector<Side> sides; ///< by tile and direction
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
