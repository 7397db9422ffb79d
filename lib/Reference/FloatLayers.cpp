//===- FloatLayers.cpp - Convolutions and products by oneDNN --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The library is built with OpenMP and fixes the number of threads of a primitive when it is
// created, so both creation and execution happen under SingleThreadScope. Exceptions of the C++
// wrapper end here: this file is the only one compiled with them.
//
//===--------------------------------------------------------------------------===//

#include "FloatLayers.h"

#include <dnnl.hpp>

#include <new>

extern "C" {
int omp_get_max_threads(void);
void omp_set_num_threads(int);
}

namespace cimc::reference {

using dnnl::memory;

namespace {

const dnnl::engine &engine() {
  static const dnnl::engine instance(dnnl::engine::kind::cpu, 0);
  return instance;
}

dnnl::stream &threadStream() {
  static thread_local dnnl::stream instance(engine());
  return instance;
}

/// A copy of `data`, described by `given`, in the layout `wanted`.
memory reordered(const memory::desc &given, const float *data, const memory::desc &wanted) {
  memory source(given, engine(), const_cast<float *>(data));
  memory target(wanted, engine());
  dnnl::reorder(source, target).execute(threadStream(), source, target);
  threadStream().wait();
  return target;
}

/// Working memory of the calling thread. The library's own would be shared by the threads that run
/// one primitive.
memory scratchpad(const memory::desc &desc) {
  struct Buffer {
    std::size_t size = 0;
    std::unique_ptr<char, void (*)(char *)> data{
        nullptr, [](char *p) { ::operator delete(p, std::align_val_t(64)); }};
  };
  static thread_local Buffer buffer;
  if (buffer.size < desc.get_size()) {
    buffer.size = desc.get_size();
    buffer.data.reset(static_cast<char *>(::operator new(buffer.size, std::align_val_t(64))));
  }
  return memory(desc, engine(), buffer.data.get());
}

dnnl::primitive_attr withOwnScratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

memory view(const memory::desc &desc, const float *data) {
  return memory(desc, engine(), const_cast<float *>(data));
}

memory::desc channelsLast(int64_t n, int64_t c, int64_t h, int64_t w) {
  return {{n, c, h, w}, memory::data_type::f32, memory::format_tag::nhwc};
}

} // namespace

SingleThreadScope::SingleThreadScope() : before(omp_get_max_threads()) { omp_set_num_threads(1); }
SingleThreadScope::~SingleThreadScope() { omp_set_num_threads(before); }

struct FloatConv::Impl {
  memory::desc source, target, scratch;
  memory weights, bias;
  bool hasBias = false;
  dnnl::convolution_forward primitive;
};

FloatConv::FloatConv(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
FloatConv::~FloatConv() = default;

std::unique_ptr<FloatConv> FloatConv::create(const ConvSpec &s, const float *weights,
                                             const float *bias, std::string &error) try {
  SingleThreadScope scope;
  auto impl = std::make_unique<Impl>();
  impl->source = channelsLast(s.n, s.ic, s.ih, s.iw);
  impl->target = channelsLast(s.n, s.oc, s.oh, s.ow);
  const int64_t g = s.groups;
  const bool grouped = g != 1;
  memory::dims dims = {s.oc / g, s.ic / g, s.kh, s.kw};
  memory::dims strides(s.weightStrides.begin() + 1, s.weightStrides.end());
  if (grouped) {
    dims.insert(dims.begin(), g);
    strides.insert(strides.begin(), s.weightStrides[0]);
  }
  memory::desc given(dims, memory::data_type::f32, strides);
  memory::desc any(dims, memory::data_type::f32, memory::format_tag::any);
  memory::desc biasDesc =
      bias ? memory::desc({s.oc}, memory::data_type::f32, memory::format_tag::x) : memory::desc();
  dnnl::convolution_forward::desc desc(
      dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, impl->source, any,
      biasDesc, impl->target, {s.stride[0], s.stride[1]}, {s.dilation[0] - 1, s.dilation[1] - 1},
      {s.pad[0], s.pad[2]}, {s.pad[1], s.pad[3]});
  dnnl::convolution_forward::primitive_desc primitiveDesc(desc, withOwnScratchpad(), engine());
  impl->scratch = primitiveDesc.scratchpad_desc();
  impl->primitive = dnnl::convolution_forward(primitiveDesc);
  impl->weights = reordered(given, weights, primitiveDesc.weights_desc());
  if (bias) {
    impl->bias = reordered(biasDesc, bias, biasDesc);
    impl->hasBias = true;
  }
  return std::unique_ptr<FloatConv>(new FloatConv(std::move(impl)));
} catch (const dnnl::error &e) {
  error = e.what();
  return nullptr;
}

void FloatConv::run(const float *input, float *output) const {
  std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, view(impl->source, input)},
                                               {DNNL_ARG_WEIGHTS, impl->weights},
                                               {DNNL_ARG_DST, view(impl->target, output)},
                                               {DNNL_ARG_SCRATCHPAD, scratchpad(impl->scratch)}};
  if (impl->hasBias)
    arguments.insert({DNNL_ARG_BIAS, impl->bias});
  impl->primitive.execute(threadStream(), arguments);
}

struct FloatMatmul::Impl {
  memory::desc a, b, target, scratch;
  memory weights;
  bool hasWeights = false;
  dnnl::matmul primitive;
};

FloatMatmul::FloatMatmul(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
FloatMatmul::~FloatMatmul() = default;

std::unique_ptr<FloatMatmul> FloatMatmul::create(int64_t batch, int64_t m, int64_t k, int64_t n,
                                                 const float *weights, std::string &error) try {
  SingleThreadScope scope;
  auto impl = std::make_unique<Impl>();
  const auto f32 = memory::data_type::f32;
  const auto abc = memory::format_tag::abc;
  impl->a = memory::desc({batch, m, k}, f32, abc);
  impl->target = memory::desc({batch, m, n}, f32, abc);
  memory::desc plain({batch, k, n}, f32, abc);
  memory::desc right = weights ? memory::desc({batch, k, n}, f32, memory::format_tag::any) : plain;
  dnnl::matmul::primitive_desc primitiveDesc(dnnl::matmul::desc(impl->a, right, impl->target),
                                             withOwnScratchpad(), engine());
  impl->scratch = primitiveDesc.scratchpad_desc();
  impl->primitive = dnnl::matmul(primitiveDesc);
  impl->b = primitiveDesc.weights_desc();
  if (weights) {
    impl->weights = reordered(plain, weights, impl->b);
    impl->hasWeights = true;
  }
  return std::unique_ptr<FloatMatmul>(new FloatMatmul(std::move(impl)));
} catch (const dnnl::error &e) {
  error = e.what();
  return nullptr;
}

void FloatMatmul::run(const float *a, const float *b, float *output) const {
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, view(impl->a, a)},
      {DNNL_ARG_WEIGHTS, impl->hasWeights ? impl->weights : view(impl->b, b)},
      {DNNL_ARG_DST, view(impl->target, output)},
      {DNNL_ARG_SCRATCHPAD, scratchpad(impl->scratch)}};
  impl->primitive.execute(threadStream(), arguments);
}

} // namespace cimc::reference
