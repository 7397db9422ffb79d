// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays --cim-place-on-cores %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays --cim-place-on-cores --cim-schedule-streams -o /dev/null %s

// A running sum whose rows take 64 KiB, four in all with the host's, does not fit the 256 KiB of one core with the window of a pool. What is fed to the delay is no
// operand of it, and counts among what its core reads.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1x8x1x16384xf32>) -> tensor<1x2x1x16384xf32> {
  %zero = cim.constant dense<0.0> : tensor<1x1x1x16384xf32>
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x8x1x16384xf32> -> tensor<1x8x1x16384xf32, #cim.rows<1>>
  // CHECK: cim.delay {{.*}}core = [[SUM:[0-9]+]] : i64
  %before = cim.delay "s", %zero : (tensor<1x1x1x16384xf32>) -> tensor<1x8x1x16384xf32, #cim.rows<1>>
  %1 = cim.elementwise %0, %before : (tensor<1x8x1x16384xf32, #cim.rows<1>>, tensor<1x8x1x16384xf32, #cim.rows<1>>) -> tensor<1x8x1x16384xf32, #cim.rows<1>> {
  ^bb0(%a: f32, %b: f32):
    %sum = arith.addf %a, %b : f32
    cim.yield %sum : f32
  }
  // CHECK: cim.feed
  cim.feed "s", %1 : tensor<1x8x1x16384xf32, #cim.rows<1>>
  // CHECK-NOT: core = [[SUM]] : i64
  // CHECK: cim.slice
  %2 = cim.slice %1 {offsets = array<i64: 0, 1, 0, 0>, strides = array<i64: 1, 4, 1, 1>} : (tensor<1x8x1x16384xf32, #cim.rows<1>>) -> tensor<1x2x1x16384xf32, #cim.rows<1>>
  %3 = cim.output %2, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x2x1x16384xf32, #cim.rows<1>> -> tensor<1x2x1x16384xf32>
  return %3 : tensor<1x2x1x16384xf32>
}
