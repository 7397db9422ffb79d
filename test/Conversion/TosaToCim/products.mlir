// RUN: %cimc-opt --cim-convert-from-quantized --split-input-file %s | FileCheck %s

// Products of activations: batched matrices row by row, single ones row of the left times the whole of the right.

// CHECK-LABEL: func.func @heads
// CHECK: cim.matmul %{{.*}}, %{{.*}} : (tensor<1x8x32x4xf32, #cim.rows<1>>, tensor<1x8x4x32xf32, #cim.rows<1>>) -> tensor<1x8x32x32xf32, #cim.rows<1>>
func.func @heads(%q: tensor<8x32x4xf32>, %k: tensor<8x4x32xf32>) -> tensor<8x32x32xf32> {
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.matmul %q, %k, %z, %z : (tensor<8x32x4xf32>, tensor<8x4x32xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<8x32x32xf32>
  return %0 : tensor<8x32x32xf32>
}

// -----

// CHECK-LABEL: func.func @single
// CHECK: cim.matmul %{{.*}}, %{{.*}} {lhs_zero_point = 3 : i32, rhs_zero_point = -4 : i32} : (tensor<1x5x1x4xi8, #cim.rows<1>>, tensor<1x4x1x6xi8, #cim.rows<1>>) -> tensor<1x5x1x6xi32, #cim.rows<1>>
func.func @single(%a: tensor<1x5x4xi8>, %b: tensor<1x4x6xi8>) -> tensor<1x5x6xi32> {
  %p = "tosa.const"() {values = dense<3> : tensor<1xi8>} : () -> tensor<1xi8>
  %z = "tosa.const"() {values = dense<-4> : tensor<1xi8>} : () -> tensor<1xi8>
  %0 = tosa.matmul %a, %b, %p, %z : (tensor<1x5x4xi8>, tensor<1x4x6xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x6xi32>
  return %0 : tensor<1x5x6xi32>
}

// -----

// Several constant matrices, and a constant on the left.
// CHECK-LABEL: func.func @constants
// CHECK: %[[W:.*]] = cim.constant dense<2.000000e+00> : tensor<1x3x4x2xf32>
// CHECK: cim.matmul %{{.*}}, %[[W]] : (tensor<1x3x5x4xf32, #cim.rows<1>>, tensor<1x3x4x2xf32>) -> tensor<1x3x5x2xf32, #cim.rows<1>>
// CHECK: %[[L:.*]] = cim.constant dense<3.000000e+00> : tensor<1x3x2x5xf32>
// CHECK: cim.matmul %[[L]], %{{.*}} : (tensor<1x3x2x5xf32>, tensor<1x3x5x2xf32, #cim.rows<1>>) -> tensor<1x3x2x2xf32, #cim.rows<1>>
func.func @constants(%x: tensor<3x5x4xf32>) -> tensor<3x2x2xf32> {
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %w = "tosa.const"() {values = dense<2.0> : tensor<3x4x2xf32>} : () -> tensor<3x4x2xf32>
  %l = "tosa.const"() {values = dense<3.0> : tensor<3x2x5xf32>} : () -> tensor<3x2x5xf32>
  %0 = tosa.matmul %x, %w, %z, %z : (tensor<3x5x4xf32>, tensor<3x4x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<3x5x2xf32>
  %1 = tosa.matmul %l, %0, %z, %z : (tensor<3x2x5xf32>, tensor<3x5x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<3x2x2xf32>
  return %1 : tensor<3x2x2xf32>
}

// -----

// One constant matrix is a layer, also where it stays float.
// CHECK{LITERAL}: cim.weight @layer {unit = #cim<unit digital>, value = dense<[[[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00]]]> : tensor<1x2x2xf32>}
// CHECK-LABEL: func.func @one_matrix
// CHECK: cim.forward %{{.*}}, @layer
// CHECK-SAME: (tensor<1x3x1x2xf32, #cim.rows<1>>) -> tensor<1x3x1x2xf32, #cim.rows<1>>
func.func @one_matrix(%x: tensor<1x3x2xf32>) -> tensor<1x3x2xf32> {
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %w = "tosa.const"() {values = dense<[[[1.0, 2.0], [3.0, 4.0]]]> : tensor<1x2x2xf32>} : () -> tensor<1x2x2xf32>
  %0 = tosa.matmul %x, %w, %z, %z : (tensor<1x3x2xf32>, tensor<1x2x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x2xf32>
  return %0 : tensor<1x3x2xf32>
}

// -----

// A float convolution keeps its bias; padding before it becomes the window's.
// CHECK-LABEL: func.func @float_conv
// CHECK-NOT: cim.pad
// CHECK: cim.forward %{{.*}}, @layer
// CHECK-SAME: bias = dense<[5.000000e-01, -5.000000e-01]> : tensor<2xf32>
// CHECK-SAME: pad = array<i64: 1, 1, 0, 0>
func.func @float_conv(%x: tensor<1x2x4x1xf32>) -> tensor<1x4x4x2xf32> {
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %w = "tosa.const"() {values = dense<1.0> : tensor<2x1x1x1xf32>} : () -> tensor<2x1x1x1xf32>
  %b = "tosa.const"() {values = dense<[0.5, -0.5]> : tensor<2xf32>} : () -> tensor<2xf32>
  %s = tosa.const_shape {values = dense<[0, 0, 1, 1, 0, 0, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %0 = tosa.pad %x, %s, %z : (tensor<1x2x4x1xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x4x4x1xf32>
  %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x1xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %1 : tensor<1x4x4x2xf32>
}

// -----

// CHECK-LABEL: func.func @embedding
// CHECK: %[[T:.*]] = cim.constant dense<1.000000e+00> : tensor<7x4xf32>
// CHECK: cim.gather %[[T]], %{{.*}} : (tensor<7x4xf32>, tensor<1x3x1x1xi32, #cim.rows<1>>) -> tensor<1x3x1x4xf32, #cim.rows<1>>
func.func @embedding(%i: tensor<1x3xi32>) -> tensor<1x3x4xf32> {
  %t = "tosa.const"() {values = dense<1.0> : tensor<1x7x4xf32>} : () -> tensor<1x7x4xf32>
  %0 = tosa.gather %t, %i : (tensor<1x7x4xf32>, tensor<1x3xi32>) -> tensor<1x3x4xf32>
  return %0 : tensor<1x3x4xf32>
}
