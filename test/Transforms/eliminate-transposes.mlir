// RUN: %cimc-opt %s --pass-pipeline='builtin.module(func.func(cim-eliminate-transposes,canonicalize))' | FileCheck %s

#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#channel = affine_map<(d0, d1, d2, d3) -> (d1)>

// Two transposes around elementwise ops cancel; the vector per channel follows its dimension.
// CHECK-DAG: #[[ID:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK-DAG: #[[LAST:.*]] = affine_map<(d0, d1, d2, d3) -> (d3)>
// CHECK-LABEL: func @cancel
// CHECK-NOT: tosa.transpose
// CHECK: linalg.generic {indexing_maps = [#[[ID]], #[[LAST]], #[[ID]]]
// CHECK-SAME: ins(%arg0, %arg1 : tensor<1x4x4x8xf32>, tensor<8xf32>)
// CHECK-NOT: tosa.transpose
func.func @cancel(%x: tensor<1x4x4x8xf32>, %b: tensor<8xf32>) -> tensor<1x4x4x8xf32> {
  %0 = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
  %e = tensor.empty() : tensor<1x8x4x4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #channel, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%0, %b : tensor<1x8x4x4xf32>, tensor<8xf32>) outs(%e : tensor<1x8x4x4xf32>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %s = arith.addf %in, %bias : f32
    linalg.yield %s : f32
  } -> tensor<1x8x4x4xf32>
  %2 = tosa.transpose %1 {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x8x4x4xf32>) -> tensor<1x4x4x8xf32>
  return %2 : tensor<1x4x4x8xf32>
}

// Concatenation, pad and slice take the permuted axis.
// CHECK-LABEL: func @movement
// CHECK: tosa.concat %arg0, %arg0 {axis = 3 : i32}
// CHECK: tensor.extract_slice {{.*}}[0, 1, 0, 2] [1, 2, 4, 8] [1, 1, 1, 1]
// CHECK-NOT: tosa.transpose
func.func @movement(%x: tensor<1x4x4x8xf32>) -> tensor<1x2x4x8xf32> {
  %0 = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
  %1 = tosa.concat %0, %0 {axis = 1 : i32} : (tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>) -> tensor<1x16x4x4xf32>
  %2 = tensor.extract_slice %1[0, 2, 1, 0] [1, 8, 2, 4] [1, 1, 1, 1] : tensor<1x16x4x4xf32> to tensor<1x8x2x4xf32>
  %3 = tosa.transpose %2 {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x8x2x4xf32>) -> tensor<1x2x4x8xf32>
  return %3 : tensor<1x2x4x8xf32>
}

// A channel shuffle keeps only the part that moves data inside the channels.
// CHECK-LABEL: func @shuffle
// CHECK: tosa.reshape {{.*}} -> tensor<1x4x4x2x4xf32>
// CHECK: tosa.transpose {{.*}} {perms = array<i32: 0, 1, 2, 4, 3>}
// CHECK: tosa.reshape {{.*}} -> tensor<1x4x4x8xf32>
// CHECK-NOT: tosa.transpose
func.func @shuffle(%x: tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> {
  %s0 = tosa.const_shape {values = dense<[1, 2, 4, 4, 4]> : tensor<5xindex>} : () -> !tosa.shape<5>
  %s1 = tosa.const_shape {values = dense<[1, 8, 4, 4]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %0 = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
  %1 = tosa.reshape %0, %s0 : (tensor<1x8x4x4xf32>, !tosa.shape<5>) -> tensor<1x2x4x4x4xf32>
  %2 = tosa.transpose %1 {perms = array<i32: 0, 2, 1, 3, 4>} : (tensor<1x2x4x4x4xf32>) -> tensor<1x4x2x4x4xf32>
  %3 = tosa.reshape %2, %s1 : (tensor<1x4x2x4x4xf32>, !tosa.shape<4>) -> tensor<1x8x4x4xf32>
  %4 = tosa.transpose %3 {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x8x4x4xf32>) -> tensor<1x4x4x8xf32>
  return %4 : tensor<1x4x4x8xf32>
}

// What a flatten really needs stays.
// CHECK-LABEL: func @flatten
// CHECK: tosa.transpose
// CHECK: tosa.reshape
func.func @flatten(%x: tensor<1x4x4x8xf32>) -> tensor<1x128xf32> {
  %s = tosa.const_shape {values = dense<[1, 128]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %0 = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
  %1 = tosa.reshape %0, %s : (tensor<1x8x4x4xf32>, !tosa.shape<2>) -> tensor<1x128xf32>
  return %1 : tensor<1x128xf32>
}

// Where only paddings and slices lie between the argument and a transpose, the host does it as it sends.
// CHECK-LABEL: func @near_argument
// CHECK: %[[T:.*]] = tosa.transpose %arg0 {perms = array<i32: 0, 2, 3, 1>}
// CHECK: %[[P:.*]] = tosa.pad %[[T]], {{.*}} -> tensor<1x10x10x3xf32>
// CHECK: %[[S:.*]] = tensor.extract_slice %[[P]][0, 0, 0, 0] [1, 9, 9, 3]
// CHECK: return %[[S]]
func.func @near_argument(%x: tensor<1x3x8x8xf32>) -> tensor<1x9x9x3xf32> {
  %pads = tosa.const_shape {values = dense<[0, 0, 0, 0, 1, 1, 1, 1]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %v = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %p = tosa.pad %x, %pads, %v : (tensor<1x3x8x8xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x3x10x10xf32>
  %s = tensor.extract_slice %p[0, 0, 0, 0] [1, 3, 9, 9] [1, 1, 1, 1] : tensor<1x3x10x10xf32> to tensor<1x3x9x9xf32>
  %t = tosa.transpose %s {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x3x9x9xf32>) -> tensor<1x9x9x3xf32>
  return %t : tensor<1x9x9x3xf32>
}
