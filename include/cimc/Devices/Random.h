//===- Random.h - Random numbers that depend on what they are for ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A number is a function of the seed, its purpose, the array, the place (a cell or a column), the
// sample and the read, by the counter-based generator Philox4x32-10 (J. Salmon et al., "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011). No number depends on another, so threads, batches
// and order never matter. Uniform numbers become normal ones in a fixed order of steps, each of
// which rounds in the same way everywhere: the same bits on all processors. Numbers of which a
// program needs few, for its cells, are made with care (the inverse of the distribution in
// doubles), those of which it needs millions, for reads, fast (seven rounds of Philox instead of
// ten, and the same inverse in pieces).
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_DEVICES_RANDOM_H
#define CIMC_DEVICES_RANDOM_H

#include <array>
#include <cstdint>
#include <span>

namespace cimc::devices {

/// What numbers are for. The values are part of what a seed means and never change.
enum class Purpose : uint32_t {
  Programming = 1, ///< deviation from the target
  Drift = 2,       ///< exponent of drift
  Decay = 3,       ///< spread of decay
  Faults = 4,      ///< which cells cannot be programmed
  Reads = 5,       ///< noise of reads
  Network = 6,     ///< random numbers that a network asks for; the array is the stream's number
  ConverterGain = 7,
  ConverterOffset = 8,
};

/// One block of Philox4x32-10.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// The value below which a standard normal variable lies with probability `p`, by algorithm AS 241
/// (M. Wichura, Applied Statistics 37, 1988); the relative error is below 1e-14. Requires: 0 < p <
/// 1.
double normalQuantile(double p);

/// Fast normal numbers of a block.
inline constexpr uint32_t kBlockNumbers = 16;

/// The fast normal number that 16 random bits stand for: symmetric, and within 4.4 deviations.
/// RandomStream::normals draws those beyond 4.2 once more.
float fastNormal(uint16_t bits);

/// Blocks of numbers that follow each other: the number of the first, how many there are, and the
/// sample that they are for.
struct BlockRun {
  uint64_t block;
  uint32_t count, sample;
};

/// The numbers of one purpose in one plane of an array (Cells.h: the cells of one polarity). A
/// number is named by `place`, `sample` and `read`.
class RandomStream {
public:
  /// Requires: nothing; streams that differ in any argument are independent.
  RandomStream(uint64_t seed, Purpose purpose, uint64_t array, uint32_t plane = 0);

  /// Standard normal numbers of the places `first`, `first + 1` and so on: multiples of no step,
  /// symmetric, up to 9.1 deviations. Requires: first + out.size() < 2^64.
  void normals(std::span<double> out, uint64_t first = 0, uint32_t sample = 0,
               uint32_t read = 0) const;

  /// Standard normal numbers, fast: those of the runs one after the other, kBlockNumbers for each
  /// block. They are symmetric, end at 6.2 deviations, and each is made of 16 random bits, or 32
  /// beyond 4.2 deviations. Requires: blocks are numbered below 2^63; `out` has as many elements as
  /// the runs have numbers.
  void normals(std::span<const BlockRun> runs, std::span<float> out, uint32_t read = 0) const;
  /// The same numbers without instructions that only some processors have.
  void normalsPlainly(std::span<const BlockRun> runs, std::span<float> out,
                      uint32_t read = 0) const;

  /// Numbers that are uniform in [0, 1), multiples of 2^-53.
  void uniforms(std::span<double> out, uint64_t first = 0, uint32_t sample = 0,
                uint32_t read = 0) const;

private:
  std::array<uint32_t, 2> key;

  void bits(std::span<uint64_t> out, uint64_t first, uint32_t sample, uint32_t read) const;
};

} // namespace cimc::devices

#endif // CIMC_DEVICES_RANDOM_H
