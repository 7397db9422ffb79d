// RUN: %cimc-opt --cim-attach-target=target=generic --cim-convert-cim-to-cimisa --split-input-file --verify-diagnostics %s

// expected-error@+1 {{the module must hold one schedule to be converted, it holds 0}}
module {
  func.func private @main()
}

// -----

// expected-error@+1 {{schedules an unknown function 'main'}}
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
    // expected-error@+1 {{fires stage 1 'relu', but the function's stage of that number is 'receive x on core 0'}}
    cim.fire "relu" {stage = 1 : i64}
  }
}
