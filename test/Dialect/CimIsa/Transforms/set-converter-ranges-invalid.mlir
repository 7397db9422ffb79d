// RUN: %cimc-opt %s --cim-set-converter-ranges --verify-diagnostics

// expected-error @below {{'target' must be a target in binary form: byte 0: a target must begin with the magic 'CIMT'}}
cimisa.program "p" attributes {target = dense<0> : tensor<4xi8>} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 64 : i32} {
    cimisa.control {}
  }
}
