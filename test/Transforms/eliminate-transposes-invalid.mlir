// RUN: %cimc-opt %s --pass-pipeline='builtin.module(func.func(cim-eliminate-transposes))' | FileCheck %s

// The pass has no error of its own; what it cannot move stays. Here a transpose meets a matrix product of activations.
// CHECK-LABEL: func.func @stays
// CHECK: tosa.transpose
// CHECK: tosa.matmul
func.func @stays(%x: tensor<1x3x4xf32>, %y: tensor<1x3x2xf32>) -> tensor<1x4x2xf32> {
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.transpose %x {perms = array<i32: 0, 2, 1>} : (tensor<1x3x4xf32>) -> tensor<1x4x3xf32>
  %1 = tosa.matmul %0, %y, %zero, %zero : (tensor<1x4x3xf32>, tensor<1x3x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x2xf32>
  return %1 : tensor<1x4x2xf32>
}
