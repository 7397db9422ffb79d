// RUN: %cimc-opt %s | %cimc-opt | FileCheck %s
// RUN: %cimc-opt %s --mlir-print-op-generic | %cimc-opt | FileCheck %s

// Every op of the dialect, once.

// CHECK: cimisa.program "all" attributes {host_wakes = array<i32: 0, 2>, target = dense<0> : tensor<4xi8>} {
cimisa.program "all" attributes {target = dense<0> : tensor<4xi8>, host_wakes = array<i32: 0, 2>} {
  // CHECK-NEXT: cimisa.data dense<1> : tensor<128xi8>
  cimisa.data dense<1> : tensor<128xi8>
  // CHECK-NEXT: cimisa.data dense<5.000000e-01> : tensor<8xf32>
  cimisa.data dense<0.5> : tensor<8xf32>
  // CHECK-NEXT: cimisa.tile "conv" {array = 0 : i32, col = 0 : i32, cols = 8 : i32, core = 0 : i32, data = 0 : i32, offset = 0 : i64, pitch = 8 : i32, row = 0 : i32, rows = 16 : i32, steps = array<f32: 3.550000e+01>}
  cimisa.tile "conv" {core = 0 : i32, array = 0 : i32, row = 0 : i32, col = 0 : i32, rows = 16 : i32, cols = 8 : i32,
    data = 0 : i32, offset = 0 : i64, pitch = 8 : i32, steps = array<f32: 35.5>}
  // The host's number is printed as a signed one.
  // CHECK-NEXT: cimisa.channel "x" {depth = 2 : i32, message_bytes = 16 : i32, source = -1 : i32, target = 0 : i32}
  cimisa.channel "x" {source = 4294967295 : i32, target = 0 : i32, message_bytes = 16 : i32, depth = 2 : i32}
  // CHECK-NEXT: cimisa.channel "y"
  cimisa.channel "y" {source = 0 : i32, target = -1 : i32, message_bytes = 8 : i32, depth = 2 : i32}
  // CHECK-NEXT: cimisa.stream "x"
  cimisa.stream "x" {is_input = true, format = #cimisa.format<i8>, shape = array<i64: 1, 4, 16>, rows = 4 : i32,
    row_stride = 16 : i64, dims = array<i32: 1, 1, 1, 16>, strides = array<i32: 0, 0, 0, 1>, channels = array<i32: 0>,
    signed_shift = false}
  // CHECK-NEXT: cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 4096 : i32} {
  cimisa.core attributes {chip = 0 : i32, index = 0 : i32, memory_bytes = 4096 : i32} {
    // CHECK-NEXT: cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 2 : i32}
    cimisa.buffer "x" {address = 0 : i32, row_bytes = 16 : i32, rows = 2 : i32}
    // CHECK-NEXT: cimisa.buffer "scale" {address = 96 : i32, data = 1 : i32, data_offset = 0 : i64, row_bytes = 32 : i32, rows = 1 : i32}
    cimisa.buffer "scale" {address = 96 : i32, row_bytes = 32 : i32, rows = 1 : i32, data = 1 : i32, data_offset = 0 : i64}
    // CHECK-NEXT: cimisa.block "all" {
    cimisa.block "all" {
      // CHECK-NEXT: cimisa.recv {channel = 0 : i32, chunk_bytes = 16 : i32, chunks = 1 : i32, dst = #cimisa.row<buffer = 0, mul = 1, div = 1, add = 0, offset = 0>, pitch = 16 : i32}
      cimisa.recv {channel = 0 : i32, dst = #cimisa.row<buffer = 0, mul = 1, div = 1, add = 0, offset = 0>, chunks = 1 : i32, chunk_bytes = 16 : i32, pitch = 16 : i32}
      // CHECK-NEXT: cimisa.read {accumulate = false, direction = #cimisa.direction<forward>, dst = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, first_row = 0 : i32, passes = 1 : i32, tile = 0 : i32, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>}
      cimisa.read {tile = 0 : i32, direction = #cimisa.direction<forward>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>, first_row = 0 : i32, dst = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, accumulate = false, passes = 1 : i32}
      // CHECK-NEXT: cimisa.requant {bias = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, channels = 8 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_pitch = 8 : i32, hi = 127 : i32, lo = -128 : i32, positions = 1 : i32, scale = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, src = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, to = #cimisa.format<i8>, zero_point = -3 : i32}
      cimisa.requant {src = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, bias = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, scale = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, to = #cimisa.format<i8>, positions = 1 : i32, channels = 8 : i32, dst_pitch = 8 : i32, zero_point = -3 : i32, lo = -128 : i32, hi = 127 : i32}
      // CHECK-NEXT: cimisa.quantize {count = 4 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, hi = 127 : i32, lo = -128 : i32, scale = 5.000000e-01 : f32, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, zero_point = 0 : i32}
      cimisa.quantize {src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32, scale = 5.000000e-01 : f32, zero_point = 0 : i32, lo = -128 : i32, hi = 127 : i32}
      // CHECK-NEXT: cimisa.dequantize {count = 4 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, scale = 5.000000e-01 : f32, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, zero_point = 0 : i32}
      cimisa.dequantize {src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32, scale = 5.000000e-01 : f32, zero_point = 0 : i32}
      // CHECK-NEXT: cimisa.add_quantized {a = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, a_scale = 5.000000e-01 : f32, a_zero_point = 0 : i32, b = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, b_scale = 2.500000e-01 : f32, b_zero_point = 3 : i32, count = 4 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, hi = 127 : i32, lo = -128 : i32, scale = 1.000000e+00 : f32, zero_point = 0 : i32}
      cimisa.add_quantized {a = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, b = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32, a_scale = 5.000000e-01 : f32, a_zero_point = 0 : i32, b_scale = 2.500000e-01 : f32, b_zero_point = 3 : i32, scale = 1.000000e+00 : f32, zero_point = 0 : i32, lo = -128 : i32, hi = 127 : i32}
      // CHECK-NEXT: cimisa.shift_add {accumulate = true, count = 4 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, shift = 4 : i32, src = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>}
      cimisa.shift_add {src = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32, shift = 4 : i32, accumulate = true}
      // CHECK-NEXT: cimisa.lookup {count = 4 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, table = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>}
      cimisa.lookup {src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, table = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32}
      // CHECK-NEXT: cimisa.unary {count = 4 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, fn = #cimisa.unary_fn<tanh>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
      cimisa.unary {fn = #cimisa.unary_fn<tanh>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32}
      // CHECK-NEXT: cimisa.unary_f16 {count = 4 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, fn = #cimisa.unary_fn<tanh>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
      cimisa.unary_f16 {fn = #cimisa.unary_fn<tanh>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32}
      // CHECK-NEXT: cimisa.binary {a = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, a_strides = array<i32: 0, 0, 0, 1>, b = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, b_strides = array<i32: 0, 0, 0, 1>, dims = array<i32: 1, 1, 1, 8>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 0, 1>, fn = #cimisa.binary_fn<add>, format = #cimisa.format<f32>}
      cimisa.binary {fn = #cimisa.binary_fn<add>, format = #cimisa.format<f32>, dims = array<i32: 1, 1, 1, 8>, a = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, a_strides = array<i32: 0, 0, 0, 1>, b = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, b_strides = array<i32: 0, 0, 0, 1>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 0, 1>}
      // CHECK-NEXT: cimisa.select {a = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, a_strides = array<i32: 0, 0, 0, 1>, b = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, b_strides = array<i32: 0, 0, 0, 1>, condition = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, condition_strides = array<i32: 0, 0, 0, 1>, dims = array<i32: 1, 1, 1, 8>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 0, 1>, format = #cimisa.format<f32>}
      cimisa.select {format = #cimisa.format<f32>, dims = array<i32: 1, 1, 1, 8>, condition = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, condition_strides = array<i32: 0, 0, 0, 1>, a = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, a_strides = array<i32: 0, 0, 0, 1>, b = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, b_strides = array<i32: 0, 0, 0, 1>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 0, 1>}
      // CHECK-NEXT: cimisa.convert {count = 4 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, from = #cimisa.format<i32>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, to = #cimisa.format<f32>}
      cimisa.convert {from = #cimisa.format<i32>, to = #cimisa.format<f32>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32}
      // CHECK-NEXT: cimisa.copy {dims = array<i32: 1, 1, 1, 8>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 0, 1>, format = #cimisa.format<i64>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, src_steps = array<i32: 0, 0, 0, 2>, src_strides = array<i32: 0, 0, 0, 1>, turns = array<i32: 1, 1, 1, 4>}
      cimisa.copy {format = #cimisa.format<i64>, dims = array<i32: 1, 1, 1, 8>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, src_strides = array<i32: 0, 0, 0, 1>, turns = array<i32: 1, 1, 1, 4>, src_steps = array<i32: 0, 0, 0, 2>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_strides = array<i32: 0, 0, 0, 1>}
      // CHECK-NEXT: cimisa.fill {count = 4 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, format = #cimisa.format<i8>, value = -128 : i32}
      cimisa.fill {format = #cimisa.format<i8>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 4 : i32, value = -128 : i32}
      // CHECK-NEXT: cimisa.reduce {accumulate = true, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, extent = 2 : i32, fn = #cimisa.reduce_fn<prod>, format = #cimisa.format<f32>, inner = 2 : i32, outer = 1 : i32, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
      cimisa.reduce {fn = #cimisa.reduce_fn<prod>, format = #cimisa.format<f32>, src = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, outer = 1 : i32, extent = 2 : i32, inner = 2 : i32, accumulate = true}
      // CHECK-NEXT: cimisa.pool {dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, fn = #cimisa.reduce_fn<max>, format = #cimisa.format<i8>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>}
      cimisa.pool {fn = #cimisa.reduce_fn<max>, format = #cimisa.format<i8>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
      // CHECK-NEXT: cimisa.unfold {dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, format = #cimisa.format<i32>, keep = true, value = -1 : i32, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>}
      cimisa.unfold {format = #cimisa.format<i32>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, value = -1 : i32, keep = true}
      // CHECK-NEXT: cimisa.depthwise {dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, multiplier = 1 : i32, weights = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>}
      cimisa.depthwise {window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = -1, height = 4, width = 1, pitch = 16, channel = 0, channels = 16, kernel_h = 3, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 1, pad_value = 0>, weights = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, multiplier = 1 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
      // CHECK-NEXT: cimisa.matmul {a_zero_point = 1 : i32, accumulate = false, b_zero_point = 2 : i32, columns = 2 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_pitch = 2 : i32, format = #cimisa.format<i8>, groups = 1 : i32, matrix = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = 0, height = 4, width = 2, pitch = 4, channel = 0, channels = 4, kernel_h = 1, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 2, pad_value = 0>}
      cimisa.matmul {format = #cimisa.format<i8>, window = #cimisa.window<buffer = 0, mul = 1, div = 1, add = 0, height = 4, width = 2, pitch = 4, channel = 0, channels = 4, kernel_h = 1, kernel_w = 1, dilation_h = 1, dilation_w = 1, stride_w = 1, pad_left = 0, positions = 2, pad_value = 0>, groups = 1 : i32, matrix = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, columns = 2 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, dst_pitch = 2 : i32, accumulate = false, a_zero_point = 1 : i32, b_zero_point = 2 : i32}
      // CHECK-NEXT: cimisa.gather {count = 1 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, elements = 2 : i32, entries = 3 : i32, format = #cimisa.format<f32>, index = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, index_format = #cimisa.format<i64>, table = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>}
      cimisa.gather {format = #cimisa.format<f32>, table = #cimisa.row<buffer = 1, mul = 0, div = 1, add = 0, offset = 0>, entries = 3 : i32, elements = 2 : i32, index_format = #cimisa.format<i64>, index = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>, count = 1 : i32, dst = #cimisa.row<buffer = 0, mul = 0, div = 1, add = 0, offset = 0>}
      // CHECK-NEXT: cimisa.wake {chip = 2 : i32, epoch = 0 : i32}
      cimisa.wake {chip = 2 : i32, epoch = 0 : i32}
      // CHECK-NEXT: cimisa.send {channel = 1 : i32, chunk_bytes = 8 : i32, chunks = 1 : i32, pitch = 8 : i32, src = #cimisa.row<buffer = 0, mul = 1, div = 1, add = 0, offset = 0>}
      cimisa.send {channel = 1 : i32, src = #cimisa.row<buffer = 0, mul = 1, div = 1, add = 0, offset = 0>, chunks = 1 : i32, chunk_bytes = 8 : i32, pitch = 8 : i32}
    }
    // CHECK: cimisa.control {
    cimisa.control {
      // CHECK-NEXT: cimisa.loop 2
      cimisa.loop 2
      // CHECK-NEXT: cimisa.fire 0 times 2
      cimisa.fire 0 times 2
      // CHECK-NEXT: cimisa.end
      cimisa.end
      // CHECK-NEXT: cimisa.shutdown
      cimisa.shutdown
    }
  }
}
