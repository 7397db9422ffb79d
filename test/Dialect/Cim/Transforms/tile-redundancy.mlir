// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays --cim-check-mapping %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays --cim-place-on-cores --cim-schedule-streams --cim-convert-cim-to-cimisa %s | FileCheck %s --check-prefix=ISA

// Both instances have tiles of their own; both are read with the same inputs.
// CHECK: cim.weight @twice {redundancy = 2 : i64, tiles = [
// CHECK-SAME: row = 0, rows = 10, col = 0, cols = 4, array = {{[0-9]+}}, at_row = {{[0-9]+}}, at_col = {{[0-9]+}}>
// CHECK-SAME: row = 0, rows = 10, col = 0, cols = 4, array = {{[0-9]+}}, at_row = {{[0-9]+}}, at_col = {{[0-9]+}}, instance = 1>], value
cim.weight @twice {value = dense<3> : tensor<1x10x4xi8>, redundancy = 2 : i64}

// Bias and scale are made for the sum of two.
// ISA-COUNT-2: cimisa.tile
// ISA-DAG: cimisa.read {{.*}} tile = 0
// ISA-DAG: cimisa.read {{.*}} tile = 1
func.func @main(%x: tensor<1x10xi8>) -> tensor<1x4xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x10xi8> -> tensor<1x1x1x10xi8, #cim.rows<1>>
  %1 = cim.forward %0, @twice {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32,
    bias = dense<10> : tensor<4xi32>, scale = dense<0.5> : tensor<4xf32>} : (tensor<1x1x1x10xi8, #cim.rows<1>>) -> tensor<1x1x1x4xi8, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x4xi8, #cim.rows<1>> -> tensor<1x4xi8>
  return %2 : tensor<1x4xi8>
}
