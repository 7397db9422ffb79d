// RUN: %cimc-opt %s | %cimc-opt | FileCheck %s

// CHECK: cim.weight @conv {value = dense<1> : tensor<1x9x8xi8>}
cim.weight @conv {value = dense<1> : tensor<1x9x8xi8>}
// CHECK: cim.weight @tiled {tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 3, at_row = 0, at_col = 16>], value = dense<1> : tensor<1x9x8xi8>}
cim.weight @tiled {value = dense<1> : tensor<1x9x8xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 3, at_row = 0, at_col = 16>]}
// CHECK: cim.weight @depthwise {unit = #cim<unit digital>
cim.weight @depthwise {value = dense<1> : tensor<8x9x1xi8>, unit = #cim<unit digital>}

// CHECK-LABEL: func.func @network
func.func @network(%x: tensor<1x1x6x4xi8>) -> tensor<1x8xf32> {
  // CHECK: cim.input %{{.*}}, "x" {permutation = array<i64: 0, 2, 3, 1>} : tensor<1x1x6x4xi8> -> tensor<1x6x4x1xi8, #cim.rows<1>>
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 2, 3, 1>} : tensor<1x1x6x4xi8> -> tensor<1x6x4x1xi8, #cim.rows<1>>
  // CHECK: cim.forward %{{.*}}, @conv {
  %1 = cim.forward %0, @conv {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, pad_value = 0 : i32,
    bias = dense<1> : tensor<8xi32>, scale = dense<0.5> : tensor<8xf32>, zero_point = 3 : i32, clamp = array<i32: 3, 127>}
    : (tensor<1x6x4x1xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
  // CHECK: cim.forward %{{.*}}, @depthwise
  %2 = cim.forward %1, @depthwise {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, pad_value = 3 : i32}
    : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi32, #cim.rows<1>>
  // CHECK: cim.requantize
  %3 = cim.requantize %2 {scale = dense<0.5> : tensor<8xf32>} : (tensor<1x6x4x8xi32, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
  // CHECK: cim.add
  %4 = cim.add %1, %3 {lhs_scale = 0.5 : f32, lhs_zero_point = 3 : i32, rhs_scale = 0.25 : f32, rhs_zero_point = 0 : i32, scale = 0.5 : f32, zero_point = -128 : i32}
    : (tensor<1x6x4x8xi8, #cim.rows<1>>, tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
  // CHECK: cim.pool max
  %5 = cim.pool max %4 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>}
    : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x3x2x8xi8, #cim.rows<1>>
  // CHECK: cim.lookup
  %6 = cim.lookup %5 {table = dense<7> : tensor<256xi8>} : (tensor<1x3x2x8xi8, #cim.rows<1>>) -> tensor<1x3x2x8xi8, #cim.rows<1>>
  // CHECK: cim.dequantize
  %7 = cim.dequantize %6 {scale = 0.5 : f32, zero_point = 0 : i32} : (tensor<1x3x2x8xi8, #cim.rows<1>>) -> tensor<1x3x2x8xf32, #cim.rows<1>>
  // CHECK: cim.convert %{{.*}} : (tensor<1x3x2x8xf32, #cim.rows<1>>) -> tensor<1x3x2x8xf16, #cim.rows<1>>
  %half = cim.convert %7 : (tensor<1x3x2x8xf32, #cim.rows<1>>) -> tensor<1x3x2x8xf16, #cim.rows<1>>
  // CHECK: cim.constant dense<2.000000e+00> : tensor<1x1x1x8xf32>
  %k = cim.constant dense<2.0> : tensor<1x1x1x8xf32>
  // CHECK: cim.elementwise
  %8 = cim.elementwise %7, %k : (tensor<1x3x2x8xf32, #cim.rows<1>>, tensor<1x1x1x8xf32>) -> tensor<1x3x2x8xf32, #cim.rows<1>> {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    // CHECK: cim.yield
    cim.yield %s : f32
  }
  // CHECK: cim.reduce sum
  %9 = cim.reduce sum %8 {axis = 1 : i64} : (tensor<1x3x2x8xf32, #cim.rows<1>>) -> tensor<1x1x2x8xf32, #cim.rows<1>>
  // CHECK: cim.slice
  %10 = cim.slice %9 {offsets = array<i64: 0, 0, 1, 0>, strides = array<i64: 1, 1, 1, 1>} : (tensor<1x1x2x8xf32, #cim.rows<1>>) -> tensor<1x1x1x8xf32, #cim.rows<1>>
  // CHECK: cim.pad
  %11 = cim.pad %10 {low = array<i64: 0, 1, 0, 0>, high = array<i64: 0, 0, 0, 0>, value = 0.0 : f32} : (tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x2x1x8xf32, #cim.rows<1>>
  // CHECK: cim.concat
  %12 = cim.concat %10, %11 {axis = 1 : i64} : (tensor<1x1x1x8xf32, #cim.rows<1>>, tensor<1x2x1x8xf32, #cim.rows<1>>) -> tensor<1x3x1x8xf32, #cim.rows<1>>
  // CHECK: cim.relayout
  // CHECK-SAME: repeat = array<i64: 1, 1, 2, 1, 1>, view = array<i64: 1, 3, 1, 1, 8>
  // CHECK: cim.reverse
  // CHECK: cim.relayout
  %doubled = cim.relayout %12 {view = array<i64: 1, 3, 1, 1, 8>, repeat = array<i64: 1, 1, 2, 1, 1>, permutation = array<i64: 0, 1, 2, 3, 4>} : (tensor<1x3x1x8xf32, #cim.rows<1>>) -> tensor<1x6x1x8xf32, #cim.rows<1>>
  %reversed = cim.reverse %12 {axis = 1 : i64} : (tensor<1x3x1x8xf32, #cim.rows<1>>) -> tensor<1x3x1x8xf32, #cim.rows<1>>
  %13 = cim.relayout %12 {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x3x1x8xf32, #cim.rows<1>>) -> tensor<1x1x1x24xf32, #cim.rows<1>>
  // CHECK: cim.quantize
  %14 = cim.quantize %13 {scale = 0.5 : f32, zero_point = 0 : i32} : (tensor<1x1x1x24xf32, #cim.rows<1>>) -> tensor<1x1x1x24xi8, #cim.rows<1>>
  // CHECK: cim.output %{{.*}}, "y"
  %15 = cim.output %10, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xf32, #cim.rows<1>> -> tensor<1x8xf32>
  return %15 : tensor<1x8xf32>
}

// CHECK: cim.schedule @network
cim.schedule @network {
  // CHECK: cim.fifo
  cim.fifo {stream = 1 : i64, receiver = 2 : i64, depth = 3 : i64}
  // CHECK: cim.core_program
  cim.core_program attributes {core = 0 : i64, memory_bytes = 1024 : i64} {
    // CHECK: cim.region "rows"
    cim.region "rows" {owner = 3 : i64, address = 0 : i64, bytes = 96 : i64, rows = 3 : i64}
    // CHECK: cim.loop 4
    cim.loop 4 {
      // CHECK: cim.fire "conv"
      cim.fire "conv" {stage = 1 : i64, times = 2 : i64}
    }
  }
}

// A layer that stays float, products of activations, and entries chosen by data.
// CHECK: cim.weight @float {unit = #cim<unit digital>, value = dense<1.000000e+00> : tensor<1x2x8xf32>}
cim.weight @float {value = dense<1.0> : tensor<1x2x8xf32>, unit = #cim<unit digital>}
// CHECK-LABEL: func.func @digital
func.func @digital(%x: tensor<1x6x4x2xf32, #cim.rows<1>>, %i: tensor<1x6x1x1xi64, #cim.rows<1>>) -> tensor<1x6x4x4xf32, #cim.rows<1>> {
  // CHECK: cim.forward %{{.*}}, @float
  %0 = cim.forward %x, @float {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32,
    bias = dense<1.0> : tensor<8xf32>} : (tensor<1x6x4x2xf32, #cim.rows<1>>) -> tensor<1x6x4x8xf32, #cim.rows<1>>
  %t = cim.constant dense<2.0> : tensor<5x8xf32>
  // CHECK: cim.gather %{{.*}}, %{{.*}} : (tensor<5x8xf32>, tensor<1x6x1x1xi64, #cim.rows<1>>) -> tensor<1x6x1x8xf32, #cim.rows<1>>
  %1 = cim.gather %t, %i : (tensor<5x8xf32>, tensor<1x6x1x1xi64, #cim.rows<1>>) -> tensor<1x6x1x8xf32, #cim.rows<1>>
  %2 = cim.relayout %1 {permutation = array<i64: 0, 3, 2, 1>} : (tensor<1x6x1x8xf32, #cim.rows<1>>) -> tensor<1x8x1x6xf32, #cim.rows<1>>
  %k = cim.constant dense<2.0> : tensor<1x6x6x4xf32>
  // CHECK: cim.matmul %{{.*}}, %{{.*}} : (tensor<1x6x4x8xf32, #cim.rows<1>>, tensor<1x8x1x6xf32, #cim.rows<1>>) -> tensor<1x6x4x6xf32, #cim.rows<1>>
  %3 = cim.matmul %0, %2 : (tensor<1x6x4x8xf32, #cim.rows<1>>, tensor<1x8x1x6xf32, #cim.rows<1>>) -> tensor<1x6x4x6xf32, #cim.rows<1>>
  // CHECK: cim.matmul %{{.*}}, %{{.*}} : (tensor<1x6x4x6xf32, #cim.rows<1>>, tensor<1x6x6x4xf32>) -> tensor<1x6x4x4xf32, #cim.rows<1>>
  %4 = cim.matmul %3, %k : (tensor<1x6x4x6xf32, #cim.rows<1>>, tensor<1x6x6x4xf32>) -> tensor<1x6x4x4xf32, #cim.rows<1>>
  return %4 : tensor<1x6x4x4xf32, #cim.rows<1>>
}

// CHECK-LABEL: func.func @state
// CHECK: %[[B:.*]] = cim.delay "h", %{{.*}} : (tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>>
// CHECK: cim.feed "h", %[[B]] : tensor<1x5x1x8xf32, #cim.rows<1>>
func.func @state(%x: tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>> {
  %0 = cim.delay "h", %x : (tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x5x1x8xf32, #cim.rows<1>>
  cim.feed "h", %0 : tensor<1x5x1x8xf32, #cim.rows<1>>
  return %0 : tensor<1x5x1x8xf32, #cim.rows<1>>
}
