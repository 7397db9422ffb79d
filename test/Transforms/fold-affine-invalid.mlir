// RUN: %cimc-opt %s --pass-pipeline='builtin.module(func.func(cim-fold-affine))' | FileCheck %s

#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// The pass has no error of its own; it leaves alone what is not a multiplication and an addition per channel. Here the factor differs from place to place.
// CHECK-LABEL: func.func @places
// CHECK: tosa.conv2d
// CHECK: linalg.generic
func.func @places(%x: tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32> {
  %w = arith.constant dense<3.0> : tensor<1x1x1x1xf32>
  %b = arith.constant dense<0.5> : tensor<1xf32>
  %k = arith.constant dense<[[[[2.0]], [[5.0]]]]> : tensor<1x2x1x1xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x2x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x1xf32>
  %empty = tensor.empty() : tensor<1x2x1x1xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%0, %k : tensor<1x2x1x1xf32>, tensor<1x2x1x1xf32>) outs(%empty : tensor<1x2x1x1xf32>) {
  ^bb0(%in: f32, %f: f32, %out: f32):
    %m = arith.mulf %in, %f : f32
    linalg.yield %m : f32
  } -> tensor<1x2x1x1xf32>
  return %1 : tensor<1x2x1x1xf32>
}
