// RUN: %cimc-opt %s --split-input-file --verify-diagnostics --cim-check-input-contract

// expected-error @+2 {{argument 0 has type 'tensor<?x4xf32>', must be a ranked static tensor}}
// expected-error @+1 {{result 0 has type 'tensor<?x4xf32>', must be a ranked static tensor}}
func.func @main(%x: tensor<?x4xf32> {cim.name = "x"}) -> (tensor<?x4xf32> {cim.name = "y"}) {
  return %x : tensor<?x4xf32>
}

// -----

// expected-error @+2 {{argument 0 has batch size 2, must be 1}}
// expected-error @+1 {{argument 0 must have attribute 'cim.name'}}
func.func @main(%x: tensor<2x4xf32>) -> (tensor<2x4xf32> {cim.name = "y"}) {
  // expected-error @+1 {{op 'tosa.identity' is not allowed at this level}}
  %0 = "tosa.identity"(%x) : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// expected-error @+1 {{must hold one public function 'main' with a body}}
module {
  func.func @other(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
    return %x : tensor<1x4xf32>
  }
}

// -----

func.func @main(%x: tensor<1x2x4x3xf32> {cim.name = "x"}, %i: tensor<1x2x5xi64> {cim.name = "i"}) -> (tensor<2x5x3xf32> {cim.name = "y"}, tensor<1x5x3xf32> {cim.name = "z"}) {
  %shape = tosa.const_shape {values = dense<[2, 4, 3]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %two = tosa.const_shape {values = dense<[2, 5]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %tables = tosa.reshape %x, %shape : (tensor<1x2x4x3xf32>, !tosa.shape<3>) -> tensor<2x4x3xf32>
  %indices = tosa.reshape %i, %two : (tensor<1x2x5xi64>, !tosa.shape<2>) -> tensor<2x5xi64>
  // expected-error @+1 {{'tosa.gather' reads from 2 tables, must be one}}
  %0 = tosa.gather %tables, %indices : (tensor<2x4x3xf32>, tensor<2x5xi64>) -> tensor<2x5x3xf32>
  %one = tensor.extract_slice %tables[0, 0, 0] [1, 4, 3] [1, 1, 1] : tensor<2x4x3xf32> to tensor<1x4x3xf32>
  %row = tensor.extract_slice %indices[0, 0] [1, 5] [1, 1] : tensor<2x5xi64> to tensor<1x5xi64>
  // expected-error @+1 {{'tosa.gather' must have indices of type i32}}
  %1 = tosa.gather %one, %row : (tensor<1x4x3xf32>, tensor<1x5xi64>) -> tensor<1x5x3xf32>
  return %0, %1 : tensor<2x5x3xf32>, tensor<1x5x3xf32>
}

// -----

func.func @main(%x: tensor<1x3x2xf32> {cim.name = "x"}) -> (tensor<1x3x2xf32> {cim.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  // expected-error @+1 {{'scf.for' must count from 0 by 1 to a constant, which is the number of steps}}
  %0 = scf.for %t = %c1 to %c3 step %c1 iter_args(%h = %x) -> (tensor<1x3x2xf32>) {
    scf.yield %h : tensor<1x3x2xf32>
  }
  return %0 : tensor<1x3x2xf32>
}

// -----

func.func @main(%x: tensor<1x3x2xf32> {cim.name = "x"}) -> (tensor<1x3x2xf32> {cim.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %empty = tensor.empty() : tensor<1x3x2xf32>
  // expected-error @+1 {{'scf.for' iteration argument 0 starts empty, so every step must insert its entry and nothing else may read it}}
  %0 = scf.for %t = %c0 to %c3 step %c1 iter_args(%h = %empty) -> (tensor<1x3x2xf32>) {
    scf.yield %h : tensor<1x3x2xf32>
  }
  return %0 : tensor<1x3x2xf32>
}

// -----

func.func @main(%x: tensor<1x3x2xf32> {cim.name = "x"}) -> (tensor<1x3x2xf32> {cim.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %0 = scf.for %t = %c0 to %c3 step %c1 iter_args(%h = %x) -> (tensor<1x3x2xf32>) {
    // expected-error @+1 {{'tensor.extract_slice' must have static offsets, sizes and strides, or in a loop take one entry at the step that the loop counts and all of every other dimension}}
    %in = tensor.extract_slice %x[0, %t, 0] [1, 1, 1] [1, 1, 1] : tensor<1x3x2xf32> to tensor<1x1x1xf32>
    // expected-error @+1 {{'tensor.insert_slice' must fill a sequence of a loop: one entry at the step that the loop counts, into an iteration argument that nothing else reads}}
    %next = tensor.insert_slice %in into %h[0, 0, 0] [1, 1, 1] [1, 1, 1] : tensor<1x1x1xf32> into tensor<1x3x2xf32>
    scf.yield %next : tensor<1x3x2xf32>
  }
  return %0 : tensor<1x3x2xf32>
}
