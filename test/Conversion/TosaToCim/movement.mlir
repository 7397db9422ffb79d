// RUN: %cimc-opt --cim-convert-from-quantized --split-input-file %s | FileCheck %s

// A reshape costs nothing where the next op takes the elements in any rows, else a relayout.
// CHECK-LABEL: func.func @flatten
// CHECK: %[[X:.*]] = cim.input
// CHECK-NEXT: %[[R:.*]] = cim.relayout %[[X]] {permutation = array<i64: 0, 1, 2, 3>} : (tensor<1x2x2x3xi8, #cim.rows<1>>) -> tensor<1x1x1x12xi8, #cim.rows<1>>
// CHECK-NEXT: cim.output %[[R]]
func.func @flatten(%x: tensor<1x2x2x3xi8>) -> tensor<1x12xi8> {
  %s = tosa.const_shape {values = dense<[1, 12]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %0 = tosa.reshape %x, %s : (tensor<1x2x2x3xi8>, !tosa.shape<2>) -> tensor<1x12xi8>
  return %0 : tensor<1x12xi8>
}

// -----

// CHECK-LABEL: func.func @back_and_forth
// CHECK-NOT: cim.relayout
func.func @back_and_forth(%x: tensor<1x2x2x3xi8>) -> tensor<1x2x2x3xi8> {
  %s = tosa.const_shape {values = dense<[1, 12]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %t = tosa.const_shape {values = dense<[1, 2, 2, 3]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %0 = tosa.reshape %x, %s : (tensor<1x2x2x3xi8>, !tosa.shape<2>) -> tensor<1x12xi8>
  %1 = tosa.reshape %0, %t : (tensor<1x12xi8>, !tosa.shape<4>) -> tensor<1x2x2x3xi8>
  return %1 : tensor<1x2x2x3xi8>
}

// -----

// CHECK-LABEL: func.func @move
// CHECK: %[[X:.*]] = cim.input
// CHECK-NEXT: %[[S:.*]] = cim.slice %[[X]] {offsets = array<i64: 0, 1, 0, 0>, strides = array<i64: 1, 2, 1, 1>} : (tensor<1x4x4x2xi8, #cim.rows<1>>) -> tensor<1x2x4x2xi8, #cim.rows<1>>
// CHECK-NEXT: %[[P:.*]] = cim.pad %[[X]] {high = array<i64: 0, 1, 0, 0>, low = array<i64: 0, 0, 0, 0>, value = 7 : i8}
// CHECK-NEXT: %[[C:.*]] = cim.concat %[[S]], %[[P]] {axis = 1 : i64}
// CHECK-NEXT: %[[T:.*]] = cim.relayout %[[C]] {permutation = array<i64: 0, 2, 1, 3>}
// CHECK-NEXT: %[[M:.*]] = cim.pool max %[[T]]
// CHECK-NEXT: cim.output %[[M]]
func.func @move(%x: tensor<1x4x4x2xi8>) -> tensor<1x2x7x2xi8> {
  %pads = tosa.const_shape {values = dense<[0, 0, 0, 1, 0, 0, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %v = "tosa.const"() {values = dense<7> : tensor<1xi8>} : () -> tensor<1xi8>
  %s = tensor.extract_slice %x[0, 1, 0, 0] [1, 2, 4, 2] [1, 2, 1, 1] : tensor<1x4x4x2xi8> to tensor<1x2x4x2xi8>
  %p = tosa.pad %x, %pads, %v : (tensor<1x4x4x2xi8>, !tosa.shape<8>, tensor<1xi8>) -> tensor<1x5x4x2xi8>
  %c = tosa.concat %s, %p {axis = 1 : i32} : (tensor<1x2x4x2xi8>, tensor<1x5x4x2xi8>) -> tensor<1x7x4x2xi8>
  %t = tosa.transpose %c {perms = array<i32: 0, 2, 1, 3>} : (tensor<1x7x4x2xi8>) -> tensor<1x4x7x2xi8>
  %m = tosa.max_pool2d %t {kernel = array<i64: 2, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 1>} : (tensor<1x4x7x2xi8>) -> tensor<1x2x7x2xi8>
  return %m : tensor<1x2x7x2xi8>
}

// -----

// A reduction over a sequence, and a mean whose padding does not count.
// CHECK-LABEL: func.func @reduce
// CHECK: cim.reduce sum %{{.*}} {axis = 3 : i64} : (tensor<1x4x1x8xf32, #cim.rows<1>>) -> tensor<1x4x1x1xf32, #cim.rows<1>>
func.func @reduce(%x: tensor<1x4x8xf32>) -> tensor<1x4x1xf32> {
  %0 = tosa.reduce_sum %x {axis = 2 : i32} : (tensor<1x4x8xf32>) -> tensor<1x4x1xf32>
  return %0 : tensor<1x4x1xf32>
}

// -----

// CHECK-LABEL: func.func @mean
// CHECK: %[[S:.*]] = cim.pool sum
// CHECK: %[[N:.*]] = cim.constant dense<{{.*}}1.000000e+00{{.*}}2.000000e+00{{.*}}> : tensor<1x3x1x1xf32>
// CHECK: cim.elementwise %[[S]], %[[N]]
// CHECK: arith.divf
func.func @mean(%x: tensor<1x4x1x2xf32>) -> tensor<1x3x1x2xf32> {
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %0 = tosa.avg_pool2d %x, %z, %z {acc_type = f32, kernel = array<i64: 2, 1>, pad = array<i64: 1, 1, 0, 0>, stride = array<i64: 2, 1>}
    : (tensor<1x4x1x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x1x2xf32>
  return %0 : tensor<1x3x1x2xf32>
}

// -----

// A maximum of 8-bit integers goes through f32, exactly.
// CHECK-LABEL: func.func @byte_max
// CHECK: cim.dequantize {{.*}}scale = 1.000000e+00 : f32
// CHECK: cim.reduce max {{.*}}-> tensor<1x1x1x1xf32, #cim.rows<1>>
// CHECK: cim.quantize {{.*}}scale = 1.000000e+00 : f32
func.func @byte_max(%x: tensor<1x4xi8>) -> tensor<1x1xi8> {
  %0 = tosa.reduce_max %x {axis = 1 : i32} : (tensor<1x4xi8>) -> tensor<1x1xi8>
  return %0 : tensor<1x1xi8>
}

// -----

// A slice that cuts into nothing but a padding is a narrower padding; one that cuts deeper stays.
// CHECK-LABEL: func.func @slice_of_padding
// CHECK: %[[X:.*]] = cim.input
// CHECK-NEXT: %[[P:.*]] = cim.pad %[[X]] {high = array<i64: 0, 0, 0, 0>, low = array<i64: 0, 1, 1, 0>, value = -128 : i8}
// CHECK-NEXT: cim.pool max %[[P]]
// CHECK-LABEL: func.func @slice_of_more
// CHECK: cim.pad
// CHECK: cim.slice
func.func @slice_of_padding(%x: tensor<1x4x4x2xi8>) -> tensor<1x2x2x2xi8> {
  %pads = tosa.const_shape {values = dense<[0, 0, 1, 1, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %v = "tosa.const"() {values = dense<-128> : tensor<1xi8>} : () -> tensor<1xi8>
  %p = tosa.pad %x, %pads, %v : (tensor<1x4x4x2xi8>, !tosa.shape<8>, tensor<1xi8>) -> tensor<1x6x6x2xi8>
  %s = tensor.extract_slice %p[0, 0, 0, 0] [1, 5, 5, 2] [1, 1, 1, 1] : tensor<1x6x6x2xi8> to tensor<1x5x5x2xi8>
  %m = tosa.max_pool2d %s {kernel = array<i64: 3, 3>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x5x5x2xi8>) -> tensor<1x2x2x2xi8>
  return %m : tensor<1x2x2x2xi8>
}
func.func @slice_of_more(%x: tensor<1x4x4x2xi8>) -> tensor<1x3x3x2xi8> {
  %pads = tosa.const_shape {values = dense<[0, 0, 1, 1, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %v = "tosa.const"() {values = dense<-128> : tensor<1xi8>} : () -> tensor<1xi8>
  %p = tosa.pad %x, %pads, %v : (tensor<1x4x4x2xi8>, !tosa.shape<8>, tensor<1xi8>) -> tensor<1x6x6x2xi8>
  %s = tensor.extract_slice %p[0, 2, 0, 0] [1, 3, 3, 2] [1, 1, 1, 1] : tensor<1x6x6x2xi8> to tensor<1x3x3x2xi8>
  return %s : tensor<1x3x3x2xi8>
}

// -----

// A broadcast repeats; rows of the result lie in one row of the input. Rows of an image with its channels first lie along its height.
// CHECK-LABEL: func.func @repeat
// CHECK: %[[X:.*]] = cim.input
// CHECK-NEXT: %[[R:.*]] = cim.relayout %[[X]] {permutation = array<i64: 0, 1, 2, 3, 4, 5>, repeat = array<i64: 1, 1, 2, 1, 3, 1>, view = array<i64: 1, 4, 1, 3, 1, 8>}
// CHECK-SAME: -> tensor<1x4x2x3x3x8xf32, #cim.rows<1>>
// CHECK-NEXT: %[[T:.*]] = cim.relayout %[[R]] {permutation = array<i64: 0, 5, 1, 2, 3, 4>} {{.*}} -> tensor<1x8x4x2x3x3xf32, #cim.rows<1>>
// CHECK-NEXT: %[[V:.*]] = cim.reverse %[[T]] {axis = 1 : i64}
// CHECK-NEXT: cim.output %[[V]]
#wide = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, 0, d3, 0, d5)>
#all = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
func.func @repeat(%x: tensor<1x4x3x8xf32>) -> tensor<1x8x4x2x3x3xf32> {
  %s = tosa.const_shape {values = dense<[1, 4, 1, 3, 1, 8]> : tensor<6xindex>} : () -> !tosa.shape<6>
  %0 = tosa.reshape %x, %s : (tensor<1x4x3x8xf32>, !tosa.shape<6>) -> tensor<1x4x1x3x1x8xf32>
  %e = tensor.empty() : tensor<1x4x2x3x3x8xf32>
  %1 = linalg.generic {indexing_maps = [#wide, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%0 : tensor<1x4x1x3x1x8xf32>) outs(%e : tensor<1x4x2x3x3x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<1x4x2x3x3x8xf32>
  %2 = tosa.transpose %1 {perms = array<i32: 0, 5, 1, 2, 3, 4>} : (tensor<1x4x2x3x3x8xf32>) -> tensor<1x8x4x2x3x3xf32>
  %3 = tosa.reverse %2 {axis = 1 : i32} : (tensor<1x8x4x2x3x3xf32>) -> tensor<1x8x4x2x3x3xf32>
  return %3 : tensor<1x8x4x2x3x3xf32>
}
