// RUN: %cimc-opt --split-input-file --cim-attach-target=target=generic --cim-replicate-weights --verify-diagnostics %s
// RUN: not %cimc-opt --split-input-file --cim-replicate-weights %s 2>&1 | FileCheck %s
// RUN: not %cimc-opt --split-input-file --cim-attach-target=target=chimera --cim-replicate-weights %s 2>&1 | FileCheck %s --check-prefix=ENGINE

// CHECK: error: module has no attribute 'cim.target', attach a target with 'cim-attach-target'
// ENGINE: error: weights are copied into arrays, but target 'chimera' has engines

// expected-error@+1 {{must have tiles}}
cim.weight @untiled {value = dense<1> : tensor<1x64x64xi8>}

// -----

// expected-error@+1 {{tiles of copy 1 must hold all 4 weights, hold 2}}
cim.weight @half {value = dense<1> : tensor<1x2x2xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 2, col = 0, cols = 2, array = 0, at_row = 0, at_col = 0>,
  #cim.tile<group = 0, groups = 1, row = 0, rows = 1, col = 0, cols = 2, array = 1, at_row = 0, at_col = 0, copy = 1>]}

// -----

// expected-error@+1 {{tiles of copy 2, but none of copy 1}}
cim.weight @gap {value = dense<1> : tensor<1x2x2xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 2, col = 0, cols = 2, array = 0, at_row = 0, at_col = 0>,
  #cim.tile<group = 0, groups = 1, row = 0, rows = 2, col = 0, cols = 2, array = 1, at_row = 0, at_col = 0, copy = 2>]}

// -----

// expected-error@+1 {{tiles of copy -1, which must lie in [0, 1048575]}}
cim.weight @negative {value = dense<1> : tensor<1x2x2xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 2, col = 0, cols = 2, array = 0, at_row = 0, at_col = 0, copy = -1>]}

// -----

cim.weight @w {value = dense<1> : tensor<1x8x8xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 8, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>]}
func.func @main(%x: tensor<1x1x1x8xi8>) -> tensor<1x1x1x8xi32> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xi8> -> tensor<1x1x1x8xi8, #cim.rows<1>>
  // expected-error@+1 {{has a core already; weights are copied before placement}}
  %1 = cim.forward %0, @w {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, core = 0 : i64}
    : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi32, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xi32, #cim.rows<1>> -> tensor<1x1x1x8xi32>
  return %2 : tensor<1x1x1x8xi32>
}

// -----

// expected-error@+1 {{is cut into pieces for several chips; weights are copied on one chip only}}
cim.weight @pieces {value = dense<1> : tensor<1x8x8xi8>, pieces = [#cim.piece<chip = 0, group = 0, groups = 1, row = 0, rows = 8, col = 0, cols = 8>],
  tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 8, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>]}
