// Elements on the move: pixel shuffle and its inverse, channel shuffle, transposes that join axes into rows, joined and padded rows.
func.func @main(%x: tensor<1x4x3x8xf32> {cim.name = "x"}) -> (
    tensor<1x1x8x12xf32> {cim.name = "shuffled"}, tensor<1x2x2x24xf32> {cim.name = "blocks"}, tensor<1x4x3x8xf32> {cim.name = "channels"},
    tensor<1x12x8xf32> {cim.name = "joined_axes"}, tensor<1x8x3x8xf32> {cim.name = "joined"}, tensor<1x7x5x8xf32> {cim.name = "padded"},
    tensor<1x5x3x9xf32> {cim.name = "padded_channels"}, tensor<1x24x4xf32> {cim.name = "columns"}) {
  %s0 = tosa.const_shape {values = dense<[1, 4, 3, 2, 2, 2]> : tensor<6xindex>} : () -> !tosa.shape<6>
  %s1 = tosa.const_shape {values = dense<[1, 1, 8, 12]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %0 = tosa.reshape %x, %s0 : (tensor<1x4x3x8xf32>, !tosa.shape<6>) -> tensor<1x4x3x2x2x2xf32>
  %1 = tosa.transpose %0 {perms = array<i32: 0, 1, 3, 2, 4, 5>} : (tensor<1x4x3x2x2x2xf32>) -> tensor<1x4x2x3x2x2xf32>
  %shuffled = tosa.reshape %1, %s1 : (tensor<1x4x2x3x2x2xf32>, !tosa.shape<4>) -> tensor<1x1x8x12xf32>

  %s2 = tosa.const_shape {values = dense<[1, 2, 2, 3, 8]> : tensor<5xindex>} : () -> !tosa.shape<5>
  %s3 = tosa.const_shape {values = dense<[1, 2, 2, 24]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %2 = tosa.reshape %x, %s2 : (tensor<1x4x3x8xf32>, !tosa.shape<5>) -> tensor<1x2x2x3x8xf32>
  %3 = tosa.transpose %2 {perms = array<i32: 0, 1, 3, 2, 4>} : (tensor<1x2x2x3x8xf32>) -> tensor<1x2x3x2x8xf32>
  %blocks = tosa.reshape %3, %s3 : (tensor<1x2x3x2x8xf32>, !tosa.shape<4>) -> tensor<1x2x2x24xf32>

  %s4 = tosa.const_shape {values = dense<[1, 4, 3, 2, 4]> : tensor<5xindex>} : () -> !tosa.shape<5>
  %s5 = tosa.const_shape {values = dense<[1, 4, 3, 8]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %4 = tosa.reshape %x, %s4 : (tensor<1x4x3x8xf32>, !tosa.shape<5>) -> tensor<1x4x3x2x4xf32>
  %5 = tosa.transpose %4 {perms = array<i32: 0, 1, 2, 4, 3>} : (tensor<1x4x3x2x4xf32>) -> tensor<1x4x3x4x2xf32>
  %channels = tosa.reshape %5, %s5 : (tensor<1x4x3x4x2xf32>, !tosa.shape<4>) -> tensor<1x4x3x8xf32>

  %s6 = tosa.const_shape {values = dense<[1, 12, 8]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %6 = tosa.transpose %0 {perms = array<i32: 0, 5, 4, 3, 2, 1>} : (tensor<1x4x3x2x2x2xf32>) -> tensor<1x2x2x2x3x4xf32>
  %joined_axes = tosa.reshape %6, %s6 : (tensor<1x2x2x2x3x4xf32>, !tosa.shape<3>) -> tensor<1x12x8xf32>

  %joined = tosa.concat %x, %channels {axis = 1 : i32} : (tensor<1x4x3x8xf32>, tensor<1x4x3x8xf32>) -> tensor<1x8x3x8xf32>
  %v = "tosa.const"() {values = dense<0.3> : tensor<1xf32>} : () -> tensor<1xf32>
  %s7 = tosa.const_shape {values = dense<[0, 0, 2, 1, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %padded = tosa.pad %x, %s7, %v : (tensor<1x4x3x8xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x7x5x8xf32>
  %s8 = tosa.const_shape {values = dense<[0, 0, 0, 1, 0, 0, 1, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %padded_channels = tosa.pad %x, %s8, %v : (tensor<1x4x3x8xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x5x3x9xf32>

  %s9 = tosa.const_shape {values = dense<[1, 4, 24]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %7 = tosa.reshape %x, %s9 : (tensor<1x4x3x8xf32>, !tosa.shape<3>) -> tensor<1x4x24xf32>
  %columns = tosa.transpose %7 {perms = array<i32: 0, 2, 1>} : (tensor<1x4x24xf32>) -> tensor<1x24x4xf32>
  return %shuffled, %blocks, %channels, %joined_axes, %joined, %padded, %padded_channels, %columns
    : tensor<1x1x8x12xf32>, tensor<1x2x2x24xf32>, tensor<1x4x3x8xf32>, tensor<1x12x8xf32>, tensor<1x8x3x8xf32>, tensor<1x7x5x8xf32>, tensor<1x5x3x9xf32>, tensor<1x24x4xf32>
}
