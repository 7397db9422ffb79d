// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays %s | FileCheck %s --check-prefix=GENERIC
// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-tile-to-arrays %s | FileCheck %s --check-prefix=HERMES
// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-tile-to-arrays=report=true %s 2>&1 >/dev/null | FileCheck %s --check-prefix=REPORT
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/cells.yaml --cim-tile-to-arrays --cim-check-mapping %s | FileCheck %s --check-prefix=DIGITAL
// RUN: sed -e 's/dense<1>/dense<-64>/' %s | %cimc-opt --cim-attach-target=target=%S/Inputs/cells-slow-digital.yaml --cim-tile-to-arrays --cim-check-mapping | FileCheck %s --check-prefix=SLICED

// Slices of a depthwise layer in cells of 4 bits: several channels to a tile, each slice the same.
// DIGITAL: cim.weight @depthwise {unit = #cim<unit digital>
// SLICED: cim.weight @depthwise {slices = #cim.slices<count = 2, bits = 4>, tiles = [#cim.tile<group = 0, groups = 7, row = 0, rows = 9, col = 0, cols = 1, array = 0, at_row = 0, at_col = 0>
// SLICED-SAME: #cim.tile<group = 0, groups = 7, row = 0, rows = 9, col = 0, cols = 1, array = 37, at_row = 0, at_col = 0, slice = 1>

// The cheaper of arrays and digital unit by energy x time. On generic the digital unit has 64 lanes, on hermes it has one.
// GENERIC: cim.weight @depthwise {unit = #cim<unit digital>
// HERMES: cim.weight @depthwise {tiles = [#cim.tile<group = 0, groups = 26, row = 0, rows = 9, col = 0, cols = 1, array = 0, at_row = 0, at_col = 0>
// REPORT: remark: 'depthwise': block diagonal {{[0-9]+}} ns and {{[0-9]+}} pJ on 10 arrays, interleaved {{[0-9]+}} ns and {{[0-9]+}} pJ on 1 arrays, digital {{[0-9]+}} ns and {{[0-9]+}} pJ on 0 arrays
// REPORT: remark: arrays: 10 used, 10 tile by tile, at least 1 by area; the busiest array is read 64 times per inference
cim.weight @depthwise {value = dense<1> : tensor<256x9x1xi8>}
func.func @main(%x: tensor<1x8x8x256xi8>) -> tensor<1x8x8x256xi32> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x8x8x256xi8> -> tensor<1x8x8x256xi8, #cim.rows<1>>
  %1 = cim.forward %0, @depthwise {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, pad_value = 0 : i32}
    : (tensor<1x8x8x256xi8, #cim.rows<1>>) -> tensor<1x8x8x256xi32, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x8x8x256xi32, #cim.rows<1>> -> tensor<1x8x8x256xi32>
  return %2 : tensor<1x8x8x256xi32>
}
