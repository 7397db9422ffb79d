// RUN: cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-quantize,cim-lower-qdq,canonicalize,cse))" | FileCheck %s

// Both arguments are outputs by way of a concatenation and stay float there; what a layer reads of them is quantised all the same.
// CHECK-LABEL: func.func @partly_float
// CHECK-SAME: %[[A:.*]]: tensor<1x4x4x1xf32>, %[[B:.*]]: tensor<1x4x4x1xf32>
// CHECK: %[[BYTES:.*]] = tosa.concat {{.*}} -> tensor<1x4x4x2xi8>
// CHECK: tosa.conv2d %[[BYTES]], {{.*}} -> tensor<1x4x4x1xi32>
// CHECK: tosa.concat %[[A]], %[[B]], {{.*}} -> tensor<1x4x4x3xf32>
func.func @partly_float(%a: tensor<1x4x4x1xf32> {cim.range = [-1.0, 1.0]}, %b: tensor<1x4x4x1xf32> {cim.range = [-1.0, 1.0]}) -> tensor<1x4x4x3xf32> {
  %w = arith.constant dense<[[[[0.5, -1.0]]]]> : tensor<1x1x1x2xf32>
  %bias = arith.constant dense<0.0> : tensor<1xf32>
  %zp = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.concat %a, %b {axis = 3 : i32, cim.range = [-1.0, 1.0]} : (tensor<1x4x4x1xf32>, tensor<1x4x4x1xf32>) -> tensor<1x4x4x2xf32>
  %1 = tosa.conv2d %0, %w, %bias, %zp, %zp {acc_type = f32, cim.range = [-2.0, 2.0], dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x4x4x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x1xf32>
  %2 = tosa.concat %a, %b, %1 {axis = 3 : i32, cim.range = [-2.0, 2.0]} : (tensor<1x4x4x1xf32>, tensor<1x4x4x1xf32>, tensor<1x4x4x1xf32>) -> tensor<1x4x4x3xf32>
  return %2 : tensor<1x4x4x3xf32>
}
