// RUN: cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-equalize,canonicalize))" | FileCheck %s

#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// Channel 1 is a sixteenth of channel 0, and all weights that read it are equal: it is scaled by 2, its weights by 1/2. A bound at zero and a pool lie between.
// CHECK-LABEL: func.func @layers
// CHECK-NOT: cim.largest
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{\[\[\[\[}}1.000000e+00, 2.000000e+00]]], {{\[\[\[}}-8.000000e+00, 2.000000e+00]]]]> : tensor<2x1x1x2xf32>
// CHECK-DAG: %[[B:.*]] = arith.constant dense<[5.000000e-01, 2.000000e+00]> : tensor<2xf32>
// CHECK-DAG: %[[V:.*]] = arith.constant dense<{{.*}}2.000000e+00, 1.000000e+00{{.*}}> : tensor<1x1x1x2xf32>
// CHECK: tosa.conv2d %{{.*}}, %[[W]], %[[B]],
// CHECK: arith.maximumf
// CHECK: tosa.max_pool2d
// CHECK: tosa.conv2d %{{.*}}, %[[V]],
func.func @layers(%x: tensor<1x4x4x2xf32>) -> tensor<1x2x2x1xf32> {
  %w = arith.constant dense<[[[[1.0, 2.0]]], [[[-4.0, 1.0]]]]> : tensor<2x1x1x2xf32>
  %b = arith.constant dense<[0.5, 1.0]> : tensor<2xf32>
  %v = arith.constant dense<2.0> : tensor<1x1x1x2xf32>
  %c = arith.constant dense<0.0> : tensor<1xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %empty = tensor.empty() : tensor<1x4x4x2xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%0 : tensor<1x4x4x2xf32>) outs(%empty : tensor<1x4x4x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %low = arith.constant 0.0 : f32
    %a = arith.maximumf %in, %low : f32
    linalg.yield %a : f32
  } -> tensor<1x4x4x2xf32>
  %2 = tosa.max_pool2d %1 {kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>, cim.largest = array<f32: 8.0, 0.5>} : (tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32>
  %3 = tosa.conv2d %2, %v, %c, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  return %3 : tensor<1x2x2x1xf32>
}

// A mask times a tensor: the factors follow the product. Channel 1's weight is a quarter of the largest, so its channel is made smaller by the fourth root of 4.
// CHECK-LABEL: func.func @mask
// CHECK-DAG: %[[F:.*]] = arith.constant dense<[1.000000e+00, 0.707106{{.*}}]> : tensor<2xf32>
// CHECK-DAG: %[[V:.*]] = arith.constant dense<{{.*}}4.000000e+00, 1.4142135{{.*}}> : tensor<1x1x1x2xf32>
// CHECK: arith.mulf
// CHECK: %[[P:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[F]] : tensor<1x4x4x2xf32>, tensor<2xf32>)
// CHECK: tosa.conv2d %[[P]], %[[V]],
func.func @mask(%x: tensor<1x4x4x2xf32>, %y: tensor<1x4x4x2xf32>) -> tensor<1x4x4x1xf32> {
  %v = arith.constant dense<[[[[4.0, 1.0]]]]> : tensor<1x1x1x2xf32>
  %c = arith.constant dense<0.0> : tensor<1xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %empty = tensor.empty() : tensor<1x4x4x2xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%x, %y : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) outs(%empty : tensor<1x4x4x2xf32>) attrs = {cim.largest = array<f32: 3.0, 3.0>} {
  ^bb0(%l: f32, %r: f32, %out: f32):
    %p = arith.mulf %l, %r : f32
    linalg.yield %p : f32
  } -> tensor<1x4x4x2xf32>
  %1 = tosa.conv2d %0, %v, %c, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x1xf32>
  return %1 : tensor<1x4x4x1xf32>
}

// A tensor that something else reads too, here the network's output, keeps its numbers.
// CHECK-LABEL: func.func @shared
// CHECK-NOT: cim.largest
// CHECK: arith.constant dense<{{\[\[\[\[}}1.000000e+00, 2.000000e+00]]], {{\[\[\[}}-4.000000e+00, 1.000000e+00]]]]>
// CHECK-NOT: linalg.generic
func.func @shared(%x: tensor<1x4x4x2xf32>) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) {
  %w = arith.constant dense<[[[[1.0, 2.0]]], [[[-4.0, 1.0]]]]> : tensor<2x1x1x2xf32>
  %b = arith.constant dense<[0.5, 1.0]> : tensor<2xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, cim.largest = array<f32: 8.0, 0.5>}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %1 = tosa.conv2d %0, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %0, %1 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>
}

// A tensor times a function of itself (swish) is a function of one tensor and becomes a table, which has no room for factors per channel.
// CHECK-LABEL: func.func @table
// CHECK: math.tanh
// CHECK: %[[P:.*]] = linalg.generic
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.mulf
// CHECK-NOT: linalg.generic
// CHECK: tosa.conv2d %[[P]],
func.func @table(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x1xf32> {
  %v = arith.constant dense<[[[[4.0, 1.0]]]]> : tensor<1x1x1x2xf32>
  %c = arith.constant dense<0.0> : tensor<1xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %empty = tensor.empty() : tensor<1x4x4x2xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%x : tensor<1x4x4x2xf32>) outs(%empty : tensor<1x4x4x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %t = math.tanh %in : f32
    linalg.yield %t : f32
  } -> tensor<1x4x4x2xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%x, %0 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) outs(%empty : tensor<1x4x4x2xf32>) attrs = {cim.largest = array<f32: 3.0, 1.0>} {
  ^bb0(%l: f32, %r: f32, %out: f32):
    %p = arith.mulf %l, %r : f32
    linalg.yield %p : f32
  } -> tensor<1x4x4x2xf32>
  %2 = tosa.conv2d %1, %v, %c, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x1xf32>
  return %2 : tensor<1x4x4x1xf32>
}
