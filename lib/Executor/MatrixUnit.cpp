//===- MatrixUnit.cpp - 16-bit products on a processor's matrix unit --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MatrixUnit.h"

#include "MatrixKernels.h"

#include <algorithm>
#include <optional>

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define CIMC_HAS_AMX 1
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
// GCC 12 finds fault with its own header's way of saying that a register does not matter.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace cimc::executor {

UnitMatrix::UnitMatrix(const PairMatrix &numbers, size_t bytes)
    : count((numbers.rows + kUnitRows - 1) / kUnitRows), blockBytes(count * bytes * kStepBytes) {
  constexpr size_t kLine = 64, kBlock = PairMatrix::kBlock;
  size_t blocks = (numbers.cols + kBlock - 1) / kBlock;
  storage = std::shared_ptr<uint8_t[]>(new uint8_t[blocks * blockBytes + kLine]());
  uint8_t *start = storage.get();
  start += (kLine - reinterpret_cast<uintptr_t>(start) % kLine) % kLine;
  first = start;
  for (size_t row = 0; row < numbers.rows; ++row)
    for (size_t col = 0; col < numbers.cols; ++col) {
      size_t step = col / kBlock * count + row / kUnitRows, inside = row % kUnitRows;
      size_t place = (inside / 4 * kBlock + col % kBlock) * 4 + inside % 4;
      auto number = static_cast<uint16_t>(numbers.at(row, col));
      uint8_t *to = start + step * bytes * kStepBytes + place;
      if (bytes == 2) {
        *to = static_cast<uint8_t>(number >> 8);
        to += kStepBytes;
      }
      *to = static_cast<uint8_t>(number);
    }
}

#if CIMC_HAS_AMX

#define CIMC_UNIT __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw")))

bool hasMatrixUnit() {
  static const bool has = [] {
    // CPUID leaf 7, EDX: bit 24 is AMX-TILE, bit 25 AMX-INT8.
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!hasQuads() || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d >> 24 & 3) != 3)
      return false;
    // The system gives the registers to processes that ask for them: ARCH_REQ_XCOMP_PERM of
    // XFEATURE_XTILEDATA.
    constexpr long kRequest = 0x1023, kTileData = 18;
    return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
  }();
  return has;
}

namespace {
/// What the registers hold: 16 rows of 64 bytes in each of the eight.
struct alignas(64) Configuration {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

CIMC_UNIT void configure() {
  static const Configuration configuration;
  _tile_loadconfig(&configuration);
}
CIMC_UNIT void release() { _tile_release(); }
} // namespace

MatrixUnitUse::MatrixUnitUse() { configure(); }
MatrixUnitUse::~MatrixUnitUse() { release(); }

namespace {

/// A job row by row, in registers.
struct CodeRows {
  const CodeJob &job;
  __m512 gain, noise, low, high;
  __mmask16 keep;
  size_t next = 0;
};

CIMC_UNIT inline CodeRows rowsOf(const CodeJob &job) {
  const BlockConverters &by = job.converters;
  return {job,
          _mm512_loadu_ps(by.gain),
          _mm512_loadu_ps(by.noise),
          _mm512_set1_ps(-by.limit),
          _mm512_set1_ps(by.limit),
          static_cast<__mmask16>(job.first ? 0 : 0xffff)};
}

CIMC_UNIT inline __m512 sumsOf(const int32_t *high, const int32_t *low) {
  return _mm512_cvtepi32_ps(
      _mm512_add_epi32(_mm512_slli_epi32(_mm512_loadu_si512(high), 8), _mm512_loadu_si512(low)));
}

/// The next `count` rows, the steps of AnalogKernel.cpp.
template <bool Noisy> CIMC_UNIT inline void addRows(CodeRows &rows, size_t count) {
  const BlockSums &block = rows.job.block;
  size_t end = std::min(block.count, rows.next + count);
  for (; rows.next < end; ++rows.next) {
    size_t at = rows.next * PairMatrix::kBlock, to = rows.next * block.pitch;
    __m512 value = _mm512_mul_ps(sumsOf(block.high + at, block.low + at), rows.gain);
    if constexpr (Noisy) {
      __m512 x = sumsOf(block.squaresHigh + at, block.squares + at);
      __m512 y =
          _mm512_castsi512_ps(_mm512_sub_epi32(_mm512_set1_epi32(static_cast<int>(kRootStart)),
                                               _mm512_srli_epi32(_mm512_castps_si512(x), 1)));
      __m512 z = _mm512_mul_ps(x, y);
      __m512 root = _mm512_mul_ps(z, _mm512_sub_ps(_mm512_set1_ps(kRootEnd), _mm512_mul_ps(z, y)));
      value = _mm512_add_ps(value, _mm512_mul_ps(_mm512_mul_ps(root, rows.noise),
                                                 _mm512_loadu_ps(block.normals + to)));
    }
    value = _mm512_min_ps(_mm512_max_ps(value, rows.low), rows.high);
    __m512i code = _mm512_cvtps_epi32(value);
    if (uint32_t shift = rows.job.converters.shift)
      code = _mm512_sll_epi32(code, _mm_cvtsi32_si128(static_cast<int>(shift)));
    int32_t *out = rows.job.totals + to;
    _mm512_storeu_si512(out, _mm512_add_epi32(code, _mm512_maskz_loadu_epi32(rows.keep, out)));
  }
}

/// What a call multiplies with.
struct UnitBlock {
  const uint8_t *numbers, *squares;
  size_t steps;
};

/// Signs of the bytes of inputs and of the matrix.
enum class Signs : uint8_t { Both, Inputs, None };

/// Inputs, and what they are multiplied with, 64 rows after 64 rows.
struct UnitFactors {
  const uint8_t *vectors;
  size_t pitch;
  const uint8_t *matrix;
  size_t matrixStep;
};

constexpr size_t kRowBytes = 64;

// Registers 0 and 1 sum up, of the first 16 vectors and of the second; 2 holds inputs, 3 the
// matrix. The other four stay at zero, and 2 and 3 go back to it: where another thread has a share
// of the core, loads then still go on beside products. With all eight in use they do not (measured:
// 1.6 times as long), as if zeros left room for renaming.

template <Signs S> CIMC_UNIT inline void multiplyFirst() {
  if constexpr (S == Signs::Both)
    _tile_dpbssd(0, 2, 3);
  else if constexpr (S == Signs::Inputs)
    _tile_dpbsud(0, 2, 3);
  else
    _tile_dpbuud(0, 2, 3);
}
template <Signs S> CIMC_UNIT inline void multiplySecond() {
  if constexpr (S == Signs::Both)
    _tile_dpbssd(1, 2, 3);
  else if constexpr (S == Signs::Inputs)
    _tile_dpbsud(1, 2, 3);
  else
    _tile_dpbuud(1, 2, 3);
}

/// Sums of `Halves` times 16 vectors; `between` is called after each 64 rows.
template <size_t Halves, Signs S, typename Between>
CIMC_UNIT inline void sumUp(const UnitFactors &of, size_t steps, int32_t *sums, Between between) {
  const uint8_t *vectors = of.vectors, *matrix = of.matrix;
  _tile_zero(0);
  if constexpr (Halves == 2)
    _tile_zero(1);
  for (size_t step = 0; step < steps; ++step, vectors += kUnitRows, matrix += of.matrixStep) {
    _tile_loadd(3, matrix, kRowBytes);
    _tile_loadd(2, vectors, of.pitch);
    multiplyFirst<S>();
    if constexpr (Halves == 2) {
      _tile_loadd(2, vectors + kTileVectors * of.pitch, of.pitch);
      multiplySecond<S>();
    }
    _tile_zero(2);
    _tile_zero(3);
    between();
  }
  _tile_stored(0, sums, kRowBytes);
  if constexpr (Halves == 2)
    _tile_stored(1, sums + UnitSums::kCount / 2, kRowBytes);
}

/// Products of `Halves` times 16 vectors, with rows of a job (Job: there is one, Noisy: with noise)
/// in equal parts after the steps.
template <size_t Halves, bool Job, bool Noisy>
CIMC_UNIT void multiplyAndConvert(const UnitBlock &block, const UnitInputs &inputs, UnitSums &sums,
                                  const CodeJob *job) {
  constexpr size_t kStep = UnitMatrix::kStepBytes;
  std::optional<CodeRows> rows;
  size_t parts = block.steps * (block.squares ? 4 : 2), each = 0;
  if constexpr (Job) {
    rows.emplace(rowsOf(*job));
    each = (job->block.count + parts - 1) / parts;
  }
  auto convert = [&]() CIMC_UNIT {
    if constexpr (Job)
      addRows<Noisy>(*rows, each);
  };
  size_t pitch = inputs.pitch;
  sumUp<Halves, Signs::Both>({inputs.vectors, pitch, block.numbers, 2 * kStep}, block.steps,
                             sums.high, convert);
  sumUp<Halves, Signs::Inputs>({inputs.vectors, pitch, block.numbers + kStep, 2 * kStep},
                               block.steps, sums.low, convert);
  if (!block.squares)
    return;
  sumUp<Halves, Signs::None>({inputs.high, pitch, block.squares, kStep}, block.steps,
                             sums.squaresHigh, convert);
  sumUp<Halves, Signs::None>({inputs.low, pitch, block.squares, kStep}, block.steps,
                             sums.squaresLow, convert);
}

} // namespace

void multiplyOnUnit(const UnitMatrix &numbers, const UnitMatrix *squares, size_t block,
                    const UnitInputs &inputs, size_t count, UnitSums &sums, const CodeJob *job) {
  UnitBlock of{numbers.block(block), squares ? squares->block(block) : nullptr, numbers.steps()};
  bool two = count > kTileVectors;
  if (!job)
    return two ? multiplyAndConvert<2, false, false>(of, inputs, sums, job)
               : multiplyAndConvert<1, false, false>(of, inputs, sums, job);
  if (!job->block.squares)
    return two ? multiplyAndConvert<2, true, false>(of, inputs, sums, job)
               : multiplyAndConvert<1, true, false>(of, inputs, sums, job);
  return two ? multiplyAndConvert<2, true, true>(of, inputs, sums, job)
             : multiplyAndConvert<1, true, true>(of, inputs, sums, job);
}

CIMC_UNIT uint8_t splitAll(const int8_t *const *vectors, size_t count, size_t rows,
                           const UnitTarget &target) {
  constexpr __mmask64 kOdd = 0xAAAAAAAAAAAAAAAA;
  // What of the last 64 rows counts.
  const __mmask64 last = ~__mmask64{0} >> (kUnitRows - 1 - (rows - 1) % kUnitRows);
  __m512i bits = _mm512_setzero_si512();
  for (size_t v = 0; v < count; ++v)
    for (size_t at = 0; at < rows; at += kUnitRows) {
      __m512i x = _mm512_loadu_si512(vectors[v] + at);
      size_t to = v * target.pitch + at;
      _mm512_storeu_si512(target.vectors + to, x);
      if (at + kUnitRows < rows)
        bits = _mm512_or_si512(bits, x);
      else
        bits = _mm512_or_si512(bits, _mm512_maskz_mov_epi8(last, x));
      if (!target.low)
        continue;
      // Squares of even and of odd numbers, in words of 16 bits.
      __m512i magnitude = _mm512_abs_epi8(x), odd = _mm512_srli_epi16(magnitude, 8);
      __m512i even = _mm512_and_si512(magnitude, _mm512_set1_epi16(0xff));
      even = _mm512_mullo_epi16(even, even);
      odd = _mm512_mullo_epi16(odd, odd);
      _mm512_storeu_si512(target.low + to,
                          _mm512_mask_mov_epi8(even, kOdd, _mm512_slli_epi16(odd, 8)));
      _mm512_storeu_si512(target.high + to,
                          _mm512_mask_mov_epi8(_mm512_srli_epi16(even, 8), kOdd, odd));
    }
  alignas(64) uint64_t words[8];
  _mm512_store_si512(words, bits);
  uint64_t all = 0;
  for (uint64_t word : words)
    all |= word;
  all |= all >> 32;
  all |= all >> 16;
  return static_cast<uint8_t>(all | all >> 8);
}

#else

bool hasMatrixUnit() { return false; }
MatrixUnitUse::MatrixUnitUse() = default;
MatrixUnitUse::~MatrixUnitUse() = default;
void multiplyOnUnit(const UnitMatrix &, const UnitMatrix *, size_t, const UnitInputs &, size_t,
                    UnitSums &, const CodeJob *) {}
uint8_t splitAll(const int8_t *const *, size_t, size_t, const UnitTarget &) { return 0; }

#endif

} // namespace cimc::executor
