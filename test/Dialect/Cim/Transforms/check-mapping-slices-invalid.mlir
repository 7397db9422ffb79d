// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/cells.yaml --cim-check-mapping --verify-diagnostics --split-input-file %s

// A machine with 4-bit cells and weights of at most 7 bits.
// expected-error@+1 {{has weights of 7 bits and must have slices, since a cell of target 'cells' holds 4}}
cim.weight @whole {value = dense<-64> : tensor<1x9x8xi8>, tiles = [
  #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>]}

// -----

// expected-error@+1 {{must have weights of at most 7 bits on target 'cells', has one of 8}}
cim.weight @wide {value = dense<-65> : tensor<1x9x8xi8>, slices = #cim.slices<count = 2, bits = 4>, tiles = [
  #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>,
  #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 1, at_row = 0, at_col = 0, slice = 1>]}

// -----

// expected-error@+1 {{has slices of 5 bits, a cell of target 'cells' holds 4}}
cim.weight @coarse {value = dense<63> : tensor<1x9x8xi8>, slices = #cim.slices<count = 2, bits = 5>, tiles = [
  #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>,
  #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 1, at_row = 0, at_col = 0, slice = 1>]}

// -----

// expected-error@+1 {{has 2 slices of 3 bits, which must hold weights of 7 bits}}
cim.weight @few {value = dense<63> : tensor<1x9x8xi8>, slices = #cim.slices<count = 2, bits = 3>, tiles = [
  #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>,
  #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 1, at_row = 0, at_col = 0, slice = 1>]}

// -----

// expected-error@+1 {{tiles must hold all 144 weights of 2 slices, hold 72}}
cim.weight @missing {value = dense<63> : tensor<1x9x8xi8>, slices = #cim.slices<count = 2, bits = 4>, tiles = [
  #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0, slice = 1>]}

// -----

// expected-error-re@+1 {{tiles {{.*}} hold the same weights}}
cim.weight @twice {value = dense<63> : tensor<1x9x8xi8>, slices = #cim.slices<count = 2, bits = 4>, tiles = [
  #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0, slice = 1>,
  #cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 1, at_row = 0, at_col = 0, slice = 1>]}
