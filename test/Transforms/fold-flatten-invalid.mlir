// RUN: %cimc-opt %s --pass-pipeline='builtin.module(func.func(cim-fold-flatten))' | FileCheck %s

// The pass has no error of its own; it leaves alone what has no constant weights.
// CHECK-LABEL: func.func @activations
// CHECK: tosa.matmul
// CHECK-NOT: tosa.conv2d
func.func @activations(%x: tensor<1x3x4xf32>, %y: tensor<1x4x2xf32>) -> tensor<1x3x2xf32> {
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.matmul %x, %y, %zero, %zero : (tensor<1x3x4xf32>, tensor<1x4x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x2xf32>
  return %0 : tensor<1x3x2xf32>
}
