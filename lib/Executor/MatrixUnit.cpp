//===- MatrixUnit.cpp - 16-bit products on a processor's matrix unit --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MatrixUnit.h"

#include "MatrixKernels.h"

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define CIMC_HAS_AMX 1
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace cimc::executor {

UnitMatrix::UnitMatrix(const PairMatrix &numbers)
    : count((numbers.rows + kUnitRows - 1) / kUnitRows) {
  constexpr size_t kLine = 64, kBlock = PairMatrix::kBlock;
  size_t blocks = (numbers.cols + kBlock - 1) / kBlock;
  bytes = std::shared_ptr<uint8_t[]>(new uint8_t[blocks * count * 2 * kStepBytes + kLine]());
  uint8_t *start = bytes.get() + (kLine - reinterpret_cast<uintptr_t>(bytes.get()) % kLine) % kLine;
  first = start;
  for (size_t row = 0; row < numbers.rows; ++row)
    for (size_t col = 0; col < numbers.cols; ++col) {
      size_t step = col / kBlock * count + row / kUnitRows, inside = row % kUnitRows;
      size_t place = (inside / 4 * kBlock + col % kBlock) * 4 + inside % 4;
      auto number = static_cast<uint16_t>(numbers.at(row, col));
      uint8_t *to = start + step * 2 * kStepBytes + place;
      to[0] = static_cast<uint8_t>(number >> 8);
      to[kStepBytes] = static_cast<uint8_t>(number);
    }
}

#if CIMC_HAS_AMX

#define CIMC_UNIT __attribute__((target("amx-tile,amx-int8,avx512f")))

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

constexpr size_t kResults = kUnitVectors * PairMatrix::kBlock;

CIMC_UNIT void configure() {
  static const Configuration configuration;
  _tile_loadconfig(&configuration);
}
CIMC_UNIT void release() { _tile_release(); }

/// out = high * 2^16 + middle * 2^8 + low.
CIMC_UNIT inline void combine(const int32_t *high, const int32_t *middle, const int32_t *low,
                              int32_t *out) {
  for (size_t i = 0; i < kResults; i += 16) {
    __m512i sum = _mm512_add_epi32(_mm512_slli_epi32(_mm512_load_si512(middle + i), 8),
                                   _mm512_load_si512(low + i));
    if (high)
      sum = _mm512_add_epi32(sum, _mm512_slli_epi32(_mm512_load_si512(high + i), 16));
    _mm512_storeu_si512(out + i, sum);
  }
}
} // namespace

MatrixUnitUse::MatrixUnitUse() { configure(); }
MatrixUnitUse::~MatrixUnitUse() { release(); }

CIMC_UNIT void multiplyOnUnit(const UnitMatrix &numbers, const UnitMatrix *squares, size_t block,
                              const UnitInputs &inputs, int32_t *sums, int32_t *squareSums) {
  constexpr size_t kStep = UnitMatrix::kStepBytes, kRowBytes = 64;
  const uint8_t *w = numbers.block(block), *v = squares ? squares->block(block) : nullptr;
  // Registers 0 and 1 sum up for numbers, 2 to 4 for squares, 5 holds inputs, 6 and 7 a matrix.
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  for (size_t step = 0; step < numbers.steps(); ++step, w += 2 * kStep) {
    _tile_loadd(5, inputs.vectors + step * kUnitRows, inputs.pitch);
    _tile_loadd(6, w, kRowBytes);
    _tile_loadd(7, w + kStep, kRowBytes);
    _tile_dpbssd(0, 5, 6);
    _tile_dpbsud(1, 5, 7);
    if (!v)
      continue;
    _tile_loadd(6, v, kRowBytes);
    _tile_loadd(7, v + kStep, kRowBytes);
    _tile_loadd(5, inputs.high + step * kUnitRows, inputs.pitch);
    _tile_dpbuud(2, 5, 6);
    _tile_dpbuud(3, 5, 7);
    _tile_loadd(5, inputs.low + step * kUnitRows, inputs.pitch);
    _tile_dpbuud(3, 5, 6);
    _tile_dpbuud(4, 5, 7);
    v += 2 * kStep;
  }
  alignas(64) int32_t parts[3][kResults];
  _tile_stored(0, parts[0], kRowBytes);
  _tile_stored(1, parts[1], kRowBytes);
  combine(nullptr, parts[0], parts[1], sums);
  if (!v)
    return;
  _tile_stored(2, parts[0], kRowBytes);
  _tile_stored(3, parts[1], kRowBytes);
  _tile_stored(4, parts[2], kRowBytes);
  combine(parts[0], parts[1], parts[2], squareSums);
}

#else

bool hasMatrixUnit() { return false; }
MatrixUnitUse::MatrixUnitUse() = default;
MatrixUnitUse::~MatrixUnitUse() = default;
void multiplyOnUnit(const UnitMatrix &, const UnitMatrix *, size_t, const UnitInputs &, int32_t *,
                    int32_t *) {}

#endif

} // namespace cimc::executor
