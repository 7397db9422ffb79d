// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays --cim-place-on-cores --cim-schedule-streams --cim-convert-cim-to-cimisa %s | FileCheck %s

// Tiles, channels, streams and a core with one block per stage; nothing of dialect cim is left.
// CHECK-NOT: cim.
// CHECK: cimisa.program "network" attributes {target = dense_resource<target>
// CHECK: cimisa.tile "conv" {array = 0 : i32, col = 0 : i32, cols = 8 : i32, core = 0 : i32, {{.*}}row = 0 : i32, rows = 9 : i32}
// CHECK-NEXT: cimisa.channel "x" {depth = 2 : i32, message_bytes = 4 : i32, source = -1 : i32, target = 0 : i32}
// CHECK-NEXT: cimisa.channel {{.*}}source = 0 : i32, target = -1 : i32}
// CHECK-NEXT: cimisa.stream "x" {{.*}}is_input = true, row_stride = 4 : i64, rows = 6 : i32
// CHECK-NEXT: cimisa.stream "y" {{.*}}is_input = false, row_stride = 16 : i64, rows = 3 : i32
// CHECK-NEXT: cimisa.core attributes {chip = 0 : i32, index = 0 : i32
// CHECK: cimisa.block "receive x on core 0" {
// CHECK-NEXT: cimisa.recv
// CHECK: cimisa.block "forward" {
// CHECK-NEXT: cimisa.read {accumulate = false, direction = #cimisa.direction<forward>, {{.*}}mul = 1, div = 1, add = -1, height = 6, width = 4
// CHECK-NEXT: cimisa.requant
// CHECK: cimisa.block "pool" {
// CHECK-NEXT: cimisa.pool {{.*}}mul = 2, div = 1, add = 0, height = 6
// CHECK-NEXT: cimisa.send
// CHECK: cimisa.control {
// CHECK: cimisa.loop 2
// CHECK-NEXT: cimisa.fire 0 times 1
// CHECK-NEXT: cimisa.fire 1 times 1
// CHECK-NEXT: cimisa.end
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
