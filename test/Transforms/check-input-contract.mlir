// RUN: %cimc-opt %s --split-input-file --cim-check-input-contract | FileCheck %s

// A float network at the entry level, which the pass leaves as it is.
#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK-LABEL: func.func @main
// CHECK: tosa.conv2d
// CHECK: linalg.generic
func.func @main(%x: tensor<1x4x4x2xf32> {cim.name = "x"}) -> (tensor<1x4x4x2xf32> {cim.name = "y"}) {
  %w = arith.constant dense<1.0> : tensor<2x1x1x2xf32>
  %b = arith.constant dense<0.0> : tensor<2xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %empty = tensor.empty() : tensor<1x4x4x2xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%0 : tensor<1x4x4x2xf32>) outs(%empty : tensor<1x4x4x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = math.absf %in : f32
    linalg.yield %a : f32
  } -> tensor<1x4x4x2xf32>
  return %1 : tensor<1x4x4x2xf32>
}

// -----

// A loop over three steps: a state, and a sequence that it fills.
#row = affine_map<(d0, d1) -> (d0, d1)>
// CHECK: scf.for
func.func @main(%x: tensor<1x3x2xf32> {cim.name = "x"}) -> (tensor<1x3x2xf32> {cim.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %start = arith.constant dense<0.0> : tensor<1x2xf32>
  %sequence = tensor.empty() : tensor<1x3x2xf32>
  %0:2 = scf.for %t = %c0 to %c3 step %c1 iter_args(%h = %start, %y = %sequence) -> (tensor<1x2xf32>, tensor<1x3x2xf32>) {
    %in = tensor.extract_slice %x[0, %t, 0] [1, 1, 2] [1, 1, 1] : tensor<1x3x2xf32> to tensor<1x2xf32>
    %empty = tensor.empty() : tensor<1x2xf32>
    %sum = linalg.generic {indexing_maps = [#row, #row, #row], iterator_types = ["parallel", "parallel"]}
      ins(%in, %h : tensor<1x2xf32>, tensor<1x2xf32>) outs(%empty : tensor<1x2xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %s = arith.addf %a, %b : f32
      linalg.yield %s : f32
    } -> tensor<1x2xf32>
    %next = tensor.insert_slice %sum into %y[0, %t, 0] [1, 1, 2] [1, 1, 1] : tensor<1x2xf32> into tensor<1x3x2xf32>
    scf.yield %sum, %next : tensor<1x2xf32>, tensor<1x3x2xf32>
  }
  %back = tosa.reverse %0#1 {axis = 1 : i32} : (tensor<1x3x2xf32>) -> tensor<1x3x2xf32>
  return %back : tensor<1x3x2xf32>
}
