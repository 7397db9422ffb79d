// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays %s | FileCheck %s

// Tiles have equal parts of the rows, no more than max_rows.
// CHECK: cim.weight @short {max_rows = 4 : i64, tiles = [
// CHECK-SAME: row = 0, rows = 4, col = 0, cols = 4,
// CHECK-SAME: row = 4, rows = 3, col = 0, cols = 4,
// CHECK-SAME: row = 7, rows = 3, col = 0, cols = 4, array = {{[0-9]+}}, at_row = {{[0-9]+}}, at_col = {{[0-9]+}}>], value
cim.weight @short {value = dense<3> : tensor<1x10x4xi8>, max_rows = 4 : i64}

// Groups of few rows share a tile as they did.
// CHECK: cim.weight @grouped {max_rows = 4 : i64, tiles = [#cim.tile<group = 0, groups = 2, row = 0, rows = 3, col = 0, cols = 2, array = {{[0-9]+}}, at_row = {{[0-9]+}}, at_col = {{[0-9]+}}>], value
cim.weight @grouped {value = dense<1> : tensor<2x3x2xi8>, max_rows = 4 : i64}

func.func @main(%x: tensor<1x10xi8>) -> tensor<1x4xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x10xi8> -> tensor<1x1x1x10xi8, #cim.rows<1>>
  %1 = cim.forward %0, @short {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32,
    scale = dense<0.5> : tensor<4xf32>} : (tensor<1x1x1x10xi8, #cim.rows<1>>) -> tensor<1x1x1x4xi8, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x4xi8, #cim.rows<1>> -> tensor<1x4xi8>
  return %2 : tensor<1x4xi8>
}
func.func private @groups(%x: tensor<1x1x1x6xi8, #cim.rows<1>>) -> tensor<1x1x1x4xi8, #cim.rows<1>> {
  %1 = cim.forward %x, @grouped {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32,
    scale = dense<0.5> : tensor<4xf32>} : (tensor<1x1x1x6xi8, #cim.rows<1>>) -> tensor<1x1x1x4xi8, #cim.rows<1>>
  return %1 : tensor<1x1x1x4xi8, #cim.rows<1>>
}
