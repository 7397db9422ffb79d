// RUN: %cimc-opt --cim-convert-from-quantized --split-input-file %s | FileCheck %s

// The zero point's share moves into the bias, padding reads as the zero point, the requantisation is fused, layout
// changes at the ends become part of input and output.

#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// Rows of the matrix are (kernel row, kernel column, channel), columns are output channels.
// CHECK{LITERAL}: cim.weight @layer {value = dense<[[[1, 3], [2, 4]]]> : tensor<1x2x2xi8>}
// CHECK-LABEL: func.func @conv
// CHECK: %[[X:.*]] = cim.input %arg0, "x" {permutation = array<i64: 0, 2, 3, 1>} : tensor<1x2x4x4xi8> -> tensor<1x4x4x2xi8, #cim.rows<1>>
// CHECK-NEXT: %[[Y:.*]] = cim.forward %[[X]], @layer
// CHECK-SAME: bias = dense<[-5, -13]> : tensor<2xi32>
// CHECK-SAME: clamp = array<i32: 5, 127>
// CHECK-SAME: pad = array<i64: 1, 1, 0, 0>
// CHECK-SAME: pad_value = 5 : i32
// CHECK-SAME: scale = dense<2.500000e-01> : tensor<2xf32>
// CHECK-SAME: zero_point = 5 : i32
// CHECK-SAME: (tensor<1x4x4x2xi8, #cim.rows<1>>) -> tensor<1x6x4x2xi8, #cim.rows<1>>
// CHECK-NEXT: cim.output %[[Y]], "y" {permutation = array<i64: 0, 3, 1, 2>} : tensor<1x6x4x2xi8, #cim.rows<1>> -> tensor<1x2x6x4xi8>
func.func @conv(%x: tensor<1x2x4x4xi8> {cim.name = "x"}) -> (tensor<1x2x6x4xi8> {cim.name = "y"}) {
  %w = "tosa.const"() {values = dense<[[[[1, 2]]], [[[3, 4]]]]> : tensor<2x1x1x2xi8>} : () -> tensor<2x1x1x2xi8>
  %b = "tosa.const"() {values = dense<[10, 22]> : tensor<2xi32>} : () -> tensor<2xi32>
  %izp = "tosa.const"() {values = dense<5> : tensor<1xi8>} : () -> tensor<1xi8>
  %wzp = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
  %0 = tosa.transpose %x {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x2x4x4xi8>) -> tensor<1x4x4x2xi8>
  %1 = tosa.conv2d %0, %w, %b, %izp, %wzp {acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xi8>, tensor<2x1x1x2xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x6x4x2xi32>
  %e = tensor.empty() : tensor<1x6x4x2xi8>
  %scale = arith.constant 2.500000e-01 : f32
  %zp = arith.constant 5.0 : f32
  %lo = arith.constant 5.0 : f32
  %hi = arith.constant 127.0 : f32
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%1 : tensor<1x6x4x2xi32>) outs(%e : tensor<1x6x4x2xi8>) {
  ^bb0(%in: i32, %out: i8):
    %f = arith.sitofp %in : i32 to f32
    %m = arith.mulf %f, %scale : f32
    %r = math.roundeven %m : f32
    %z = arith.addf %r, %zp : f32
    %l = arith.maximumf %z, %lo : f32
    %h = arith.minimumf %l, %hi : f32
    %q = arith.fptosi %h : f32 to i8
    linalg.yield %q : i8
  } -> tensor<1x6x4x2xi8>
  %3 = tosa.transpose %2 {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x6x4x2xi8>) -> tensor<1x2x6x4xi8>
  return %3 : tensor<1x2x6x4xi8>
}

// -----

// A depthwise layer has one group per channel; without requantisation the result is i32.
// CHECK{LITERAL}: cim.weight @layer {value = dense<[[[1], [3]], [[2], [4]]]> : tensor<2x2x1xi8>}
// CHECK-LABEL: func.func @depthwise
// CHECK: cim.forward %{{.*}}, @layer {{.*}}kernel = array<i64: 2, 1>{{.*}}-> tensor<1x3x4x2xi32, #cim.rows<1>>
func.func @depthwise(%x: tensor<1x4x4x2xi8>) -> tensor<1x3x4x2xi32> {
  %w = "tosa.const"() {values = dense<[[[[1], [2]]], [[[3], [4]]]]> : tensor<2x1x2x1xi8>} : () -> tensor<2x1x2x1xi8>
  %b = "tosa.const"() {values = dense<0> : tensor<2xi32>} : () -> tensor<2xi32>
  %z = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
  %0 = tosa.depthwise_conv2d %x, %w, %b, %z, %z {acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x2xi8>, tensor<2x1x2x1xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x3x4x2xi32>
  return %0 : tensor<1x3x4x2xi32>
}

// -----

// A matrix product over a sequence: three rows of one position. Two uses of a matrix share its symbol.
// CHECK{LITERAL}: cim.weight @layer {value = dense<[[[1, 2], [3, 4]]]> : tensor<1x2x2xi8>}
// CHECK-NOT: cim.weight
// CHECK-LABEL: func.func @matmul
// CHECK: cim.forward %{{.*}}, @layer {{.*}}bias = dense<[-4, -6]> : tensor<2xi32>{{.*}} : (tensor<1x3x1x2xi8, #cim.rows<1>>) -> tensor<1x3x1x2xi32, #cim.rows<1>>
// CHECK: cim.forward %{{.*}}, @layer
func.func @matmul(%x: tensor<1x3x2xi8>, %y: tensor<1x3x2xi8>) -> (tensor<1x3x2xi32>, tensor<1x3x2xi32>) {
  %w = "tosa.const"() {values = dense<[[[1, 2], [3, 4]]]> : tensor<1x2x2xi8>} : () -> tensor<1x2x2xi8>
  %azp = "tosa.const"() {values = dense<1> : tensor<1xi8>} : () -> tensor<1xi8>
  %bzp = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
  %0 = tosa.matmul %x, %w, %azp, %bzp : (tensor<1x3x2xi8>, tensor<1x2x2xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x3x2xi32>
  %1 = tosa.matmul %y, %w, %azp, %bzp : (tensor<1x3x2xi8>, tensor<1x2x2xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x3x2xi32>
  return %0, %1 : tensor<1x3x2xi32>, tensor<1x3x2xi32>
}

// -----

// A grouped convolution: the reshapes around it are free, its padding becomes the window's.
// CHECK{LITERAL}: cim.weight @layer {value = dense_resource<layer> : tensor<2x18x3xi8>}
// CHECK-LABEL: func.func @grouped
// CHECK: %[[X:.*]] = cim.input
// CHECK-NEXT: %[[Y:.*]] = cim.forward %[[X]], @layer {{.*}}pad = array<i64: 1, 1, 1, 1>, pad_value = 3 : i32{{.*}} : (tensor<1x4x4x4xi8, #cim.rows<1>>) -> tensor<1x4x4x6xi32, #cim.rows<1>>
// CHECK-NEXT: cim.output %[[Y]]
func.func @grouped(%x: tensor<1x4x4x4xi8>) -> tensor<1x4x4x6xi32> {
  %w = arith.constant dense<1> : tensor<2x3x3x3x2xi8>
  %pads = tosa.const_shape {values = dense<[0, 0, 1, 1, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %pz = "tosa.const"() {values = dense<3> : tensor<1xi8>} : () -> tensor<1xi8>
  %s5 = tosa.const_shape {values = dense<[1, 6, 6, 2, 2]> : tensor<5xindex>} : () -> !tosa.shape<5>
  %s4 = tosa.const_shape {values = dense<[1, 4, 4, 6]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %zp = arith.constant 3 : i32
  %wz = arith.constant 0 : i32
  %zero = arith.constant 0 : i32
  %p = tosa.pad %x, %pads, %pz : (tensor<1x4x4x4xi8>, !tosa.shape<8>, tensor<1xi8>) -> tensor<1x6x6x4xi8>
  %r = tosa.reshape %p, %s5 : (tensor<1x6x6x4xi8>, !tosa.shape<5>) -> tensor<1x6x6x2x2xi8>
  %e = tensor.empty() : tensor<1x4x4x2x3xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<1x4x4x2x3xi32>) -> tensor<1x4x4x2x3xi32>
  %c = linalg.conv_2d_nhwgc_gfhwc_q {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
    ins(%r, %w, %zp, %wz : tensor<1x6x6x2x2xi8>, tensor<2x3x3x3x2xi8>, i32, i32) outs(%f : tensor<1x4x4x2x3xi32>) -> tensor<1x4x4x2x3xi32>
  %o = tosa.reshape %c, %s4 : (tensor<1x4x4x2x3xi32>, !tosa.shape<4>) -> tensor<1x4x4x6xi32>
  return %o : tensor<1x4x4x6xi32>
}

// -----

// Sums wrap at 32 bits, and so does a bias with the zero point's share: 2147483647 + 128 * 2 is -2147483393 modulo 2^32.
// CHECK-LABEL: func.func @bias_wraps
// CHECK: cim.forward %{{.*}}, @layer {bias = dense<[-2147483393, 2147483392]> : tensor<2xi32>
func.func @bias_wraps(%x: tensor<1x4x4x1xi8>) -> tensor<1x4x4x2xi32> {
  %w = "tosa.const"() {values = dense<[[[[2]]], [[[-2]]]]> : tensor<2x1x1x1xi8>} : () -> tensor<2x1x1x1xi8>
  %b = "tosa.const"() {values = dense<[2147483647, -2147483648]> : tensor<2xi32>} : () -> tensor<2xi32>
  %izp = "tosa.const"() {values = dense<-128> : tensor<1xi8>} : () -> tensor<1xi8>
  %wzp = "tosa.const"() {values = dense<0> : tensor<1xi8>} : () -> tensor<1xi8>
  %0 = tosa.conv2d %x, %w, %b, %izp, %wzp {acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x4x4x1xi8>, tensor<2x1x1x1xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x4x2xi32>
  return %0 : tensor<1x4x4x2xi32>
}
