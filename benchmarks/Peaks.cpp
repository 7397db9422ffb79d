//===- Peaks.cpp - Multiply-accumulates that a processor can do ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Twelve sums go on side by side, since an instruction takes up to five cycles and two can start in
// each. The best of several short loops counts: the clock rises with use, and neighbours on the
// same machine lower it.
//
//===--------------------------------------------------------------------------===//

#include "Peaks.h"

#include <algorithm>
#include <cstdint>
#include <ctime>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace cimc;
using namespace cimc::bench;

namespace {
#if defined(__x86_64__) && defined(__linux__)

/// Calls of a loop per second of processor time, in the best of some tries.
double callsPerSecond(void (*loop)()) {
  double best = 0;
  for (int attempt = 0; attempt < 8; ++attempt) {
    std::clock_t start = std::clock();
    int calls = 0;
    while (std::clock() - start < CLOCKS_PER_SEC / 200)
      for (int i = 0; i < 8; ++i, ++calls)
        loop();
    double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    best = std::max(best, calls / seconds);
  }
  return best;
}

constexpr int kRounds = 100, kRepeats = 10, kSums = 12;

// All bits of the operands are set: -1, 255 or, of floats, not a number, which costs no time.
#define CIMC_VECTOR_LOOP(NAME, INSTRUCTION)                                                        \
  void NAME() {                                                                                    \
    for (int i = 0; i < kRounds; ++i)                                                              \
      asm volatile("vpternlogd $255, %%zmm15, %%zmm15, %%zmm15\n"                                  \
                   ".rept %c0\n"                                                                   \
                   ".irp sum,0,1,2,3,4,5,6,7,8,9,10,11\n" INSTRUCTION                              \
                   " %%zmm15, %%zmm15, %%zmm\\sum\n"                                               \
                   ".endr\n.endr" ::"i"(kRepeats)                                                  \
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",       \
                     "xmm9", "xmm10", "xmm11", "xmm15");                                           \
  }
CIMC_VECTOR_LOOP(multiplyBytes, "vpdpbusd")
CIMC_VECTOR_LOOP(multiplyWords, "vpdpwssd")
CIMC_VECTOR_LOOP(multiplyFloats, "vfmadd231ps")
#undef CIMC_VECTOR_LOOP

constexpr int kTileRounds = 1000, kTileSums = 6;

/// 16 by 16 sums of 64 products each, six times side by side.
void multiplyTiles() {
  for (int i = 0; i < kTileRounds; ++i)
    asm volatile("tdpbssd %tmm7, %tmm6, %tmm0\n tdpbssd %tmm7, %tmm6, %tmm1\n"
                 "tdpbssd %tmm7, %tmm6, %tmm2\n tdpbssd %tmm7, %tmm6, %tmm3\n"
                 "tdpbssd %tmm7, %tmm6, %tmm4\n tdpbssd %tmm7, %tmm6, %tmm5");
}

/// Whether there is a matrix unit for bytes and the system lets this process use it.
bool takeTiles() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kTile = 1u << 24, kInt8 = 1u << 25;
  constexpr long kRequestPermission = 0x1023, kTileData = 18; // of arch_prctl
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & kTile) && (d & kInt8) &&
         syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

double measureTiles() {
  struct alignas(64) {
    uint8_t palette = 1, startRow = 0, reserved[14] = {};
    uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } shapes;
  asm volatile("ldtilecfg %0" ::"m"(shapes));
  double calls = callsPerSecond(multiplyTiles);
  asm volatile("tilerelease");
  return calls * kTileRounds * kTileSums * 16 * 16 * 64;
}

#endif
} // namespace

std::vector<Peak> bench::measurePeaks() {
  std::vector<Peak> peaks;
#if defined(__x86_64__) && defined(__linux__)
  constexpr double kCall = double{kRounds} * kRepeats * kSums;
  if (__builtin_cpu_supports("avx512vnni")) {
    peaks.push_back({"int8", "vpdpbusd", callsPerSecond(multiplyBytes) * kCall * 64});
    peaks.push_back({"int16", "vpdpwssd", callsPerSecond(multiplyWords) * kCall * 32});
  }
  if (__builtin_cpu_supports("avx512f"))
    peaks.push_back({"float32", "vfmadd231ps", callsPerSecond(multiplyFloats) * kCall * 16});
  if (takeTiles())
    peaks.push_back({"int8 tiles", "tdpbssd", measureTiles()});
#endif
  return peaks;
}

double bench::macsPerSecond(const std::vector<Peak> &peaks, const std::string &name) {
  auto found =
      std::find_if(peaks.begin(), peaks.end(), [&](const Peak &peak) { return peak.name == name; });
  return found == peaks.end() ? 0 : found->macsPerSecond;
}
