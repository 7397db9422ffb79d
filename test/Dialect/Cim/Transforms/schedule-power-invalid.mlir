// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/two-chips.yaml --cim-schedule-streams %s -o %t.mlir
// RUN: not %cimc-opt --cim-schedule-power=wake=never %t.mlir 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not %cimc-opt --cim-schedule-power=calls=1:0 %t.mlir 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not %cimc-opt --cim-schedule-power=calls=0:1:0 %t.mlir 2>&1 | FileCheck %s --check-prefix=NOCORE
// RUN: not %cimc-opt --cim-schedule-power=calls=1:0:0 %t.mlir 2>&1 | FileCheck %s --check-prefix=NOCHIP
// RUN: not %cimc-opt --cim-schedule-power=calls=0:0:99 %t.mlir 2>&1 | FileCheck %s --check-prefix=NOFIRING
// RUN: not %cimc-opt --cim-attach-target=target=%S/Inputs/two-chips.yaml --cim-schedule-power %s 2>&1 | FileCheck %s --check-prefix=NONE

// MODE: error: 'cim.schedule' op wake must be host, send or none, is 'never'
// FORM: error: 'cim.schedule' op calls are CHIP:CORE:FIRING, got '1:0'
// NOCORE: error: 'cim.schedule' op call '0:1:0' names core 1, which has no program
// NOCHIP: error: 'cim.schedule' op call '1:0:0' wakes chip 1, which has no program
// NOFIRING: error: 'cim.schedule' op call '0:0:99' names firing 99, core 0 has 8
// NONE: error: the module must hold one schedule, it holds 0
func.func @main(%x: tensor<1x4x4x1xf32>) -> tensor<1x4x4x1xf32> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x4x1xf32> -> tensor<1x4x4x1xf32, #cim.rows<1>>
  %1 = cim.pool max %0 {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, core = 0 : i64}
    : (tensor<1x4x4x1xf32, #cim.rows<1>>) -> tensor<1x4x4x1xf32, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x4x1xf32, #cim.rows<1>> -> tensor<1x4x4x1xf32>
  return %2 : tensor<1x4x4x1xf32>
}
