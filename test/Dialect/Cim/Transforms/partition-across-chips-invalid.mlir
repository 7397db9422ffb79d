// RUN: not %cimc-opt --cim-attach-target=target=%S/Inputs/engines.yaml --cim-partition-across-chips=solver=best %s 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not %cimc-opt --cim-attach-target=target=%S/Inputs/engines.yaml --cim-partition-across-chips=fill=0 %s 2>&1 | FileCheck %s --check-prefix=FILL
// RUN: not %cimc-opt --cim-attach-target=target=%S/Inputs/engines.yaml --cim-partition-across-chips=memory=-1 %s 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not %cimc-opt --cim-attach-target=target=%S/Inputs/engines.yaml --cim-partition-across-chips=memory=8 %s 2>&1 | FileCheck %s --check-prefix=MEMORY
// RUN: not %cimc-opt --cim-attach-target=target=%S/Inputs/engines.yaml --cim-partition-across-chips %s 2>&1 | FileCheck %s --check-prefix=LARGE

// NAME: error: solver must be auto, greedy or optimal, is 'best'
// FILL: error: fill must be above 0 and at most 1, is 0
// NEGATIVE: error: memory must be at least 0, is -1
// MEMORY: error: 'a' keeps {{[0-9]+}} bytes of activations, a chip has 8
// LARGE: error: the weights take 576, 2 chips of 128 hold 256; at least 5 chips are needed (target 'engines')
cim.weight @a {value = dense<1> : tensor<1x9x64xi8>}
func.func @main(%x: tensor<1x8x4x1xi8>) -> tensor<1x8x4x64xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x8x4x1xi8> -> tensor<1x8x4x1xi8, #cim.rows<1>>
  %1 = cim.forward %0, @a {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, pad_value = 0 : i32, scale = dense<0.5> : tensor<64xf32>}
    : (tensor<1x8x4x1xi8, #cim.rows<1>>) -> tensor<1x8x4x64xi8, #cim.rows<1>>
  %3 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x8x4x64xi8, #cim.rows<1>> -> tensor<1x8x4x64xi8>
  return %3 : tensor<1x8x4x64xi8>
}
