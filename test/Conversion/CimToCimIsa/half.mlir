// RUN: cimc-opt --cim-attach-target=target=generic --cim-narrow-digital-floats --cim-tile-to-arrays --cim-place-on-cores --cim-schedule-streams --cim-convert-cim-to-cimisa %s | FileCheck %s

// Half precision in instructions: what stands at the ends is converted, rows and weights take two bytes an element, quantisations go through scratch of f32, and comparisons
// are made in f16 before select reads them in f32.
// CHECK: cimisa.stream "x" {{.*}}format = #cimisa.format<f32>
// CHECK: cimisa.stream "y" {{.*}}format = #cimisa.format<f32>
// CHECK: cimisa.buffer "dense.weights" {{.*}}row_bytes = 128 : i32
// CHECK: cimisa.convert {count = 8 : i32, {{.*}}from = #cimisa.format<f32>, {{.*}}to = #cimisa.format<f16>
// CHECK: cimisa.copy {{.*}}format = #cimisa.format<f16>
// CHECK: cimisa.matmul {{.*}}accumulate = true, {{.*}}format = #cimisa.format<f16>
// CHECK: cimisa.reduce {{.*}}fn = #cimisa.reduce_fn<sum>, format = #cimisa.format<f16>
// CHECK: cimisa.binary {{.*}}fn = #cimisa.binary_fn<sub>, format = #cimisa.format<f16>
// CHECK: cimisa.unary_f16 {count = 8 : i32, {{.*}}fn = #cimisa.unary_fn<exp>
// CHECK: cimisa.binary {{.*}}fn = #cimisa.binary_fn<lt>, format = #cimisa.format<f16>
// CHECK: cimisa.binary {{.*}}fn = #cimisa.binary_fn<lt>, format = #cimisa.format<f16>
// CHECK: cimisa.binary {{.*}}fn = #cimisa.binary_fn<max>, format = #cimisa.format<f16>
// CHECK: cimisa.convert {count = 8 : i32, {{.*}}from = #cimisa.format<f16>, {{.*}}to = #cimisa.format<f32>
// CHECK: cimisa.select {{.*}}format = #cimisa.format<f16>
// CHECK: cimisa.convert {count = 8 : i32, {{.*}}from = #cimisa.format<f16>, {{.*}}to = #cimisa.format<f32>
// CHECK-NEXT: cimisa.quantize
// CHECK: cimisa.dequantize
// CHECK-NEXT: cimisa.convert {count = 8 : i32, {{.*}}from = #cimisa.format<f32>, {{.*}}to = #cimisa.format<f16>
// CHECK: cimisa.convert {count = 8 : i32, {{.*}}from = #cimisa.format<f16>, {{.*}}to = #cimisa.format<f32>
cim.weight @dense {value = dense<0.5> : tensor<1x8x8xf32>, unit = #cim<unit digital>}
func.func @main(%arg: tensor<1x4x1x8xf32>) -> tensor<1x4x1x8xf32> {
  %x = cim.input %arg, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x1x8xf32> -> tensor<1x4x1x8xf32, #cim.rows<1>>
  %y = cim.forward %x, @dense {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32,
    bias = dense<0.25> : tensor<8xf32>} : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>> loc("dense")
  %m = cim.reduce sum %y {axis = 3 : i64} : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x1xf32, #cim.rows<1>>
  %e = cim.elementwise %y, %m : (tensor<1x4x1x8xf32, #cim.rows<1>>, tensor<1x4x1x1xf32, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>> {
  ^bb0(%a: f32, %b: f32):
    %d = arith.subf %a, %b : f32
    %p = math.exp %d : f32
    %s = arith.cmpf one, %p, %a : f32
    %r = arith.select %s, %d, %p : f32
    cim.yield %r : f32
  }
  %q = cim.quantize %e {scale = 0.5 : f32, zero_point = 0 : i32} : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x8xi8, #cim.rows<1>>
  %f = cim.dequantize %q {scale = 0.5 : f32, zero_point = 0 : i32} : (tensor<1x4x1x8xi8, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>>
  %z = cim.elementwise %f : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>> {
  ^bb0(%a: f32):
    %p = arith.mulf %a, %a : f32
    cim.yield %p : f32
  }
  %o = cim.output %z, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x1x8xf32, #cim.rows<1>> -> tensor<1x4x1x8xf32>
  return %o : tensor<1x4x1x8xf32>
}
