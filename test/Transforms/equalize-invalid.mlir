// RUN: cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-equalize))" --split-input-file --verify-diagnostics

func.func @too_few(%x: tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32> {
  // expected-error @below {{cim.largest must be an array of 32-bit floats, one for each of the channels of 'tensor<1x2x2x2xf32>', is array<f32: 8.000000e+00>}}
  %0 = tosa.max_pool2d %x {kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>, cim.largest = array<f32: 8.0>} : (tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}

// -----

func.func @other_type(%x: tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32> {
  // expected-error @below {{cim.largest must be an array of 32-bit floats, one for each of the channels of 'tensor<1x2x2x2xf32>', is 3 : i64}}
  %0 = tosa.max_pool2d %x {kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>, cim.largest = 3} : (tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32>
  return %0 : tensor<1x2x2x2xf32>
}
