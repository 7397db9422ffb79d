// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-convert-from-quantized %s | FileCheck %s --check-prefixes=CHECK,TWICE
// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-convert-from-quantized=saturate=true %s | FileCheck %s --check-prefixes=CHECK,SATURATE
// RUN: %cimc-opt --cim-attach-target=target=generic --cim-convert-from-quantized %s | FileCheck %s --check-prefixes=CHECK,ONCE

// The arrays of hermes take sign and magnitude, so -128 is read twice or saturated; those of generic take it.
// CHECK-LABEL: func.func @main
// TWICE: cim.forward {{.*}}passes = 2 : i32
// ONCE-NOT: passes
// SATURATE: %[[S:.*]] = cim.lookup
// SATURATE-NEXT: cim.forward %[[S]]
// SATURATE-NOT: passes
func.func @main(%x: tensor<1x3x2xi8>) -> tensor<1x3x2xi32> {
  %w = "tosa.const"() {values = dense<[[[1, 2], [3, 4]]]> : tensor<1x2x2xi8>} : () -> tensor<1x2x2xi8>
  %z = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
  %0 = tosa.matmul %x, %w, %z, %z : (tensor<1x3x2xi8>, tensor<1x2x2xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x3x2xi32>
  return %0 : tensor<1x3x2xi32>
}
