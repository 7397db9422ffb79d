// RUN: %cimc-opt --cim-attach-target=target=generic --cim-check-mapping --verify-diagnostics --split-input-file %s

// expected-error@+1 {{must have tiles}}
cim.weight @untiled {value = dense<1> : tensor<1x64x64xi8>}

// -----

// Once one stage has a core, all must, and the cores must exist.
func.func @main(%x: tensor<1x8xi8>) -> tensor<1x8xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x8xi8> -> tensor<1x1x1x8xi8, #cim.rows<1>>
  // expected-error@+1 {{has core 16, target 'generic' has 16}}
  %1 = cim.lookup %0 {table = dense<7> : tensor<256xi8>, core = 16 : i64} : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi8, #cim.rows<1>>
  // expected-error@+1 {{must have a core}}
  %2 = cim.lookup %1 {table = dense<7> : tensor<256xi8>} : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %3 = cim.output %2, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xi8, #cim.rows<1>> -> tensor<1x8xi8>
  return %3 : tensor<1x8xi8>
}
