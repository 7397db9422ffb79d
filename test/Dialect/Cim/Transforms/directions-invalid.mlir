// Uses of arrays that a target does not have, and transposed layers that do not fit their weight.
// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-tile-to-arrays --split-input-file --verify-diagnostics %s

cim.weight @w {value = dense<1> : tensor<1x9x8xi8>}
func.func @main(%v: tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>> {
  // expected-error@+1 {{reads the arrays of weight @w transposed, which needs a target with 'read_directions: both'; those of target 'hermes' are read forward only}}
  %h = cim.forward %v, @w {transposed, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32} : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>>
  return %h : tensor<1x1x1x9xi32, #cim.rows<1>>
}

// -----

cim.weight @w {value = dense<1> : tensor<1x9x8xi8>}
func.func @main(%x: tensor<1x1x1x9xi8, #cim.rows<1>>, %d: tensor<1x1x1x8xi8, #cim.rows<1>>) {
  // expected-error@+1 {{is not supported in this version: arrays are programmed once}}
  cim.update @w, %x, %d {rate = 1.000000e-02 : f32} : tensor<1x1x1x9xi8, #cim.rows<1>>, tensor<1x1x1x8xi8, #cim.rows<1>>
  return
}

// -----

cim.weight @w {value = dense<1> : tensor<1x9x8xi8>}
func.func @main(%v: tensor<1x1x1x7xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>> {
  // expected-error@+1 {{weight @w must have 7 columns (kernel height x width x channels of a group), has 8}}
  %h = cim.forward %v, @w {transposed, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32} : (tensor<1x1x1x7xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>>
  return %h : tensor<1x1x1x9xi32, #cim.rows<1>>
}

// -----

cim.weight @w {value = dense<1> : tensor<1x9x8xi8>}
func.func @main(%v: tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi32, #cim.rows<1>> {
  // expected-error@+1 {{result must have 9 channels (rows of the weight), has 8}}
  %h = cim.forward %v, @w {transposed, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32} : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi32, #cim.rows<1>>
  return %h : tensor<1x1x1x8xi32, #cim.rows<1>>
}

// -----

cim.weight @w {value = dense<1> : tensor<2x9x8xi8>}
func.func @main(%v: tensor<1x1x1x16xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>> {
  // expected-error@+1 {{weight @w must have one group to be read transposed}}
  %h = cim.forward %v, @w {transposed, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32} : (tensor<1x1x1x16xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>>
  return %h : tensor<1x1x1x9xi32, #cim.rows<1>>
}

// -----

cim.weight @w {value = dense<1> : tensor<1x9x8xi8>}
func.func @main(%x: tensor<1x1x1x5xi8, #cim.rows<1>>, %d: tensor<1x1x1x8xi8, #cim.rows<1>>) {
  // expected-error@+1 {{lhs must be i8 with 9 channels, one per row of the weight}}
  cim.update @w, %x, %d {rate = 1.000000e-02 : f32} : tensor<1x1x1x5xi8, #cim.rows<1>>, tensor<1x1x1x8xi8, #cim.rows<1>>
  return
}

// -----

func.func @main(%x: tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x1x1x8xf32, #cim.rows<1>> {
  // expected-error@+1 {{number must be at least 0 and less than 2^32, is -1}}
  %0 = cim.random %x {number = -1 : i64} : (tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x1x1x8xf32, #cim.rows<1>>
  return %0 : tensor<1x1x1x8xf32, #cim.rows<1>>
}
