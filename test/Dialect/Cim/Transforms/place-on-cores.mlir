// RUN: %cimc-opt --cim-attach-target=target=generic --cim-tile-to-arrays=pack=never --cim-place-on-cores --cim-check-mapping %s | FileCheck %s

// Every stage has a core; a layer's is that of its first tile, a digital op's that of its producer, or of its consumer behind an input.
// CHECK: cim.weight @a {tiles = [{{.*}}array = [[A:[0-9]+]],
cim.weight @a {value = dense<1> : tensor<1x64x64xi8>}
// CHECK: cim.weight @b {tiles = [{{.*}}array = [[B:[0-9]+]],
cim.weight @b {value = dense<1> : tensor<1x64x10xi8>}
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1x64xf32>) -> tensor<1x10xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1>} : tensor<1x64xf32> -> tensor<1x1x1x64xf32, #cim.rows<1>>
  // CHECK: cim.quantize {{.*}}core = [[A]] : i64
  %1 = cim.quantize %0 {scale = 0.5 : f32, zero_point = 0 : i32} : (tensor<1x1x1x64xf32, #cim.rows<1>>) -> tensor<1x1x1x64xi8, #cim.rows<1>>
  // CHECK: cim.forward {{.*}}, @a {{.*}}core = [[A]] : i64
  %2 = cim.forward %1, @a {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, scale = dense<0.5> : tensor<64xf32>}
    : (tensor<1x1x1x64xi8, #cim.rows<1>>) -> tensor<1x1x1x64xi8, #cim.rows<1>>
  // CHECK: cim.lookup {{.*}}core = [[A]] : i64
  %3 = cim.lookup %2 {table = dense<7> : tensor<256xi8>} : (tensor<1x1x1x64xi8, #cim.rows<1>>) -> tensor<1x1x1x64xi8, #cim.rows<1>>
  // CHECK: cim.forward {{.*}}, @b {{.*}}core = [[B]] : i64
  %4 = cim.forward %3, @b {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, scale = dense<0.5> : tensor<10xf32>}
    : (tensor<1x1x1x64xi8, #cim.rows<1>>) -> tensor<1x1x1x10xi8, #cim.rows<1>>
  %5 = cim.output %4, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x10xi8, #cim.rows<1>> -> tensor<1x10xi8>
  return %5 : tensor<1x10xi8>
}
