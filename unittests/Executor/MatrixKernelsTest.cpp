//===- MatrixKernelsTest.cpp - Products against plain loops ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MatrixKernels.h"
#include "ProgramBuilder.h"

using namespace cimc::executor;
using cimc::executor::testing::Generator;

namespace {
struct Problem {
  size_t rows, cols, count;
  std::vector<int8_t> weights, inputs;
  size_t inputPitch;
  std::vector<int32_t> before;
};

Problem makeProblem(Generator &random, size_t rows, size_t cols, size_t count, bool extreme) {
  Problem problem{rows, cols, count, {}, {}, rows + kVectorPadding, {}};
  problem.weights = random.bytes(rows * cols);
  problem.inputs = random.bytes(count * problem.inputPitch);
  if (extreme) { // what saturates 16-bit sums
    for (int8_t &weight : problem.weights)
      weight = weight < 0 ? -128 : 127;
    for (int8_t &input : problem.inputs)
      input = input < 0 ? -128 : 127;
  }
  problem.before = random.integers(count * cols, 1 << 29);
  return problem;
}

std::vector<int32_t> reference(const Problem &problem, bool accumulate) {
  std::vector<int32_t> results(problem.count * problem.cols);
  for (size_t i = 0; i < problem.count; ++i)
    for (size_t c = 0; c < problem.cols; ++c) {
      int32_t sum = accumulate ? problem.before[i * problem.cols + c] : 0;
      for (size_t k = 0; k < problem.rows; ++k)
        sum += int32_t{problem.inputs[i * problem.inputPitch + k]} *
               problem.weights[k * problem.cols + c];
      results[i * problem.cols + c] = sum;
    }
  return results;
}

/// Calls `product(vectors, results)` with results that start as `before`.
template <typename Product> std::vector<int32_t> compute(const Problem &problem, Product product) {
  std::vector<int32_t> results = problem.before;
  std::vector<const int8_t *> vectors(problem.count);
  std::vector<int32_t *> rows(problem.count);
  for (size_t i = 0; i < problem.count; ++i) {
    vectors[i] = problem.inputs.data() + i * problem.inputPitch;
    rows[i] = results.data() + i * problem.cols;
  }
  product(vectors.data(), rows.data());
  return results;
}

void check(const Problem &problem) {
  for (const MatrixKernel *kernel : matrixKernels())
    for (bool accumulate : {false, true}) {
      PackedMatrix matrix =
          packMatrix(problem.weights.data(), problem.cols, problem.rows, problem.cols, kernel);
      std::vector<int32_t> results = compute(problem, [&](auto vectors, auto rows) {
        multiply(matrix, vectors, rows, problem.count, accumulate);
      });
      ASSERT_EQ(results, reference(problem, accumulate))
          << kernel->name << ": " << problem.count << " vectors, " << problem.rows << " x "
          << problem.cols;
    }
}
} // namespace

TEST(MatrixKernels, SmallSizes) {
  Generator random(1);
  for (size_t rows = 1; rows <= 9; ++rows)
    for (size_t cols = 1; cols <= 80; ++cols)
      for (size_t count : {1, 2, 7, 13})
        check(makeProblem(random, rows, cols, count, false));
}

TEST(MatrixKernels, ArraySizes) {
  Generator random(2);
  for (int i = 0; i < 40; ++i)
    check(makeProblem(random, static_cast<size_t>(random.between(1, 300)),
                      static_cast<size_t>(random.between(1, 300)),
                      static_cast<size_t>(random.between(1, kMaxVectors)), false));
}

TEST(MatrixKernels, ExtremeValuesDoNotSaturate) {
  Generator random(3);
  for (size_t rows : {2, 4, 255, 256, 1024})
    check(makeProblem(random, rows, 48, 9, true));
}

TEST(MatrixKernels, Diagonals) {
  Generator random(4);
  for (int i = 0; i < 60; ++i) {
    auto channels = static_cast<size_t>(random.between(1, 70)),
         taps = static_cast<size_t>(random.between(1, 10));
    auto skip = static_cast<size_t>(
        random.between(0, static_cast<int>(channels) - 1)); // the slice starts inside a tap
    size_t rows = channels * taps - skip;
    Problem problem = makeProblem(random, rows, channels, 5, i % 2 == 0);
    std::vector<int8_t> values = random.bytes(rows);
    std::fill(problem.weights.begin(), problem.weights.end(), 0);
    std::vector<Diagonal> diagonals;
    for (size_t row = 0; row < rows;) {
      size_t first = (row + skip) % channels, count = std::min(channels - first, rows - row);
      diagonals.push_back({static_cast<uint32_t>(first), static_cast<uint32_t>(row),
                           static_cast<uint32_t>(count), values.data() + row});
      for (size_t k = 0; k < count; ++k)
        problem.weights[(row + k) * channels + first + k] = values[row + k];
      row += count;
    }
    for (bool accumulate : {false, true})
      ASSERT_EQ(compute(problem,
                        [&](auto vectors, auto results) {
                          multiplyDiagonals(diagonals.data(), diagonals.size(), channels, vectors,
                                            results, problem.count, accumulate);
                        }),
                reference(problem, accumulate))
          << channels << " channels, " << taps << " taps, " << skip << " skipped";
  }
}
