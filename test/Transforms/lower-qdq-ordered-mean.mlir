// RUN: %cimc-opt "--cim-lower-qdq=ordered-mean=true" %s | FileCheck %s
// RUN: %cimc-opt --cim-lower-qdq %s | FileCheck %s --check-prefix=EXACT

#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// Four elements and one scale: one result in four lies half-way between two integers, and the order of the float sum decides how it rounds. First down the window's
// columns, then along the row of sums. Otherwise the sum is an exact one of integers.
// CHECK-LABEL: func.func @mean
// CHECK: linalg.pooling_nhwc_sum {{.*}}strides = dense<[2, 1]>{{.*}} : tensor<1x4x4x3xf32>, tensor<2x1xf32>) outs({{.*}} : tensor<1x2x4x3xf32>)
// CHECK: linalg.pooling_nhwc_sum {{.*}}strides = dense<[1, 2]>{{.*}} : tensor<1x2x4x3xf32>, tensor<1x2xf32>) outs({{.*}} : tensor<1x2x2x3xf32>)
// CHECK: linalg.generic
// CHECK: arith.divf %in, %{{.*}} : f32
// CHECK: math.roundeven
// EXACT-LABEL: func.func @mean
// EXACT: linalg.pooling_nhwc_sum {{.*}} : tensor<1x4x4x3xi8>, tensor<2x2xi32>) outs({{.*}} : tensor<1x2x2x3xi32>)
func.func @mean(%x: tensor<1x4x4x3xi8>) -> tensor<1x2x2x3xi8> {
  %scale = arith.constant 2.500000e-01 : f32
  %zero = arith.constant 0.0 : f32
  %lo = arith.constant -128.0 : f32
  %hi = arith.constant 127.0 : f32
  %zp = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %e = tensor.empty() : tensor<1x4x4x3xf32>
  %real = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x4x4x3xi8>) outs(%e : tensor<1x4x4x3xf32>) {
  ^bb0(%in: i8, %out: f32):
    %wide = arith.extsi %in : i8 to i32
    %f = arith.sitofp %wide : i32 to f32
    %m = arith.mulf %f, %scale : f32
    linalg.yield %m : f32
  } -> tensor<1x4x4x3xf32>
  %mean = tosa.avg_pool2d %real, %zp, %zp {acc_type = f32, kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>}
    : (tensor<1x4x4x3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x3xf32>
  %e8 = tensor.empty() : tensor<1x2x2x3xi8>
  %q = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%mean : tensor<1x2x2x3xf32>) outs(%e8 : tensor<1x2x2x3xi8>) {
  ^bb0(%in: f32, %out: i8):
    %d = arith.divf %in, %scale : f32
    %r = math.roundeven %d : f32
    %l = arith.maximumf %r, %lo : f32
    %h = arith.minimumf %l, %hi : f32
    %i = arith.fptosi %h : f32 to i8
    linalg.yield %i : i8
  } -> tensor<1x2x2x3xi8>
  return %q : tensor<1x2x2x3xi8>
}
