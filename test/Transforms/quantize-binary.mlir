// RUN: cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-quantize{weight-bits=1}))" | FileCheck %s
// RUN: not cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-quantize{weight-bits=0}))" 2>&1 | FileCheck %s --check-prefix=NONE

// Signs times the mean magnitude: 1.5 and 2.5 for the first two channels. The third has only zeros and keeps them.
// NONE: error: weights must have 1 to 8 bits and activations 2 to 8, asked for 0 and 8
// CHECK-LABEL: func.func @main
// CHECK: arith.constant dense<{{\[\[\[\[}}1, 1]]], {{\[\[\[}}-1, 1]]], {{\[\[\[}}0, 0]]]]> : tensor<3x1x1x2xi8>
// CHECK: dense<[1.500000e+00, 2.500000e+00, 1.000000e+00]>
func.func @main(%x: tensor<1x4x4x2xf32> {cim.range = [-1.27, 1.0]}) -> tensor<1x4x4x3xf32> {
  %w = arith.constant dense<[[[[1.0, 2.0]]], [[[-4.0, 1.0]]], [[[0.0, 0.0]]]]> : tensor<3x1x1x2xf32>
  %b = arith.constant dense<[0.5, 1.0, 0.0]> : tensor<3xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, cim.range = [-9.0, 9.0]}
    : (tensor<1x4x4x2xf32>, tensor<3x1x1x2xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x3xf32>
  return %0 : tensor<1x4x4x3xf32>
}
