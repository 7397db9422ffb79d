// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/engines.yaml --cim-partition-across-chips %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/engines.yaml --cim-partition-across-chips --cim-partition-across-chips %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/engines.yaml --cim-partition-across-chips=solver=optimal %s | FileCheck %s --check-prefix=OPTIMAL
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/engines.yaml --cim-partition-across-chips=solver=greedy %s | FileCheck %s --check-prefix=GREEDY
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/engines.yaml --cim-partition-across-chips --cim-tile-to-arrays --cim-place-on-cores %s | FileCheck %s --check-prefix=PLACED
// RUN: %cimc-opt --cim-attach-target=target=generic --cim-partition-across-chips %s | FileCheck %s --check-prefix=ONE

// 72 and 64 bytes of weights on chips of 128. One column of the first layer has to leave; its 32 bytes travel to the chip that has all the rest.
// CHECK: cim.partition = {chip_memory_bytes = {{[0-9]+}} : i64, chips_used = 2 : i64, interchip_bytes = 32 : i64
// CHECK: cim.weight @a {pieces = [#cim.piece<chip = 0, group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 7>, #cim.piece<chip = 1, group = 0, groups = 1, row = 0, rows = 9, col = 7, cols = 1>]
// CHECK: cim.weight @b {pieces = [#cim.piece<chip = 0, group = 0, groups = 1, row = 0, rows = 8, col = 0, cols = 8>]
// CHECK: cim.output {{.*}}cim.chip = 0 : i64

// OPTIMAL: interchip_bytes = 32 : i64, interchip_bytes_bound = 32 : i64}

// The greedy rule fills the first chip with 56 of 64 bytes of the second layer.
// GREEDY: interchip_bytes = {{[0-9]+}}
// GREEDY: cim.weight @b {pieces = [#cim.piece<chip = 0, group = 0, groups = 1, row = 0, rows = 8, col = 0, cols = 7>, #cim.piece<chip = 1, {{.*}}col = 7, cols = 1>]

// A tile stands in the weight memory from its first byte on.
// PLACED: cim.weight @a {{.*}}tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 7, array = 0, at_row = 0, at_col = 0>, #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 7, cols = 1, array = 1, at_row = 0, at_col = 0>]
// PLACED: cim.weight @b {{.*}}array = 0, at_row = 63, at_col = 0>]
// PLACED: cim.forward {{.*}}core = 0 : i64

// ONE-NOT: cim.partition
// ONE-NOT: pieces
cim.weight @a {value = dense<1> : tensor<1x9x8xi8>}
cim.weight @b {value = dense<1> : tensor<1x8x8xi8>}
func.func @main(%x: tensor<1x8x4x1xi8>) -> tensor<1x8x4x8xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x8x4x1xi8> -> tensor<1x8x4x1xi8, #cim.rows<1>>
  %1 = cim.forward %0, @a {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, pad_value = 0 : i32, scale = dense<0.5> : tensor<8xf32>}
    : (tensor<1x8x4x1xi8, #cim.rows<1>>) -> tensor<1x8x4x8xi8, #cim.rows<1>>
  %2 = cim.forward %1, @b {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, scale = dense<0.5> : tensor<8xf32>}
    : (tensor<1x8x4x8xi8, #cim.rows<1>>) -> tensor<1x8x4x8xi8, #cim.rows<1>>
  %3 = cim.output %2, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x8x4x8xi8, #cim.rows<1>> -> tensor<1x8x4x8xi8>
  return %3 : tensor<1x8x4x8xi8>
}
