// RUN: cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-lower-qdq))" --split-input-file --verify-diagnostics

func.func @float_layer(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x1x1x2xf32>
  %b = arith.constant dense<0.5> : tensor<2xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  // expected-error @below {{its input is not an 8-bit tensor; every layer must be quantised, either in the model or with --calibrate}}
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %0 : tensor<1x4x4x2xf32>
}

// -----

#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

func.func @float_weights(%x: tensor<1x4x4x2xi8>) -> tensor<1x4x4x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x1x1x2xf32>
  %b = arith.constant dense<0.5> : tensor<2xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %empty = tensor.empty() : tensor<1x4x4x2xf32>
  %xf = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%x : tensor<1x4x4x2xi8>) outs(%empty : tensor<1x4x4x2xf32>) {
  ^bb0(%in: i8, %out: f32):
    %s = arith.constant 0.5 : f32
    %i = arith.extsi %in : i8 to i32
    %f = arith.sitofp %i : i32 to f32
    %m = arith.mulf %f, %s : f32
    linalg.yield %m : f32
  } -> tensor<1x4x4x2xf32>
  // expected-error @below {{its weights are floats; every layer must be quantised, either in the model or with --calibrate}}
  %0 = tosa.conv2d %xf, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %0 : tensor<1x4x4x2xf32>
}
