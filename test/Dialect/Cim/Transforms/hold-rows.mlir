// RUN: %cimc-opt --cim-hold-rows=share=0.5 %s | FileCheck %s
// RUN: %cimc-opt --cim-hold-rows=share=0.5 --cim-hold-rows=share=0 %s | FileCheck %s --check-prefix=NONE
// RUN: %cimc-opt --cim-hold-rows="share=0 stages=0:1" %s | FileCheck %s --check-prefix=STAGE

// Half of the three other rows, rounded down.
// CHECK: cim.pool max {{.*}} {cim.hold = 1 : i64
// NONE-NOT: cim.hold
// STAGE-NOT: cim.hold
// STAGE: cim.pool max {{.*}} {cim.hold = 3 : i64
func.func @main(%x: tensor<1x4x4x1xf32>) -> tensor<1x4x4x1xf32> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x4x1xf32> -> tensor<1x4x4x1xf32, #cim.rows<1>>
  %1 = cim.pool max %0 {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, core = 0 : i64}
    : (tensor<1x4x4x1xf32, #cim.rows<1>>) -> tensor<1x4x4x1xf32, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x4x1xf32, #cim.rows<1>> -> tensor<1x4x4x1xf32>
  return %2 : tensor<1x4x4x1xf32>
}
