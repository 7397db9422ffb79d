//===- VectorOperations.cpp - Elementwise functions and copies -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions are chosen from tables when the program is loaded, so the loops hold no decision.
// Iteration spaces of four dimensions are first collapsed: dimensions that are neighbours in all
// operands become one.
//
//===--------------------------------------------------------------------------===//

#include "Numbers.h"
#include "Operation.h"

#include "cimc/Support/Half.h"

#include <cstring>

using namespace cimc;
using namespace cimc::executor;
using program::Format;

namespace {
//===--------------------------------------------------------------------------===//
// Iteration spaces
//===--------------------------------------------------------------------------===//

/// An iteration space with the element strides of N operands, the last dimension innermost.
template <size_t N> struct Space {
  std::array<int64_t, 4> dims{1, 1, 1, 1};
  std::array<std::array<int64_t, 4>, N> strides{};

  /// Calls `line(offsets)` for each innermost run, with the element offset of each operand.
  template <typename Line> void forEachLine(Line line) const {
    std::array<int64_t, N> at{};
    for (int64_t i = 0; i < dims[0]; ++i)
      for (int64_t j = 0; j < dims[1]; ++j)
        for (int64_t k = 0; k < dims[2]; ++k) {
          for (size_t n = 0; n < N; ++n)
            at[n] = i * strides[n][0] + j * strides[n][1] + k * strides[n][2];
          line(at);
        }
  }
  bool unitInner() const {
    for (size_t n = 0; n < N; ++n)
      if (strides[n][3] != 1)
        return false;
    return true;
  }
};

/// Whether dimension `inner` follows dimension `outer` without a gap in every operand.
template <size_t N> bool follows(const Space<N> &space, size_t outer, size_t inner) {
  for (size_t n = 0; n < N; ++n)
    if (space.strides[n][outer] != space.dims[inner] * space.strides[n][inner])
      return false;
  return true;
}

template <size_t N>
Space<N> collapse(const std::array<int32_t, 4> &dims,
                  const std::array<std::array<int32_t, 4>, N> &strides) {
  Space<N> space;
  size_t next = 4; // dimensions are filled from the innermost outwards
  for (size_t d = 4; d-- > 0;) {
    if (dims[d] == 1 && !(d == 0 && next == 4))
      continue;
    Space<N> candidate = space;
    size_t place = next - 1;
    candidate.dims[place] = dims[d];
    for (size_t n = 0; n < N; ++n)
      candidate.strides[n][place] = strides[n][d];
    if (next < 4 && follows(candidate, place, next)) {
      space.dims[next] *= dims[d];
      continue;
    }
    space = candidate;
    next = place;
  }
  return space;
}

//===--------------------------------------------------------------------------===//
// Functions
//===--------------------------------------------------------------------------===//

using UnaryFunction = float (*)(float);
constexpr std::array<UnaryFunction, 13> kUnary{
    [](float x) { return std::fabs(x); },        // abs
    [](float x) { return -x; },                  // neg
    [](float x) { return std::exp(x); },         // exp
    [](float x) { return std::log(x); },         // log
    [](float x) { return std::tanh(x); },        // tanh
    [](float x) { return std::sqrt(x); },        // sqrt
    [](float x) { return 1.0f / std::sqrt(x); }, // rsqrt
    [](float x) { return std::floor(x); },       // floor
    [](float x) { return std::ceil(x); },        // ceil
    [](float x) { return std::nearbyint(x); },   // roundeven
    [](float x) { return std::erf(x); },         // erf
    [](float x) { return std::sin(x); },         // sin
    [](float x) { return std::cos(x); },         // cos
};

/// A line of a binary function: element strides as, bs, ds.
template <typename T>
using BinaryLine = void (*)(const T *a, int64_t as, const T *b, int64_t bs, T *d, int64_t ds,
                            int64_t count);

template <typename T, T (*Function)(T, T)>
void binaryLine(const T *a, int64_t as, const T *b, int64_t bs, T *d, int64_t ds, int64_t count) {
  if (as == 1 && bs == 1 && ds == 1) {
    for (int64_t i = 0; i < count; ++i)
      d[i] = Function(a[i], b[i]);
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    d[i * ds] = Function(a[i * as], b[i * bs]);
}

/// A function of halves: in f32, rounded.
template <float (*Function)(float, float)> Half halfOf(Half a, Half b) {
  return Half(Function(a, b));
}

// Functions in the order of BinaryFn.
float addF(float a, float b) { return a + b; }
float subF(float a, float b) { return a - b; }
float mulF(float a, float b) { return a * b; }
float divF(float a, float b) { return a / b; }
float powF(float a, float b) { return std::pow(a, b); }
template <typename T> T equal(T a, T b) { return a == b; }
template <typename T> T less(T a, T b) { return a < b; }
template <typename T> T lessOrEqual(T a, T b) { return a <= b; }

constexpr std::array<BinaryLine<float>, 10> kBinaryF32{
    binaryLine<float, addF>,       binaryLine<float, subF>,    binaryLine<float, mulF>,
    binaryLine<float, divF>,       binaryLine<float, maximum>, binaryLine<float, minimum>,
    binaryLine<float, powF>,       binaryLine<float, equal>,   binaryLine<float, less>,
    binaryLine<float, lessOrEqual>};
constexpr std::array<BinaryLine<Half>, 10> kBinaryF16{
    binaryLine<Half, halfOf<addF>>,    binaryLine<Half, halfOf<subF>>,
    binaryLine<Half, halfOf<mulF>>,    binaryLine<Half, halfOf<divF>>,
    binaryLine<Half, halfOf<maximum>>, binaryLine<Half, halfOf<minimum>>,
    binaryLine<Half, halfOf<powF>>,    binaryLine<Half, halfOf<equal>>,
    binaryLine<Half, halfOf<less>>,    binaryLine<Half, halfOf<lessOrEqual>>};
template <typename Integer>
constexpr std::array<BinaryLine<Integer>, 10> kBinaryInteger{binaryLine<Integer, wrapAdd<Integer>>,
                                                             binaryLine<Integer, wrapSub<Integer>>,
                                                             binaryLine<Integer, wrapMul<Integer>>,
                                                             binaryLine<Integer, divide<Integer>>,
                                                             binaryLine<Integer, maximum<Integer>>,
                                                             binaryLine<Integer, minimum<Integer>>,
                                                             binaryLine<Integer, power<Integer>>,
                                                             binaryLine<Integer, equal>,
                                                             binaryLine<Integer, less>,
                                                             binaryLine<Integer, lessOrEqual>};

// Reductions in the order of ReduceFn.
template <typename T> using ReduceLine = void (*)(const T *in, T *out, int64_t inner);
template <typename T, T (*Function)(T, T)> void reduceLine(const T *in, T *out, int64_t inner) {
  for (int64_t i = 0; i < inner; ++i)
    out[i] = Function(out[i], in[i]);
}
constexpr std::array<ReduceLine<float>, 4> kReduceF32{
    reduceLine<float, addF>, reduceLine<float, maximum>, reduceLine<float, minimum>,
    reduceLine<float, mulF>};
constexpr std::array<ReduceLine<int32_t>, 4> kReduceI32{
    reduceLine<int32_t, wrapAdd>, reduceLine<int32_t, maximum>, reduceLine<int32_t, minimum>,
    reduceLine<int32_t, wrapMul>};

//===--------------------------------------------------------------------------===//
// Conversions
//===--------------------------------------------------------------------------===//

template <typename T> constexpr bool kIsFloat = std::is_same_v<T, float> || std::is_same_v<T, Half>;

template <typename To, typename From> To convertElement(From value) {
  if constexpr (kIsFloat<From> && !kIsFloat<To>)
    return truncate<To>(value);
  else if constexpr (std::is_same_v<To, Half>)
    return Half(static_cast<float>(value));
  else
    return static_cast<To>(value);
}

using ConvertFunction = void (*)(const std::byte *in, std::byte *out, uint32_t count);
template <typename To, typename From>
void convertLine(const std::byte *in, std::byte *out, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i)
    reinterpret_cast<To *>(out)[i] = convertElement<To>(reinterpret_cast<const From *>(in)[i]);
}
template <typename From>
constexpr std::array<ConvertFunction, 5> kFrom{convertLine<int8_t, From>,
                                               convertLine<int32_t, From>, convertLine<float, From>,
                                               convertLine<int64_t, From>, convertLine<Half, From>};
/// Indexed by from and to.
constexpr std::array<std::array<ConvertFunction, 5>, 5> kConvert{
    kFrom<int8_t>, kFrom<int32_t>, kFrom<float>, kFrom<int64_t>, kFrom<Half>};

template <typename T>
Operation prepareBinary(const program::Binary &op, RowOperand a, RowOperand b, RowOperand target,
                        BinaryLine<T> line) {
  Space<3> space = collapse<3>(op.dims, {op.aStrides, op.bStrides, op.dstStrides});
  return always([=](Frame &frame) {
    auto left = a.at<T>(frame), right = b.at<T>(frame), out = target.at<T>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      space.forEachLine([&](const std::array<int64_t, 3> &at) {
        line(left[s] + at[0], space.strides[0][3], right[s] + at[1], space.strides[1][3],
             out[s] + at[2], space.strides[2][3], space.dims[3]);
      });
  });
}

/// What the source moves by from firing to firing, in elements.
struct Odometer {
  explicit Odometer(const program::Copy &op) : turns(op.turns) {
    for (size_t i = 0; i < 4; ++i)
      steps[i] = op.srcSteps[i];
  }
  int64_t at(uint32_t counter) const { return program::moveAt(turns, steps, counter); }

  std::array<int32_t, 4> turns;
  std::array<int64_t, 4> steps{};
};

template <typename T>
Operation prepareCopy(const Space<2> &space, RowOperand source, const Odometer &odometer,
                      RowOperand target) {
  if (space.unitInner())
    return always([=](Frame &frame) {
      auto in = source.at<T>(frame), out = target.at<T>(frame);
      int64_t start = odometer.at(frame.counter);
      for (uint32_t s = 0; s < frame.samples; ++s)
        space.forEachLine([&](const std::array<int64_t, 2> &at) {
          std::memmove(out[s] + at[1], in[s] + start + at[0],
                       static_cast<size_t>(space.dims[3]) * sizeof(T));
        });
    });
  return always([=](Frame &frame) {
    auto in = source.at<T>(frame), out = target.at<T>(frame);
    int64_t start = odometer.at(frame.counter);
    for (uint32_t s = 0; s < frame.samples; ++s)
      space.forEachLine([&](const std::array<int64_t, 2> &at) {
        const T *from = in[s] + start + at[0];
        T *to = out[s] + at[1];
        for (int64_t i = 0; i < space.dims[3]; ++i)
          to[i * space.strides[1][3]] = from[i * space.strides[0][3]];
      });
  });
}

template <typename T> Operation prepareFill(RowOperand target, uint32_t count, T value) {
  return always([=](Frame &frame) {
    auto out = target.at<T>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      std::fill_n(out[s], count, value);
  });
}

template <typename T>
Operation prepareReduce(const program::Reduce &op, RowOperand source, RowOperand target,
                        ReduceLine<T> line) {
  return always([=](Frame &frame) {
    auto in = source.at<T>(frame), out = target.at<T>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      for (size_t o = 0; o < op.outer; ++o) {
        const T *slice = in[s] + o * op.extent * op.inner;
        T *result = out[s] + o * op.inner;
        if (!op.accumulate)
          std::memcpy(result, slice, op.inner * sizeof(T));
        for (size_t e = op.accumulate ? 0 : 1; e < op.extent; ++e)
          line(slice + e * op.inner, result, op.inner);
      }
  });
}

/// A reduction of halves: in f32, in scratch, and rounded at the end.
Operation prepareHalfReduce(const program::Reduce &op, const CoreContext &context,
                            ReduceLine<float> line) {
  RowOperand source = context.row(op.src), target = context.row(op.dst);
  context.needScratch(2 * size_t{op.inner} * sizeof(float));
  return always([=](Frame &frame) {
    auto in = source.at<Half>(frame), out = target.at<Half>(frame);
    auto *sums = reinterpret_cast<float *>(frame.worker->scratch), *wide = sums + op.inner;
    for (uint32_t s = 0; s < frame.samples; ++s)
      for (size_t o = 0; o < op.outer; ++o) {
        const Half *slice = in[s] + o * op.extent * op.inner;
        Half *result = out[s] + o * op.inner;
        std::copy_n(op.accumulate ? result : slice, op.inner, sums);
        for (size_t e = op.accumulate ? 0 : 1; e < op.extent; ++e) {
          std::copy_n(slice + e * op.inner, op.inner, wide);
          line(wide, sums, op.inner);
        }
        std::transform(sums, wide, result, [](float sum) { return Half(sum); });
      }
  });
}

template <typename T>
Operation prepareUnary(RowOperand source, RowOperand target, program::UnaryFn fn, uint32_t count) {
  return always([=, function = kUnary[static_cast<size_t>(fn)]](Frame &frame) {
    auto in = source.at<T>(frame), out = target.at<T>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      for (uint32_t i = 0; i < count; ++i)
        out[s][i] = T(function(in[s][i]));
  });
}
} // namespace

Operation executor::prepare(const program::Unary &op, const CoreContext &context) {
  return prepareUnary<float>(context.row(op.src), context.row(op.dst), op.fn, op.count);
}

Operation executor::prepare(const program::UnaryF16 &op, const CoreContext &context) {
  return prepareUnary<Half>(context.row(op.src), context.row(op.dst), op.fn, op.count);
}

Operation executor::prepare(const program::Binary &op, const CoreContext &context) {
  RowOperand a = context.row(op.a), b = context.row(op.b), target = context.row(op.dst);
  auto fn = static_cast<size_t>(op.fn);
  if (op.format == Format::F32)
    return prepareBinary<float>(op, a, b, target, kBinaryF32[fn]);
  if (op.format == Format::F16)
    return prepareBinary<Half>(op, a, b, target, kBinaryF16[fn]);
  if (op.format == Format::I32)
    return prepareBinary<int32_t>(op, a, b, target, kBinaryInteger<int32_t>[fn]);
  return prepareBinary<int64_t>(op, a, b, target, kBinaryInteger<int64_t>[fn]);
}

/// Elements are moved as bits.
template <typename T>
static Operation prepareSelect(const program::Select &op, const CoreContext &context) {
  RowOperand condition = context.row(op.condition), a = context.row(op.a), b = context.row(op.b);
  RowOperand target = context.row(op.dst);
  Space<4> space =
      collapse<4>(op.dims, {op.conditionStrides, op.aStrides, op.bStrides, op.dstStrides});
  return always([=](Frame &frame) {
    auto test = condition.at<float>(frame);
    auto left = a.at<T>(frame), right = b.at<T>(frame), out = target.at<T>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      space.forEachLine([&](const std::array<int64_t, 4> &at) {
        for (int64_t i = 0; i < space.dims[3]; ++i)
          out[s][at[3] + i * space.strides[3][3]] = test[s][at[0] + i * space.strides[0][3]] != 0
                                                        ? left[s][at[1] + i * space.strides[1][3]]
                                                        : right[s][at[2] + i * space.strides[2][3]];
      });
  });
}

Operation executor::prepare(const program::Select &op, const CoreContext &context) {
  switch (formatBytes(op.format)) {
  case 2:
    return prepareSelect<uint16_t>(op, context);
  case 4:
    return prepareSelect<uint32_t>(op, context);
  default:
    return prepareSelect<uint64_t>(op, context);
  }
}

Operation executor::prepare(const program::Convert &op, const CoreContext &context) {
  RowOperand source = context.row(op.src), target = context.row(op.dst);
  ConvertFunction convert = kConvert[static_cast<size_t>(op.from)][static_cast<size_t>(op.to)];
  return always([=, count = op.count](Frame &frame) {
    auto in = source.at<std::byte>(frame), out = target.at<std::byte>(frame);
    for (uint32_t s = 0; s < frame.samples; ++s)
      convert(in[s], out[s], count);
  });
}

Operation executor::prepare(const program::Copy &op, const CoreContext &context) {
  size_t bytes = formatBytes(op.format);
  RowOperand source = context.row(op.src), target = context.row(op.dst);
  Space<2> space = collapse<2>(op.dims, {op.srcStrides, op.dstStrides});
  if (bytes == 1)
    return prepareCopy<uint8_t>(space, source, Odometer(op), target);
  if (bytes == 2)
    return prepareCopy<uint16_t>(space, source, Odometer(op), target);
  if (bytes == 4)
    return prepareCopy<uint32_t>(space, source, Odometer(op), target);
  return prepareCopy<uint64_t>(space, source, Odometer(op), target);
}

Operation executor::prepare(const program::Fill &op, const CoreContext &context) {
  RowOperand target = context.row(op.dst);
  switch (formatBytes(op.format)) {
  case 1:
    return prepareFill<int8_t>(target, op.count, static_cast<int8_t>(op.value));
  case 2:
    return prepareFill<int16_t>(target, op.count, static_cast<int16_t>(op.value));
  case 4: // the bits of the element, whether i32 or f32
    return prepareFill<int32_t>(target, op.count, op.value);
  default:
    return prepareFill<int64_t>(target, op.count, op.value);
  }
}

Operation executor::prepare(const program::Reduce &op, const CoreContext &context) {
  RowOperand source = context.row(op.src), target = context.row(op.dst);
  auto fn = static_cast<size_t>(op.fn);
  if (op.format == Format::F32)
    return prepareReduce<float>(op, source, target, kReduceF32[fn]);
  if (op.format == Format::F16)
    return prepareHalfReduce(op, context, kReduceF32[fn]);
  return prepareReduce<int32_t>(op, source, target, kReduceI32[fn]);
}
