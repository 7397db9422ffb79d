//===- AnalogTest.cpp - Products and noise of analog arrays -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "AnalogKernel.h"
#include "AnalogTile.h"
#include "ConversionSteps.h"
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

/// Random numbers from `low` to `high`.
class Picker {
public:
  explicit Picker(uint32_t seed) : engine(seed) {}
  int operator()(int low, int high) {
    return low + static_cast<int>(engine() % unsigned(high - low + 1));
  }

private:
  std::mt19937 engine;
};

/// Vectors as the matrix unit takes them, with anything behind the last row.
struct UnitVectors {
  size_t pitch;
  std::vector<int8_t> values;
  std::vector<uint8_t> numbers, low, high;

  UnitVectors(size_t rows, Picker &pick)
      : pitch((rows + kUnitRows - 1) / kUnitRows * kUnitRows), values(kUnitVectors * pitch),
        numbers(values.size()), low(values.size()), high(values.size()) {
    for (int8_t &value : values)
      value = static_cast<int8_t>(pick(-128, 127));
    const int8_t *vectors[kUnitVectors];
    uint8_t expected = 0;
    for (size_t v = 0; v < kUnitVectors; ++v) {
      vectors[v] = values.data() + v * pitch;
      for (size_t row = 0; row < rows; ++row)
        expected |= static_cast<uint8_t>(vectors[v][row]);
    }
    EXPECT_EQ(bitsOf(vectors, kUnitVectors, rows), expected);
    EXPECT_EQ(
        splitAll(vectors, kUnitVectors, rows, {numbers.data(), low.data(), high.data(), pitch}),
        expected);
  }
  UnitInputs inputs() const { return {numbers.data(), low.data(), high.data(), pitch}; }
};

PairMatrix randomMatrix(size_t rows, size_t cols, int low, int high, Picker &pick) {
  PairMatrix matrix(rows, cols);
  for (size_t row = 0; row < rows; ++row)
    for (size_t col = 0; col < cols; ++col)
      matrix.at(row, col) = static_cast<int16_t>(pick(low, high));
  return matrix;
}

int32_t whole(const int32_t *high, const int32_t *low, size_t i) {
  return static_cast<int32_t>((static_cast<uint32_t>(high[i]) << 8) +
                              static_cast<uint32_t>(low[i]));
}

TEST(ConversionSteps, BitsAreThoseOfRowsAlone) {
  for (size_t rows : {1, 63, 64, 65, 130}) {
    std::vector<int8_t> values(192, -1);
    std::fill_n(values.begin(), rows, int8_t{0});
    const int8_t *vector = values.data();
    EXPECT_EQ(bitsOf(&vector, 1, rows), 0) << rows;
    for (size_t row = 0; row < rows; ++row) {
      values[row] = -128;
      EXPECT_EQ(bitsOf(&vector, 1, rows), 0x80) << rows << " " << row;
      values[row] = 0;
    }
  }
}

TEST(MatrixUnit, SumsAreExact) {
  if (!hasMatrixUnit())
    GTEST_SKIP() << "this processor has no matrix unit, or the system does not give it";
  Picker pick(4);
  MatrixUnitUse use;
  for (size_t rows : {1, 2, 7, 63, 64, 65, 144, 256, 500}) {
    constexpr size_t kBlock = PairMatrix::kBlock, kCols = 2 * kBlock - 3;
    PairMatrix numbers = randomMatrix(rows, kCols, -32767, 32767, pick);
    PairMatrix others = randomMatrix(rows, kCols, 0, 255, pick);
    UnitMatrix weights(numbers, 2), variances(others, 1);
    UnitVectors vectors(rows, pick);
    for (size_t block = 0; block < 2; ++block)
      for (bool hasSquares : {true, false}) {
        UnitSums sums = {};
        size_t count = rows % 2 == 0 ? kUnitVectors : kTileVectors;
        multiplyOnUnit(weights, hasSquares ? &variances : nullptr, block, vectors.inputs(), count,
                       sums);
        for (size_t v = 0; v < count; ++v)
          for (size_t col = block * kBlock; col < std::min(kCols, (block + 1) * kBlock); ++col) {
            int64_t sum = 0, squareSum = 0;
            for (size_t row = 0; row < rows; ++row) {
              int64_t value = vectors.values[v * vectors.pitch + row];
              sum += value * numbers.at(row, col);
              squareSum += value * value * others.at(row, col);
            }
            size_t at = v * kBlock + col % kBlock;
            ASSERT_EQ(whole(sums.high, sums.low, at), static_cast<int32_t>(sum)) << rows;
            ASSERT_EQ(whole(sums.squaresHigh, sums.squaresLow, at), hasSquares ? squareSum : 0)
                << rows << " " << v << " " << col;
          }
      }
  }
}

// The matrix unit's conversion, the general one of its sums, and the general one of whole sums.
TEST(MatrixUnit, CodesAreThoseOfOtherKernels) {
  if (!hasMatrixUnit())
    GTEST_SKIP() << "this processor has no matrix unit, or the system does not give it";
  constexpr size_t kRows = 100, kBlock = PairMatrix::kBlock, kPitch = 2 * kBlock;
  Picker pick(6);
  MatrixUnitUse use;
  UnitMatrix weights(randomMatrix(kRows, kBlock, -3000, 3000, pick), 2);
  UnitMatrix variances(randomMatrix(kRows, kBlock, 0, 255, pick), 1);
  UnitVectors vectors(kRows, pick);
  UnitSums sums, other;
  multiplyOnUnit(weights, &variances, 0, vectors.inputs(), kUnitVectors, sums);
  std::vector<int32_t> low(UnitSums::kCount), squares(low.size());
  for (size_t i = 0; i < low.size(); ++i) {
    low[i] = whole(sums.high, sums.low, i);
    squares[i] = whole(sums.squaresHigh, sums.squaresLow, i);
  }
  float gain[kBlock], noise[kBlock];
  for (size_t col = 0; col < kBlock; ++col) {
    gain[col] = static_cast<float>(pick(1, 100)) * 1e-6f;
    noise[col] = static_cast<float>(pick(0, 100)) * 1e-4f;
  }
  std::vector<float> normals(kUnitVectors * kPitch);
  for (float &normal : normals)
    normal = static_cast<float>(pick(-4000, 4000)) * 1e-3f;
  for (bool noisy : {true, false})
    for (uint32_t shift : {0u, 3u})
      for (bool first : {true, false})
        for (size_t count : {1, 5, 16, 32}) {
          std::vector<int32_t> start(kUnitVectors * kPitch);
          for (int32_t &total : start)
            total = pick(-1000, 1000);
          CodeJob parts{{sums.low, noisy ? sums.squaresLow : nullptr, sums.high, sums.squaresHigh,
                         normals.data(), count, kPitch},
                        {gain, noise, 255.0f, shift},
                        first,
                        nullptr};
          CodeJob plain = parts;
          plain.block.low = low.data();
          plain.block.squares = noisy ? squares.data() : nullptr;
          plain.block.high = plain.block.squaresHigh = nullptr;
          std::vector<int32_t> onUnit = start, general = start, expected = start;
          parts.totals = onUnit.data();
          multiplyOnUnit(weights, &variances, 0, vectors.inputs(), count, other, &parts);
          parts.totals = general.data();
          addAnalogCodes(parts);
          plain.totals = expected.data();
          addAnalogCodes(plain);
          EXPECT_EQ(onUnit, expected);
          EXPECT_EQ(general, expected);
          EXPECT_NE(expected, start);
        }
}

// The code's formula, with the exact square root.
TEST(AnalogKernel, CodesFollowTheirFormula) {
  constexpr size_t kBlock = PairMatrix::kBlock;
  Picker pick(8);
  std::vector<int32_t> sums(kBlock), squares(kBlock), totals(kBlock);
  std::vector<float> gain(kBlock), noise(kBlock), normals(kBlock);
  size_t clipped = 0;
  for (int round = 0; round < 2000; ++round) {
    for (size_t col = 0; col < kBlock; ++col) {
      sums[col] = pick(-1 << 24, 1 << 24);
      // All magnitudes, and 0.
      squares[col] = round < 20 ? 0 : pick(0, 1 << 30) >> pick(0, 30);
      gain[col] = static_cast<float>(pick(1, 300)) * 1e-7f;
      normals[col] = static_cast<float>(pick(-4000, 4000)) * 1e-3f;
      double deviation = pick(0, 200);
      noise[col] = kRootScale * static_cast<float>(deviation / std::sqrt(squares[col] + 1.0));
    }
    addAnalogCodes({{sums.data(), squares.data(), nullptr, nullptr, normals.data(), 1, kBlock},
                    {gain.data(), noise.data(), 255.0f, 0},
                    true,
                    totals.data()});
    for (size_t col = 0; col < kBlock; ++col) {
      double moved = std::sqrt(double(squares[col])) * double(noise[col]) / double(kRootScale) *
                     double(normals[col]);
      double value = double(sums[col]) * double(gain[col]) + moved;
      clipped += std::fabs(value) > 255;
      EXPECT_NEAR(totals[col], std::clamp(value, -255.0, 255.0), 0.501 + 7e-4 * std::fabs(moved));
    }
  }
  EXPECT_GT(clipped, 100u);
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

/// The cells of the only tile of a program, which has an array's data for itself.
devices::WeightArray cellsOf(const program::Program &program, uint64_t seed) {
  const program::Tile &tile = program.tiles.front();
  const target::Device &device = program.target.chip.core.array.device;
  std::vector<float> weights;
  for (std::byte byte : program.data[0])
    weights.push_back(static_cast<float>(static_cast<int8_t>(byte)));
  devices::MappingOptions mapping;
  mapping.scaling = devices::Scaling::PerColumn;
  return {device, devices::mapWeights(device, weights, tile.rows, tile.cols, mapping), seed, 0};
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
  devices::WeightArray cells = cellsOf(program, options.seed);
  std::vector<double> values(kRows * kCols), variances(values.size());
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

// What the bytes of variances cost: the deviation of a column's noise.
TEST(AnalogTile, RoundedVariancesMoveDeviationsByLessThanHalfAPercent) {
  for (const char *target : {"hermes", "neurram"})
    for (uint32_t rows : {27u, 256u}) {
      constexpr uint32_t kCols = 16;
      std::vector<std::byte> bytes;
      program::Program program = oneTile(target, rows, kCols, bytes);
      AnalogOptions options;
      AnalogTile tile(program, 0, false, options);
      const target::Array &array = program.target.chip.core.array;
      devices::WeightArray cells = cellsOf(program, options.seed);
      Picker pick(3);
      for (const target::Conversion &conversion : target::conversionsOf(array)) {
        const AnalogMatrix &matrix = tile.matrix(program::Direction::Forward, conversion.weights);
        std::vector<double> variances(size_t{rows} * kCols);
        cells.readVariancesAt(options.timeNs, variances, conversion.weights);
        for (uint32_t col = 0; col < kCols; ++col) {
          double exact = 0, rounded = 0, energy = 0, all = 0;
          for (uint32_t row = 0; row < rows; ++row) {
            // Half of the inputs drive nothing, as behind a ReLU.
            double input = std::max(0, pick(-127, 127));
            exact += input * input * variances[row * kCols + col];
            energy += input * input;
            all += variances[row * kCols + col];
            rounded +=
                input * input * double(matrix.varianceUnit[col]) * matrix.variances.at(row, col);
            EXPECT_GE(matrix.variances.at(row, col), 0);
            EXPECT_LE(matrix.variances.at(row, col), 255);
          }
          // Of itself, or of what it usually is where hardly any noisy cell is driven.
          double usual = std::sqrt(energy / rows * all);
          double error = std::fabs(std::sqrt(rounded) - std::sqrt(exact));
          EXPECT_LE(error, exact > usual * usual / 16 ? 5e-3 * std::sqrt(exact) : 0.045 * usual)
              << target << " " << rows << " " << col;
        }
      }
    }
}

} // namespace
