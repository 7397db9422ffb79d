//===- FloatLayers.h - Convolutions and products by oneDNN ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The only door to oneDNN. Activations are NHWC, constant weights are brought into the library's
// own layout once. Every call runs in the calling thread.
//
//===--------------------------------------------------------------------------===//

#ifndef CIMC_LIB_REFERENCE_FLOATLAYERS_H
#define CIMC_LIB_REFERENCE_FLOATLAYERS_H

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace cimc::reference {

/// A two-dimensional convolution, `oc` and `ic` in all groups together.
struct ConvSpec {
  int64_t n, ih, iw, ic, oh, ow, oc, kh, kw, groups;
  std::array<int64_t, 2> stride, dilation;
  std::array<int64_t, 4> pad; // top, bottom, left, right
  /// Elements between neighbours in the weights given: group, output channel in the group, input
  /// channel in the group, row, column.
  std::array<int64_t, 5> weightStrides;
};

class FloatConv {
public:
  /// `bias` may be null. On failure gives null and says why in `error`.
  static std::unique_ptr<FloatConv> create(const ConvSpec &spec, const float *weights,
                                           const float *bias, std::string &error);
  ~FloatConv();
  void run(const float *input, float *output) const;

private:
  struct Impl;
  explicit FloatConv(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

/// `batch` products of `m x k` by `k x n`.
class FloatMatmul {
public:
  /// `weights` (k x n, C order) is null if the right operand comes with each call.
  static std::unique_ptr<FloatMatmul> create(int64_t batch, int64_t m, int64_t k, int64_t n,
                                             const float *weights, std::string &error);
  ~FloatMatmul();
  void run(const float *a, const float *b, float *output) const;

private:
  struct Impl;
  explicit FloatMatmul(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

/// Keeps oneDNN in the calling thread for as long as it lives.
class SingleThreadScope {
public:
  SingleThreadScope();
  ~SingleThreadScope();

private:
  int before;
};

} // namespace cimc::reference

#endif // CIMC_LIB_REFERENCE_FLOATLAYERS_H
