// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/two-chips.yaml --cim-schedule-streams --cim-schedule-power %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/two-chips.yaml --cim-schedule-streams --cim-schedule-power --cim-schedule-power %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/two-chips.yaml --cim-schedule-streams --cim-schedule-power=wake=host %s | FileCheck %s --check-prefix=HOST
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/two-chips.yaml --cim-schedule-streams '--cim-schedule-power=calls=1:0:5' %s | FileCheck %s --check-prefix=EARLY
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/two-chips.yaml --cim-schedule-streams --cim-schedule-power --cim-schedule-power=wake=none %s | FileCheck %s --check-prefix=NONE
// RUN: %cimc-opt --cim-attach-target=target=%S/Inputs/two-chips.yaml --cim-hold-rows --cim-schedule-streams --cim-schedule-power %s | FileCheck %s --check-prefix=HOLD

// The host feeds chip 0, which wakes chip 1 right before it sends its first row there.
// CHECK: cim.schedule @main attributes {host_wakes = array<i64: 0>}
// CHECK: cim.core_program attributes {core = 0 : i64
// CHECK: cim.fire "receive x on core 0"
// CHECK: cim.wake {chip = 1 : i64}
// CHECK-NEXT: cim.loop 6 {
// CHECK-NEXT: cim.fire "first"
// CHECK-NOT: cim.wake
// CHECK: cim.shutdown
// CHECK-NEXT: }
// CHECK: cim.core_program attributes {core = 1 : i64
// CHECK-NOT: cim.wake
// CHECK: cim.shutdown
// CHECK-NEXT: }

// HOST: cim.schedule @main attributes {host_wakes = array<i64: 0, 1>}
// HOST-NOT: cim.wake
// HOST: cim.shutdown
// HOST: cim.shutdown

// A run that the place cuts is split.
// EARLY: cim.core_program attributes {core = 0 : i64
// EARLY: cim.wake {chip = 1 : i64}
// EARLY-NOT: cim.wake

// NONE: cim.schedule @main {
// NONE-NOT: cim.wake
// NONE-NOT: cim.shutdown

// Rows that wait are kept by a stage of their own, and the wake stands before that.
// HOLD: cim.core_program attributes {core = 0 : i64
// HOLD: cim.fire "first" {stage = 2 : i64, times = {{[0-9]+}} : i64}
// HOLD: cim.wake {chip = 1 : i64}
// HOLD-NEXT: cim.fire "hold first on core 0" {stage = {{[0-9]+}} : i64, times = 8 : i64}
// HOLD-NEXT: cim.shutdown
cim.weight @a {value = dense<1> : tensor<1x9x8xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 9, col = 0, cols = 8, array = 0, at_row = 0, at_col = 0>]}
cim.weight @b {value = dense<1> : tensor<1x8x4xi8>, tiles = [#cim.tile<group = 0, groups = 1, row = 0, rows = 8, col = 0, cols = 4, array = 1, at_row = 0, at_col = 0>]}
func.func @main(%x: tensor<1x8x4x1xi8>) -> tensor<1x8x4x4xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x8x4x1xi8> -> tensor<1x8x4x1xi8, #cim.rows<1>>
  %1 = cim.forward %0, @a {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, pad_value = 0 : i32, scale = dense<0.5> : tensor<8xf32>, core = 0 : i64}
    : (tensor<1x8x4x1xi8, #cim.rows<1>>) -> tensor<1x8x4x8xi8, #cim.rows<1>> loc("first")
  %2 = cim.forward %1, @b {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, scale = dense<0.5> : tensor<4xf32>, core = 1 : i64}
    : (tensor<1x8x4x8xi8, #cim.rows<1>>) -> tensor<1x8x4x4xi8, #cim.rows<1>> loc("second")
  %3 = cim.output %2, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x8x4x4xi8, #cim.rows<1>> -> tensor<1x8x4x4xi8>
  return %3 : tensor<1x8x4x4xi8>
}
