// RUN: %cimc-opt --cim-attach-target=target=generic --cim-check-mapping --verify-diagnostics --split-input-file %s

// expected-error@+1 {{max_rows must be at least 1, is 0}}
cim.weight @none {value = dense<3> : tensor<1x10x4xi8>, max_rows = 0 : i64}

// -----


// expected-error@+1 {{must have tiles of at most 4 rows by its max_rows, has #cim.tile<group = 0, groups = 1, row = 0, rows = 10}}
cim.weight @tall {value = dense<3> : tensor<1x10x4xi8>, max_rows = 4 : i64, tiles = [
  #cim.tile<group = 0, groups = 1, row = 0, rows = 10, col = 0, cols = 4, array = 0, at_row = 0, at_col = 0>]}
