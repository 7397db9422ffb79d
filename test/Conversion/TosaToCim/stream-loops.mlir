// RUN: %cimc-opt --cim-convert-from-quantized --split-input-file %s | FileCheck %s
// RUN: %cimc-opt --cim-convert-from-quantized --canonicalize --cse --cim-attach-target=target=generic --cim-tile-to-arrays --cim-place-on-cores --cim-schedule-streams --split-input-file %s | FileCheck %s --check-prefix=SCHEDULE

// A loop becomes streams of one row per step; its state is a pair of delay and feed, and the program keeps the loop.
#row = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-LABEL: func.func @main
// CHECK: %[[X:.*]] = cim.input
// CHECK: %[[START:.*]] = cim.constant dense<0.000000e+00> : tensor<1x1x1x2xf32>
// CHECK: %[[BEFORE:.*]] = cim.delay "loop.0", %[[START]] : (tensor<1x1x1x2xf32>) -> tensor<1x9x1x2xf32, #cim.rows<1>>
// CHECK: %[[SUM:.*]] = cim.elementwise %[[X]], %[[BEFORE]]
// CHECK: cim.feed "loop.0", %[[SUM]]
// CHECK: %[[LAST:.*]] = cim.slice %[[SUM]] {offsets = array<i64: 0, 8, 0, 0>
// CHECK: cim.output %[[SUM]], "output0"
// CHECK: cim.output %[[LAST]], "output1"
// SCHEDULE: cim.loop
// SCHEDULE-NOT: cim.loop
func.func @main(%x: tensor<1x9x2xf32>) -> (tensor<1x9x2xf32>, tensor<1x2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %start = arith.constant dense<0.0> : tensor<1x2xf32>
  %sequence = tensor.empty() : tensor<1x9x2xf32>
  %0:2 = scf.for %t = %c0 to %c9 step %c1 iter_args(%h = %start, %y = %sequence) -> (tensor<1x2xf32>, tensor<1x9x2xf32>) {
    %in = tensor.extract_slice %x[0, %t, 0] [1, 1, 2] [1, 1, 1] : tensor<1x9x2xf32> to tensor<1x2xf32>
    %empty = tensor.empty() : tensor<1x2xf32>
    %sum = linalg.generic {indexing_maps = [#row, #row, #row], iterator_types = ["parallel", "parallel"]}
      ins(%in, %h : tensor<1x2xf32>, tensor<1x2xf32>) outs(%empty : tensor<1x2xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %s = arith.addf %a, %b : f32
      linalg.yield %s : f32
    } -> tensor<1x2xf32>
    %next = tensor.insert_slice %sum into %y[0, %t, 0] [1, 1, 2] [1, 1, 1] : tensor<1x2xf32> into tensor<1x9x2xf32>
    scf.yield %sum, %next : tensor<1x2xf32>, tensor<1x9x2xf32>
  }
  return %0#1, %0#0 : tensor<1x9x2xf32>, tensor<1x2xf32>
}
