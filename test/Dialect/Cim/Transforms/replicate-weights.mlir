// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-tile-to-arrays=pack=spread --cim-replicate-weights --cim-check-mapping %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-tile-to-arrays=pack=spread --cim-replicate-weights --cim-replicate-weights %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-tile-to-arrays=pack=spread --cim-replicate-weights=report=true %s 2>&1 | FileCheck %s --check-prefix=REPORT
// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-tile-to-arrays=pack=spread --cim-replicate-weights --cim-place-on-cores --cim-schedule-streams %s | FileCheck %s --check-prefix=STAGES
// RUN: %cimc-opt --cim-attach-target=target=hermes --cim-tile-to-arrays=pack=spread --cim-replicate-weights --cim-place-on-cores --cim-schedule-streams --cim-convert-cim-to-cimisa %s | FileCheck %s --check-prefix=ISA

// Two convolutions of 8 positions a row and a dense layer on 64 arrays. Each convolution gets one core per position, the dense layer, which has one position, none more. The second
// one has two tiles of rows, so a copy of it takes two arrays.
// REPORT: remark: copies: 14 more in 25 of 64 arrays; the busiest unit works 4168 ns per inference, 33344 ns without copies, at least 4168 ns
// REPORT: remark: 'conv1': 8 copies
// REPORT: remark: 'conv2': 8 copies
// REPORT-NOT: 'dense'

// CHECK: cim.weight @conv1 {tiles = [
// CHECK-SAME: array = 0, at_row = 0, at_col = 0>, #cim.tile<{{[^>]*}}array = {{[0-9]+}}, at_row = 0, at_col = 0, copy = 1>
// CHECK-SAME: copy = 7>]
cim.weight @conv1 {value = dense<1> : tensor<1x27x32xi8>}
// CHECK: cim.weight @conv2 {tiles = [
// CHECK-SAME: row = 144, rows = 144, {{[^>]*}}copy = 7>]
cim.weight @conv2 {value = dense<1> : tensor<1x288x16xi8>}
// CHECK: cim.weight @dense {tiles = [
// CHECK-NOT: copy
// CHECK: func.func @main
cim.weight @dense {value = dense<1> : tensor<1x16x10xi8>}

// STAGES: cim.fire "conv1"
// STAGES: cim.fire "conv1 copy

// A copy within a row needs the positions beside its own and starts at the first of them. At the left end the window begins in the padding.
// ISA: cimisa.block "conv1" {
// ISA: cimisa.read {{.*}}width = 8, pitch = 3, channel = 0, channels = 3, {{.*}}pad_left = 1, positions = 1,
// ISA: cimisa.block "conv1 copy
// ISA: cimisa.read {{.*}}pitch = 3, channel = {{[1-9][0-9]*}}, channels = 3, {{.*}}pad_left = 0, positions = 1,
func.func @main(%x: tensor<1x8x8x3xi8>) -> tensor<1x10xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x8x8x3xi8> -> tensor<1x8x8x3xi8, #cim.rows<1>>
  %1 = cim.forward %0, @conv1 {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, pad_value = 0 : i32, scale = dense<0.5> : tensor<32xf32>}
    : (tensor<1x8x8x3xi8, #cim.rows<1>>) -> tensor<1x8x8x32xi8, #cim.rows<1>> loc("conv1")
  %2 = cim.forward %1, @conv2 {kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, pad_value = 0 : i32, scale = dense<0.5> : tensor<16xf32>}
    : (tensor<1x8x8x32xi8, #cim.rows<1>>) -> tensor<1x8x8x16xi8, #cim.rows<1>> loc("conv2")
  %3 = cim.pool max %2 {kernel = array<i64: 8, 8>, stride = array<i64: 8, 8>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>}
    : (tensor<1x8x8x16xi8, #cim.rows<1>>) -> tensor<1x1x1x16xi8, #cim.rows<1>>
  %4 = cim.forward %3, @dense {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, scale = dense<0.5> : tensor<10xf32>}
    : (tensor<1x1x1x16xi8, #cim.rows<1>>) -> tensor<1x1x1x10xi8, #cim.rows<1>> loc("dense")
  %5 = cim.output %4, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x10xi8, #cim.rows<1>> -> tensor<1x10xi8>
  return %5 : tensor<1x10xi8>
}
