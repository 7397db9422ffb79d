// A weight that is read in both directions has the same cuts for both: NeuRRAM's arrays have room for 128 rows of weights.
// RUN: %cimc-opt --cim-attach-target=target=neurram --cim-tile-to-arrays %s | FileCheck %s

cim.weight @w {value = dense<1> : tensor<1x200x300xi8>}
// CHECK: cim.weight @w
// CHECK-DAG: row = 0, rows = 100, col = 0, cols = 150
// CHECK-DAG: row = 100, rows = 100, col = 150, cols = 150
func.func @main(%x: tensor<1x1x1x200xi8, #cim.rows<1>>, %v: tensor<1x1x1x300xi8, #cim.rows<1>>) -> (tensor<1x1x1x300xi32, #cim.rows<1>>, tensor<1x1x1x200xi32, #cim.rows<1>>) {
  // CHECK: cim.forward %{{.*}}, @w
  %h = cim.forward %x, @w {kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32} : (tensor<1x1x1x200xi8, #cim.rows<1>>) -> tensor<1x1x1x300xi32, #cim.rows<1>>
  // CHECK: cim.forward %{{.*}}, @w {{.*}}transposed
  %y = cim.forward %v, @w {transposed, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, pad_value = 0 : i32} : (tensor<1x1x1x300xi8, #cim.rows<1>>) -> tensor<1x1x1x200xi32, #cim.rows<1>>
  return %h, %y : tensor<1x1x1x300xi32, #cim.rows<1>>, tensor<1x1x1x200xi32, #cim.rows<1>>
}
