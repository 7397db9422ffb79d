// RUN: %cimc-opt --cim-attach-target=target=generic --cim-check-mapping --split-input-file %s | FileCheck %s

// Tiled, not placed yet: no stage has a core. Two tiles share array 0 without sharing a cell; the digital unit's weight needs no tiles.
// CHECK-LABEL: cim.weight @a
cim.weight @a {value = dense<1> : tensor<1x64x8xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 64, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>]}
cim.weight @b {value = dense<1> : tensor<1x64x8xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 32, col = 0, cols = 8, array = 0, at_row = 0, at_col = 8>,
  #cim.tile<group = 0, groups = 1, row = 32, rows = 32, col = 0, cols = 8, array = 1, at_row = 0, at_col = 0>]}
cim.weight @digital {value = dense<1> : tensor<8x9x1xi8>, unit = #cim<unit digital>}

// -----

// Placed: the one stage has a core.
// CHECK: cim.lookup {{.*}}core = 15 : i64
func.func @main(%x: tensor<1x8xi8>) -> tensor<1x8xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x8xi8> -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %1 = cim.lookup %0 {table = dense<7> : tensor<256xi8>, core = 15 : i64} : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xi8, #cim.rows<1>> -> tensor<1x8xi8>
  return %2 : tensor<1x8xi8>
}
