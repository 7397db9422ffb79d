// RUN: %cimc-opt --cim-convert-from-quantized --split-input-file %s | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>

// A chain of 8-bit functions of one operand is a table: here quantise(max(dequantise(x), 0)).
// CHECK-LABEL: func.func @table
// CHECK: %[[X:.*]] = cim.input
// CHECK-NEXT: %[[Y:.*]] = cim.lookup %[[X]] {table = dense_resource<table> : tensor<256xi8>}
// CHECK-NEXT: cim.output %[[Y]]
func.func @table(%x: tensor<1x4xi8>) -> tensor<1x4xi8> {
  %s = arith.constant 0.5 : f32
  %zero = arith.constant 0.0 : f32
  %lo = arith.constant -128.0 : f32
  %hi = arith.constant 127.0 : f32
  %z = arith.constant 3 : i32
  %e = tensor.empty() : tensor<1x4xf32>
  %q = tensor.empty() : tensor<1x4xi8>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<1x4xi8>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %1 = arith.extsi %in : i8 to i32
    %2 = arith.subi %1, %z : i32
    %3 = arith.sitofp %2 : i32 to f32
    %4 = arith.mulf %3, %s : f32
    linalg.yield %4 : f32
  } -> tensor<1x4xf32>
  %5 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<1x4xf32>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %6 = arith.maximumf %in, %zero : f32
    linalg.yield %6 : f32
  } -> tensor<1x4xf32>
  %7 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%5 : tensor<1x4xf32>) outs(%q : tensor<1x4xi8>) {
  ^bb0(%in: f32, %out: i8):
    %8 = arith.divf %in, %s : f32
    %9 = math.roundeven %8 : f32
    %10 = arith.addf %9, %lo : f32
    %11 = arith.maximumf %10, %lo : f32
    %12 = arith.minimumf %11, %hi : f32
    %13 = arith.fptosi %12 : f32 to i8
    linalg.yield %13 : i8
  } -> tensor<1x4xi8>
  return %7 : tensor<1x4xi8>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// quantise(max(dequantise(a) + dequantise(b), 0)) is one quantised sum; the maximum narrows its clamp.
// CHECK-LABEL: func.func @sum
// CHECK: %[[A:.*]] = cim.input %arg0
// CHECK: %[[B:.*]] = cim.input %arg1
// CHECK-NEXT: %[[Y:.*]] = cim.add %[[A]], %[[B]]
// CHECK-SAME: clamp = array<i32: -10, 127>
// CHECK-SAME: lhs_scale = 5.000000e-01 : f32, lhs_zero_point = 3 : i32, rhs_scale = 2.500000e-01 : f32, rhs_zero_point = -4 : i32, scale = 1.000000e+00 : f32, zero_point = -10 : i32
// CHECK-NEXT: cim.output %[[Y]]
func.func @sum(%a: tensor<1x4xi8>, %b: tensor<1x4xi8>) -> tensor<1x4xi8> {
  %sa = arith.constant 0.5 : f32
  %sb = arith.constant 0.25 : f32
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %zp = arith.constant -10.0 : f32
  %lo = arith.constant -128.0 : f32
  %hi = arith.constant 127.0 : f32
  %za = arith.constant 3 : i32
  %zb = arith.constant -4 : i32
  %e = tensor.empty() : tensor<1x4xf32>
  %q = tensor.empty() : tensor<1x4xi8>
  %da = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<1x4xi8>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %1 = arith.extsi %in : i8 to i32
    %2 = arith.subi %1, %za : i32
    %3 = arith.sitofp %2 : i32 to f32
    %4 = arith.mulf %3, %sa : f32
    linalg.yield %4 : f32
  } -> tensor<1x4xf32>
  %db = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%b : tensor<1x4xi8>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %1 = arith.extsi %in : i8 to i32
    %2 = arith.subi %1, %zb : i32
    %3 = arith.sitofp %2 : i32 to f32
    %4 = arith.mulf %3, %sb : f32
    linalg.yield %4 : f32
  } -> tensor<1x4xf32>
  %sum = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%da, %db : tensor<1x4xf32>, tensor<1x4xf32>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%in: f32, %in2: f32, %out: f32):
    %6 = arith.addf %in, %in2 : f32
    linalg.yield %6 : f32
  } -> tensor<1x4xf32>
  %relu = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%sum : tensor<1x4xf32>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %6 = arith.maximumf %in, %zero : f32
    linalg.yield %6 : f32
  } -> tensor<1x4xf32>
  %7 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%relu : tensor<1x4xf32>) outs(%q : tensor<1x4xi8>) {
  ^bb0(%in: f32, %out: i8):
    %8 = arith.divf %in, %one : f32
    %9 = math.roundeven %8 : f32
    %10 = arith.addf %9, %zp : f32
    %11 = arith.maximumf %10, %lo : f32
    %12 = arith.minimumf %11, %hi : f32
    %13 = arith.fptosi %12 : f32 to i8
    linalg.yield %13 : i8
  } -> tensor<1x4xi8>
  return %7 : tensor<1x4xi8>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#channel = affine_map<(d0, d1) -> (d1)>

// Other bodies stay: a constant per channel is an operand, a single number a part of the body, captured constants are copied.
// CHECK-LABEL: func.func @body
// CHECK: %[[K:.*]] = cim.constant dense<{{.*}}1.000000e+00, 2.000000e+00{{.*}}> : tensor<1x1x1x2xf32>
// CHECK-NEXT: %[[Y:.*]] = cim.elementwise %{{.*}}, %[[K]] : (tensor<1x3x1x2xf32, #cim.rows<1>>, tensor<1x1x1x2xf32>) -> tensor<1x3x1x2xf32, #cim.rows<1>>
// CHECK: arith.constant 4.000000e+00 : f32
// CHECK: arith.constant 3.000000e+00 : f32
func.func @body(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %k = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %four = arith.constant dense<4.0> : tensor<3x2xf32>
  %three = arith.constant 3.0 : f32
  %e = tensor.empty() : tensor<3x2xf32>
  %0 = linalg.generic {indexing_maps = [#id, #channel, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %k, %four : tensor<3x2xf32>, tensor<2xf32>, tensor<3x2xf32>) outs(%e : tensor<3x2xf32>) {
  ^bb0(%in: f32, %c: f32, %f: f32, %out: f32):
    %1 = arith.mulf %in, %c : f32
    %2 = arith.addf %1, %f : f32
    %3 = arith.addf %2, %three : f32
    linalg.yield %3 : f32
  } -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// The same sum in one body.
// CHECK-LABEL: func.func @fused_sum
// CHECK: cim.add
// CHECK-SAME: clamp = array<i32: -10, 110>
// CHECK-SAME: lhs_scale = 5.000000e-01 : f32, lhs_zero_point = 3 : i32, rhs_scale = 2.500000e-01 : f32, rhs_zero_point = 0 : i32, scale = 1.000000e+00 : f32, zero_point = -10 : i32
func.func @fused_sum(%a: tensor<1x4xi8>, %b: tensor<1x4xi8>) -> tensor<1x4xi8> {
  %q = tensor.empty() : tensor<1x4xi8>
  %sa = arith.constant 0.5 : f32
  %sb = arith.constant 0.25 : f32
  %one = arith.constant 1.0 : f32
  %zero = arith.constant 0.0 : f32
  %zp = arith.constant -10.0 : f32
  %lo = arith.constant -128.0 : f32
  %hi = arith.constant 110.0 : f32
  %za = arith.constant 3 : i32
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%a, %b : tensor<1x4xi8>, tensor<1x4xi8>) outs(%q : tensor<1x4xi8>) {
  ^bb0(%x: i8, %y: i8, %out: i8):
    %1 = arith.extsi %x : i8 to i32
    %2 = arith.subi %1, %za : i32
    %3 = arith.sitofp %2 : i32 to f32
    %4 = arith.mulf %3, %sa : f32
    %5 = arith.extsi %y : i8 to i32
    %6 = arith.sitofp %5 : i32 to f32
    %7 = arith.mulf %6, %sb : f32
    %8 = arith.addf %4, %7 : f32
    %9 = arith.maximumf %8, %zero : f32
    %10 = arith.divf %9, %one : f32
    %11 = math.roundeven %10 : f32
    %12 = arith.addf %11, %zp : f32
    %13 = arith.maximumf %12, %lo : f32
    %14 = arith.minimumf %13, %hi : f32
    %15 = arith.fptosi %14 : f32 to i8
    linalg.yield %15 : i8
  } -> tensor<1x4xi8>
  return %0 : tensor<1x4xi8>
}
