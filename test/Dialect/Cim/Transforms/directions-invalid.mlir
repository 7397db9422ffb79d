// The other directions of an array are in the dialect, checked, and refused by the mapping.
// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-tile-to-arrays --split-input-file --verify-diagnostics %s

cim.weight @w {value = dense<1> : tensor<1x9x8xi8>}
func.func @main(%v: tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>> {
  // expected-error@+1 {{is not supported in this version: arrays are read forward only}}
  %h = cim.transposed %v, @w : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>>
  return %h : tensor<1x1x1x9xi32, #cim.rows<1>>
}

// -----

cim.weight @w {value = dense<1> : tensor<1x9x8xi8>}
func.func @main(%x: tensor<1x1x1x9xi8, #cim.rows<1>>, %d: tensor<1x1x1x8xi8, #cim.rows<1>>) {
  // expected-error@+1 {{is not supported in this version: arrays are read forward only}}
  cim.update @w, %x, %d {rate = 1.000000e-02 : f32} : tensor<1x1x1x9xi8, #cim.rows<1>>, tensor<1x1x1x8xi8, #cim.rows<1>>
  return
}

// -----

cim.weight @w {value = dense<1> : tensor<1x9x8xi8>}
func.func @main(%v: tensor<1x1x1x7xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>> {
  // expected-error@+1 {{input must be i8 with 8 channels, one per column of the weight}}
  %h = cim.transposed %v, @w : (tensor<1x1x1x7xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>>
  return %h : tensor<1x1x1x9xi32, #cim.rows<1>>
}

// -----

cim.weight @w {value = dense<1> : tensor<2x9x8xi8>}
func.func @main(%v: tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>> {
  // expected-error@+1 {{weight @w must have one group}}
  %h = cim.transposed %v, @w : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x9xi32, #cim.rows<1>>
  return %h : tensor<1x1x1x9xi32, #cim.rows<1>>
}

// -----

cim.weight @w {value = dense<1> : tensor<1x9x8xi8>}
func.func @main(%x: tensor<1x1x1x5xi8, #cim.rows<1>>, %d: tensor<1x1x1x8xi8, #cim.rows<1>>) {
  // expected-error@+1 {{lhs must be i8 with 9 channels, one per row of the weight}}
  cim.update @w, %x, %d {rate = 1.000000e-02 : f32} : tensor<1x1x1x5xi8, #cim.rows<1>>, tensor<1x1x1x8xi8, #cim.rows<1>>
  return
}
