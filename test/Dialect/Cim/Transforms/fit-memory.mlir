// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays=pack=never --cim-place-on-cores %s | FileCheck %s
// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays=pack=never --cim-place-on-cores --cim-schedule-streams -o /dev/null %s

// The layer's core has 256 KiB: 64 KiB are sums of a row, and the pool would keep 12 rows of 16 KiB there. So the pool is on another core.
cim.weight @w {value = dense<1> : tensor<1x16x256xi8>}
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1x48x64x16xi8>) -> tensor<1x4x53x256xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x48x64x16xi8> -> tensor<1x48x64x16xi8, #cim.rows<1>>
  // CHECK: cim.forward {{.*}}core = [[LAYER:[0-9]+]] : i64
  %1 = cim.forward %0, @w {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, scale = dense<0.5> : tensor<256xf32>}
    : (tensor<1x48x64x16xi8, #cim.rows<1>>) -> tensor<1x48x64x256xi8, #cim.rows<1>>
  // CHECK-NOT: core = [[LAYER]] : i64
  // CHECK: cim.pool {{.*}}core =
  %2 = cim.pool max %1 {kernel = array<i64: 12, 12>, stride = array<i64: 12, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = -128 : i32}
    : (tensor<1x48x64x256xi8, #cim.rows<1>>) -> tensor<1x4x53x256xi8, #cim.rows<1>>
  %3 = cim.output %2, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x53x256xi8, #cim.rows<1>> -> tensor<1x4x53x256xi8>
  return %3 : tensor<1x4x53x256xi8>
}
