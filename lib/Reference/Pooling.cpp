//===- Pooling.cpp - Evaluation of pools and reductions -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pools run over NHWC maps with the channels innermost, so that the inner loops are dense. Sums of
// integers are exact; the mean divides the float sum of the window's valid elements by their
// number.
//
//===--------------------------------------------------------------------------===//

#include "Kernels.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <algorithm>
#include <cstring>

using namespace mlir;

namespace cimc::reference {
namespace {

struct PoolSpec {
  int64_t n, ih, iw, c, oh, ow;
  int64_t kernel[2], stride[2], dilation[2] = {1, 1}, padTop = 0, padLeft = 0;

  PoolSpec(Value input, Value output, ArrayRef<int64_t> kernelSize, ArrayRef<int64_t> strides)
      : n(shapeOf(input)[0]), ih(shapeOf(input)[1]), iw(shapeOf(input)[2]), c(shapeOf(input)[3]),
        oh(shapeOf(output)[1]), ow(shapeOf(output)[2]), kernel{kernelSize[0], kernelSize[1]},
        stride{strides[0], strides[1]} {}
};

/// Calls `visit(output element of channel 0, input element of channel 0, is first)` for each valid
/// tap, then `finish(output, taps)` for each window.
template <typename Visit, typename Finish>
void forEachWindow(const PoolSpec &s, Visit visit, Finish finish) {
  for (int64_t window = 0; window < s.n * s.oh * s.ow; ++window) {
    int64_t x = window % s.ow, y = window / s.ow % s.oh, n = window / (s.ow * s.oh), taps = 0;
    for (int64_t ky = 0; ky < s.kernel[0]; ++ky) {
      int64_t iy = y * s.stride[0] - s.padTop + ky * s.dilation[0];
      if (iy < 0 || iy >= s.ih)
        continue;
      for (int64_t kx = 0; kx < s.kernel[1]; ++kx) {
        int64_t ix = x * s.stride[1] - s.padLeft + kx * s.dilation[1];
        if (ix < 0 || ix >= s.iw)
          continue;
        visit(window * s.c, ((n * s.ih + iy) * s.iw + ix) * s.c, taps++ == 0);
      }
    }
    finish(window * s.c, taps);
  }
}

template <typename T> void maxPool(const PoolSpec &s, const T *in, T *out) {
  forEachWindow(
      s,
      [&](int64_t to, int64_t from, bool first) {
        if (first)
          return static_cast<void>(std::copy_n(in + from, s.c, out + to));
        for (int64_t c = 0; c < s.c; ++c) // a NaN stays
          out[to + c] = in[from + c] > out[to + c] || in[from + c] != in[from + c] ? in[from + c]
                                                                                   : out[to + c];
      },
      [](int64_t, int64_t) {});
}

/// A mean over the whole map sums every fourth place by itself, then (0 + 2) + (1 + 3), then what
/// is left over, as ONNX Runtime does: sums of equal quantised numbers are often exactly half-way
/// between two integers, and the order decides.
void globalAverage(const PoolSpec &s, const float *in, float *out) {
  int64_t places = s.ih * s.iw, whole = places / 4 * 4;
  for (int64_t n = 0; n < s.n; ++n)
    for (int64_t c = 0; c < s.c; ++c) {
      const float *map = in + n * places * s.c + c;
      float lanes[4] = {0.0f, 0.0f, 0.0f, 0.0f};
      for (int64_t i = 0; i < whole; ++i)
        lanes[i % 4] += map[i * s.c];
      float sum = (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
      for (int64_t i = whole; i < places; ++i)
        sum += map[i * s.c];
      out[n * s.c + c] = sum / static_cast<float>(places);
    }
}

void averagePool(const PoolSpec &s, const float *in, float *out) {
  if (s.oh == 1 && s.ow == 1 && s.kernel[0] == s.ih && s.kernel[1] == s.iw)
    return globalAverage(s, in, out);
  forEachWindow(
      s,
      [&](int64_t to, int64_t from, bool first) {
        for (int64_t c = 0; c < s.c; ++c)
          out[to + c] = first ? in[from + c] : out[to + c] + in[from + c];
      },
      [&](int64_t to, int64_t taps) {
        for (int64_t c = 0; c < s.c; ++c)
          out[to + c] = taps == 0 ? 0.0f : out[to + c] / static_cast<float>(taps);
      });
}

template <typename T, typename Sum> void sumPool(const PoolSpec &s, const T *in, Sum *out) {
  forEachWindow(
      s,
      [&](int64_t to, int64_t from, bool) {
        for (int64_t c = 0; c < s.c; ++c)
          out[to + c] += static_cast<Sum>(in[from + c]);
      },
      [](int64_t, int64_t) {});
}

FailureOr<Kernel> prepareMaxPool(Operation *op, Preparation &prep) {
  auto pool = cast<tosa::MaxPool2dOp>(op);
  PoolSpec spec(pool.getInput(), pool.getOutput(), pool.getKernel(), pool.getStride());
  spec.padTop = pool.getPad()[0], spec.padLeft = pool.getPad()[2];
  Slot in = prep.read(pool.getInput()), out = prep.write(pool.getOutput());
  if (elementOf(pool.getInput()).isF32())
    return Kernel([=](Frame &f) { maxPool(spec, f.at<const float>(in), f.at<float>(out)); });
  if (elementOf(pool.getInput()).isInteger(8))
    return Kernel([=](Frame &f) { maxPool(spec, f.at<const int8_t>(in), f.at<int8_t>(out)); });
  return op->emitError("element type must be f32 or i8 to evaluate the model");
}

FailureOr<Kernel> prepareAveragePool(Operation *op, Preparation &prep) {
  auto pool = cast<tosa::AvgPool2dOp>(op);
  if (!elementOf(pool.getInput()).isF32())
    return op->emitError("element type must be f32 to evaluate the model; integer means are a sum "
                         "pool and a requantisation");
  PoolSpec spec(pool.getInput(), pool.getOutput(), pool.getKernel(), pool.getStride());
  spec.padTop = pool.getPad()[0], spec.padLeft = pool.getPad()[2];
  Slot in = prep.read(pool.getInput()), out = prep.write(pool.getOutput());
  return Kernel([=](Frame &f) { averagePool(spec, f.at<const float>(in), f.at<float>(out)); });
}

FailureOr<Kernel> prepareSumPool(Operation *op, Preparation &prep) {
  auto pool = cast<linalg::PoolingNhwcSumOp>(op);
  Value input = pool.getInputs()[0], window = pool.getInputs()[1], init = pool.getOutputs()[0],
        output = op->getResult(0);
  SmallVector<int64_t> strides(pool.getStrides().getValues<int64_t>()),
      dilations(pool.getDilations().getValues<int64_t>());
  PoolSpec spec(input, output, shapeOf(window), strides);
  std::copy_n(dilations.begin(), 2, spec.dilation);
  Slot in = prep.read(input), start = prep.read(init), out = prep.write(output);
  int64_t bytes = prep.slots[out].bytes;
  if (elementOf(input).isInteger(8) && elementOf(output).isInteger(32))
    return Kernel([=](Frame &f) {
      std::memcpy(f.slots[out], f.slots[start], bytes);
      sumPool(spec, f.at<const int8_t>(in), f.at<int32_t>(out));
    });
  if (elementOf(input).isF32() && elementOf(output).isF32())
    return Kernel([=](Frame &f) {
      std::memcpy(f.slots[out], f.slots[start], bytes);
      sumPool(spec, f.at<const float>(in), f.at<float>(out));
    });
  return op->emitError("must sum i8 to i32 or f32 to f32 to evaluate the model");
}

//===--------------------------------------------------------------------------===//
// Reductions
//===--------------------------------------------------------------------------===//

struct Add {
  template <typename T> static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) +
                            static_cast<std::make_unsigned_t<T>>(b));
    else
      return a + b;
  }
};
struct Multiply {
  template <typename T> static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    else
      return a * b;
  }
};
struct Larger {
  template <typename T> static T apply(T a, T b) { return a > b || a != a ? a : b; }
};
struct Smaller {
  template <typename T> static T apply(T a, T b) { return a < b || a != a ? a : b; }
};

/// Reduces the middle of `outer x length x inner`.
template <typename Op, typename T>
void reduce(int64_t outer, int64_t length, int64_t inner, const T *in, T *out) {
  for (int64_t o = 0; o < outer; ++o, in += length * inner, out += inner) {
    std::copy_n(in, inner, out);
    for (int64_t l = 1; l < length; ++l)
      for (int64_t i = 0; i < inner; ++i)
        out[i] = Op::template apply<T>(out[i], in[l * inner + i]);
  }
}

template <typename Op> FailureOr<Kernel> prepareReduce(Operation *op, Preparation &prep) {
  Value input = op->getOperand(0), output = op->getResult(0);
  int64_t axis = op->getAttrOfType<IntegerAttr>("axis").getInt(), outer = 1, inner = 1,
          length = shapeOf(input)[axis];
  for (auto [i, size] : llvm::enumerate(shapeOf(input)))
    (static_cast<int64_t>(i) < axis ? outer : inner) *= static_cast<int64_t>(i) == axis ? 1 : size;
  Slot in = prep.read(input), out = prep.write(output);
  Type type = elementOf(input);
  auto typed = [&]<typename T>(T) {
    return Kernel(
        [=](Frame &f) { reduce<Op, T>(outer, length, inner, f.at<const T>(in), f.at<T>(out)); });
  };
  if (type.isF32())
    return typed(float());
  if (type.isInteger(8))
    return typed(int8_t());
  if (type.isInteger(32))
    return typed(int32_t());
  if (type.isInteger(64))
    return typed(int64_t());
  return op->emitError("element type must be f32, i8, i32 or i64 to evaluate the model");
}

constexpr OpEntry kOps[] = {
    {"tosa.max_pool2d", prepareMaxPool},
    {"tosa.avg_pool2d", prepareAveragePool},
    {"linalg.pooling_nhwc_sum", prepareSumPool},
    {"tosa.reduce_sum", prepareReduce<Add>},
    {"tosa.reduce_product", prepareReduce<Multiply>},
    {"tosa.reduce_max", prepareReduce<Larger>},
    {"tosa.reduce_min", prepareReduce<Smaller>},
};

} // namespace

ArrayRef<OpEntry> poolingOps() { return kOps; }

} // namespace cimc::reference
