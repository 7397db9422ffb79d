// RUN: cimc-opt %s --cim-narrow-digital-floats -split-input-file | FileCheck %s
// RUN: cimc-opt %s --cim-narrow-digital-floats -split-input-file > %t.once
// RUN: cimc-opt %t.once --cim-narrow-digital-floats -split-input-file > %t.twice
// RUN: diff %t.once %t.twice

// A float layer between input and output: one conversion at each end, parameters rounded. The mask
// and the epsilon stop at the ends of the format.
// CHECK-LABEL: cim.weight @dense
// CHECK-SAME: value = dense<5.000000e-01> : tensor<1x8x8xf16>
cim.weight @dense {value = dense<0.5> : tensor<1x8x8xf32>, unit = #cim<unit digital>}
// CHECK-LABEL: func.func @main
func.func @main(%arg: tensor<1x4x1x8xf32>) -> tensor<1x4x1x8xf32> {
  // CHECK: %[[X:.*]] = cim.input {{.*}} -> tensor<1x4x1x8xf32, #cim.rows<1>>
  // CHECK: %[[H:.*]] = cim.convert %[[X]] : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x8xf16, #cim.rows<1>>
  %x = cim.input %arg, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x1x8xf32> -> tensor<1x4x1x8xf32, #cim.rows<1>>
  // CHECK: cim.forward %[[H]], @dense {bias = dense<1.000980e-01> : tensor<8xf16>
  // CHECK-SAME: -> tensor<1x4x1x8xf16, #cim.rows<1>>
  %y = cim.forward %x, @dense {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32,
    bias = dense<0.10009> : tensor<8xf32>} : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>>
  // CHECK: %[[MASK:.*]] = cim.constant dense<-6.550400e+04> : tensor<1x1x1x8xf16>
  %mask = cim.constant dense<-3.40282347E+38> : tensor<1x1x1x8xf32>
  // CHECK: %[[M:.*]] = cim.reduce max {{.*}} -> tensor<1x4x1x1xf16, #cim.rows<1>>
  %m = cim.reduce max %y {axis = 3 : i64} : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x1xf32, #cim.rows<1>>
  // CHECK: cim.elementwise %{{.*}}, %[[M]], %[[MASK]]
  // CHECK-NEXT: (%{{.*}}: f16, %{{.*}}: f16, %{{.*}}: f16)
  // CHECK-NEXT: arith.constant 5.960460e-08 : f16
  // CHECK-NEXT: arith.subf {{.*}} : f16
  // CHECK-NEXT: math.exp {{.*}} : f16
  // CHECK-NEXT: arith.cmpf olt, {{.*}} : f16
  // CHECK-NEXT: arith.select {{.*}} : f16
  // CHECK-NEXT: cim.yield {{.*}} : f16
  %e = cim.elementwise %y, %m, %mask : (tensor<1x4x1x8xf32, #cim.rows<1>>, tensor<1x4x1x1xf32, #cim.rows<1>>, tensor<1x1x1x8xf32>) -> tensor<1x4x1x8xf32, #cim.rows<1>> {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %epsilon = arith.constant 1.0e-30 : f32
    %d = arith.subf %a, %b : f32
    %p = math.exp %d : f32
    %s = arith.cmpf olt, %p, %c : f32
    %r = arith.select %s, %epsilon, %p : f32
    cim.yield %r : f32
  }
  // CHECK: cim.pad {{.*}}value = 1.500000e+00 : f16
  %w = cim.pad %e {low = array<i64: 0, 0, 0, 1>, high = array<i64: 0, 0, 0, 0>, value = 1.5 : f32}
    : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x9xf32, #cim.rows<1>>
  // CHECK: %[[Z:.*]] = cim.slice {{.*}} -> tensor<1x4x1x8xf16, #cim.rows<1>>
  %z = cim.slice %w {offsets = array<i64: 0, 0, 0, 1>, strides = array<i64: 1, 1, 1, 1>}
    : (tensor<1x4x1x9xf32, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>>
  // CHECK: %[[WIDE:.*]] = cim.convert %[[Z]] : (tensor<1x4x1x8xf16, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>>
  // CHECK: cim.output %[[WIDE]], "y"
  %o = cim.output %z, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x1x8xf32, #cim.rows<1>> -> tensor<1x4x1x8xf32>
  return %o : tensor<1x4x1x8xf32>
}

// -----

// An integer network: an input that is only quantised and a result that only leaves stay f32, behind
// movements too.
cim.weight @conv {value = dense<1> : tensor<1x8x8xi8>}
// CHECK-LABEL: func.func @integers
// CHECK-NOT: f16
func.func @integers(%arg: tensor<1x4x1x8xf32>) -> tensor<1x4x8x1xf32> {
  %x = cim.input %arg, "x" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x1x8xf32> -> tensor<1x4x1x8xf32, #cim.rows<1>>
  %v = cim.relayout %x {permutation = array<i64: 0, 1, 2, 3>} : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>>
  %q = cim.quantize %v {scale = 0.5 : f32, zero_point = 0 : i32} : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x8xi8, #cim.rows<1>>
  %y = cim.forward %q, @conv {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32,
    bias = dense<1> : tensor<8xi32>, scale = dense<0.3> : tensor<8xf32>} : (tensor<1x4x1x8xi8, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>>
  %r = cim.relayout %y {permutation = array<i64: 0, 1, 3, 2>} : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x8x1xf32, #cim.rows<1>>
  %o = cim.output %r, "y" {permutation = array<i64: 0, 1, 2, 3>} : tensor<1x4x8x1xf32, #cim.rows<1>> -> tensor<1x4x8x1xf32>
  return %o : tensor<1x4x8x1xf32>
}

// -----

// Between integers: sums and bytes become f16, a body with integers stays f32 inside, its constant
// and its scale keep their bits. A state is f16 all the way round.
// CHECK-LABEL: func.func @mixed
func.func @mixed(%q: tensor<1x4x1x8xi8, #cim.rows<1>>, %sums: tensor<1x4x1x8xi32, #cim.rows<1>>) -> tensor<1x4x1x8xi8, #cim.rows<1>> {
  // CHECK: %[[A:.*]] = cim.dequantize {{.*}} -> tensor<1x4x1x8xf16, #cim.rows<1>>
  %a = cim.dequantize %q {scale = 0.3 : f32, zero_point = 0 : i32} : (tensor<1x4x1x8xi8, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>>
  // CHECK: cim.requantize {{.*}}scale = dense<3.000000e-01> : tensor<8xf32>{{.*}} -> tensor<1x4x1x8xf16, #cim.rows<1>>
  %b = cim.requantize %sums {scale = dense<0.3> : tensor<8xf32>} : (tensor<1x4x1x8xi32, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>>
  // CHECK: cim.constant dense<9.99999997E-7> : tensor<1x1x1x8xf32>
  %k = cim.constant dense<1.0e-6> : tensor<1x1x1x8xf32>
  // CHECK: cim.elementwise %[[A]], %{{.*}}, %{{.*}} -> tensor<1x4x1x8xf16, #cim.rows<1>>
  // CHECK-NEXT: (%[[H:.*]]: f16, %[[I:.*]]: i32, %[[K:.*]]: f32)
  // CHECK-NEXT: %[[W:.*]] = arith.extf %[[H]] : f16 to f32
  // CHECK-NEXT: %[[F:.*]] = arith.sitofp %[[I]] : i32 to f32
  // CHECK-NEXT: %[[S:.*]] = arith.mulf %[[F]], %[[K]] : f32
  // CHECK-NEXT: %[[T:.*]] = arith.addf %[[S]], %[[W]] : f32
  // CHECK-NEXT: %[[R:.*]] = arith.truncf %[[T]] : f32 to f16
  // CHECK-NEXT: cim.yield %[[R]] : f16
  %m = cim.elementwise %a, %sums, %k : (tensor<1x4x1x8xf32, #cim.rows<1>>, tensor<1x4x1x8xi32, #cim.rows<1>>, tensor<1x1x1x8xf32>) -> tensor<1x4x1x8xf32, #cim.rows<1>> {
  ^bb0(%h: f32, %i: i32, %c: f32):
    %f = arith.sitofp %i : i32 to f32
    %s = arith.mulf %f, %c : f32
    %t = arith.addf %s, %h : f32
    cim.yield %t : f32
  }
  // CHECK: %[[ZERO:.*]] = cim.constant dense<0.000000e+00> : tensor<1x1x1x8xf16>
  %zero = cim.constant dense<0.0> : tensor<1x1x1x8xf32>
  // CHECK: cim.delay "h", %[[ZERO]] : (tensor<1x1x1x8xf16>) -> tensor<1x4x1x8xf16, #cim.rows<1>>
  %before = cim.delay "h", %zero : (tensor<1x1x1x8xf32>) -> tensor<1x4x1x8xf32, #cim.rows<1>>
  %after = cim.elementwise %before, %m, %b : (tensor<1x4x1x8xf32, #cim.rows<1>>, tensor<1x4x1x8xf32, #cim.rows<1>>, tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x8xf32, #cim.rows<1>> {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %p = arith.mulf %x, %y : f32
    %r = arith.addf %p, %z : f32
    cim.yield %r : f32
  }
  // CHECK: cim.feed "h", %{{.*}} : tensor<1x4x1x8xf16, #cim.rows<1>>
  cim.feed "h", %after : tensor<1x4x1x8xf32, #cim.rows<1>>
  // CHECK: cim.quantize {{.*}} (tensor<1x4x1x8xf16, #cim.rows<1>>) -> tensor<1x4x1x8xi8, #cim.rows<1>>
  %o = cim.quantize %after {scale = 0.5 : f32, zero_point = 0 : i32} : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x8xi8, #cim.rows<1>>
  return %o : tensor<1x4x1x8xi8, #cim.rows<1>>
}
