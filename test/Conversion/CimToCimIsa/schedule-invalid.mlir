// RUN: %cimc-opt --split-input-file --verify-diagnostics --cim-attach-target=target=generic --cim-convert-cim-to-cimisa %s

// Schedules that do not belong to their function.

func.func @main(%x: tensor<1x8xi8>) -> tensor<1x8xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x8xi8> -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %1 = cim.lookup %0 {table = dense<7> : tensor<256xi8>, core = 0 : i64} : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xi8, #cim.rows<1>> -> tensor<1x8xi8>
  return %2 : tensor<1x8xi8>
}
// expected-error@+1 {{does not fit its function: core 0: a region of 8 bytes must have -1}}
cim.schedule @main {
  cim.core_program attributes {core = 0 : i64, memory_bytes = 64 : i64} {
    cim.region "rows" {owner = 99 : i64, address = 0 : i64, bytes = 8 : i64, rows = 1 : i64}
  }
}

// -----

func.func @main(%x: tensor<1x8xi8>) -> tensor<1x8xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x8xi8> -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %1 = cim.lookup %0 {table = dense<7> : tensor<256xi8>, core = 0 : i64} : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xi8, #cim.rows<1>> -> tensor<1x8xi8>
  return %2 : tensor<1x8xi8>
}
// expected-error@+1 {{does not fit its function: stage 'lookup' does not have the memory it asks for}}
cim.schedule @main {
}

// -----

func.func @main(%x: tensor<1x8xi8>) -> tensor<1x8xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x8xi8> -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %1 = cim.lookup %0 {table = dense<7> : tensor<256xi8>, core = 0 : i64} : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xi8, #cim.rows<1>> -> tensor<1x8xi8>
  return %2 : tensor<1x8xi8>
}
cim.schedule @main {
  cim.core_program attributes {core = 0 : i64, memory_bytes = 64 : i64} {
  }
  // expected-error@+1 {{must be the only one of a core in 0 to 15, is of core 0}}
  cim.core_program attributes {core = 0 : i64, memory_bytes = 64 : i64} {
  }
}

// -----

cim.schedule @main {
  cim.core_program attributes {core = 0 : i64, memory_bytes = 64 : i64} {
    // expected-error@+1 {{body must fire a stage}}
    cim.loop 4611686018427387904 {
    }
  }
}
