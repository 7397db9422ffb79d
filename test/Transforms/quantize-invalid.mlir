// RUN: cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-quantize))" --split-input-file --verify-diagnostics

func.func @no_range(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32> { // expected-error {{argument 0 has no finite range; a float model needs samples given with --calibrate}}
  %w = arith.constant dense<1.0> : tensor<2x1x1x2xf32>
  %b = arith.constant dense<0.5> : tensor<2xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %0 : tensor<1x4x4x2xf32>
}

// -----

func.func @nan_weight(%x: tensor<1x4x4x2xf32> {cim.range = [-1.0, 1.0]}) -> tensor<1x4x4x1xf32> {
  %w = arith.constant dense<[[[[1.0, 0x7FC00000]]]]> : tensor<1x1x1x2xf32>
  %b = arith.constant dense<0.5> : tensor<1xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  // expected-error @below {{'tosa.conv2d': weight 1 must be finite, is NaN}}
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x1xf32>
  return %0 : tensor<1x4x4x1xf32>
}
