// Nearest upsampling, and an elementwise op and a crop of an image with its channels first.
#wide = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, 0, d3, 0, d5)>
#all = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
func.func @main(%x: tensor<1x4x3x8xf32> {cim.name = "x"}) -> (tensor<1x8x9x8xf32> {cim.name = "doubled"}, tensor<1x1x6x9xf32> {cim.name = "cropped"}) {
  %s0 = tosa.const_shape {values = dense<[1, 4, 1, 3, 1, 8]> : tensor<6xindex>} : () -> !tosa.shape<6>
  %s1 = tosa.const_shape {values = dense<[1, 8, 9, 8]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %0 = tosa.reshape %x, %s0 : (tensor<1x4x3x8xf32>, !tosa.shape<6>) -> tensor<1x4x1x3x1x8xf32>
  %e = tensor.empty() : tensor<1x4x2x3x3x8xf32>
  %1 = linalg.generic {indexing_maps = [#wide, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%0 : tensor<1x4x1x3x1x8xf32>) outs(%e : tensor<1x4x2x3x3x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<1x4x2x3x3x8xf32>
  %doubled = tosa.reshape %1, %s1 : (tensor<1x4x2x3x3x8xf32>, !tosa.shape<4>) -> tensor<1x8x9x8xf32>

  %s2 = tosa.const_shape {values = dense<[1, 4, 3, 2, 2, 2]> : tensor<6xindex>} : () -> !tosa.shape<6>
  %s3 = tosa.const_shape {values = dense<[1, 1, 8, 12]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %2 = tosa.reshape %x, %s2 : (tensor<1x4x3x8xf32>, !tosa.shape<6>) -> tensor<1x4x3x2x2x2xf32>
  %3 = tosa.transpose %2 {perms = array<i32: 0, 1, 3, 2, 4, 5>} : (tensor<1x4x3x2x2x2xf32>) -> tensor<1x4x2x3x2x2xf32>
  %4 = tosa.reshape %3, %s3 : (tensor<1x4x2x3x2x2xf32>, !tosa.shape<4>) -> tensor<1x1x8x12xf32>
  %e1 = tensor.empty() : tensor<1x1x8x12xf32>
  %5 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%4 : tensor<1x1x8x12xf32>) outs(%e1 : tensor<1x1x8x12xf32>) {
  ^bb0(%a: f32, %o: f32):
    %c = arith.constant 0.5 : f32
    %m = arith.maximumf %a, %c : f32
    linalg.yield %m : f32
  } -> tensor<1x1x8x12xf32>
  %cropped = tensor.extract_slice %5[0, 0, 1, 2] [1, 1, 6, 9] [1, 1, 1, 1] : tensor<1x1x8x12xf32> to tensor<1x1x6x9xf32>
  return %doubled, %cropped : tensor<1x8x9x8xf32>, tensor<1x1x6x9xf32>
}
