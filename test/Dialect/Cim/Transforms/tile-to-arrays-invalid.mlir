// RUN: not %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays=pack=loose %s 2>&1 | FileCheck %s --check-prefix=PACK
// RUN: not %cimc-opt --cim-tile-to-arrays %s 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not %cimc-opt --cim-attach-target=target=nothing %s 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays %s 2>&1 | FileCheck %s --check-prefix=FIT

// PACK: error: pack must be auto, never, dense or spread, is 'loose'
// TARGET: error: module has no attribute 'cim.target', attach a target with 'cim-attach-target'
// UNKNOWN: error: {{.*}}nothing
// FIT: error: {{.*}}'huge'
cim.weight @huge {value = dense<1> : tensor<1x4096x4096xi8>}
func.func @main(%x: tensor<1x4096xi8>) -> tensor<1x4096xi32> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x4096xi8> -> tensor<1x1x1x4096xi8, #cim.rows<1>>
  %1 = cim.forward %0, @huge {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x1x1x4096xi8, #cim.rows<1>>) -> tensor<1x1x1x4096xi32, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x4096xi32, #cim.rows<1>> -> tensor<1x4096xi32>
  return %2 : tensor<1x4096xi32>
}
