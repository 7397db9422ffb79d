// DEFINE: %{emit} = --cim-tile-to-arrays --cim-place-on-cores --cim-schedule-streams --cim-convert-cim-to-cimisa
// RUN: %cimc-opt --cim-attach-target=target=hermes %{emit} --cim-set-converter-ranges %s | FileCheck %s --check-prefix=ARRAY
// RUN: %cimc-opt --cim-attach-target=target=hermes %{emit} --cim-set-converter-ranges=per-column %s | FileCheck %s --check-prefix=COLUMN
// RUN: %cimc-opt --cim-attach-target=target=hermes %{emit} --cim-set-converter-ranges=per-column --cim-set-converter-ranges %s | FileCheck %s --check-prefix=COLUMN
// RUN: %cimc-opt --cim-attach-target=target=chimera %{emit} --cim-set-converter-ranges %s | FileCheck %s --check-prefix=ENGINE

// Weights of 100 and -20 in one column, of 50 and 127 in the other. In four phases the largest sums are 128 * 100 and 128 * 177, and the largest code is 4095.
// A tile that has steps keeps them. Engines have no converters.
// ARRAY: cimisa.tile "dense" {{.*}}steps = array<f32: 5.53260088>}
// COLUMN: cimisa.tile "dense" {{.*}}steps = array<f32: 3.12576318, 5.53260088>}
// ENGINE: cimisa.tile "dense"
// ENGINE-NOT: steps
cim.weight @dense {value = dense<[[[100, 50], [-20, 127]]]> : tensor<1x2x2xi8>, unit = #cim<unit array>}
func.func @main(%arg: tensor<1x4x1x2xi8>) -> tensor<1x4x1x2xi8> {
  %x = cim.input %arg, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x1x2xi8> -> tensor<1x4x1x2xi8, #cim.rows<1>>
  %y = cim.forward %x, @dense {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32,
    bias = dense<0> : tensor<2xi32>, scale = dense<1.0> : tensor<2xf32>, zero_point = 0 : i32, clamp = array<i32: -128, 127>}
    : (tensor<1x4x1x2xi8, #cim.rows<1>>) -> tensor<1x4x1x2xi8, #cim.rows<1>> loc("dense")
  %z = cim.output %y, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x1x2xi8, #cim.rows<1>> -> tensor<1x4x1x2xi8>
  return %z : tensor<1x4x1x2xi8>
}
