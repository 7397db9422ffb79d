// RUN: %cimc-opt --cim-attach-target=target=generic --cim-place-on-cores --verify-diagnostics %s

// expected-error@+1 {{must have tiles}}
cim.weight @untiled {value = dense<1> : tensor<1x64x64xi8>}
// expected-error@+1 {{tile of 64 x 64 cells at (200, 0) must fit an array of 256 x 256}}
cim.weight @outside {value = dense<1> : tensor<1x64x64xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 64, col = 0, cols = 64, array = 1, at_row = 200, at_col = 0>]}
// expected-error@+1 {{tile lies in array 99, target 'generic' has 16}}
cim.weight @nowhere {value = dense<1> : tensor<1x64x64xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 64, col = 0, cols = 64, array = 99, at_row = 0, at_col = 0>]}
// expected-error@+1 {{tiles must hold all 4096 weights, hold 2048}}
cim.weight @half {value = dense<1> : tensor<1x64x64xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 32, col = 0, cols = 64, array = 2, at_row = 0, at_col = 0>]}
// expected-error@+1 {{hold the same weights}}
cim.weight @twice {value = dense<1> : tensor<1x2x2xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 1, col = 0, cols = 2, array = 3, at_row = 0, at_col = 0>,
  #cim.tile<group = 0, groups = 1, row = 0, rows = 2, col = 0, cols = 1, array = 3, at_row = 8, at_col = 0>]}
// expected-error@+1 {{tiles in array 4 must be disjoint}}
cim.weight @first {value = dense<1> : tensor<1x2x2xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 2, col = 0, cols = 2, array = 4, at_row = 0, at_col = 0>]}
// expected-note@+1 {{of 'second'}}
cim.weight @second {value = dense<1> : tensor<1x2x2xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 2, col = 0, cols = 2, array = 4, at_row = 1, at_col = 1>]}
