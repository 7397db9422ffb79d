// RUN: %cimc-opt --cim-attach-target=target=generic --verify-diagnostics --split-input-file %s

// expected-error@+1 {{redundancy must be a power of two up to 8, is 3}}
cim.weight @odd {value = dense<3> : tensor<1x10x4xi8>, redundancy = 3 : i64}

// -----

// expected-error@+1 {{tile 0 has instance 2, the weight has 2}}
cim.weight @few {value = dense<3> : tensor<1x10x4xi8>, redundancy = 2 : i64, tiles = [
  #cim.tile<group = 0, groups = 1, row = 0, rows = 10, col = 0, cols = 4, array = 0, at_row = 0, at_col = 0, instance = 2>]}

// -----

cim.weight @sums {value = dense<3> : tensor<1x10x4xi8>, redundancy = 2 : i64}
func.func @main(%0: tensor<1x1x1x10xi8, #cim.rows<1>>) -> tensor<1x1x1x4xi32, #cim.rows<1>> {
  // expected-error@+1 {{must have a scale, which averages the 2 instances of weight @sums}}
  %1 = cim.forward %0, @sums {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x1x1x10xi8, #cim.rows<1>>) -> tensor<1x1x1x4xi32, #cim.rows<1>>
  return %1 : tensor<1x1x1x4xi32, #cim.rows<1>>
}
