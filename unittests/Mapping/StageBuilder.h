//===- StageBuilder.h - Graphs of stages for tests ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds scheduling problems the way the compiler does: a stream that is read on another core gets
// a receiving stage there.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_UNITTESTS_MAPPING_STAGEBUILDER_H
#define CIMC_UNITTESTS_MAPPING_STAGEBUILDER_H

#include "cimc/Mapping/Schedule.h"

#include <algorithm>
#include <random>

namespace cimc::mapping::testing {

inline constexpr int64_t kPlenty = int64_t(1) << 40;

/// Builds problems. A stream belongs to a core; reading it elsewhere adds a receiving stage there,
/// once per core.
class StageBuilder {
public:
  explicit StageBuilder(int64_t cores, int64_t memory = kPlenty) {
    problem.cores = cores;
    problem.memoryBytesPerCore = memory;
  }

  int64_t stage(const std::string &name, int64_t core, int64_t firings,
                std::vector<StageInput> inputs, int64_t rowBytes = 16) {
    for (StageInput &input : inputs)
      input.stream = bring(input.stream, core);
    return add(name, core, firings, std::move(inputs), rowBytes);
  }

  int64_t input(int64_t rows, int64_t rowBytes = 16) {
    return stage("input", kHostCore, rows, {}, rowBytes);
  }
  /// A stage that gives row r - 1 of what `feed` gives it later, and row 0 from nowhere.
  int64_t delay(const std::string &name, int64_t core, int64_t firings, int64_t rowBytes = 16) {
    return stage(name, core, firings, {}, rowBytes);
  }
  void feed(int64_t delayed, int64_t stream) {
    int64_t core = home[delayed], local = bring(stream, core);
    for (Stage &stage : problem.stages)
      if (stage.outputs == std::vector<int64_t>{delayed})
        stage.inputs.push_back({local, {1, 1, -1, 1}, false, /*feedback=*/true});
  }
  void output(int64_t stream) {
    Stage host;
    host.name = "output";
    host.core = kHostCore;
    host.firings = problem.streams[stream].rows;
    host.inputs.push_back({stream, {}, true});
    problem.stages.push_back(host);
  }
  Stage &last() { return problem.stages.back(); }

  ScheduleProblem problem;

private:
  int64_t add(const std::string &name, int64_t core, int64_t firings,
              std::vector<StageInput> inputs, int64_t rowBytes) {
    int64_t stream = static_cast<int64_t>(problem.streams.size());
    problem.streams.push_back({name, firings, rowBytes});
    Stage stage;
    stage.name = name;
    stage.core = core;
    stage.firings = firings;
    stage.inputs = std::move(inputs);
    stage.outputs = {stream};
    problem.stages.push_back(stage);
    home.push_back(core);
    return stream;
  }

  int64_t bring(int64_t stream, int64_t core) {
    if (home[stream] == core)
      return stream;
    auto known = std::find_if(copies.begin(), copies.end(), [&](const auto &copy) {
      return copy.stream == stream && copy.core == core;
    });
    if (known != copies.end())
      return known->local;
    int64_t local =
        add("receive " + problem.streams[stream].name, core, problem.streams[stream].rows,
            {{stream, {}, true}}, problem.streams[stream].rowBytes);
    copies.push_back({stream, core, local});
    return local;
  }

  struct Copy {
    int64_t stream, core, local;
  };
  std::vector<int64_t> home;
  std::vector<Copy> copies;
};

inline StageInput window(int64_t stream, int64_t stride, int64_t pad, int64_t kernel) {
  return {stream, {stride, 1, -pad, kernel}, false};
}
inline StageInput whole(int64_t stream, int64_t rows) { return {stream, {0, 1, 0, rows}, false}; }
inline StageInput same(int64_t stream) { return {stream, {}, false}; }

/// A random graph of stages over a few streams, with everything that networks do: windows with
/// strides and padding, upsampling, whole streams, streams read backwards, residual adds, outputs
/// in the middle, results that no one reads.
ScheduleProblem randomProblem(uint32_t seed);

/// A random recurrent network: a few states over some steps, stages between them on any core, and
/// layers before and after.
ScheduleProblem randomRecurrence(uint32_t seed);

/// A residual network of `blocks` blocks at four resolutions, `parts` stages to a layer, dealt to
/// the cores in turn.
ScheduleProblem residualNetwork(int64_t blocks, int64_t parts, int64_t cores, int64_t rows);

} // namespace cimc::mapping::testing

#endif // CIMC_UNITTESTS_MAPPING_STAGEBUILDER_H
