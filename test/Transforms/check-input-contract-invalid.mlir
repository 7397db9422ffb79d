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
