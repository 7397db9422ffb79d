//===- EvaluatorTest.cpp - Tests of the host evaluator --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small functions with results that are computed here by hand or by plain loops.
//
//===--------------------------------------------------------------------------===//

#include "cimc/Reference/Evaluator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace cimc::reference;

namespace {

class EvaluatorTest : public ::testing::Test {
protected:
  EvaluatorTest() {
    context.loadDialect<func::FuncDialect, tosa::TosaDialect, linalg::LinalgDialect,
                        arith::ArithDialect, math::MathDialect, scf::SCFDialect,
                        tensor::TensorDialect>();
  }

  /// Runs @main of `text` on samples of one input.
  template <typename Out, typename In>
  std::vector<Out> run(const char *text, std::vector<In> input, unsigned threads = 1) {
    module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(module);
    auto evaluator = Evaluator::create(*module);
    EXPECT_TRUE(succeeded(evaluator));
    int64_t samples = input.size() * sizeof(In) / (*evaluator)->inputBytes(0);
    std::vector<Out> output(samples * (*evaluator)->outputBytes(0) / sizeof(Out));
    runSamples(**evaluator, samples, {reinterpret_cast<const char *>(input.data())},
               {reinterpret_cast<char *>(output.data())}, threads);
    return output;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

std::string integerConv(int weight, int zeroPoint) {
  return R"(
func.func @main(%x: tensor<1x4x4x300xi8>) -> tensor<1x4x4x2xi32> {
  %w = arith.constant dense<)" +
         std::to_string(weight) + R"(> : tensor<2x3x3x300xi8>
  %b = arith.constant dense<[5, -7]> : tensor<2xi32>
  %zp = "tosa.const"() {values = dense<)" +
         std::to_string(zeroPoint) + R"(> : tensor<1xi8>} : () -> tensor<1xi8>
  %wz = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
  %0 = tosa.conv2d %x, %w, %b, %zp, %wz {acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x300xi8>, tensor<2x3x3x300xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x4x2xi32>
  return %0 : tensor<1x4x4x2xi32>
})";
}

/// The accumulators of `integerConv` by plain loops.
std::vector<int32_t> expectedConv(const std::vector<int8_t> &x, int weight, int zeroPoint) {
  std::vector<int32_t> out;
  for (int y = 0; y < 4; ++y)
    for (int col = 0; col < 4; ++col)
      for (int bias : {5, -7}) {
        int32_t sum = bias;
        for (int iy = std::max(0, y - 1); iy <= std::min(3, y + 1); ++iy)
          for (int ix = std::max(0, col - 1); ix <= std::min(3, col + 1); ++ix)
            for (int c = 0; c < 300; ++c)
              sum += (x[(iy * 4 + ix) * 300 + c] - zeroPoint) * weight;
        out.push_back(sum);
      }
  return out;
}

std::vector<int8_t> someBytes(size_t count) {
  std::vector<int8_t> bytes(count);
  uint32_t state = 1;
  for (int8_t &byte : bytes)
    byte = static_cast<int8_t>((state = state * 1664525u + 1013904223u) >> 24);
  return bytes;
}

TEST_F(EvaluatorTest, IntegerConvolutionsAreExactBothWays) {
  std::vector<int8_t> x = someBytes(4 * 4 * 300);
  // 2700 taps: with weight 3 sums stay below 2^24, with weight -127 they do not.
  for (int weight : {3, -127}) {
    std::vector<int32_t> out = run<int32_t>(integerConv(weight, 11).c_str(), x);
    EXPECT_EQ(out, expectedConv(x, weight, 11)) << "weight " << weight;
  }
}

/// Weights behind a dequantise and a transpose are constants, for every sample and thread.
TEST_F(EvaluatorTest, FloatLayerTakesDequantisedWeights) {
  const char *text = R"(
#map = affine_map<(a, b, c, d) -> (a, b, c, d)>
func.func @main(%x: tensor<1x1x1x2xf32>) -> tensor<1x1x1x3xf32> {
  %q = "tosa.const"() {values = dense<[[[[1, 2, 3]]], [[[-4, 5, -6]]]]> : tensor<2x1x1x3xi8>} : () -> tensor<2x1x1x3xi8>
  %e = tensor.empty() : tensor<2x1x1x3xf32>
  %r = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%q : tensor<2x1x1x3xi8>) outs(%e : tensor<2x1x1x3xf32>) {
  ^bb0(%in: i8, %out: f32):
    %f = arith.sitofp %in : i8 to f32
    %c = arith.constant 0.5 : f32
    %m = arith.mulf %f, %c : f32
    linalg.yield %m : f32
  } -> tensor<2x1x1x3xf32>
  %w = tosa.transpose %r {perms = array<i32: 3, 1, 2, 0>} : (tensor<2x1x1x3xf32>) -> tensor<3x1x1x2xf32>
  %b = "tosa.const"() {values = dense<[1.0, 0.0, -1.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<3x1x1x2xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x3xf32>
  return %0 : tensor<1x1x1x3xf32>
})";
  std::vector<float> out = run<float>(text, std::vector<float>{2, 4, 1, 0, 0, -1}, /*threads=*/2);
  EXPECT_EQ(out, (std::vector<float>{-6, 12, -10, 1.5f, 1, 0.5f, 3, -2.5f, 2}));
}

TEST_F(EvaluatorTest, ElementwiseReadsBroadcastsAndRoundsToEven) {
  const char *text = R"(
#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#last = affine_map<(d0, d1, d2) -> (d2)>
#row = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
func.func @main(%x: tensor<1x2x3xf32>) -> tensor<1x2x3xi8> {
  %c = arith.constant dense<[0.0, 1.0, 2.0]> : tensor<3xf32>
  %r = arith.constant dense<[[[1.0], [2.0]]]> : tensor<1x2x1xf32>
  %e = tensor.empty() : tensor<1x2x3xi8>
  %0 = linalg.generic {indexing_maps = [#id, #last, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%x, %c, %r : tensor<1x2x3xf32>, tensor<3xf32>, tensor<1x2x1xf32>) outs(%e : tensor<1x2x3xi8>) {
  ^bb0(%a: f32, %b: f32, %d: f32, %o: i8):
    %m = arith.mulf %a, %d : f32
    %s = arith.addf %m, %b : f32
    %q = math.roundeven %s : f32
    %i = arith.fptosi %q : f32 to i8
    linalg.yield %i : i8
  } -> tensor<1x2x3xi8>
  return %0 : tensor<1x2x3xi8>
})";
  std::vector<int8_t> out =
      run<int8_t>(text, std::vector<float>{0.5f, 1.5f, -2.5f, 0.25f, -3.25f, 10.f});
  EXPECT_EQ(out, (std::vector<int8_t>{0, 2, 0, 0, -6, 22}));
}

TEST_F(EvaluatorTest, MovesDataInEverySample) {
  const char *text = R"(
func.func @main(%x: tensor<1x2x2xf32>) -> tensor<1x3x4xf32> {
  %t = tosa.transpose %x {perms = array<i32: 0, 2, 1>} : (tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
  %c = tosa.concat %x, %t {axis = 2 : i32} : (tensor<1x2x2xf32>, tensor<1x2x2xf32>) -> tensor<1x2x4xf32>
  %p = tosa.const_shape {values = dense<[0, 0, 1, 0, 0, 0]> : tensor<6xindex>} : () -> !tosa.shape<6>
  %v = "tosa.const"() {values = dense<9.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.pad %c, %p, %v : (tensor<1x2x4xf32>, !tosa.shape<6>, tensor<1xf32>) -> tensor<1x3x4xf32>
  return %0 : tensor<1x3x4xf32>
})";
  std::vector<float> out =
      run<float>(text, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, /*threads=*/2);
  EXPECT_EQ(out, (std::vector<float>{9, 9, 9, 9, 1, 2, 1, 3, 3, 4, 2, 4,
                                     9, 9, 9, 9, 5, 6, 5, 7, 7, 8, 6, 8}));
}

TEST_F(EvaluatorTest, TurnsRoundAndClampsIndicesOfGathers) {
  const char *text = R"(
func.func @main(%x: tensor<1x3x2xf32>) -> tensor<1x4x2xf32> {
  %t = tosa.reverse %x {axis = 1 : i32} : (tensor<1x3x2xf32>) -> tensor<1x3x2xf32>
  %i = arith.constant dense<[[2, 0, 7, -1]]> : tensor<1x4xi32>
  %0 = tosa.gather %t, %i : (tensor<1x3x2xf32>, tensor<1x4xi32>) -> tensor<1x4x2xf32>
  return %0 : tensor<1x4x2xf32>
})";
  EXPECT_EQ(run<float>(text, std::vector<float>{1, 2, 3, 4, 5, 6}),
            (std::vector<float>{1, 2, 5, 6, 1, 2, 5, 6}));
}

TEST_F(EvaluatorTest, PoolsLeavePaddingOut) {
  const char *text = R"(
func.func @main(%x: tensor<1x2x2x1xf32>) -> tensor<1x3x3x1xf32> {
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.avg_pool2d %x, %z, %z {acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>}
    : (tensor<1x2x2x1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x1xf32>
  return %0 : tensor<1x3x3x1xf32>
})";
  EXPECT_EQ(run<float>(text, std::vector<float>{1, 2, 3, 4}),
            (std::vector<float>{1, 1.5, 2, 2, 2.5, 3, 3, 3.5, 4}));
}

TEST_F(EvaluatorTest, RefusesOpsItDoesNotKnow) {
  const char *text = R"(
func.func @main(%x: tensor<4xi32>) -> tensor<4xi32> {
  %0 = tosa.clz %x : (tensor<4xi32>) -> tensor<4xi32>
  return %0 : tensor<4xi32>
})";
  module = parseSourceString<ModuleOp>(text, &context);
  std::string message;
  ScopedDiagnosticHandler handler(&context,
                                  [&](Diagnostic &diagnostic) { message = diagnostic.str(); });
  EXPECT_TRUE(failed(Evaluator::create(*module)));
  EXPECT_EQ(message, "op 'tosa.clz' has no evaluation");
}

// States that change places are all read before any is written; a sequence keeps every step.
TEST_F(EvaluatorTest, LoopOverSteps) {
  std::vector<float> x = {1, 2, 3};
  std::vector<float> y = run<float>(R"(
#one = affine_map<(d0) -> (d0)>
func.func @main(%x: tensor<3x1xf32>) -> tensor<3x1xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %a0 = arith.constant dense<10.0> : tensor<1xf32>
  %b0 = arith.constant dense<20.0> : tensor<1xf32>
  %empty = tensor.empty() : tensor<3x1xf32>
  %0:3 = scf.for %t = %c0 to %c3 step %c1 iter_args(%a = %a0, %b = %b0, %y = %empty)
      -> (tensor<1xf32>, tensor<1xf32>, tensor<3x1xf32>) {
    %in = tensor.extract_slice %x[%t, 0] [1, 1] [1, 1] : tensor<3x1xf32> to tensor<1xf32>
    %init = tensor.empty() : tensor<1xf32>
    %sum = linalg.generic {indexing_maps = [#one, #one, #one], iterator_types = ["parallel"]}
      ins(%in, %a : tensor<1xf32>, tensor<1xf32>) outs(%init : tensor<1xf32>) {
    ^bb0(%l: f32, %r: f32, %o: f32):
      %s = arith.addf %l, %r : f32
      linalg.yield %s : f32
    } -> tensor<1xf32>
    %next = tensor.insert_slice %sum into %y[%t, 0] [1, 1] [1, 1] : tensor<1xf32> into tensor<3x1xf32>
    scf.yield %b, %a, %next : tensor<1xf32>, tensor<1xf32>, tensor<3x1xf32>
  }
  %1 = tosa.reverse %0#2 {axis = 0 : i32} : (tensor<3x1xf32>) -> tensor<3x1xf32>
  return %1 : tensor<3x1xf32>
})",
                                    x);
  EXPECT_EQ(y, (std::vector<float>{13, 22, 11}));
}

} // namespace
