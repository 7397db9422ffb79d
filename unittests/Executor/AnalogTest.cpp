//===- AnalogTest.cpp - Products and noise of analog arrays -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AnalogTile.h"
#include "MatrixUnit.h"
#include "PairKernel.h"

#include "cimc/Target/Yaml.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace cimc;
using namespace cimc::executor;

namespace {

TEST(PairKernel, SumsAreExactWithAndWithoutVectorInstructions) {
  std::mt19937 random(3);
  auto pick = [&](int low, int high) {
    return static_cast<int16_t>(low + static_cast<int>(random() % unsigned(high - low + 1)));
  };
  for (size_t rows : {1, 2, 7, 144, 255, 256})
    for (size_t count = 1; count <= kPairVectors; ++count)
      for (size_t blockCount = 1; blockCount <= kPairBlocks; ++blockCount) {
        constexpr size_t kBlock = PairMatrix::kBlock;
        size_t cols = blockCount * kBlock - 3;
        PairMatrix numbers(rows, cols), others(rows, cols);
        for (size_t row = 0; row < rows; ++row)
          for (size_t col = 0; col < cols; ++col) {
            numbers.at(row, col) = pick(-32767, 32767);
            others.at(row, col) = pick(0, 500);
          }
        std::vector<std::vector<int16_t>> x(count, std::vector<int16_t>(rows + 1)), y = x;
        const int16_t *vectors[kPairVectors], *squares[kPairVectors];
        for (size_t v = 0; v < count; ++v) {
          for (size_t row = 0; row < rows; ++row) {
            x[v][row] = pick(-128, 127);
            y[v][row] = static_cast<int16_t>(x[v][row] * x[v][row]);
          }
          vectors[v] = x[v].data();
          squares[v] = y[v].data();
        }
        PairBlocks blocks{blockCount, numbers.pairs()};
        for (size_t b = 0; b < blockCount; ++b) {
          blocks.numbers[b] = numbers.block(b);
          blocks.squares[b] = others.block(b);
        }
        for (auto multiplyAll : {multiplyPairs, multiplyPairsPlainly})
          for (bool hasSquares : {true, false}) {
            PairBlocks used = blocks;
            if (!hasSquares)
              used.squares[0] = used.squares[1] = nullptr;
            std::vector<int32_t> sums(kPairBlocks * kPairVectors * kBlock), squareSums(sums.size());
            multiplyAll(used, vectors, squares, count, sums.data(), squareSums.data());
            for (size_t v = 0; v < count; ++v)
              for (size_t col = 0; col < cols; ++col) {
                int64_t sum = 0, squareSum = 0;
                for (size_t row = 0; row < rows; ++row) {
                  sum += int64_t{x[v][row]} * numbers.at(row, col);
                  squareSum += int64_t{y[v][row]} * others.at(row, col);
                }
                size_t at = (col / kBlock * kPairVectors + v) * kBlock + col % kBlock;
                ASSERT_EQ(sums[at], sum) << rows << " " << count << " " << col;
                ASSERT_EQ(squareSums[at], hasSquares ? squareSum : 0);
              }
          }
      }
}

TEST(MatrixUnit, SumsAreExact) {
  if (!hasMatrixUnit())
    GTEST_SKIP() << "this processor has no matrix unit, or the system does not give it";
  std::mt19937 random(4);
  auto pick = [&](int low, int high) {
    return low + static_cast<int>(random() % unsigned(high - low + 1));
  };
  MatrixUnitUse use;
  for (size_t rows : {1, 2, 7, 63, 64, 65, 144, 256}) {
    constexpr size_t kBlock = PairMatrix::kBlock, kCols = 2 * kBlock - 3;
    // Variances are such that sums of squares fit 32 bits.
    int most = std::min(32767, static_cast<int>(131071 / rows));
    PairMatrix numbers(rows, kCols), others(rows, kCols);
    for (size_t row = 0; row < rows; ++row)
      for (size_t col = 0; col < kCols; ++col) {
        numbers.at(row, col) = static_cast<int16_t>(pick(-32767, 32767));
        others.at(row, col) = static_cast<int16_t>(pick(0, most));
      }
    UnitMatrix weights(numbers), variances(others);
    size_t pitch = weights.steps() * kUnitRows;
    // Rows beyond the last hold anything.
    std::vector<uint8_t> x(kUnitVectors * pitch), low(x.size()), high(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      int value = pick(-128, 127);
      x[i] = static_cast<uint8_t>(value);
      low[i] = static_cast<uint8_t>(value * value);
      high[i] = static_cast<uint8_t>((value * value) >> 8);
    }
    UnitInputs inputs{x.data(), low.data(), high.data(), pitch};
    for (size_t block = 0; block < 2; ++block)
      for (bool hasSquares : {true, false}) {
        int32_t sums[kUnitVectors * kBlock] = {}, squareSums[kUnitVectors * kBlock] = {};
        multiplyOnUnit(weights, hasSquares ? &variances : nullptr, block, inputs, sums, squareSums);
        for (size_t v = 0; v < kUnitVectors; ++v)
          for (size_t col = block * kBlock; col < std::min(kCols, (block + 1) * kBlock); ++col) {
            int64_t sum = 0, squareSum = 0;
            for (size_t row = 0; row < rows; ++row) {
              int64_t value = static_cast<int8_t>(x[v * pitch + row]);
              sum += value * numbers.at(row, col);
              squareSum += value * value * others.at(row, col);
            }
            size_t at = v * kBlock + col % kBlock;
            ASSERT_EQ(sums[at], sum) << rows << " " << v << " " << col;
            ASSERT_EQ(squareSums[at], hasSquares ? squareSum : 0) << rows << " " << v << " " << col;
          }
      }
  }
}

/// A program with one tile of random weights on an array of the target's device.
program::Program oneTile(const std::string &target, uint32_t rows, uint32_t cols,
                         std::vector<std::byte> &bytes) {
  program::Program program;
  program.target = *target::lookup(target);
  std::mt19937 random(5);
  for (uint32_t i = 0; i < rows * cols; ++i)
    bytes.push_back(std::byte(static_cast<uint8_t>(static_cast<int>(random() % 255) - 127)));
  program.data.emplace_back(bytes);
  program::Tile tile;
  tile.rows = rows;
  tile.cols = tile.pitch = cols;
  program.tiles.push_back(tile);
  return program;
}

// The slow reference: every cell has a normal number of its own in every read.
TEST(AnalogTile, VarianceOfAColumnIsThatOfItsCells) {
  constexpr uint32_t kRows = 64, kCols = 8;
  std::vector<std::byte> bytes;
  program::Program program = oneTile("hermes", kRows, kCols, bytes);
  AnalogOptions options;
  options.seed = 3;
  AnalogTile tile(program, 0, false, options);
  const target::Array &array = program.target.chip.core.array;
  target::WeightPart part = target::conversionsOf(array).front().weights;
  const AnalogMatrix &matrix = tile.matrix(program::Direction::Forward, part);
  std::vector<float> weights;
  for (std::byte byte : program.data[0])
    weights.push_back(static_cast<float>(static_cast<int8_t>(byte)));
  devices::MappingOptions mapping;
  mapping.scaling = devices::Scaling::PerColumn;
  devices::WeightArray cells(array.device,
                             devices::mapWeights(array.device, weights, kRows, kCols, mapping),
                             options.seed, 0);
  std::vector<double> values(weights.size()), variances(weights.size());
  cells.weightsAt(0, values, part);
  cells.readVariancesAt(0, variances, part);

  std::mt19937 random(9);
  std::vector<int> x(kRows);
  for (int &input : x)
    input = static_cast<int>(random() % 255) - 127;
  constexpr size_t kReads = 20'000;
  std::vector<double> normals(kRows * kReads);
  for (uint32_t col = 0; col < kCols; ++col) {
    devices::RandomStream(1, devices::Purpose::Reads, col).normals(normals);
    double sum = 0, squares = 0, mean = 0, variance = 0;
    for (size_t read = 0; read < kReads; ++read) {
      double result = 0;
      for (uint32_t row = 0; row < kRows; ++row)
        result += x[row] * (values[row * kCols + col] +
                            std::sqrt(variances[row * kCols + col]) * normals[read * kRows + row]);
      sum += result;
      squares += result * result;
    }
    for (uint32_t row = 0; row < kRows; ++row) {
      mean += x[row] * double(matrix.unit[col]) * matrix.weights.at(row, col);
      variance += double(x[row] * x[row]) * double(matrix.varianceUnit[col]) *
                  matrix.variances.at(row, col);
    }
    double cellMean = sum / kReads, cellVariance = squares / kReads - cellMean * cellMean;
    // Four standard errors, and the rounding of weights and variances.
    EXPECT_NEAR(mean, cellMean, 4 * std::sqrt(variance / kReads) + 0.5) << col;
    EXPECT_NEAR(variance / cellVariance, 1, 4 * std::sqrt(2.0 / kReads)) << col;
    EXPECT_GT(variance, 1) << col;
  }
}

} // namespace
