// RUN: cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-quantize))" | FileCheck %s
// RUN: cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-quantize{weight-bits=4},cim-lower-qdq,canonicalize,cse))" | FileCheck %s --check-prefix=LOWER
// RUN: cimc-opt %s --pass-pipeline="builtin.module(func.func(cim-quantize{asymmetric=true}))" | FileCheck %s --check-prefix=ASYM

#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// The input is quantised, the first layer's result after its relu, the last layer's result not at all.
// CHECK-LABEL: func.func @main
// CHECK-NOT: cim.range
// CHECK: arith.divf
// CHECK: arith.fptosi
// CHECK: arith.extsi
// CHECK: %[[W:.*]] = arith.constant dense<{{\[\[\[\[}}64, 127]]], {{\[\[\[}}-127, 32]]]]> : tensor<2x1x1x2xi8>
// CHECK: tosa.conv2d
// CHECK: arith.maximumf
// CHECK: arith.divf
// CHECK: tosa.conv2d
// CHECK-NOT: arith.divf

// LOWER-LABEL: func.func @main
// LOWER-DAG: dense<{{\[\[\[\[}}3, 7]]], {{\[\[\[}}-7, 2]]]]> : tensor<2x1x1x2xi8>
// LOWER: arith.divf
// LOWER: %[[ACC:.*]] = tosa.conv2d {{.*}} -> tensor<1x4x4x2xi32>
// LOWER: linalg.generic {{.*}} ins(%[[ACC]]
// LOWER: math.roundeven
// LOWER: tosa.conv2d {{.*}} -> tensor<1x4x4x2xi32>
// LOWER: arith.mulf
// LOWER-NOT: roundeven
// LOWER: -> tensor<1x4x4x2xf32>

// The input's range of [-1.27, 1] keeps its zero at 0. That of the relu, [0, 2.54], has steps of 2.54 / 254 from -127 on.
// ASYM-LABEL: func.func @main
// ASYM: arith.divf
// ASYM-NEXT: math.roundeven
// ASYM-NOT: arith.addf
// ASYM: tosa.conv2d
// ASYM: %[[STEP:.*]] = arith.constant 0.00999999977 : f32
// ASYM: arith.divf %{{.*}}, %[[STEP]]
// ASYM-NEXT: math.roundeven
// ASYM: %[[LOW:.*]] = arith.constant -1.270000e+02 : f32
// ASYM-NEXT: arith.addf %{{.*}}, %[[LOW]]
// ASYM: %[[ZERO:.*]] = arith.constant -127 : i32
// ASYM-NEXT: arith.subi %{{.*}}, %[[ZERO]]
func.func @main(%x: tensor<1x4x4x2xf32> {cim.range = [-1.27, 1.0]}) -> tensor<1x4x4x2xf32> {
  %w = arith.constant dense<[[[[1.0, 2.0]]], [[[-4.0, 1.0]]]]> : tensor<2x1x1x2xf32>
  %b = arith.constant dense<[0.5, 1.0]> : tensor<2xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, cim.range = [-9.0, 9.0]}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %empty = tensor.empty() : tensor<1x4x4x2xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%0 : tensor<1x4x4x2xf32>) outs(%empty : tensor<1x4x4x2xf32>) attrs = {cim.range = [0.0, 2.54]} {
  ^bb0(%in: f32, %out: f32):
    %c = arith.constant 0.0 : f32
    %a = arith.maximumf %in, %c : f32
    linalg.yield %a : f32
  } -> tensor<1x4x4x2xf32>
  %2 = tosa.conv2d %1, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, cim.range = [-9.0, 9.0]}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %2 : tensor<1x4x4x2xf32>
}

// What the rounding of the weights adds on average goes out of the bias: weight 1 became 64 * 2 / 127, the mean of its input is 10. A product has no bias; an
// addition behind it takes its place.
// CHECK-LABEL: func.func @mean
// CHECK-NOT: cim.mean
// CHECK: %[[B:.*]] = arith.constant dense<[0.42125{{.*}}, 0.99999{{.*}}]> : tensor<2xf32>
// CHECK: tosa.conv2d %{{.*}}, %{{.*}}, %[[B]]
// CHECK: %[[P:.*]] = tosa.matmul
// CHECK: %[[S:.*]] = arith.constant dense<[-0.07874{{.*}}, {{.*}}]> : tensor<2xf32>
// CHECK: linalg.generic {{.*}} ins(%[[P]], %[[S]] : tensor<1x1x2xf32>, tensor<2xf32>)
// CHECK: arith.addf
func.func @mean(%x: tensor<1x4x4x2xf32> {cim.range = [0.0, 20.0], cim.mean = array<f32: 10.0, 0.0>}, %y: tensor<1x1x2xf32> {cim.range = [0.0, 20.0], cim.mean = array<f32: 10.0, 0.0>})
    -> (tensor<1x4x4x2xf32>, tensor<1x1x2xf32>) {
  %w = arith.constant dense<[[[[1.0, 2.0]]], [[[-4.0, 1.0]]]]> : tensor<2x1x1x2xf32>
  %b = arith.constant dense<[0.5, 1.0]> : tensor<2xf32>
  %m = arith.constant dense<[[[1.0, -4.0], [2.0, 1.0]]]> : tensor<1x2x2xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, cim.range = [-9.0, 9.0]}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %1 = tosa.matmul %y, %m, %zero, %zero {cim.range = [-9.0, 9.0]} : (tensor<1x1x2xf32>, tensor<1x2x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x2xf32>
  return %0, %1 : tensor<1x4x4x2xf32>, tensor<1x1x2xf32>
}

// -----

// A channel of levels keeps them: -1 and 1 with scale 0.5; -2, 0, 1 with scale 0.25; the third has no step.
// CHECK-LABEL: func.func @levels
// CHECK: arith.constant dense_resource<weights> : tensor<3x1x1x16xi8>
// CHECK: arith.constant dense<[5.000000e-01, 2.500000e-01, 0.00787401571]> : tensor<3xf32>
// What is rounded to levels is computed in real numbers: the layer's result is not quantised before, the levels are.
// CHECK: tosa.conv2d
// CHECK-NEXT: tensor.empty() : tensor<1x1x1x3xf32>
// CHECK-NEXT: linalg.generic
// CHECK: math.roundeven
// CHECK-NEXT: linalg.yield
func.func @levels(%x: tensor<1x1x1x16xf32> {cim.range = [-1.27 : f64, 1.27 : f64]}) -> tensor<1x1x1x1xf32> {
  %w = arith.constant dense<[[[[0.5, -0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0.5]]],
                             [[[0.25, -0.5, 0.0, 0.25, 0.25, -0.5, 0.0, 0.25, 0.25, -0.5, 0.0, 0.25, 0.25, -0.5, 0.0, 0.25]]],
                             [[[0.1, 0.2, 0.35, 0.41, 0.53, 0.61, 0.73, 1.0, 0.1, 0.2, 0.35, 0.41, 0.53, 0.61, 0.73, 1.0]]]]> : tensor<3x1x1x16xf32>
  %b = arith.constant dense<0.0> : tensor<3xf32>
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, cim.range = [-3.0 : f64, 3.0 : f64]}
    : (tensor<1x1x1x16xf32>, tensor<3x1x1x16xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x3xf32>
  %e = tensor.empty() : tensor<1x1x1x3xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%0 : tensor<1x1x1x3xf32>) outs(%e : tensor<1x1x1x3xf32>) attrs = {cim.range = [-3.0 : f64, 3.0 : f64]} {
  ^bb0(%in: f32, %out: f32):
    %q = math.roundeven %in : f32
    linalg.yield %q : f32
  } -> tensor<1x1x1x3xf32>
  %w2 = arith.constant dense<[[[[0.1, 0.2, 0.3]]]]> : tensor<1x1x1x3xf32>
  %b2 = arith.constant dense<0.0> : tensor<1xf32>
  %1 = tosa.conv2d %r, %w2, %b2, %z, %z {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, cim.range = [-3.0 : f64, 3.0 : f64]}
    : (tensor<1x1x1x3xf32>, tensor<1x1x1x3xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  return %1 : tensor<1x1x1x1xf32>
}

// -----

// A product of two layers' results, as of a gate or a mask, is computed with floats: only its result becomes 8 bits wide. The first layer's result also leaves the network,
// as it was before any rounding.
// CHECK-LABEL: func.func @gate
// CHECK: arith.divf
// CHECK: %[[A:.*]] = tosa.conv2d
// CHECK-NOT: arith.divf
// CHECK: tosa.conv2d
// CHECK-NOT: arith.divf
// CHECK: arith.mulf
// CHECK: arith.divf
// CHECK: tosa.conv2d
// CHECK: return %{{.*}}, %[[A]]
func.func @gate(%x: tensor<1x4x4x2xf32> {cim.range = [-1.0, 1.0]}) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) {
  %w = arith.constant dense<[[[[1.0, 2.0]]], [[[-4.0, 1.0]]]]> : tensor<2x1x1x2xf32>
  %b = arith.constant dense<[0.5, 1.0]> : tensor<2xf32>
  %zero = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, cim.range = [-3.0, 3.0]}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %1 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, cim.range = [-3.0, 3.0]}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %empty = tensor.empty() : tensor<1x4x4x2xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%1 : tensor<1x4x4x2xf32>) outs(%empty : tensor<1x4x4x2xf32>) attrs = {cim.range = [-1.0, 1.0]} {
  ^bb0(%in: f32, %out: f32):
    %t = math.tanh %in : f32
    linalg.yield %t : f32
  } -> tensor<1x4x4x2xf32>
  %3 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%0, %2 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) outs(%empty : tensor<1x4x4x2xf32>) attrs = {cim.range = [-3.0, 3.0]} {
  ^bb0(%l: f32, %r: f32, %out: f32):
    %p = arith.mulf %l, %r : f32
    linalg.yield %p : f32
  } -> tensor<1x4x4x2xf32>
  %4 = tosa.conv2d %3, %w, %b, %zero, %zero {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, cim.range = [-3.0, 3.0]}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  return %4, %0 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>
}
