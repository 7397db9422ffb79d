// RUN: %cimc-opt --split-input-file --verify-diagnostics --cim-attach-target=target=generic --cim-schedule-streams %s

// Placed networks that no pass of the compiler makes: text may hold anything that passes the ops' own verifiers.

// expected-error@+1 {{tiles must be cut at the same columns in all rows}}
cim.weight @w {value = dense<1> : tensor<1x8x8xi8>, tiles = [
  #cim.tile<group = 0, groups = 1, row = 0, rows = 4, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>,
  #cim.tile<group = 0, groups = 1, row = 4, rows = 4, col = 0, cols = 4, array = 0, at_row = 4, at_col = 0>,
  #cim.tile<group = 0, groups = 1, row = 4, rows = 4, col = 4, cols = 4, array = 0, at_row = 4, at_col = 4>]}
func.func @main(%x: tensor<1x8xi8>) -> tensor<1x8xi32> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x8xi8> -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %1 = cim.forward %0, @w {core = 0 : i64, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x1x1x8xi8, #cim.rows<1>>) -> tensor<1x1x1x8xi32, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xi32, #cim.rows<1>> -> tensor<1x8xi32>
  return %2 : tensor<1x8xi32>
}

// -----

func.func @main(%x: tensor<1x4x8xf32, #cim.rows<1>>) -> tensor<1x4x8xf32> {
  // expected-error@+1 {{operand 0 is a stream that no stage makes}}
  %0 = cim.reduce sum %x {axis = 2 : i64, core = 0 : i64} : (tensor<1x4x8xf32, #cim.rows<1>>) -> tensor<1x4x1xf32, #cim.rows<1>>
  %1 = cim.constant dense<0.0> : tensor<1x4x8xf32>
  return %1 : tensor<1x4x8xf32>
}

// -----

func.func @main() -> tensor<1x8xi8> {
  %c = cim.constant dense<1> : tensor<1x8xi8>
  // expected-error@+1 {{source must be an argument of the function}}
  %0 = cim.input %c, "x" {permutation = array<i64: 0, 1>} : tensor<1x8xi8> -> tensor<1x1x1x8xi8, #cim.rows<1>>
  %1 = cim.output %0, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xi8, #cim.rows<1>> -> tensor<1x8xi8>
  return %1 : tensor<1x8xi8>
}

// -----

func.func @main(%x: tensor<1x8xi8>) -> (tensor<1x8xi8>, tensor<1x8xi8>) {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x8xi8> -> tensor<1x1x1x8xi8, #cim.rows<1>>
  // expected-error@+1 {{result must be returned by the function, once}}
  %1 = cim.output %0, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xi8, #cim.rows<1>> -> tensor<1x8xi8>
  return %1, %1 : tensor<1x8xi8>, tensor<1x8xi8>
}

// -----

func.func @main(%x: tensor<1x8xf32>, %k: tensor<1x1x1x8xf32>) -> tensor<1x8xf32> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x8xf32> -> tensor<1x1x1x8xf32, #cim.rows<1>>
  // expected-error@+1 {{operand1 has no rows and is no cim.constant}}
  %1 = cim.elementwise %0, %k {core = 0 : i64} : (tensor<1x1x1x8xf32, #cim.rows<1>>, tensor<1x1x1x8xf32>) -> tensor<1x1x1x8xf32, #cim.rows<1>> {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    cim.yield %s : f32
  }
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xf32, #cim.rows<1>> -> tensor<1x8xf32>
  return %2 : tensor<1x8xf32>
}

// -----

func.func @main(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x8xf32> -> tensor<1x1x1x8xf32, #cim.rows<1>>
  // expected-error@+1 {{body uses 'f64' in 'arith.extf', which the digital unit cannot}}
  %1 = cim.elementwise %0 {core = 0 : i64} : (tensor<1x1x1x8xf32, #cim.rows<1>>) -> tensor<1x1x1x8xf32, #cim.rows<1>> {
  ^bb0(%a: f32):
    %w = arith.extf %a : f32 to f64
    %s = arith.truncf %w : f64 to f32
    cim.yield %s : f32
  }
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x8xf32, #cim.rows<1>> -> tensor<1x8xf32>
  return %2 : tensor<1x8xf32>
}

// -----

// expected-error@+1 {{must have one block to be placed, has 0}}
func.func private @main(tensor<1x8xf32>) -> tensor<1x8xf32>
