// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays --cim-check-mapping %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays=pack=dense --cim-check-mapping %s | FileCheck %s --check-prefixes=CHECK,DENSE
// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays --cim-tile-to-arrays %s | FileCheck %s

// A layer of 300 rows is cut in two. Dense packing puts the small layer beside it.
// CHECK: cim.weight @big {tiles = [
// CHECK-SAME: row = 0, rows = {{[0-9]+}}, col = 0, cols = 100
// CHECK-SAME: row = {{[0-9]+}}, rows = {{[0-9]+}}, col = 0, cols = 100
cim.weight @big {value = dense<1> : tensor<1x300x100xi8>}
// CHECK: cim.weight @small {tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 100, col = 0, cols = 10, array = {{[0-2]}},
cim.weight @small {value = dense<1> : tensor<1x100x10xi8>}
// DENSE-NOT: array = 2
// CHECK-NOT: @unused
cim.weight @unused {value = dense<1> : tensor<1x100x10xi8>}

// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1x300xi8>) -> tensor<1x10xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x300xi8> -> tensor<1x1x1x300xi8, #cim.rows<1>>
  %1 = cim.forward %0, @big {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, scale = dense<0.5> : tensor<100xf32>}
    : (tensor<1x1x1x300xi8, #cim.rows<1>>) -> tensor<1x1x1x100xi8, #cim.rows<1>>
  %2 = cim.forward %1, @small {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, scale = dense<0.5> : tensor<10xf32>}
    : (tensor<1x1x1x100xi8, #cim.rows<1>>) -> tensor<1x1x1x10xi8, #cim.rows<1>>
  %3 = cim.output %2, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x10xi8, #cim.rows<1>> -> tensor<1x10xi8>
  return %3 : tensor<1x10xi8>
}
