// RUN: %cimc-opt %s --pass-pipeline='builtin.module(func.func(cim-fold-flatten))' | FileCheck %s

// The weights of a dense layer on a flattened map follow the map's order: element (h, w, c) of the kernel was element (c, h, w).
// CHECK-LABEL: func @flatten
// CHECK: %[[W:.*]] = arith.constant dense<{{\[\[\[\[}}0.000000e+00, 2.000000e+00], [1.000000e+00, 3.000000e+00]]]]> : tensor<1x1x2x2xf32>
// CHECK: %[[POOL:.*]] = tosa.max_pool2d
// CHECK: tosa.conv2d %[[POOL]], %[[W]],
func.func @flatten(%x: tensor<1x2x2x2xf32>) -> tensor<1x1x1x1xf32> {
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w = arith.constant dense<[[[[0.0, 1.0, 2.0, 3.0]]]]> : tensor<1x1x1x4xf32>
  %s = tosa.const_shape {values = dense<[1, 1, 1, 4]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %0 = tosa.max_pool2d %x {kernel = array<i64: 2, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x2x2x2xf32>) -> tensor<1x1x2x2xf32>
  %1 = tosa.transpose %0 {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x1x2x2xf32>) -> tensor<1x2x1x2xf32>
  %2 = tosa.reshape %1, %s : (tensor<1x2x1x2xf32>, !tosa.shape<4>) -> tensor<1x1x1x4xf32>
  %3 = tosa.conv2d %2, %w, %zero, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x1x1x4xf32>, tensor<1x1x1x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  return %3 : tensor<1x1x1x1xf32>
}

// CHECK-LABEL: func @matmul
// CHECK: tosa.reshape {{.*}} -> tensor<1x3x1x4xf32>
// CHECK: tosa.conv2d {{.*}} -> tensor<1x3x1x2xf32>
// CHECK: tosa.reshape {{.*}} -> tensor<1x3x2xf32>
func.func @matmul(%x: tensor<1x3x4xf32>) -> tensor<1x3x2xf32> {
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w = arith.constant dense<1.0> : tensor<1x4x2xf32>
  %0 = tosa.matmul %x, %w, %zero, %zero : (tensor<1x3x4xf32>, tensor<1x4x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x2xf32>
  return %0 : tensor<1x3x2xf32>
}
