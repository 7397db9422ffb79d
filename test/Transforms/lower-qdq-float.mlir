// RUN: cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-lower-qdq{float-layers=true},canonicalize,cse))" | FileCheck %s

// A layer whose input is float stays float; weights that are quantised or moved become real numbers in its own layout.
// CHECK-LABEL: func.func @matmul
// CHECK-DAG: %[[W:.*]] = arith.constant dense<{{\[\[}}[5.000000e-01, 1.500000e+00], [1.000000e+00, 2.000000e+00]]]> : tensor<1x2x2xf32>
// CHECK: tosa.matmul %arg0, %[[W]], %{{.*}} : (tensor<1x3x2xf32>, tensor<1x2x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x2xf32>
func.func @matmul(%x: tensor<1x3x2xf32>) -> tensor<1x3x2xf32> {
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %q = arith.constant dense<[[[1, 2], [3, 4]]]> : tensor<1x2x2xi8>
  %e = tensor.empty() : tensor<1x2x2xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%q : tensor<1x2x2xi8>) outs(%e : tensor<1x2x2xf32>) {
  ^bb0(%in: i8, %out: f32):
    %s = arith.constant 0.5 : f32
    %i = arith.extsi %in : i8 to i32
    %f = arith.sitofp %i : i32 to f32
    %m = arith.mulf %f, %s : f32
    linalg.yield %m : f32
  } -> tensor<1x2x2xf32>
  %t = tosa.transpose %w {perms = array<i32: 0, 2, 1>} : (tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
  %0 = tosa.matmul %x, %t, %z, %z : (tensor<1x3x2xf32>, tensor<1x2x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x2xf32>
  return %0 : tensor<1x3x2xf32>
}
