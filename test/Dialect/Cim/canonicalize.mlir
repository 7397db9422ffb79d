// RUN: %cimc-opt --canonicalize %s | FileCheck %s

// CHECK-LABEL: @moves_nothing
// CHECK-NOT: cim.relayout
// CHECK: return %arg0
func.func @moves_nothing(%x: tensor<1x4x1x8xi8, #cim.rows<1>>) -> tensor<1x4x1x8xi8, #cim.rows<1>> {
  %0 = cim.relayout %x {permutation = array<i64: 2, 0, 1, 3>} : (tensor<1x4x1x8xi8, #cim.rows<1>>) -> tensor<1x4x1x8xi8, #cim.rows<1>>
  return %0 : tensor<1x4x1x8xi8, #cim.rows<1>>
}

// A transpose and a reshape are one relayout.
// CHECK-LABEL: @merge
// CHECK-NEXT: %[[R:.*]] = cim.relayout %arg0 {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x8xi8, #cim.rows<1>>) -> tensor<1x1x1x128xi8, #cim.rows<1>>
// CHECK-NEXT: return %[[R]]
func.func @merge(%x: tensor<1x4x4x8xi8, #cim.rows<1>>) -> tensor<1x1x1x128xi8, #cim.rows<1>> {
  %0 = cim.relayout %x {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x8xi8, #cim.rows<1>>) -> tensor<1x8x4x4xi8, #cim.rows<1>>
  %1 = cim.relayout %0 {permutation = array<i64: 0, 1, 2, 3>} : (tensor<1x8x4x4xi8, #cim.rows<1>>) -> tensor<1x1x1x128xi8, #cim.rows<1>>
  return %1 : tensor<1x1x1x128xi8, #cim.rows<1>>
}

// A reshape before a transpose is the shape in which the transpose reads its input.
// CHECK-LABEL: @view
// CHECK-NEXT: %[[R:.*]] = cim.relayout %arg0 {permutation = array<i64: 0, 2, 3, 1>, view = array<i64: 1, 8, 4, 4>} : (tensor<1x1x1x128xi8, #cim.rows<1>>) -> tensor<1x4x4x8xi8, #cim.rows<1>>
// CHECK-NEXT: return %[[R]]
func.func @view(%x: tensor<1x1x1x128xi8, #cim.rows<1>>) -> tensor<1x4x4x8xi8, #cim.rows<1>> {
  %0 = cim.relayout %x {permutation = array<i64: 0, 1, 2, 3>} : (tensor<1x1x1x128xi8, #cim.rows<1>>) -> tensor<1x8x4x4xi8, #cim.rows<1>>
  %1 = cim.relayout %0 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x8x4x4xi8, #cim.rows<1>>) -> tensor<1x4x4x8xi8, #cim.rows<1>>
  return %1 : tensor<1x4x4x8xi8, #cim.rows<1>>
}

// Two transposes stay two, and so does a reshape whose rows would end within a dimension that moves.
// CHECK-LABEL: @keep
// CHECK-COUNT-2: cim.relayout
// CHECK-LABEL: @ragged
// CHECK-COUNT-2: cim.relayout
func.func @keep(%x: tensor<1x4x6x8xi8, #cim.rows<1>>) -> tensor<1x8x6x4xi8, #cim.rows<1>> {
  %0 = cim.relayout %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x4x6x8xi8, #cim.rows<1>>) -> tensor<1x6x4x8xi8, #cim.rows<1>>
  %1 = cim.relayout %0 {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x6x4x8xi8, #cim.rows<1>>) -> tensor<1x8x6x4xi8, #cim.rows<1>>
  return %1 : tensor<1x8x6x4xi8, #cim.rows<1>>
}
func.func @ragged(%x: tensor<1x4x6x1xi8, #cim.rows<1>>) -> tensor<1x3x8x1xi8, #cim.rows<1>> {
  %0 = cim.relayout %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x4x6x1xi8, #cim.rows<1>>) -> tensor<1x6x4x1xi8, #cim.rows<1>>
  %1 = cim.relayout %0 {permutation = array<i64: 0, 1, 2, 3>} : (tensor<1x6x4x1xi8, #cim.rows<1>>) -> tensor<1x8x3x1xi8, #cim.rows<1>>
  %2 = cim.relayout %1 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x8x3x1xi8, #cim.rows<1>>) -> tensor<1x3x8x1xi8, #cim.rows<1>>
  return %2 : tensor<1x3x8x1xi8, #cim.rows<1>>
}

// Constants stay in the body of an elementwise stage.
// CHECK-LABEL: @constants
// CHECK: cim.elementwise
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.constant 2.000000e+00
func.func @constants(%x: tensor<1x4x4x8xf32, #cim.rows<1>>) -> tensor<1x4x4x8xf32, #cim.rows<1>> {
  %0 = cim.elementwise %x : (tensor<1x4x4x8xf32, #cim.rows<1>>) -> tensor<1x4x4x8xf32, #cim.rows<1>> {
  ^bb0(%a: f32):
    %c = arith.constant 2.0 : f32
    %m = arith.mulf %a, %c : f32
    cim.yield %m : f32
  }
  return %0 : tensor<1x4x4x8xf32, #cim.rows<1>>
}

// A half is exact in f32, so going there and back is nothing; the other way round it is rounding.
// CHECK-LABEL: @formats
// CHECK-SAME: (%[[HALF:.*]]: tensor<{{.*}}xf16, #cim.rows<1>>, %[[WIDE:.*]]: tensor
// CHECK-NEXT: %[[ROUNDED:.*]] = cim.convert %[[WIDE]]
// CHECK-NEXT: %[[BACK:.*]] = cim.convert %[[ROUNDED]]
// CHECK-NEXT: return %[[HALF]], %[[BACK]]
func.func @formats(%half: tensor<1x4x4x8xf16, #cim.rows<1>>, %wide: tensor<1x4x4x8xf32, #cim.rows<1>>) -> (tensor<1x4x4x8xf16, #cim.rows<1>>, tensor<1x4x4x8xf32, #cim.rows<1>>) {
  %0 = cim.convert %half : (tensor<1x4x4x8xf16, #cim.rows<1>>) -> tensor<1x4x4x8xf32, #cim.rows<1>>
  %1 = cim.convert %0 : (tensor<1x4x4x8xf32, #cim.rows<1>>) -> tensor<1x4x4x8xf16, #cim.rows<1>>
  %2 = cim.convert %wide : (tensor<1x4x4x8xf32, #cim.rows<1>>) -> tensor<1x4x4x8xf16, #cim.rows<1>>
  %3 = cim.convert %2 : (tensor<1x4x4x8xf16, #cim.rows<1>>) -> tensor<1x4x4x8xf32, #cim.rows<1>>
  return %1, %3 : tensor<1x4x4x8xf16, #cim.rows<1>>, tensor<1x4x4x8xf32, #cim.rows<1>>
}
