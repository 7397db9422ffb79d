//===- PartitionSamples.cpp - Networks to be cut --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "PartitionSamples.h"

#include <random>

namespace cimc::mapping {
namespace {

/// Writes a network node by node; values go by the number of the node that makes them.
class Writer {
public:
  PartitionProblem problem;

  int64_t node(PartitionNode info, std::initializer_list<int64_t> inputs, int64_t bytes) {
    auto number = int64_t(problem.nodes.size());
    problem.nodes.push_back(std::move(info));
    for (int64_t input : inputs)
      problem.values[size_t(input)].readers.push_back(number);
    problem.values.push_back({number, bytes, {}});
    return number;
  }

  /// A convolution of `kernel` x `kernel` whose result has `size` x `size` positions.
  int64_t convolution(const std::string &name, int64_t input, int64_t in, int64_t out,
                      int64_t kernel, int64_t size) {
    int64_t weights = kernel * kernel * in * out;
    return node({name, weights, out, in, 4 * out * size * size, weights * size * size, 0}, {input},
                out * size * size);
  }
};

} // namespace

PartitionProblem resNet18(int64_t chips, int64_t capacity) {
  Writer net;
  int64_t x = net.node({"conv1", 9408, 64, 3, 0, 9408 * 112 * 112, 0}, {}, 64 * 112 * 112);
  x = net.node({"maxpool", 0, 1, 1, 0, 0, 0}, {x}, 64 * 56 * 56);
  int64_t in = 64, size = 56;
  for (int64_t layer = 1; layer <= 4; ++layer)
    for (int64_t block = 0; block < 2; ++block) {
      int64_t out = 64 << (layer - 1);
      size = out == in ? size : size / 2;
      std::string name = "layer" + std::to_string(layer) + "." + std::to_string(block) + ".";
      int64_t a = net.convolution(name + "conv1", x, in, out, 3, size);
      a = net.convolution(name + "conv2", a, out, out, 3, size);
      int64_t shortcut = out == in ? x : net.convolution(name + "downsample", x, in, out, 1, size);
      x = net.node({name + "add", 0, 1, 1, 0, 0, 0}, {a, shortcut}, out * size * size);
      in = out;
    }
  x = net.node({"avgpool", 0, 1, 1, 0, 0, 0}, {x}, 512);
  x = net.node({"fc", 512 * 1000, 1000, 512, 4000, 512 * 1000, 0}, {x}, 1000);
  net.problem.values[size_t(x)].readers.push_back(kHostReader);
  net.problem.chips = chips;
  net.problem.chipCapacity = capacity;
  return std::move(net.problem);
}

PartitionProblem randomPartitionProblem(uint32_t seed, int64_t nodes, int64_t chips) {
  std::mt19937 engine(seed);
  auto draw = [&](int64_t low, int64_t high) {
    return low + int64_t(engine() % uint64_t(high - low + 1));
  };
  PartitionProblem problem;
  int64_t room = 0;
  for (int64_t number = 0; number < nodes; ++number) {
    bool digital = number > 0 && draw(0, 3) == 0;
    PartitionNode node{"n" + std::to_string(number), 0, 1, 1, 0, 0, 0};
    if (!digital) {
      node.outputUnits = draw(1, 8);
      node.capacity = node.outputUnits * draw(5, 60);
      node.work = node.capacity * draw(1, 20);
    }
    room += node.capacity;
    problem.nodes.push_back(node);
    problem.values.push_back({number, node.outputUnits * draw(5, 120), {}});
    for (int64_t input = digital ? 2 : 1; number > 0 && input > 0; --input) {
      auto &readers = problem.values[size_t(std::max<int64_t>(number - draw(1, 3), 0))].readers;
      if (readers.empty() || readers.back() != number)
        readers.push_back(number);
    }
  }
  problem.values.back().readers.push_back(kHostReader);
  problem.chips = chips;
  problem.chipCapacity = room * 100 / (chips * draw(60, 95)) + 1;
  return problem;
}

} // namespace cimc::mapping
