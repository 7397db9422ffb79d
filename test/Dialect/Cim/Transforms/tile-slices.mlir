// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/cells.yaml --cim-tile-to-arrays --cim-check-mapping %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/cells.yaml --cim-tile-to-arrays --cim-tile-to-arrays=pack=never --cim-check-mapping %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/cells.yaml --cim-tile-to-arrays --cim-place-on-cores %s | FileCheck %s --check-prefix=PLACED
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/cells.yaml --cim-tile-to-arrays --cim-place-on-cores --cim-schedule-streams --cim-convert-cim-to-cimisa %s | FileCheck %s --check-prefix=ISA
// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays %s | FileCheck %s --check-prefix=WHOLE

// Weights of 4 bits fit the cells of this machine; those of 7 bits take two slices, cut alike in tiles of their own.
// CHECK: cim.weight @narrow {tiles = [
// CHECK-SAME: array = 0,
// CHECK-NOT: slice
// CHECK: cim.weight @wide {slices = #cim.slices<count = 2, bits = 4>, tiles = [
// CHECK-SAME: row = 0, rows = 50, col = 0, cols = 10, array = 1, at_row = 0, at_col = 0>
// CHECK-SAME: row = 50, rows = 50, col = 0, cols = 10, array = 2, at_row = 0, at_col = 0>
// CHECK-SAME: row = 0, rows = 50, col = 0, cols = 10, array = 3, at_row = 0, at_col = 0, slice = 1>
// CHECK-SAME: row = 50, rows = 50, col = 0, cols = 10, array = 4, at_row = 0, at_col = 0, slice = 1>
// WHOLE-NOT: slice
// PLACED: cim.weight @wide {slices = #cim.slices<count = 2, bits = 4>, tiles = [
// PLACED-SAME: slice = 1>, {{.*}}slice = 1>]
cim.weight @narrow {value = dense<-8> : tensor<1x10x50xi8>}
cim.weight @wide {value = dense<-64> : tensor<1x100x10xi8>}

// -64 is 0 + 16 * -4. The core that finishes the layer has a tile of slice 0, others send their sums shifted.
// ISA-DAG: cimisa.shift_add {accumulate = false, count = 10 : i32, {{.*}} shift = 4 : i32,
func.func @main(%x: tensor<1x10xi8>, %z: tensor<1x100xi8>) -> (tensor<1x50xi32>, tensor<1x10xi32>) {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x10xi8> -> tensor<1x1x1x10xi8, #cim.rows<1>>
  %1 = cim.forward %0, @narrow {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x1x1x10xi8, #cim.rows<1>>) -> tensor<1x1x1x50xi32, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x50xi32, #cim.rows<1>> -> tensor<1x50xi32>
  %3 = cim.input %z, "z" {permutation = array<i64: 0, 1>} : tensor<1x100xi8> -> tensor<1x1x1x100xi8, #cim.rows<1>>
  %4 = cim.forward %3, @wide {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x1x1x100xi8, #cim.rows<1>>) -> tensor<1x1x1x10xi32, #cim.rows<1>>
  %5 = cim.output %4, "v" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x10xi32, #cim.rows<1>> -> tensor<1x10xi32>
  return %2, %5 : tensor<1x50xi32>, tensor<1x10xi32>
}
