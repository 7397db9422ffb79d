// RUN: %cimc-opt --cim-convert-from-quantized --split-input-file --verify-diagnostics %s

// Everything that cannot be converted is reported at once; what follows from a failure is not.
func.func @all_at_once(%x: tensor<1x2x4xi16>, %y: tensor<1x4x2xi16>, %z: tensor<1x4xi8>) -> (tensor<1x2x2xi48>, tensor<1x4xi8>) {
  %p = "tosa.const"() {values = dense<0> : tensor<1xi16>} : () -> tensor<1xi16>
  // expected-error@+1 {{'tosa.matmul' must have elements f32 or i8, has 'i16'}}
  %0 = tosa.matmul %x, %y, %p, %p : (tensor<1x2x4xi16>, tensor<1x4x2xi16>, tensor<1xi16>, tensor<1xi16>) -> tensor<1x2x2xi48>
  %s = tosa.const_shape {values = dense<[1, 2, 2]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %1 = tosa.reshape %0, %s : (tensor<1x2x2xi48>, !tosa.shape<3>) -> tensor<1x2x2xi48>
  // expected-error@+1 {{'tosa.bitwise_not' is not an op of the quantised level}}
  %2 = tosa.bitwise_not %z : (tensor<1x4xi8>) -> tensor<1x4xi8>
  return %1, %2 : tensor<1x2x2xi48>, tensor<1x4xi8>
}

// -----

func.func @zero_points(%x: tensor<1x2x4xi8>, %y: tensor<1x4x2xi8>, %p: tensor<1xi8>) -> tensor<1x2x2xi32> {
  // expected-error@+1 {{'tosa.matmul' must have constant zero points}}
  %0 = tosa.matmul %x, %y, %p, %p : (tensor<1x2x4xi8>, tensor<1x4x2xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x2xi32>
  return %0 : tensor<1x2x2xi32>
}

// -----

func.func @weight_zero_point(%x: tensor<1x2x2xi8>) -> tensor<1x2x2xi32> {
  %w = "tosa.const"() {values = dense<1> : tensor<1x2x2xi8>} : () -> tensor<1x2x2xi8>
  %p = "tosa.const"() {values = dense<3> : tensor<1xi8>} : () -> tensor<1xi8>
  // expected-error@+1 {{zero point of weights must be 0, is 3}}
  %0 = tosa.matmul %x, %w, %p, %p : (tensor<1x2x2xi8>, tensor<1x2x2xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x2xi32>
  return %0 : tensor<1x2x2xi32>
}

// -----

func.func @integer_sum(%x: tensor<1x4xi8>) -> tensor<1x1xi8> {
  // expected-error@+1 {{'tosa.reduce_sum' must have elements f32 or i32, has 'i8'}}
  %0 = tosa.reduce_sum %x {axis = 1 : i32} : (tensor<1x4xi8>) -> tensor<1x1xi8>
  return %0 : tensor<1x1xi8>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @body(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %e = tensor.empty() : tensor<1x4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<1x4xf32>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    // expected-error@+1 {{'math.cbrt' is not a function of the digital unit}}
    %1 = math.cbrt %in : f32
    linalg.yield %1 : f32
  } -> tensor<1x4xf32>
  return %0 : tensor<1x4xf32>
}

// -----

func.func @constant() -> tensor<1x2xi8> {
  %0 = arith.constant dense<1> : tensor<1x2xi8>
  // expected-error@+1 {{'func.return' of a constant is not supported; fold constants first}}
  return %0 : tensor<1x2xi8>
}

// -----

func.func @tables(%t: tensor<2x4x3xf32>, %i: tensor<2x5xi32>) -> tensor<2x5x3xf32> {
  // expected-error@+1 {{'tosa.gather' must have one table, has 2}}
  %0 = tosa.gather %t, %i : (tensor<2x4x3xf32>, tensor<2x5xi32>) -> tensor<2x5x3xf32>
  return %0 : tensor<2x5x3xf32>
}

// -----

func.func @main(%x: tensor<1x3x4x4xf32>) -> tensor<1x4x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %start = arith.constant dense<0.0> : tensor<1x4x4xf32>
  %0 = scf.for %t = %c0 to %c3 step %c1 iter_args(%h = %start) -> (tensor<1x4x4xf32>) {
    // expected-error@+1 {{is a loop inside a loop over time steps, which is not supported}}
    %1 = scf.for %u = %c0 to %c3 step %c1 iter_args(%i = %h) -> (tensor<1x4x4xf32>) {
      %2 = tosa.reverse %i {axis = 1 : i32} : (tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
      scf.yield %2 : tensor<1x4x4xf32>
    }
    scf.yield %1 : tensor<1x4x4xf32>
  }
  return %0 : tensor<1x4x4xf32>
}

// -----

func.func @main(%x: tensor<1x3x4x4xf32>) -> tensor<1x4x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %start = arith.constant dense<0.0> : tensor<1x4x4xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = scf.for %t = %c0 to %c3 step %c1 iter_args(%h = %start) -> (tensor<1x4x4xf32>) {
    // expected-error@+1 {{must multiply one matrix by the same one at every step of its loop}}
    %1 = tosa.matmul %h, %h, %zero, %zero : (tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4xf32>
    scf.yield %1 : tensor<1x4x4xf32>
  }
  return %0 : tensor<1x4x4xf32>
}

// -----

func.func @main(%x: tensor<1x3x4x4xf32>) -> tensor<1x4x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %start = arith.constant dense<0.0> : tensor<1x4x4xf32>
  %0 = scf.for %t = %c0 to %c3 step %c1 iter_args(%h = %start) -> (tensor<1x4x4xf32>) {
    // expected-error@+1 {{'tosa.tanh' in a loop over time steps is not supported}}
    %1 = tosa.tanh %h : (tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
    scf.yield %1 : tensor<1x4x4xf32>
  }
  return %0 : tensor<1x4x4xf32>
}

// -----

func.func @main(%x: tensor<1x3x4x4xf32>) -> tensor<1x4x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %start = arith.constant dense<0.0> : tensor<1x4x4xf32>
  %w = arith.constant dense<1> : tensor<4x3x3x4xi8>
  %b = arith.constant dense<0> : tensor<4xi32>
  %z = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
  %s = arith.constant dense<1> : tensor<1x4x4x4xi8>
  %0 = scf.for %t = %c0 to %c3 step %c1 iter_args(%h = %s) -> (tensor<1x4x4x4xi8>) {
    // expected-error@+1 {{has a window of several rows in a loop over time steps, which is not supported}}
    %1 = tosa.conv2d %h, %w, %b, %z, %z {acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>}
      : (tensor<1x4x4x4xi8>, tensor<4x3x3x4xi8>, tensor<4xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x4x4xi32>
    %2 = tosa.cast %1 : (tensor<1x4x4x4xi32>) -> tensor<1x4x4x4xi8>
    scf.yield %2 : tensor<1x4x4x4xi8>
  }
  return %start : tensor<1x4x4xf32>
}

// -----

func.func @main(%x: tensor<1x3x4x4xf32>) -> tensor<1x4x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %start = arith.constant dense<0.0> : tensor<1x4x4xf32>
  %n = arith.constant 0 : index
  // expected-error@+1 {{must count from 0 by 1 to a constant, which is the number of steps}}
  %0 = scf.for %t = %c1 to %c3 step %c1 iter_args(%h = %start) -> (tensor<1x4x4xf32>) {
    scf.yield %h : tensor<1x4x4xf32>
  }
  return %0 : tensor<1x4x4xf32>
}
