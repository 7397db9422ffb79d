// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays --cim-place-on-cores --cim-schedule-streams %s | FileCheck %s

// A convolution and a pool on one core. The pool's firing r needs rows 2r and 2r + 1 of the convolution, which needs one row ahead of its input; rings hold no more
// than the rows that are live, and one more where memory is left.
// CHECK: cim.schedule @main {
// CHECK-NEXT: cim.fifo {depth = 2 : i64, receiver = 1 : i64, stream = 0 : i64}
// CHECK-NEXT: cim.fifo {depth = 2 : i64, receiver = 4 : i64, stream = 3 : i64}
// CHECK-NEXT: cim.core_program attributes {core = 0 : i64, memory_bytes = {{[0-9]+}} : i64} {
// CHECK: cim.region "constant" {address = 0 : i64, bytes = 64 : i64, owner = 2 : i64}
// CHECK: cim.region "rows" {{.*}}owner = 1 : i64, rows = 4 : i64}
// CHECK: cim.region "rows" {{.*}}owner = 2 : i64, rows = 3 : i64}
// CHECK: cim.region "scratch" {{.*}}owner = 2 : i64
// CHECK: cim.fire "receive x on core 0" {stage = 1 : i64, times = 2 : i64}
// CHECK-NEXT: cim.fire "forward" {stage = 2 : i64}
// CHECK: cim.fire "pool" {stage = 3 : i64}
// CHECK: cim.loop 2 {
// CHECK: cim.fire "pool" {stage = 3 : i64}
// CHECK: cim.fire "pool" {stage = 3 : i64}
cim.weight @conv {value = dense<1> : tensor<1x9x8xi8>}
func.func @main(%x: tensor<1x6x4x1xi8>) -> tensor<1x3x2x8xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x6x4x1xi8> -> tensor<1x6x4x1xi8, #cim.rows<1>>
  %1 = cim.forward %0, @conv {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, pad_value = 0 : i32, scale = dense<0.5> : tensor<8xf32>}
    : (tensor<1x6x4x1xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
  %2 = cim.pool max %1 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>}
    : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x3x2x8xi8, #cim.rows<1>>
  %3 = cim.output %2, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x3x2x8xi8, #cim.rows<1>> -> tensor<1x3x2x8xi8>
  return %3 : tensor<1x3x2x8xi8>
}
