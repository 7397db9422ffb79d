//===- Random.cpp - Random numbers that depend on what they are for --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The seed, purpose, array and plane are hashed into the key of a stream by Philox itself; place,
// read and sample are the counter. A block of 128 bits serves two neighbouring places.
//
// A normal number takes 64 bits: a sign, and the probability of the tail in multiples of 2^-64, so
// that small probabilities are as finely divided as large ones. Numbers are made in runs: first
// bits, then the rational function of the centre for all of a run, which compilers vectorise, then
// the tails (15 %).
//
//===--------------------------------------------------------------------------===//

#include "cimc/Devices/Random.h"

#include "cimc/Support/PortableMath.h"

#include <Random123/philox.h>

#include <algorithm>
#include <cmath>

namespace cimc::devices {
namespace {

constexpr size_t kRun = 256;
/// Half the width of the centre, in probability.
constexpr double kCentre = 0.425;

template <size_t N> double polynomial(const double (&coefficients)[N], double x) {
  double value = coefficients[N - 1];
  for (size_t i = N - 1; i-- > 0;)
    value = value * x + coefficients[i];
  return value;
}

/// The quantile of 1/2 + q. Requires: |q| <= kCentre, else the value is finite and wrong.
double centralQuantile(double q) {
  static constexpr double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                 1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                 3.3430575583588128105e+4, 2.5090809287301226727e+3};
  static constexpr double b[] = {1,
                                 4.2313330701600911252e+1,
                                 6.8718700749205790830e+2,
                                 5.3941960214247511077e+3,
                                 2.1213794301586595867e+4,
                                 3.9307895800092710610e+4,
                                 2.8729085735721942674e+4,
                                 5.2264952788528545610e+3};
  double r = kCentre * kCentre - q * q;
  return q * polynomial(a, r) / polynomial(b, r);
}

/// The distance from 0 beyond which a tail has probability p. Requires: 0 < p <= 1/2 - kCentre.
double tailQuantile(double p) {
  static constexpr double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                 5.76949722146069140550e0,  3.64784832476320460504e0,
                                 1.27045825245236838258e0,  2.41780725177450611770e-1,
                                 2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double d[] = {1,
                                 2.05319162663775882187e0,
                                 1.67638483018380384940e0,
                                 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1,
                                 1.51986665636164571966e-2,
                                 5.47593808499534494600e-4,
                                 1.05075007164441684324e-9};
  static constexpr double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                 1.78482653991729133580e0,  2.96560571828504891230e-1,
                                 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                 2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double f[] = {1,
                                 5.99832206555887937690e-1,
                                 1.36929880922735805310e-1,
                                 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4,
                                 1.84631831751005468180e-5,
                                 1.42151175831644588870e-7,
                                 2.04426310338993978564e-15};
  double r = std::sqrt(-portable::log(p));
  return r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6)
                : polynomial(e, r - 5) / polynomial(f, r - 5);
}

/// The sign of a number and the probability of its tail, from (0, 1/2].
double tailOf(uint64_t bits) { return (double(int64_t(bits >> 1)) + 0.5) * 0x1p-64; }

} // namespace

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  r123::Philox4x32_R<10>::ctr_type c = {{counter[0], counter[1], counter[2], counter[3]}};
  r123::Philox4x32_R<10>::key_type k = {{key[0], key[1]}};
  auto block = r123::Philox4x32_R<10>()(c, k);
  return {block[0], block[1], block[2], block[3]};
}

double normalQuantile(double p) {
  double q = p - 0.5;
  if (std::fabs(q) <= kCentre)
    return centralQuantile(q);
  return q < 0 ? -tailQuantile(p) : tailQuantile(1 - p);
}

RandomStream::RandomStream(uint64_t seed, Purpose purpose, uint64_t array, uint32_t plane) {
  auto hash = philox({uint32_t(purpose), plane, uint32_t(array), uint32_t(array >> 32)},
                     {uint32_t(seed), uint32_t(seed >> 32)});
  key = {hash[0], hash[1]};
}

void RandomStream::bits(std::span<uint64_t> out, uint64_t first, uint32_t sample,
                        uint32_t read) const {
  for (size_t i = 0; i < out.size();) {
    uint64_t place = first + i, pair = place / 2;
    auto block = philox({uint32_t(pair), uint32_t(pair >> 32), read, sample}, key);
    if (place % 2 == 0)
      out[i++] = block[0] | uint64_t(block[1]) << 32;
    if (i < out.size())
      out[i++] = block[2] | uint64_t(block[3]) << 32;
  }
}

void RandomStream::normals(std::span<double> out, uint64_t first, uint32_t sample,
                           uint32_t read) const {
  uint64_t run[kRun];
  for (size_t begin = 0; begin < out.size(); begin += kRun) {
    size_t count = std::min(kRun, out.size() - begin);
    double *values = out.data() + begin;
    bits({run, count}, first + begin, sample, read);
    for (size_t i = 0; i < count; ++i)
      values[i] = 0.5 - tailOf(run[i]);
    for (size_t i = 0; i < count; ++i)
      values[i] = centralQuantile(values[i]);
    // Collected without a branch, which no processor could foresee.
    uint32_t tails[kRun], tailCount = 0;
    for (size_t i = 0; i < count; ++i) {
      tails[tailCount] = uint32_t(i);
      tailCount += tailOf(run[i]) < 0.5 - kCentre;
    }
    for (uint32_t i : std::span(tails, tailCount))
      values[i] = tailQuantile(tailOf(run[i]));
    for (size_t i = 0; i < count; ++i)
      values[i] = run[i] & 1 ? -values[i] : values[i];
  }
}

void RandomStream::uniforms(std::span<double> out, uint64_t first, uint32_t sample,
                            uint32_t read) const {
  uint64_t run[kRun];
  for (size_t begin = 0; begin < out.size(); begin += kRun) {
    size_t count = std::min(kRun, out.size() - begin);
    bits({run, count}, first + begin, sample, read);
    for (size_t i = 0; i < count; ++i)
      out[begin + i] = double(int64_t(run[i] >> 11)) * 0x1p-53;
  }
}

} // namespace cimc::devices
