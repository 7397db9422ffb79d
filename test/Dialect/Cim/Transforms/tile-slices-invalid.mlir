// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/cells.yaml --cim-tile-to-arrays --verify-diagnostics --split-input-file %s

// Weights with more bits than the machine has for a weight, in however many cells.
// expected-error@+1 {{must have weights of at most 7 bits on target 'cells', has one of 8}}
cim.weight @wide {value = dense<64> : tensor<1x10x10xi8>}
func.func @main(%x: tensor<1x10xi8>) -> tensor<1x10xi32> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x10xi8> -> tensor<1x1x1x10xi8, #cim.rows<1>>
  %1 = cim.forward %0, @wide {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x1x1x10xi8, #cim.rows<1>>) -> tensor<1x1x1x10xi32, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x10xi32, #cim.rows<1>> -> tensor<1x10xi32>
  return %2 : tensor<1x10xi32>
}

// -----

// Slices count where arrays are scarce. The error is at the module.
// expected-error@-3 {{the layers need 32 arrays of 64 x 64 (at least 32 by area), the target has 16; the largest layer is 'large' with 256 x 256 weights in 2 slices}}
cim.weight @large {value = dense<63> : tensor<1x256x256xi8>}
func.func @main(%x: tensor<1x256xi8>) -> tensor<1x256xi32> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x256xi8> -> tensor<1x1x1x256xi8, #cim.rows<1>>
  %1 = cim.forward %0, @large {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x1x1x256xi8, #cim.rows<1>>) -> tensor<1x1x1x256xi32, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x256xi32, #cim.rows<1>> -> tensor<1x256xi32>
  return %2 : tensor<1x256xi32>
}
