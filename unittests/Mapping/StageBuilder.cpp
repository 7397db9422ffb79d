//===- StageBuilder.cpp - Graphs of stages for tests ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StageBuilder.h"

namespace cimc::mapping::testing {

ScheduleProblem randomProblem(uint32_t seed) {
  std::mt19937 random(seed);
  auto pick = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % static_cast<uint32_t>(high - low + 1));
  };
  StageBuilder b(pick(1, 6));
  std::vector<int64_t> streams;
  for (int64_t i = pick(1, 2); i > 0; --i)
    streams.push_back(b.input(pick(1, 20), 8 * pick(0, 5)));
  auto rowsOf = [&](int64_t stream) { return b.problem.streams[stream].rows; };
  for (int64_t i = pick(1, 14); i > 0; --i) {
    int64_t x = streams[static_cast<size_t>(
        pick(std::max<int64_t>(0, static_cast<int64_t>(streams.size()) - 4), streams.size() - 1))];
    int64_t kernel = pick(1, 4), stride = pick(1, 3), pad = pick(0, 2),
            core = pick(0, b.problem.cores - 1);
    std::vector<StageInput> inputs;
    int64_t firings = std::max<int64_t>(1, (rowsOf(x) + 2 * pad - kernel) / stride + 1);
    switch (pick(0, 5)) {
    case 0:
      firings = rowsOf(x) * 2;
      inputs = {{x, {1, 2, 0, 1}, false}};
      break;
    case 1:
      firings = pick(1, 3);
      inputs = {whole(x, rowsOf(x))};
      break;
    case 2: // backwards
      firings = rowsOf(x);
      inputs = {{x, {-1, 1, rowsOf(x) - 1, 1}, false}};
      break;
    default:
      inputs = {window(x, stride, pad, kernel)};
    }
    for (int64_t other : streams) // residual adds and concats
      if (other != x && rowsOf(other) == firings && pick(0, 2) == 0)
        inputs.push_back(same(other));
    streams.push_back(b.stage("s" + std::to_string(i), core, firings, inputs, 4 * pick(0, 9)));
    b.last().scratchBytes = pick(0, 1) * pick(0, 50);
    b.last().constantBytes = pick(0, 1) * pick(0, 50);
    b.last().accumulatorBytes = pick(0, 1) * pick(0, 50);
  }
  for (int64_t stream : streams)
    if (b.problem.streams[stream].name != "input" && pick(0, 2) == 0)
      b.output(stream);
  return b.problem;
}

ScheduleProblem randomRecurrence(uint32_t seed) {
  std::mt19937 random(seed);
  auto pick = [&](int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % static_cast<uint32_t>(high - low + 1));
  };
  StageBuilder b(pick(1, 5));
  auto anyCore = [&] { return pick(0, b.problem.cores - 1); };
  int64_t steps = pick(1, 12);
  int64_t sequence = b.stage("layer", anyCore(), steps, {same(b.input(steps))});
  for (int64_t layer = pick(1, 2); layer > 0; --layer) {
    std::vector<int64_t> states, values = {sequence};
    for (int64_t i = pick(1, 3); i > 0; --i)
      states.push_back(b.delay("state", anyCore(), steps, 8 * pick(1, 4)));
    values.insert(values.end(), states.begin(), states.end());
    for (int64_t i = pick(2, 8); i > 0; --i) {
      int64_t x = values[static_cast<size_t>(pick(0, static_cast<int64_t>(values.size()) - 1))];
      values.push_back(b.stage("s" + std::to_string(i), anyCore(), steps,
                               {same(values.back()), same(x)}, 8 * pick(1, 4)));
      b.last().scratchBytes = pick(0, 1) * pick(0, 50);
    }
    for (int64_t state : states)
      b.feed(state, values[static_cast<size_t>(pick(1, static_cast<int64_t>(values.size()) - 1))]);
    sequence = values.back();
  }
  b.output(sequence);
  b.output(b.stage("last", anyCore(), 1, {{sequence, {1, 1, steps - 1, 1}, false}}));
  return b.problem;
}

ScheduleProblem residualNetwork(int64_t blocks, int64_t parts, int64_t cores, int64_t rows) {
  StageBuilder b(cores);
  int64_t x = b.input(rows), core = 0;
  auto layer = [&](const std::string &name, int64_t input, int64_t stride, int64_t kernel) {
    int64_t firings = (b.problem.streams[input].rows + stride - 1) / stride;
    std::vector<StageInput> sums;
    for (int64_t part = 0; part < parts; ++part)
      sums.push_back(same(b.stage(name + "." + std::to_string(part), core++ % cores, firings,
                                  {window(input, stride, kernel / 2, kernel)})));
    return b.stage(name, core++ % cores, firings, sums);
  };
  for (int64_t block = 0; block < blocks; ++block) {
    std::string name = "block" + std::to_string(block);
    int64_t stride = block > 0 && block % ((blocks + 3) / 4) == 0 ? 2 : 1;
    int64_t y = layer(name + ".conv1", x, 1, 1);
    y = layer(name + ".conv2", y, stride, 3);
    y = layer(name + ".conv3", y, 1, 1);
    int64_t skip = stride == 1 ? x : layer(name + ".skip", x, stride, 1);
    x = b.stage(name + ".add", core++ % cores, b.problem.streams[y].rows, {same(y), same(skip)});
  }
  b.output(b.stage("pool", 0, 1, {whole(x, b.problem.streams[x].rows)}));
  return b.problem;
}

} // namespace cimc::mapping::testing
