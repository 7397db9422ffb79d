// Products of activations and what a transformer makes of them, at the quantised level, for the
// comparison of upstream's JIT with cimc-run. Float layers keep their weights in the digital unit.

#x = affine_map<(h, t, s) -> (h, t, s)>
#row = affine_map<(h, t, s) -> (h, t, 0)>
#mask = affine_map<(h, t, s) -> (t, s)>
#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>

module {
  func.func @main(%q: tensor<1x6x8xf32> {cim.name = "q"}, %k: tensor<1x6x8xf32> {cim.name = "k"},
                  %a: tensor<1x5x7xi8> {cim.name = "a"}, %b: tensor<1x7x3xi8> {cim.name = "b"},
                  %t: tensor<1x6xi32> {cim.name = "t"})
      -> (tensor<1x6x8xf32> {cim.name = "attention"}, tensor<1x5x3xi32> {cim.name = "sums"},
          tensor<1x6x4xf32> {cim.name = "entries"}, tensor<1x6x5xf32> {cim.name = "layer"},
          tensor<1x6x6xf32> {cim.name = "single"}) {
    %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>

    // Two heads of four: scores, mask, softmax, weighted values, heads side by side again.
    %split = tosa.const_shape {values = dense<[1, 6, 2, 4]> : tensor<4xindex>} : () -> !tosa.shape<4>
    %heads = tosa.const_shape {values = dense<[2, 6, 4]> : tensor<3xindex>} : () -> !tosa.shape<3>
    %joint = tosa.const_shape {values = dense<[1, 6, 8]> : tensor<3xindex>} : () -> !tosa.shape<3>
    %q4 = tosa.reshape %q, %split : (tensor<1x6x8xf32>, !tosa.shape<4>) -> tensor<1x6x2x4xf32>
    %k4 = tosa.reshape %k, %split : (tensor<1x6x8xf32>, !tosa.shape<4>) -> tensor<1x6x2x4xf32>
    %qt = tosa.transpose %q4 {perms = array<i32: 0, 2, 1, 3>} : (tensor<1x6x2x4xf32>) -> tensor<1x2x6x4xf32>
    %kt = tosa.transpose %k4 {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x6x2x4xf32>) -> tensor<1x2x4x6xf32>
    %qh = tosa.reshape %qt, %heads : (tensor<1x2x6x4xf32>, !tosa.shape<3>) -> tensor<2x6x4xf32>
    %turned = tosa.const_shape {values = dense<[2, 4, 6]> : tensor<3xindex>} : () -> !tosa.shape<3>
    %kh = tosa.reshape %kt, %turned : (tensor<1x2x4x6xf32>, !tosa.shape<3>) -> tensor<2x4x6xf32>
    %scores = tosa.matmul %qh, %kh, %z, %z : (tensor<2x6x4xf32>, tensor<2x4x6xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x6x6xf32>
    %causal = arith.constant dense_resource<causal> : tensor<6x6xf32>
    %scale = arith.constant 2.0 : f32
    %low = arith.constant -1.000000e+09 : f32
    %half = arith.constant 5.000000e-01 : f32
    %e3 = tensor.empty() : tensor<2x6x6xf32>
    %masked = linalg.generic {indexing_maps = [#x, #mask, #x], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%scores, %causal : tensor<2x6x6xf32>, tensor<6x6xf32>) outs(%e3 : tensor<2x6x6xf32>) {
    ^bb0(%s: f32, %m: f32, %out: f32):
      %d = arith.divf %s, %scale : f32
      %keep = arith.cmpf ugt, %m, %half : f32
      %r = arith.select %keep, %d, %low : f32
      linalg.yield %r : f32
    } -> tensor<2x6x6xf32>
    %largest = tosa.reduce_max %masked {axis = 2 : i32} : (tensor<2x6x6xf32>) -> tensor<2x6x1xf32>
    %powers = linalg.generic {indexing_maps = [#x, #row, #x], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%masked, %largest : tensor<2x6x6xf32>, tensor<2x6x1xf32>) outs(%e3 : tensor<2x6x6xf32>) {
    ^bb0(%s: f32, %m: f32, %out: f32):
      %d = arith.subf %s, %m : f32
      %p = math.exp %d : f32
      linalg.yield %p : f32
    } -> tensor<2x6x6xf32>
    %total = tosa.reduce_sum %powers {axis = 2 : i32} : (tensor<2x6x6xf32>) -> tensor<2x6x1xf32>
    %weights = linalg.generic {indexing_maps = [#x, #row, #x], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%powers, %total : tensor<2x6x6xf32>, tensor<2x6x1xf32>) outs(%e3 : tensor<2x6x6xf32>) {
    ^bb0(%s: f32, %m: f32, %out: f32):
      %d = arith.divf %s, %m : f32
      linalg.yield %d : f32
    } -> tensor<2x6x6xf32>
    %vh = tosa.transpose %kh {perms = array<i32: 0, 2, 1>} : (tensor<2x4x6xf32>) -> tensor<2x6x4xf32>
    %mixed = tosa.matmul %weights, %vh, %z, %z : (tensor<2x6x6xf32>, tensor<2x6x4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x6x4xf32>
    %side = tosa.transpose %mixed {perms = array<i32: 1, 0, 2>} : (tensor<2x6x4xf32>) -> tensor<6x2x4xf32>
    %attention = tosa.reshape %side, %joint : (tensor<6x2x4xf32>, !tosa.shape<3>) -> tensor<1x6x8xf32>

    // 8-bit operands with zero points.
    %az = "tosa.const"() {values = dense<3> : tensor<1xi8>} : () -> tensor<1xi8>
    %bz = "tosa.const"() {values = dense<-7> : tensor<1xi8>} : () -> tensor<1xi8>
    %sums = tosa.matmul %a, %b, %az, %bz : (tensor<1x5x7xi8>, tensor<1x7x3xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x5x3xi32>

    // Entries of a table; negative numbers count from its end.
    %table = arith.constant dense_resource<table> : tensor<1x5x4xf32>
    %zero = arith.constant 0 : i32
    %five = arith.constant 5 : i32
    %et = tensor.empty() : tensor<1x6xi32>
    %index = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
        ins(%t : tensor<1x6xi32>) outs(%et : tensor<1x6xi32>) {
    ^bb0(%i: i32, %out: i32):
      %below = arith.cmpi slt, %i, %zero : i32
      %up = arith.addi %i, %five : i32
      %r = arith.select %below, %up, %i : i32
      linalg.yield %r : i32
    } -> tensor<1x6xi32>
    %entries = tosa.gather %table, %index : (tensor<1x5x4xf32>, tensor<1x6xi32>) -> tensor<1x6x4xf32>

    // A layer that stays float, and the product of a whole with its transpose.
    %w = arith.constant dense_resource<weights> : tensor<1x8x5xf32>
    %layer = tosa.matmul %q, %w, %z, %z : (tensor<1x6x8xf32>, tensor<1x8x5xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x6x5xf32>
    %turn = tosa.transpose %k {perms = array<i32: 0, 2, 1>} : (tensor<1x6x8xf32>) -> tensor<1x8x6xf32>
    %single = tosa.matmul %q, %turn, %z, %z : (tensor<1x6x8xf32>, tensor<1x8x6xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x6x6xf32>
    return %attention, %sums, %entries, %layer, %single : tensor<1x6x8xf32>, tensor<1x5x3xi32>, tensor<1x6x4xf32>, tensor<1x6x5xf32>, tensor<1x6x6xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      causal: "0x040000000000803F00000000000000000000000000000000000000000000803F0000803F000000000000000000000000000000000000803F0000803F0000803F0000000000000000000000000000803F0000803F0000803F0000803F00000000000000000000803F0000803F0000803F0000803F0000803F000000000000803F0000803F0000803F0000803F0000803F0000803F",
      table: "0x040000000000803F0000E0BF0000C0BF0000A0BF0000C0BF0000803F0000A03F0000803E000000C00000E0BF000040BF000000BF0000803E000080BE000080BF0000C0BF0000403F0000403F000000C00000E0BF",
      weights: "0x04000000000080BE000000BF0000C03F00000000000000BF000000BF0000003F0000803E0000C0BF0000403F0000803F0000E03F0000803F000080BF000040BF0000003F0000003F0000403F0000A03F000080BF0000E03F000000C00000E0BF0000E03F0000E03F000080BF0000C0BF000040BF000000C00000C03F0000003F0000803E0000A0BF000080BE0000A0BF0000803F000080BE000000C0000080BF0000403F"
    }
  }
#-}
