// RUN: %cimc-opt --cim-attach-target=target=generic --cim-schedule-streams --split-input-file --verify-diagnostics %s

// A map that must be there as a whole does not fit.
// expected-error@+1 {{core 0 needs 1049600 bytes of memory, the target has 262144; largest: buffer of 'x on core 0' with 512 rows of 1024 bytes}}
func.func @main(%x: tensor<1x512x64x16xi8>) -> tensor<1x524288xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x512x64x16xi8> -> tensor<1x512x64x16xi8, #cim.rows<1>>
  %1 = cim.relayout %0 {permutation = array<i64: 0, 3, 1, 2>, core = 0 : i64} : (tensor<1x512x64x16xi8, #cim.rows<1>>) -> tensor<1x1x1x524288xi8, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x524288xi8, #cim.rows<1>> -> tensor<1x524288xi8>
  return %2 : tensor<1x524288xi8>
}

// -----

func.func @main(%x: tensor<1x8xi8>) -> tensor<1x8xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x8xi8> -> tensor<1x1x1x8xi8, #cim.rows<1>>
  // expected-error@+1 {{must have a core}}
  %1 = cim.lookup %0 {table = dense<7> : tensor<256xi8>} : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xi8, #cim.rows<1>> -> tensor<1x8xi8>
  return %2 : tensor<1x8xi8>
}

// -----

// expected-error@+1 {{the module has no function 'main' to be scheduled}}
module {
  func.func private @other()
}
