// RUN: %cimc-opt --cim-attach-target=target=generic --cim-split-channels %s | FileCheck %s

// A row of 49 x 1280 floats takes 250,880 bytes, more than a quarter of 256 KiB: four parts of 320 channels, from the input to the layer behind.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<1x7x7x1280xi8>) -> tensor<1x10xi8> {
  // CHECK: [[X:%.*]] = cim.input
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x7x7x1280xi8> -> tensor<1x7x7x1280xi8, #cim.rows<1>>
  // CHECK: [[S0:%.*]] = cim.slice [[X]] {offsets = array<i64: 0, 0, 0, 0>, {{.*}} -> tensor<1x7x7x320xi8, #cim.rows<1>>
  // CHECK: [[R0:%.*]] = cim.relayout [[S0]] {{.*}} -> tensor<1x1x49x320xi8, #cim.rows<1>>
  // CHECK: [[S3:%.*]] = cim.slice [[X]] {offsets = array<i64: 0, 0, 0, 960>, {{.*}} -> tensor<1x7x7x320xi8, #cim.rows<1>>
  // CHECK: cim.relayout [[S3]]
  %1 = cim.relayout %0 {permutation = array<i64: 0, 1, 2, 3>} : (tensor<1x7x7x1280xi8, #cim.rows<1>>) -> tensor<1x1x49x1280xi8, #cim.rows<1>>
  // CHECK: [[D0:%.*]] = cim.dequantize [[R0]] {{.*}} -> tensor<1x1x49x320xf32, #cim.rows<1>>
  %2 = cim.dequantize %1 {scale = 0.5 : f32, zero_point = 0 : i32} : (tensor<1x1x49x1280xi8, #cim.rows<1>>) -> tensor<1x1x49x1280xf32, #cim.rows<1>>
  // CHECK: cim.pool sum [[D0]]
  %3 = cim.pool sum %2 {kernel = array<i64: 1, 49>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x1x49x1280xf32, #cim.rows<1>>) -> tensor<1x1x1x1280xf32, #cim.rows<1>>
  // CHECK-COUNT-4: cim.quantize {{.*}} -> tensor<1x1x1x320xi8, #cim.rows<1>>
  // CHECK: [[J:%.*]] = cim.concat {{.*}} {axis = 3 : i64} : (tensor<1x1x1x320xi8, #cim.rows<1>>, {{.*}}) -> tensor<1x1x1x1280xi8, #cim.rows<1>>
  %4 = cim.quantize %3 {scale = 0.5 : f32, zero_point = 0 : i32} : (tensor<1x1x1x1280xf32, #cim.rows<1>>) -> tensor<1x1x1x1280xi8, #cim.rows<1>>
  // CHECK: cim.forward [[J]], @w
  %5 = cim.forward %4, @w {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32, scale = dense<0.5> : tensor<10xf32>}
    : (tensor<1x1x1x1280xi8, #cim.rows<1>>) -> tensor<1x1x1x10xi8, #cim.rows<1>>
  %6 = cim.output %5, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x10xi8, #cim.rows<1>> -> tensor<1x10xi8>
  return %6 : tensor<1x10xi8>
}
cim.weight @w {value = dense<1> : tensor<1x1280x10xi8>}

// Requantisation takes its channels' parameters along.
// CHECK-LABEL: func.func @parameters
func.func @parameters(%x: tensor<1x1x40x1023xi8>) -> tensor<1x1x20x1023xi8> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x40x1023xi8> -> tensor<1x1x40x1023xi8, #cim.rows<1>>
  // CHECK: cim.pool sum {{.*}} -> tensor<1x1x20x512xi32
  // CHECK: cim.pool sum {{.*}} -> tensor<1x1x20x511xi32
  %1 = cim.pool sum %0 {kernel = array<i64: 1, 21>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x1x40x1023xi8, #cim.rows<1>>) -> tensor<1x1x20x1023xi32, #cim.rows<1>>
  // CHECK: cim.requantize {{.*}}scale = dense<{{.*}}> : tensor<512xf32>
  // CHECK: cim.requantize {{.*}}scale = dense<{{.*}}> : tensor<511xf32>
  %2 = cim.requantize %1 {scale = dense<0.5> : tensor<1023xf32>} : (tensor<1x1x20x1023xi32, #cim.rows<1>>) -> tensor<1x1x20x1023xi8, #cim.rows<1>>
  %3 = cim.output %2, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x20x1023xi8, #cim.rows<1>> -> tensor<1x1x20x1023xi8>
  return %3 : tensor<1x1x20x1023xi8>
}

// The map of a global pool counts as a whole: 15 rows of 5120 bytes are more than 64 KiB.
// CHECK-LABEL: func.func @window
// CHECK-COUNT-2: cim.pool sum {{.*}} -> tensor<1x1x1x512xi32
func.func @window(%x: tensor<1x15x5x1024xi8>) -> tensor<1x1x1x1024xi32> {
  %0 = cim.input %x, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x15x5x1024xi8> -> tensor<1x15x5x1024xi8, #cim.rows<1>>
  %1 = cim.pool sum %0 {kernel = array<i64: 15, 5>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32}
    : (tensor<1x15x5x1024xi8, #cim.rows<1>>) -> tensor<1x1x1x1024xi32, #cim.rows<1>>
  %2 = cim.output %1, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x1x1x1024xi32, #cim.rows<1>> -> tensor<1x1x1x1024xi32>
  return %2 : tensor<1x1x1x1024xi32>
}
