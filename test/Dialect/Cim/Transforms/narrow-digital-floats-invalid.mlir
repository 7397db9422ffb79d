// RUN: cimc-opt %s --cim-narrow-digital-floats -split-input-file -verify-diagnostics

// expected-error@+1 {{value holds 7.000000e+04, which f16 cannot: its largest number is 65504}}
cim.weight @dense {value = dense<7.0e+4> : tensor<1x8x8xf32>, unit = #cim<unit digital>}

// -----

cim.weight @dense {value = dense<1.0> : tensor<1x8x2xf32>, unit = #cim<unit digital>}
func.func @main(%x: tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x2xf32, #cim.rows<1>> {
  // expected-error@+1 {{bias holds -1.000000e+05, which f16 cannot: its largest number is 65504}}
  %y = cim.forward %x, @dense {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32,
    bias = dense<[1.0, -1.0e+5]> : tensor<2xf32>} : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x2xf32, #cim.rows<1>>
  return %y : tensor<1x4x1x2xf32, #cim.rows<1>>
}

// -----

// expected-error@+1 {{value has no data of 'tensor<1x8x8xf32>' to round to f16}}
cim.weight @dense {value = dense_resource<missing> : tensor<1x8x8xf32>, unit = #cim<unit digital>}

// -----

func.func @main(%x: tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>> {
  // expected-error@+1 {{value has no data of 'tensor<1x4x8x8xf32>' to round to f16}}
  %k = cim.constant dense_resource<missing> : tensor<1x4x8x8xf32>
  %y = cim.matmul %x, %k : (tensor<1x4x1x8xf32, #cim.rows<1>>, tensor<1x4x8x8xf32>) -> tensor<1x4x1x8xf32, #cim.rows<1>>
  return %y : tensor<1x4x1x8xf32, #cim.rows<1>>
}

// -----

func.func @main() { return }
// expected-error@+1 {{is there already; the number format must be chosen before memory is laid out}}
cim.schedule @main {
}
