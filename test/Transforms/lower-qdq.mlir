// RUN: cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-lower-qdq,canonicalize,cse))" --split-input-file | FileCheck %s

#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#outer = affine_map<(d0, d1, d2, d3) -> (d0)>

// A convolution with zero point, scales per channel and a relu. The scales are float32(0.5 * w) / 0.25; the bias counts in units of 0.5 * w; the relu is the lower
// bound -3, the zero point of the result.
// CHECK-LABEL: func.func @conv
// CHECK-DAG: %[[SCALE:.*]] = arith.constant dense<[2.500000e-01, 5.000000e-01]> : tensor<2xf32>
// CHECK-DAG: %[[BIAS:.*]] = arith.constant dense<[8, -4]> : tensor<2xi32>
// CHECK-DAG: %[[ZP:.*]] = "tosa.const"() <{values = dense<7> : tensor<1xi8>}>
// CHECK: %[[ACC:.*]] = tosa.conv2d %{{.*}}, %{{.*}}, %[[BIAS]], %[[ZP]], %{{.*}} {acc_type = i32
// CHECK: linalg.generic {{.*}} ins(%[[ACC]], %[[SCALE]] : tensor<1x4x4x2xi32>, tensor<2xf32>)
// CHECK: arith.sitofp
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: math.roundeven
// CHECK-NEXT: arith.addf %{{.*}}, %cst
// CHECK-NEXT: arith.maximumf
// CHECK-NEXT: arith.minimumf
// CHECK-NEXT: arith.fptosi
func.func @conv(%x: tensor<1x4x4x2xi8>) -> tensor<1x4x4x2xi8> {
  %w = arith.constant dense<[[[[1, 2]]], [[[-4, 1]]]]> : tensor<2x1x1x2xi8>
  %ws = arith.constant dense<[0.125, 0.25]> : tensor<2xf32>
  %b = arith.constant dense<[0.5, -0.5]> : tensor<2xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %empty = tensor.empty() : tensor<1x4x4x2xf32>
  %xf = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%x : tensor<1x4x4x2xi8>) outs(%empty : tensor<1x4x4x2xf32>) {
  ^bb0(%in: i8, %out: f32):
    %s = arith.constant 0.5 : f32
    %z = arith.constant 7 : i32
    %i = arith.extsi %in : i8 to i32
    %d = arith.subi %i, %z : i32
    %f = arith.sitofp %d : i32 to f32
    %m = arith.mulf %f, %s : f32
    linalg.yield %m : f32
  } -> tensor<1x4x4x2xf32>
  %wempty = tensor.empty() : tensor<2x1x1x2xf32>
  %wf = linalg.generic {indexing_maps = [#id, #outer, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%w, %ws : tensor<2x1x1x2xi8>, tensor<2xf32>) outs(%wempty : tensor<2x1x1x2xf32>) {
  ^bb0(%in: i8, %s: f32, %out: f32):
    %i = arith.extsi %in : i8 to i32
    %f = arith.sitofp %i : i32 to f32
    %m = arith.mulf %f, %s : f32
    linalg.yield %m : f32
  } -> tensor<2x1x1x2xf32>
  %0 = tosa.conv2d %xf, %wf, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%0 : tensor<1x4x4x2xf32>) outs(%empty : tensor<1x4x4x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %c = arith.constant 0.0 : f32
    %a = arith.maximumf %in, %c : f32
    linalg.yield %a : f32
  } -> tensor<1x4x4x2xf32>
  %bytes = tensor.empty() : tensor<1x4x4x2xi8>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%1 : tensor<1x4x4x2xf32>) outs(%bytes : tensor<1x4x4x2xi8>) {
  ^bb0(%in: f32, %out: i8):
    %s = arith.constant 0.25 : f32
    %z = arith.constant -3.0 : f32
    %lo = arith.constant -128.0 : f32
    %hi = arith.constant 127.0 : f32
    %d = arith.divf %in, %s : f32
    %r = math.roundeven %d : f32
    %a = arith.addf %r, %z : f32
    %l = arith.maximumf %a, %lo : f32
    %h = arith.minimumf %l, %hi : f32
    %i = arith.fptosi %h : f32 to i8
    linalg.yield %i : i8
  } -> tensor<1x4x4x2xi8>
  return %2 : tensor<1x4x4x2xi8>
}

// -----

// A bias in front of a threshold is added to the real sum: rounded to units, it could move the sum to the other side.
// CHECK-LABEL: func.func @bias_before_step
// CHECK-DAG: %[[B:.*]] = arith.constant dense<[2.500000e-01, -3.000000e-01]> : tensor<2xf32>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0> : tensor<2xi32>
// CHECK: %[[ACC:.*]] = tosa.conv2d %arg0, %{{.*}}, %[[ZERO]],
// CHECK: %[[REAL:.*]] = linalg.generic {{.*}} ins(%[[ACC]] : tensor<1x1x1x2xi32>)
// CHECK: linalg.generic {{.*}} ins(%[[REAL]], %[[B]] : tensor<1x1x1x2xf32>, tensor<2xf32>)
// CHECK: arith.addf
// CHECK: arith.addf
// CHECK: math.floor
#id = affine_map<(a, b, c, d) -> (a, b, c, d)>
#last = affine_map<(a, b, c, d) -> (d)>
func.func @bias_before_step(%x: tensor<1x1x1x2xi8>) -> tensor<1x1x1x2xf32> {
  %e = tensor.empty() : tensor<1x1x1x2xf32>
  %s = arith.constant 0.5 : f32
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x1x1x2xi8>) outs(%e : tensor<1x1x1x2xf32>) {
  ^bb0(%in: i8, %out: f32):
    %i = arith.extsi %in : i8 to i32
    %f = arith.sitofp %i : i32 to f32
    %m = arith.mulf %f, %s : f32
    linalg.yield %m : f32
  } -> tensor<1x1x1x2xf32>
  %q = arith.constant dense<[[[[1, 2]]], [[[3, 4]]]]> : tensor<2x1x1x2xi8>
  %we = tensor.empty() : tensor<2x1x1x2xf32>
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%q : tensor<2x1x1x2xi8>) outs(%we : tensor<2x1x1x2xf32>) {
  ^bb0(%in: i8, %out: f32):
    %i = arith.extsi %in : i8 to i32
    %f = arith.sitofp %i : i32 to f32
    %m = arith.mulf %f, %s : f32
    linalg.yield %m : f32
  } -> tensor<2x1x1x2xf32>
  %b = arith.constant dense<[0.25, -0.3]> : tensor<2xf32>
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %r, %w, %b, %z, %z {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %half = arith.constant 0.5 : f32
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%0 : tensor<1x1x1x2xf32>) outs(%e : tensor<1x1x1x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %in, %half : f32
    %f = math.floor %a : f32
    linalg.yield %f : f32
  } -> tensor<1x1x1x2xf32>
  return %1 : tensor<1x1x1x2xf32>
}
